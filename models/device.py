"""One executor thread per device, and the proxy that brings every call of a role onto it.

torch keeps thread pools and CUDA state per thread, so a checkpoint is loaded, called and released
on one thread alone. Generators are stepped, closed and finalised there too.
"""

import contextlib
import inspect
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import torch

from models.errors import OutOfMemory

P = ParamSpec("P")
T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])
_END = object()


def any_thread(method: Method) -> Method:
    """Mark a role's method that touches no device: it runs in the caller's thread, at any time."""
    method.__any_thread__ = True  # type: ignore[attr-defined]
    return method


class DeviceThread:
    """The one thread on which a device is used."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._ident: int | None = None
        self._executor = ThreadPoolExecutor(
            1, thread_name_prefix=f"device-{device}", initializer=self._remember
        )

    def _remember(self) -> None:
        self._ident = threading.get_ident()

    def submit(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        return self._executor.submit(call, *args, **kwargs)

    def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call on the device thread and wait; at once when already there."""
        if threading.get_ident() == self._ident:
            return call(*args, **kwargs)
        return self.submit(call, *args, **kwargs).result()

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python says that memory ran out (the CPU allocator has no own type)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def out_of_memory(device: torch.device) -> OutOfMemory:
    return OutOfMemory(
        f"{device} 的内存用完了。请关掉别的程序，缩小这次的输入，或换一个小一些的配置。",
        f"{device} ran out of memory. Close other programs, make this input smaller, "
        "or choose a smaller profile.",
    )


class Proxy:
    """A leased role object: its methods run on the device thread while the lease lasts.

    When memory runs out, the steps of `reliefs()` are taken one by one, and after each that says
    it helped the call is made once more; past the last, OutOfMemory is raised. A generator is made
    anew only while it has not yielded anything.
    """

    def __init__(
        self,
        role: object,
        thread: DeviceThread,
        reliefs: Callable[[], Iterator[bool]],
    ) -> None:
        self._role = role
        self._thread = thread
        self._reliefs = reliefs
        self._open = True
        self._generators: weakref.WeakSet[DeviceGenerator] = weakref.WeakSet()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._role, name)
        if not inspect.ismethod(value) or getattr(value, "__any_thread__", False):
            return value
        return self._stepped(value) if inspect.isgeneratorfunction(value) else self._called(value)

    def _called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._check_open()
            return self._thread.run(self._retrying, lambda: method(*args, **kwargs))

        return call

    def _stepped(self, method: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def call(*args: Any, **kwargs: Any) -> Iterator[Any]:
            self._check_open()
            generator = DeviceGenerator(
                lambda: method(*args, **kwargs), self._thread, self._retrying
            )
            self._generators.add(generator)
            return generator

        return call

    def _retrying(self, call: Callable[[], T]) -> T:
        reliefs = self._reliefs()
        while True:
            try:
                return call()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            # Out of the `except`: the traceback, and the tensors its frames hold, are gone by now.
            if not next(reliefs, False):
                raise out_of_memory(self._thread.device)

    def _check_open(self) -> None:
        if not self._open:
            raise RuntimeError("the lease is over")

    def end(self) -> None:
        """End the lease: later calls raise, generators still open are closed on the device."""
        self._open = False
        for generator in list(self._generators):
            generator.close()


class DeviceGenerator(Iterator[Any]):
    """A generator whose every step runs on the device thread."""

    def __init__(
        self,
        make: Callable[[], Iterator[Any]],
        thread: DeviceThread,
        retrying: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._make = make
        self._thread = thread
        self._retrying = retrying
        self._steps: Iterator[Any] | None = None
        self._done = False

    def __next__(self) -> Any:
        if self._done:
            raise StopIteration
        try:
            value = self._thread.run(self._first if self._steps is None else self._next)
        except Exception:
            self._done = True
            raise
        if value is _END:
            self._done = True
            raise StopIteration
        return value

    def _first(self) -> Any:
        return self._retrying(self._restart)

    def _restart(self) -> Any:
        self._steps = self._make()
        return next(self._steps, _END)

    def _next(self) -> Any:
        try:
            return next(self._steps, _END) if self._steps is not None else _END
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        raise out_of_memory(self._thread.device)

    def close(self) -> None:
        """Close the generator on the device thread and wait for it."""
        self._done = True
        steps, self._steps = self._steps, None
        if isinstance(steps, Generator):
            self._thread.run(steps.close)

    def __del__(self) -> None:
        # Without waiting: the collector may run in any thread, the device's own among them.
        if isinstance(self._steps, Generator):
            with contextlib.suppress(RuntimeError):  # the device thread has already ended
                self._thread.submit(self._steps.close)
