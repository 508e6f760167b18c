"""The device thread and the proxy of a leased role."""

import gc
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from models.device import DeviceThread, Proxy, any_thread
from models.errors import OutOfMemory


class Echo:
    """A role that remembers in which thread it was used."""

    size = 3

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.shortages = 0
        self.closed_in: int | None = None

    def call(self, value: int) -> int:
        self.threads.append(threading.get_ident())
        if self.shortages:
            self.shortages -= 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return value + 1

    def fail(self) -> None:
        raise KeyError("what")

    def count(self, to: int) -> Iterator[int]:
        try:
            for number in range(to):
                yield self.call(number)
        finally:
            self.closed_in = threading.get_ident()

    @any_thread
    def where(self) -> int:
        return threading.get_ident()


@pytest.fixture
def thread() -> Iterator[DeviceThread]:
    thread = DeviceThread(torch.device("cpu"))
    yield thread
    thread.close()


@pytest.fixture
def relieved() -> list[int]:
    return []


@pytest.fixture
def proxy(thread: DeviceThread, relieved: list[int]) -> Proxy:
    def reliefs() -> Iterator[bool]:
        relieved.append(threading.get_ident())
        yield True

    return Proxy(Echo(), thread, reliefs)


def test_methods_and_generators_run_on_the_device_thread(
    proxy: Proxy, thread: DeviceThread
) -> None:
    assert proxy.call(1) == 2
    assert list(proxy.count(3)) == [1, 2, 3]
    assert set(proxy._role.threads) == {thread.run(threading.get_ident)}
    assert proxy.where() == threading.get_ident()
    assert proxy.size == 3


def test_exceptions_pass_through(proxy: Proxy) -> None:
    with pytest.raises(KeyError, match="what"):
        proxy.fail()


def test_a_generator_that_failed_is_over(proxy: Proxy) -> None:
    numbers = proxy.count(3)
    next(numbers)
    proxy._role.call = None
    with pytest.raises(TypeError):
        next(numbers)
    assert list(numbers) == []


def test_an_abandoned_generator_is_closed_on_the_device_thread(
    proxy: Proxy, thread: DeviceThread
) -> None:
    numbers = proxy.count(3)
    next(numbers)
    del numbers
    gc.collect()
    device = thread.run(threading.get_ident)  # after whatever was submitted before
    assert proxy._role.closed_in == device


def test_a_closed_generator_is_closed_when_close_returns(
    proxy: Proxy, thread: DeviceThread
) -> None:
    numbers = proxy.count(3)
    next(numbers)
    numbers.close()
    assert proxy._role.closed_in == thread.run(threading.get_ident)
    assert next(numbers, None) is None


def test_a_generator_outliving_the_device_thread_is_quiet(relieved: list[int]) -> None:
    thread = DeviceThread(torch.device("cpu"))
    numbers = Proxy(Echo(), thread, relieved.clear).count(3)
    next(numbers)
    thread.close()
    del numbers


def test_a_shortage_of_memory_is_relieved_once_and_the_call_made_again(
    proxy: Proxy, thread: DeviceThread, relieved: list[int]
) -> None:
    proxy._role.shortages = 1
    assert proxy.call(1) == 2
    assert relieved == [thread.run(threading.get_ident)]


def test_a_generator_starts_anew_after_a_shortage_before_its_first_value(
    proxy: Proxy, relieved: list[int]
) -> None:
    proxy._role.shortages = 1
    assert list(proxy.count(2)) == [1, 2]
    assert len(relieved) == 1


def test_a_second_shortage_is_a_typed_error(proxy: Proxy, relieved: list[int]) -> None:
    proxy._role.shortages = 2
    with pytest.raises(OutOfMemory):
        proxy.call(1)
    assert len(relieved) == 1
    assert proxy.call(1) == 2


def test_a_shortage_in_the_middle_of_a_generator_is_a_typed_error(proxy: Proxy) -> None:
    numbers = proxy.count(3)
    next(numbers)
    proxy._role.shortages = 1
    with pytest.raises(OutOfMemory):
        next(numbers)


def test_the_cpu_allocators_message_counts_as_a_shortage(proxy: Proxy) -> None:
    with pytest.raises(OutOfMemory):
        proxy._called(lambda: torch.empty(2**60, dtype=torch.uint8))()


def test_an_interrupted_caller_leaves_the_device_in_order(
    proxy: Proxy, thread: DeviceThread
) -> None:
    order: list[str] = []
    thread.submit(lambda: (time.sleep(0.1), order.append("first")))
    thread.run(order.append, "second")
    assert order == ["first", "second"]
