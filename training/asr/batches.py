"""Batches of recordings and what they say, made anew each time from a step's number."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from training.asr import sounds, voices
from training.asr.model import CHUNK_SECONDS, HOP, feature_extractor
from training.asr.sentences import MOST_CHARACTERS, Sentences
from training.asr.tokenizer import END, LANGUAGE, NO_SPEECH, PREFIX, build_tokenizer, number_of
from training.asr.units import Units
from training.asr.voices import SAMPLE_RATE, Samples

IGNORED = -100
_GROUP = 6  # batches made together, so that clips of like length share one
_SPEECHLESS = 0.06
_WHOLE_WINDOW = 0.15  # of the batches: as long as the model's window, as at inference
_MASK_SHARE = 0.6
_EASY_SECONDS = 3.2
_POSITION = 2 * HOP  # samples of one position of the encoder
_FRESH, _KEPT = 7, 600  # utterances: new ones an update, and those that clips are made from


@dataclass(frozen=True)
class Clip:
    """A recording float32 [n] at 16 kHz, its text, the phonemes in it, and from where to where each
    character is heard, in samples."""

    samples: Samples
    text: str
    units: list[str]
    spans: list[tuple[int, int]]


@dataclass(frozen=True)
class Batch:
    """`features` float32 [B, 80, T] (T even); `tokens` int64 [B, L], prefix to end; `labels` the
    token that follows each, or IGNORED; `units` int64, all rows after each other; their lengths;
    `heard` bool [B, L, T/2]: the encoder's positions in which a label is heard, none elsewhere."""

    features: Tensor
    tokens: Tensor
    labels: Tensor
    units: Tensor
    unit_lengths: Tensor
    heard: Tensor


class Batches:
    """An endless stream; what is said in the batch of a step follows from the step's number. (Some
    voices of espeak-ng breathe at random, so their sound does not.)"""

    def __init__(self, units: Units, size: int, words: Path | None, easy_until: int) -> None:
        """Before step `easy_until` every clip is one short sentence; over as many steps again
        they grow to fill the model's window."""
        self._units, self._size, self._easy_until = units, size, easy_until
        self._sentences = Sentences(words)
        self._tokenizer, self._extractor = build_tokenizer(), feature_extractor()
        self._utterance = lru_cache(2 * _KEPT)(self._speak)

    def starting_at(self, step: int) -> Iterator[Batch]:
        while True:
            for clips in self._group(step):
                yield self._collate(clips, step)
                step += 1

    def _group(self, step: int) -> list[list[Clip]]:
        rng = Random(step)
        longest = self._longest(step)
        seeds = range(step * _FRESH, step * _FRESH + _KEPT)
        clips = [self._clip(rng, seeds, longest) for _ in range(_GROUP * self._size)]
        clips.sort(key=lambda clip: len(clip.samples))
        groups = [clips[i : i + self._size] for i in range(0, len(clips), self._size)]
        rng.shuffle(groups)
        return groups

    def _longest(self, step: int) -> float:
        """Seconds of the longest clip at `step`."""
        grown = min(1.0, max(0.0, step / max(1, self._easy_until) - 1))
        return _EASY_SECONDS + grown * (CHUNK_SECONDS - _EASY_SECONDS)

    def _speak(self, seed: int) -> tuple[str, voices.Utterance]:
        rng = Random(f"utterance-{seed}")
        text = self._sentences.draw(rng).text
        return text, voices.speak(text, rng)

    def _clip(self, rng: Random, seeds: range, longest: float) -> Clip:
        noise = np.random.default_rng(rng.getrandbits(64))
        if rng.random() < _SPEECHLESS:
            size = int(rng.uniform(0.5, longest) * SAMPLE_RATE)
            return Clip(sounds.speechless(size, noise), "", [], [])
        clip = self._spoken(rng, seeds, longest)
        return replace(clip, samples=sounds.record(clip.samples, noise))

    def _spoken(self, rng: Random, seeds: range, longest: float) -> Clip:
        """One sentence, often more where they fit, with silence around and between them."""
        clip = Clip(_pause(rng, 0.05, 0.5), "", [], [])
        most = int((longest - 0.05) * SAMPLE_RATE)
        goes_on = True
        while goes_on:
            text, said = self._utterance(rng.choice(seeds))
            joined = _joined(clip, said, text, _pause(rng, 0.1, 0.6))
            if len(joined.samples) <= most and len(joined.text) <= 2 * MOST_CHARACTERS:
                clip = joined
            goes_on = not clip.text or (longest > _EASY_SECONDS and rng.random() < 0.4)
        return clip

    def _collate(self, clips: list[Clip], step: int) -> Batch:
        rng = np.random.default_rng(step)
        features = self._features(clips, rng)
        rows = [self._row(clip.text) for clip in clips]
        length = max(map(len, rows))
        end = rows[0][-1]
        tokens = torch.tensor([row + [end] * (length - len(row)) for row in rows])
        labels = torch.tensor([row[1:] + [IGNORED] * (length + 1 - len(row)) for row in rows])
        labels[:, : len(PREFIX) - 1] = IGNORED
        labels[:, 0] = torch.tensor([self._language(clip) for clip in clips])
        units = [self._units.numbers(clip.units) for clip in clips]
        lengths = torch.tensor([len(row) for row in units])
        heard = _heard(clips, length, features.shape[2] // 2)
        return Batch(features, tokens, labels, torch.tensor([*chain(*units)]), lengths, heard)

    def _language(self, clip: Clip) -> int:
        """What follows the start: the language, or that there is no speech, as Whisper has it."""
        return number_of(self._tokenizer, LANGUAGE if clip.text else NO_SPEECH)

    def _row(self, text: str) -> list[int]:
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        prefix = [number_of(self._tokenizer, token) for token in PREFIX]
        return [*prefix, *ids, number_of(self._tokenizer, END)]

    def _features(self, clips: list[Clip], rng: np.random.Generator) -> Tensor:
        audio = [clip.samples for clip in clips]
        window = CHUNK_SECONDS * SAMPLE_RATE
        if rng.random() >= _WHOLE_WINDOW:
            longest = max(len(samples) for samples in audio) // HOP + int(rng.integers(4, 40))
            window = min(window, longest // 2 * 2 * HOP)
        mel: Tensor = self._extractor(
            audio,
            sampling_rate=SAMPLE_RATE,
            padding="max_length",
            max_length=window,
            return_tensors="pt",
        )["input_features"]
        return _masked(mel, rng)


def _joined(clip: Clip, said: voices.Utterance, text: str, pause: Samples) -> Clip:
    """`clip`, then what was said, then a pause; ， between two sentences is a silence."""
    before = len(clip.samples)
    bounds = (said.bounds + before).tolist()
    spans = [*pairwise(bounds)]
    samples = np.concatenate([clip.samples, said.samples, pause])
    if clip.text:
        text = f"{clip.text}，{text}"
        spans = [(clip.spans[-1][1], before), *spans]
    return Clip(samples, text, clip.units + said.units, clip.spans + spans)


def _heard(clips: list[Clip], length: int, positions: int) -> Tensor:
    """`Batch.heard`: each character's span, a position wider on both sides."""
    heard = torch.zeros(len(clips), length, positions, dtype=torch.bool)
    for row, clip in zip(heard, clips, strict=True):
        for number, (start, end) in enumerate(clip.spans, len(PREFIX) - 1):
            row[number, max(0, start // _POSITION - 1) : end // _POSITION + 2] = True
    return heard


def _pause(rng: Random, shortest: float, longest: float) -> Samples:
    return np.zeros(int(rng.uniform(shortest, longest) * SAMPLE_RATE), np.float32)


def _masked(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """SpecAugment (Park et al. 2019), lightly: a band and a moment of some clips are blanked."""
    mel = mel.clone()
    for row in mel:
        if rng.random() < _MASK_SHARE:
            low, start = int(rng.integers(0, 74)), int(rng.integers(0, row.shape[1]))
            row[low : low + int(rng.integers(1, 12))] = row.mean()
            row[:, start : start + int(rng.integers(1, 10))] = row.mean()
    return mel
