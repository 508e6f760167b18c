"""Write what was trained as a folder that `Flux2KleinPipeline.from_pretrained` loads."""

from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline

from training.draw.text import OUT_LAYERS
from training.draw.tokenizer import MAX_LENGTH
from training.draw.transformer import SHIFT

CALL = {"max_sequence_length": MAX_LENGTH, "text_encoder_out_layers": OUT_LAYERS}


def pipeline(autoencoder: Any, text_encoder: Any, tokenizer: Any, transformer: Any) -> Any:
    """The parts together, for drawing at once or for `save_pretrained`."""
    scheduler = FlowMatchEulerDiscreteScheduler(  # type: ignore[no-untyped-call]
        shift=SHIFT, use_dynamic_shifting=False
    )
    made: Any = Flux2KleinPipeline(  # type: ignore[no-untyped-call]
        scheduler=scheduler,
        vae=autoencoder,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=False,
    )
    made.set_progress_bar_config(disable=True)
    return made


def export(parts: Any, folder: Path) -> None:
    """Write a pipeline as float16 safetensors."""
    parts.to(torch.float16)
    parts.save_pretrained(folder, safe_serialization=True)
