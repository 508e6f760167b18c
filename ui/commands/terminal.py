"""What every command shares: the words, the console, and one way to end with an error."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from duomo.settings import load_settings
from models.errors import DuomoError, InvalidRequest, Locale
from ui.strings import load_strings
from ui.untrusted import plain

P = ParamSpec("P")
T = TypeVar("T")


def _locale() -> Locale:
    """Of the settings; Chinese when they are broken, which the command itself then reports."""
    try:
        return load_settings().locale
    except InvalidRequest:
        return "zh-CN"


text = load_strings(Path(__file__).with_name("strings"), _locale())
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def show(line: str, style: str = "") -> None:
    """Print one line as it is: nothing in it is markup or a control sequence.

    Where it is too long the terminal breaks it, so that a path is copied in one piece."""
    console.print(Text(plain(line), style), soft_wrap=True)


def message_of(error: DuomoError) -> str:
    return plain(error.message(text.locale))


def fail(error: DuomoError) -> NoReturn:
    errors.print(Text(f"✗ {message_of(error)}", "red"), soft_wrap=True)
    raise typer.Exit(1)


def told_plainly(command: Callable[P, T]) -> Callable[P, T]:
    """A command whose typed errors end it with their message and exit status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except DuomoError as error:
            fail(error)

    return run


def seconds(value: float | None) -> str:
    return "" if value is None else text("seconds", value=f"{value:.1f}")


def is_interactive() -> bool:
    return console.is_terminal and sys.stdin.isatty()
