"""An answer read aloud, sentence by sentence, also while it is still being written.

The sounds are not kept: they are made when somebody listens. Each carries the AI-content label.
"""

import re
import time
from collections.abc import Iterable

import numpy as np

from agent.events import EventLog, StoredEvent
from models.errors import NotFound
from models.residency import Residency
from tools.exports import exported
from tools.labels import label_sound, new_label
from tools.normalise import normalise
from tools.speak import pause_after, pieces_of

WAIT_SECONDS = 1.5
"""How long a listener waits for a sentence that is still being written."""
_LOOK_SECONDS = 0.1
_CODE = re.compile(r"```.*?(?:```|$)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*_`#>|~]+")
_FINISHED = re.compile(r".*[。！？；!?;\n]", re.DOTALL)


class ReadingAloud:
    """Thread-safe. `visible_labels`: what is heard begins with the mark of made sound."""

    def __init__(self, events: EventLog, residency: Residency, *, visible_labels: bool) -> None:
        self._events = events
        self._residency = residency
        self._visible_labels = visible_labels

    def sentence(self, run_id: str, number: int) -> bytes | None:
        """Sentence `number` (from 0) of a run's answer as a WAV file; None: not written yet.

        Raises NotFound past the last one, or without such a run; as `Residency.lease` does.
        """
        text = self._awaited(run_id, number)
        return None if text is None else self._spoken(text, first=number == 0)

    def _awaited(self, run_id: str, number: int) -> str | None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            is_over = self._events.runs.get(run_id).ended is not None
            sentences = sentences_of(self._events.replay(run_id=run_id), is_over=is_over)
            if 0 <= number < len(sentences):
                return sentences[number]
            if is_over or number < 0:
                raise NotFound("后面没有要念的了。", "Nothing more to read aloud.")
            if time.monotonic() > deadline:
                return None
            time.sleep(_LOOK_SECONDS)

    def _spoken(self, text: str, *, first: bool) -> bytes:
        """The device goes to the work of runs first: whoever listens can wait."""
        parts = []
        with self._residency.lease("tts", patient=True) as synthesizer:
            for piece in pieces_of(normalise(text)):
                speech = synthesizer.speak(piece, synthesizer.voices[0])
                rest = np.zeros(round(pause_after(piece) * speech.sample_rate), np.float32)
                parts += [speech.samples, rest]
        sound = label_sound(np.concatenate(parts), speech.sample_rate, new_label())
        return exported(sound, "audio/wav", visible_label=first and self._visible_labels)


def sentences_of(events: Iterable[StoredEvent], *, is_over: bool) -> list[str]:
    """What the assistant said, by sentences that can be spoken; without one that is still being
    written. Reasoning, code and steps are not read."""
    said: dict[str, str] = {}
    ended: set[str] = set()
    for stored in events:
        event = stored.event
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            said[event["messageId"]] = said.get(event["messageId"], "") + event["delta"]
        elif event["type"] == "TEXT_MESSAGE_END":
            ended.add(event["messageId"])
    texts = [text if is_over or key in ended else _finished(text) for key, text in said.items()]
    return [piece for text in texts for piece in pieces_of(_heard(text))]


def _finished(text: str) -> str:
    match = _FINISHED.match(text)
    return match[0] if match else ""


def _heard(text: str) -> str:
    """Without what is there for the eye alone."""
    return _MARKS.sub("", _LINK.sub(r"\1", _CODE.sub("\n", text)))
