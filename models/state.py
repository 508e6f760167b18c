"""What is on a device and who waits for it, as a snapshot for people."""

from dataclasses import dataclass

from models.eviction import Resident
from models.swaps import Swap, Way


@dataclass(frozen=True)
class ResidentState:
    checkpoint: str
    role: str
    bytes: int
    leased: bool
    idle_seconds: float
    load_seconds: float
    shared_with: tuple[str, ...] = ()  # other checkpoints that its weights serve

    @classmethod
    def of(cls, resident: Resident, now: float) -> "ResidentState":
        return cls(
            checkpoint=resident.checkpoint,
            role=resident.role,
            bytes=resident.bytes,
            leased=bool(resident.leases),
            idle_seconds=0.0 if resident.leases else now - resident.last_release,
            load_seconds=resident.load_seconds,
            shared_with=resident.shared_with,
        )


@dataclass(frozen=True)
class ParkedState:
    """Weights that wait in host memory."""

    checkpoint: str
    role: str
    bytes: int
    shared_with: tuple[str, ...] = ()

    @classmethod
    def of(cls, resident: Resident) -> "ParkedState":
        return cls(resident.checkpoint, resident.role, resident.bytes, resident.shared_with)


@dataclass(frozen=True)
class SwapState:
    """A checkpoint that came (`way` disk, host) or went (evicted, idle, relief) `ago` seconds
    ago; coming took `seconds`."""

    checkpoint: str
    way: Way
    bytes: int
    ago: float
    seconds: float

    @classmethod
    def of(cls, swap: Swap, now: float) -> "SwapState":
        return cls(swap.checkpoint, swap.way, swap.bytes, now - swap.at, swap.seconds)


@dataclass(frozen=True)
class WaiterState:
    role: str
    waiting_seconds: float


@dataclass(frozen=True)
class ResidencyState:
    """A snapshot for people. `swaps` counts the checkpoints that had to go for another; `history`
    has the latest, oldest first."""

    device: str
    budget_bytes: int
    used_bytes: int
    residents: tuple[ResidentState, ...]
    parked: tuple[ParkedState, ...]
    queue: tuple[WaiterState, ...]
    swaps: int
    history: tuple[SwapState, ...]

    @property
    def in_memory(self) -> frozenset[str]:
        """The checkpoints whose weights are on the device or wait for it."""
        held: tuple[ResidentState | ParkedState, ...] = (*self.residents, *self.parked)
        return frozenset(name for h in held for name in (h.checkpoint, *h.shared_with))
