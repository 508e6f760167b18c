"""Stable Diffusion 1.5 and XL against diffusers' own pipelines, tiny; and what saves memory."""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from PIL import Image

from benchmarks.device.checkpoints import write_tiny
from models.catalog import BUNDLED_CONFIGS, Catalog, Checkpoint
from models.denoising.defaults import DrawingDefaults
from models.denoising.memory import call_bytes
from models.denoising.schedule import sigmas_for
from models.errors import Cancelled
from models.roles.diffusion import Step
from models.roles.edit import ImageEditor
from models.roles.t2i import ImageGenerator
from tests.models.conftest import CPU

SMALL = {"steps": 4, "size": 64, "max_pixels": 128 * 128}


def entry_of(name: str, **defaults: Any) -> Checkpoint:
    checkpoint = Catalog.bundled().get(name)
    return checkpoint.model_copy(update={"defaults": {**checkpoint.defaults, **SMALL, **defaults}})


@pytest.fixture(scope="module", params=["sd-1.5", "sdxl-base"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(name, tmp_path_factory.mktemp("sd") / name)


@pytest.fixture(scope="module")
def generator(name: str, folder: Path) -> ImageGenerator:
    return ImageGenerator.load(folder, entry_of(name), CPU)


@pytest.fixture(scope="module")
def editor(name: str, folder: Path) -> ImageEditor:
    return ImageEditor.load(folder, entry_of(f"{name}-edit"), CPU)


def noise_picture(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 255, (height, width, 3), np.uint8))


def draw(generator: ImageGenerator, **more: Any) -> Image.Image:
    return generator.generate("a bridge", width=64, height=48, **{"seed": 7, **more})


def test_what_comes_out_is_what_the_stock_pipeline_draws(
    generator: ImageGenerator, folder: Path, name: str
) -> None:
    kind = generator._family.class_name
    left_out = {"safety_checker": None, "feature_extractor": None} if name == "sd-1.5" else {}
    pipeline = getattr(diffusers, kind).from_pretrained(folder, local_files_only=True, **left_out)
    pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    stock = pipeline(
        "a bridge",
        negative_prompt="rain",
        width=64,
        height=48,
        num_inference_steps=4,
        guidance_scale=generator._family.defaults.guidance,
        latents=torch.randn((1, 4, 24, 32), generator=torch.Generator().manual_seed(7)),
    ).images[0]
    assert draw(generator, negative_prompt="rain").tobytes() == stock.tobytes()
    assert draw(generator).tobytes() != stock.tobytes()


def test_previews_close_in_on_the_picture(generator: ImageGenerator) -> None:
    steps: list[tuple[int, int]] = []
    previews: list[Image.Image] = []

    def watch(step: Step) -> None:
        steps.append((step.number, step.total))
        previews.append(step.preview())

    picture = draw(generator, on_step=watch)
    assert steps == [(n, 4) for n in range(1, 5)]
    assert previews[-1].tobytes() == picture.tobytes()
    distances = [np.abs(np.asarray(p, float) - np.asarray(picture)).mean() for p in previews]
    assert distances[0] > distances[2] > distances[3] == 0


def test_a_stopped_call_leaves_the_model_usable(generator: ImageGenerator) -> None:
    before = draw(generator)

    def stop(step: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        draw(generator, on_step=stop)
    assert draw(generator).tobytes() == before.tobytes()


def test_a_small_strength_stays_near_the_picture(editor: ImageEditor) -> None:
    family, picture = editor._family, noise_picture(64, 64)
    with torch.no_grad():
        kept = np.asarray(family.decode(family.encode(picture)), np.float32)

    def distance(strength: float) -> float:
        edited = editor.edit(picture, "at night", seed=1, strength=strength)
        return float(np.abs(np.asarray(edited, np.float32) - kept).mean())

    assert distance(0.0) < distance(0.5) < distance(1.0)


def test_an_edit_at_a_strength_takes_that_share_of_the_steps(editor: ImageEditor) -> None:
    steps: list[tuple[int, int]] = []
    editor.edit(
        noise_picture(64, 64),
        "at night",
        seed=1,
        strength=0.5,
        on_step=lambda step: steps.append((step.number, step.total)),
    )
    assert steps == [(1, 2), (2, 2)]


def test_sizes_are_those_that_the_u_net_takes(generator: ImageGenerator) -> None:
    assert generator.size_multiple == 4  # a tiny autoencoder's scale of 2, and one level more


def test_float16_is_left_where_the_autoencoder_overflows_in_it(folder: Path, name: str) -> None:
    checkpoint = entry_of(name).model_copy(update={"dtype": "float16"})
    generator = ImageGenerator.load(folder, checkpoint, CPU)
    seen: list[torch.dtype] = []
    vae = generator._family.pipeline.vae

    def look(module: torch.nn.Module, _: Any) -> None:
        seen.append(next(module.parameters()).dtype)

    vae.decoder.register_forward_pre_hook(look)
    latents = torch.zeros(generator._family.latent_shape(64, 64), dtype=torch.float16)
    with torch.no_grad():
        generator._family.decode(latents)
    assert seen == [torch.float32]
    assert vae.dtype == torch.float16


@pytest.mark.parametrize("kind", ["z-image-turbo", "flux2-klein-4b", "sdxl-base"])
def test_an_autoencoder_in_tiles_paints_nearly_the_same(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.roles.diffusion.TILE_SIDE", 64)
    folder = write_tiny(kind, tmp_path / kind)
    layers = {"text_encoder_out_layers": [1, 2, 3]} if kind.startswith("flux2") else {}
    generator = ImageGenerator.load(folder, entry_of(kind, **layers), CPU)
    family, side = generator._family, 96
    torch.manual_seed(0)
    latents = torch.randn(family.latent_shape(side, side))
    with torch.no_grad():
        whole = np.asarray(family.decode(latents), float)
        assert generator.degrade()
        tiled = np.asarray(family.decode(latents), float)
    assert 0 < np.abs(whole - tiled).mean() < 12
    assert not generator.degrade()


@pytest.mark.parametrize("kind", ["z-image-turbo", "flux2-klein-4b", "sdxl-base"])
def test_tiles_are_planned_with_less_memory_for_a_call(kind: str) -> None:
    defaults = DrawingDefaults.of(Catalog.bundled().get(kind))
    tiled = defaults.model_copy(update={"tiled_vae": True})
    configs = BUNDLED_CONFIGS / kind
    assert call_bytes(configs, tiled, 2) < 0.4 * call_bytes(configs, defaults, 2)


def test_tiles_and_slices_are_what_the_entry_says(folder: Path, name: str) -> None:
    checkpoint = entry_of(name, tiled_vae=True, attention_slicing=True)
    pipeline = ImageGenerator.load(folder, checkpoint, CPU)._family.pipeline
    assert pipeline.vae.use_tiling
    kinds = {type(processor).__name__ for processor in pipeline.unet.attn_processors.values()}
    assert kinds == {"SlicedAttnProcessor"}


def test_eight_steps_are_the_nine_that_z_images_card_asks_for() -> None:
    """The class's own schedule ends with a step from almost no noise to none."""
    config = {"shift": 3.0, "use_dynamic_shifting": False}
    stock, ours = (FlowMatchEulerDiscreteScheduler(**config) for _ in range(2))
    stock.set_timesteps(9)
    ours.set_timesteps(sigmas=sigmas_for(8))
    assert torch.allclose(stock.sigmas[:9], ours.sigmas, atol=0.011)
    assert stock.sigmas[8] < 0.011
