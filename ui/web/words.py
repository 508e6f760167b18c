"""The words of the page in the locale of the settings."""

from functools import cache
from pathlib import Path

from duomo.settings import load_settings
from models.errors import DuomoError
from ui.strings import Strings, load_strings

STRINGS = Path(__file__).with_name("strings")


@cache
def words() -> Strings:
    return load_strings(STRINGS, load_settings().locale)


def told(error: DuomoError) -> str:
    return error.message(words().locale)
