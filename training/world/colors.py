"""The ten colours a thing can have, and arithmetic on RGB triples (0-255)."""

RGB = tuple[int, int, int]

COLORS: dict[str, RGB] = {
    "红": (216, 46, 42),
    "橙": (242, 132, 30),
    "黄": (248, 208, 48),
    "绿": (58, 160, 74),
    "蓝": (44, 104, 206),
    "紫": (132, 66, 170),
    "粉": (246, 150, 178),
    "白": (246, 246, 242),
    "黑": (44, 44, 50),
    "棕": (136, 84, 46),
}

INK: RGB = (46, 42, 48)
STONE: RGB = (178, 174, 166)
TILE: RGB = (70, 74, 82)
WOOD: RGB = (132, 84, 50)
SKIN: RGB = (247, 209, 178)
WHITE: RGB = (250, 249, 245)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """`a` with `share` (0-1) of `b` blended in."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def lighter(color: RGB, share: float = 0.25) -> RGB:
    return mix(color, (255, 255, 255), share)


def darker(color: RGB, share: float = 0.25) -> RGB:
    return mix(color, (20, 18, 28), share)
