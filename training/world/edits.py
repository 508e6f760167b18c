"""Edits: a scene, one change of it, and words that ask for the change.

Only what the words name changes; layout and every other accident of the drawing stay."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from training.world.captions import kind_name, noun_phrase, visible_color
from training.world.kinds import BY_KEY, Kind
from training.world.phrases import NUMERALS, PhraseBank
from training.world.scene import (
    SEASONS,
    STYLES,
    TIMES,
    Group,
    Scene,
    candidates,
    fits,
    sample_group,
)

Frames = tuple[tuple[str, ...], tuple[str, ...]]

_TIME: Frames = (("改成{s}", "把时间换成{s}", "变成{s}", "我想要{s}的样子"), ("让它看起来是{s}",))
_SEASON: Frames = (("改成{s}", "把季节换成{s}", "变成{s}"), ("换作{s}的景色",))
_WEATHER: Frames = (("改成{s}", "把天气换成{s}", "让天气变成{s}"), ("天气改作{s}",))
_STYLE: Frames = (("改成{s}", "换成{s}风格", "用{s}重画一遍"), ("重新画作{s}",))
_RECOLOR: Frames = (
    ("把{name}改成{c}色", "{name}换成{c}色的", "{name}要{c}色"),
    ("让{name}变为{c}色",),
)
_RECOUNT: Frames = (
    ("把{name}改成{n}{m}", "{name}要{n}{m}", "让{name}变成{n}{m}"),
    ("{name}的数量改为{n}{m}",),
)
_ADD: Frames = (("加上{np}", "添{np}", "再画{np}", "增加{np}"), ("补画{np}",))
_REMOVE: Frames = (("去掉{name}", "把{name}删掉", "不要{name}", "擦掉{name}"), ("使{name}消失",))
_REPLACE: Frames = (
    ("把{name}换成{np}", "把{name}改成{np}", "{name}换成{np}", "用{np}代替{name}"),
    ("以{np}取代{name}",),
)


_TRIES = 5  # of one sort: most things have no room for most counts, and few for a new neighbour


@dataclass(frozen=True)
class Change:
    """What sort of change (`time`, `color`, `add` …), and the scene after it.

    `old` and `new`: the group that left, or looks otherwise, and the one that came; None for the
    changes of the whole picture.
    """

    sort: str
    after: Scene
    old: Group | None = None
    new: Group | None = None


@dataclass(frozen=True)
class Edit:
    """What to do in words, which sort of change it is, and the scene it leads to."""

    instruction: str
    change: str
    after: Scene


def all_instructions(bank: PhraseBank) -> frozenset[str]:
    """Every instruction frame of a bank."""
    return frozenset(frame for pair in _FRAMES.values() for frame in pair[bank.held_out])


def sample_edit(scene: Scene, rng: Random, bank: PhraseBank) -> Edit:
    """A random change that the scene allows, in words."""
    change = sample_change(scene, rng)
    return Edit(instruct(change, rng, bank), change.sort, change.after)


def sample_change(scene: Scene, rng: Random) -> Change:
    """A random change that the scene allows; a change of style is always one."""
    samplers = list(_SAMPLERS)
    rng.shuffle(samplers)
    changes = (sampler(scene, rng) for sampler in samplers for _ in range(_TRIES))
    return next(change for change in changes if change is not None)


def instruct(change: Change, rng: Random, bank: PhraseBank) -> str:
    """Words that ask for `change`."""
    words = (
        _setting_words(change, rng, bank)
        if change.old is change.new is None
        else (_group_words(change, rng, bank))
    )
    return rng.choice(_FRAMES[change.sort][bank.held_out]).format(**words)


def _setting_words(change: Change, rng: Random, bank: PhraseBank) -> dict[str, str]:
    words = {
        "time": bank.times,
        "season": bank.seasons,
        "weather": bank.weathers,
        "style": bank.styles,
    }[change.sort]
    return {"s": rng.choice(words[getattr(change.after, change.sort)])}


def _group_words(change: Change, rng: Random, bank: PhraseBank) -> dict[str, str]:
    words = {}
    if change.old:
        words["name"] = kind_name(BY_KEY[change.old.kind], rng, bank)
    if change.new:
        words["c"] = change.new.color or ""
        words["n"] = NUMERALS[change.new.count]
        words["m"] = BY_KEY[change.new.kind].measure
        words["np"] = noun_phrase(change.after, change.new, rng, bank, detail=1.0).text
    return words


def _allowed(scene: Scene) -> bool:
    """Whether sun and moon still agree with the time and weather."""
    keys = {kind.key for kind in candidates(scene.place, scene.time, scene.weather)}
    return all(group.kind in keys for group in scene.groups)


def _exchanged(scene: Scene, sort: str, old: Group, new: Group) -> Change:
    groups = tuple(new if group is old else group for group in scene.groups)
    return Change(sort, replace(scene, groups=groups), old, new)


def _change_time(scene: Scene, rng: Random) -> Change | None:
    time = rng.choice([value for value in TIMES if value != scene.time])
    after = replace(scene, time=time)
    return Change("time", after) if _allowed(after) else None


def _change_season(scene: Scene, rng: Random) -> Change | None:
    season = rng.choice([value for value in SEASONS if value != scene.season])
    if (scene.weather, season == "winter") in (("snow", False), ("rain", True)):
        return None
    return Change("season", replace(scene, season=season))


def _change_weather(scene: Scene, rng: Random) -> Change | None:
    wet = "snow" if scene.season == "winter" else "rain"
    choices = [value for value in ("sunny", "cloudy", wet, "fog") if value != scene.weather]
    after = replace(scene, weather=rng.choice(choices))
    return Change("weather", after) if _allowed(after) else None


def _change_style(scene: Scene, rng: Random) -> Change | None:
    style = rng.choice([value for value in STYLES if value != scene.style])
    return Change("style", replace(scene, style=style))


def _recolor(scene: Scene, rng: Random) -> Change | None:
    group = rng.choice(scene.groups)
    colors = [color for color in BY_KEY[group.kind].colors if color != group.color]
    if not colors or visible_color(scene, group) is None:
        return None
    return _exchanged(scene, "color", group, replace(group, color=rng.choice(colors)))


def _recount(scene: Scene, rng: Random) -> Change | None:
    group = rng.choice(scene.groups)
    count = rng.randint(1, BY_KEY[group.kind].max_count)
    if count == group.count or (count >= 3) != (group.side == "across"):
        return None
    new = replace(group, count=count)
    return _exchanged(scene, "count", group, new) if _room_for(scene, new, group) else None


def _add(scene: Scene, rng: Random) -> Change | None:
    new = sample_group(rng, _absent_kind(scene, rng), scene.place)
    if not fits(scene.seed, scene.place, scene.groups, new):
        return None
    return Change("add", replace(scene, groups=(*scene.groups, new)), None, new)


def _remove(scene: Scene, rng: Random) -> Change | None:
    if len(scene.groups) < 2:
        return None
    group = rng.choice(scene.groups)
    left = tuple(other for other in scene.groups if other is not group)
    return Change("remove", replace(scene, groups=left), group, None)


def _replace(scene: Scene, rng: Random) -> Change | None:
    """Another kind in the place of one: on the same side where it can stand there."""
    group = rng.choice(scene.groups)
    new = sample_group(rng, _absent_kind(scene, rng), scene.place)
    if (new.side == "across") == (group.side == "across"):
        new = replace(new, side=group.side)
    return _exchanged(scene, "replace", group, new) if _room_for(scene, new, group) else None


def _absent_kind(scene: Scene, rng: Random) -> Kind:
    present = {group.kind for group in scene.groups}
    kinds = candidates(scene.place, scene.time, scene.weather)
    return rng.choice([kind for kind in kinds if kind.key not in present])


def _room_for(scene: Scene, new: Group, old: Group) -> bool:
    others = tuple(group for group in scene.groups if group is not old)
    return fits(scene.seed, scene.place, others, new)


_FRAMES: dict[str, Frames] = {
    "time": _TIME,
    "season": _SEASON,
    "weather": _WEATHER,
    "style": _STYLE,
    "color": _RECOLOR,
    "count": _RECOUNT,
    "add": _ADD,
    "remove": _REMOVE,
    "replace": _REPLACE,
}
_SAMPLERS: tuple[Callable[[Scene, Random], Change | None], ...] = (
    _change_time,
    _change_season,
    _change_weather,
    _change_style,
    _recolor,
    _recount,
    _add,
    _remove,
    _replace,
)
