"""A turn in the terminal: what is done is printed for good, what happens now is one live line."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from api.client import Said, Step, Thinking, Turn
from ui.commands.terminal import console, seconds, text
from ui.untrusted import one_line, plain

_MARKS = {
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "skipped": ("→", "yellow"),
}
_TAIL_LINES = 8


class LiveTurn:
    """`show(turn)` after each event; leaves the finished blocks on the terminal."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles
        self._printed = 0
        self._live = Live(console=console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the terminal to somebody who types."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def show(self, turn: Turn) -> None:
        while self._printed < len(turn.blocks) and _is_over(turn.blocks[self._printed]):
            self._live.console.print(self._finished(turn.blocks[self._printed]))
            self._printed += 1
        self._live.update(self._current(turn))
        if turn.ended:
            self._live.update(Text(""))
            self._live.console.print(_outcome(turn))

    def _finished(self, block: Said | Step) -> RenderableType:
        if isinstance(block, Step):
            return self._step(block)
        return Text(plain(block.text), "dim italic" if block.reasoning else "")

    def _step(self, step: Step) -> RenderableType:
        mark, style = _MARKS[step.state]
        line = Text.assemble((f"{mark} ", style), (self._title(step), "bold"))
        line.append(f"  {arguments_of(step)}")
        line.append(f"  {times_of(step)}", "dim")
        if step.error is not None:
            told = step.error.en if text.locale == "en" else step.error.zh
            return Group(line, Text(f"  {plain(told)}", "red"))
        found = "  ".join(filter(None, (artifact.handle for artifact in step.artifacts)))
        return Group(line, Text(f"  {found}", "cyan")) if found else line

    def _title(self, step: Step) -> str:
        return self._titles.get(step.tool, one_line(step.tool, 40))

    def _current(self, turn: Turn) -> RenderableType:
        block = turn.blocks[self._printed] if self._printed < len(turn.blocks) else None
        if isinstance(block, Step):
            return Spinner(
                "dots", Text(f"{self._title(block)}  {arguments_of(block)}  {now(block)}")
            )
        if block is not None and block.text:
            return Text("\n".join(plain(block.text).splitlines()[-_TAIL_LINES:]))
        return Spinner("dots", Text(thinking_of(turn.thinking), "dim"))


def _is_over(block: Said | Step) -> bool:
    return block.ended if isinstance(block, Step) else block.complete


def _outcome(turn: Turn) -> Text:
    if turn.state == "cancelled":
        return Text(text("ask.cancelled"), "yellow")
    if turn.error is not None:
        return Text(f"✗ {plain(turn.error.en if text.locale == 'en' else turn.error.zh)}", "red")
    return Text("")


def arguments_of(step: Step) -> str:
    """Arguments on one line: the values of short calls say enough."""
    values = step.arguments or {}
    return one_line("，".join(_value(value) for value in values.values() if value is not None))


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def times_of(step: Step) -> str:
    times = (
        ("step.queued", step.queued_seconds),
        ("step.load", step.load_seconds),
        ("step.run", step.run_seconds),
    )
    shown = [text(key, time=seconds(value)) for key, value in times if value and value >= 0.05]
    return " · ".join([*shown, text("step.cached")] if step.details.get("cached") else shown)


def now(step: Step) -> str:
    """What a step is doing, with how far it is where that is known."""
    far = "" if step.fraction is None else f" {step.fraction:.0%}"
    position = "" if step.position is None else f" {step.position + 1}"
    return f"{text(f'state.{step.state}')}{position}{far} {one_line(step.note, 40)}".rstrip()


def thinking_of(thinking: Thinking | None) -> str:
    if thinking is None:
        return text("thinking.thinking")
    if thinking.state == "queued" and thinking.position:
        return text("thinking.position", position=thinking.position)
    return text(f"thinking.{thinking.state}")
