"""Asks at the terminal about a step that waits: go ahead, change its arguments, or skip it."""

import json
from collections.abc import Mapping
from typing import Any

import typer

from api.client import Client, Step
from api.system_schemas import ToolView
from models.errors import AlreadyAnswered, ApprovalNeeded, InvalidRequest
from ui.commands.live import arguments_of
from ui.commands.terminal import is_interactive, message_of, show, text
from ui.untrusted import one_line

_CHOICES = {"1": "approve", "2": "change", "3": "skip"}


def check_somebody_is_there(client: Client, run_id: str) -> None:
    """Stops the run and raises `ApprovalNeeded` where no answer can be typed."""
    if is_interactive():
        return
    client.cancel_run(run_id)
    raise ApprovalNeeded(
        "有一步要先得到同意，但这里没法回答，已停止。要直接同意，请加上 --yes。",
        "A step needs approval and nobody can answer here: stopped. Add --yes to approve.",
    )


def ask_about(client: Client, run_id: str, step: Step, tool: ToolView | None) -> None:
    """Until the engine has taken an answer: here, or in another window."""
    show(text("approve.waiting", tool=_title(step, tool), arguments=arguments_of(step)), "yellow")
    while True:
        choice = _CHOICES.get(typer.prompt(text("approve.choose"), default="1").strip())
        if choice is None:
            continue
        arguments = _changed(step, tool) if choice == "change" else None
        try:
            client.answer_step(run_id, step.call_id, choice, arguments)
        except InvalidRequest as error:
            show(message_of(error), "red")
        except AlreadyAnswered as error:
            show(message_of(error), "yellow")
            return
        else:
            return


def _title(step: Step, tool: ToolView | None) -> str:
    if tool is None:
        return one_line(step.tool, 40)
    return tool.title_en if text.locale == "en" else tool.title_zh


def _changed(step: Step, tool: ToolView | None) -> dict[str, Any]:
    """Every argument of the tool by its name; an empty answer keeps what there is."""
    given = dict(step.arguments or {})
    fields = tool.parameters.get("properties", {}) if tool is not None else {}
    for name, field in fields.items():
        now = given.get(name, field.get("default"))
        shown = "" if now is None else now if isinstance(now, str) else json.dumps(now)
        label = f"{name} ({field.get('description', '')})"
        said = typer.prompt(label, default=shown, show_default=bool(shown)).strip()
        if said != shown:
            given[name] = _read(said, field)
    return given


def _read(said: str, field: Mapping[str, Any]) -> Any:
    """Words as they are; anything else as JSON where it is some. The engine checks it."""
    if field.get("type") == "string":
        return said
    try:
        return json.loads(said)
    except ValueError:
        return said
