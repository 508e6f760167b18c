"""Random histories of one thread, step by step, against a simulated device: after every step the
bytes are within budget, what is leased is there, and nothing is anywhere twice.

`DUOMO_HISTORIES` sets how many (200 by default).
"""

import contextlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import pytest
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from torch import nn

from models.catalog import Catalog, Checkpoint, Note, Profile
from models.errors import OutOfMemory
from models.residency import Residency
from tests.models.conftest import entry

SIZES = {"llm": 60, "clip": 10, "t2i": 80, "asr": 30, "vlm": 200, "ocr": 25}
FIXED = {"asr", "ocr"}  # cannot wait in host memory
BUDGET, HOST = 100, 120
ROLES = st.sampled_from(sorted(SIZES))


class Device:
    """What lies on the simulated device, checked whenever it changes."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.shortages = 0  # how many loads and calls will find no memory
        self.misses = 0

    def put(self, name: str, size: int) -> None:
        assert name not in self.held, f"{name} came twice"
        self.held[name] = size
        assert sum(self.held.values()) <= BUDGET

    def take(self, name: str) -> None:
        del self.held[name]

    def may_run_out(self) -> None:
        if self.shortages:
            self.shortages -= 1
            self.misses += 1
            raise torch.OutOfMemoryError("CUDA out of memory")


DEVICE = Device()


class Simulated:
    """A role that lies on the device from its load on."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.name, self.bytes = checkpoint.name, checkpoint.default_int("bytes", 0)
        self.levels = 1

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        DEVICE.may_run_out()
        made = cls(checkpoint)
        made.placed()
        return made

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        return checkpoint.default_int("bytes", 0)

    def placed(self) -> None:
        DEVICE.put(self.name, self.bytes)

    def call(self) -> int:
        assert self.name in DEVICE.held, f"{self.name} was called and is not there"
        DEVICE.may_run_out()
        return self.bytes

    def degrade(self) -> bool:
        self.levels -= 1
        return self.levels >= 0

    def release(self) -> None:
        DEVICE.take(self.name)


class Movable(Simulated):
    """A role whose weights may wait on the host; its master puts it on the device."""

    def placed(self) -> None:
        self.module = nn.Identity()
        self.module.owner = self

    def modules(self) -> Sequence[nn.Module]:
        return [self.module]

    def park(self) -> None:
        assert self.name not in DEVICE.held

    def release(self) -> None:
        DEVICE.held.pop(self.name, None)


class WatchedMaster:
    """A master that tells the simulated device where its weights are."""

    def __init__(self, modules: Sequence[Any], *, pin: bool) -> None:
        self.owner: Simulated = modules[0].owner

    def up(self, device: torch.device, stream: object = None) -> None:
        DEVICE.may_run_out()
        DEVICE.put(self.owner.name, self.owner.bytes)

    def settle(self) -> None: ...

    def down(self) -> None:
        DEVICE.take(self.owner.name)

    def close(self) -> None: ...


class Histories(RuleBasedStateMachine):
    """Leases inside leases, prefetches, shortages, and time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = ExitStack()
        self.patches.enter_context(patch("models.stock.HostMaster", WatchedMaster))
        self.patches.enter_context(patch("models.stock.gc.collect"))  # a second each time
        DEVICE.__init__()  # type: ignore[misc]
        self.now = 0.0
        self.folder = tempfile.TemporaryDirectory()
        self.residency = self._residency(Path(self.folder.name))
        self.open: list[tuple[str, ExitStack, Any]] = []

    def _residency(self, folder: Path) -> Residency:
        entries = [
            entry(f"sim-{r}", r, "models.roles.sim:S", dtype="float32", defaults={"bytes": size})
            for r, size in SIZES.items()
        ]
        for made in entries:
            (folder / "checkpoints" / made.name).mkdir(parents=True)
        profile = Profile.model_validate(
            {
                "name": "sim",
                "budget_bytes": BUDGET,
                "roles": {role: f"sim-{role}" for role in SIZES},
                "note": Note(zh="模拟", en="simulated"),
            }
        )
        return Residency(
            Catalog(entries),
            profile,
            device=torch.device("cpu"),
            budget_bytes=BUDGET,
            host_bytes=HOST,
            data_dir=folder,
            resolve=lambda c: Simulated if c.role in FIXED else Movable,
            clock=lambda: self.now,
        )

    @rule(role=ROLES, size=st.integers(0, 5))
    def lease(self, role: str, size: int) -> None:
        stack, misses = ExitStack(), DEVICE.misses
        try:
            held = stack.enter_context(self.residency.lease(role, size=size))
        except OutOfMemory:
            others = sum(SIZES[r] for r in {r for r, _, _ in self.open})
            ran_out = DEVICE.misses - misses == 2
            grown = misses > 0  # what calls need beside the weights is put higher since a shortage
            assert ran_out or grown or others + SIZES[role] > BUDGET
            return
        self.open.append((role, stack, held))

    @precondition(lambda self: self.open)
    @rule()
    def end(self) -> None:
        _, stack, _ = self.open.pop()
        stack.close()

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 20))
    def call(self, which: int) -> None:
        role, _, held = self.open[which % len(self.open)]
        with contextlib.suppress(OutOfMemory):
            assert held.call() == SIZES[role]

    @rule(role=ROLES)
    def prefetch(self, role: str) -> None:
        self.residency.prefetch(role)
        self.residency._thread.run(lambda: None)  # it has been dealt with

    @rule(seconds=st.sampled_from([0.1, 6.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.sampled_from([1.0, 500.0]))
    def drop_idle(self, seconds: float) -> None:
        self.residency._drop_idle(seconds)

    @rule(count=st.integers(1, 4))
    def run_short(self, count: int) -> None:
        DEVICE.shortages = count

    @invariant()
    def the_books_agree_with_the_device(self) -> None:
        state = self.residency.state()
        there = {r.checkpoint: r.bytes for r in state.residents}
        assert there == DEVICE.held
        assert {f"sim-{role}" for role, _, _ in self.open} <= set(there)
        assert {r.checkpoint for r in state.residents if r.leased} == {
            f"sim-{role}" for role, _, _ in self.open
        }
        parked = {p.checkpoint for p in state.parked}
        assert not parked & set(there)
        movable = {name for name in there if name.removeprefix("sim-") not in FIXED}
        assert sum(SIZES[n.removeprefix("sim-")] for n in parked) <= HOST
        assert len(movable | parked) == len(movable) + len(parked)

    def teardown(self) -> None:
        while self.open:
            self.end()
        self.residency.close()
        assert DEVICE.held == {}
        self.folder.cleanup()
        self.patches.close()


HISTORIES = int(os.environ.get("DUOMO_HISTORIES", "200"))
TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=HISTORIES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.timeout(max(120, HISTORIES))  # seconds
