"""Every entry of a published checkpoint: tiny, of its real class, leased and called."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.device.checkpoints import write_tiny
from benchmarks.device.sizes import sizes_of
from models.catalog import Catalog, Checkpoint, Note, Profile
from models.errors import CheckpointBroken
from models.residency import Residency
from models.roles.llm import Sampling
from models.tuning import tuned
from tests.models.conftest import CPU

ROLES = ("clip", "llm", "vlm", "t2i", "edit")
CATALOG = Catalog.bundled()
PUBLISHED = [
    CATALOG.get(name)
    for role in ROLES
    for name in CATALOG.names(role)
    if CATALOG.get(name).bundled is None
]
DRAWING = {"steps": 3, "size": 64, "max_pixels": 64 * 64}
FEWER: dict[str, dict[str, Any]] = {
    "llm": {"context_tokens": 512},
    "vlm": {"context_tokens": 512, "max_new_tokens": 6, "max_pixels": 128 * 128},
    "t2i": DRAWING,
    "edit": DRAWING,
}
PICTURE = Image.effect_noise((80, 60), 90).convert("RGB")


def fewer(checkpoint: Checkpoint) -> dict[str, Any]:
    """Defaults for a tiny checkpoint of the entry's class."""
    changes = dict(FEWER.get(checkpoint.role, {}))
    if "max_sequence_length" in checkpoint.defaults:
        changes["max_sequence_length"] = 24
    if checkpoint.name.startswith("flux2"):
        changes["text_encoder_out_layers"] = [1, 2, 3]  # of four; by default of 36
    return changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("published")


@pytest.fixture
def open_residency(folder: Path) -> Iterator[Callable[..., Residency]]:
    opened: list[Residency] = []

    def make(checkpoint: Checkpoint, quantisation: str | None = None, **options: int) -> Residency:
        weights = folder / "checkpoints" / checkpoint.stored_as
        if not weights.exists():
            write_tiny(checkpoint.name, weights)
        role = checkpoint.role
        change = {"defaults": fewer(checkpoint), "quantisation": quantisation}
        profile = Profile.model_validate(
            {
                "name": "t",
                "budget_bytes": 2**29,
                "roles": {role: checkpoint.name},
                "tuning": {role: change},
                "note": Note(zh="测试", en="test"),
            }
        )
        opened.append(
            Residency(
                tuned(CATALOG, profile),
                profile,
                device=CPU,
                budget_bytes=2**29,
                data_dir=folder,
                **options,
            )
        )
        return opened[-1]

    yield make
    for residency in opened:
        residency.close()


def use(residency: Residency, role: str) -> Any:
    """Lease the role and call it; something that can be compared."""
    with residency.lease(role) as model:
        if role == "clip":
            vectors = model.embed_images([PICTURE]) @ model.embed_texts(["一座桥", "a cat"]).T
            return np.round(vectors, 5).tolist()
        if role == "llm":
            prompt = model.render([{"role": "user", "content": "你好"}], [])
            return list(model.generate(prompt, Sampling(max_new_tokens=8)))
        if role == "vlm":
            pieces: list[str] = []
            model.answer(PICTURE, "这是什么？", on_text=pieces.append)
            return pieces
        if role == "t2i":
            return model.generate("一座桥", width=64, height=64, seed=7).tobytes()
        return model.edit(PICTURE, "改成夜晚", seed=7).tobytes()


def ids(checkpoint: Checkpoint) -> str:
    return checkpoint.name


@pytest.mark.parametrize("checkpoint", PUBLISHED, ids=ids)
def test_a_tiny_one_of_its_class_is_leased_and_does_its_work(
    checkpoint: Checkpoint, open_residency: Callable[..., Residency]
) -> None:
    residency = open_residency(checkpoint)
    first = use(residency, checkpoint.role)
    assert first
    assert use(residency, checkpoint.role) == first
    assert [r.checkpoint for r in residency.state().residents] == [checkpoint.name]


@pytest.mark.parametrize("checkpoint", PUBLISHED, ids=ids)
def test_its_sizes_are_those_of_its_real_configuration(checkpoint: Checkpoint) -> None:
    assert checkpoint.sizes == sizes_of(checkpoint)


@pytest.mark.parametrize("checkpoint", PUBLISHED, ids=ids)
def test_it_says_where_it_is_published_at_which_commit_and_under_what_licence(
    checkpoint: Checkpoint,
) -> None:
    assert checkpoint.repos.huggingface
    assert checkpoint.revision is not None
    assert len(checkpoint.revision) == 40
    assert checkpoint.licence
    assert checkpoint.languages


@pytest.mark.parametrize("scheme", ["4bit", "8bit", "fp8"])
@pytest.mark.parametrize("name", ["z-image-turbo", "flux2-klein-4b-edit", "sdxl-base", "sd-1.5"])
def test_drawing_works_packed_and_weighs_less(
    name: str, scheme: str, open_residency: Callable[..., Residency]
) -> None:
    checkpoint = CATALOG.get(name)
    whole, less = open_residency(checkpoint), open_residency(checkpoint, scheme)
    pictures = [use(residency, checkpoint.role) for residency in (whole, less)]
    assert pictures[0] != pictures[1]
    distance = np.frombuffer(pictures[0], np.uint8) - np.frombuffer(pictures[1], np.uint8).astype(
        np.int16
    )
    assert np.abs(distance).mean() < 60
    held = [residency.state().residents[0].bytes for residency in (whole, less)]
    assert held[1] < held[0]


@pytest.mark.parametrize("name", ["qwen3-8b", "qwen3-vl-4b-instruct", "z-image-turbo"])
@pytest.mark.parametrize("scheme", ["4bit", "8bit"])
def test_packed_weights_come_back_from_host_memory(
    name: str, scheme: str, open_residency: Callable[..., Residency]
) -> None:
    checkpoint = CATALOG.get(name)
    residency = open_residency(checkpoint, scheme, host_bytes=2**29)
    before = use(residency, checkpoint.role)
    residency._thread.run(residency._stock.relieve)
    assert [p.checkpoint for p in residency.state().parked] == [name]
    assert use(residency, checkpoint.role) == before


def test_a_hybrid_checkpoint_is_told_not_to_think_aloud(
    open_residency: Callable[..., Residency],
) -> None:
    messages = [{"role": "user", "content": "你好"}]
    ends = []
    for name in ("qwen3-8b", "qwen3-4b-instruct-2507"):
        with open_residency(CATALOG.get(name)).lease("llm") as llm:
            ends.append(llm.tokenizer.decode(llm.render(messages, [])))
    assert ends[0].endswith("<think>\n\n</think>\n\n")
    assert ends[1].endswith("<|im_start|>assistant\n")


def test_the_safety_checker_that_the_index_names_is_neither_loaded_nor_missed(
    folder: Path, open_residency: Callable[..., Residency]
) -> None:
    checkpoint = CATALOG.get("sd-1.5")
    residency = open_residency(checkpoint)
    index = (folder / "checkpoints" / "sd-1.5" / "model_index.json").read_text()
    assert "safety_checker" in index
    with residency.lease("t2i") as generator:
        assert generator._family.pipeline.safety_checker is None


def test_an_index_that_names_other_code_is_still_refused(
    tmp_path: Path, open_residency: Callable[..., Residency]
) -> None:
    from models.roles.t2i import ImageGenerator

    folder = write_tiny("sd-1.5", tmp_path / "sd")
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace('["diffusers", "UNet', '["stable_diffusion", "UNet'))
    with pytest.raises(CheckpointBroken):
        ImageGenerator.load(folder, CATALOG.get("sd-1.5"), CPU)
