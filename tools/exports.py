"""A stored file as it leaves the store: nothing in it says where, and who asks for it sees or hears
that it was made.

Tools always work on what is stored: a mark for people would be read, searched and drawn over.
"""

from io import BytesIO

import soundfile

from retrieval.media import open_picture
from tools.labels import ContentLabel, is_ours, label_image, label_sound, read_label
from tools.labels.files import PictureFormat
from tools.labels.visible import mark_image, mark_sound
from tools.location import without_location

_MADE_HERE: dict[str, PictureFormat] = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
}


def may_differ(mime: str, *, visible_label: bool) -> bool:
    """Whether a file of this kind can leave as anything but itself."""
    return visible_label or _may_say_where(mime)


def exported(data: bytes, mime: str, *, visible_label: bool) -> bytes:
    """What leaves; `data` itself where nothing has to change. The label stays what it was."""
    label = read_label(data) if visible_label else None
    if label is not None and is_ours(label):
        if mime in _MADE_HERE:
            return _marked_image(data, _MADE_HERE[mime], label)
        if mime == "audio/wav":
            return _marked_sound(data, label)
    return without_location(data) if _may_say_where(mime) else data


def _may_say_where(mime: str) -> bool:
    return mime.startswith("image/") or mime == "audio/mp4"  # phones write their place into both


def _marked_image(data: bytes, form: PictureFormat, label: ContentLabel) -> bytes:
    """Encoded anew: of what stood beside the pixels, only the label comes along."""
    return label_image(mark_image(open_picture(data)), form, label)


def _marked_sound(data: bytes, label: ContentLabel) -> bytes:
    samples, sample_rate = soundfile.read(BytesIO(data), dtype="float32", always_2d=True)
    return label_sound(mark_sound(samples.mean(axis=1), sample_rate), sample_rate, label)
