"""How a checkpoint that draws wants to be called: the `[defaults]` of its catalogue entry."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.catalog import Checkpoint
from models.errors import CatalogError


class DrawingDefaults(BaseModel, frozen=True):
    """`size`: the side in px of the square that it was trained on; `max_pixels`: the most it draws.

    `styles`: the styles of `tools/drawing_styles.toml` that it knows, all of them when None.
    `one_size`: a picture to edit is squeezed into that square, as no other shape was learned.
    `quality`: whether words such as 细节丰富 make its pictures better.
    """

    model_config = ConfigDict(extra="forbid")
    steps: int = Field(gt=0)
    guidance: float = Field(ge=0)
    size: int = Field(gt=0)
    max_pixels: int = Field(gt=0)
    max_sequence_length: int = Field(512, gt=0)
    text_encoder_out_layers: tuple[int, ...] | None = None
    strength: float = Field(0.6, gt=0, le=1)  # of image-to-image where the caller names none
    styles: tuple[str, ...] | None = None
    one_size: bool = False
    quality: bool = False

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """Raises CatalogError when something is missing, unknown or of the wrong kind."""
        try:
            return cls.model_validate(checkpoint.defaults)
        except ValidationError as error:
            raise CatalogError(
                f"目录条目 {checkpoint.name} 的 defaults 不对，请改正：{error}",
                f"Correct the defaults of catalogue entry {checkpoint.name}: {error}",
            ) from error
