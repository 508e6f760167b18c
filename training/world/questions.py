"""Questions about a scene with their answers, in Chinese, worded from either phrase bank."""

from dataclasses import dataclass
from random import Random

from training.world.captions import full_caption, kind_name, visible_color
from training.world.kinds import BY_KEY, KINDS
from training.world.phrases import NUMERALS, PhraseBank
from training.world.scene import Group, Scene


@dataclass(frozen=True)
class Exchange:
    """A question, its answer, and what was asked: `count`, `color`, `yes_no`, `where` …"""

    question: str
    answer: str
    topic: str


_SETTING_QUESTIONS = {
    "style": (
        ("这是什么风格的画？", "这张图是怎么画的？", "画风是什么？"),
        ("看得出是哪种画法吗？",),
    ),
    "time": (
        ("图里是什么时候？", "是白天还是晚上？", "画的是一天里的什么时间？"),
        ("大概是几时的景色？",),
    ),
    "season": (
        ("这是什么季节？", "图里是哪个季节？", "看起来是春夏秋冬哪一季？"),
        ("画的是哪一季的景？",),
    ),
    "weather": (("天气怎么样？", "图里是什么天气？", "在下雨吗，还是晴天？"), ("那里天气如何？",)),
    "place": (("这是在哪里？", "图里是什么地方？", "画的是什么场景？"), ("这景是在哪儿？",)),
}
_COUNT = (
    ("有几{m}{name}？", "图里一共有多少{m}{name}？", "数一数，{name}有几{m}？"),
    ("{name}的数量是多少？",),
)
_COLOR = (
    ("{name}是什么颜色的？", "那{m}{name}什么颜色？", "请问{name}的颜色？"),
    ("{name}呈现哪种颜色？",),
)
_COLOR_PERSON = (
    ("{name}穿什么颜色的衣服？", "{name}的衣服是什么颜色？"),
    ("{name}身上衣服哪种颜色？",),
)
_EXISTS = (("图里有{name}吗？", "有没有{name}？", "能看到{name}吗？"), ("画面中是否出现{name}？",))
_WHERE = (
    ("{name}在哪里？", "{name}在画面的什么位置？", "哪边有{name}？"),
    ("{name}处于图中何处？",),
)
_TEXT = (("牌子上写着什么？", "招牌上是什么字？", "读一下图里的字。"), ("牌上的字是哪几个？",))
_DESCRIBE = (("描述一下这张图。", "图里有什么？", "这张图画的是什么？"), ("请讲讲画面内容。",))

_SIDE_WORDS = {"left": "左边", "middle": "中间", "right": "右边", "across": "从左到右排成一排"}
_ROW_WORDS = {
    "sky": "上方",
    "far": "远处",
    "back": "后面",
    "span": "河上",
    "water": "水里",
    "front": "前面",
}


def all_questions(bank: PhraseBank) -> frozenset[str]:
    """Every question frame of a bank, for tests that the two banks do not meet."""
    frames = (
        *_SETTING_QUESTIONS.values(),
        _COUNT,
        _COLOR,
        _COLOR_PERSON,
        _EXISTS,
        _WHERE,
        _TEXT,
        _DESCRIBE,
    )
    return frozenset(frame for pair in frames for frame in pair[bank.held_out])


def ask(scene: Scene, rng: Random, bank: PhraseBank) -> list[Exchange]:
    """One exchange on every topic that the scene has an answer to."""
    exchanges = [_describe(scene, rng, bank), _absent(scene, rng, bank)]
    exchanges += [_setting(scene, topic, rng, bank) for topic in _SETTING_QUESTIONS]
    for group in scene.groups:
        exchanges += [
            _count(group, rng, bank),
            _where(group, rng, bank),
            _present(group, rng, bank),
        ]
        if visible_color(scene, group):
            exchanges.append(_color(group, rng, bank))
        if group.text:
            answer = f"牌子上写着“{group.text}”。"
            exchanges.append(Exchange(_pick(_TEXT, rng, bank), answer, "text"))
    return exchanges


def _pick(frames: tuple[tuple[str, ...], tuple[str, ...]], rng: Random, bank: PhraseBank) -> str:
    return rng.choice(frames[bank.held_out])


def _setting(scene: Scene, topic: str, rng: Random, bank: PhraseBank) -> Exchange:
    words = {
        "style": bank.styles,
        "time": bank.times,
        "season": bank.seasons,
        "weather": bank.weathers,
        "place": bank.places,
    }[topic]
    answer = rng.choice(words[getattr(scene, topic)]) + "。"
    return Exchange(_pick(_SETTING_QUESTIONS[topic], rng, bank), answer, topic)


def _describe(scene: Scene, rng: Random, bank: PhraseBank) -> Exchange:
    answer = full_caption(scene, rng, bank, detail=1.0).text.rstrip("。") + "。"
    return Exchange(_pick(_DESCRIBE, rng, bank), answer, "describe")


def _count(group: Group, rng: Random, bank: PhraseBank) -> Exchange:
    kind = BY_KEY[group.kind]
    name = kind_name(kind, rng, bank)
    question = _pick(_COUNT, rng, bank).format(m=kind.measure, name=name)
    return Exchange(question, f"有{NUMERALS[group.count]}{kind.measure}{name}。", "count")


def _color(group: Group, rng: Random, bank: PhraseBank) -> Exchange:
    kind = BY_KEY[group.kind]
    frames = _COLOR_PERSON if kind.family == "person" else _COLOR
    question = _pick(frames, rng, bank).format(m=kind.measure, name=kind_name(kind, rng, bank))
    return Exchange(question, f"{group.color}色的。", "color")


def _present(group: Group, rng: Random, bank: PhraseBank) -> Exchange:
    kind = BY_KEY[group.kind]
    name = kind_name(kind, rng, bank)
    answer = f"有，{NUMERALS[group.count]}{kind.measure}。"
    return Exchange(_pick(_EXISTS, rng, bank).format(name=name), answer, "yes_no")


def _absent(scene: Scene, rng: Random, bank: PhraseBank) -> Exchange:
    kind = rng.choice([kind for kind in KINDS if scene.find(kind.key) is None])
    name = kind_name(kind, rng, bank)
    return Exchange(
        _pick(_EXISTS, rng, bank).format(name=name), f"没有，图里没有{name}。", "yes_no"
    )


def _where(group: Group, rng: Random, bank: PhraseBank) -> Exchange:
    name = kind_name(BY_KEY[group.kind], rng, bank)
    answer = f"在{_ROW_WORDS[group.row]}，{_SIDE_WORDS[group.side]}。"
    return Exchange(_pick(_WHERE, rng, bank).format(name=name), answer, "where")
