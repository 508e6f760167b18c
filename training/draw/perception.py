"""How far apart two pictures are to one who sees: a perceptual loss (Johnson et al. 2016).

The eye is the vision tower of the starter that sees, which learnt to name every kind, colour and
style of the illustrated world. It is not the judge of drawings, and learnt from other seeds."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import layer_norm
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from training.precision import autocast
from training.vlm.model import load
from training.vlm.tower import cut, layers

EYE = Path(__file__).parents[2] / "models/starter/vlm"
_ASKED = (1, 3, 5)  # layers


def load_eye(folder: Path = EYE) -> Qwen3VLVisionModel:
    """The frozen vision tower of a folder of the starter that sees."""
    tower: Qwen3VLVisionModel = load(folder).model.visual
    return tower.requires_grad_(False)


def difference(tower: Qwen3VLVisionModel, drawn: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference, layers and tokens normalised, of pictures [B, 3, 256, 256] in
    -1…1; only `drawn` gets gradients."""
    with torch.no_grad():
        aims = _seen(tower, wanted)
    pairs = zip(_seen(tower, drawn), aims, strict=True)
    return torch.stack([(one - other).square().mean() for one, other in pairs]).mean()


def _seen(tower: Qwen3VLVisionModel, pictures: Tensor) -> list[Tensor]:
    """What the layers that are asked say, each token with mean 0 and variance 1, float32."""
    with autocast():
        hidden = enumerate(layers(tower, cut(pictures.permute(0, 2, 3, 1))))
        return [layer_norm(h.float(), h.shape[-1:]) for number, h in hidden if number in _ASKED]
