"""`duomo conversations …`: list, rename, delete, export and import, through the engine."""

import json
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.client import Client
from api.run_schemas import ConversationView
from duomo.settings import load_settings
from models.errors import Cancelled, InvalidRequest, NotFound
from ui.commands.terminal import console, errors, is_interactive, show, text, told_plainly
from ui.engine import connect
from ui.untrusted import file_stem, one_line

app = typer.Typer(no_args_is_help=True)
Which = Annotated[str, typer.Argument(help=text("help.conversation"))]


@app.command("list", help=text("help.conversations_list"))
@told_plainly
def list_conversations(
    as_json: Annotated[bool, typer.Option("--json", help=text("help.json"))] = False,
) -> None:
    with connected() as client:
        found = client.conversations()
    if as_json:
        console.out(json.dumps([c.model_dump() for c in found], ensure_ascii=False, indent=2))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for conversation in found:
        when = datetime.fromtimestamp(conversation.updated).astimezone()
        table.add_row(conversation.id[:8], f"{when:%Y-%m-%d %H:%M}", Text(title_of(conversation)))
    console.print(table)


@app.command("rename", help=text("help.conversations_rename"))
@told_plainly
def rename(
    which: Which, title: Annotated[str, typer.Argument(help=text("help.conversation_title"))]
) -> None:
    with connected() as client:
        client.rename_conversation(found(client, which).id, title)


@app.command("delete", help=text("help.conversations_delete"))
@told_plainly
def delete(
    which: Which,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=text("help.yes"))] = False,
) -> None:
    with connected() as client:
        conversation = found(client, which)
        question = text("conversations.delete", title=title_of(conversation))
        if not yes and not (is_interactive() and typer.confirm(question)):
            raise Cancelled(
                "没有删除。要不经询问就删除，请加 --yes。",
                "Nothing was deleted. Add --yes to delete without being asked.",
            )
        client.delete_conversation(conversation.id)


@app.command("export", help=text("help.conversations_export"))
@told_plainly
def export(
    which: Which,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=text("help.conversations_output"))
    ] = None,
) -> None:
    with connected() as client:
        conversation = found(client, which)
        target = output or Path(f"{file_stem(title_of(conversation))}.zip")
        if target.exists():
            raise InvalidRequest(
                f"{target} 已经在那里了。请用 -o 换一个名字。",
                f"{target} exists already. Choose another name with -o.",
            )
        client.export_conversation(conversation.id, target, text.locale)
    show(text("conversations.exported", path=str(target)))


@app.command("import", help=text("help.conversations_import"))
@told_plainly
def import_(
    file: Annotated[
        Path, typer.Argument(help=text("help.conversations_zip"), exists=True, dir_okay=False)
    ],
) -> None:
    with connected() as client:
        conversation = client.import_conversation(file)
    show(text("conversations.imported", title=title_of(conversation), id=conversation.id[:8]))


def connected() -> AbstractContextManager[Client]:
    return connect(load_settings(), lambda: errors.print(text("engine.starting"), style="dim"))


def found(client: Client, which: str) -> ConversationView:
    """By the beginning of its id, where only one begins so."""
    found = [c for c in client.conversations() if which and c.id.startswith(which)]
    if len(found) != 1:
        raise NotFound(
            f"没有唯一的对话以 {which} 开头。请运行 duomo conversations list 查看编号。",
            f"Not exactly one conversation begins with {which}. See duomo conversations list.",
        )
    return found[0]


def title_of(conversation: ConversationView) -> str:
    return one_line(conversation.title, 60) or text("conversations.untitled")
