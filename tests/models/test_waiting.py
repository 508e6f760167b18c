"""Who is next, over random histories of a simulated device."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from models.waiting import PATIENCE_SECONDS, Waiter, WaitingLine


def having(*resident: str) -> Callable[[Waiter], bool]:
    return lambda waiter: waiter.checkpoint in resident


def line_of(*waiters: Waiter) -> WaitingLine:
    return WaitingLine(list(waiters))


def test_first_come_first_served_when_nothing_is_resident() -> None:
    first, second = Waiter("llm", "a", 0.0), Waiter("clip", "b", 1.0)
    assert line_of(first, second).order(having(), 2.0) == [first, second]


def test_waiters_for_what_is_resident_go_together() -> None:
    first, second, third = Waiter("t2i", "b", 0.0), Waiter("llm", "a", 1.0), Waiter("llm", "a", 2.0)
    assert line_of(first, second, third).order(having("a"), 3.0) == [second, third, first]


def test_waiters_for_one_checkpoint_stand_together_behind_its_first() -> None:
    waiters = [Waiter("x", name, float(i)) for i, name in enumerate("abab")]
    assert [w.checkpoint for w in line_of(*waiters).order(having(), 5.0)] == ["a", "a", "b", "b"]


def test_who_has_waited_long_goes_first_whatever_is_resident() -> None:
    old, new = Waiter("t2i", "b", 0.0), Waiter("llm", "a", PATIENCE_SECONDS)
    assert line_of(old, new).order(having("a"), PATIENCE_SECONDS + 0.1)[0] is old


def test_a_patient_one_lets_others_pass_however_long_it_has_waited() -> None:
    patient, new = Waiter("tts", "a", 0.0, patient=True), Waiter("llm", "b", PATIENCE_SECONDS)
    line = line_of(patient, new)
    assert line.order(having("a"), 3 * PATIENCE_SECONDS) == [new, patient]


class Device(RuleBasedStateMachine):
    """One device that holds one checkpoint, serves whoever is first and always has more work."""

    waiters = Bundle("waiters")

    def __init__(self) -> None:
        super().__init__()
        self.line = WaitingLine()
        self.now = 0.0
        self.resident: set[str] = set()
        self.passed: dict[Waiter, int] = {}

    @rule(target=waiters, checkpoint=st.sampled_from("abc"))
    def arrive(self, checkpoint: str) -> Waiter:
        waiter = Waiter("role", checkpoint, self.now)
        self.line.join(waiter)
        self.passed[waiter] = 0
        return waiter

    @rule(waiter=waiters)
    def cancel(self, waiter: Waiter) -> None:
        if waiter in self.line.waiters:
            self.line.leave(waiter)

    @rule(seconds=st.floats(0.1, 4.0))
    def serve(self, seconds: float) -> None:
        order = self.line.order(having(*self.resident), self.now)
        if order:
            self.line.leave(order[0])
            self.resident = {order[0].checkpoint}
        self.now += seconds
        for waiter in self.line.waiters:
            if order and waiter.arrived < order[0].arrived:
                self.passed[waiter] += 1

    @invariant()
    def everybody_is_in_the_order_once(self) -> None:
        order = self.line.order(having(*self.resident), self.now)
        assert sorted(map(id, order)) == sorted(map(id, self.line.waiters))

    @invariant()
    def nobody_is_passed_by_later_comers_for_ever(self) -> None:
        # Served at least every 0.1 s, a waiter can only be passed within its patience.
        assert all(count <= PATIENCE_SECONDS / 0.1 + 1 for count in self.passed.values())

    @invariant()
    def who_is_out_of_patience_is_served_in_order_of_arrival(self) -> None:
        order = self.line.order(having(*self.resident), self.now)
        old = [w for w in order if self.now - w.arrived > PATIENCE_SECONDS]
        assert order[: len(old)] == old == sorted(old, key=lambda w: w.arrived)


TestDevice = Device.TestCase
TestDevice.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
