"""`duomo index`: put folders of pictures into the library, with progress one can believe."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from api.client import Client
from api.library_schemas import IndexJob, UnreadableView
from duomo.settings import load_settings
from ui.commands.terminal import console, errors, show, text, told_plainly
from ui.engine import connect
from ui.measures import duration
from ui.untrusted import one_line, plain

POLL_SECONDS = 0.3
_PAGE = 1000


@told_plainly
def index(
    folders: Annotated[
        list[Path], typer.Argument(help=text("help.folders"), exists=True, file_okay=False)
    ],
) -> None:
    wanted = [folder.resolve() for folder in folders]
    with connect(load_settings(), lambda: show(text("engine.starting"), "dim")) as client:
        job = _run(client, wanted)
        _report(client, job, wanted)
    if job.state != "finished":
        raise typer.Exit(130 if job.state == "cancelled" else 1)


def _run(client: Client, folders: list[Path]) -> IndexJob:
    job = client.index(folders)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(text("index.looking"), total=None, pace="")
        for seen in _jobs(client, job):
            description = text("index.working" if seen.done else "index.looking")
            total = seen.found or None
            progress.update(
                task, completed=seen.done, total=total, description=description, pace=_pace(seen)
            )
    return seen


def _jobs(client: Client, job: IndexJob) -> Iterator[IndexJob]:
    """The job again and again until it ends. Ctrl-C stops it; what is indexed stays."""
    while True:
        try:
            yield job
            if job.state in {"finished", "failed", "cancelled"}:
                return
            time.sleep(POLL_SECONDS)
            job = client.index_job() or job
        except KeyboardInterrupt:
            job = client.cancel_index() or job


def _pace(job: IndexJob) -> str:
    rate = "" if not job.rate else text("index.rate", rate=f"{job.rate:.1f}")
    eta = "" if not job.eta_seconds else text("index.eta", eta=duration(job.eta_seconds))
    return "  ".join(filter(None, (rate, eta)))


def _report(client: Client, job: IndexJob, folders: list[Path]) -> None:
    if job.error is not None:
        told = job.error.en if text.locale == "en" else job.error.zh
        errors.print(f"✗ {plain(told)}", style="red", markup=False)
    show(text("index.done", indexed=job.indexed, skipped=job.skipped, unreadable=job.unreadable))
    for view in _unreadable(client, folders) if job.unreadable else ():
        why = view.en if text.locale == "en" else view.zh
        show(f"  {one_line(view.path, 200)}  —  {one_line(why, 120)}", "yellow")
    if job.state == "cancelled":
        show(text("index.cancelled"), "yellow")
    if client.library().starter:
        show(text("library.starter"), "yellow")


def _unreadable(client: Client, folders: list[Path]) -> Iterator[UnreadableView]:
    """What could not be read below these folders, from the library's whole list."""
    offset = 0
    while page := client.unreadable(_PAGE, offset):
        yield from (view for view in page if _below(Path(view.path), folders))
        offset += len(page)


def _below(path: Path, folders: list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
