"""Stable Diffusion 1.5 and XL: a U-Net that predicts noise (DDPM), called with Euler steps.

Rombach et al. 2022; Podell et al. 2023. In the scheduler's form x_σ = x₀ + σ·noise, so an Euler
step tells x₀ by the same formula as in flow matching (schedule.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler
from PIL import Image

from models.denoising.defaults import DrawingDefaults
from models.denoising.family import Family, Schedule


class StableDiffusion(Family):
    """Latents of an `AutoencoderKL`, guided where the guidance is above 1; English prompts.

    The checkpoint's scheduler gives way to Euler's, which can begin anywhere and needs one pass a
    step. The safety checker, 1.2 GB that judge by CLIP's English concepts, is not loaded.
    """

    class_name = "StableDiffusionPipeline"
    left_out = frozenset({"safety_checker", "feature_extractor"})

    def __init__(self, pipeline: Any, defaults: DrawingDefaults) -> None:
        super().__init__(pipeline, defaults)
        euler: Any = EulerDiscreteScheduler
        pipeline.scheduler = euler.from_config(pipeline.scheduler.config)

    @property
    def uses_negative_prompt(self) -> bool:
        return self.defaults.guidance > 1

    @property
    def size_multiple(self) -> int:
        """In px: the autoencoder's scale times that of the U-Net."""
        levels = len(self.pipeline.unet.config.block_out_channels)
        return int(self.pipeline.vae_scale_factor) << (levels - 1)

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int, int]:
        scale = int(self.pipeline.vae_scale_factor)
        return 1, int(self.pipeline.unet.config.in_channels), height // scale, width // scale

    @property
    def latent_dtype(self) -> torch.dtype:
        """The U-Net's own: the pipeline hands it the latents as they are."""
        dtype: torch.dtype = self.pipeline.vae.dtype
        return dtype

    def schedule(self, strength: float = 1.0) -> Schedule:
        """The last steps of the whole schedule, as many as the share `strength` of them."""
        scheduler = self.fresh_scheduler()
        scheduler.set_timesteps(self.defaults.steps)
        count = max(1, ceil(self.defaults.steps * strength - 1e-6))
        return {"timesteps": scheduler.timesteps[-count:].tolist()}

    def mixed(
        self, clean: torch.Tensor, noise: torch.Tensor, schedule: Schedule, _: tuple[int, int]
    ) -> torch.Tensor:
        scheduler = self.fresh_scheduler()
        scheduler.set_timesteps(**schedule)
        begun = clean + noise.to(clean) * float(scheduler.sigmas[0])
        return begun / float(scheduler.init_noise_sigma)  # by which the call multiplies

    def seen(self, latents: torch.Tensor, schedule: Schedule) -> torch.Tensor:
        scheduler = self.fresh_scheduler()
        scheduler.set_timesteps(**schedule)
        return latents * float(scheduler.init_noise_sigma)

    def words(self, prompt: str, negative_prompt: str) -> dict[str, Any]:
        return {"prompt": prompt, "negative_prompt": negative_prompt}

    def encode(self, picture: Image.Image) -> torch.Tensor:
        with self._precise_vae() as vae:
            latents = vae.encode(self._pixels(picture)).latent_dist.mode()
        scaled: torch.Tensor = latents * vae.config.scaling_factor
        return scaled.to(vae.dtype)

    def decode(self, latents: torch.Tensor, shrink: int = 1) -> Image.Image:
        with self._precise_vae() as vae:
            return self._picture(latents / vae.config.scaling_factor, shrink)

    @contextmanager
    def _precise_vae(self) -> Iterator[Any]:
        """The autoencoder, in float32 where it says that float16 overflows in it, as XL's does."""
        vae = self.pipeline.vae
        upcast = vae.dtype == torch.float16 and vae.config.force_upcast
        if upcast:
            vae.to(torch.float32)
        try:
            yield vae
        finally:
            if upcast:
                vae.to(torch.float16)


class StableDiffusionXL(StableDiffusion):
    """Two text encoders and a larger U-Net, called in the same way."""

    class_name = "StableDiffusionXLPipeline"
    left_out = frozenset({"feature_extractor", "image_encoder"})
