"""What is on the device and what waits in host memory: loading, making room, giving back.

Runs on the device's one thread, apart from what is marked. A checkpoint whose role is Movable and
that fits the host's share leaves its weights there (models/masters.py) when it has to go, and comes
back by one copy; any other is released and read from disk again.
"""

import gc
import threading
from collections.abc import Callable, Iterable

import torch

from models.device import DeviceThread, out_of_memory
from models.errors import OutOfMemory
from models.eviction import Resident, choose_victims
from models.loading import Plan, read_ahead, typed_errors
from models.masters import HostMaster
from models.memory import DeviceMemory
from models.peaks import Peaks
from models.roles import Movable, Role
from models.swaps import Swap, SwapHistory, Way


class Stock:
    """The residents of one device, within `budget` bytes there and `host_bytes` of masters here."""

    def __init__(
        self,
        thread: DeviceThread,
        memory: DeviceMemory,
        peaks: Peaks,
        *,
        budget: int,
        host_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self.budget, self.host_bytes = budget, host_bytes
        self.swaps = SwapHistory()
        self._thread, self._memory, self._peaks = thread, memory, peaks
        self._clock = clock
        self._lock = threading.Lock()  # guards the two below for readers on other threads
        self._residents: dict[str, Resident] = {}
        self._parked: dict[str, Resident] = {}
        cuda = thread.device.type == "cuda"
        self._copies = torch.cuda.Stream(thread.device) if cuda else None  # type: ignore[no-untyped-call]

    # Any thread

    def fits(self, unit: str, needed: int) -> bool:
        """Whether a checkpoint is there, or could come without another having to go."""
        with self._lock:
            return unit in self._residents or self._used() + needed <= self.budget

    def residents(self) -> tuple[Resident, ...]:
        with self._lock:
            return tuple(self._residents.values())

    def parked(self) -> tuple[Resident, ...]:
        with self._lock:
            return tuple(self._parked.values())

    # The device's thread

    def take(self, plan: Plan, size: int) -> Resident:
        """The resident of `plan`, brought there if it is not, with one more lease on it.

        `size` of the call, in the role's own unit, says how much it has been seen to need beside
        what is computed. Raises OutOfMemory, CheckpointBroken; nothing is evicted in vain.
        """
        extra = self._peaks.beyond(plan.name, size)
        resident = self._residents.get(plan.unit)
        if resident is None:
            self._make_room(plan, plan.bytes, extra)
            resident = self._bring(plan)
        else:
            with resident.leasing():  # it may not be its own victim
                self._make_room(plan, max(0, plan.bytes - resident.bytes), extra)
        if resident.master is not None:
            resident.master.settle()
        if plan.name not in resident.views:
            view = resident.model.viewed_as(plan.role, plan.checkpoint, plan.path)
            resident.views[plan.name] = view
        with self._lock:
            resident.leases += 1
            resident.bytes = max(resident.bytes, plan.bytes)
            resident.reserved = max(resident.reserved, extra)
            self._residents[plan.unit] = resident
        self._memory.watch()
        return resident

    def give_back(self, resident: Resident, plan: Plan, size: int) -> None:
        """End a lease, and remember what it took beyond the plan."""
        peak = self._memory.peak()
        with self._lock:
            planned = self._used() - resident.reserved
            resident.leases -= 1
            if not resident.leases:
                resident.reserved = 0
            resident.used(self._clock())
        if peak is not None:
            self._peaks.saw(plan.name, size, peak - planned)

    def prefetch(self, plan: Plan) -> None:
        """Begin to bring a checkpoint here, if it can be done without waiting."""
        if plan.unit in self._residents:
            return
        if plan.unit not in self._parked:
            read_ahead(plan)
            return
        victims = self._victims(plan.bytes)
        if victims is not None:
            self._remove(victims, "evicted")
            resident = self._copied_up(plan.unit, self._copies)
            with self._lock:
                self._residents[plan.unit] = resident

    def relieve(self) -> None:
        """Out of memory: drop everything that is not leased, and what only cycles hold."""
        self._remove([r for r in self._residents.values() if not r.leases], "relief")
        gc.collect()  # a second with transformers loaded; eviction does without
        self._memory.give_back()

    def ran_out(self, resident: Resident, plan: Plan, size: int) -> None:
        """A call of `size` ran out of memory: plan with more the next time."""
        self._peaks.ran_out(plan.name, size, resident.bytes + resident.reserved)

    def drop_idle(self, seconds: float) -> None:
        """Take off what nobody has leased for as long."""
        now = self._clock()
        idle = [r for r in self._residents.values() if not r.leases]
        self._remove([r for r in idle if now - r.last_release >= seconds], "idle")

    def clear(self) -> None:
        for resident in [*self._residents.values(), *self._parked.values()]:
            self._release(resident)
        with self._lock:
            self._residents.clear()
            self._parked.clear()

    # Coming

    def _bring(self, plan: Plan) -> Resident:
        """From host memory or from disk; when memory runs out, once more with nothing beside."""
        for last in (False, True):
            try:
                if plan.unit in self._parked:
                    return self._copied_up(plan.unit, None)
                return self._loaded(plan)
            except (RuntimeError, MemoryError):
                pass  # out of memory, the only one that is not typed by now
            if not last:
                self.relieve()
        raise out_of_memory(self._thread.device)

    def _copied_up(self, unit: str, stream: "torch.cuda.Stream | None") -> Resident:
        resident, started = self._parked[unit], self._clock()
        assert resident.master is not None
        resident.master.up(self._thread.device, stream)
        with self._lock:
            del self._parked[unit]
        self._arrived(resident, "host", started)
        return resident

    def _loaded(self, plan: Plan) -> Resident:
        started = self._clock()
        host = self._has_host_room(plan)
        with typed_errors():
            device = torch.device("cpu") if host else self._thread.device
            model = plan.role.load(plan.path, plan.checkpoint, device)
            master = self._mastered(model) if host else None
        role = plan.checkpoint.role
        resident = Resident(plan.unit, plan.name, role, model, model.bytes, master)
        resident.views[plan.name] = model
        self._arrived(resident, "disk", started)
        return resident

    def _mastered(self, model: Role) -> HostMaster:
        """Its weights in host memory, and on the device."""
        assert isinstance(model, Movable)
        master = HostMaster(model.modules(), pin=self._thread.device.type == "cuda")
        try:
            master.up(self._thread.device)
        except (RuntimeError, MemoryError):
            master.close()
            raise
        return master

    def _has_host_room(self, plan: Plan) -> bool:
        """Whether a master of it may be kept; those of least worth that wait make room for it."""
        if not issubclass(plan.role, Movable) or plan.bytes > self.host_bytes:
            return False
        held = [*self._residents.values(), *self._parked.values()]
        excess = sum(r.bytes for r in held if r.master) + plan.bytes - self.host_bytes
        given_up = choose_victims(self._parked.values(), excess, self._clock())
        for resident in given_up or ():
            with self._lock:
                del self._parked[resident.unit]
            self._release(resident)
        return given_up is not None

    def _arrived(self, resident: Resident, way: Way, started: float) -> None:
        now = self._clock()
        resident.arrived(now, now - started)
        self.swaps.add(Swap(resident.checkpoint, way, resident.bytes, now, now - started))

    # Going

    def _make_room(self, plan: Plan, needed: int, extra: int) -> None:
        """Evict until `needed` bytes fit, and `extra` too where that can be had; OutOfMemory, with
        nothing evicted, if not even the needed ones do."""
        victims = self._victims(needed + extra)
        if victims is None:
            victims = self._victims(needed)
        if victims is None:
            raise _over_budget(plan.name, needed, self.budget, self._used())
        self._remove(victims, "evicted")

    def _victims(self, needed: int) -> list[Resident] | None:
        excess = self._used() + needed - self.budget
        return choose_victims(self._residents.values(), excess, self._clock())

    def _remove(self, residents: Iterable[Resident], way: Way) -> None:
        gone = list(residents)
        for resident in gone:
            with self._lock:
                del self._residents[resident.unit]
            self.swaps.add(Swap(resident.checkpoint, way, resident.bytes, self._clock()))
            self._put_away(resident)
        if gone:
            self._memory.give_back()

    def _put_away(self, resident: Resident) -> None:
        if resident.master is None:
            self._release(resident)
            return
        resident.master.down()
        for view in resident.views.values():
            view.park()
        with self._lock:
            self._parked[resident.unit] = resident

    def _release(self, resident: Resident) -> None:
        if resident.master is not None:
            resident.master.close()
        for view in resident.views.values():
            view.release()

    def _used(self) -> int:
        return sum(r.bytes + r.reserved for r in self._residents.values())


def _over_budget(name: str, needed: int, budget: int, used: int) -> OutOfMemory:
    mib = 2**20
    return OutOfMemory(
        f"{name} 要 {needed // mib} MiB，预算是 {budget // mib} MiB，正在用的有 "
        f"{used // mib} MiB。请加大预算，或换一个小一些的配置。",
        f"{name} needs {needed // mib} MiB of a budget of {budget // mib} MiB with "
        f"{used // mib} MiB in use. Raise the budget or choose a smaller profile.",
    )
