"""What a call needs beside the weights, computed from a pipeline's config files alone.

Three moments compete for the peak. The autoencoder's last block holds a handful of feature maps as
wide as its second level at the full size of the picture (input, normalised, activated, output of a
convolution), of a tile where it works in tiles. The text encoder, a causal language model, computes
logits that nobody reads. The denoiser holds some ten vectors for each token (queries, keys, values,
both halves of a gated layer), twice where it is guided, and one unpacked layer where it is packed.
Source: the loops of diffusers' `Decoder.forward`, `Flux2KleinPipeline._get_qwen3_prompt_embeds`.
"""

import json
from pathlib import Path
from typing import Any

from models.denoising.defaults import DrawingDefaults
from models.errors import CheckpointBroken

TILE_SIDE = 512  # px of a tile, where the autoencoder works in tiles
_MAPS = 4  # feature maps alive at once at the autoencoder's peak
_VECTORS = 16  # as wide as a token, alive at once in a denoiser's block; estimated
# Whatever the size: tokens, buffers of the kernels. Measured with the starter on a CPU: an edit
# raises the resident memory by 64 MiB at its peak, of which the maps account for 23.
FIXED_BYTES = 48 << 20


def call_bytes(
    folder: Path, defaults: DrawingDefaults, item_bytes: int, *, pictures: int = 1
) -> int:
    """Upper bound of what one call at `max_pixels` allocates. Raises CheckpointBroken.

    `pictures`: how many it looks at together, two where an edit has the picture beside it.
    """
    vae, text = _config(folder, "vae"), _config(folder, "text_encoder")
    try:
        widths = vae.get("decoder_block_out_channels") or vae["block_out_channels"]
        pixels = defaults.max_pixels
        decoded = min(pixels, TILE_SIDE**2) if defaults.tiled_vae else pixels
        maps = _MAPS * int(max(widths[:2])) * decoded
        logits = int(text.get("vocab_size", 0)) * defaults.max_sequence_length
        latents = pictures * (pixels // 4 ** (len(widths) - 1))
        denoised = _denoiser(folder, latents, defaults)
        return FIXED_BYTES + max(maps, logits, denoised) * item_bytes
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(folder, error) from error


def _denoiser(folder: Path, latents: int, defaults: DrawingDefaults) -> int:
    """Elements that the denoiser holds at its peak, for a picture of so many latent pixels."""
    passes = 2 if defaults.guidance > 1 else 1
    if (folder / "unet").is_dir():
        width = int(_config(folder, "unet")["block_out_channels"][0])
        return passes * latents * width * _VECTORS
    config = _config(folder, "transformer")
    width = int(config.get("dim") or config["num_attention_heads"] * config["attention_head_dim"])
    tokens = latents // 4 + defaults.max_sequence_length
    return passes * tokens * width * _VECTORS + 4 * width * width


def _config(folder: Path, component: str) -> dict[str, Any]:
    try:
        config = json.loads((folder / component / "config.json").read_text(encoding="utf-8"))
        return dict(config)
    except (OSError, ValueError, TypeError) as error:
        raise _broken(folder, error) from error


def _broken(folder: Path, error: Exception) -> CheckpointBroken:
    return CheckpointBroken(
        f"{folder} 里的 config.json 读不了，请重新获取：{error}",
        f"A config.json in {folder} cannot be read; fetch it again: {error}",
    )
