"""Conversations by seed: which tools are offered, which intent is drawn, how it goes on.

>>> conversation(7, ALL).messages[0]["role"]
'user'
"""

from collections.abc import Callable, Collection
from random import Random
from typing import Any

from tools import registry
from training.llm import chains, intents, talk
from training.llm.dialog import Dialog, TurnOver
from training.llm.follow_ups import follow_up

TODAY = frozenset({"find_similar_images", "read_text", "score_image", "search_images", "speak"})
ALL = TODAY | {"ask_image", "edit_image", "generate_image", "transcribe_audio"}
OPENINGS: list[tuple[Callable[[Dialog], None], int]] = [
    (intents.search, 14),
    (intents.similar, 7),
    (intents.ask, 16),
    (intents.read, 12),
    (intents.change, 12),
    (intents.draw, 12),
    (intents.transcribe, 4),
    (intents.speak, 14),
    (intents.recite, 3),
    (intents.score, 10),
    (chains.chain, 26),
    (chains.whole_task, 34),
    (chains.both, 9),
    (chains.each, 2),
    (chains.draw_and_speak, 5),
    (talk.fact, 6),
    (talk.knowledge, 11),
    (talk.opinion, 11),
    (talk.about_tools, 8),
    (talk.product, 3),
    (talk.refuse, 8),
]


FURTHER_TURNS = (30, 24, 19, 13, 7, 4, 2, 1)  # weights of 0, 1, 2 … follow-ups


def drill(seed: int, tools: Collection[str]) -> Dialog:
    """A short exercise in copying."""
    d = Dialog(tools, Random(seed))
    _turn(d, intents.drill)
    return d


def conversation(seed: int, tools: Collection[str]) -> Dialog:
    """The conversation of `seed` with `tools` offered: the same every time."""
    d = Dialog(tools, Random(seed))
    turns, weights = zip(*OPENINGS, strict=True)
    _turn(d, d.rng.choices(turns, weights)[0])
    [more] = d.rng.choices(range(len(FURTHER_TURNS)), FURTHER_TURNS)
    for _ in range(more):
        _turn(d, follow_up)
    return d


def _turn(d: Dialog, turn: Callable[[Dialog], Any]) -> None:
    try:
        turn(d)
    except TurnOver:
        d.said = d.query = d.prompt = ""


def offered(rng: Random) -> frozenset[str]:
    """The tools of a batch: mostly all nine, often today's five, sometimes any of them."""
    kind = rng.random()
    if kind < 0.55:
        return ALL
    if kind < 0.82:
        return TODAY
    return frozenset(name for name in sorted(ALL) if rng.random() < 0.65)


def schemas(tools: Collection[str]) -> list[dict[str, Any]]:
    """The function schemas of `tools`, in name order."""
    every = registry.schemas()
    return [every[name] for name in sorted(tools)]
