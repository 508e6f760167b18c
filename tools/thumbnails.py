"""Small WebP copies for the screen."""

from io import BytesIO

from PIL import Image

from tools.labels import ContentLabel, write_label
from tools.labels.visible import mark_image

THUMBNAIL_SIDES = (128, 256, 512, 1024)  # few, so that the cache stays small
_QUALITY = 82  # no visible difference at these sizes, a third of the bytes of 95


def encode_thumbnail(
    picture: Image.Image, side: int, label: ContentLabel | None = None, *, marked: bool = False
) -> bytes:
    """WebP of `picture` within `side` × `side` px, never enlarged, with the label it carries.

    `marked`: with the mark that a person sees.
    """
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    sink = BytesIO()
    (mark_image(small) if marked else small).save(sink, "WEBP", quality=_QUALITY)
    return sink.getvalue() if label is None else write_label(sink.getvalue(), label)
