"""What is on a device and who waits for it, as a snapshot for people."""

from dataclasses import dataclass

from models.eviction import Resident


@dataclass(frozen=True)
class ResidentState:
    checkpoint: str
    role: str
    bytes: int
    leased: bool
    idle_seconds: float
    load_seconds: float

    @classmethod
    def of(cls, resident: Resident, now: float) -> "ResidentState":
        return cls(
            checkpoint=resident.checkpoint,
            role=resident.role,
            bytes=resident.bytes,
            leased=bool(resident.leases),
            idle_seconds=0.0 if resident.leases else now - resident.last_release,
            load_seconds=resident.load_seconds,
        )


@dataclass(frozen=True)
class WaiterState:
    role: str
    waiting_seconds: float


@dataclass(frozen=True)
class ResidencyState:
    """A snapshot for people. `swaps` counts the checkpoints that had to go for another."""

    device: str
    budget_bytes: int
    used_bytes: int
    residents: tuple[ResidentState, ...]
    queue: tuple[WaiterState, ...]
    swaps: int
