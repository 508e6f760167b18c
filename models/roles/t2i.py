"""Text to image."""

from PIL import Image

from models.roles.diffusion import DiffusionModel, OnStep, Step, ignore

__all__ = ["ImageGenerator", "Step"]


class ImageGenerator(DiffusionModel):
    """Draws what a prompt says."""

    @property
    def uses_negative_prompt(self) -> bool:
        """Whether a negative prompt changes anything with this checkpoint's class and guidance."""
        return self._family.uses_negative_prompt

    def generate(
        self,
        prompt: str,
        *,
        width: int,
        height: int,
        seed: int,
        negative_prompt: str = "",
        on_step: OnStep = ignore,
    ) -> Image.Image:
        """An RGB picture of `width` × `height` px, multiples of `size_multiple`.

        `seed` 0…2³²−1: the same seed and arguments give the same bytes on the same device. What
        `on_step` raises ends the call.
        """
        words = self._words(prompt, negative_prompt)
        return self._denoise(words, size=(width, height), seed=seed, on_step=on_step)
