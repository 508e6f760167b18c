"""What measures a card, tried without one."""

import time
from pathlib import Path

import pytest
import torch

from benchmarks.device.__main__ import _parts, _run, _tidy
from benchmarks.device.checkpoints import write_tiny
from benchmarks.device.offload_hooks import OffloadHooks
from models.catalog import Catalog, Note, Profile
from models.residency import Residency
from models.roles.llm import Sampling

SIDE = 64
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, Profile, Path]:
    folder = tmp_path_factory.mktemp("peer")
    names = {"llm": "qwen3-0.6b", "t2i": "z-image-turbo"}
    small = {"size": SIDE, "max_pixels": SIDE**2, "steps": 2, "max_sequence_length": 24}
    entries = []
    for name in names.values():
        write_tiny(name, folder / "checkpoints" / name)
        entry = Catalog.bundled().get(name)
        defaults = {**entry.defaults, **small} if entry.role == "t2i" else {"context_tokens": 512}
        change = {"files": (), "dtype": "float32", "defaults": defaults}
        entries.append(entry.model_copy(update=change))
    profile = Profile(name="peer", budget_bytes=2**30, roles=names, note=Note(zh="对手", en="peer"))
    return Catalog(entries), profile, folder


def test_the_peers_leases_give_what_the_products_give(
    shelf: tuple[Catalog, Profile, Path],
) -> None:
    catalog, profile, folder = shelf
    ours = Residency(catalog, profile, device=CPU, budget_bytes=2**30, data_dir=folder)
    theirs = OffloadHooks(catalog, profile, CPU, folder)
    said = []
    for place in (ours, theirs):
        with place.lease("llm", size=0) as llm:
            prompt = llm.render([{"role": "user", "content": "你好"}], [])
            tokens = list(llm.generate(prompt, Sampling(max_new_tokens=4)))
        with place.lease("t2i", size=SIDE**2) as generator:
            drawn = generator.generate("一座桥", width=SIDE, height=SIDE, seed=1).tobytes()
        said.append((tokens, drawn))
    assert said[0] == said[1]
    ours.close()
    theirs.close()


def test_each_checkpoint_sends_the_one_before_down(shelf: tuple[Catalog, Profile, Path]) -> None:
    catalog, profile, folder = shelf
    hooks = OffloadHooks(catalog, profile, CPU, folder)
    chains = []
    for role in ("llm", "t2i", "llm"):
        with hooks.lease(role, size=0):
            chains.append([(h.hook.prev_module_hook, h) for h in hooks._hooks[role]])
    (llm,) = hooks._hooks["llm"]
    text, transformer, vae = hooks._hooks["t2i"]
    assert chains[1] == [(llm, text), (text, transformer), (transformer, vae)]
    assert chains[2] == [(vae, llm)]
    hooks.close()


def test_a_part_tells_its_figures_and_how_it_ended(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    written = f"open({str(figures)!r}, 'w').write('[1]')"
    done = _run(["timeit", "-n1", "-r1", written], figures, time.monotonic() + 100)
    assert done["ended"] == "well"
    assert done["figures"] == [1]
    failed = _run(["no_such_module_here"], figures, time.monotonic() + 100)
    assert failed["ended"] == "exit status 1"
    assert "figures" not in failed
    assert _run(["timeit"], figures, time.monotonic() + 1) == {"ended": "no time left"}


def test_only_what_the_next_profile_needs_stays_on_the_disk(tmp_path: Path) -> None:
    for name in ("qwen3-8b", "z-image-turbo"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
    _tidy(tmp_path, "tests")
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
    _tidy(tmp_path, "12gb")
    assert [place.name for place in (tmp_path / "checkpoints").iterdir()] == ["z-image-turbo"]


def test_the_first_profile_is_measured_by_the_peers_hooks_too(tmp_path: Path) -> None:
    names = [name for name, _ in _parts(["16gb", "8gb"], tmp_path, tiny=True)]
    assert names == ["tests", "16gb", "16gb by hooks", "8gb"]
