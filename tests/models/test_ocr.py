"""Real PP-OCR models on drawn pictures; those in `pictures/` were set in Noto Serif CJK."""

import shutil
import socket
import threading
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from models.catalog import Catalog, Checkpoint, CheckpointFile, Profile
from models.errors import Cancelled, CatalogError, CheckpointBroken
from models.residency import Residency
from models.roles.ocr import TextRecognizer

PICTURES = Path(__file__).parent / "pictures"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return Catalog.bundled().get("starter-ocr")


@pytest.fixture(scope="module")
def recognizer(checkpoint: Checkpoint) -> TextRecognizer:
    return TextRecognizer.load(Path(), checkpoint, CPU)


def drawn(text: str, size: tuple[int, int], height: int = 32) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    font = ImageFont.load_default(height)
    ImageDraw.Draw(picture).multiline_text((12, 8), text, "black", font, spacing=height // 2)
    return picture


def read(recognizer: TextRecognizer, name: str) -> list[str]:
    with Image.open(PICTURES / f"{name}.png") as picture:
        return [line.text for line in recognizer.read(picture.convert("RGB"))]


def test_reads_chinese_and_figures(recognizer: TextRecognizer) -> None:
    lines = [line.replace(" ", "") for line in read(recognizer, "notice")]
    assert lines == ["营业时间：早八点至晚十点", "电话0571-88886666"]


def test_reads_vertical_chinese_from_right_to_left(recognizer: TextRecognizer) -> None:
    assert read(recognizer, "vertical_poem") == [
        "白日依山尽",
        "黄河入海流",
        "欲穷千里目",
        "更上一层楼",
    ]


def test_reads_one_column_before_the_next(recognizer: TextRecognizer) -> None:
    text = "".join(read(recognizer, "two_columns"))
    heading, left, right = (text.find(words) for words in ("小桥", "飞回来了", "到了夏天"))
    assert 0 <= heading < left < right


def test_lines_come_with_scores_and_boxes_in_px(recognizer: TextRecognizer) -> None:
    [first, second] = recognizer.read(drawn("Hello world\nSecond line", (400, 120)))
    assert (first.text, second.text) == ("Hello world", "Second line")
    assert first.score > 0.9
    assert all(0 <= x <= 400 and 0 <= y <= 120 for x, y in first.box)
    assert max(y for _, y in first.box) < min(y for _, y in second.box) + 10


def test_reads_upside_down_lines(recognizer: TextRecognizer) -> None:
    picture = drawn("UPSIDE DOWN", (300, 60)).rotate(180)
    assert [line.text for line in recognizer.read(picture)] == ["UPSIDE DOWN"]


def test_reads_a_picture_that_is_hardly_more_than_its_line(recognizer: TextRecognizer) -> None:
    picture = drawn("tiny", (56, 26), height=16)
    assert [line.text for line in recognizer.read(picture)] == ["tiny"]


def test_reads_small_print_on_a_tall_screenshot(recognizer: TextRecognizer) -> None:
    picture = drawn("\n".join(f"line {n}" for n in range(100, 115)), (160, 900), height=30)
    assert [line.text for line in recognizer.read(picture)][12] == "line 112"


@pytest.mark.parametrize("size", [(200, 150), (1, 1), (3000, 2), (2, 900)])
def test_a_picture_without_text_has_no_lines(
    recognizer: TextRecognizer, size: tuple[int, int]
) -> None:
    assert recognizer.read(Image.new("RGB", size, "gray")) == []


def test_stops_between_lines(recognizer: TextRecognizer) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        recognizer.read(drawn("never\nread", (300, 120)), stop)
    assert recognizer.read(drawn("again", (200, 60)))[0].text == "again"


def test_needs_no_network(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("tried to open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    recognizer = TextRecognizer.load(Path(), checkpoint, CPU)
    assert recognizer.read(drawn("offline", (200, 60)))[0].text == "offline"


def test_says_what_to_do_when_a_model_file_is_missing(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    elsewhere = checkpoint.model_copy(update={"bundled": None})
    with pytest.raises(CheckpointBroken, match=r"PP-OCRv6_det_small\.onnx"):
        TextRecognizer.load(tmp_path, elsewhere, CPU)


SERVER = Catalog.bundled().get("pp-ocr-server")
SMALL = {"detector": "PP-OCRv6_det_small.onnx", "recognizer": "PP-OCRv6_rec_small.onnx"}


@pytest.fixture
def pulled(tmp_path: Path) -> Path:
    """The server's folder, with the wheel's smaller models under the names of its own."""
    import rapidocr

    wheel = Path(rapidocr.__file__).parent / "models"
    folder = tmp_path / "checkpoints" / SERVER.name
    for key, small in SMALL.items():
        (folder / SERVER.defaults[key]).parent.mkdir(parents=True)
        shutil.copy(wheel / small, folder / SERVER.defaults[key])
    return folder


def residency(data: Path) -> Residency:
    sizeless = tuple(CheckpointFile(path=file.path) for file in SERVER.files)
    note = {"zh": "测试", "en": "test"}
    profile = Profile.model_validate(
        {"name": "t", "budget_bytes": 1 << 30, "roles": {"ocr": SERVER.name}, "note": note}
    )
    catalog = Catalog([SERVER.model_copy(update={"files": sizeless})])
    return Residency(catalog, profile, device=CPU, budget_bytes=1 << 30, data_dir=data)


def test_the_servers_entry_reads_from_its_folder_without_a_network(
    pulled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("tried to open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    leases = residency(tmp_path)
    with leases.lease("ocr") as recognizer:
        [line] = recognizer.read(drawn("from the folder", (300, 60)))
    assert line.text.replace(" ", "") == "fromthefolder"
    files = [pulled / SERVER.defaults[key] for key in SMALL]
    assert leases.state().used_bytes == sum(f.stat().st_size for f in files) + (512 << 20)
    leases.close()


@pytest.mark.parametrize("key", SMALL)
@pytest.mark.parametrize("content", [None, b"", b"\x08\x07garbage"])
def test_model_files_that_are_not_right_are_broken(
    pulled: Path, tmp_path: Path, key: str, content: bytes | None
) -> None:
    file = pulled / SERVER.defaults[key]
    file.unlink() if content is None else file.write_bytes(content)
    leases = residency(tmp_path)
    with pytest.raises(CheckpointBroken), leases.lease("ocr"):
        pass
    leases.close()


@pytest.mark.parametrize("wrong", ["../det.onnx", "/etc/det.onnx", "a/../b.onnx", "det.txt", 3])
def test_model_files_lie_in_the_folder(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(CatalogError):
        TextRecognizer.load(
            tmp_path, SERVER.model_copy(update={"defaults": {"detector": wrong}}), CPU
        )
