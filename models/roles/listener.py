"""What every class of the role `asr` is to the rest: blocks of sound in, segments of text out.

A recording of any length is cut at its pauses (models/roles/pauses.py); a class has to hear one
window at a time.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from models.decoding.listening import Decoded, ListeningDefaults
from models.roles import Role
from models.roles.pauses import Samples, Window, windows

_TOKENS_PER_SECOND = 20  # fast Mandarin has 9 characters, of up to 3 tokens where they are rare
_LEAST_TOKENS = 16


@dataclass(frozen=True)
class Segment:
    """What was said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def most_tokens(seconds: float) -> int:
    """How many tokens may be said in `seconds`: what bounds a decoder that goes on and on."""
    return _LEAST_TOKENS + round(seconds * _TOKENS_PER_SECOND)


def _ignore(*_: object) -> None: ...


class Listener(Role):
    """`sample_rate`, in Hz, is that of the blocks it listens to."""

    def __init__(
        self,
        *,
        sample_rate: int,
        window_seconds: float,
        defaults: ListeningDefaults,
        needed_bytes: int,
    ) -> None:
        self.sample_rate = sample_rate
        self.window_seconds = window_seconds
        self.bytes = needed_bytes
        self._defaults = defaults

    def transcribe(
        self,
        blocks: Iterable[Samples],
        *,
        on_window: Callable[[float, list[Segment]], None] = _ignore,
    ) -> list[Segment]:
        """Float32 mono blocks at `sample_rate`, of any lengths → what is said, in order.

        What does not sound like speech is left out. Memory does not grow with the recording.
        `on_window(seconds, new)` is called after every window with the seconds done with and its
        segments (one or none), and with none for every token in between; what it raises ends the
        call.
        """
        segments: list[Segment] = []
        heard = 0.0
        for window in windows(
            blocks,
            self.sample_rate,
            longest_seconds=self.window_seconds,
            pause_seconds=self._defaults.pause_seconds,
        ):
            new = self._listen(window, partial(on_window, heard, []))
            segments += new
            heard = window.heard
            on_window(heard, new)
        return segments

    @abstractmethod
    def _hear(self, samples: Samples, most: int, on_token: Callable[[], None]) -> Decoded:
        """Samples [n] of one window → at most `most` tokens; `on_token` before each goes on."""

    def _listen(self, window: Window, on_token: Callable[[], None]) -> list[Segment]:
        if not len(window.samples):
            return []
        seconds = len(window.samples) / self.sample_rate
        decoded = self._hear(window.samples, most_tokens(seconds), on_token)
        if not self._defaults.believe(decoded):
            return []
        return [Segment(window.start, window.start + seconds, decoded.text)]
