"""Leases of checkpoints under the byte budget of one device.

    with residency.lease("llm", ticket) as model:
        model.generate(...)                      # runs on the device's one thread

A device is leased to one thread at a time. That thread may lease further roles inside a lease: they
load beside the first without queueing, as both could otherwise wait for each other. What is leased
stays; what is not stays too, until another checkpoint needs its bytes (models/eviction.py). Who has
to wait stands in a line (models/turns.py) and hears its position. A CPU is a device like any other:
the budget is then of RAM.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from models.catalog import Catalog, Checkpoint, Profile
from models.device import DeviceThread, Proxy, is_out_of_memory, out_of_memory
from models.dtypes import with_dtype
from models.errors import Cancelled, CheckpointBroken, NotFound, OutOfMemory
from models.eviction import Resident, choose_victims
from models.roles import Role, role_class
from models.state import ResidencyState, ResidentState, WaiterState
from models.turns import POLL_SECONDS, Ticket, Turns
from models.waiting import Waiter

__all__ = ["Residency", "ResidencyState", "ResidentState", "Ticket", "WaiterState"]
# What the loaders of safetensors, transformers and open_clip raise on files that are not right.
LOAD_ERRORS = (
    OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, MemoryError,
    SafetensorError,
)  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """How to load a checkpoint, its number format settled, and the bytes that it will hold."""

    checkpoint: Checkpoint
    path: Path
    role: type[Role]
    bytes: int


class Residency:
    """Which checkpoints are on the device, and who may use it now."""

    def __init__(
        self,
        catalog: Catalog,
        profile: Profile,
        *,
        device: torch.device,
        budget_bytes: int,
        data_dir: Path,
        resolve: Callable[[Checkpoint], type[Role]] = role_class,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._profile = profile
        self._budget = budget_bytes
        self._data_dir = data_dir
        self._resolve = resolve
        self._clock = clock
        self._thread = DeviceThread(device)
        self._lock = threading.Lock()  # guards the residents and the count of swaps
        self._residents: dict[str, Resident] = {}
        self._swaps = 0
        self._plans: dict[str, _Plan] = {}
        self._turns = Turns(self._fits, clock)

    def has(self, role: str) -> bool:
        """Whether the profile names a checkpoint for `role`."""
        return any(known == role for known in self._profile.roles)

    def checkpoint(self, role: str) -> Checkpoint:
        """The profile's catalogue entry for `role`; NotFound without one."""
        for known, name in self._profile.roles.items():
            if known == role:
                return self._catalog.get(name)
        raise NotFound(
            f"当前配置 {self._profile.name} 没有 {role} 模型，请换一个配置。",
            f"Profile {self._profile.name} has no {role} checkpoint; choose another profile.",
        )

    @contextmanager
    def lease(self, role: str, ticket: Ticket | None = None) -> Iterator[Any]:
        """Wait for the device and yield the role object of `role`, on the device and ready.

        Raises Cancelled (the ticket's flag is set, or the residency closes), OutOfMemory (it can
        never fit the budget, or does not beside what this thread has leased already, or the device
        ran out), CheckpointMissing, CheckpointBroken, NotFound. Nothing is held after an error.
        """
        checkpoint = self.checkpoint(role)
        arrived = self._clock()
        plan = self._plan(checkpoint)
        self._turns.enter(Waiter(role, checkpoint.name, arrived, plan.bytes), ticket)
        entered = self._clock()
        resident = self._acquire(plan, ticket)
        proxy = Proxy(resident.model, self._thread, self._relieve)
        try:
            if ticket is not None:
                ticket.granted(entered - arrived, self._clock() - entered)
            yield proxy
        finally:
            self._end(resident, proxy)

    def state(self) -> ResidencyState:
        waiting = self._turns.waiting()
        with self._lock:
            now = self._clock()
            return ResidencyState(
                device=str(self._thread.device),
                budget_bytes=self._budget,
                used_bytes=self._used(),
                residents=tuple(ResidentState.of(r, now) for r in self._residents.values()),
                queue=tuple(WaiterState(w.role, now - w.arrived) for w in waiting),
                swaps=self._swaps,
            )

    def close(self) -> None:
        """Refuse new leases, cancel the waiters, wait for the lease in progress, free all."""
        self._turns.close()
        self._thread.run(lambda: self._drop(list(self._residents.values())))
        self._thread.close()

    def _plan(self, checkpoint: Checkpoint) -> "_Plan":
        """How to load `checkpoint`, read from its files once."""
        if checkpoint.name not in self._plans:
            path = self._catalog.locate(checkpoint.name, self._data_dir)
            with _typed():
                definite = with_dtype(checkpoint, path, self._thread.device)
                role = self._resolve(definite)
                plan = _Plan(definite, path, role, role.bytes_needed(path, definite))
            self._plans[checkpoint.name] = plan
        return self._plans[checkpoint.name]

    def _fits(self, waiter: Waiter) -> bool:
        with self._lock:
            resident = waiter.checkpoint in self._residents
            return resident or self._used() + waiter.bytes <= self._budget

    def _acquire(self, plan: "_Plan", ticket: Ticket | None) -> Resident:
        """Load on the device thread. Whoever cancels goes at once; the device follows the load."""
        future = self._thread.submit(self._ready, plan)
        try:
            while ticket is not None and not future.done() and not ticket.cancel.is_set():
                wait([future], timeout=POLL_SECONDS)
            if ticket is not None and ticket.cancel.is_set():
                raise Cancelled
            return future.result()
        except BaseException:
            future.add_done_callback(self._abandoned)
            raise

    def _abandoned(self, future: "Future[Resident]") -> None:
        if not future.cancelled() and future.exception() is None:
            self._count_release(future.result())
        self._turns.leave()

    def _end(self, resident: Resident, proxy: Proxy) -> None:
        try:
            proxy.end()
        finally:
            self._count_release(resident)
            self._turns.leave()

    def _count_release(self, resident: Resident) -> None:
        with self._lock:
            resident.leases -= 1
            resident.used(self._clock())

    def _used(self) -> int:
        return sum(resident.bytes for resident in self._residents.values())

    # --- on the device thread -----------------------------------------------------------------

    def _ready(self, plan: "_Plan") -> Resident:
        """The resident of `plan`, loaded if it is not there, with one more lease."""
        resident = self._residents.get(plan.checkpoint.name) or self._load(plan)
        with self._lock:
            resident.leases += 1
            self._residents[plan.checkpoint.name] = resident
        return resident

    def _load(self, plan: "_Plan") -> Resident:
        self._make_room(plan.checkpoint, plan.bytes)
        started = self._clock()
        model = self._load_or_relieve(plan)
        now = self._clock()
        name, role = plan.checkpoint.name, plan.checkpoint.role
        return Resident(name, role, model, model.bytes, now - started, now)

    def _load_or_relieve(self, plan: "_Plan") -> Role:
        """Load; when the device runs out of memory, drop all that can go and load once more."""
        for last in (False, True):
            try:
                with _typed():
                    return plan.role.load(plan.path, plan.checkpoint, self._thread.device)
            except (RuntimeError, MemoryError):
                pass  # out of memory, the only one that is not typed by now
            if not last:
                self._relieve()
        raise out_of_memory(self._thread.device)

    def _make_room(self, checkpoint: Checkpoint, needed: int) -> None:
        """Evict until `needed` bytes fit the budget; OutOfMemory, with nothing evicted, if not."""
        excess = self._used() + needed - self._budget
        victims = choose_victims(self._residents.values(), excess, self._clock())
        if victims is None:
            raise _over_budget(checkpoint, needed, self._budget, self._used())
        self._swaps += len(victims)
        self._drop(victims)

    def _relieve(self) -> None:
        """Out of memory: drop everything that is not leased, and what only cycles hold."""
        self._drop([r for r in self._residents.values() if not r.leases])
        gc.collect()  # a second with transformers loaded; eviction does without
        if self._thread.device.type == "cuda":
            torch.cuda.empty_cache()

    def _drop(self, residents: list[Resident]) -> None:
        for resident in residents:
            with self._lock:
                del self._residents[resident.checkpoint]
            resident.model.release()


@contextmanager
def _typed() -> Iterator[None]:
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


def _over_budget(checkpoint: Checkpoint, needed: int, budget: int, used: int) -> OutOfMemory:
    mib = 2**20
    return OutOfMemory(
        f"{checkpoint.name} 要 {needed // mib} MiB，预算是 {budget // mib} MiB，正在用的有 "
        f"{used // mib} MiB。请加大预算，或换一个小一些的配置。",
        f"{checkpoint.name} needs {needed // mib} MiB of a budget of {budget // mib} MiB with "
        f"{used // mib} MiB in use. Raise the budget or choose a smaller profile.",
    )
