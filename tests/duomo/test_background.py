"""What is loaded in the background: in order, once, and broken parts say so."""

import threading

import pytest

from duomo.once import Once
from duomo.warmup import Warmup
from models.errors import OutOfMemory


def test_parts_load_in_order_and_are_named_until_they_are_there() -> None:
    go_on, seen = threading.Event(), []

    def slow() -> None:
        seen.append(warmup.loading())
        go_on.wait(5)

    warmup = Warmup({"slow": slow, "quick": lambda: seen.append(warmup.loading())})
    assert warmup.loading() == ("slow", "quick")
    warmup.start()
    go_on.set()
    assert warmup.wait(5)
    assert seen == [("slow", "quick"), ("quick",)]
    assert warmup.loading() == ()


def test_a_part_that_fails_is_a_problem_and_the_others_go_on() -> None:
    def too_large() -> None:
        raise OutOfMemory("放不下。", "Does not fit.")

    def mistaken() -> None:
        raise ZeroDivisionError

    loaded = []
    warmup = Warmup({"a": too_large, "b": mistaken, "c": lambda: loaded.append("c")})
    warmup.start()
    assert warmup.wait(5)
    assert [problem.code for problem in warmup.problems()] == ["out_of_memory", "error"]
    assert loaded == ["c"]
    assert warmup.loading() == ()


def test_nobody_waits_for_what_comes_afterwards_and_a_stop_leaves_it_out() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(5)

    def mistaken() -> None:
        raise ZeroDivisionError

    warmup = Warmup({"part": lambda: None}, [mistaken, slow, done.set])
    assert not warmup.wait(0)
    warmup.start()
    assert begun.wait(5)
    assert warmup.wait(5)
    assert warmup.loading() == ()
    warmup.close()
    go_on.set()
    assert not done.wait(0.2)


def test_a_value_is_made_once_however_many_threads_ask() -> None:
    made, ready = [], threading.Barrier(8)

    def make() -> object:
        made.append(1)
        return object()

    once, values = Once(make), []

    def ask() -> None:
        ready.wait()
        values.append(once())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(map(id, values))) == 1


def test_a_failed_value_is_tried_again_and_only_a_made_one_is_closed() -> None:
    tries, closed = [], []

    def make() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return 7

    once = Once(make)
    once.close(closed.append)
    with pytest.raises(OSError):
        once()
    assert once() == 7
    once.close(closed.append)
    assert closed == [7]
