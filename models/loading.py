"""How a checkpoint will be loaded, known before a byte of it is: format, class, bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from models.catalog import Checkpoint
from models.device import is_out_of_memory
from models.errors import CheckpointBroken
from models.roles import Role, Shareable
from models.weights import weight_files

# What the loaders of safetensors, transformers and open_clip raise on files that are not right.
LOAD_ERRORS = (
    OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, MemoryError,
    SafetensorError,
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How to load a checkpoint, its number format settled, and the bytes that it will hold."""

    checkpoint: Checkpoint
    path: Path
    role: type[Role]
    bytes: int

    @property
    def name(self) -> str:
        return self.checkpoint.name

    @property
    def unit(self) -> str:
        """What is loaded once: checkpoints that share weights have one unit."""
        if not issubclass(self.role, Shareable):
            return self.name
        return f"{self.path} {self.checkpoint.dtype} {self.checkpoint.quantisation}"


@contextmanager
def typed_errors() -> Iterator[None]:
    """Say of files that are not right that they are broken; let a shortage of memory through."""
    try:
        yield
    except LOAD_ERRORS as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointBroken(
            f"模型文件装不进来，请重新获取：{error}",
            f"The checkpoint does not load; fetch it again: {error}",
        ) from error


def read_ahead(plan: Plan) -> None:
    """Ask the system to have the weights in its page cache soon; returns at once."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in weight_files(plan.path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)
