import pytest

from models.errors import ToolRetry
from tools.picture_sizes import Size, read_size, rounded

MAX = 256 * 256


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("256x192", (256, 192)),
        (" 256 X 192 ", (256, 192)),
        ("256×192", (256, 192)),
        ("256*192", (256, 192)),
        ("２５６ｘ１９２", (256, 192)),
        ("256＊192像素", (256, 192)),
        ("256px×192px", (256, 192)),
        ("256乘192", (256, 192)),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: Size) -> None:
    assert read_size(text, MAX) == size


@pytest.mark.parametrize("text", ["", "大", "256", "x", "256x", "-1x5", "256x192x3", "1e3x5"])
def test_what_is_no_size_is_said(text: str) -> None:
    with pytest.raises(ToolRetry, match="256x256"):
        read_size(text, MAX)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("1024x768", "288x192"),
        ("768x1024", "192x288"),
        ("63x64", "224x256"),
        ("512x100", "512x128"),
        ("0x0", "256x256"),
        ("999999x1", "512x128"),
    ],
)
def test_out_of_bounds_names_a_size_that_is_not(text: str, possible: str) -> None:
    with pytest.raises(ToolRetry) as caught:
        read_size(text, MAX)
    assert possible in caught.value.zh
    assert read_size(possible, MAX)


@pytest.mark.parametrize("size", [(256, 256), (255, 250), (200, 327), (64, 64), (1020, 64)])
def test_rounded_sizes_are_multiples_within_the_bound(size: Size) -> None:
    width, height = rounded(size, 16, MAX)
    assert width % 16 == height % 16 == 0
    assert width * height <= MAX
    assert abs(width - size[0]) <= 24
    assert abs(height - size[1]) <= 24
