"""What leaves the store: without the place, with its label, marked where that is wanted."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.tools.test_labels import PLAIN_SOUNDS
from tests.tools.test_location import photo
from tools.artifacts import ArtifactStore, Lineage
from tools.labels import ContentLabel, label_image, label_sound, new_label, read_label, write_label

UPLOAD = Lineage(source="upload")
LABEL = new_label()
THEIRS = ContentLabel(ContentProducer="别家", ProduceID="7", ReservedCode1="签名")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ArtifactStore]:
    store = ArtifactStore(tmp_path)
    yield store
    store.close()


def kept(shelf: ArtifactStore, data: bytes) -> str:
    return shelf.put(data, name="x", lineage=UPLOAD).sha256


def test_an_upload_stays_as_it_is_and_leaves_without_its_place(shelf: ArtifactStore) -> None:
    data = photo("JPEG")
    sha256 = kept(shelf, data)
    left = shelf.export(sha256)
    assert shelf.path(sha256).read_bytes() == data
    with Image.open(left) as picture, Image.open(BytesIO(data)) as original:
        assert picture.getexif().get_ifd(0x8825) == {}
        assert picture.getexif()[0x0112] == 6
        assert picture.tobytes() == original.tobytes()
    assert shelf.export(sha256) == left


def test_a_thumbnail_has_no_metadata_but_the_label(shelf: ArtifactStore) -> None:
    sha256 = kept(shelf, write_label(photo("JPEG"), THEIRS))
    small = shelf.thumbnail(sha256, 128)
    assert read_label(small) == THEIRS
    assert b"GPS" not in small
    assert "exif" not in Image.open(BytesIO(small)).info


def test_what_has_nothing_to_hide_leaves_as_the_very_file(shelf: ArtifactStore) -> None:
    for data in (
        label_image(Image.new("RGB", (80, 60)), "PNG", LABEL),
        label_sound(np.zeros(800, np.float32), 8000, LABEL),
    ):
        sha256 = kept(shelf, data)
        assert shelf.export(sha256) == shelf.path(sha256)


def test_a_voice_memo_leaves_without_its_place(shelf: ArtifactStore) -> None:
    place = b"+30.2524+120.1597/"
    memo = PLAIN_SOUNDS["M4A"] + b"\0\0\0\x1efree\xa9xyz\0\x12\x15\xc7" + place
    left = shelf.export(kept(shelf, memo)).read_bytes()
    assert place not in left
    assert left[: len(PLAIN_SOUNDS["M4A"])] == PLAIN_SOUNDS["M4A"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_made_picture_leaves_marked_where_that_is_wanted(shelf: ArtifactStore, form: str) -> None:
    sha256 = kept(shelf, label_image(Image.new("RGB", (200, 200), "navy"), form, LABEL))
    left = shelf.export(sha256, visible_label=True).read_bytes()
    picture = Image.open(BytesIO(left))
    assert (picture.format, picture.size) == (form, (200, 200))
    assert np.asarray(picture).max() > 200
    assert read_label(left) == LABEL
    assert np.asarray(Image.open(shelf.export(sha256))).max() < 200


def test_its_thumbnail_is_marked_too(shelf: ArtifactStore) -> None:
    sha256 = kept(shelf, label_image(Image.new("RGB", (600, 600), "navy"), "PNG", LABEL))
    plain, marked = (shelf.thumbnail(sha256, 256, visible_label=v) for v in (False, True))
    assert np.asarray(Image.open(BytesIO(plain))).max() < 200
    assert np.asarray(Image.open(BytesIO(marked))).max() > 200
    assert read_label(plain) == read_label(marked) == LABEL


def test_a_made_sound_leaves_after_the_rhythm(shelf: ArtifactStore) -> None:
    samples = np.linspace(-0.5, 0.5, 4000, dtype=np.float32)
    left = shelf.export(kept(shelf, label_sound(samples, 8000, LABEL)), visible_label=True)
    heard, rate = soundfile.read(left, dtype="float32")
    assert rate == 8000
    assert len(heard) > 4000 + 8000
    np.testing.assert_allclose(heard[-4000:], samples, atol=1e-4)
    assert read_label(left) == LABEL


@pytest.mark.parametrize("label", [None, THEIRS])
def test_what_was_not_made_here_is_never_marked(
    shelf: ArtifactStore, label: ContentLabel | None
) -> None:
    plain = BytesIO()
    Image.new("RGB", (80, 60)).save(plain, "PNG")
    data = plain.getvalue() if label is None else write_label(plain.getvalue(), label)
    sha256 = kept(shelf, data)
    assert shelf.export(sha256, visible_label=True).read_bytes() == data
    assert (
        np.asarray(Image.open(BytesIO(shelf.thumbnail(sha256, 64, visible_label=True)))).max() < 9
    )


def test_a_copy_that_left_is_traced_back(shelf: ArtifactStore) -> None:
    sha256 = kept(shelf, label_image(Image.new("RGB", (80, 60)), "PNG", LABEL))
    left = shelf.export(sha256, visible_label=True)
    other = shelf.put(left, name="back", lineage=UPLOAD)
    assert shelf.origin(sha256, 0) == sha256
    assert shelf.origin(other.sha256, other.size_bytes) == other.sha256
    assert shelf.origin("0" * 64, left.stat().st_size) is None
