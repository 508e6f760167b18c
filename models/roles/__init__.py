"""One file per role: load a checkpoint and call it."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import torch
from torch import nn

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


@runtime_checkable
class Movable(Protocol):
    """A role whose weights may wait in host memory while others use the device."""

    def modules(self) -> Sequence[nn.Module]:
        """Whatever holds tensors on the device as parameters and buffers."""
        ...

    def park(self) -> None:
        """The weights have left the device: take off it whatever else lies there."""
        ...


@runtime_checkable
class Shareable(Protocol):
    """A role whose weights may serve other roles too: drawing and editing often have one folder."""

    def viewed_as(self, role: "type[Role]", checkpoint: Checkpoint, path: Path) -> "Role":
        """What `role` loads from the same folder, without loading it again."""
        ...


@runtime_checkable
class Degradable(Protocol):
    """A role that can do with less memory, at a cost in time."""

    def degrade(self) -> bool:
        """Need less from now on; False where that is not possible any more."""
        ...


def role_class(checkpoint: Checkpoint) -> type[Role]:
    """The class that loads `checkpoint`: one of this package, as the catalogue demands."""
    module, name = checkpoint.loader.split(":")
    found: type[Role] = getattr(import_module(module), name)
    return found
