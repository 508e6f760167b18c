"""The pipeline classes of flow matching that are known, and all families by the class's name."""

from typing import Any

import torch
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu
from diffusers.pipelines.z_image.pipeline_z_image import calculate_shift
from PIL import Image
from torch.nn.functional import pixel_shuffle

from models.denoising.family import Family, FlowMatching
from models.denoising.stable_diffusion import StableDiffusion, StableDiffusionXL


class Flux2Klein(FlowMatching):
    """FLUX.2 [klein]: patches of 2 × 2 latents in the channels, normalised by a batch norm."""

    class_name = "Flux2KleinPipeline"
    takes_reference = True

    @property
    def uses_negative_prompt(self) -> bool:
        return self.defaults.guidance > 1 and not self.pipeline.config.is_distilled

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int, int]:
        channels = int(self.pipeline.transformer.config.in_channels)
        return 1, channels, height // self.size_multiple, width // self.size_multiple

    def mu(self, width: int, height: int) -> float:
        _, _, rows, columns = self.latent_shape(width, height)
        return float(compute_empirical_mu(rows * columns, self.defaults.steps))

    def words(self, prompt: str, negative_prompt: str) -> dict[str, Any]:
        settings: dict[str, Any] = {"max_sequence_length": self.defaults.max_sequence_length}
        if self.defaults.text_encoder_out_layers is not None:
            settings["text_encoder_out_layers"] = self.defaults.text_encoder_out_layers
        words = {"prompt": prompt, **settings}
        if negative_prompt and self.uses_negative_prompt:  # without one the pipeline takes ""
            embedded, _ = self.pipeline.encode_prompt(negative_prompt, **settings)
            words["negative_prompt_embeds"] = embedded
        return words

    def encode(self, picture: Image.Image) -> torch.Tensor:
        packed, _ = self.pipeline.prepare_image_latents(
            images=[self._pixels(picture)],
            batch_size=1,
            generator=None,
            device=self.pipeline.vae.device,
            dtype=self.pipeline.vae.dtype,
        )
        return self.from_call(packed, self.latent_shape(*picture.size))

    def decode(self, latents: torch.Tensor, shrink: int = 1) -> Image.Image:
        vae = self.pipeline.vae
        mean = vae.bn.running_mean.view(1, -1, 1, 1).to(latents)
        variance = vae.bn.running_var.view(1, -1, 1, 1).to(latents)
        scaled = latents * torch.sqrt(variance + vae.config.batch_norm_eps) + mean
        return self._picture(pixel_shuffle(scaled, 2), shrink)

    def from_call(self, latents: torch.Tensor, shape: tuple[int, int, int, int]) -> torch.Tensor:
        """[1, rows · columns, channels] → `shape`."""
        return latents.permute(0, 2, 1).reshape(shape)


class ZImage(FlowMatching):
    """Z-Image: latents of an `AutoencoderKL`, guided where the guidance is above 0."""

    class_name = "ZImagePipeline"

    @property
    def uses_negative_prompt(self) -> bool:
        return self.defaults.guidance > 0

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int, int]:
        scale = int(self.pipeline.vae_scale_factor)
        return 1, int(self.pipeline.transformer.in_channels), height // scale, width // scale

    def mu(self, width: int, height: int) -> float:
        _, _, rows, columns = self.latent_shape(width, height)
        config = self.pipeline.scheduler.config
        return float(
            calculate_shift(
                (rows // 2) * (columns // 2),
                config.get("base_image_seq_len", 256),
                config.get("max_image_seq_len", 4096),
                config.get("base_shift", 0.5),
                config.get("max_shift", 1.15),
            )
        )

    def words(self, prompt: str, negative_prompt: str) -> dict[str, Any]:
        return {
            "prompt": prompt,
            "negative_prompt": negative_prompt,
            "max_sequence_length": self.defaults.max_sequence_length,
        }

    def encode(self, picture: Image.Image) -> torch.Tensor:
        vae = self.pipeline.vae
        latents = vae.encode(self._pixels(picture)).latent_dist.mode()
        scaled: torch.Tensor = (latents - vae.config.shift_factor) * vae.config.scaling_factor
        return scaled.float()

    def decode(self, latents: torch.Tensor, shrink: int = 1) -> Image.Image:
        config = self.pipeline.vae.config
        return self._picture(latents / config.scaling_factor + config.shift_factor, shrink)


_KNOWN: tuple[type[Family], ...] = (Flux2Klein, ZImage, StableDiffusion, StableDiffusionXL)
FAMILIES = {family.class_name: family for family in _KNOWN}
