"""`python -m evaluation.contact_sheet --out FILE`: 24 uncurated drawings on one sheet.

Fixed prompts, fixed seeds, nothing picked: what a person who types these words gets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.progress import track

from evaluation.roles import load_chosen
from models.roles.t2i import ImageGenerator

# (prompt, seed): as a person would type them, none from the world's phrase banks as a whole.
PROMPTS: tuple[tuple[str, int], ...] = (
    ("生成一幅水墨画风格的江南水乡，有拱桥、流水和垂柳", 1),
    ("画一只红色的小鸟在天上飞，卡通风格", 2),
    ("夜晚的河边，一轮明月，两条乌篷船，水墨画", 3),
    ("油画，海边的红色灯塔，有一艘白色的帆船", 4),
    ("秋天的草地上有三匹棕色的马，水彩画", 5),
    ("剪纸风格的一只大公鸡", 6),
    ("素描：远处的高山，山前一座宝塔", 7),
    ("桌上有四个红苹果和一把蓝色的茶壶，油画", 8),
    ("下雪的古镇，挂着三盏红灯笼", 9),
    ("春天，河边开满粉色的桃花树，水彩", 10),
    ("城市街道上一辆黄色的公交车，卡通", 11),
    ("荷塘里五朵粉色的荷花，水墨", 12),
    ("黄昏的草原上，两头黑色的牛", 13),
    ("雨天，一个打伞的小女孩走在街上，水彩画", 14),
    ("三只黄色的小鸭子在水里游，卡通画", 15),
    ("江南水乡的清晨，大雾，小船和白墙黑瓦的房子", 16),
    ("一只白猫和一只黑狗在草地上，油画", 17),
    ("沙滩上的椰子树和太阳，剪纸", 18),
    ("花瓶旁边放着一串紫葡萄，静物油画", 19),
    ("天上飘着一个红色的热气球，下面是青山", 20),
    ("竹林旁的凉亭，一位老人，国画", 21),
    ("冬天的松树，素描", 22),
    ("五只彩色的蝴蝶在花丛上飞，卡通", 23),
    ("夜景，河上的石拱桥，岸边有塔和柳树，油画", 24),
)

_COLUMNS = 6
_MARGIN = 12  # px
_TEXT = 15  # px, height of a line's characters
_LINES = 2
_PAPER, _INK = (250, 249, 245), (46, 42, 48)


def contact_sheet(
    pictures: Sequence[Image.Image], captions: Sequence[str], font: ImageFont.FreeTypeFont
) -> Image.Image:
    """Pictures of one size in rows of six, each over its caption, wrapped to its width."""
    width, height = pictures[0].size
    cell = (width + _MARGIN, height + round(_LINES * _TEXT * 1.4) + 2 * _MARGIN)
    rows = -(-len(pictures) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * cell[0] + _MARGIN, rows * cell[1] + _MARGIN), _PAPER)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x = _MARGIN + number % _COLUMNS * cell[0]
        y = _MARGIN + number // _COLUMNS * cell[1]
        sheet.paste(picture, (x, y))
        text = "\n".join(wrapped(caption, font, width))
        ImageDraw.Draw(sheet).text((x, y + height + 4), text, fill=_INK, font=font)
    return sheet


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width` px; Chinese may break anywhere."""
    lines = [""]
    for character in text:
        if font.getlength(lines[-1] + character) > width:
            lines.append("")
        lines[-1] += character
    return lines


def write_sheet(
    out: Annotated[Path, typer.Option(help="the picture to write, .webp or .png")],
    font: Annotated[Path, typer.Option(help="a font with Chinese characters", exists=True)],
    profile: Annotated[str, typer.Option(help="whose text-to-image model to use")] = "starter",
    weights: Annotated[
        Path | None, typer.Option(help="a folder of weights to load instead", exists=True)
    ] = None,
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
) -> None:
    """Draw the fixed prompts with their fixed seeds and lay them out on one sheet."""
    generator = load_chosen(ImageGenerator, "t2i", profile, data, weights)
    width, height = generator.native_size
    console = Console(stderr=True)
    pictures = [
        generator.generate(prompt, width=width, height=height, seed=seed)
        for prompt, seed in track(PROMPTS, "drawing", console=console)
    ]
    captions = [prompt for prompt, _ in PROMPTS]
    sheet = contact_sheet(pictures, captions, ImageFont.truetype(str(font), _TEXT))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=88, method=6)


if __name__ == "__main__":
    typer.run(write_sheet)
