"""The place leaves no picture, whoever wrote it down; all else stays."""

import struct
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import retrieval.media  # noqa: F401  (registers HEIF)
from tools.labels import new_label, read_label, write_label
from tools.location import without_location

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "MPO")
PLACE = (30.0, 15.0, 9.5)
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
    b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:ColorSpace="1"'
    b" exif:GPSLatitude='30,15.2N'><exif:GPSLongitude>120,9E</exif:GPSLongitude>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def exif() -> Image.Exif:
    content = Image.Exif()
    content[0x010F] = "相机".encode()
    content[0x0112] = 6
    content[0x8769] = {0x9003: "2024:01:01 10:00:00", 0x927C: b"maker's own notes"}
    content[0x8825] = {0: b"\x02\x03\0\0", 1: "N", 2: PLACE, 3: "E", 4: PLACE, 29: "2024:01:01"}
    content[0x0131] = "after the place"  # 0x0131 < 0x8825; 0xC614 comes behind it
    content[0xC614] = "camera"
    return content


def photo(form: str) -> bytes:
    picture = Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 20).convert("RGB")
    options: dict[str, object] = {
        "exif": exif().tobytes(),
        "icc_profile": b"profile" * 9,
        "xmp": XMP,
    }
    if form == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        info.add_text("exif:GPSLatitude", "30/1")
        info.add_text("Comment", "江南")
        options["pnginfo"] = info
    if form == "MPO":
        options |= {"save_all": True, "append_images": [picture.rotate(90)]}
    sink = BytesIO()
    picture.save(sink, form, **options)
    return sink.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_the_place_is_gone_and_everything_else_stays(form: str) -> None:
    before, after = (Image.open(BytesIO(d)) for d in (photo(form), without_location(photo(form))))
    pixels = after.tobytes(), before.tobytes()  # loads both: TIFF turns itself upright then
    old, new = before.getexif(), after.getexif()
    assert old.get_ifd(0x8825)[2] == PLACE, "the photo has a place to begin with"
    assert new.get_ifd(0x8825) == {}
    assert 0x8825 not in new
    places = (0x8769, 0x8825)  # of directories, which Pillow may write anew
    assert {t: new[t] for t in new if t not in places} == {
        t: old[t] for t in old if t not in places
    }
    assert new.get_ifd(0x8769) == old.get_ifd(0x8769)
    assert pixels[0] == pixels[1]
    assert after.info["icc_profile"] == before.info["icc_profile"]
    packet = after.info.get("xmp", b"")
    assert b"GPS" not in packet
    assert (b"ColorSpace" in packet) == (b"ColorSpace" in before.info.get("xmp", b""))


def test_every_picture_of_a_file_of_several_is_cleared() -> None:
    with Image.open(BytesIO(without_location(photo("MPO")))) as pictures:
        for number in range(pictures.n_frames):
            pictures.seek(number)
            assert pictures.getexif().get_ifd(0x8825) == {}


def test_text_that_converters_write_into_a_png_is_cleared() -> None:
    profile = (
        b"\nexif\n      99\n"
        + (b"Exif\0\0" + exif().tobytes().removeprefix(b"Exif\0\0")).hex().encode()
    )
    info = PngInfo()
    info.add_text("Raw profile type exif", profile.decode(), zip=True)
    info.add_text("Comment", "江南", zip=False)
    sink = BytesIO()
    Image.new("RGB", (8, 8)).save(sink, "PNG", pnginfo=info)
    picture = Image.open(BytesIO(without_location(sink.getvalue())))
    picture.load()
    assert list(picture.info) == ["Comment"]


@pytest.mark.parametrize(
    "place",
    [
        b"\0\0\0\x1a\xa9xyz\0\x12\x15\xc7+30.2524+120.1597/",
        b"\0\0\0\x2adata\0\0\0\1\0\0\0\0+30.2524+120.1597+012.345/",
    ],
)
def test_a_film_says_no_place_alone_or_behind_a_photo(place: bytes) -> None:
    film = b"\0\0\0\x20udta" + place + b"mdat"
    sink = BytesIO()
    Image.new("RGB", (8, 8)).save(sink, "JPEG")
    for data in (film, sink.getvalue() + film):
        after = without_location(data)
        assert b"30.2524" not in after
        assert len(after) == len(data)
        assert without_location(after) is after


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_bigtiff_says_no_place(order: str) -> None:
    start = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(f"{order}HHQ", 8, 0, 16)
    pointer = struct.pack(f"{order}Q HHQQ HHQQ Q", 2, 0x100, 4, 1, 7, 0x8825, 18, 1, 72, 0)
    place = struct.pack(f"{order}Q HHQ8s Q", 1, 1, 2, 2, b"N\0", 0)
    after = without_location(start + pointer + place)
    assert after[16:24] == struct.pack(f"{order}Q", 1)
    assert after[24:44] == (start + pointer)[24:44]
    assert not any(after[72:])


@pytest.mark.parametrize("form", [f for f in FORMATS if f != "MPO"])
def test_a_picture_without_a_place_is_the_very_same(form: str) -> None:
    once = without_location(photo(form))
    assert without_location(once) is once


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_label_stays(form: str) -> None:
    label = new_label()
    assert read_label(without_location(write_label(photo(form), label))) == label


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_broken_files_cost_little_and_change_no_length(data: st.DataObject) -> None:
    whole = PHOTOS[data.draw(st.sampled_from(("JPEG", "TIFF", "WEBP")))]
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=8)
    ):
        if at < len(broken):
            broken[at] = value
    assert len(without_location(bytes(broken))) == len(broken)


@pytest.mark.parametrize("points_at", [8, 10, 12])
def test_a_place_that_lies_on_top_of_its_own_pointer_is_blanked(points_at: int) -> None:
    """Its directory is blanked with it, so that it has to be read before."""
    entry = struct.pack("<HHII", 0x8825, 4, 1, points_at)
    broken = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    clean = without_location(broken)
    assert len(clean) == len(broken)
    assert entry not in clean


def test_a_picture_cut_anywhere_keeps_its_length() -> None:
    for whole in PHOTOS.values():
        for size in range(min(len(whole), 700)):
            assert len(without_location(whole[:size])) == size


def test_directories_that_point_in_circles_end() -> None:
    loop = b"II*\0" + struct.pack("<IHI", 8, 0, 8)
    assert without_location(loop * 5000) == loop * 5000


PHOTOS = {form: photo(form) for form in ("JPEG", "TIFF", "WEBP")}
