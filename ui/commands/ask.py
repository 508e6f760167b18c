"""`duomo ask`: one question in the terminal, with its steps while they happen."""

import mimetypes
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.artifact_schemas import ArtifactView
from api.client import Client, Step, Transcript, Turn, fold
from api.system_schemas import ToolView
from duomo.settings import load_settings
from ui.commands.approve import ask_about, check_somebody_is_there
from ui.commands.live import LiveTurn
from ui.commands.terminal import show, text, told_plainly
from ui.engine import connect
from ui.untrusted import one_line


@told_plainly
def ask(
    question: Annotated[str, typer.Argument(help=text("help.question"))],
    image: Annotated[
        list[Path] | None, typer.Option(help=text("help.image"), exists=True, dir_okay=False)
    ] = None,
    audio: Annotated[
        list[Path] | None, typer.Option(help=text("help.audio"), exists=True, dir_okay=False)
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help=text("help.fresh"))] = False,
    output: Annotated[Path, typer.Option(help=text("help.output"), file_okay=False)] = Path(
        "duomo-output"
    ),
    visible_label: Annotated[
        bool | None,
        typer.Option(
            "--visible-label/--no-visible-label", help=text("help.visible"), show_default=False
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=text("help.approve_all"))] = False,
) -> None:
    with connect(load_settings(), lambda: show(text("engine.starting"), "dim")) as client:
        turn = _ask(client, question, [*(image or []), *(audio or [])], yes=yes, fresh=fresh)
        _save(client, turn.artifacts, output, visible_label)
    if turn.state == "failed":
        raise typer.Exit(1)
    if turn.state == "cancelled":
        raise typer.Exit(130)


def _ask(client: Client, question: str, files: Sequence[Path], *, yes: bool, fresh: bool) -> Turn:
    attachments = [client.upload(file).sha256 for file in files]
    about = client.about()
    tools = {tool.name: tool for tool in about.tools}
    known = (*about.tools, *about.absent_tools)
    titles = {tool.name: _title(tool.title_zh, tool.title_en) for tool in known}
    conversation = client.create_conversation()
    run = client.start_run(conversation.id, question, attachments, fresh=fresh)
    decided: set[str] = set()
    with LiveTurn(titles) as live:
        for turn in _follow(client, run.run_id):
            live.show(turn)
            for step in _new_questions(turn, decided):
                decided.add(step.call_id)
                with live.paused():
                    _decide(client, run.run_id, step, tools.get(step.tool), yes=yes)
    return turn


def _new_questions(turn: Turn, decided: Collection[str]) -> list[Step]:
    waiting = (step for step in turn.steps if step.state == "waiting")
    return [step for step in waiting if step.call_id not in decided]


def _decide(client: Client, run_id: str, step: Step, tool: ToolView | None, *, yes: bool) -> None:
    """Ctrl-C at the question stops the run."""
    if yes:
        client.answer_step(run_id, step.call_id, "approve")
        return
    check_somebody_is_there(client, run_id)
    try:
        ask_about(client, run_id, step, tool)
    except typer.Abort:
        client.cancel_run(run_id)


def _title(zh: str, en: str) -> str:
    return en if text.locale == "en" else zh


def _follow(client: Client, run_id: str) -> Iterator[Turn]:
    """The turn after each event. Ctrl-C stops the run, whose last events still come."""
    transcript = Transcript()
    while True:
        try:
            for stored in client.run_events(run_id, transcript.last_seq):
                transcript = fold(transcript, (stored,))
                yield _only(transcript)
            return
        except KeyboardInterrupt:
            client.cancel_run(run_id)


def _only(transcript: Transcript) -> Turn:
    return transcript.turns[-1]


def _save(
    client: Client, artifacts: Sequence[ArtifactView], folder: Path, visible_label: bool | None
) -> None:
    """Write what the run made or found next to the person, and say where."""
    if not artifacts:
        return
    folder.mkdir(parents=True, exist_ok=True)
    show(text("ask.saved"))
    for artifact in artifacts:
        path = _free_name(folder, artifact)
        path.write_bytes(client.artifact(artifact.sha256, visible_label=visible_label))
        show(f"  {artifact.handle}  {path}  {one_line(artifact.name, 40)}")


def _free_name(folder: Path, artifact: ArtifactView) -> Path:
    """Named by handle and content alone: what a file is called elsewhere is not to be trusted."""
    suffix = mimetypes.guess_extension(artifact.mime) or ".bin"
    return folder / f"{artifact.handle or artifact.kind}-{artifact.sha256[:8]}{suffix}"
