"""Pipelines of diffusers in their own folder form: loading them, and one call with its steps.

`ImageGenerator` (t2i.py) and `ImageEditor` (edit.py) stand on this. Which pipeline classes there
are and how they differ is in `models/denoising/families.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import diffusers
import torch
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from models.catalog import Checkpoint
from models.denoising.defaults import DrawingDefaults
from models.denoising.families import FAMILIES
from models.denoising.family import Family
from models.denoising.memory import TILE_SIDE, call_bytes
from models.denoising.schedule import estimate_clean
from models.dtypes import torch_dtype, with_dtype
from models.errors import CheckpointBroken
from models.pipeline_weights import pipeline_bytes, scheme_of
from models.quantisation import on_device
from models.weights import (
    PIPELINE_INDEX,
    PIPELINE_LIBRARIES,
    fingerprint,
    pipeline_class,
    pipeline_index,
)

PREVIEW_SIDE = 256  # px; latents of larger pictures are averaged down before they are decoded


@dataclass(frozen=True)
class Step:
    """A denoising step that has just ended; `number` counts from 1 to `total`.

    `preview` decodes what the finished picture looks like from here, at most about `PREVIEW_SIDE`
    px a side. It costs a decode, works while the callback that got the step runs, and only there.
    """

    number: int
    total: int
    preview: Callable[[], Image.Image]


OnStep = Callable[[Step], None]


def ignore(_: Step) -> None: ...


@dataclass(frozen=True)
class Start:
    """Begin from this picture with a share of noise, `strength` in 0…1, instead of from noise."""

    picture: Image.Image
    strength: float


class DiffusionModel:
    """A loaded pipeline. `name` and `revision` say what drew a picture."""

    pictures: ClassVar[int] = 1  # that a call looks at together

    def __init__(self, family: Family, checkpoint: Checkpoint, path: Path) -> None:
        self.name = checkpoint.name
        self.revision = checkpoint.revision or fingerprint(path)
        self.bytes = self.bytes_needed(path, checkpoint)
        self.native_size = (family.defaults.size, family.defaults.size)
        self.size_multiple = family.size_multiple
        self.max_pixels = family.defaults.max_pixels
        self._loaded: Family | None = family

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load a pipeline's folder (safetensors only), offline.

        Raises CheckpointBroken (no pipeline that we know) and CatalogError (its defaults).
        """
        _hush()
        kind = _known_family(path)
        checkpoint = with_dtype(checkpoint, path, device)
        defaults = DrawingDefaults.of(checkpoint)
        pipeline = getattr(diffusers, kind.class_name).from_pretrained(
            path,
            dtype=torch_dtype(checkpoint),
            use_safetensors=True,
            local_files_only=True,
            **dict.fromkeys(kind.left_out & pipeline_index(path).keys()),
        )
        pipeline.set_progress_bar_config(disable=True)
        for name, component in pipeline.components.items():
            if isinstance(component, torch.nn.Module):
                on_device(component, scheme_of(name, checkpoint.quantisation), device)
        if defaults.attention_slicing:
            pipeline.enable_attention_slicing()
        model = cls(kind(pipeline, defaults), checkpoint, path)
        if defaults.tiled_vae:
            model.degrade()
        return model

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights, and of what a call at `max_pixels` allocates beside them."""
        defaults, item_bytes = DrawingDefaults.of(checkpoint), torch_dtype(checkpoint).itemsize
        call = call_bytes(path, defaults, item_bytes, pictures=cls.pictures)
        return pipeline_bytes(path, checkpoint) + call

    def viewed_as(
        self, role: "type[DiffusionModel]", checkpoint: Checkpoint, path: Path
    ) -> "DiffusionModel":
        """Another role over the same pipeline, with the defaults of its own entry."""
        family = type(self._family)(self._family.pipeline, DrawingDefaults.of(checkpoint))
        return role(family, checkpoint, path)

    def modules(self) -> tuple[torch.nn.Module, ...]:
        """What holds the weights."""
        if self._loaded is None:
            return ()
        parts = self._loaded.pipeline.components.values()
        return tuple(part for part in parts if isinstance(part, torch.nn.Module))

    def park(self) -> None:
        """Nothing: it keeps nothing between calls."""

    def degrade(self) -> bool:
        """Let the autoencoder work tile by tile: slower, in a quarter of the memory."""
        vae = self._family.pipeline.vae
        if vae.use_tiling:
            return False
        vae.enable_tiling()
        vae.tile_sample_min_size = TILE_SIDE  # px; by default the size that it was trained on
        vae.tile_latent_min_size = TILE_SIDE // 2 ** (len(vae.config.block_out_channels) - 1)
        return True

    def release(self) -> None:
        """Drop the weights; the object cannot draw any more."""
        self._loaded = None

    @property
    def _family(self) -> Family:
        if self._loaded is None:
            raise RuntimeError("the model was released")
        return self._loaded

    @torch.no_grad()
    def _words(self, prompt: str, negative_prompt: str) -> dict[str, Any]:
        return self._family.words(prompt, negative_prompt)

    @torch.no_grad()
    def _denoise(
        self,
        words: dict[str, Any],
        *,
        size: tuple[int, int],
        seed: int,
        on_step: OnStep,
        start: Start | None = None,
    ) -> Image.Image:
        """One call of the pipeline: `words` are the arguments that say what comes out.

        The noise is drawn on the CPU, so that a seed means the same noise on every device.
        """
        family, (width, height) = self._family, size
        # A call that was cut short must leave nothing to the next.
        family.pipeline.scheduler = family.fresh_scheduler()
        schedule = family.schedule(start.strength if start else 1.0)
        shape = family.latent_shape(width, height)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        latents = noise.to(family.pipeline.vae.device, family.latent_dtype)
        if start is not None:
            latents = family.mixed(family.encode(start.picture), latents, schedule, size)
        watch = _Watch(family, family.seen(latents, schedule), size, on_step)
        result = family.pipeline(
            **words,
            width=width,
            height=height,
            latents=latents,
            num_inference_steps=family.defaults.steps,
            **schedule,
            guidance_scale=family.defaults.guidance,
            callback_on_step_end=watch.step_ended,
        )
        picture: Image.Image = result.images[0]
        return picture


class _Watch:
    """Follows a call's latents from step to step, for previews."""

    def __init__(
        self, family: Family, latents: torch.Tensor, size: tuple[int, int], on_step: OnStep
    ) -> None:
        self._family = family
        self._latents = latents
        self._size = size
        self._shape = family.latent_shape(*size)
        self._on_step = on_step

    def step_ended(
        self, pipeline: Any, index: int, _: torch.Tensor, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """`callback_on_step_end` of diffusers; what it raises ends the pipeline's call."""
        before = self._latents
        self._latents = self._family.from_call(tensors["latents"], self._shape)
        sigma, next_sigma = pipeline.scheduler.sigmas[index : index + 2].tolist()
        preview = partial(self._preview, before, self._latents, sigma, next_sigma)
        self._on_step(Step(index + 1, len(pipeline.scheduler.timesteps), preview))
        self._family.step_ended(next_sigma)
        return {}

    def _preview(
        self, before: torch.Tensor, after: torch.Tensor, sigma: float, next_sigma: float
    ) -> Image.Image:
        clean = estimate_clean(before, after, sigma, next_sigma)
        return self._family.decode(clean, max(1, max(self._size) // PREVIEW_SIDE))


def _known_family(path: Path) -> type[Family]:
    """The family of the class that `path` names, its parts from libraries that we trust."""
    name = pipeline_class(path)
    family = FAMILIES.get(name or "")
    if family is not None:
        loaded = pipeline_index(path).items()
        libraries = {library for part, (library, _) in loaded if part not in family.left_out}
        if libraries <= PIPELINE_LIBRARIES:
            return family
    raise CheckpointBroken(
        f"{path} 里的 {PIPELINE_INDEX} 写着 {name}，不是能用的管线（{'、'.join(FAMILIES)}）。",
        f"{PIPELINE_INDEX} in {path} names {name}, no pipeline of {', '.join(FAMILIES)}.",
    )


def _hush() -> None:
    """No progress bars and no advice from the libraries: they would be drawn over our output."""
    diffusers_logging.disable_progress_bar()
    diffusers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
