"""What a call needs beside the weights, computed from a pipeline's config files alone.

Two moments compete for the peak. The autoencoder's last block holds a handful of feature maps as
wide as its second level at the full size of the picture (input, normalised, activated, output of a
convolution). The text encoder, a causal language model, computes logits that nobody reads.
Source: the loops of diffusers' `Decoder.forward`, `Flux2KleinPipeline._get_qwen3_prompt_embeds`.
"""

import json
from pathlib import Path
from typing import Any

from models.denoising.defaults import DrawingDefaults
from models.errors import CheckpointBroken

_MAPS = 4  # feature maps alive at once at the autoencoder's peak
# Whatever the size: tokens, buffers of the kernels. Measured with the starter on a CPU: an edit
# raises the resident memory by 64 MiB at its peak, of which the maps account for 23.
FIXED_BYTES = 48 << 20


def call_bytes(folder: Path, defaults: DrawingDefaults, item_bytes: int) -> int:
    """Upper bound of what one call at `max_pixels` allocates. Raises CheckpointBroken."""
    vae, text = _config(folder, "vae"), _config(folder, "text_encoder")
    try:
        widths = vae.get("decoder_block_out_channels") or vae["block_out_channels"]
        maps = _MAPS * int(max(widths[:2])) * defaults.max_pixels
        logits = int(text.get("vocab_size", 0)) * defaults.max_sequence_length
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(folder, error) from error
    return FIXED_BYTES + max(maps, logits) * item_bytes


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
