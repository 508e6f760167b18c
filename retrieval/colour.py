"""Any Pillow mode → 8-bit RGB."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_DEEP = ("I", "F")  # and every I;16…


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB; transparency on white, 16-bit and float scaled to 8 bits. `ValueError` for LAB."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _DEEP or image.mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    return _on_white(image) if image.has_transparency_data else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    paper = Image.new("RGB", layer.size, "white")
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _eight_bits(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """[h, w] of 16-bit, 32-bit or float samples → [h, w] uint8, white at the type's usual peak."""
    values = np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    peak = next((p for p in _peaks(samples.dtype) if top <= p), top)
    scaled: NDArray[np.float32] = np.clip(values * (255.0 / peak), 0, 255)
    return scaled.round().astype(np.uint8)


def _peaks(dtype: np.dtype[np.generic]) -> tuple[float, ...]:
    if dtype.kind == "f":
        return (1.0, 255.0, 65535.0)
    return (65535.0,) if dtype.itemsize == 2 else (255.0, 65535.0)
