"""Who says it: espeak-ng's Mandarin in many timbres, at many speeds and pitches."""

from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from models.roles.tts import Speech, espeak

Samples = npt.NDArray[np.float32]  # [n], −1 to 1
SAMPLE_RATE = 16_000

VOICES = (
    "f1", "f2", "f4", "f5", "m1", "m2", "m3", "m4", "m6", "m7", "m8", "Alex", "Andy", "Annie",
    "aunty", "belinda", "benjamin", "boris", "caleb", "Denis", "Diogo", "ed", "edward", "Gene",
    "grandma", "gustave", "Henrique", "ian", "iven2", "Jacky", "john", "klatt2", "klatt4",
    "linda", "Mario", "max", "michel", "miguel", "norbert", "pablo", "quincy", "Reed", "rob",
    "sandro", "steph", "steph2", "travis", "zac",
)  # fmt: skip
HELD_OUT_VOICES = ("f3", "m5", "adam", "david", "Lee", "Michael", "robert", "shelby", "grandpa")
_PRODUCT = ("f2", "m3")  # what Duomo itself speaks with
_RATES = range(91, 112)  # × 160 Hz: read faster or slower than 16 kHz, a longer or shorter throat
_QUIET = 0.01


@dataclass(frozen=True)
class Utterance:
    """`samples` at 16 kHz without silence around them; `units` are espeak-ng's phonemes; character
    i of the text is heard from sample `bounds[i]` to `bounds[i + 1]`, int64 [characters + 1]."""

    samples: Samples
    units: list[str]
    bounds: npt.NDArray[np.int64]


def speak(text: str, rng: Random, *, held_out: bool = False) -> Utterance:
    """`text` by a voice of training, or (`held_out`) by one that no training heard."""
    voice = _voice(rng, held_out)
    speed = min(1.7, max(0.7, rng.gauss(1.08, 0.2)))
    speech = espeak().synthesize(text, voice, speed, pitch=rng.randint(15, 85))
    rate = 160 * (100 if rng.random() < 0.25 else rng.choice(_RATES))
    samples = resample(speech.samples, speech.sample_rate, rate)
    start, end = _loud(samples)
    bounds = _bounds(text, speech) * rate / speech.sample_rate - start
    units = espeak().phonemes(text, voice)
    return Utterance(samples[start:end], units, bounds.clip(0, end - start).astype(np.int64))


def _bounds(text: str, speech: Speech) -> npt.NDArray[np.float64]:
    """Where each character begins and the last one ends, in samples of `speech`; those inside a
    word of several characters share it evenly."""
    known = dict(speech.words) | {len(text): len(speech.samples)}
    characters = np.asarray(sorted(known))
    heard = np.maximum.accumulate([known[character] for character in characters])
    return np.interp(np.arange(len(text) + 1), characters, heard)


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """Band-limited, through the spectrum; both rates in Hz."""
    step = rate // np.gcd(rate, to)
    padded = np.pad(samples, (0, -len(samples) % step))
    length = len(padded) // step * (to // np.gcd(rate, to))
    spectrum = np.fft.rfft(padded)[: length // 2 + 1]
    resampled: Samples = np.fft.irfft(spectrum, length).astype(np.float32)
    return resampled * np.float32(length / max(1, len(padded)))


def _voice(rng: Random, held_out: bool) -> str:
    if held_out:
        return f"cmn+{rng.choice(HELD_OUT_VOICES)}"
    return f"cmn+{rng.choice(_PRODUCT if rng.random() < 0.12 else VOICES)}"


def _loud(samples: Samples) -> tuple[int, int]:
    """From the first to after the last sample that is not quiet."""
    loud = np.flatnonzero(np.abs(samples) > _QUIET)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)
