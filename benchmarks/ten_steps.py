"""A fixed script of ten steps that needs every role in turn, as a creative task does.

    chat → search → look → draw → chat → edit → speak → hear → score → chat

The benchmarks of one budget run it: on a CPU with the starters (`cpu_budget`), on a card with
full-size configurations.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from models.roles.llm import Sampling
from training.asr.voices import SAMPLE_RATE, resample
from training.world.render import draw
from training.world.scene import sample_scene
from training.world.splits import HELD_OUT_SEEDS

ROLES = ("llm", "clip", "vlm", "t2i", "edit", "tts", "asr")
_SYSTEM = "你是多模，一个会使用工具的助手。"


@dataclass(frozen=True)
class Step:
    """What is done with a leased role; `work` gets the role and what the steps before left."""

    name: str
    role: str
    work: Callable[[Any, "Desk"], None]


@dataclass
class Desk:
    """What the steps hand on to each other."""

    picture: Image.Image
    side: int  # px of what is drawn
    messages: list[dict[str, Any]]
    new_tokens: int
    sound: Any = None


@dataclass(frozen=True)
class Taken:
    """Seconds that a step waited for its checkpoint, and worked."""

    name: str
    load: float
    work: float


def new_desk(*, side: int = 256, new_tokens: int = 24) -> Desk:
    picture = draw(sample_scene(HELD_OUT_SEEDS[0]), 256)
    system = {"role": "system", "content": _SYSTEM}
    return Desk(picture, side, [system], new_tokens)


class Shelf(Protocol):
    """What hands out roles: the product's `Residency`, or a peer's way."""

    def lease(self, role: str, *, size: int) -> AbstractContextManager[Any]: ...


def run(residency: Shelf, desk: Desk) -> Iterator[Taken]:
    """The ten steps, one after another."""
    for step in STEPS:
        asked = time.perf_counter()
        with residency.lease(step.role, size=desk.side**2) as role:
            begun = time.perf_counter()
            step.work(role, desk)
            yield Taken(step.name, begun - asked, time.perf_counter() - begun)


def _chat(llm: Any, desk: Desk) -> None:
    desk.messages.append({"role": "user", "content": "找一张有桥的图，改成夜景，再读出来。"})
    prompt = llm.render(desk.messages, [])
    tokens = list(llm.generate(prompt, Sampling(max_new_tokens=desk.new_tokens)))
    desk.messages.append({"role": "assistant", "content": llm.tokenizer.decode(tokens)})


def _search(clip: Any, desk: Desk) -> None:
    clip.embed_texts(["江南水乡的石拱桥"])
    clip.embed_images([desk.picture])


def _look(vlm: Any, desk: Desk) -> None:
    vlm.answer(desk.picture, "图里有几座桥？")


def _draw(generator: Any, desk: Desk) -> None:
    desk.picture = generator.generate(
        "江南水乡，有拱桥和垂柳，水墨画风格", width=desk.side, height=desk.side, seed=7
    )


def _edit(editor: Any, desk: Desk) -> None:
    desk.picture = editor.edit(desk.picture, "改成夜晚", seed=7)


def _speak(synthesizer: Any, desk: Desk) -> None:
    speech = synthesizer.speak("小桥流水，月色如银。")
    desk.sound = resample(speech.samples, speech.sample_rate, SAMPLE_RATE)


def _hear(recognizer: Any, desk: Desk) -> None:
    recognizer.transcribe([np.asarray(desk.sound, np.float32)])


STEPS = (
    Step("chat", "llm", _chat),
    Step("search", "clip", _search),
    Step("look", "vlm", _look),
    Step("draw", "t2i", _draw),
    Step("chat again", "llm", _chat),
    Step("edit", "edit", _edit),
    Step("speak", "tts", _speak),
    Step("hear", "asr", _hear),
    Step("score", "clip", _search),
    Step("chat at last", "llm", _chat),
)
