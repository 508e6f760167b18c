"""The words of the page in the locale of the settings."""

from functools import cache
from pathlib import Path
from typing import Protocol

from duomo.settings import load_settings
from ui.strings import Strings, load_strings

STRINGS = Path(__file__).with_name("strings")


@cache
def words() -> Strings:
    return load_strings(STRINGS, load_settings().locale)


class Bilingual(Protocol):
    """Whatever is said in both languages: an error, a note."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


def told(said: Bilingual) -> str:
    return said.en if words().locale == "en" else said.zh
