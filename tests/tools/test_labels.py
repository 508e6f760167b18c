"""The label in every container: read back, beside what was there, by other programs too."""

import json
import wave
from io import BytesIO
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.errors import UnreadableMedia
from tools.labels import (
    ContentLabel,
    PictureFormat,
    label_after,
    label_image,
    label_sound,
    new_label,
    read_label,
    write_label,
)

SAMPLES = np.sin(np.linspace(0, 100, 2205)).astype(np.float32)
FORMATS: tuple[PictureFormat, ...] = ("PNG", "JPEG", "WEBP")
SOUNDS = ("WAV", "FLAC", "OGG", "OPUS", "MP3", "M4A")
LABEL = new_label()
words = st.text(max_size=40)
labels = st.builds(ContentLabel, words, words, words, words, words, words, words)


def sound(form: str) -> bytes:
    """A tenth of a second as another program writes it."""
    sink = BytesIO()
    if form == "M4A":
        with av.open(sink, "w", format="ipod") as container:
            stream = container.add_stream("aac", rate=22050, layout="mono")
            frame = av.AudioFrame.from_ndarray(SAMPLES[None], format="fltp", layout="mono")
            frame.sample_rate = 22050
            container.mux([*stream.encode(frame), *stream.encode(None)])
    elif form == "OPUS":
        soundfile.write(sink, SAMPLES, 48000, format="OGG", subtype="OPUS")
    else:
        soundfile.write(sink, SAMPLES, 22050, format=form)
    return sink.getvalue()


def decoded(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with av.open(BytesIO(data)) as container:
        return np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])


@pytest.mark.parametrize("form", FORMATS)
@given(label=labels, size=st.tuples(st.integers(1, 70), st.integers(1, 70)))
@settings(max_examples=25, deadline=None)
def test_any_label_comes_back_from_a_picture_of_any_size(
    form: PictureFormat, label: ContentLabel, size: tuple[int, int]
) -> None:
    data = label_image(Image.new("RGB", size, "teal"), form, label)
    assert read_label(data) == label
    assert Image.open(BytesIO(data)).size == size


@pytest.mark.parametrize("form", SOUNDS)
@given(label=labels)
@settings(max_examples=15, deadline=None)
def test_any_label_comes_back_from_a_sound(form: str, label: ContentLabel) -> None:
    assert read_label(write_label(PLAIN_SOUNDS[form], label)) == label


@pytest.mark.parametrize("form", SOUNDS)
def test_labelling_leaves_the_sound_as_it_was(form: str) -> None:
    plain = PLAIN_SOUNDS[form]
    np.testing.assert_array_equal(decoded(write_label(plain, LABEL)), decoded(plain))


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("PNG", "LA", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("PNG", "I;16", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True, "restart_marker_blocks": 2}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGB", {"lossless": True}),
    ],
)
def test_labelling_leaves_every_pixel_of_an_encoded_picture(
    form: str, mode: str, options: dict[str, object]
) -> None:
    picture = Image.effect_mandelbrot((40, 30), (-2, -1, 1, 1), 20).convert(mode)
    if picture.mode == "RGBA":
        picture.putalpha(100)
    sink = BytesIO()
    picture.save(sink, form, **options)
    labelled = Image.open(BytesIO(write_label(sink.getvalue(), LABEL)))
    plain = Image.open(sink)
    assert labelled.mode == plain.mode
    assert labelled.tobytes() == plain.tobytes()


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_a_film_keeps_its_frames(form: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    sink = BytesIO()
    frames[0].save(sink, form, save_all=True, append_images=frames[1:], duration=80)
    if form == "GIF":
        assert read_label(sink.getvalue()) is None
        return
    labelled = Image.open(BytesIO(write_label(sink.getvalue(), LABEL)))
    assert labelled.n_frames == 3


@pytest.mark.parametrize("form", FORMATS)
def test_colour_profile_orientation_and_foreign_xmp_stay(form: PictureFormat) -> None:
    foreign = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="\xe7\x94\xbb"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    sink = BytesIO()
    options = {"exif": exif, "icc_profile": b"profile" * 20}
    if form == "PNG":
        options["pnginfo"] = _png_xmp(foreign)
    else:
        options["xmp"] = foreign
    Image.new("RGB", (8, 8)).save(sink, form, **options)
    twice = write_label(write_label(sink.getvalue(), ContentLabel()), LABEL)
    picture = Image.open(BytesIO(twice))
    picture.load()
    assert read_label(twice) == LABEL
    assert picture.getexif()[0x0112] == 6
    assert picture.info["icc_profile"] == b"profile" * 20
    assert 'dc:format="画"'.encode() in picture.info["xmp"]
    assert picture.info["xmp"].count(b"TC260:AIGC>") == 2  # one property, opened and closed


def _png_xmp(packet: bytes) -> object:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=True)
    return info


@pytest.mark.parametrize("form", FORMATS)
def test_pillow_finds_the_property_of_the_standard(form: PictureFormat) -> None:
    picture = Image.open(BytesIO(label_image(Image.new("RGB", (9, 9)), form, LABEL)))
    picture.load()
    packet = picture.info["xmp"].decode()
    assert 'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"' in packet
    assert f"<TC260:AIGC>{LABEL.json()}</TC260:AIGC>" in packet


@pytest.mark.parametrize("form", ["FLAC", "OGG", "OPUS"])
def test_other_tags_of_a_sound_stay(form: str) -> None:
    copy = BytesIO(PLAIN_SOUNDS[form])
    tagged = mutagen.File(copy)
    tagged["TITLE"] = ["水调歌头"]
    copy.seek(0)
    tagged.save(copy)
    twice = write_label(write_label(copy.getvalue(), ContentLabel()), LABEL)
    tags = mutagen.File(BytesIO(twice)).tags
    assert tags["title"] == ["水调歌头"]
    assert tags["aigc"] == [LABEL.json()]


def test_the_label_is_the_object_of_the_standard() -> None:
    content = json.loads(ContentLabel(ProduceID="x").json())
    assert content["Label"] == "1"
    assert list(content) == [
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]


def test_no_two_files_share_a_number() -> None:
    assert len({new_label().ProduceID for _ in range(100)}) == 100


@pytest.mark.parametrize("identifier", ["x", "xy"])  # chunks of odd and of even length
def test_other_programs_still_read_the_wav(identifier: str) -> None:
    data = label_sound(SAMPLES, 22050, ContentLabel(ProduceID=identifier))
    samples, rate = soundfile.read(BytesIO(data), dtype="float32")
    assert rate == 22050
    np.testing.assert_allclose(samples, SAMPLES, atol=1e-4)
    with wave.open(BytesIO(data)) as reader:
        assert (reader.getsampwidth(), reader.getnchannels()) == (2, 1)


def test_samples_past_full_scale_are_clipped_not_wrapped() -> None:
    samples, _ = soundfile.read(
        BytesIO(label_sound(np.array([2, -2], np.float32), 8000, ContentLabel()))
    )
    assert samples[0] > 0.99
    assert samples[1] < -0.99


@pytest.mark.parametrize("form", SOUNDS)
def test_a_plain_sound_has_no_label(form: str) -> None:
    assert read_label(PLAIN_SOUNDS[form]) is None


@pytest.mark.parametrize("form", [*FORMATS, "GIF", "TIFF", "BMP", "HEIF", "AVIF"])
def test_a_plain_picture_has_no_label(form: str, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "p", form)
    assert read_label(tmp_path / "p") is None


@pytest.mark.parametrize("form", ["TIFF", "HEIF", "AVIF"])
def test_a_label_that_others_wrote_is_read_where_we_write_none(form: str) -> None:
    labelled = Image.open(BytesIO(label_image(Image.new("RGB", (16, 16)), "JPEG", LABEL)))
    sink = BytesIO()
    packet = labelled.info["xmp"]
    options = {"tiffinfo": {700: packet}} if form == "TIFF" else {"xmp": packet}
    Image.new("RGB", (16, 16)).save(sink, form, **options)
    assert read_label(sink.getvalue()) == LABEL
    with pytest.raises(UnreadableMedia):
        write_label(sink.getvalue(), LABEL)


@pytest.mark.parametrize("data", [b"", b"OggS", b"<html>", b"\xff\xfb", b"ID3", b"fLaC", b"RIFF"])
def test_what_cannot_hold_a_label_is_refused(data: bytes) -> None:
    assert read_label(data) is None
    with pytest.raises(UnreadableMedia):
        write_label(data, LABEL)


def test_a_file_made_from_anothers_keeps_what_they_wrote() -> None:
    theirs = ContentLabel("2", "别家", "7", "签名", "", "", "备用")
    made = label_after([None, LABEL, theirs])
    assert made.PropagateID
    assert made == ContentLabel("1", "别家", "7", "签名", "Duomo", made.PropagateID, "备用")


def test_a_file_made_from_ours_gets_a_number_of_its_own() -> None:
    made = label_after([LABEL, None])
    assert made == ContentLabel(ProduceID=made.ProduceID)
    assert made.ProduceID != LABEL.ProduceID


PLAIN_SOUNDS: dict[str, bytes] = {form: sound(form) for form in SOUNDS}
