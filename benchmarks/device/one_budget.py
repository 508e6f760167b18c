"""Ten steps through every role on one card, under a hard cap: peaks, swaps and decoding.

    python -m benchmarks.device.one_budget --profile 16gb [--offload] [--json FILE]

Every checkpoint of the profile stands there in its real size with random weights, so times and
bytes are right and what comes out means nothing; speech is the starters'. The card is capped to
the profile's own size by torch, so that a plan that does not hold shows as a shortage. Figures come
with their physical limit from the same run: copies against a plain pinned copy of a gigabyte,
decoding against reading all weights once a token and against transformers' own `generate`.
`--offload` runs the same script by accelerate's hooks in place of the budget, as the peer. `--tiny`
tries the script itself, on any device.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks import ten_steps
from benchmarks.device.checkpoints import write_full, write_tiny
from benchmarks.device.offload_hooks import OffloadHooks
from models.catalog import Catalog, Checkpoint, Profile, RoleName, load_profiles
from models.denoising.defaults import DrawingDefaults
from models.residency import Residency
from models.roles.llm import Sampling
from models.tuning import tuned

GB, GIB = 10**9, 2**30
_WRITTEN: tuple[RoleName, ...] = ("llm", "clip", "vlm", "t2i", "edit")
_STARTERS = {"tts": "starter-tts", "asr": "starter-asr"}
_HEADROOM = 1.07  # of a card that the profile's budget leaves to driver, screen and libraries
_PASSES = 2  # the first one reads from disk
_NEW_TOKENS = 128
_TINY_SIDE = 64  # px


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="16gb", choices=sorted(set(load_profiles())))
    parser.add_argument("--folder", type=Path, help="where weights are written; else temporary")
    parser.add_argument("--offload", action="store_true", help="by the peer's hooks")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, no cap")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type != "cuda" and not options.tiny:
        raise SystemExit("no CUDA device here; --tiny tries the script")
    with _folder(options.folder) as folder:
        report = measure(options.profile, folder, device, tiny=options.tiny, peer=options.offload)
    name = torch.cuda.get_device_name() if device.type == "cuda" else device.type
    print(f"{name}, torch {version('torch')}, diffusers {version('diffusers')}, {options.profile}")
    for figure, value in report.items():
        print(f"{figure:28} {value:12.3f}")
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def measure(
    name: str, folder: Path, device: torch.device, *, tiny: bool, peer: bool
) -> dict[str, float]:
    """Figures by name: seconds, GiB, GB/s, tokens/s."""
    profile = _measured_profile(load_profiles()[name])
    catalog = _with_any_files(tuned(Catalog.bundled(), profile))
    catalog = _shallow(catalog) if tiny else catalog
    _write(profile, catalog, folder, device, tiny=tiny)
    if device.type == "cuda" and not tiny:
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(_HEADROOM * profile.budget_bytes / total)
    if peer:
        return _offloaded(catalog, profile, folder, device)
    budget = profile.budget_bytes
    residency = Residency(
        catalog, profile, device=device, budget_bytes=budget, data_dir=folder, host_bytes=96 * GIB
    )
    try:
        side = DrawingDefaults.of(residency.checkpoint("t2i")).size
        return {**_script(residency, device, side), **_decoding(residency, device)}
    finally:
        residency.close()


def _script(residency: Residency, device: torch.device, side: int) -> dict[str, float]:
    before = 0
    for number in range(_PASSES):
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        if number:
            before = len(residency.state().history)
        taken = list(ten_steps.run(residency, ten_steps.new_desk(side=side)))
    swaps = [s for s in residency.state().history[before:] if s.way == "host"]
    figures = {f"{step.name} load_s": step.load for step in taken}
    figures |= {f"{step.name} work_s": step.work for step in taken}
    figures["script_s"] = sum(step.load + step.work for step in taken)
    figures["budget_gib"] = residency.state().budget_bytes / GIB
    if device.type == "cuda":
        figures["peak_gib"] = torch.cuda.max_memory_allocated(device) / GIB
        figures["copy_limit_gb_s"] = _copy_rate(device)
        rates = [swap.bytes / swap.seconds / GB for swap in swaps if swap.seconds]
        figures["swap_gb_s"] = median(rates) if rates else 0.0
    return figures


def _decoding(residency: Residency, device: torch.device) -> dict[str, float]:
    """Tokens a second, the peer's and their limit; the first token of a long prompt without and
    with reuse."""
    with residency.lease("llm") as llm:
        length = min(4096, llm.context_tokens - 4 * _NEW_TOKENS)
        prompt = [n % llm.vocabulary_size for n in range(length)]
        _answer(llm, prompt[:64])  # records the pass, where a card does
        cold = _answer(llm, prompt)
        warm = _answer(llm, [*prompt, *prompt[:64]])
        plain = _plain_rate(llm, prompt)
        weights = sum(p.nbytes for module in llm.modules() for p in module.parameters())
    figures = {
        "decode_tok_s": cold.new_tokens / (cold.seconds - (cold.seconds_to_first or 0.0)),
        "decode_generate_tok_s": plain,
        "first_token_s": cold.seconds_to_first or 0.0,
        "first_token_reused_s": warm.seconds_to_first or 0.0,
    }
    if device.type == "cuda":
        figures["decode_limit_tok_s"] = _read_rate(device) * GB / weights
    return figures


def _answer(llm: Any, prompt: list[int]) -> Any:
    for _ in llm.generate(prompt, Sampling(max_new_tokens=_NEW_TOKENS, temperature=1.0, seed=0)):
        pass
    return llm.last


def _plain_rate(llm: Any, prompt: list[int]) -> float:
    """Tokens a second of transformers' own eager `generate`, sampling as ours does."""
    (model,) = llm.modules()
    ids = torch.tensor([prompt], device=model.device)
    seconds = []
    for count in (1, 1 + _NEW_TOKENS):
        started = time.perf_counter()
        model.generate(ids, do_sample=True, min_new_tokens=count, max_new_tokens=count)
        seconds.append(time.perf_counter() - started)
    return _NEW_TOKENS / (seconds[1] - seconds[0])


def _copy_rate(device: torch.device) -> float:
    """GB a second of a plain copy from pinned memory."""
    source = torch.empty(GIB, dtype=torch.uint8, pin_memory=True)
    return _rate(lambda: source.to(device, non_blocking=True))


def _read_rate(device: torch.device) -> float:
    """GB a second read from the card's own memory: a copy reads and writes each byte."""
    source = torch.empty(GIB, dtype=torch.uint8, device=device)
    return 2 * _rate(source.clone)


def _rate(copy: Any) -> float:
    seconds = []
    for _ in range(5):
        torch.cuda.synchronize()
        started = time.perf_counter()
        copied = copy()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
        del copied
    return GIB / GB / median(seconds)


def _offloaded(
    catalog: Catalog, profile: Profile, folder: Path, device: torch.device
) -> dict[str, float]:
    """The same script by the peer's hooks."""
    hooks = OffloadHooks(catalog, profile, device, folder)
    try:
        side = DrawingDefaults.of(catalog.get(profile.roles["t2i"])).size
        for _ in range(_PASSES):
            taken = list(ten_steps.run(hooks, ten_steps.new_desk(side=side)))
    finally:
        hooks.close()
    figures = {f"{step.name} offloaded_s": step.load + step.work for step in taken}
    return figures | {"script offloaded_s": sum(figures.values())}


def _measured_profile(profile: Profile) -> Profile:
    roles = {role: profile.roles[role] for role in profile.roles if role in _WRITTEN}
    tuning = {role: profile.tuning[role] for role in profile.tuning if role in roles}
    return profile.model_copy(update={"roles": {**roles, **_STARTERS}, "tuning": tuning})


def _with_any_files(catalog: Catalog) -> Catalog:
    """The bundled entries, but whatever files are written count as whole."""
    entries = (catalog.get(name) for name in catalog.names())
    return Catalog(e if e.bundled else e.model_copy(update={"files": ()}) for e in entries)


def _shallow(catalog: Catalog) -> Catalog:
    """Small pictures in two steps, and the layers that tiny text encoders have: four, not 36."""
    return Catalog(_small(catalog.get(name)) for name in catalog.names())


def _small(checkpoint: Checkpoint) -> Checkpoint:
    if checkpoint.role not in ("t2i", "edit"):
        return checkpoint
    change: dict[str, Any] = {"size": _TINY_SIDE, "max_pixels": _TINY_SIDE**2, "steps": 2}
    if "klein" in checkpoint.name:
        change["text_encoder_out_layers"] = [1, 2, 3]
    return checkpoint.model_copy(update={"defaults": {**checkpoint.defaults, **change}})


def _write(
    profile: Profile, catalog: Catalog, folder: Path, device: torch.device, *, tiny: bool
) -> None:
    """Those of the profile that are not there yet."""
    for role in _WRITTEN:
        entry = catalog.get(profile.roles[role])
        place = folder / "checkpoints" / entry.stored_as
        if not place.exists():
            print(f"writing {entry.stored_as}", flush=True)
            if tiny:
                write_tiny(entry.stored_as, place)
            else:
                write_full(entry.stored_as, place, device=device)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(dir=roomy()) as made:
        yield Path(made)


def roomy() -> Path | None:
    """Memory where there is some: tens of GB are written, and read once."""
    shared = Path("/dev/shm")  # noqa: S108
    return shared if shared.is_dir() else None


if __name__ == "__main__":
    main()
