"""`duomo models plan`: what of a profile fits the device together, before anything is fetched."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from duomo.settings import load_settings
from ui.commands.terminal import console, show, text, told_plainly

if TYPE_CHECKING:
    from models.planning import Need, Plan, Turn


@told_plainly
def plan(
    profile: Annotated[str | None, typer.Option(help=text("help.plan_profile"))] = None,
    rate: Annotated[float | None, typer.Option(help=text("help.plan_rate"), min=0.01)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=text("help.json"))] = False,
) -> None:
    from duomo.profiles import chosen
    from models.planning import plan as planned

    settings = load_settings()
    found, catalog = chosen(settings, profile)
    speed = None if rate is None else round(rate * 1e9)
    made = planned(found, catalog, settings.home, speed)
    if as_json:
        console.out(json.dumps(_as_json(made), ensure_ascii=False, indent=2))
    else:
        _print(made)


def _as_json(made: "Plan") -> dict[str, object]:
    needs = [{**asdict(need), "bytes": need.bytes} for need in made.needs]
    return {**asdict(made), "needs": needs}


def _print(made: "Plan") -> None:
    budget, device = _gib(made.budget_bytes), text(f"plan.{made.device}")
    show(text("plan.title", profile=made.profile, device=device, budget=budget), "bold")
    numbers = ("weights", "cache", "activations", "total")
    table = Table(box=None, pad_edge=False)
    for column in ("role", "checkpoint", "format", *numbers, "place"):
        table.add_column(text(f"plan.{column}"), justify="right" if column in numbers else "left")
    turns = {turn.role: turn for turn in made.turns}
    for need in made.needs:
        table.add_row(*_row(need, turns.get(need.role)))
    console.print(table)
    staying = sum(need.bytes for need in made.needs if need.role in made.together)
    show(text("plan.together", bytes=_gib(staying)), "dim")
    show(text("plan.rate", rate=f"{made.bytes_per_second / 1e9:g}"), "dim")
    if made.device == "cuda":
        weights = sum(need.weights for need in made.needs)
        show(text("plan.host", bytes=_gib(weights)), "dim")


def _row(need: "Need", turn: "Turn | None") -> list[Text]:
    numbers = (need.weights, need.cache, need.activations, need.bytes)
    cells = (need.role, need.checkpoint, need.number_format, *map(_gib, numbers))
    place = Text(text("plan.stays"), "green") if turn is None else Text(_told(turn), "yellow")
    return [*map(Text, cells), place]


def _told(turn: "Turn") -> str:
    seconds = f"{turn.seconds_in:.1f}"
    if not turn.displaces:
        return text("plan.turn", seconds=seconds)
    displaced, back = " ".join(turn.displaces), f"{turn.seconds_back:.1f}"
    return text("plan.turn_for", displaced=displaced, seconds=seconds, back=back)


def _gib(count: int) -> str:
    return text("plan.gib", value=f"{count / 2**30:.2f}")
