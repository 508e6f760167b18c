"""The judge's network: the starter CLIP's picture tower, and maps that say what stands where.

Things are found as in CenterNet (Zhou et al. 2019, arXiv:1904.07850): a heat map a kind with a peak
in the middle of each thing, over a feature pyramid (Lin et al. 2017), so that counting is counting
peaks. Colours are read at the peaks; the setting from the whole picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from open_clip.modified_resnet import ModifiedResNet
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

from training.clip.model import MEAN, STD
from training.world.colors import COLORS
from training.world.kinds import KINDS
from training.world.scene import PLACES, SEASONS, STYLES, TIMES, WEATHERS

IMAGE_SIZE = 160
STRIDE = 4  # pixels a cell of the maps: side by side, the smallest things stand 3 cells apart
GRID = IMAGE_SIZE // STRIDE
COLOR_NAMES = tuple(COLORS)
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "style": STYLES,
    "place": PLACES,
    "time": TIMES,
    "season": SEASONS,
    "weather": WEATHERS,
}
WEIGHTS = "model.safetensors"

_LAYERS = (2, 2, 2, 2)
_WIDTH = 32
_PYRAMID = 64
_RARE = -4.6  # logit of 0.01: nearly all cells are empty


@dataclass(frozen=True)
class Maps:
    """What the network sees. heat [B, kinds, G, G] and color [B, colours, G, G] are logits;
    settings maps a name to logits [B, values]."""

    heat: Tensor
    color: Tensor
    settings: dict[str, Tensor]


class JudgeNet(nn.Module):
    """Pictures float32 [B, 3, 160, 160], normalised as the starter CLIP's, to `Maps`."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = ModifiedResNet(list(_LAYERS), output_dim=1, heads=1, width=_WIDTH)
        self.trunk.attnpool = nn.Identity()
        widths = [_WIDTH * 4 * 2**level for level in range(4)]
        self.lateral = nn.ModuleList(nn.Conv2d(width, _PYRAMID, 1) for width in widths)
        self.merge = nn.ModuleList(_block() for _ in range(3))
        last = nn.Conv2d(_PYRAMID, len(KINDS) + len(COLOR_NAMES), 1)
        self.maps = nn.Sequential(_block(), last)
        self.setting = nn.Linear(sum(widths), sum(map(len, SETTINGS.values())))
        if last.bias is not None:
            nn.init.constant_(last.bias[: len(KINDS)], _RARE)

    def forward(self, images: Tensor) -> Maps:
        levels = self._levels(images)
        maps = self.maps(self._pyramid(levels)).float()
        pooled = torch.cat([level.mean((2, 3)) for level in levels], 1)
        settings = self.setting(pooled).float().split([len(v) for v in SETTINGS.values()], 1)
        heat, color = maps.split([len(KINDS), len(COLOR_NAMES)], 1)
        return Maps(heat, color, dict(zip(SETTINGS, settings, strict=True)))

    def _levels(self, images: Tensor) -> list[Tensor]:
        """Features at strides 4, 8, 16 and 32. The first stays as it came: it would cost most."""
        with torch.no_grad():
            features = self.trunk.layer1(self.trunk.stem(images))
        levels = [features]
        for stage in (self.trunk.layer2, self.trunk.layer3, self.trunk.layer4):
            features = stage(features)
            levels.append(features)
        return levels

    def _pyramid(self, levels: list[Tensor]) -> Tensor:
        sides = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        merged: Tensor = sides.pop()
        for merge in self.merge:
            merged = merge(sides.pop() + interpolate(merged, scale_factor=2.0))
        return merged


def start_from_clip(net: JudgeNet, clip: Path) -> None:
    """Copy the picture tower of an open_clip folder whose tower has the trunk's shape."""
    state = load_file(clip / "open_clip_model.safetensors")
    tower = {
        name.removeprefix("visual."): value.float() if value.is_floating_point() else value
        for name, value in state.items()
        if name.startswith("visual.") and "attnpool" not in name
    }
    net.trunk.load_state_dict(tower)


def normalise(images: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] → float32 [B, 3, H, W], scaled as the trunk learnt it."""
    mean, std = torch.tensor((MEAN, STD)).view(2, 3, 1, 1)
    scaled: Tensor = (images.permute(0, 3, 1, 2).float() / 255 - mean) / std
    return scaled


def write_weights(net: JudgeNet, folder: Path) -> None:
    """`model.safetensors` in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().to(torch.float16).contiguous() if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})


def load_judge_net(folder: Path) -> JudgeNet:
    """The network of `folder`, float32, ready to read."""
    net = JudgeNet()
    net.load_state_dict(load_file(folder / WEIGHTS))
    net.train(mode=False).requires_grad_(requires_grad=False)
    return net


def _block() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(_PYRAMID, _PYRAMID, 3, padding=1, bias=False),
        nn.BatchNorm2d(_PYRAMID),
        nn.ReLU(inplace=True),
    )
