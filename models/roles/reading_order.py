"""The order in which a person reads lines of text on a page.

Recursive cuts of the page (after the XY-cut of Nagy and Seth, 1984): text columns are read one
after the other, anything else row by row. Vertical Chinese (columns from right to left) is the
same page turned by 90°.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_COLUMN_LINES = 3  # fewer lines beside each other are a row of labels or a table
_LINE_ASPECT = 5.0  # width to height from which a line is running text
_SAME_ROW = 0.5  # centres closer than this share of the height are one row


@dataclass(frozen=True)
class Span:
    """The upright bounding box of line `index`, px: left, top, right, bottom."""

    index: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def reading_order(spans: Sequence[Span]) -> list[int]:
    """Indices of `spans` in reading order."""
    if _is_vertical(spans):
        spans = [Span(s.index, s.top, -s.right, s.bottom, -s.left) for s in spans]
    return [span.index for span in _order(list(spans))]


def _is_vertical(spans: Sequence[Span]) -> bool:
    """Whether more text runs down than across, by length."""
    down = sum(s.height for s in spans if s.height > 2 * s.width)
    across = sum(s.width for s in spans if s.width >= s.height)
    return down > across


def _order(spans: list[Span]) -> list[Span]:
    ordered: list[Span] = []
    bands = _bands(spans)
    while bands:
        left, right, used = _columns(bands)
        if used:
            ordered += _order(left) + _order(right)
        else:
            used = 1
            ordered += _rows(bands[0])
        bands = bands[used:]
    return ordered


def _bands(spans: list[Span]) -> list[list[Span]]:
    """Split where a horizontal line crosses no span, top to bottom."""
    bands: list[list[Span]] = []
    bottom = float("-inf")
    for span in sorted(spans, key=lambda s: s.top):
        if span.top >= bottom:
            bands.append([])
        bands[-1].append(span)
        bottom = max(bottom, span.bottom)
    return bands


def _columns(bands: list[list[Span]]) -> tuple[list[Span], list[Span], int]:
    """Two columns of running text and how many bands from the top they fill, the most; else 0."""
    best: tuple[list[Span], list[Span], int] = ([], [], 0)
    spans: list[Span] = []
    for count, band in enumerate(bands, 1):
        spans += band
        gutter = _gutter(spans)
        if gutter is None:
            break
        left = [s for s in spans if s.right <= gutter]
        right = [s for s in spans if s.left >= gutter]
        if _is_text(left) and _is_text(right):
            best = (left, right, count)
    return best


def _gutter(spans: list[Span]) -> float | None:
    """The x of the widest vertical gap, at least a line high and wide; None without one."""
    by_left = sorted(spans, key=lambda s: s.left)
    right, widest, place = by_left[0].right, 0.0, None
    for span in by_left[1:]:
        if span.left - right > widest:
            widest, place = span.left - right, (span.left + right) / 2
        right = max(right, span.right)
    return place if widest >= _typical_height(spans) * 0.8 else None


def _is_text(spans: list[Span]) -> bool:
    if len(spans) < _COLUMN_LINES:
        return False
    return sum(s.width for s in spans) / sum(s.height for s in spans) >= _LINE_ASPECT


def _typical_height(spans: list[Span]) -> float:
    return sorted(s.height for s in spans)[len(spans) // 2]


def _rows(spans: list[Span]) -> list[Span]:
    """Rows top to bottom, each from left to right; a slanted photo overlaps its bands."""
    rows: list[list[Span]] = []
    for span in sorted(spans, key=lambda s: s.top + s.bottom):
        if rows and _same_row(rows[-1][-1], span):
            rows[-1].append(span)
        else:
            rows.append([span])
    return [span for row in rows for span in sorted(row, key=lambda s: s.left)]


def _same_row(above: Span, span: Span) -> bool:
    distance = (span.top + span.bottom - above.top - above.bottom) / 2
    return distance <= _SAME_ROW * min(above.height, span.height)
