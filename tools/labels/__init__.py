"""The AI-content label that a generated file carries (GB 45438-2025).

content.py   the fields of annex E and their JSON
files.py     read and write them in any file: `read_label`, `write_label`
xmp.py       pictures hold the JSON as the XMP property `TC260:AIGC`
png.py jpeg.py riff.py tags.py   where each container keeps it, pixels and sound untouched
visible.py   the mark that a person sees or hears
"""

from tools.labels.content import ContentLabel, is_ours, label_after, new_label
from tools.labels.files import PictureFormat, label_image, label_sound, read_label, write_label

__all__ = [
    "ContentLabel",
    "PictureFormat",
    "is_ours",
    "label_after",
    "label_image",
    "label_sound",
    "new_label",
    "read_label",
    "write_label",
]
