"""Chinese captions of a scene, long and short, together with the facts they state."""

from dataclasses import dataclass
from random import Random

from training.world.kinds import BY_KEY, Kind
from training.world.phrases import NUMERALS, PhraseBank
from training.world.scene import Group, Scene

_MOST_GROUPS = 3


@dataclass(frozen=True)
class Caption:
    """Words, and the facts they state: `style=ink`, `kind=cat`, `cat.count=3`, `cat.side=left` …"""

    text: str
    facts: frozenset[str]


@dataclass(frozen=True)
class Phrase:
    """A part of a caption and the facts it states."""

    text: str
    facts: tuple[str, ...]


def scene_facts(scene: Scene) -> frozenset[str]:
    """Every fact a caption of the scene could state. A pencil sketch shows no colours."""
    facts = [f"{name}={value}" for name, value in _setting(scene).items()]
    for group in scene.groups:
        facts += [f"kind={group.kind}", f"{group.kind}.count={group.count}"]
        facts += [f"{group.kind}.side={group.side}", f"{group.kind}.row={group.row}"]
        if visible_color(scene, group):
            facts.append(f"{group.kind}.color={group.color}")
    return frozenset(facts)


def visible_color(scene: Scene, group: Group) -> str | None:
    """The group's colour where the style shows it."""
    return None if scene.style == "sketch" else group.color


def full_caption(scene: Scene, rng: Random, bank: PhraseBank, *, detail: float = 0.85) -> Caption:
    """A description; each fact is told with probability `detail`."""
    setting = [
        setting_phrase(name, value, rng, bank)
        for name, value in _setting(scene).items()
        if rng.random() < detail
    ]
    rng.shuffle(setting)
    groups = list(scene.groups)
    rng.shuffle(groups)
    things = [place_group(scene, group, rng, bank, detail) for group in groups[:_MOST_GROUPS]]
    parts = things + setting if rng.random() < 0.35 else setting + things
    return _join(parts, rng)


def short_caption(scene: Scene, rng: Random, bank: PhraseBank) -> Caption:
    """What somebody types into a search box: one or two things, perhaps with a time or a style."""
    group = rng.choice(scene.groups)
    thing = noun_phrase(scene, group, rng, bank, detail=0.3)
    choice = rng.random()
    if choice < 0.5:
        return Caption(rng.choice(bank.short).format(np=thing.text), frozenset(thing.facts))
    others = [other for other in scene.groups if other is not group]
    if choice < 0.7 and others:
        other = noun_phrase(scene, rng.choice(others), rng, bank, detail=0.3)
        text = rng.choice(bank.short_pair).format(np=thing.text, other=other.text)
        return Caption(text, frozenset(thing.facts + other.facts))
    name, value = rng.choice(list(_setting(scene).items()))
    text, told = rng.choice(bank.short_setting), f"{name}={value}"
    facts = (*thing.facts, told) if "{np}" in text else (told,)
    return Caption(text.format(np=thing.text, s=_word(name, value, rng, bank)), frozenset(facts))


def setting_phrase(name: str, value: str, rng: Random, bank: PhraseBank) -> Phrase:
    """The style, place, time, season or weather in words."""
    word = _word(name, value, rng, bank)
    if name == "style":
        word = rng.choice(bank.style_frames).format(s=word).replace("一幅一张", "一张")
    return Phrase(word, (f"{name}={value}",))


def place_group(scene: Scene, group: Group, rng: Random, bank: PhraseBank, detail: float) -> Phrase:
    """A thing with its place in the picture, sometimes by side, sometimes by row."""
    thing = noun_phrase(scene, group, rng, bank, detail)
    if rng.random() > detail * 0.9:
        return Phrase(rng.choice(bank.plain).format(np=thing.text), thing.facts)
    if rng.random() < 0.55:
        frame, fact = rng.choice(bank.sides[group.side]), f"{group.kind}.side={group.side}"
    else:
        frame, fact = rng.choice(bank.rows[group.row]), f"{group.kind}.row={group.row}"
    return Phrase(frame.format(np=thing.text), (*thing.facts, fact))


def noun_phrase(scene: Scene, group: Group, rng: Random, bank: PhraseBank, detail: float) -> Phrase:
    """The thing with or without its number and colour: 三只红色的鸟, 红鸟, 鸟."""
    kind = BY_KEY[group.kind]
    name = kind_name(kind, rng, bank)
    facts = [f"kind={group.kind}"]
    count = rng.random() < detail
    color = visible_color(scene, group) if rng.random() < detail else None
    if group.text is not None and rng.random() < detail:
        return Phrase(rng.choice(bank.sign).format(name=name, text=group.text), tuple(facts))
    facts += [f"{group.kind}.count={group.count}"] if count else []
    facts += [f"{group.kind}.color={color}"] if color else []
    frame = rng.choice(_noun_frames(kind, bank, count=count, color=color is not None))
    text = frame.format(n=NUMERALS[group.count], m=kind.measure, c=color, name=name)
    return Phrase(text, tuple(facts))


def kind_name(kind: Kind, rng: Random, bank: PhraseBank) -> str:
    """One of the kind's names; the first ones are commonest."""
    names = kind.held_out + kind.names[:1] if bank.held_out else kind.names
    return rng.choice(names)


def _noun_frames(kind: Kind, bank: PhraseBank, *, count: bool, color: bool) -> tuple[str, ...]:
    person = kind.family == "person"
    if count and color:
        return bank.count_color_person if person else bank.count_color
    if count:
        return bank.count_only
    if color:
        return bank.color_only_person if person else bank.color_only
    return ("{name}",)


def _setting(scene: Scene) -> dict[str, str]:
    return {
        "style": scene.style,
        "place": scene.place,
        "time": scene.time,
        "season": scene.season,
        "weather": scene.weather,
    }


def _word(name: str, value: str, rng: Random, bank: PhraseBank) -> str:
    banks = {
        "style": bank.styles,
        "place": bank.places,
        "time": bank.times,
        "season": bank.seasons,
        "weather": bank.weathers,
    }
    return rng.choice(banks[name][value])


def _join(parts: list[Phrase], rng: Random) -> Caption:
    comma = rng.choice(("，", "，", "，", "、", " "))
    end = rng.choice(("。", "", ""))
    text = comma.join(part.text for part in parts) + end
    return Caption(text, frozenset(fact for part in parts for fact in part.facts))
