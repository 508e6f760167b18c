"""Slips in a question: a model this small takes it by its wording, and misses others by a word.

With characters lost and strayed in it has to go by what is left.
"""

from random import Random

_SLIPPED = 0.5  # of the questions
_LOST, _STRAYED = 0.08, 0.06  # of their characters
_FILLERS = "这那个是在的了呢吗就都还下来到底究竟啊嘛呀些里上中看说画图"


def slipped(question: str, rng: Random) -> str:
    """`question`, or something like it."""
    if rng.random() >= _SLIPPED:
        return question
    return "".join(_slip(character, rng) for character in question)


def _slip(character: str, rng: Random) -> str:
    strayed = rng.choice(_FILLERS) if rng.random() < _STRAYED else ""
    return strayed + ("" if rng.random() < _LOST else character)
