"""Random histories of many threads on one simulated device: bytes, leases, and an end for all."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalog import Catalog, Checkpoint, Note, Profile
from models.errors import Cancelled, OutOfMemory
from models.residency import Residency
from tests.models.conftest import entry

SIZES = {"llm": 60, "clip": 10, "t2i": 80, "asr": 30, "vlm": 200}
BUDGET = 100


class Memory:
    """What the simulated roles hold, checked at every step."""

    def __init__(self) -> None:
        self.used = 0
        self.most = 0
        self.in_use: dict[str, int] = {}
        self.wrong: list[str] = []

    def load(self, name: str, size: int) -> None:
        self.used += size
        self.most = max(self.most, self.used)

    def release(self, name: str, size: int) -> None:
        if self.in_use.get(name):
            self.wrong.append(f"{name} was dropped while leased")
        self.used -= size


MEMORY = Memory()


class Simulated:
    """A role that holds as many bytes as its catalogue entry says."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.name = checkpoint.name
        self.bytes = checkpoint.default_int("bytes", 0)
        self.device_threads: set[int] = set()
        MEMORY.load(self.name, self.bytes)

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        time.sleep(0.0005)
        return cls(checkpoint)

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        return checkpoint.default_int("bytes", 0)

    def work(self, seconds: float) -> int:
        MEMORY.in_use[self.name] = MEMORY.in_use.get(self.name, 0) + 1
        time.sleep(seconds)
        MEMORY.in_use[self.name] -= 1
        return threading.get_ident()

    def release(self) -> None:
        MEMORY.release(self.name, self.bytes)


def simulated(data_dir: Path) -> Residency:
    MEMORY.__init__()  # type: ignore[misc]
    checkpoints = [
        entry(
            f"sim-{role}", role, "models.roles.sim:Sim", dtype="float32", defaults={"bytes": size}
        )
        for role, size in SIZES.items()
    ]
    for checkpoint in checkpoints:
        (data_dir / "checkpoints" / checkpoint.name).mkdir(parents=True, exist_ok=True)
    roles = {role: f"sim-{role}" for role in SIZES}
    note = Note(zh="模拟", en="simulated")
    profile = Profile.model_validate(
        {"name": "sim", "budget_bytes": BUDGET, "roles": roles, "note": note}
    )
    return Residency(
        Catalog(checkpoints),
        profile,
        device=torch.device("cpu"),
        budget_bytes=BUDGET,
        data_dir=data_dir,
        resolve=lambda _: Simulated,
    )


@dataclass
class Asker:
    """One thread's wish; `outcome` is how it ended."""

    role: str
    work_ms: float
    inner: str | None
    cancel_ms: float | None
    fails: bool
    cancel: threading.Event = field(default_factory=threading.Event)
    outcome: str = "never ended"
    device_thread: int | None = None
    positions: list[int] = field(default_factory=list)

    def queued(self, position: int) -> None:
        self.positions.append(position)

    def granted(self, queued_seconds: float, load_seconds: float) -> None:
        assert queued_seconds >= 0
        assert load_seconds >= 0

    def run(self, residency: Residency) -> None:
        try:
            self._lease(residency)
            self.outcome = "done"
        except (Cancelled, OutOfMemory, ZeroDivisionError) as error:
            self.outcome = type(error).__name__

    def _lease(self, residency: Residency) -> None:
        with residency.lease(self.role, self) as role:
            self.device_thread = role.work(self.work_ms / 1000)
            if self.inner is not None:
                with residency.lease(self.inner, self) as inner:
                    inner.work(0.0)
                    role.work(0.0)
            if self.fails:
                raise ZeroDivisionError


askers = st.builds(
    Asker,
    role=st.sampled_from(sorted(SIZES)),
    work_ms=st.floats(0, 1.5),
    inner=st.none() | st.sampled_from(sorted(SIZES)),
    cancel_ms=st.none() | st.floats(0, 8),
    fails=st.booleans(),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated")


@settings(max_examples=60, deadline=None)
@given(wishes=st.lists(askers, min_size=1, max_size=10))
def test_every_history_stays_in_budget_and_ends_for_everybody(
    folder: Path, wishes: list[Asker]
) -> None:
    residency = simulated(folder)
    threads = [threading.Thread(target=w.run, args=(residency,), daemon=True) for w in wishes]
    timers = [
        threading.Timer(w.cancel_ms / 1000, w.cancel.set) for w in wishes if w.cancel_ms is not None
    ]
    for thread in [*threads, *timers]:
        thread.start()
    for thread in [*threads, *timers]:
        thread.join(20)
    assert all(w.outcome != "never ended" for w in wishes)
    assert MEMORY.most <= BUDGET
    assert MEMORY.wrong == []
    assert len({w.device_thread for w in wishes if w.device_thread}) <= 1
    for wish in wishes:
        if wish.cancel_ms is None and SIZES[wish.role] > BUDGET:
            assert wish.outcome == "OutOfMemory"
        if wish.cancel_ms is None and wish.inner is None and SIZES[wish.role] <= BUDGET:
            assert wish.outcome == ("ZeroDivisionError" if wish.fails else "done")
    state = residency.state()
    assert state.queue == ()
    assert state.used_bytes == MEMORY.used == sum(r.bytes for r in state.residents)
    assert not any(resident.leased for resident in state.residents)
    residency.close()
    assert MEMORY.used == 0


def test_a_steady_stream_for_one_checkpoint_does_not_starve_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.waiting.PATIENCE_SECONDS", 0.05)
    residency = simulated(folder)
    stop = threading.Event()

    def stream() -> None:
        while not stop.is_set():
            with residency.lease("llm") as role:
                role.work(0.002)

    streams = [threading.Thread(target=stream, daemon=True) for _ in range(3)]
    for thread in streams:
        thread.start()
    time.sleep(0.02)
    started = time.monotonic()
    with residency.lease("t2i"):
        waited = time.monotonic() - started
    stop.set()
    for thread in streams:
        thread.join(5)
    assert waited < 1.0
    residency.close()


def test_waiters_for_one_checkpoint_are_served_together(folder: Path) -> None:
    residency = simulated(folder)
    served: list[str] = []

    def ask(role: str) -> None:
        with residency.lease(role):
            served.append(role)

    threads = []
    with residency.lease("llm"):
        for role in ("t2i", "llm", "t2i", "llm"):
            waiting = len(threads)
            threads.append(threading.Thread(target=ask, args=(role,), daemon=True))
            threads[-1].start()
            while len(residency.state().queue) == waiting:
                time.sleep(0.001)
        assert [w.role for w in residency.state().queue] == ["llm", "llm", "t2i", "t2i"]
    for thread in threads:
        thread.join(5)
    assert served == ["llm", "llm", "t2i", "t2i"]
    assert residency.state().swaps == 1
    residency.close()


def test_a_load_that_runs_out_of_memory_is_tried_again_with_the_device_to_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    residency = simulated(folder)
    with residency.lease("asr"):
        pass
    load, tries = Simulated.load, []

    def short(path: Path, checkpoint: Checkpoint, device: torch.device) -> Simulated:
        tries.append(MEMORY.used)
        if len(tries) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return load(path, checkpoint, device)

    monkeypatch.setattr(Simulated, "load", short)
    with residency.lease("clip"):
        assert tries == [SIZES["asr"], 0]
    residency.close()


def test_a_load_that_never_fits_the_device_is_a_typed_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    residency = simulated(folder)

    def short(path: Path, checkpoint: Checkpoint, device: torch.device) -> Simulated:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(Simulated, "load", short)
        with pytest.raises(OutOfMemory), residency.lease("clip"):
            pass
    with residency.lease("clip") as role:
        assert role.work(0) > 0
    residency.close()


def test_what_fits_beside_the_rest_does_not_wait_for_a_stream_of_another(folder: Path) -> None:
    residency = simulated(folder)
    stop = threading.Event()

    def index() -> None:
        while not stop.is_set():
            with residency.lease("clip") as role:
                role.work(0.005)

    indexing = threading.Thread(target=index, daemon=True)
    indexing.start()
    while not residency.state().residents:
        time.sleep(0.001)
    started = time.monotonic()
    with residency.lease("llm"):
        waited = time.monotonic() - started
    stop.set()
    indexing.join(5)
    assert waited < 1.0  # not the ten seconds of patience
    residency.close()
