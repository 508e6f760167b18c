"""Small WebP copies for the screen."""

from io import BytesIO

from PIL import Image

from tools.labels import ContentLabel, write_label

THUMBNAIL_SIDES = (128, 256, 512, 1024)  # few, so that the cache stays small
_QUALITY = 82  # no visible difference at these sizes, a third of the bytes of 95


def encode_thumbnail(picture: Image.Image, side: int, label: ContentLabel | None = None) -> bytes:
    """WebP of `picture` within `side` × `side` px, never enlarged, with the label it carries."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    sink = BytesIO()
    small.save(sink, "WEBP", quality=_QUALITY)
    return sink.getvalue() if label is None else write_label(sink.getvalue(), label)
