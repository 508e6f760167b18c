"""Text in pictures by RapidOCR: PP-OCR detection and recognition models on onnxruntime.

The models lie inside the `rapidocr` wheel, or in a checkpoint's folder; RapidOCR is always told
where, or it would download them.
"""

import importlib.util
import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from pydantic import Field

from models.catalog import Checkpoint, CheckpointDefaults
from models.errors import Cancelled, CheckpointBroken
from models.roles.reading_order import Span, reading_order

Pixels = npt.NDArray[np.uint8]  # [height, width, 3], BGR as the models were trained
Cancel = threading.Event | None
Quad = npt.NDArray[np.float32]  # [4, 2]: x, y px of the corners, clockwise from the top left

_DETECTOR, _RECOGNIZER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_MODEL_FILE = r"^(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.onnx$"
_MAX_AREA = 12_000_000  # px kept for reading; a page scanned at 300 dpi is 9
_DETECTION_AREA = 4_000_000  # px the detector sees
_SHORT_SIDE, _LONG_SIDE = 960, 1600  # px, whichever scale is larger
_LARGEST_ENLARGEMENT = 2.0
_TYPICAL_LINE = 48  # px; pictures of one small line are enlarged towards it
_MARGIN = 32  # px around: the detector misses text that touches the edge
_LINE_ASPECT, _LONGEST_LINE = 2.0, 64.0  # width to height of a line; its cost grows with it
_LOWEST_LINE = 6  # px; letters lower than that cannot be told apart
_LEAST_SCORE = 0.5
_DOUBTFUL_SCORE = 0.9  # below, the line may be upside down
_WORKING_BYTES = 512 << 20  # measured peak over a page of the largest size


class ReadingDefaults(CheckpointDefaults, frozen=True):
    """`detector`, `recognizer`: the files of the models in the checkpoint's folder."""

    detector: str = Field(_DETECTOR, pattern=_MODEL_FILE)
    recognizer: str = Field(_RECOGNIZER, pattern=_MODEL_FILE)


@dataclass(frozen=True)
class TextLine:
    """`box`: 4 corners (x, y) px, clockwise from the top left; `score` 0–1."""

    text: str
    score: float
    box: tuple[tuple[float, float], ...]


class TextRecognizer:
    """Finds lines of text and reads them, in reading order."""

    def __init__(self, engine: Any, size_bytes: int) -> None:
        self._engine = engine
        self.bytes = size_bytes

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:  # noqa: ARG003
        """Runs on the CPU whatever the `device`: onnxruntime's own threads, a second a page."""
        from rapidocr import RapidOCR  # imports OpenCV: 2 s that only a reader should pay

        from models.onnx import ERRORS, broken, threads

        detector, recognizer = _model_files(path, checkpoint)
        engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.text_score": 0.0,  # doubtful lines are turned over and read again here
                "Det.model_path": str(detector),
                "Det.limit_type": "max",
                "Det.limit_side_len": 1 << 20,  # pictures come in the size they should be seen at
                "Rec.model_path": str(recognizer),
                "EngineConfig.onnxruntime.intra_op_num_threads": threads(),
            }
        )
        # It opens a model when it is first used; a broken one is to be found now.
        blank = np.full((32, 64, 3), 255, np.uint8)
        for file, use in ((detector, _detect_only), (recognizer, _read_only)):
            try:
                use(engine, blank)
            except (*ERRORS, LookupError, TypeError) as error:
                raise broken(file, error) from error
        return cls(engine, cls.bytes_needed(path, checkpoint))

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """The model files and the measured peak of their activations."""
        return sum(f.stat().st_size for f in _model_files(path, checkpoint)) + _WORKING_BYTES

    def release(self) -> None:
        self._engine = None

    def read(self, image: Image.Image, cancel: Cancel = None) -> list[TextLine]:
        """Lines of an upright RGB picture in reading order; an empty list when there is no text.

        `Cancelled` within a line's time of `cancel` being set.
        """
        if min(image.size) < _LOWEST_LINE:
            return []
        image = _within_area(image, _MAX_AREA)
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        quads = self._detect(pixels)
        lines = self._recognise(pixels, quads, cancel)
        if not lines and _may_be_a_line(image.width, image.height):
            lines = self._recognise(pixels, [_corners(image.width, image.height)], cancel)
        order = reading_order([_span(index, line) for index, line in enumerate(lines)])
        return [lines[index] for index in order]

    def _detect(self, pixels: Pixels) -> list[Quad]:
        """Quadrilaterals of lines in px of `pixels`; a second look from afar for huge letters."""
        scale = _detection_scale(*pixels.shape[:2])
        return self._detect_at(pixels, scale) or self._detect_at(pixels, scale * 0.4)

    def _detect_at(self, pixels: Pixels, scale: float) -> list[Quad]:
        framed = _framed(pixels, scale)
        found = _detect_only(self._engine, framed)
        if found.boxes is None:
            return []
        height, width = pixels.shape[:2]
        quads = (np.asarray(found.boxes, np.float32) - _MARGIN) / scale
        return [np.clip(quad, 0, (width, height)).astype(np.float32) for quad in quads]

    def _recognise(self, pixels: Pixels, quads: list[Quad], cancel: Cancel) -> list[TextLine]:
        quads = [quad for quad in quads if _area(quad) >= 16]
        crops = [_bounded_line(crop) for crop in self._engine.crop_text_regions(pixels, quads)]
        read = self._read_crops(crops, cancel)
        doubtful = [i for i, (_, score) in enumerate(read) if score < _DOUBTFUL_SCORE]
        upside_down = [np.ascontiguousarray(crops[i][::-1, ::-1]) for i in doubtful]
        turned = self._read_crops(upside_down, cancel)
        for i, other in zip(doubtful, turned, strict=True):
            read[i] = max(read[i], other, key=lambda line: line[1])
        return [
            TextLine(text.strip(), round(score, 4), _points(quad))
            for (text, score), quad in zip(read, quads, strict=True)
            if score >= _LEAST_SCORE and text.strip()
        ]

    def _read_crops(self, crops: list[Pixels], cancel: Cancel) -> list[tuple[str, float]]:
        """One by one: a batch pads to its longest line, which on a CPU only costs."""
        read: list[tuple[str, float]] = []
        for crop in crops:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            result = _read_only(self._engine, crop)
            read.append((result.txts[0], float(result.scores[0])))
        return read


def _detect_only(engine: Any, pixels: Pixels) -> Any:
    return engine(pixels, use_det=True, use_cls=False, use_rec=False)


def _read_only(engine: Any, pixels: Pixels) -> Any:
    return engine.recognize_txt([pixels])


def _model_files(path: Path, checkpoint: Checkpoint) -> tuple[Path, Path]:
    folder = _wheel_models() if checkpoint.bundled == "wheel" else path
    names = ReadingDefaults.of(checkpoint)
    detector, recognizer = folder / names.detector, folder / names.recognizer
    for file in (detector, recognizer):
        if not file.is_file():
            raise _missing(file, checkpoint)
    return detector, recognizer


def _missing(file: Path, checkpoint: Checkpoint) -> CheckpointBroken:
    if checkpoint.bundled == "wheel":
        return CheckpointBroken(
            f"缺少文字识别模型 {file.name}，请重新安装 rapidocr。",
            f"The text recognition model {file.name} is missing; install rapidocr again.",
        )
    return CheckpointBroken(
        f"缺少文字识别模型 {file.name}，请重新获取 {checkpoint.name}。",
        f"The text recognition model {file.name} is missing; fetch {checkpoint.name} again.",
    )


def _wheel_models() -> Path:
    """Without importing the package, which takes seconds."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise CheckpointBroken(
            "没有安装 rapidocr，请重新安装。", "rapidocr is missing; install it."
        )
    return Path(spec.origin).parent / "models"


def _within_area(image: Image.Image, area: int) -> Image.Image:
    scale = math.sqrt(area / (image.width * image.height))
    if scale >= 1:
        return image
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _detection_scale(height: int, width: int) -> float:
    """Large enough for small print, small enough for the area bound; small lines are enlarged."""
    short, long = min(height, width), max(height, width)
    scale = max(_SHORT_SIDE / short, _LONG_SIDE / long)
    wanted = max(_TYPICAL_LINE / short, _SHORT_SIDE / long)  # of a small picture
    largest = min(_LARGEST_ENLARGEMENT, max(1.0, wanted))
    return min(scale, largest, math.sqrt(_DETECTION_AREA / (height * width)))


def _framed(pixels: Pixels, scale: float) -> Pixels:
    """`pixels` scaled, with a margin in the colour most of its edge has."""
    import cv2

    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(pixels, (width, height), interpolation=method)
    edge = np.concatenate([scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1]])
    framed = np.empty((height + 2 * _MARGIN, width + 2 * _MARGIN, 3), np.uint8)
    framed[:] = np.median(edge, axis=0)
    framed[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = scaled
    return framed


def _may_be_a_line(width: int, height: int) -> bool:
    return _LINE_ASPECT <= width / height <= _LONGEST_LINE


def _bounded_line(crop: Pixels) -> Pixels:
    """A crop whose width the recogniser's time can bear."""
    import cv2

    height, width = crop.shape[:2]
    longest = max(1, round(_LONGEST_LINE * height))
    return crop if width <= longest else np.asarray(cv2.resize(crop, (longest, height)), np.uint8)


def _corners(width: int, height: int) -> Quad:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def _area(quad: Quad) -> float:
    """Shoelace formula, px²."""
    x, y = quad[:, 0], quad[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _points(quad: Quad) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in quad)


def _span(index: int, line: TextLine) -> Span:
    xs, ys = zip(*line.box, strict=True)
    return Span(index, min(xs), min(ys), max(xs), max(ys))
