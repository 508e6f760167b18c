"""Pictures from files that may be anything."""

import contextlib
import io
import os
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import MediaTooLarge, UnreadableMedia
from retrieval.media import exif_date, open_picture, open_reduced
from tests.retrieval.pictures import picture

ORIENTATION, EXIF_IFD, TAKEN = 0x0112, 0x8769, 0x9003


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF"])
def test_every_format_opens_as_rgb(form: str) -> None:
    image = open_picture(encoded(Image.new("RGB", (64, 48), (200, 40, 40)), form))
    assert (image.mode, image.size) == ("RGB", (64, 48))
    red, green, blue = image.getpixel((30, 20))
    assert red > 180
    assert max(green, blue) < 70


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(orientation: int) -> None:
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    upright = picture(1)
    stored = upright if turned is None else upright.transpose(turned)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(stored, "PNG", exif=exif)
    assert np.array_equal(np.asarray(open_picture(data)), np.asarray(upright))
    header, _ = open_reduced(data, least_side=4)
    assert (header.width, header.height) == upright.size


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_lies_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0)).convert(mode)
    assert open_picture(encoded(clear, "PNG" if mode != "PA" else "TIFF")).getpixel((1, 1)) == (
        255,
        255,
        255,
    )


def test_a_palette_with_a_transparent_colour_lies_on_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putpixel((0, 0), 1)
    opened = open_picture(encoded(image, "PNG", transparency=0))
    assert opened.getpixel((1, 1)) == (255, 255, 255)
    assert opened.getpixel((0, 0)) == (200, 0, 0)


def test_sixteen_bits_keep_their_greys() -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    for form in ("PNG", "TIFF"):
        grey = np.asarray(open_picture(encoded(Image.fromarray(ramp), form)))[..., 0]
        assert np.abs(grey.astype(int) - np.arange(256).reshape(16, 16)).max() <= 1


def test_float_and_cmyk_become_rgb() -> None:
    half = Image.fromarray(np.full((4, 4), 0.5, np.float32))
    assert open_picture(encoded(half, "TIFF")).getpixel((0, 0))[0] in (127, 128)
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    red, _, blue = open_picture(encoded(cyan, "TIFF")).getpixel((0, 0))
    assert red < 60 < 200 < blue


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    for side in (12_000, 60_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))
        with pytest.raises(MediaTooLarge):
            open_picture(bomb)


def test_a_jpeg_over_the_bound_is_decoded_smaller() -> None:
    data = encoded(picture(2, (800, 600)), "JPEG")
    assert open_picture(data, max_pixels=130_000).size == (400, 300)
    with pytest.raises(MediaTooLarge):
        open_picture(data, max_pixels=5_000)
    with pytest.raises(MediaTooLarge):  # a progressive one is whole in memory at any scale
        open_picture(encoded(picture(2, (800, 600)), "JPEG", progressive=True), max_pixels=130_000)
    with pytest.raises(MediaTooLarge):
        open_picture(encoded(picture(2, (800, 600)), "PNG"), max_pixels=130_000)


def test_reducing_keeps_twice_the_side_and_the_true_size() -> None:
    header, image = open_reduced(encoded(picture(3, (1600, 1200)), "JPEG"), least_side=224)
    assert (header.width, header.height) == (1600, 1200)
    assert image.size == (800, 600)
    _, whole = open_reduced(encoded(picture(3, (440, 330)), "JPEG"), least_side=224)
    assert whole.size == (440, 330)


def test_the_date_is_that_of_exif() -> None:
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[TAKEN] = "2024:05:01 12:30:00"
    header, _ = open_reduced(encoded(picture(4), "JPEG", exif=exif), least_side=4)
    assert header.taken == "2024-05-01T12:30:00"


@pytest.mark.parametrize(
    "text", ["", "0000:00:00 00:00:00", "昨天", None, 7, "2024:13:01 00:00:00"]
)
def test_a_broken_date_is_no_date(text: object) -> None:
    assert exif_date(text) is None


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF"])
def test_a_truncated_file_is_unreadable(form: str) -> None:
    whole = encoded(picture(5, (200, 150)), form)
    for kept in (0.05, 0.5, 0.8):
        with pytest.raises(UnreadableMedia) as caught:
            open_picture(whole[: int(len(whole) * kept)])
        assert "图片" in caught.value.zh
        assert caught.value.en


def test_damaged_bytes_never_raise_anything_else() -> None:
    rng = np.random.default_rng(0)
    for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF"):
        whole = np.frombuffer(encoded(picture(6), form), np.uint8)
        for _ in range(40):
            damaged = whole.copy()
            damaged[rng.integers(0, len(whole), 6)] = rng.integers(0, 256, 6)
            with contextlib.suppress(UnreadableMedia, MediaTooLarge):
                assert open_picture(damaged.tobytes()).mode == "RGB"


@pytest.mark.parametrize("data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>"])
def test_other_kinds_of_file_are_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableMedia):
        open_picture(data)


def test_a_pipe_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableMedia):
        open_picture(tmp_path / "pipe.png")
    with pytest.raises(UnreadableMedia):
        open_picture(tmp_path / "a\0b.png")
    with pytest.raises(FileNotFoundError):
        open_picture(tmp_path / "absent.png")


def test_many_threads_decode_at_once() -> None:
    data = [encoded(picture(seed), "PNG") for seed in range(8)]
    right: list[bool] = []

    def decode(seed: int) -> None:
        for _ in range(20):
            same = np.array_equal(np.asarray(open_picture(data[seed])), np.asarray(picture(seed)))
            right.append(same)

    threads = [threading.Thread(target=decode, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == 160
    assert all(right)
