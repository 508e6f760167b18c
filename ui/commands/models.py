"""`duomo models …`: list, pull, verify, remove and register checkpoints; works beside an engine.

`pull` is the only command that reaches out of this machine.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

from api.client import Client
from duomo.settings import Settings, load_settings
from models.errors import Cancelled
from ui.commands.terminal import console, message_of, show, text, told_plainly
from ui.engine import find_engine
from ui.measures import duration, size
from ui.untrusted import one_line, plain

if TYPE_CHECKING:
    from api.model_schemas import RemovedView
    from duomo.pulls import PullJob, Pulls
    from models.catalog import Checkpoint
    from models.hashing import OnBytes
    from models.inventory import Inventory, Item, Removed, Verified

app = typer.Typer(no_args_is_help=True)
POLL_SECONDS = 0.1
_STYLES = {"here": "green", "broken": "red", "partial": "yellow", "missing": "dim"}
Names = Annotated[list[str], typer.Argument(help=text("help.model_names"))]
Source = Literal["auto", "huggingface", "modelscope"]
Role = Literal["llm", "clip", "vlm", "t2i", "edit", "asr"]


@app.command("list", help=text("help.models_list"))
@told_plainly
def list_checkpoints() -> None:
    from duomo.checkpoints import inventory_of

    settings = load_settings()
    items = inventory_of(settings).items()
    keys = ("name", "role", "state", "size", "licence", "profiles", "source")
    table = Table(box=None, pad_edge=False)
    for key in keys:
        gives_way = key in {"licence", "profiles", "source"}
        table.add_column(text(f"models.{key}"), no_wrap=not gives_way, overflow="ellipsis")
    for item in items:
        table.add_row(*_row(item))
    console.print(table)
    there = next(f for f in (settings.home, *settings.home.parents) if f.exists())
    used = sum(item.bytes for item in items if item.origin == "pulled")
    free = shutil.disk_usage(there).free
    show(text("models.total", size=size(used), free=size(free)), "dim")


def _row(item: "Item") -> tuple[Text, ...]:
    checkpoint = item.checkpoint
    known = "" if item.known_bytes is None else size(item.known_bytes)
    sources = {"bundled": text("models.bundled"), "own": text("models.own")}
    return (
        Text(checkpoint.name, "bold"),
        Text(checkpoint.role),
        Text(text(f"models.{item.state}"), _STYLES[item.state]),
        Text(size(item.bytes) if item.bytes else known, justify="right"),
        Text(_licence(checkpoint)),
        Text(one_line(" ".join(item.profiles), 40)),
        Text(sources.get(item.origin, plain(item.source)), "dim"),
    )


def _licence(checkpoint: "Checkpoint") -> str:
    from models.catalog import UNSTATED

    if checkpoint.licence == UNSTATED:
        return text("models.unstated")
    return one_line(checkpoint.licence, 24)


@app.command("pull", help=text("help.models_pull"))
@told_plainly
def pull(
    names: Annotated[list[str] | None, typer.Argument(help=text("help.model_names"))] = None,
    profile: Annotated[str | None, typer.Option(help=text("help.pull_profile"))] = None,
    source: Annotated[Source | None, typer.Option(help=text("help.pull_source"))] = None,
) -> None:
    from duomo.pulls import Pulls

    pulls = Pulls(load_settings())
    pulls.start(names or (), profile, source)
    job = _followed(pulls)
    if job.error is not None:
        raise job.error
    if job.state == "cancelled":
        show(text("models.cancelled"), "yellow")
        raise typer.Exit(130)
    for pulled in job.pulled:
        sizes = {"size": size(pulled.bytes), "fetched": size(pulled.fetched_bytes)}
        show(text("models.pulled", name=pulled.name, folder=pulled.folder, **sizes), "green")
    if not job.pulled:
        show(text("models.nothing"))


def _followed(pulls: "Pulls") -> "PullJob":
    """The job once it has ended, shown while it runs. Ctrl-C stops it."""
    with _bar() as (bar, task):
        while (job := pulls.job()) is not None and job.state == "running":
            try:
                _draw(bar, task, job)
                pulls.wait(POLL_SECONDS)
            except KeyboardInterrupt:
                pulls.cancel()
    assert job is not None
    return job


def _draw(bar: Progress, task: TaskID, job: "PullJob") -> None:
    now = job.progress
    where = f"{now.checkpoint} · {now.source}" if now.source else now.checkpoint
    rate = f"{size(now.rate)}/s" if now.rate else ""
    eta = text("models.eta", eta=duration(now.eta_seconds)) if now.eta_seconds else ""
    bar.update(
        task,
        description=f"{text(f'models.{now.stage}')} {plain(where)}",
        completed=now.bytes_done,
        total=now.bytes_total or None,
        pace=f"{rate}  {eta}",
    )


@app.command("verify", help=text("help.models_verify"))
@told_plainly
def verify(
    names: Annotated[list[str] | None, typer.Argument(help=text("help.model_names"))] = None,
) -> None:
    from duomo.checkpoints import inventory_of

    inventory = inventory_of(load_settings())
    here = (i.checkpoint.name for i in inventory.items() if i.state in {"here", "broken"})
    results = [_verified(inventory, name) for name in names or here]
    if any(result.broken for result in results):
        raise typer.Exit(1)


def _verified(inventory: "Inventory", name: str) -> "Verified":
    from models.catalog import remedy

    with _reading(text("models.verifying", name=name)) as on_bytes:
        result = inventory.verify(name, on_bytes)
    if result.broken:
        told = dict(zip(("zh-CN", "en"), remedy(inventory.item(name).checkpoint), strict=True))
        files = one_line(", ".join(result.broken), 300)
        count, advice = len(result.broken), told[text.locale]
        show(text("models.damaged", name=name, count=count, files=files, remedy=advice), "red")
    elif not result.checked and not result.unchecked:
        show(text("models.packaged", name=name), "dim")
    else:
        unseen = len(result.unchecked)
        more = text("models.unhashed", count=unseen) if unseen else ""
        show(text("models.whole", name=name, count=result.checked) + more, "green")
    return result


@app.command("remove", help=text("help.models_remove"))
@told_plainly
def remove(
    names: Names,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=text("help.yes"))] = False,
) -> None:
    from duomo.checkpoints import inventory_of

    settings = load_settings()
    inventory = inventory_of(settings)
    for name in names:
        item = inventory.item(name)
        question = "forget_question" if item.origin == "folder" else "remove_question"
        asked = text(f"models.{question}", name=name, size=size(item.bytes))
        if item.origin in {"pulled", "folder"} and item.bytes and not yes:
            typer.confirm(asked, abort=True)
        removed = _removed(settings, inventory, name)
        if item.origin == "folder":
            show(text("models.forgotten", name=name, folder=removed.kept))
            continue
        show(text("models.removed", name=name, size=size(removed.freed_bytes)))
        if removed.kept is not None:
            show(text("models.kept", folder=removed.kept), "yellow")


def _removed(settings: Settings, inventory: "Inventory", name: str) -> "RemovedView | Removed":
    """A running engine removes it, as it knows what it holds in memory. Raises CheckpointBusy."""
    url = find_engine(settings)
    if url is None:
        return inventory.remove(name)
    with Client(url) as client:
        return client.remove_model(name)


@app.command("add", help=text("help.models_add"))
@told_plainly
def add(
    folder: Annotated[Path, typer.Argument(help=text("help.model_folder"))],
    role: Annotated[Role, typer.Option(help=text("help.model_role"))],
    name: Annotated[str, typer.Option(help=text("help.model_name"))],
    licence: Annotated[str, typer.Option(help=text("help.model_licence"))] = "unstated",
    language: Annotated[list[str] | None, typer.Option(help=text("help.model_language"))] = None,
    like: Annotated[str | None, typer.Option(help=text("help.model_like"))] = None,
) -> None:
    from duomo.checkpoints import catalog_of
    from models.registration import Wanted, register

    settings = load_settings()
    wanted = Wanted(folder, role, name, licence, tuple(language or ("zh",)), like)
    with _reading(text("models.adding", name=name)) as on_bytes:
        register(wanted, catalog_of(settings), settings.home, on_bytes)
    show(text("models.added", name=name, role=role, folder=folder.resolve()), "green")
    show(text("models.how_to_use", file=settings.home / "profiles.toml"))
    show(
        '\n[mine]\nbudget_bytes = 8589934592 # 8 GiB\nnote = { zh = "我的", en = "mine" }\n'
        f'roles = {{ {role} = "{name}" }}',
        "dim",
    )


@contextmanager
def _bar() -> Iterator[tuple[Progress, TaskID]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[pace]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield bar, bar.add_task("", total=None, pace="")


@contextmanager
def _reading(title: str) -> Iterator["OnBytes"]:
    """A bar for what reads files in this thread; Ctrl-C ends it."""
    with _bar() as (bar, task):
        bar.update(task, description=plain(title))

        def on_bytes(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        try:
            yield on_bytes
        except KeyboardInterrupt:
            show(message_of(Cancelled()), "yellow")
            raise typer.Exit(130) from None
