"""Turns that want words and no tool: facts, chat, the product, and what it will not do."""

import re

from tools.reports import able
from training.llm import bank, speech
from training.llm.dialog import SKILL, Dialog
from training.llm.intents import Drawn

_SUBJECTS = ("person", "city", "topicword", "animal")  # what a sentence can be written about
_MOODS = [
    (r"谢|thanks|3q|辛苦", "thanks"),
    (r"^(再见|拜拜|晚安|我先走|下次|不聊|睡了|收工)", "bye"),
    (r"^(你好|您好|早上好|晚上好|在吗|在不在|hello|hi|嗨|哈喽)", "greeting"),
    (r"^(好的|知道了|明白|嗯嗯|行|可以|哦|收到|OK|就这样|先这样)", "okay"),
    (r"^(算了|不用|不要了|没事|当我|先不|停|别弄)", "okay"),
    (r"厉害|真棒|太好了|牛啊|绝了|完美|不错|聪明", "praise"),
    (r"好累|心情不好|压力|睡不着|烦|倒霉|被骂|失恋|考砸|失业|感冒|被批评|吵架|想家", "comfort"),
    (r"升职|考上|怀孕|买房|减了|拿奖", "congratulate"),
    (r"笑话|段子", "joke"),
    (r"写|编|翻译|总结|概括|缩写|润色|改写|扩写|列|起|取|想", "writing"),
]  # fmt: skip


def fact(d: Dialog) -> None:
    question, answer = d.rng.choice(bank.lines("facts")).split(" => ")
    d.user(speech.say(bank.expand(question, d.rng), {}, d.rng))
    d.say(answer)


def product(d: Dialog) -> None:
    question, answer = d.rng.choice(bank.lines("about_product")).split(" => ")
    d.user(speech.say(bank.expand(question, d.rng), {}, d.rng))
    d.say(answer.replace("{abilities}", abilities(d)))


def abilities(d: Dialog) -> str:
    skills = [SKILL[name] for name in sorted(d.tools)]
    return able(skills) if skills else "现在只能简单聊几句。"


def knowledge(d: Dialog) -> None:
    _ask(d, "knowledge")
    d.reply("dont_know")


def about_tools(d: Dialog) -> None:
    _ask(d, "about_tools")
    d.reply("dont_know")


def opinion(d: Dialog) -> None:
    drawn = _ask(d, "opinions")
    mood = next((name for pattern, name in _MOODS if re.search(pattern, drawn.core)), "opinion")
    about = next((drawn.words[name] for name in _SUBJECTS if name in drawn.words), "")
    if mood == "writing" and about:
        d.say(d.rng.choice(bank.replies("written")).replace("{w}", about))
    else:
        d.reply(mood)


def refuse(d: Dialog) -> None:
    """Outside what the product does: say so, and why."""
    heading = d.rng.choice(sorted(bank.sections("refuse")))
    reason, *frames = bank.sections("refuse")[heading]
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(frames)))
    d.say(reason)


def _ask(d: Dialog, bank_name: str) -> Drawn:
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.lines(bank_name))))
    return drawn
