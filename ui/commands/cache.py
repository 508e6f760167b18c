"""`duomo cache …`: what tools remember of questions that were asked before."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from api.client import Client
from api.system_schemas import CacheView
from duomo.settings import load_settings
from ui.commands.terminal import show, text, told_plainly
from ui.engine import connect
from ui.measures import size

app = typer.Typer(no_args_is_help=True)


@app.command("show", help=text("help.cache_show"))
@told_plainly
def show_cache() -> None:
    with _engine() as client:
        kept = client.cache()
    show(_told("cache.kept", kept))


@app.command("clear", help=text("help.cache_clear"))
@told_plainly
def clear() -> None:
    with _engine() as client:
        kept = client.clear_cache()
    show(_told("cache.cleared", kept))


@contextmanager
def _engine() -> Iterator[Client]:
    with connect(load_settings(), lambda: show(text("engine.starting"), "dim")) as client:
        yield client


def _told(key: str, kept: CacheView) -> str:
    return text(key, count=kept.entries, size=size(kept.bytes), limit=size(kept.limit_bytes))
