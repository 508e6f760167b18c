"""Starting weights that already carry colour: a linear path beside random features.

From random weights the autoencoder spends its first thousands of updates on finding three colours.
Here three channels hold the mean colour of ever larger squares on the way down, and bilinear
interpolation of it on the way up; every residual branch starts at zero (Zhang et al. 2019), so
that training adds detail to a coarse but right picture from its first update on.

SiLU and GroupNorm are passed without loss: silu(x) − silu(−x) = x, so the channels come in pairs of
opposite sign; and a pair of large constants fixes what GroupNorm divides by."""

from typing import Any

import torch
from torch import Tensor, nn

_RGB = 3
_CONSTANT = 8.0
_QUIET = -5.0  # log-variance of the posterior at the start


@torch.no_grad()
def carry_color(model: Any) -> None:
    """Set the starting weights of an AutoencoderKLFlux2 in place."""
    for module in model.modules():
        if hasattr(module, "conv_shortcut"):
            _silence(module.conv2)
            if module.conv_shortcut is not None:
                _pass_on(module.conv_shortcut, _centre())
    encoder, decoder = model.encoder, model.decoder
    _pass_on(encoder.conv_in, _centre(3))
    for block in encoder.down_blocks:
        for layer in block.downsamplers or ():
            _pass_on(layer.conv, _mean_of_square())
    _pair_up(encoder.down_blocks[-1].resnets[0].conv_shortcut, encoder.conv_norm_out)
    _unpair(encoder.conv_out)
    half = encoder.conv_out.out_channels // 2
    _silence(encoder.conv_out, slice(half, None))
    encoder.conv_out.bias[half:] = _QUIET
    nn.init.dirac_(model.quant_conv.weight)
    nn.init.dirac_(model.post_quant_conv.weight)
    _pass_on(decoder.conv_in, _centre(3))
    for block in decoder.up_blocks:
        for layer in block.upsamplers or ():
            _pass_on(layer.conv, _bilinear())
    _pair_up(decoder.up_blocks[-1].resnets[0].conv_shortcut, decoder.conv_norm_out)
    _unpair(decoder.conv_out)


def _silence(layer: nn.Conv2d, rows: slice = slice(None)) -> None:
    assert layer.bias is not None
    layer.weight[rows] = 0
    layer.bias[rows] = 0


def _pass_on(layer: nn.Conv2d, kernel: Tensor) -> None:
    """The first three channels go through `kernel` [h, w], each to its own."""
    _silence(layer, slice(_RGB))
    for channel in range(_RGB):
        layer.weight[channel, channel] = kernel


def _pair_up(shortcut: nn.Conv2d, norm: nn.GroupNorm) -> None:
    """Each colour also with the opposite sign, and two constants; undo the norm's division."""
    assert shortcut.bias is not None
    _silence(shortcut, slice(2 * _RGB + 2))
    for channel in range(_RGB):
        shortcut.weight[channel, channel] = 1
        shortcut.weight[_RGB + channel, channel] = -1
    group = norm.num_channels // norm.num_groups
    constant = _CONSTANT * (group / 8) ** 0.5
    shortcut.bias[2 * _RGB] = constant
    shortcut.bias[2 * _RGB + 1] = -constant
    norm.weight[:group] = (2 * constant**2 / group) ** 0.5


def _unpair(layer: nn.Conv2d) -> None:
    _silence(layer, slice(_RGB))
    middle = layer.kernel_size[0] // 2
    for channel in range(_RGB):
        layer.weight[channel, channel, middle, middle] = 1
        layer.weight[channel, _RGB + channel, middle, middle] = -1


def _centre(size: int = 1) -> Tensor:
    kernel = torch.zeros(size, size)
    kernel[size // 2, size // 2] = 1
    return kernel


def _mean_of_square() -> Tensor:
    """Over the 2 × 2 pixels that a downsampling step of diffusers, padded below, begins at."""
    kernel = torch.zeros(3, 3)
    kernel[:2, :2] = 0.25
    return kernel


def _bilinear() -> Tensor:
    """After doubling each pixel."""
    row = torch.tensor([1.0, 2.0, 1.0])
    return row[:, None] * row[None] / 16
