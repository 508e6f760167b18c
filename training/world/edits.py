"""Edit instructions: a scene, words that ask for one change, and the scene after it.

Only what the words name changes; layout and every other accident of the drawing stay."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from training.world.captions import kind_name, noun_phrase, visible_color
from training.world.kinds import BY_KEY
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


@dataclass(frozen=True)
class Edit:
    """What to do in words, which sort of change it is, and the scene it leads to."""

    instruction: str
    change: str
    after: Scene


def all_instructions(bank: PhraseBank) -> frozenset[str]:
    """Every instruction frame of a bank."""
    frames = (_TIME, _SEASON, _WEATHER, _STYLE, _RECOLOR, _RECOUNT, _ADD, _REMOVE)
    return frozenset(frame for pair in frames for frame in pair[bank.held_out])


def sample_edit(scene: Scene, rng: Random, bank: PhraseBank) -> Edit:
    """A random change that the scene allows; a change of style is always one."""
    changes = list(_CHANGES)
    rng.shuffle(changes)
    edits = (change(scene, rng, bank) for change in changes)
    return next(edit for edit in edits if edit is not None)


def _pick(frames: Frames, rng: Random, bank: PhraseBank) -> str:
    return rng.choice(frames[bank.held_out])


def _allowed(scene: Scene) -> bool:
    """Whether sun and moon still agree with the time and weather."""
    keys = {kind.key for kind in candidates(scene.place, scene.time, scene.weather)}
    return all(group.kind in keys for group in scene.groups)


def _with_group(scene: Scene, old: Group, new: Group) -> Scene:
    groups = tuple(new if group is old else group for group in scene.groups)
    return replace(scene, groups=groups)


def _change_time(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    time = rng.choice([value for value in TIMES if value != scene.time])
    after = replace(scene, time=time)
    if not _allowed(after):
        return None
    return Edit(_pick(_TIME, rng, bank).format(s=rng.choice(bank.times[time])), "time", after)


def _change_season(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    season = rng.choice([value for value in SEASONS if value != scene.season])
    if (scene.weather, season == "winter") in (("snow", False), ("rain", True)):
        return None
    after = replace(scene, season=season)
    return Edit(
        _pick(_SEASON, rng, bank).format(s=rng.choice(bank.seasons[season])), "season", after
    )


def _change_weather(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    wet = "snow" if scene.season == "winter" else "rain"
    choices = [value for value in ("sunny", "cloudy", wet, "fog") if value != scene.weather]
    after = replace(scene, weather=rng.choice(choices))
    if not _allowed(after):
        return None
    word = rng.choice(bank.weathers[after.weather])
    return Edit(_pick(_WEATHER, rng, bank).format(s=word), "weather", after)


def _change_style(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    style = rng.choice([value for value in STYLES if value != scene.style])
    word = rng.choice(bank.styles[style])
    return Edit(_pick(_STYLE, rng, bank).format(s=word), "style", replace(scene, style=style))


def _recolor(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    group = rng.choice(scene.groups)
    colors = [color for color in BY_KEY[group.kind].colors if color != group.color]
    if not colors or visible_color(scene, group) is None:
        return None
    color = rng.choice(colors)
    name = kind_name(BY_KEY[group.kind], rng, bank)
    after = _with_group(scene, group, replace(group, color=color))
    return Edit(_pick(_RECOLOR, rng, bank).format(name=name, c=color), "color", after)


def _recount(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    group = rng.choice(scene.groups)
    kind = BY_KEY[group.kind]
    count = rng.randint(1, kind.max_count)
    if count == group.count or (count >= 3) != (group.side == "across"):
        return None
    new = replace(group, count=count)
    others = tuple(other for other in scene.groups if other is not group)
    if not fits(scene.seed, scene.place, others, new):
        return None
    words = _pick(_RECOUNT, rng, bank).format(
        name=kind_name(kind, rng, bank), n=NUMERALS[count], m=kind.measure
    )
    return Edit(words, "count", _with_group(scene, group, new))


def _add(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    present = {group.kind for group in scene.groups}
    kinds = candidates(scene.place, scene.time, scene.weather)
    kind = rng.choice([kind for kind in kinds if kind.key not in present])
    group = sample_group(rng, kind, scene.place)
    if not fits(scene.seed, scene.place, scene.groups, group):
        return None
    words = noun_phrase(scene, group, rng, bank, detail=1.0).text
    after = replace(scene, groups=(*scene.groups, group))
    return Edit(_pick(_ADD, rng, bank).format(np=words), "add", after)


def _remove(scene: Scene, rng: Random, bank: PhraseBank) -> Edit | None:
    if len(scene.groups) < 2:
        return None
    group = rng.choice(scene.groups)
    name = kind_name(BY_KEY[group.kind], rng, bank)
    after = replace(scene, groups=tuple(other for other in scene.groups if other is not group))
    return Edit(_pick(_REMOVE, rng, bank).format(name=name), "remove", after)


_CHANGES: tuple[Callable[[Scene, Random, PhraseBank], Edit | None], ...] = (
    _change_time,
    _change_season,
    _change_weather,
    _change_style,
    _recolor,
    _recount,
    _add,
    _remove,
)
