from pathlib import Path

import pytest
from PIL import Image

from models.errors import UnreadableMedia
from tests.fixtures.sounds import encoded
from tests.fixtures.voices import hum
from tools.artifacts import ArtifactStore, Lineage
from tools.sniff import sniff

UPLOAD = Lineage(source="upload")


@pytest.mark.parametrize(
    ("form", "mime", "extension"),
    [
        ("wav", "audio/wav", ".wav"),
        ("flac", "audio/flac", ".flac"),
        ("mp3", "audio/mpeg", ".mp3"),
        ("ogg", "audio/ogg", ".ogg"),
        ("opus", "audio/ogg", ".ogg"),
        ("m4a", "audio/mp4", ".m4a"),
        ("webm", "audio/webm", ".webm"),
    ],
)
def test_a_sound_is_kept_with_its_type_and_length(
    store: ArtifactStore, form: str, mime: str, extension: str
) -> None:
    kept = store.put(encoded(form, hum(1, rate=48000), 48000), name="录音.exe", lineage=UPLOAD)
    assert (kept.kind, kept.mime, kept.name) == ("audio", mime, f"录音{extension}")
    assert kept.seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_pictures_in_the_container_of_films_stay_pictures(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a"
    Image.new("RGB", (64, 48)).save(path, form)
    assert sniff(path).kind == "image"


def test_a_sound_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded("m4a", hum(1), 16000))
    with pytest.raises(UnreadableMedia, match="这个文件是音频，这里需要图片"):
        sniff(path, "image")


def test_what_is_neither_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\0\0\0\x18ftypqt  \0\0\0\0" + b"\0" * 100)
    with pytest.raises(UnreadableMedia):
        sniff(path)
