"""Pipelines of diffusers: tiny ones of the real classes."""

from collections.abc import Callable
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from models.catalog import Checkpoint
from models.denoising.memory import FIXED_BYTES
from models.denoising.schedule import estimate_clean, noised
from models.dtypes import with_dtype
from models.errors import Cancelled, CatalogError, CheckpointBroken
from models.roles.diffusion import PREVIEW_SIDE, Step
from models.roles.edit import ImageEditor, working_size
from models.roles.t2i import ImageGenerator
from models.weights import tensor_bytes
from tests.fixtures import tiny_drawing
from tests.models.conftest import CPU, entry

DEFAULTS = {
    "steps": 4,
    "guidance": 3.0,
    "size": 64,
    "max_pixels": 128 * 128,
    "max_sequence_length": 24,
    "text_encoder_out_layers": [1, 2],
}


def entry_of(role: str, kind: str, **defaults: object) -> Checkpoint:
    return entry(
        f"tiny-{role}", role, f"models.roles.{role}:{kind}", defaults={**DEFAULTS, **defaults}
    )


T2I = entry_of("t2i", "ImageGenerator")
EDIT = entry_of("edit", "ImageEditor")


@pytest.fixture(scope="module")
def klein(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_drawing.write_flux2_klein(tmp_path_factory.mktemp("klein"))


@pytest.fixture(scope="module")
def z_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_drawing.write_z_image(tmp_path_factory.mktemp("z-image"))


@pytest.fixture(scope="module")
def generator(klein: Path) -> ImageGenerator:
    return ImageGenerator.load(klein, T2I, CPU)


@pytest.fixture(scope="module")
def editor(klein: Path) -> ImageEditor:
    return ImageEditor.load(klein, EDIT, CPU)


@pytest.fixture(scope="module", params=["klein", "z_image"])
def either(request: pytest.FixtureRequest) -> ImageGenerator:
    checkpoint = (
        T2I
        if request.param == "klein"
        else entry_of("t2i", "ImageGenerator", text_encoder_out_layers=None)
    )
    return ImageGenerator.load(request.getfixturevalue(request.param), checkpoint, CPU)


def draw(generator: ImageGenerator, prompt: str = "一座桥", **more: object) -> Image.Image:
    given = {"width": 64, "height": 48, "seed": 7, **more}
    return generator.generate(prompt, **given)  # type: ignore[arg-type]


def noise_picture(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 255, (height, width, 3), np.uint8))


def test_a_seed_is_a_picture(either: ImageGenerator) -> None:
    first = draw(either)
    assert first.size == (64, 48)
    assert first.mode == "RGB"
    assert draw(either).tobytes() == first.tobytes()
    assert draw(either, seed=8).tobytes() != first.tobytes()
    assert draw(either, "三只鸟").tobytes() != first.tobytes()


def test_what_comes_out_is_what_the_stock_pipeline_draws(
    generator: ImageGenerator, klein: Path
) -> None:
    pipeline = diffusers.Flux2KleinPipeline.from_pretrained(klein, local_files_only=True)
    stock = pipeline(
        prompt="一座桥",
        width=64,
        height=48,
        num_inference_steps=4,
        guidance_scale=3.0,
        max_sequence_length=24,
        text_encoder_out_layers=(1, 2),
        latents=torch.randn((1, 16, 12, 16), generator=torch.Generator().manual_seed(7)),
    ).images[0]
    assert draw(generator).tobytes() == stock.tobytes()


def test_words_guide_down_to_a_noise_level_in_every_call(klein: Path) -> None:
    checkpoint = entry_of("t2i", "ImageGenerator", guidance_until=0.9)
    generator = ImageGenerator.load(klein, checkpoint, CPU)
    seen: list[float] = []
    transformer = generator.modules()[-1]
    assert type(transformer).__name__ == "Flux2Transformer2DModel"
    transformer.register_forward_pre_hook(
        lambda _, __, given: seen.append(given["timestep"].item()), with_kwargs=True
    )
    pictures = [draw(generator).tobytes() for _ in range(2)]
    levels = sorted(set(seen), reverse=True)
    assert [seen.count(level) // 2 for level in levels] == [1 + (level >= 0.9) for level in levels]
    assert 0 < sum(level < 0.9 for level in levels) < len(levels) == 4
    assert pictures[0] == pictures[1]


def test_every_step_is_told_and_its_preview_closes_in_on_the_picture(
    either: ImageGenerator,
) -> None:
    steps: list[tuple[int, int]] = []
    previews: list[Image.Image] = []

    def watch(step: Step) -> None:
        steps.append((step.number, step.total))
        previews.append(step.preview())

    picture = draw(either, on_step=watch)
    assert steps == [(n, 4) for n in range(1, 5)]
    assert previews[-1].tobytes() == picture.tobytes()
    assert previews[0].size == picture.size
    assert previews[0].tobytes() != picture.tobytes()


def test_previews_change_nothing(generator: ImageGenerator) -> None:
    assert draw(generator, on_step=lambda step: step.preview()) == draw(generator)


def test_a_preview_of_a_large_picture_is_small(generator: ImageGenerator) -> None:
    sizes: list[tuple[int, int]] = []
    draw(
        generator,
        width=2 * PREVIEW_SIDE,
        height=64,
        on_step=lambda s: sizes.append(s.preview().size),
    )
    assert sizes == [(PREVIEW_SIDE, 32)] * 4


def test_the_estimate_is_the_clean_picture_where_the_velocity_is_right() -> None:
    clean, noise = torch.randn(1, 16, 4, 4), torch.randn(1, 16, 4, 4)
    for sigma, following in ((1.0, 0.7), (0.7, 0.2), (0.2, 0.0)):
        before, after = noised(clean, noise, sigma), noised(clean, noise, following)
        assert torch.allclose(estimate_clean(before, after, sigma, following), clean, atol=1e-5)


def test_stopping_in_a_step_ends_the_call_and_leaves_the_model_usable(
    either: ImageGenerator,
) -> None:
    before = draw(either)

    def stop(step: Step) -> None:
        if step.number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        draw(either, on_step=stop)
    assert draw(either).tobytes() == before.tobytes()


def test_a_negative_prompt_counts_where_the_class_is_guided(
    either: ImageGenerator, klein: Path
) -> None:
    assert either.uses_negative_prompt
    assert draw(either, negative_prompt="雨").tobytes() != draw(either).tobytes()
    unguided = ImageGenerator.load(klein, entry_of("t2i", "ImageGenerator", guidance=1.0), CPU)
    assert not unguided.uses_negative_prompt
    assert draw(unguided, negative_prompt="雨").tobytes() == draw(unguided).tobytes()


def test_a_distilled_checkpoint_ignores_negative_prompts(tmp_path: Path) -> None:
    path = tiny_drawing.write_flux2_klein(tmp_path / "distilled", is_distilled=True)
    assert not ImageGenerator.load(path, T2I, CPU).uses_negative_prompt


def test_an_edit_depends_on_picture_instruction_and_seed(editor: ImageEditor) -> None:
    picture = noise_picture(64, 64)
    first = editor.edit(picture, "改成夜晚", seed=1)
    assert editor.edit(picture, "改成夜晚", seed=1).tobytes() == first.tobytes()
    others = (
        editor.edit(picture.rotate(90), "改成夜晚", seed=1),
        editor.edit(picture, "改成冬天", seed=1),
        editor.edit(picture, "改成夜晚", seed=2),
        editor.edit(picture, "改成夜晚", seed=1, strength=0.8),
    )
    assert all(other.tobytes() != first.tobytes() for other in others)


def test_a_small_strength_stays_near_the_picture(editor: ImageEditor) -> None:
    """Compared with what the random autoencoder makes of the picture, not with the picture."""
    family = editor._family
    picture = noise_picture(64, 64)
    with torch.no_grad():
        kept = np.asarray(family.decode(family.encode(picture)), np.float32)

    def distance(strength: float) -> float:
        edited = editor.edit(picture, "水墨画", seed=1, strength=strength)
        return float(np.abs(np.asarray(edited, np.float32) - kept).mean())

    assert distance(0.0) < distance(0.5) < distance(1.0)


@pytest.mark.parametrize("size", [(64, 64), (300, 200), (41, 80), (2000, 30), (1, 1)])
@pytest.mark.parametrize("strength", [None, 0.5])
def test_an_edit_keeps_the_aspect_ratio(
    editor: ImageEditor, size: tuple[int, int], strength: float | None
) -> None:
    edited = editor.edit(noise_picture(*size), "改成夜晚", seed=1, strength=strength)
    assert edited.width * size[1] == pytest.approx(edited.height * size[0], rel=0.05) or 1 in size
    assert max(edited.size) <= max(working_size(size, 64, 4))


@pytest.mark.parametrize("source", [(64, 64), (300, 200), (41, 80), (2000, 30), (3, 900)])
def test_the_working_size_is_one_that_the_pipeline_takes(source: tuple[int, int]) -> None:
    width, height = working_size(source, 256, 16)
    assert width % 16 == height % 16 == 0
    assert min(width, height) >= 64
    assert width * height <= 256 * 256 * 1.15


def test_a_checkpoint_of_one_size_edits_in_it(klein: Path) -> None:
    editor = ImageEditor.load(klein, entry_of("edit", "ImageEditor", one_size=True), CPU)
    assert editor.edit(noise_picture(300, 200), "改成夜晚", seed=1).size == (64, 43)


def test_a_class_without_reference_pictures_edits_by_strength(z_image: Path) -> None:
    checkpoint = entry_of("edit", "ImageEditor", text_encoder_out_layers=None, strength=0.5)
    editor = ImageEditor.load(z_image, checkpoint, CPU)
    picture = noise_picture(64, 64)
    assert (
        editor.edit(picture, "水墨画", seed=1).tobytes()
        == editor.edit(picture, "水墨画", seed=1, strength=0.5).tobytes()
    )


def test_bytes_are_those_of_the_components_and_a_call(klein: Path) -> None:
    weights = sum(
        tensor_bytes(klein / part, torch.float32) for part in ("transformer", "vae", "text_encoder")
    )
    assert tensor_bytes(klein, torch.float32) == weights
    tokens = 128 * 128 // 4 // 4 + 24  # of the picture, in patches of 2 × 2 latents, and of words
    more = FIXED_BYTES + 4 * (2 * tokens * 32 * 16 + 4 * 32 * 32)  # guided, 16 vectors; a layer
    assert ImageGenerator.bytes_needed(klein, T2I) == weights + more
    assert ImageGenerator.load(klein, T2I, CPU).bytes == weights + more


def test_auto_takes_the_size_of_all_components(klein: Path) -> None:
    assert with_dtype(T2I, klein, CPU).dtype == "float32"


def test_a_released_model_draws_no_more(klein: Path) -> None:
    generator = ImageGenerator.load(klein, T2I, CPU)
    generator.release()
    with pytest.raises(RuntimeError, match="released"):
        draw(generator)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("Flux2KleinPipeline", "FooPipeline"),
        lambda text: text.replace('"diffusers"', '"os"'),
        lambda text: "[]",
        lambda text: "{",
    ],
)
def test_an_index_that_we_do_not_know_is_refused(
    klein: Path, tmp_path: Path, change: Callable[[str], str]
) -> None:
    text = (klein / "model_index.json").read_text()
    (tmp_path / "model_index.json").write_text(change(text))
    with pytest.raises(CheckpointBroken):
        ImageGenerator.load(tmp_path, T2I, CPU)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": "four"}, {"sizes": 3}])
def test_wrong_defaults_are_the_catalogues_fault(klein: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(CatalogError, match="tiny-t2i"):
        ImageGenerator.load(klein, entry_of("t2i", "ImageGenerator", **wrong), CPU)
