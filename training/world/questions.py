"""Questions about a scene with their answers, in Chinese: asked in either bank's words, answered in
one way alone, so that an answer can be compared exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from training.world import question_words as words
from training.world.captions import kind_name, visible_color
from training.world.descriptions import (
    ROW_WORDS,
    SETTING_WORDS,
    SIDE_WORDS,
    describe,
    describe_briefly,
    in_order,
)
from training.world.kinds import BY_KEY, KINDS, Kind
from training.world.phrases import NUMERALS, PhraseBank
from training.world.scene import SIDES, Group, Scene

UNKNOWABLE = "看图看不出来。"
_MOST_ANSWERED = 3  # things that one answer to 什么 names


@dataclass(frozen=True)
class Exchange:
    """A question, its answer, and what was asked: one of TOPICS."""

    question: str
    answer: str
    topic: str


TOPICS = (
    *SETTING_WORDS, "count", "color", "yes_no", "where", "what", "compare", "text", "unknown",
    "absent", "describe", "brief",
)  # fmt: skip


def all_questions(bank: PhraseBank) -> frozenset[str]:
    """Every question frame of a bank, for tests that the two banks do not meet."""
    return frozenset(frame for pair in words.all_frames() for frame in pair[bank.held_out])


def ask(scene: Scene, rng: Random, bank: PhraseBank) -> list[Exchange]:
    """One exchange or more on every topic that the scene has an answer to; what is not
    there is asked about as often as what is."""
    asking = _Asking(scene, rng, bank)
    exchanges = [asking.describe(), asking.brief()]
    for _ in scene.groups:
        exchanges += [asking.exists_not(), asking.absent()]
    exchanges += [asking.setting(topic) for topic in SETTING_WORDS]
    exchanges += [asking.unknown(), *asking.what(), *asking.compare()]
    for group in scene.groups:
        exchanges += asking.about(group)
    return exchanges


@dataclass(frozen=True)
class _Asking:
    scene: Scene
    rng: Random
    bank: PhraseBank

    def setting(self, topic: str) -> Exchange:
        answer = SETTING_WORDS[topic][getattr(self.scene, topic)] + "。"
        return Exchange(self._frame(words.SETTING[topic]), answer, topic)

    def describe(self) -> Exchange:
        return Exchange(self._frame(words.DESCRIBE), describe(self.scene).text, "describe")

    def brief(self) -> Exchange:
        text = describe_briefly(self.scene).text
        return Exchange(self._frame(words.DESCRIBE_BRIEFLY), text, "brief")

    def about(self, group: Group) -> list[Exchange]:
        """How many, where, whether, which colour, what is written."""
        kind = BY_KEY[group.kind]
        how_many = f"{NUMERALS[group.count]}{kind.measure}。"
        where = f"在{ROW_WORDS[group.row]}，{SIDE_WORDS[group.side]}。"
        exchanges = [
            Exchange(self._named(words.COUNT, kind), how_many, "count"),
            Exchange(self._named(words.WHERE, kind), where, "where"),
            Exchange(self._named(words.EXISTS, kind), "有。", "yes_no"),
        ]
        if group.color:
            exchanges.append(self._color(group, kind))
        if group.text:
            exchanges.append(
                Exchange(self._frame(words.TEXT), f"牌子上写着“{group.text}”。", "text")
            )
        return exchanges

    def exists_not(self) -> Exchange:
        return Exchange(self._named(words.EXISTS, self._absent()), "没有。", "yes_no")

    def absent(self) -> Exchange:
        """A question that takes for granted what is not there."""
        kind = self._absent()
        color = words.COLOR_PERSON if kind.family == "person" else words.COLOR
        frames = self.rng.choice([words.COUNT, words.WHERE, color])
        return Exchange(self._named(frames, kind), f"图里没有{kind.names[0]}。", "absent")

    def unknown(self) -> Exchange:
        kind = BY_KEY[self.rng.choice(self.scene.groups).kind]
        return Exchange(self._named(words.UNKNOWN, kind), UNKNOWABLE, "unknown")

    def what(self) -> list[Exchange]:
        """What lies in each row, and at each side where nothing lies across all of them."""
        across = any(group.side == "across" for group in self.scene.groups)
        sides = () if across else SIDES
        asked = [self._what(words.ROW_PLACES, row, lambda g: g.row) for row in ROW_WORDS]
        asked += [self._what(words.SIDE_PLACES, side, lambda g: g.side) for side in sides]
        return [exchange for exchange in asked if exchange is not None]

    def _what(
        self, places: words.Places, place: str, of: Callable[[Group], str]
    ) -> Exchange | None:
        names = [BY_KEY[g.kind].names[0] for g in in_order(self.scene) if of(g) == place]
        if not 1 <= len(names) <= _MOST_ANSWERED:
            return None
        where = self.rng.choice(places[place][self.bank.held_out])
        question = self._frame(words.WHAT).format(where=where)
        return Exchange(question, "、".join(names) + "。", "what")

    def compare(self) -> list[Exchange]:
        """Two groups by number, by side and by colour."""
        if len(self.scene.groups) < 2:
            return []
        one, other = self.rng.sample(self.scene.groups, 2)
        exchanges = [self._more(one, other), self._more_than(one, other)]
        if "across" not in (one.side, other.side) and one.side != other.side:
            left = SIDES.index(one.side) < SIDES.index(other.side)
            answer = "左边。" if left else "右边。"
            exchanges.append(self._two(words.LEFT_OR_RIGHT, one, other, answer))
        if visible_color(self.scene, one) and visible_color(self.scene, other):
            answer = "一样。" if one.color == other.color else "不一样。"
            exchanges.append(self._two(words.SAME_COLOR, one, other, answer))
        return exchanges

    def _more(self, one: Group, other: Group) -> Exchange:
        more = max(one, other, key=lambda group: group.count)
        same = one.count == other.count
        answer = "一样多。" if same else f"{BY_KEY[more.kind].names[0]}多。"
        return self._two(words.MORE, one, other, answer)

    def _more_than(self, one: Group, other: Group) -> Exchange:
        answer = "是。" if one.count > other.count else "不是。"
        return self._two(words.MORE_THAN, one, other, answer)

    def _color(self, group: Group, kind: Kind) -> Exchange:
        frames = words.COLOR_PERSON if kind.family == "person" else words.COLOR
        color = visible_color(self.scene, group)
        question = self._named(frames, kind)
        if color is None:  # a pencil drawing
            return Exchange(question, UNKNOWABLE, "unknown")
        return Exchange(question, f"{color}色。", "color")

    def _absent(self) -> Kind:
        """Often one that could well be there."""
        absent = [kind for kind in KINDS if self.scene.find(kind.key) is None]
        likely = [kind for kind in absent if self.scene.place in kind.rows]
        return self.rng.choice(likely if self.rng.random() < 0.5 else absent)

    def _two(self, frames: words.Frames, one: Group, other: Group, answer: str) -> Exchange:
        names = [kind_name(BY_KEY[g.kind], self.rng, self.bank) for g in (one, other)]
        question = self._frame(frames).format(name=names[0], other=names[1])
        return Exchange(question, answer, "compare")

    def _named(self, frames: words.Frames, kind: Kind) -> str:
        name = kind_name(kind, self.rng, self.bank)
        return self._frame(frames).format(name=name, m=kind.measure)

    def _frame(self, frames: words.Frames) -> str:
        opening = self.rng.choice(words.OPENINGS[self.bank.held_out])
        frame = self.rng.choice(frames[self.bank.held_out])
        return opening + frame + self.rng.choice(words.ENDINGS)
