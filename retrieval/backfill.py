"""Colours of pictures that were indexed before the library knew any, filled in run by run."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from models.errors import InputError
from retrieval.colours import colours_of
from retrieval.media import open_reduced
from retrieval.store import Store

_SIDE = 64  # px: a large JPEG is decoded at an eighth
_PER_COMMIT = 64
_UNREADABLE = 0  # no colour, and never tried again


def fill_colours(store: Store, cancel: threading.Event) -> None:
    """Look at every picture that lacks them, until `cancel` is set; what was found stays."""
    found: list[tuple[int, int]] = []
    for content, colours in _looked_at(store.without_colours()):
        found.append((content, colours))
        if len(found) == _PER_COMMIT or cancel.is_set():
            store.set_colours(found)
            found = []
        if cancel.is_set():
            return
    if found:
        store.set_colours(found)


def _looked_at(pictures: list[tuple[int, bytes]]) -> Iterator[tuple[int, int]]:
    for content, path in pictures:
        try:
            _, picture = open_reduced(Path(os.fsdecode(path)), _SIDE)
        except InputError:
            yield content, _UNREADABLE
        except OSError:
            continue  # out of reach now; the next run tries again
        else:
            yield content, colours_of(picture)
