"""What a device's allocator can be asked: the peak of a call, and to give back what it hoards."""

import ctypes
import os
from typing import Protocol

import torch


class DeviceMemory(Protocol):
    """The allocator behind one device; used on the device's own thread."""

    def watch(self) -> None:
        """Begin to look for a peak."""

    def peak(self) -> int | None:
        """The most bytes held at once since `watch`; None where it cannot be told."""

    def give_back(self) -> None:
        """Return freed memory to the system, so that others can have it."""


class CudaMemory:
    """torch's caching allocator."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def watch(self) -> None:
        torch.cuda.reset_peak_memory_stats(self._device)

    def peak(self) -> int | None:
        return torch.cuda.max_memory_allocated(self._device)

    def give_back(self) -> None:
        torch.cuda.empty_cache()


class HostMemory:
    """The C library's heap. Its high-water mark is the process's own, so no call has one."""

    def __init__(self) -> None:
        # glibc keeps freed weights for later; other C libraries lack both the habit and the call.
        # The process's own symbols: looking the library up by name would start a program.
        own = ctypes.CDLL(None) if os.name == "posix" else None
        self._trim = getattr(own, "malloc_trim", None)

    def watch(self) -> None: ...

    def peak(self) -> int | None:
        return None

    def give_back(self) -> None:
        if self._trim is not None:
            self._trim(0)


def memory_of(device: torch.device) -> DeviceMemory:
    return CudaMemory(device) if device.type == "cuda" else HostMemory()
