"""`duomo search`: the library by a sentence or by a picture."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.client import Client
from api.library_schemas import HitView
from duomo.settings import load_settings
from models.errors import InvalidRequest
from ui.commands.terminal import console, errors, text, told_plainly
from ui.engine import connect
from ui.untrusted import plain


@told_plainly
def search(
    query: Annotated[str | None, typer.Argument(help=text("help.query"))] = None,
    image: Annotated[
        Path | None, typer.Option(help=text("help.search_image"), exists=True, dir_okay=False)
    ] = None,
    top_k: Annotated[
        int, typer.Option("--top-k", "-k", help=text("help.top_k"), min=1, max=200)
    ] = 12,
    as_json: Annotated[bool, typer.Option("--json", help=text("help.json"))] = False,
) -> None:
    if (query is None) == (image is None):
        raise InvalidRequest(
            "请写一句话，或用 --image 给一张图片，二选一。",
            "Give a sentence, or a picture with --image: one of the two.",
        )
    with connect(
        load_settings(), lambda: errors.print(text("engine.starting"), style="dim")
    ) as client:
        hits = _search(client, query, image, top_k)
        starter = client.library().starter
    _print_json(hits) if as_json else _print_table(hits, starter=starter)


def _search(
    client: Client, query: str | None, image: Path | None, top_k: int
) -> tuple[HitView, ...]:
    if image is not None:
        return client.search_library_by_image(client.upload(image).sha256, top_k)
    if not query or not query.strip():
        raise InvalidRequest("请写要找什么。", "Say what to look for.")
    return client.search_library(query, top_k)


def _print_json(hits: tuple[HitView, ...]) -> None:
    console.out(json.dumps([hit.model_dump() for hit in hits], ensure_ascii=False, indent=2))


def _print_table(hits: tuple[HitView, ...], *, starter: bool) -> None:
    if not hits:
        console.print(text("search.nothing"))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(text("search.score"), justify="right")
    table.add_column(text("search.size"), justify="right")
    table.add_column(text("search.path"), overflow="fold")
    for hit in hits:
        table.add_row(f"{hit.score:.3f}", f"{hit.width}×{hit.height}", Text(plain(hit.path)))
    console.print(table)
    if starter:
        console.print(text("library.starter"), style="dim")
