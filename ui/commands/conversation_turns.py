"""`duomo conversations show|branch|rate`: what can be done with single turns of a conversation."""

from typing import Annotated

import typer

from api.client import Client, Turn
from api.turn_schemas import FeedbackView
from models.errors import NotFound
from ui.commands.conversations import Which, connected, found, title_of
from ui.commands.terminal import show, text, told_plainly
from ui.untrusted import one_line

_LINE = 200  # characters shown of a question, an answer, a note
_SIGNS = {"up": "👍", "down": "👎"}
Number = Annotated[int, typer.Argument(help=text("help.conversation_turn"), min=1)]


@told_plainly
def show_turns(which: Which) -> None:
    with connected() as client:
        conversation = found(client, which)
        turns = client.transcript(conversation.id).turns
        given = client.feedback(conversation.id)
    show(title_of(conversation), style="bold")
    for number, turn in enumerate(turns, 1):
        show(f"{number}  {one_line(turn.text, _LINE)}")
        if turn.answer:
            show(f"   {one_line(turn.answer, _LINE)}", style="dim")
        if turn.run_id in given:
            show(f"   {_opinion(given[turn.run_id])}")


@told_plainly
def branch(
    which: Which,
    turn: Number,
    before: Annotated[bool, typer.Option("--before", help=text("help.conversations_before"))] = (
        False
    ),
) -> None:
    with connected() as client:
        conversation = found(client, which)
        run_id = _turn(client, conversation.id, turn).run_id
        made = client.branch(conversation.id, run_id, before=before)
    show(text("conversations.branched", title=title_of(made), id=made.id[:8]))


@told_plainly
def rate(
    which: Which,
    turn: Number,
    down: Annotated[bool, typer.Option("--down", help=text("help.conversations_down"))] = False,
    note: Annotated[str, typer.Option("--note", help=text("help.conversations_note"))] = "",
) -> None:
    with connected() as client:
        run_id = _turn(client, found(client, which).id, turn).run_id
        given = client.give_feedback(run_id, "down" if down else "up", note)
    show(_opinion(given))


def _turn(client: Client, conversation_id: str, number: int) -> Turn:
    turns = client.transcript(conversation_id).turns
    if number > len(turns):
        raise NotFound(
            f"这个对话只有 {len(turns)} 轮。", f"This conversation has {len(turns)} turns."
        )
    return turns[number - 1]


def _opinion(given: FeedbackView) -> str:
    return f"{_SIGNS[given.verdict]} {one_line(given.note, _LINE)}".strip()
