"""A scene in one sentence or in three, always in the same words, and the facts read back from them.

Questions vary without end; answers do not, so that an answer is either right or wrong.
"""

import re
from collections.abc import Mapping

from training.world.captions import Caption, visible_color
from training.world.colors import COLORS
from training.world.kinds import BY_KEY, KINDS, Kind
from training.world.phrases import NUMERALS
from training.world.scene import Group, Scene

STYLE_WORDS = {
    "ink": "水墨画", "oil": "油画", "watercolor": "水彩画", "cartoon": "卡通画",
    "papercut": "剪纸", "sketch": "素描",
}  # fmt: skip
TIME_WORDS = {"dawn": "清晨", "day": "白天", "dusk": "黄昏", "night": "夜晚"}
SEASON_WORDS = {"spring": "春天", "summer": "夏天", "autumn": "秋天", "winter": "冬天"}
WEATHER_WORDS = {"sunny": "晴天", "cloudy": "多云", "rain": "下雨", "snow": "下雪", "fog": "有雾"}
PLACE_WORDS = {
    "river": "河边", "meadow": "草地上", "beach": "海边", "street": "街上", "town": "古镇",
    "table": "桌上",
}  # fmt: skip
ROW_WORDS = {
    "sky": "上方", "far": "远处", "back": "后面", "span": "河上", "water": "水里", "front": "前面",
}  # fmt: skip
SIDE_WORDS = {"left": "左边", "middle": "中间", "right": "右边", "across": "从左到右"}
SETTING_WORDS: Mapping[str, Mapping[str, str]] = {
    "style": STYLE_WORDS,
    "time": TIME_WORDS,
    "season": SEASON_WORDS,
    "weather": WEATHER_WORDS,
    "place": PLACE_WORDS,
}
_BRIEF_GROUPS = 3
_NAMES = {kind.names[0]: kind for kind in KINDS}
_THING = re.compile(
    f"([{''.join(NUMERALS.values())}])"
    f"(?:{'|'.join(sorted({kind.measure for kind in KINDS}))})"
    f"(?:穿?([{''.join(COLORS)}])色(?:衣服)?的)?"
    f"({'|'.join(sorted(_NAMES, key=len, reverse=True))})"
)
_PLACED = re.compile(
    f"({'|'.join(ROW_WORDS.values())})({'|'.join(SIDE_WORDS.values())})有({_THING.pattern})"
)


def describe(scene: Scene) -> Caption:
    """Three sentences that state every fact of the scene: manner, setting, each group."""
    groups = in_order(scene)
    parts = [f"{ROW_WORDS[g.row]}{SIDE_WORDS[g.side]}有{thing_words(scene, g)}" for g in groups]
    words = _setting_words(scene)
    setting = "，".join(words[name] for name in ("season", "time", "place", "weather"))
    text = f"这是一幅{words['style']}。{setting}。{'；'.join(parts)}。"
    return Caption(text, frozenset(_facts(scene, groups, placed=True)))


def describe_briefly(scene: Scene) -> Caption:
    """One sentence: the setting without the weather, and at most three groups."""
    groups = in_order(scene)[:_BRIEF_GROUPS]
    words = _setting_words(scene)
    things = "、".join(thing_words(scene, group) for group in groups)
    text = f"{words['style']}，{words['season']}{words['time']}的{words['place']}，有{things}。"
    facts = _facts(scene, groups, placed=False) - {f"weather={scene.weather}"}
    return Caption(text, frozenset(facts))


def read_facts(text: str) -> frozenset[str]:
    """The facts that a description states, in the form of `captions.scene_facts`. Words that are
    none of `describe`'s state nothing."""
    facts = {
        f"{name}={value}"
        for name, words in SETTING_WORDS.items()
        for value, word in words.items()
        if word in text
    }
    for found in _THING.finditer(text):
        facts |= _thing_facts(_NAMES[found[3]], found[1], found[2])
    for found in _PLACED.finditer(text):
        key = _NAMES[found[6]].key
        facts |= {f"{key}.row={_key(ROW_WORDS, found[1])}"}
        facts |= {f"{key}.side={_key(SIDE_WORDS, found[2])}"}
    return frozenset(facts)


def in_order(scene: Scene) -> list[Group]:
    """The groups from the sky to the foreground, left to right."""
    rows, sides = list(ROW_WORDS), list(SIDE_WORDS)
    return sorted(
        scene.groups, key=lambda g: (rows.index(g.row), sides.index(g.side), BY_KEY[g.kind].names)
    )


def thing_words(scene: Scene, group: Group) -> str:
    """三只红色的鸟, with the colour where the style shows it; people are known by their clothes."""
    kind = BY_KEY[group.kind]
    color = visible_color(scene, group)
    worn = kind.family == "person"
    shown = "" if color is None else f"穿{color}色衣服的" if worn else f"{color}色的"
    return f"{NUMERALS[group.count]}{kind.measure}{shown}{kind.names[0]}"


def _setting_words(scene: Scene) -> dict[str, str]:
    return {name: words[getattr(scene, name)] for name, words in SETTING_WORDS.items()}


def _facts(scene: Scene, groups: list[Group], *, placed: bool) -> set[str]:
    facts = {f"{name}={getattr(scene, name)}" for name in SETTING_WORDS}
    for group in groups:
        facts |= {f"kind={group.kind}", f"{group.kind}.count={group.count}"}
        if visible_color(scene, group):
            facts.add(f"{group.kind}.color={group.color}")
        if placed:
            facts |= {f"{group.kind}.side={group.side}", f"{group.kind}.row={group.row}"}
    return facts


def _thing_facts(kind: Kind, numeral: str, color: str | None) -> set[str]:
    count = next(number for number, word in NUMERALS.items() if word == numeral)
    facts = {f"kind={kind.key}", f"{kind.key}.count={count}"}
    return facts | {f"{kind.key}.color={color}"} if color else facts


def _key(words: Mapping[str, str], word: str) -> str:
    return next(key for key, value in words.items() if value == word)
