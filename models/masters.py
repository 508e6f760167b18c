"""Weights that wait in host memory: one slab per checkpoint, copied up and never down.

Weights are read-only, so a device's copy can be dropped at any time; the master stays. One slab per
checkpoint is pinned as a whole by registering it: torch's own pinned allocator rounds every block
up to a power of two.
"""

import mmap
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

_ALIGNMENT = 512  # bytes between tensors; what CUDA aligns allocations to


class HostMaster:
    """The tensors of some modules, laid one after another in one slab of host memory."""

    def __init__(self, modules: Iterable[nn.Module], *, pin: bool) -> None:
        """Take over the tensors of `modules`, which are on the CPU: they become views of the slab.

        `pin` locks the slab in memory so that copies overlap with computing. Raises MemoryError.
        """
        self._owners = _owners(modules)
        places, size = _places([tensor for tensor, _ in self._owners])
        self.bytes = size
        # A mapping starts at a page, as registering demands, and goes back whole when freed.
        self._slab = torch.frombuffer(mmap.mmap(-1, max(1, size)), dtype=torch.uint8)
        self._pinned = pin and _register(self._slab)
        self._views = [
            _view(self._slab, start, tensor)
            for start, (tensor, _) in zip(places, self._owners, strict=True)
        ]
        for view, (tensor, _) in zip(self._views, self._owners, strict=True):
            view.copy_(tensor)
        self._point_to(self._views)
        self._arriving: torch.cuda.Event | None = None

    def up(self, device: torch.device, stream: "torch.cuda.Stream | None" = None) -> None:
        """Copy to `device`: at once, or on `stream`, to be waited for by `settle`.

        Raises what torch raises when memory runs out; the modules are then still on the host.
        """
        # Allocated on the current stream, whose freed blocks the allocator can hand out again.
        copies = [torch.empty_like(view, device=device) for view in self._views]
        if stream is not None:
            stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for copy, view in zip(copies, self._views, strict=True):
                copy.copy_(view, non_blocking=True)
        self._arriving = stream.record_event() if stream is not None else None
        self._point_to(copies)

    def settle(self) -> None:
        """What runs on the current stream from here on waits for a copy on another one."""
        if self._arriving is not None:
            torch.cuda.current_stream().wait_event(self._arriving)
            self._arriving = None

    def down(self) -> None:
        """Let the modules use the slab again, which frees what they held on the device."""
        if self._arriving is not None:
            self._arriving.synchronize()  # freed blocks must not be written to any more
            self._arriving = None
        self._point_to(self._views)

    def close(self) -> None:
        """Unpin. The modules must not be used afterwards."""
        if self._pinned:
            _cudart().cudaHostUnregister(self._slab.data_ptr())
            self._pinned = False

    def _point_to(self, tensors: list[torch.Tensor]) -> None:
        for (tensor, others), target in zip(self._owners, tensors, strict=True):
            for owner in (tensor, *others):
                owner.data = target


def _owners(modules: Iterable[nn.Module]) -> list[tuple[torch.Tensor, list[torch.Tensor]]]:
    """Every parameter and buffer once, with those that share its memory (tied weights)."""
    found: dict[tuple[int, Any, Any], tuple[torch.Tensor, list[torch.Tensor]]] = {}
    seen: set[int] = set()
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            if id(tensor) in seen:
                continue
            seen.add(id(tensor))
            key = (tensor.data_ptr(), tensor.shape, tensor.dtype)
            if tensor.numel() and key in found:
                found[key][1].append(tensor)
            else:
                found[key if tensor.numel() else (id(tensor), None, None)] = (tensor, [])
    return list(found.values())


def _places(tensors: list[torch.Tensor]) -> tuple[list[int], int]:
    """Where each tensor starts in the slab, and the size of the slab."""
    starts, size = [], 0
    for tensor in tensors:
        starts.append(size)
        size += -(-tensor.nbytes // _ALIGNMENT) * _ALIGNMENT
    return starts, size


def _view(slab: torch.Tensor, start: int, like: torch.Tensor) -> torch.Tensor:
    """A tensor like `like` in the slab, its memory format kept."""
    flat = slab[start : start + like.nbytes].view(like.dtype)
    dense = torch.empty_like(like, device="meta")  # dense strides, such as channels last
    return flat.as_strided(like.shape, dense.stride())


def _register(slab: torch.Tensor) -> bool:
    """Pin; False where the system allows no more locked memory (copies are then slower)."""
    return int(_cudart().cudaHostRegister(slab.data_ptr(), slab.nbytes, 0)) == 0


def _cudart() -> Any:
    return torch.cuda.cudart()  # type: ignore[no-untyped-call]
