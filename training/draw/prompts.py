"""What people ask for: prompts for pictures and instructions for changes, and what they state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from training.draw.wording import INSTRUCTIONS, WIDE
from training.world.captions import (
    Phrase,
    kind_name,
    noun_phrase,
    place_group,
    setting_phrase,
    visible_color,
)
from training.world.edits import Change, instruct
from training.world.kinds import BY_KEY
from training.world.phrases import NUMERALS, PhraseBank
from training.world.scene import Group, Scene

DRAW = "draw"  # the sort of a prompt; the others are the sorts of changes
MOST_THINGS = 5

# What a place is made of, said as if it were a thing: it states the place.
_SCENERY: Mapping[str, tuple[str, ...]] = {
    "river": ("流水", "小河", "河水", "水面"),
    "meadow": ("草地", "青草"),
    "beach": ("沙滩", "大海", "海浪"),
    "street": ("马路", "街道"),
    "town": ("石板路", "老街"),
    "table": ("桌子", "窗户"),
}
_STYLE_AFTER = ("{s}", "{s}风格", "{s}风", "画成{s}", "用{s}来画", "风格是{s}", "要{s}的感觉")
_STYLE_BEFORE = ("{s}：", "{s}，", "{s}风格，", "{s}风格的", "一幅{s}，", "{s}风格：")
_COMMANDS = (
    "画一幅",
    "画一张",
    "画",
    "生成一张",
    "生成一幅",
    "帮我画",
    "给我画一张",
    "来一张",
    "我想要",
)
_HERE = ("有{list}", "{list}", "里面有{list}", "能看见{list}", "画上{list}", "还有{list}")


@dataclass(frozen=True)
class Thing:
    """A thing that was asked for; what was left open is None."""

    kind: str
    count: int | None = None
    color: str | None = None
    side: str | None = None
    row: str | None = None


@dataclass(frozen=True)
class Wish:
    """Words, and what they state: the sort, the setting, the things in order of mention."""

    text: str
    sort: str
    setting: Mapping[str, str]
    things: tuple[Thing, ...]


def sample_prompt(scene: Scene, rng: Random, bank: PhraseBank) -> Wish:
    """Words for `scene` as somebody asks for a picture: exact or sketchy, listing or telling."""
    choice = rng.random()
    if choice < 0.03 or not scene.groups:
        parts = _bare(scene, rng, bank)
    elif choice < 0.15:
        parts = [_short(scene, rng, bank)]
    elif choice < 0.55:
        parts = _listing(scene, rng, bank)
    else:
        parts = _telling(scene, rng, bank)
    return _wish(DRAW, _spoken(_join(parts, rng), rng), parts)


def instruction(change: Change, rng: Random, bank: PhraseBank) -> Wish:
    """Words for `change`. Of the things, the first is the one that is there, the last the new."""
    after = change.after
    text = _freely(change, rng, bank) if bank is WIDE else instruct(change, rng, bank)
    if change.old is change.new is None:
        return Wish(text, change.sort, {change.sort: getattr(after, change.sort)}, ())
    return Wish(text, change.sort, {}, _changed(change))


def _freely(change: Change, rng: Random, bank: PhraseBank) -> str:
    """The world's own words for `change`, or freer ones."""
    if rng.random() < 0.4:
        return instruct(change, rng, bank)
    frame = rng.choice(INSTRUCTIONS[change.sort])
    words = {}
    if change.old is change.new is None:
        words["s"] = rng.choice(_words(bank, change.sort)[getattr(change.after, change.sort)])
    if change.old:
        words["name"] = kind_name(BY_KEY[change.old.kind], rng, bank)
    if change.new:
        kind = BY_KEY[change.new.kind]
        words |= {"c": change.new.color or "", "n": NUMERALS[change.new.count], "m": kind.measure}
        words["np"] = noun_phrase(change.after, change.new, rng, bank, detail=1.0).text
    return frame.format(**words)


def _changed(change: Change) -> tuple[Thing, ...]:
    old, new = change.old, change.new
    if new is None:
        return (Thing(old.kind),) if old else ()
    if change.sort == "color":
        return (Thing(new.kind, color=new.color),)
    if change.sort == "count":
        return (Thing(new.kind, count=new.count),)
    color = None if new.text else visible_color(change.after, new)
    wanted = Thing(new.kind, count=None if new.text else new.count, color=color)
    return (Thing(old.kind), wanted) if old else (wanted,)


def _bare(scene: Scene, rng: Random, bank: PhraseBank) -> list[Phrase]:
    """The setting alone: 傍晚的海边，水彩画"""
    parts = [setting_phrase("place", scene.place, rng, bank)]
    parts += _setting(scene, rng, bank, 0.4, ("time", "season", "weather"))
    return _with_style(scene, parts, rng, bank) if rng.random() < 0.6 else parts


def _short(scene: Scene, rng: Random, bank: PhraseBank) -> Phrase:
    thing = noun_phrase(scene, rng.choice(scene.groups), rng, bank, rng.choice((0.3, 0.9)))
    if rng.random() < 0.4:
        return thing
    name = rng.choice(("style", "place", "time", "season", "weather"))
    value = getattr(scene, name)
    word = rng.choice(_words(bank, name)[value])
    frame = rng.choice(("{s}的{np}", "{np}，{s}", "{s}，{np}", "{s}有{np}", "{s}里的{np}"))
    return Phrase(frame.format(s=word, np=thing.text), (*thing.facts, f"{name}={value}"))


def _listing(scene: Scene, rng: Random, bank: PhraseBank) -> list[Phrase]:
    """江南水乡，有拱桥、流水和垂柳，水墨画风格"""
    detail = rng.choice((0.2, 0.6, 0.9, 1.0))
    things = [noun_phrase(scene, group, rng, bank, detail) for group in _shuffled(scene, rng)]
    if rng.random() < 0.25:
        word = rng.choice(_SCENERY[scene.place])
        things.insert(rng.randrange(len(things) + 1), Phrase(word, (f"place={scene.place}",)))
    listed = Phrase(rng.choice(_HERE).format(list=_enumerate(things, rng)), _facts(things))
    parts = [*_setting(scene, rng, bank, rng.choice((0.3, 0.8))), listed]
    return _with_style(scene, parts, rng, bank) if rng.random() < 0.8 else parts


def _telling(scene: Scene, rng: Random, bank: PhraseBank) -> list[Phrase]:
    """Sentences that say where each thing is."""
    detail = rng.choice((0.7, 0.9, 1.0))
    things = [place_group(scene, group, rng, bank, detail) for group in _shuffled(scene, rng)]
    setting = _setting(scene, rng, bank, detail)
    if rng.random() < detail:
        setting.append(setting_phrase("style", scene.style, rng, bank))
        rng.shuffle(setting)
    return things + setting if rng.random() < 0.35 else setting + things


def _setting(
    scene: Scene,
    rng: Random,
    bank: PhraseBank,
    detail: float,
    of: tuple[str, ...] = ("place", "time", "season", "weather"),
) -> list[Phrase]:
    names = [name for name in of if rng.random() < detail]
    rng.shuffle(names)
    return [setting_phrase(name, getattr(scene, name), rng, bank) for name in names]


def _with_style(scene: Scene, parts: list[Phrase], rng: Random, bank: PhraseBank) -> list[Phrase]:
    word = rng.choice(bank.styles[scene.style])
    stated = (f"style={scene.style}",)
    if rng.random() < 0.5:
        return [*parts, Phrase(rng.choice(_STYLE_AFTER).format(s=word), stated)]
    head = Phrase(rng.choice(_STYLE_BEFORE).format(s=word) + parts[0].text, stated + parts[0].facts)
    return [head, *parts[1:]]


def _shuffled(scene: Scene, rng: Random) -> list[Group]:
    groups = list(scene.groups)
    rng.shuffle(groups)
    fewer = rng.random() < 0.25
    return groups[: rng.randint(1, len(groups))] if fewer else groups[:MOST_THINGS]


def _enumerate(things: list[Phrase], rng: Random) -> str:
    words = [thing.text for thing in things]
    if len(words) == 1:
        return words[0]
    comma, last = rng.choice(
        (("、", "和"), ("、", "和"), ("、", "、"), ("，", "，"), (" ", " "), ("和", "和"))
    )
    return comma.join(words[:-1]) + last + words[-1]


def _join(parts: list[Phrase], rng: Random) -> str:
    comma = rng.choice(("，", "，", "，", "，", "、", " ", ","))
    return comma.join(part.text for part in parts) + rng.choice(("。", "", ""))


def _spoken(text: str, rng: Random) -> str:
    return rng.choice(_COMMANDS) + text if rng.random() < 0.15 else text


def _words(bank: PhraseBank, name: str) -> Mapping[str, tuple[str, ...]]:
    return {
        "style": bank.styles,
        "place": bank.places,
        "time": bank.times,
        "season": bank.seasons,
        "weather": bank.weathers,
    }[name]


def _facts(parts: Iterable[Phrase]) -> tuple[str, ...]:
    return tuple(fact for part in parts for fact in part.facts)


def _wish(sort: str, text: str, parts: list[Phrase]) -> Wish:
    setting: dict[str, str] = {}
    things: dict[str, dict[str, str]] = {}
    for fact in _facts(parts):
        name, value = fact.split("=")
        if name == "kind":
            things.setdefault(value, {})
        elif "." in name:
            kind, quality = name.split(".")
            things.setdefault(kind, {})[quality] = value
        else:
            setting[name] = value
    return Wish(text, sort, setting, tuple(_thing(kind, told) for kind, told in things.items()))


def _thing(kind: str, told: Mapping[str, str]) -> Thing:
    count = told.get("count")
    return Thing(
        kind, int(count) if count else None, told.get("color"), told.get("side"), told.get("row")
    )
