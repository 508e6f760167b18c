"""What is the same in all pipelines of diffusers that draw, and what each class must say of itself.

To add a class: subclass `Family` or `FlowMatching`, and name it in `FAMILIES` (families.py) by the
`_class_name` of the checkpoint's model_index.json.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from PIL import Image
from torch.nn.functional import avg_pool2d

from models.denoising.defaults import DrawingDefaults
from models.denoising.schedule import noised, sigmas_for

Schedule = dict[str, list[float]]  # the arguments of a pipeline's call that name its noise levels


class Family(ABC):
    """A pipeline with its call settings. Latents are in the form of its `latents` argument."""

    class_name: ClassVar[str]  # of diffusers
    takes_reference: ClassVar[bool] = False  # edits by an instruction, the picture beside it
    left_out: ClassVar[frozenset[str]] = frozenset()  # components that are not loaded
    ends_guidance: ClassVar[bool] = False  # each step of its call asks anew whether words guide

    def __init__(self, pipeline: Any, defaults: DrawingDefaults) -> None:
        self.pipeline = pipeline
        self.defaults = defaults

    @property
    @abstractmethod
    def uses_negative_prompt(self) -> bool: ...

    @property
    def size_multiple(self) -> int:
        """Sides in px are multiples of this: the autoencoder's scale times the patch of 2."""
        return 2 * int(self.pipeline.vae_scale_factor)

    @abstractmethod
    def latent_shape(self, width: int, height: int) -> tuple[int, int, int, int]:
        """[1, channels, rows, columns] of a picture of `width` × `height` px."""

    @property
    def latent_dtype(self) -> torch.dtype:
        """Of the latents that the call is given."""
        return torch.float32

    @abstractmethod
    def schedule(self, strength: float = 1.0) -> Schedule:
        """The noise levels of a call that begins at `strength`, 0…1, of all noise."""

    @abstractmethod
    def mixed(
        self, clean: torch.Tensor, noise: torch.Tensor, schedule: Schedule, size: tuple[int, int]
    ) -> torch.Tensor:
        """Clean latents under the noise at which `schedule` begins, as the call takes them."""

    def seen(self, latents: torch.Tensor, _: Schedule) -> torch.Tensor:
        """What the first step sees of the `latents` that the call is given."""
        return latents

    def fresh_scheduler(self) -> Any:
        """A scheduler counts its steps: one that has counted none."""
        scheduler = self.pipeline.scheduler
        return type(scheduler).from_config(scheduler.config)

    def step_ended(self, noise_level: float) -> None:
        """Between two steps of the pipeline's call; the next one begins at `noise_level`."""
        if self.ends_guidance and noise_level < self.defaults.guidance_until:
            # diffusers' own way to change it within a call; the next call sets it anew
            self.pipeline._guidance_scale = 0.0

    @abstractmethod
    def words(self, prompt: str, negative_prompt: str) -> dict[str, Any]:
        """The arguments of the pipeline's call that carry the words."""

    @abstractmethod
    def encode(self, picture: Image.Image) -> torch.Tensor:
        """Clean latents of an RGB picture whose sides are multiples of `size_multiple`."""

    @abstractmethod
    def decode(self, latents: torch.Tensor, shrink: int = 1) -> Image.Image:
        """The RGB picture of clean latents, its sides divided by `shrink` before the decoding."""

    def from_call(self, latents: torch.Tensor, shape: tuple[int, int, int, int]) -> torch.Tensor:
        """Latents as the pipeline's callback hands them out → in `shape`."""
        return latents.reshape(shape)

    def _pixels(self, picture: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self.pipeline.image_processor.preprocess(picture)
        return pixels.to(self.pipeline.vae.device, self.pipeline.vae.dtype)

    def _picture(self, latents: torch.Tensor, shrink: int) -> Image.Image:
        small = avg_pool2d(latents, shrink) if shrink > 1 else latents
        decoded = self.pipeline.vae.decode(small.to(self.pipeline.vae.dtype)).sample
        picture: Image.Image = self.pipeline.image_processor.postprocess(decoded)[0]
        return picture


class FlowMatching(Family):
    """Pipelines whose noise levels run from 1 to 0, shifted by the size of the picture."""

    ends_guidance = True

    @abstractmethod
    def mu(self, width: int, height: int) -> float:
        """The shift of the noise levels by the number of tokens, as the pipeline computes it."""

    def schedule(self, strength: float = 1.0) -> Schedule:
        return {"sigmas": sigmas_for(self.defaults.steps, strength)}

    def mixed(
        self, clean: torch.Tensor, noise: torch.Tensor, schedule: Schedule, size: tuple[int, int]
    ) -> torch.Tensor:
        scheduler = self.fresh_scheduler()
        scheduler.set_timesteps(**schedule, mu=self.mu(*size))
        return noised(clean, noise.to(clean), float(scheduler.sigmas[0]))
