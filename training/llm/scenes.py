"""What people look for, draw and talk about: subjects composed of nouns, places, times, styles."""

from collections.abc import Callable
from random import Random

from training.llm import bank
from training.llm.vocabulary import english_words, gb2312_characters

_CHARACTERS = gb2312_characters()
_WORDS = [word for word in english_words() if word.isascii()]
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_SENSELESS = 0.15  # of the copied slots
_UNHEARD = 0.25  # of the names: ones that nobody has
_COUNTS = (2, 2, 3, 3, 4, 5, 5, 6, 6, 8, 8, 9, 10, 10, 12, 15, 20)  # small ones more often
NUMERALS = "零一二三四五六七八九十"
_SIMPLE = {
    "thing": ("animals", "plants", "food", "buildings", "objects", "vehicles", "people"),
    "object": ("objects",),
    "object2": ("objects",),
    "animal": ("animals",),
    "animal2": ("animals",),
    "plant": ("plants",),
    "plant2": ("plants",),
    "place": ("places",),
    "food": ("food",),
    "time": ("times",),
    "color": ("colors",),
    "style": ("styles",),
    "animal_action": ("animal_actions",),
}
_SHORT = {"city": "city", "dish": "dish", "person": "person", "neg": "negative"}
_SUBJECTS = [
    ("{thing}", 10),
    ("{color}(的|){thing}", 4),
    ("{quality}{thing}", 4),
    ("{place}", 3),
    ("{time}的{place}", 3),
    ("{place}的{thing}", 4),
    ("{thing}(在|和){place}", 1),
    ("{people}在{place}{people_action}", 4),
    ("{people}{people_action}", 4),
    ("{animal}{animal_action}", 4),
    ("{animal}在{place}{animal_action}", 3),
    ("{thing}和{thing}", 4),
    ("{time}的{thing}", 3),
    ("{style}(风格|风|)的{thing}", 2),
    ("{thing}，{time}", 1),
    ("{scene}", 6),
    ("{numeral}(个|只|位|张){thing}", 1),
    ("{thing} {time}", 1),
    ("{english}", 2),
    ("{thing}，{mood}那种", 2),
    ("{place}{thing}，{mood}(的|那种|)", 2),
    ("{thing}在{place}(旁边|边上|上|里|中间)", 2),
    ("{people}(画|拍|做)的{thing}", 1),
    ("{color}的{thing}，{place}", 1),
    ("{mood}的{place}", 1),
]
_MOODS = ["治愈", "暖色调", "冷色调", "高级", "ins风", "复古", "vintage", "极简", "minimal", "热闹"]
_MOODS += ["安静", "孤独", "lonely", "梦幻", "clean", "cozy", "怀旧", "日系", "清新"]
_PROMPTS = [
    ("{subject}", 6),
    ("{subject}，{style}风格", 3),
    ("{style}(风格|风|)的{subject}", 2),
    ("{subject}，{time}，{mood}", 2),
    ("{subject}，旁边有{thing}，{time}", 2),
    ("{subject}，背景是{place}", 2),
    ("{color}的{thing}，{place}，{style}", 2),
    ("一(只|个|位|张|幅){quality}{thing}，{place}", 2),
    ("{people}坐在{place}，身边一只{animal}，{time}", 2),
    ("一(只|个){animal}{animal_action}，远处是{place}", 2),
    ("{animal}和{people}在{place}，{time}，要{mood}一点", 1),
    ("{verse}", 3),
    ("{topic}", 2),
    ("{scene}，{style}", 2),
    ("{scene}", 3),
    ("{thing}、{thing}和{thing}", 2),
    ("上面有{thing}，下面是{place}，{color}为主", 1),
    ("{person}的画像", 1),
]


def word(name: str, rng: Random) -> str:
    """A word for a simple slot (`animal`, `place`, `city` …)."""
    if name in _SHORT:
        return rng.choice(bank.words("short")[_SHORT[name]])
    groups = _SIMPLE[name]
    return rng.choice(bank.words("things")[rng.choice(groups)])


def subject(rng: Random) -> str:
    """What a picture shows, as people say it when they look for one."""
    return _compose(_SUBJECTS, rng)


def prompt(rng: Random) -> str:
    """What is to be drawn: often longer than a search, sometimes a verse or a title."""
    return _compose(_PROMPTS, rng)


def verse_line(rng: Random) -> str:
    """One or two lines of a poem, without the final full stop."""
    text = rng.choice(bank.lines("verses")).split("|")[2]
    return rng.choice([line for line in text.split("。") if line])


def title(rng: Random) -> str:
    """Words to compare a picture with: a title, a verse or a subject."""
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(bank.lines("topics"))
    return verse_line(rng) if kind < 0.6 else subject(rng)


def saying(rng: Random) -> str:
    """Words to be read aloud."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(bank.lines("sayings"))
    if kind < 0.65:
        return bank.fill(bank.expand(rng.choice(bank.lines("announcements")), rng), slot(rng))
    if kind < 0.75:
        return rng.choice(bank.lines("verses")).split("|")[2]
    if kind < 0.9:
        return "".join(rng.sample(bank.lines("sayings"), 2))
    return bank.fill(bank.expand(rng.choice(bank.lines("stories")), rng), slot(rng)).strip("，")


def number(rng: Random, most: int) -> tuple[str, int]:
    """A count in words or digits with its classifier, and its value: `三张` is 3."""
    value = rng.choice([n for n in _COUNTS if n <= most])
    written = str(value) if rng.random() < 0.5 else numeral(value)
    if value == 2 and written != "2":
        written = rng.choice(["两", "两", "俩"])
    classifier = "" if written == "俩" else rng.choice(["张"] * 8 + ["幅", "个", "张图"])
    return written + classifier, value


def numeral(value: int) -> str:
    """1 to 99 in Chinese: 12 is 十二, 20 is 二十."""
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else NUMERALS[tens] + "十")
    return head + (NUMERALS[ones] if ones or not head else "")


def gibberish(rng: Random, longest: int = 20) -> str:
    """Characters without sense, so that copying an argument never leans on what it means."""
    common = rng.random() < 0.8
    letters = _CHARACTERS[:3755] if common else _CHARACTERS
    lengths = [n for n in (1, 2, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 40) if n <= longest]
    text = "".join(rng.choices(letters, k=rng.choice(lengths)))
    kind = rng.random()
    if kind < 0.12:
        return f"{text}{rng.choice(' ，·-')}{_digits(rng)}"
    if kind < 0.24:
        return f"{text} {_english_words(rng)}"
    return _english_words(rng) if kind < 0.32 else text


def _english_words(rng: Random) -> str:
    words = rng.choices(_WORDS, k=rng.choice([1, 2, 3, 4]))
    return " ".join(words) if rng.random() < 0.8 else words[0] + "".join(rng.choices(_LATIN, k=3))


def slot(rng: Random) -> Callable[[str], str]:
    """A function that fills any descriptive slot at random."""

    def value(name: str) -> str:
        special = {
            "subject": subject, "q": subject, "p": prompt, "t": title, "topic": _topic,
            "s": saying, "verse": verse_line, "scene": _scene, "english": _english,
            "mood": _mood, "quality": _quality, "people": _people, "people_action": _action,
            "numeral": _numeral, "number": _digits, "topicword": _topicword,
            "topicword2": _topicword, "change": _change, "view": _view, "counted": _counted,
        }  # fmt: skip
        if name in ("q", "p", "t", "s", "topic", "verse") and rng.random() < _SENSELESS:
            return gibberish(rng)
        if name in ("person", "city", "topicword") and rng.random() < _UNHEARD:
            return "".join(rng.choices(_CHARACTERS[:3755], k=rng.choice([2, 2, 3, 3, 4])))
        return special[name](rng) if name in special else word(name, rng)

    return value


def _compose(weighted: list[tuple[str, int]], rng: Random) -> str:
    [frame] = rng.choices([f for f, _ in weighted], [w for _, w in weighted])
    return bank.fill(bank.expand(frame, rng), slot(rng))


def _topic(rng: Random) -> str:
    return rng.choice(bank.lines("topics"))


def _scene(rng: Random) -> str:
    return rng.choice(bank.lines("scenes"))


def _english(rng: Random) -> str:
    return rng.choice(bank.lines("english"))


def _mood(rng: Random) -> str:
    return rng.choice(_MOODS)


def _quality(rng: Random) -> str:
    return rng.choice(bank.words("things")["qualities"])


def _people(rng: Random) -> str:
    return rng.choice(bank.words("things")["people"])


def _action(rng: Random) -> str:
    return rng.choice(bank.words("things")["people_actions"])


def _numeral(rng: Random) -> str:
    return rng.choice("一两三四五六")


def _digits(rng: Random) -> str:
    return "".join(rng.choice("0123456789") for _ in range(rng.choice([3, 5, 8, 11])))


def _topicword(rng: Random) -> str:
    return rng.choice(bank.lines("topicwords")[0].split())


def _change(rng: Random) -> str:
    return rng.choice(bank.lines("changes"))


def _view(rng: Random) -> str:
    """How the same thing is to look: a sort of scenery, a time, a style."""
    return rng.choice(bank.words("things")[rng.choice(["views", "times", "styles"])])


def _counted(rng: Random) -> str:
    return rng.choice(bank.words("things")["counted"])
