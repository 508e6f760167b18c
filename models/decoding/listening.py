"""What a speech model heard in one window, and when it is not believed.

The thresholds are Whisper's own (Radford et al. 2022, section 4.5). Where Whisper tries again at a
higher temperature, a text that fails counts as no speech here: nothing rather than a made-up word.
"""

import zlib
from dataclasses import dataclass

from pydantic import Field

from models.catalog import CheckpointDefaults


class ListeningDefaults(CheckpointDefaults, frozen=True):
    """How a checkpoint that listens wants to be called: the `[defaults]` of its catalogue entry.

    `logprob_threshold`: least mean log-probability of a text's tokens, and half of it where the
    probability of no speech is over `no_speech_threshold`. `compression_ratio_threshold`:
    how far zlib may shrink a text; one phrase over and over shrinks most. `prompt`: words put
    before, for simplified characters and punctuation. `beams`: how many texts Whisper follows
    at once, of which it takes the likeliest; `ngram_weight`: how much the checkpoint's
    n-grams of characters, where it has some, count in that.
    """

    pause_seconds: float = Field(0.6, gt=0)
    logprob_threshold: float = Field(-1.0, lt=0)
    no_speech_threshold: float = Field(0.6, ge=0, le=1)
    compression_ratio_threshold: float = Field(2.4, gt=0)
    prompt: str = ""
    beams: int = Field(1, gt=0)
    ngram_weight: float = Field(0.0, ge=0)

    def believe(self, decoded: "Decoded") -> bool:
        """Whether somebody said this."""
        doubtful = decoded.no_speech > self.no_speech_threshold
        least = self.logprob_threshold / 2 if doubtful else self.logprob_threshold
        repeats = compression_ratio(decoded.text) > self.compression_ratio_threshold
        return bool(decoded.text) and decoded.logprob >= least and not repeats


@dataclass(frozen=True)
class Decoded:
    """`logprob`: mean log-probability of the tokens, the end among them; `no_speech`: probability
    that nobody speaks, as far as the model tells it."""

    text: str
    logprob: float
    no_speech: float


def compression_ratio(text: str) -> float:
    """Bytes of the text by its bytes compressed."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))
