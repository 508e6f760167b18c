"""One file per role: load a checkpoint and call it."""

from importlib import import_module
from pathlib import Path
from typing import Protocol, Self

import torch

from models.catalog import Checkpoint


class Role(Protocol):
    """What every role class offers, whatever it does.

    `bytes` is all that a loaded object may ever hold on its device: weights, caches, buffers.
    """

    bytes: int

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load the files in `path` onto `device`."""
        ...

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """What `bytes` will be, read from file headers without loading anything."""
        ...

    def release(self) -> None:
        """Give everything on the device back."""
        ...


def role_class(checkpoint: Checkpoint) -> type[Role]:
    """The class that loads `checkpoint`: one of this package, as the catalogue demands."""
    module, name = checkpoint.loader.split(":")
    found: type[Role] = getattr(import_module(module), name)
    return found
