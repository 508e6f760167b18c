"""The autoencoder: diffusers' AutoencoderKLFlux2, small, and its forward pass for training."""

from typing import Any

from diffusers import AutoencoderKLFlux2
from torch import Tensor, channels_last

from training.draw.norm import norm_silu, residual

PIXELS = 256
LATENT_CHANNELS = 16
STRIDE = 16  # pixels a latent cell; the pipeline packs 2 × 2 cells into one token
TOKEN_CHANNELS = 4 * LATENT_CHANNELS
SIDE = PIXELS // (2 * STRIDE)  # tokens along a side
TOKENS = SIDE * SIDE
_ENCODER = (16, 24, 64, 96, 128)
_GROUPS = 2  # few: a flat picture keeps its colour only in how channels of a group differ
_DECODER = (16, 24, 64, 128, 160)


def create_autoencoder() -> Any:
    """Random weights; narrow where the picture is large, since that is where the time goes."""
    model: Any = AutoencoderKLFlux2(  # type: ignore[no-untyped-call]
        down_block_types=("DownEncoderBlock2D",) * len(_ENCODER),
        up_block_types=("UpDecoderBlock2D",) * len(_DECODER),
        block_out_channels=_ENCODER,
        decoder_block_out_channels=_DECODER,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=_GROUPS,
        sample_size=PIXELS,
        mid_block_add_attention=False,
    )
    return model.to(memory_format=channels_last)


def encode_moments(model: Any, pictures: Tensor) -> Tensor:
    """Mean and log-variance [B, 2C, h, w] of pictures [B, 3, H, W] in -1…1."""
    encoder = model.encoder
    x = encoder.conv_in(pictures)
    for block in encoder.down_blocks:
        for resnet in block.resnets:
            x = residual(resnet, x)
        for downsampler in block.downsamplers or ():
            x = downsampler(x)
    for resnet in encoder.mid_block.resnets:
        x = residual(resnet, x)
    moments: Tensor = model.quant_conv(encoder.conv_out(norm_silu(encoder.conv_norm_out, x)))
    return moments


def decode_latents(model: Any, latents: Tensor) -> Tensor:
    """Pictures [B, 3, H, W], about -1…1, of latents [B, C, h, w]."""
    decoder = model.decoder
    x = decoder.conv_in(model.post_quant_conv(latents))
    for resnet in decoder.mid_block.resnets:
        x = residual(resnet, x)
    for block in decoder.up_blocks:
        for resnet in block.resnets:
            x = residual(resnet, x)
        for upsampler in block.upsamplers or ():
            x = upsampler(x)
    pictures: Tensor = decoder.conv_out(norm_silu(decoder.conv_norm_out, x))
    return pictures
