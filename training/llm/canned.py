"""Results that tools could have given, in the words of `tools/replies.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tools import replies
from tools.handles import Kind
from training.llm import bank, scenes


@dataclass(frozen=True)
class Canned:
    """What a tool said, the handles of what it made, and what later turns may speak of."""

    text: str
    handles: tuple[str, ...] = ()
    said: str = ""  # the text read, heard or answered
    score: float = 0.0


def result(
    name: str, arguments: Mapping[str, Any], new: Callable[[Kind], str], rng: Random
) -> Canned:
    """A result of tool `name`; `new` numbers the artifacts that it makes."""
    if name in ("search_images", "find_similar_images"):
        handles = tuple(new("image") for _ in range(arguments.get("top_k", 4)))
        words = replies.found_images if name == "search_images" else replies.found_similar
        return Canned(words(handles), handles)
    if name == "generate_image":
        handles = tuple(new("image") for _ in range(arguments.get("count", 1)))
        return Canned(replies.generated(handles), handles)
    if name == "edit_image":
        handle = new("image")
        return Canned(replies.edited(arguments["image"], handle), (handle,))
    if name == "speak":
        handle = new("audio")
        seconds = max(1.0, len(arguments["text"]) / 4.2)
        return Canned(replies.spoken(handle, seconds), (handle,))
    return _words(name, arguments, rng)


def _words(name: str, arguments: Mapping[str, Any], rng: Random) -> Canned:
    """Tools that make words alone."""
    if name == "read_text":
        read = rng.choice(bank.lines("texts_in_images")).split("|")
        return Canned(replies.text_in_image(arguments["image"], read), said="，".join(read))
    if name == "transcribe_audio":
        heard = rng.choice(bank.lines("transcripts"))
        return Canned(replies.transcribed(arguments["audio"], heard), said=heard)
    if name == "ask_image":
        frame = rng.choice(bank.lines("answers_about_images"))
        answer = bank.fill(bank.expand(frame, rng), scenes.slot(rng))
        return Canned(replies.answered(answer), said=answer)
    cosine = rng.uniform(0.05, 0.85)
    score = round(2.5 * cosine, 2)
    return Canned(replies.scored(arguments["image"], score, cosine), score=score)
