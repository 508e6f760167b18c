"""Image editing: by an instruction beside the picture, or from the noised picture."""

from math import sqrt

from PIL import Image

from models.roles.diffusion import DiffusionModel, OnStep, Start, Step, ignore

__all__ = ["ImageEditor", "Step", "working_size"]

LEAST_SIDE = 64  # px; FLUX.2 takes no smaller reference picture
MOST_ASPECT = 4.0  # longer strips are squeezed while they are worked on


class ImageEditor(DiffusionModel):
    """Changes a picture."""

    pictures = 2

    def edit(
        self,
        image: Image.Image,
        instruction: str,
        *,
        seed: int,
        strength: float | None = None,
        on_step: OnStep = ignore,
    ) -> Image.Image:
        """The RGB `image` changed, in its own aspect ratio, at the size the checkpoint works in.

        Without `strength` the model reads the instruction beside the picture. With one, in 0…1, it
        begins from the picture under that share of noise: 0 changes nearly nothing, 1 all. A class
        that takes no reference picture always does the latter. Same seed, same bytes.
        """
        size = self._working_size(image.size)
        source = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        words, start = self._words(instruction, ""), None
        if strength is not None or not self._family.takes_reference:
            share = self._family.defaults.strength if strength is None else strength
            start = Start(source, min(max(share, 1 / self._family.defaults.steps), 1.0))
        else:
            words["image"] = source
        edited = self._denoise(words, size=size, seed=seed, on_step=on_step, start=start)
        return edited.resize(_within(image.size, edited.size), Image.Resampling.LANCZOS)

    def _working_size(self, source: tuple[int, int]) -> tuple[int, int]:
        if self._family.defaults.one_size:
            return self.native_size
        return working_size(source, self.native_size[0], self.size_multiple)


def working_size(source: tuple[int, int], side: int, multiple: int) -> tuple[int, int]:
    """(width, height) in px with about side² pixels in the aspect ratio of `source`.

    Both are multiples of `multiple` and at least `LEAST_SIDE`.
    """
    aspect = min(max(source[0] / source[1], 1 / MOST_ASPECT), MOST_ASPECT)
    ideal = (side * sqrt(aspect), side / sqrt(aspect))
    least = -(-LEAST_SIDE // multiple) * multiple
    width, height = (max(least, round(length / multiple) * multiple) for length in ideal)
    return width, height


def _within(source: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest size in the aspect ratio of `source` inside `room`, (width, height)."""
    scale = min(room[0] / source[0], room[1] / source[1])
    return max(1, round(source[0] * scale)), max(1, round(source[1] * scale))
