"""Pipelines of diffusers in their own folder form: loading them, and one call with its steps.

`ImageGenerator` (t2i.py) and `ImageEditor` (edit.py) stand on this. Which pipeline classes there
are and how they differ is in `models/denoising/families.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import diffusers
import torch
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from models.catalog import Checkpoint
from models.denoising.defaults import DrawingDefaults
from models.denoising.families import FAMILIES, Family
from models.denoising.memory import call_bytes
from models.denoising.schedule import estimate_clean, noised, sigmas_for
from models.dtypes import torch_dtype, with_dtype
from models.errors import CheckpointBroken
from models.weights import PIPELINE_INDEX, fingerprint, pipeline_class, pipeline_index, tensor_bytes

PREVIEW_SIDE = 256  # px; latents of larger pictures are averaged down before they are decoded
_TRUSTED = {"diffusers", "transformers"}  # libraries whose classes an index may name


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
        pipeline = getattr(diffusers, kind.class_name).from_pretrained(
            path, dtype=torch_dtype(checkpoint), use_safetensors=True, local_files_only=True
        )
        pipeline.set_progress_bar_config(disable=True)
        for component in pipeline.components.values():
            if isinstance(component, torch.nn.Module):
                component.train(mode=False).requires_grad_(requires_grad=False).to(device)
        return cls(kind(pipeline, DrawingDefaults.of(checkpoint)), checkpoint, path)

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights, and of what a call at `max_pixels` allocates beside them."""
        dtype, defaults = torch_dtype(checkpoint), DrawingDefaults.of(checkpoint)
        return tensor_bytes(path, dtype) + call_bytes(path, defaults, dtype.itemsize)

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
        shape = family.latent_shape(width, height)
        # A scheduler counts its steps; a call that was cut short must leave nothing to the next.
        family.pipeline.scheduler = _fresh(family.pipeline.scheduler)
        schedule = sigmas_for(family.defaults.steps, start.strength if start else 1.0)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        latents = noise.to(family.pipeline.vae.device)
        if start is not None:
            clean = family.encode(start.picture)
            latents = noised(clean, latents.to(clean), _first_level(family, schedule, size))
        watch = _Watch(family, latents, size, on_step)
        result = family.pipeline(
            **words,
            width=width,
            height=height,
            latents=latents,
            num_inference_steps=family.defaults.steps,
            sigmas=schedule,
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
        return {}

    def _preview(
        self, before: torch.Tensor, after: torch.Tensor, sigma: float, next_sigma: float
    ) -> Image.Image:
        clean = estimate_clean(before, after, sigma, next_sigma)
        return self._family.decode(clean, max(1, max(self._size) // PREVIEW_SIDE))


def _first_level(family: Family, schedule: list[float], size: tuple[int, int]) -> float:
    """The noise level at which the pipeline will begin: the first of `schedule`, shifted."""
    scheduler = _fresh(family.pipeline.scheduler)
    scheduler.set_timesteps(sigmas=schedule, mu=family.mu(*size))
    return float(scheduler.sigmas[0])


def _fresh(scheduler: Any) -> Any:
    return type(scheduler).from_config(scheduler.config)


def _known_family(path: Path) -> type[Family]:
    """The family of the class that `path` names, its parts from libraries that we trust."""
    name = pipeline_class(path)
    strange = {library for library, _ in pipeline_index(path).values()} - _TRUSTED
    if name in FAMILIES and not strange:
        return FAMILIES[name]
    raise CheckpointBroken(
        f"{path} 里的 {PIPELINE_INDEX} 写着 {name}，不是能用的管线（{'、'.join(FAMILIES)}）。",
        f"{PIPELINE_INDEX} in {path} names {name}, no pipeline of {', '.join(FAMILIES)}.",
    )


def _hush() -> None:
    """No progress bars and no advice from the libraries: they would be drawn over our output."""
    diffusers_logging.disable_progress_bar()
    diffusers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
