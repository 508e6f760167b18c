"""Where it is said: rooms, telephones, noise, loudness; and sounds in which nothing is said."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from training.asr.voices import SAMPLE_RATE, Samples

Rng = np.random.Generator


def record(clean: Samples, rng: Rng) -> Samples:
    """A recording of `clean` as a microphone somewhere makes it; the same length."""
    samples = _filtered(clean, rng) if rng.random() < 0.6 else clean
    level = 10 ** (-rng.uniform(0, 26) / 20)
    samples = samples * (0.95 * level / max(1e-4, float(np.abs(samples).max(initial=0))))
    if rng.random() < 0.65:
        samples = samples + _noise_below(samples, rng.uniform(6, 45), rng)
    return np.clip(samples, -1, 1).astype(np.float32)


def _filtered(samples: Samples, rng: Rng) -> Samples:
    """Room, band limits and tone in one multiplication of spectra."""
    size = len(samples)
    length = _fast_length(size + SAMPLE_RATE // 2)
    spectrum = np.fft.rfft(samples, length)
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE).astype(np.float32)
    if rng.random() < 0.5:
        spectrum = spectrum * np.fft.rfft(_room(rng), length)
    if rng.random() < 0.5:
        low, high = rng.uniform(40, 300), rng.uniform(3000, 8000)
        below, above = np.square(low / (hertz + 1)), np.square(np.square(hertz / high))
        spectrum = spectrum / np.sqrt((1 + below * below) * (1 + above * above))
    if rng.random() < 0.6:
        gains = 10 ** (rng.uniform(-7, 7, 7) / 20)
        tone = np.interp(hertz, np.linspace(0, 8000, 7), gains)
        spectrum = spectrum * tone.astype(np.float32)
    return np.fft.irfft(spectrum, length)[:size].astype(np.float32)


def _room(rng: Rng) -> Samples:
    """An impulse response: the direct sound and a tail that decays by 60 dB in 0.1 to 0.5 s."""
    decay = rng.uniform(0.1, 0.5)
    time = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time), np.float32) * np.exp(-6.9 * time / decay)
    tail[: int(0.004 * SAMPLE_RATE)] = 0
    tail *= rng.uniform(0.1, 0.7) / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1
    return tail.astype(np.float32)


def _noise_below(samples: Samples, decibels: float, rng: Rng) -> Samples:
    """Noise of a random colour, at times music, `decibels` under the sound."""
    size = len(samples)
    made = music(size, rng) if rng.random() < 0.1 else noise(size, rng)
    sound, loud = np.sqrt(np.mean(samples**2)), np.sqrt(np.mean(made**2)) + 1e-9
    return made * np.float32(sound / loud * 10 ** (-decibels / 20))


def _fast_length(size: int) -> int:
    """At least `size`, and a product of small primes, which makes the transform fast."""
    return -(-size // 2000) * 2000


def noise(size: int, rng: Rng) -> Samples:
    """Stationary noise from white to brown, with its loudness drifting; peak 1."""
    length = _fast_length(size)
    spectrum = np.fft.rfft(rng.standard_normal(length, np.float32))
    hertz = (np.fft.rfftfreq(length, 1 / SAMPLE_RATE) + 20).astype(np.float32)
    shaped = np.fft.irfft(spectrum * hertz ** -rng.uniform(0, 1.1), length)[:size]
    drift = np.interp(np.linspace(0, 5, size), np.arange(6), rng.uniform(0.5, 1, 6))
    return _peak_one(shaped * drift)


def music(size: int, rng: Rng) -> Samples:
    """Chords and tunes of decaying harmonics, at times with a drum; peak 1."""
    mixed = np.zeros(size, np.float32)
    base, beat = rng.uniform(80, 400), int(rng.uniform(0.15, 0.7) * SAMPLE_RATE)
    scale = np.asarray((0, 2, 4, 7, 9, 12, 14, 16, 19))
    richness, drum = rng.uniform(0.2, 0.9), rng.random() < 0.4
    for start in range(0, size, beat):
        length = min(size - start, int(beat * rng.uniform(0.8, 2.5)))
        time = np.arange(length, dtype=np.float32) / SAMPLE_RATE
        for _ in range(rng.integers(0, 4)):
            hertz = base * 2 ** (rng.choice(scale) / 12)
            parts = [richness**k * np.sin(2 * np.pi * hertz * (k + 1) * time) for k in range(4)]
            mixed[start : start + length] += sum(parts) * np.exp(-time * rng.uniform(0.5, 6))
        if drum:
            burst = rng.standard_normal(min(length, 1600)) * np.exp(
                -np.arange(min(length, 1600)) / 300
            )
            mixed[start : start + len(burst)] += burst
    return _peak_one(mixed)


def beeps(size: int, rng: Rng) -> Samples:
    """A tone that switches on and off, as of a telephone or a machine; peak 1."""
    time = np.arange(size) / SAMPLE_RATE
    on = np.sin(2 * np.pi * rng.uniform(0.2, 4) * time + rng.uniform(0, 6)) > rng.uniform(-1, 0.8)
    return _peak_one(on * np.sin(2 * np.pi * rng.uniform(50, 3000) * time))


def clicks(size: int, rng: Rng) -> Samples:
    """Knocks and clicks at random moments; peak 1."""
    hits = np.zeros(size)
    hits[rng.integers(0, max(1, size), rng.integers(1, 40))] = rng.uniform(-1, 1)
    ring = np.exp(-np.arange(2000) / rng.uniform(5, 400)) * rng.standard_normal(2000)
    return _peak_one(np.fft.irfft(np.fft.rfft(hits, 2 * size) * np.fft.rfft(ring, 2 * size))[:size])


def silence(size: int, rng: Rng) -> Samples:
    """Digital silence, or the hiss of an open microphone."""
    if rng.random() < 0.3:
        return np.zeros(size, np.float32)
    return (rng.standard_normal(size) * 10 ** rng.uniform(-5, -2.3)).astype(np.float32)


SPEECHLESS: dict[str, Callable[[int, Rng], Samples]] = {
    "silence": silence,
    "noise": noise,
    "music": music,
    "beeps": beeps,
    "clicks": clicks,
}


def speechless(size: int, rng: Rng, kind: str | None = None) -> Samples:
    """A recording of `size` samples in which nobody says anything."""
    made = SPEECHLESS[kind or rng.choice(list(SPEECHLESS))](size, rng)
    return (made * 10 ** -rng.uniform(0, 2)).astype(np.float32)


def _peak_one(samples: npt.ArrayLike) -> Samples:
    array = np.asarray(samples, np.float32)
    return array / np.float32(max(1e-6, np.abs(array).max(initial=0)))
