"""How a checkpoint that draws wants to be called: the `[defaults]` of its catalogue entry."""

from pydantic import Field

from models.catalog import CheckpointDefaults


class DrawingDefaults(CheckpointDefaults, frozen=True):
    """`size`: the side in px of the square that it was trained on; `max_pixels`: the most it draws.

    `guidance_until`: the noise level, 1 to 0, below which words no longer guide (Kynkäänniemi et
    al. 2024, "Applying Guidance in a Limited Interval"); of flow-matching pipelines.
    `styles`: the styles of `tools/drawing_styles.toml` that it knows, all of them when None.
    `things`: words for what it has learnt to draw, anything when None.
    `one_size`: a picture to edit is squeezed into that square, as no other shape was learned.
    `quality`: whether words such as 细节丰富 make its pictures better.
    `tiled_vae` decodes a picture in tiles, `attention_slicing` computes a U-Net's attention in
    parts: both slower, for small cards.
    """

    steps: int = Field(gt=0)
    guidance: float = Field(ge=0)
    guidance_until: float = Field(0.0, ge=0, lt=1)
    size: int = Field(gt=0)
    max_pixels: int = Field(gt=0)
    max_sequence_length: int = Field(512, gt=0)
    text_encoder_out_layers: tuple[int, ...] | None = None
    strength: float = Field(0.6, gt=0, le=1)  # of image-to-image where the caller names none
    styles: tuple[str, ...] | None = None
    things: tuple[str, ...] | None = None
    one_size: bool = False
    quality: bool = False
    tiled_vae: bool = False
    attention_slicing: bool = False
