"""What is written on signs, and the font that writes it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from training.world.layout import Item

SIGN_TEXTS = (
    "茶馆", "书店", "客栈", "药铺", "酒家", "渡口", "平安桥", "荷风亭", "听雨轩", "望月楼",
    "小桥流水", "江南水乡", "桃花源", "龙井茶", "豆浆油条", "老面馆", "花店", "图书馆", "博物馆",
    "公交站", "停车场", "出口", "欢迎光临", "春满人间", "风景如画", "清风明月", "乌镇", "西湖",
    "早餐店", "理发店", "水果店", "面包房", "请勿入内", "小心地滑", "人民公园", "第一小学",
)  # fmt: skip

GLYPHS = "".join(dict.fromkeys("".join(SIGN_TEXTS)))

# Noto Serif CJK SC Bold (SIL Open Font License 1.1) cut down to the characters above.
FONT_PATH = Path(__file__).with_name("fonts") / "NotoSerifSC-signs.otf"


@dataclass(frozen=True)
class Lettering:
    """A text on a sign: its middle and the side of its square characters, in px."""

    text: str
    x: float
    y: float
    pixels: int

    def boxes(self) -> list[tuple[str, tuple[float, float, float, float]]]:
        """Each character and its left, top, right and bottom."""
        top, side = self.y - self.pixels / 2, self.pixels
        lefts = [self.x + (n - len(self.text) / 2) * side for n in range(len(self.text))]
        return [
            (glyph, (left, top, left + side, top + side))
            for glyph, left in zip(self.text, lefts, strict=True)
        ]


def lettering(item: Item, text: str, side: int) -> Lettering:
    """`text` on the sign `item` in a picture of `side` px."""
    room = item.height * side
    pixels = max(6, round(min(0.38 * room, 1.04 * room / len(text))))
    return Lettering(text, item.x * side, (item.y - item.height * 0.68) * side, pixels)


@lru_cache(maxsize=32)
def sign_font(pixels: int) -> ImageFont.FreeTypeFont:
    """The sign font at a height in pixels; it holds the characters of SIGN_TEXTS alone."""
    return ImageFont.truetype(str(FONT_PATH), pixels)
