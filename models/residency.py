"""Leases of checkpoints under the byte budget of one device.

    with residency.lease("llm", ticket) as model:
        model.generate(...)                      # runs on the device's one thread

A device is leased to one thread at a time. That thread may lease further roles inside a lease: they
load beside the first without queueing, as both could otherwise wait for each other. What is leased
stays; what is not stays too, until another checkpoint needs its bytes (models/eviction.py). Who has
to wait stands in a line (models/turns.py) and hears its position. A CPU is a device like any other:
the budget is then of RAM.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from models.catalog import Catalog, Checkpoint, Profile
from models.device import DeviceThread, Proxy
from models.dtypes import with_dtype
from models.errors import Cancelled, DuomoError, NotFound
from models.eviction import Resident
from models.idle import IdleWatch
from models.loading import Plan, typed_errors
from models.memory import memory_of
from models.peaks import Peaks
from models.roles import Degradable, Role, role_class
from models.state import ParkedState, ResidencyState, ResidentState, SwapState, WaiterState
from models.stock import Stock
from models.turns import POLL_SECONDS, Ticket, Turns
from models.waiting import Waiter

__all__ = ["Residency", "ResidencyState", "ResidentState", "Ticket", "WaiterState"]
_PEAKS = "peaks.json"


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
        host_bytes: int = 0,
        idle_seconds: float | None = None,
        resolve: Callable[[Checkpoint], type[Role]] = role_class,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`host_bytes` of RAM may hold the weights of checkpoints that had to leave the device;
        what nobody has used for `idle_seconds` leaves by itself."""
        self._catalog = catalog
        self._profile = profile
        self._data_dir = data_dir
        self._resolve = resolve
        self._clock = clock
        self._thread = DeviceThread(device)
        self._stock = Stock(
            self._thread,
            memory_of(device),
            Peaks(data_dir / _PEAKS, _device_name(device)),
            budget=budget_bytes,
            host_bytes=host_bytes,
            clock=clock,
        )
        self._plans: dict[str, Plan] = {}
        self._turns = Turns(lambda waiter: self._stock.fits(waiter.checkpoint, waiter.bytes), clock)
        self._idle = IdleWatch(idle_seconds, self._drop_idle)

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

    def weights(self, role: str) -> str:
        """A digest of what serves `role`: its entry, the device, size and time of every file.

        Raises as `checkpoint` and `Catalog.locate` do.
        """
        checkpoint = self.checkpoint(role)
        folder = self._catalog.locate(checkpoint.name, self._data_dir)
        stats = [(file.path, (folder / file.path).stat()) for file in checkpoint.files]
        files = [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]
        parts = f"{checkpoint.model_dump_json()} {files} {self._thread.device}"
        return hashlib.sha256(parts.encode()).hexdigest()

    @contextmanager
    def lease(
        self, role: str, ticket: Ticket | None = None, *, size: int = 0, patient: bool = False
    ) -> Iterator[Any]:
        """Wait for the device and yield the role object of `role`, on the device and ready.

        `size` of the coming calls, in a unit of the role's own (px, tokens, samples): calls of like
        size are given what they were measured to need. `patient`: all others go first.

        Raises Cancelled (the ticket's flag is set, or the residency closes), OutOfMemory (it can
        never fit the budget, or does not beside what this thread has leased already, or the device
        ran out), CheckpointMissing, CheckpointBroken, NotFound. Nothing is held after an error.
        """
        checkpoint = self.checkpoint(role)
        arrived = self._clock()
        plan = self._plan(checkpoint)
        waiter = Waiter(role, plan.unit, arrived, plan.bytes, patient=patient)
        self._turns.enter(waiter, ticket)
        entered = self._clock()
        resident = self._acquire(plan, size, ticket)
        model = resident.views[plan.name]
        proxy = Proxy(model, self._thread, lambda: self._reliefs(resident, plan, size))
        try:
            if ticket is not None:
                ticket.granted(entered - arrived, self._clock() - entered)
            yield proxy
        finally:
            self._end(resident, plan, size, proxy)

    def prepare(self, role: str) -> None:
        """Import what loads `role` and read what it needs, seconds of work that its first lease is
        spared. Nothing is loaded; what goes wrong is said when it is leased."""
        with suppress(DuomoError):
            self._plan(self.checkpoint(role))

    def prefetch(self, role: str) -> None:
        """`role` will be leased soon: begin to bring it here while the device goes on. Does not
        wait; what goes wrong is said when it is leased."""
        with suppress(DuomoError, RuntimeError):  # RuntimeError: the device thread has ended
            plan = self._plan(self.checkpoint(role))
            self._thread.submit(self._stock.prefetch, plan)

    def state(self) -> ResidencyState:
        waiting = self._turns.waiting()
        residents, now = self._stock.residents(), self._clock()
        return ResidencyState(
            device=str(self._thread.device),
            budget_bytes=self._stock.budget,
            used_bytes=sum(r.bytes + r.reserved for r in residents),
            residents=tuple(ResidentState.of(r, now) for r in residents),
            parked=tuple(map(ParkedState.of, self._stock.parked())),
            queue=tuple(WaiterState(w.role, now - w.arrived) for w in waiting),
            swaps=self._stock.swaps.evictions,
            history=tuple(SwapState.of(swap, now) for swap in self._stock.swaps),
        )

    def close(self) -> None:
        """Refuse new leases, cancel the waiters, wait for the lease in progress, free all."""
        self._idle.close()
        self._turns.close()
        self._thread.run(self._stock.clear)
        self._thread.close()

    def _plan(self, checkpoint: Checkpoint) -> Plan:
        """How to load `checkpoint`, read from its files once."""
        if checkpoint.name not in self._plans:
            path = self._catalog.locate(checkpoint.name, self._data_dir)
            with typed_errors():
                definite = with_dtype(checkpoint, path, self._thread.device)
                role = self._resolve(definite)
                plan = Plan(definite, path, role, role.bytes_needed(path, definite))
            self._plans[checkpoint.name] = plan
        return self._plans[checkpoint.name]

    def _acquire(self, plan: Plan, size: int, ticket: Ticket | None) -> Resident:
        """Load on the device thread. Whoever cancels goes at once; the device follows the load."""
        future = self._thread.submit(self._stock.take, plan, size)
        try:
            while ticket is not None and not future.done() and not ticket.cancel.is_set():
                wait([future], timeout=POLL_SECONDS)
            if ticket is not None and ticket.cancel.is_set():
                raise Cancelled
            return future.result()
        except BaseException:
            future.add_done_callback(lambda done: self._abandoned(done, plan, size))
            raise

    def _abandoned(self, future: "Future[Resident]", plan: Plan, size: int) -> None:
        if not future.cancelled() and future.exception() is None:
            self._thread.run(self._stock.give_back, future.result(), plan, size)
        self._turns.leave()

    def _end(self, resident: Resident, plan: Plan, size: int, proxy: Proxy) -> None:
        try:
            proxy.end()
        finally:
            self._thread.run(self._stock.give_back, resident, plan, size)
            self._turns.leave()

    def _reliefs(self, resident: Resident, plan: Plan, size: int) -> Iterator[bool]:
        """What can be done when a call runs out of memory, mildest first; on the device thread."""
        self._stock.ran_out(resident, plan, size)
        self._stock.relieve()
        yield True
        model = resident.views[plan.name]
        while isinstance(model, Degradable) and model.degrade():
            self._stock.relieve()
            yield True

    def _drop_idle(self, seconds: float) -> None:
        self._thread.run(self._stock.drop_idle, seconds)


def _device_name(device: torch.device) -> str:
    """Under which measurements are kept: they hold for one kind of card."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
