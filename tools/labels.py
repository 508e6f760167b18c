"""The AI-content label that a generated file carries in its metadata (GB 45438-2025, annex E).

WAV: a RIFF chunk `AIGC` that holds the standard's JSON; players skip chunks they do not know.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from models.errors import UnreadableMedia

_CHUNK = b"AIGC"
_HEADER = struct.Struct("<4sI")
_PCM, _BITS = 1, 16


@dataclass(frozen=True)
class ContentLabel:
    """The fields of annex E, named as there. `Label` "1": made by AI."""

    Label: str = "1"
    ContentProducer: str = "Duomo"
    ProduceID: str = ""
    ReservedCode1: str = ""
    ContentPropagator: str = ""
    PropagateID: str = ""
    ReservedCode2: str = ""

    def json(self) -> bytes:
        return json.dumps({"AIGC": asdict(self)}, ensure_ascii=False).encode()


def labelled_wav(samples: npt.NDArray[np.float32], sample_rate: int, label: ContentLabel) -> bytes:
    """Mono `samples` [n] in −1…1 → a 16-bit WAV file that carries `label`."""
    pcm = (np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes()
    width = _BITS // 8
    form = struct.pack("<HHIIHH", _PCM, 1, sample_rate, sample_rate * width, width, _BITS)
    body = _chunk(b"fmt ", form) + _chunk(_CHUNK, label.json()) + _chunk(b"data", pcm)
    wav = _HEADER.pack(b"RIFF", 4 + len(body)) + b"WAVE" + body
    assert read_wav_label(wav) == label, "a label that cannot be read back is no label"
    return wav


def read_wav_label(wav: bytes) -> ContentLabel | None:
    """The label of a WAV file, or None. `UnreadableMedia` when it is no WAV."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise UnreadableMedia("这不是 WAV 文件。", "Not a WAV file.")
    found = next((data for name, data in _chunks(wav) if name == _CHUNK), None)
    return None if found is None else _parse(found)


def _parse(data: bytes) -> ContentLabel | None:
    """Fields the standard does not name are left out; anything else malformed is no label."""
    try:
        fields = json.loads(data.rstrip(b"\0"))["AIGC"]
        return ContentLabel(
            **{name: str(fields.get(name, "")) for name in ContentLabel.__dataclass_fields__}
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _chunk(name: bytes, data: bytes) -> bytes:
    return (
        _HEADER.pack(name, len(data)) + data + b"\0" * (len(data) % 2)
    )  # chunks lie on even bytes


def _chunks(wav: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 12
    while start + _HEADER.size <= len(wav):
        name, size = _HEADER.unpack_from(wav, start)
        start += _HEADER.size
        yield name, wav[start : start + size]
        start += size + size % 2
