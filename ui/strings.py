"""What a person reads, by key: one flat table per locale, from `zh-CN.toml` and `en.toml`."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.errors import Locale


class Strings:
    """`text("chat.stop")` is a sentence; `text("found", count=3)` fills in its `{count}`.

    What is filled in is never read as a template, so it may come from anywhere.
    """

    def __init__(self, table: Mapping[str, str], locale: Locale) -> None:
        self.locale = locale
        self._table = dict(table)

    def __call__(self, key: str, **values: object) -> str:
        return self._table[key].format(**values)

    def of(self, key: str, otherwise: str) -> str:
        """What is said for a key that comes from outside, such as the name of an argument."""
        return self._table.get(key, otherwise)

    def template(self, key: str) -> str:
        return self._table[key]

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def keys(self, table: str) -> list[str]:
        """The names within `table`, in the order of the file."""
        return [key.removeprefix(f"{table}.") for key in self._table if key.startswith(f"{table}.")]

    def names(self) -> frozenset[str]:
        return frozenset(self._table)


def load_strings(folder: Path, locale: Locale) -> Strings:
    text = (folder / f"{locale}.toml").read_text("utf-8")
    return Strings(dict(_flat(tomllib.loads(text))), locale)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
