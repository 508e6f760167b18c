"""What of a profile stays on the device together, what takes turns, and what never fits.

Read from catalogue entries alone where they have sizes: no weights need be on this disk. Entries
without, as the bundled ones are, are measured by their files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models.catalog import (
    BUNDLED_CONFIGS,
    Catalog,
    Checkpoint,
    Profile,
    RoleName,
    Sizes,
    checkpoint_folder,
)
from models.dtypes import CPU_BFLOAT16_FROM_BYTES, cpu_computes_bfloat16
from models.errors import OutOfMemory
from models.roles import role_class
from models.weights import tensor_bytes, weight_files

CARD_BYTES_PER_SECOND = 12_000_000_000  # pinned memory over PCIe 3.0 x16 or 4.0 x8, as cards reach
DISK_BYTES_PER_SECOND = 2_000_000_000  # an NVMe drive; without a card, weights come from there
# Every turn talks, most search or look at what was found; of the others the small ones stay.
_STAY_FIRST = {"llm": 0, "clip": 1, "vlm": 2}
_FORMATS = {2: "16bit", 4: "32bit"}


@dataclass(frozen=True)
class Need:
    """Bytes of one role on the device: `weights` exact, `cache` of keys and values for the whole
    context, `activations` beside them at the peak of a call, estimated."""

    role: RoleName
    checkpoint: str
    number_format: str
    weights: int
    cache: int
    activations: int

    @property
    def bytes(self) -> int:
        return self.weights + self.cache + self.activations


@dataclass(frozen=True)
class Turn:
    """A role that does not stay: `displaces` has to go for it, and comes back afterwards."""

    role: RoleName
    displaces: tuple[RoleName, ...]
    seconds_in: float
    seconds_back: float


@dataclass(frozen=True)
class Plan:
    profile: str
    device: str
    budget_bytes: int
    bytes_per_second: int
    needs: tuple[Need, ...]
    together: tuple[RoleName, ...]
    turns: tuple[Turn, ...]


def plan(
    profile: Profile, catalog: Catalog, data_dir: Path, bytes_per_second: int | None = None
) -> Plan:
    """How `profile` would use its device, copying at `bytes_per_second`.

    The language model, which every turn needs, stays first, then whatever else fits, the smallest
    first. Raises OutOfMemory (a checkpoint alone is larger than the budget) and CheckpointMissing
    (an entry has no sizes, and no files here).
    """
    card = CARD_BYTES_PER_SECOND if profile.device == "cuda" else DISK_BYTES_PER_SECOND
    rate = bytes_per_second or card
    needs = tuple(
        _need(role, catalog.get(name), profile, catalog, data_dir)
        for role, name in profile.roles.items()
    )
    if too_large := [need for need in needs if need.bytes > profile.budget_bytes]:
        raise _never_fits(profile, too_large)
    together = _staying(needs, profile.budget_bytes)
    turns = [
        _turn(need, together, profile.budget_bytes, rate) for need in needs if need not in together
    ]
    return Plan(
        profile.name,
        profile.device,
        profile.budget_bytes,
        rate,
        needs,
        tuple(need.role for need in together),
        tuple(turns),
    )


def _staying(needs: Iterable[Need], budget: int) -> list[Need]:
    staying: list[Need] = []
    for need in sorted(needs, key=lambda need: (_STAY_FIRST.get(need.role, 9), need.bytes)):
        if sum(held.bytes for held in staying) + need.bytes <= budget:
            staying.append(need)
    return staying


def _turn(need: Need, together: list[Need], budget: int, rate: int) -> Turn:
    """The largest go first, as few as need be."""
    excess = sum(held.bytes for held in together) + need.bytes - budget
    going: list[Need] = []
    for held in sorted(together, key=lambda held: held.bytes, reverse=True):
        if excess > 0:
            going.append(held)
            excess -= held.bytes
    for held in reversed(going):  # who is not needed after all
        if held.bytes <= -excess:
            going.remove(held)
            excess += held.bytes
    back = sum(held.weights for held in going)
    return Turn(need.role, tuple(held.role for held in going), need.weights / rate, back / rate)


def _need(
    role: RoleName, checkpoint: Checkpoint, profile: Profile, catalog: Catalog, data_dir: Path
) -> Need:
    if checkpoint.sizes is None and checkpoint.least_device_bytes is None:
        return _measured(role, checkpoint, catalog.locate(checkpoint.name, data_dir))
    if checkpoint.sizes is None:
        return _stated(role, checkpoint, profile)
    sizes, item = checkpoint.sizes, _item_bytes(checkpoint, checkpoint.sizes, profile)
    return Need(
        role,
        checkpoint.name,
        checkpoint.quantisation or _FORMATS[item],
        _weights(checkpoint, sizes, item),
        sizes.cache_values * _cached_tokens(checkpoint) * item,
        _activations(checkpoint, sizes, item, checkpoint_folder(checkpoint, data_dir)),
    )


def _stated(role: RoleName, checkpoint: Checkpoint, profile: Profile) -> Need:
    """By what its entry says that it needs: in its own format, or in 16 bits where that is open."""
    assert checkpoint.least_device_bytes is not None
    is_wide = checkpoint.dtype == "float32" or profile.device == "cpu"
    doubled = 2 if checkpoint.dtype == "auto" and is_wide else 1
    name = _FORMATS[4 if is_wide else 2]
    return Need(role, checkpoint.name, name, doubled * checkpoint.least_device_bytes, 0, 0)


def _item_bytes(checkpoint: Checkpoint, sizes: Sizes, profile: Profile) -> int:
    """Bytes of an element in the format that models/dtypes.py will choose."""
    if checkpoint.dtype != "auto":
        return 4 if checkpoint.dtype == "float32" else 2
    if profile.device == "cuda":
        return 2
    return 2 if cpu_computes_bfloat16() and 4 * sizes.parameters >= CPU_BFLOAT16_FROM_BYTES else 4


def _weights(checkpoint: Checkpoint, sizes: Sizes, item: int) -> int:
    if checkpoint.quantisation is None:
        return sizes.parameters * item
    packed = sizes.packed[checkpoint.quantisation]
    return (sizes.parameters - packed.parameters) * item + packed.bytes


def _cached_tokens(checkpoint: Checkpoint) -> int:
    context = checkpoint.default_int("context_tokens", 0)
    return max(context, checkpoint.default_int("cached_tokens", 0))


def _activations(checkpoint: Checkpoint, sizes: Sizes, item: int, folder: Path) -> int:
    if checkpoint.role not in {"t2i", "edit"}:
        return sizes.activations * item
    from models.denoising.defaults import DrawingDefaults
    from models.denoising.memory import call_bytes

    known = BUNDLED_CONFIGS / checkpoint.stored_as
    where, pictures = known if known.is_dir() else folder, 2 if checkpoint.role == "edit" else 1
    return call_bytes(where, DrawingDefaults.of(checkpoint), item, pictures=pictures)


def _measured(role: RoleName, checkpoint: Checkpoint, path: Path) -> Need:
    """By its files; what a role adds to its weights counts as activations."""
    import torch

    from models.dtypes import torch_dtype, with_dtype

    definite = with_dtype(checkpoint, path, torch.device("cpu"))
    total = role_class(definite).bytes_needed(path, definite)
    inside = checkpoint.bundled != "wheel" and weight_files(path)
    weights = tensor_bytes(path, torch_dtype(definite)) if inside else total
    return Need(role, checkpoint.name, definite.dtype, weights, 0, total - weights)


def _never_fits(profile: Profile, needs: list[Need]) -> OutOfMemory:
    budget = _gib(profile.budget_bytes)
    zh = "；".join(_why_zh(need) for need in needs)
    en = "; ".join(_why_en(need) for need in needs)
    return OutOfMemory(
        f"配置 {profile.name} 的预算是 {budget}，有模型单独也放不下。{zh}。"
        "请用更少位数的量化、更短的上下文，或换小一些的模型。",
        f"Profile {profile.name} has a budget of {budget}, too little for a checkpoint alone. "
        f"{en}. Quantise to fewer bits, shorten the context, or choose a smaller checkpoint.",
    )


def _why_zh(need: Need) -> str:
    return (
        f"{need.checkpoint}（{need.number_format}）要 {_gib(need.bytes)}："
        f"权重 {_gib(need.weights)}、上下文 {_gib(need.cache)}、计算 {_gib(need.activations)}"
    )


def _why_en(need: Need) -> str:
    return (
        f"{need.checkpoint} ({need.number_format}) needs {_gib(need.bytes)}: {_gib(need.weights)} "
        f"of weights, {_gib(need.cache)} of context, {_gib(need.activations)} to compute"
    )


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
