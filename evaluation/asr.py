"""`duomo eval asr`: how many characters of what is said are written down wrongly?

On sentences and voices of espeak-ng that no training heard; on silence, music and noise, where
nothing may be written; and, with a folder of recordings and `manifest.jsonl`, on real people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Annotated, Protocol

import numpy as np
import typer
from rich.progress import track

from evaluation.recordings import read_recordings
from evaluation.report import Report, Table
from evaluation.roles import load_chosen
from models.roles.listener import Listener, Segment
from tools.normalise import normalise
from tools.sound import open_sound
from training.asr import sounds
from training.asr.sentences import Sentence
from training.asr.voices import SAMPLE_RATE, Samples, speak

SENTENCES = 500
_SPOKEN = Path(__file__).with_name("asr_sentences.tsv")
_SPEECHLESS_OF_A_KIND = 20
_SILENCE_AROUND = SAMPLE_RATE // 2  # samples


class Hears(Protocol):
    """What is evaluated."""

    def transcribe(self, blocks: Iterable[Samples]) -> list[Segment]: ...


@dataclass(frozen=True)
class Heard:
    """What was said and what was written; `group` is for the tables."""

    said: str
    written: str
    group: str

    @property
    def characters(self) -> int:
        return len(self.said)

    @property
    def errors(self) -> int:
        return distance(self.said, self.written)


def main(
    speech: Annotated[
        Path | None, typer.Option(help="a folder of recordings with manifest.jsonl", exists=True)
    ] = None,
    sentences: Annotated[int, typer.Option(min=1, help="how many are spoken")] = SENTENCES,
    weights: Annotated[
        Path | None, typer.Option(help="another folder of the starter's form", exists=True)
    ] = None,
    profile: Annotated[str, typer.Option(help="whose speech recognition to use")] = "starter",
    data: Annotated[Path, typer.Option(help="where pulled checkpoints lie")] = Path(),
    json: Annotated[Path | None, typer.Option(help="write the figures here too")] = None,
) -> None:
    """Speak held-out sentences, listen to them, and print the character error rate."""
    listener = load_chosen(Listener, "asr", profile, data, weights)  # type: ignore[type-abstract]
    report = evaluate_asr(listener, speech, sentences)
    report.print()
    if json:
        report.write_json(json)


def evaluate_asr(listener: Hears, speech: Path | None = None, sentences: int = SENTENCES) -> Report:
    """`cer` on held-out sentences and voices; `false_text`, the share of recordings without speech
    for which something was written; `cer_real` on the recordings in `speech`.

    A character error rate is the edit distance by the characters said, without punctuation and
    with numbers as they are read aloud on both sides; it can be over 1."""
    spoken = [_listen_to_sentence(listener, n) for n in track(range(sentences), "sentences")]
    per_kind = max(1, min(_SPEECHLESS_OF_A_KIND, sentences))
    false = {kind: _false_texts(listener, kind, per_kind) for kind in sounds.SPEECHLESS}
    figures = {
        "cer": error_rate(spoken),
        "false_text": sum(false.values()) / (per_kind * len(false)),
        "sentences": float(sentences),
    }
    tables = [
        _by_group("By kind of sentence", spoken),
        Table("Text where nothing is said", ("sound", "of", "texts"),
              [(kind, per_kind, count) for kind, count in false.items()]),
    ]  # fmt: skip
    if speech:
        real = listen_to_recordings(listener, speech)
        figures |= {"cer_real": error_rate(real), "recordings": float(len(real))}
        tables.append(_by_group("Real people", real))
    return Report("Speech recognition, held-out sentences and voices", figures, tables)


def listen_to_recordings(listener: Hears, folder: Path) -> list[Heard]:
    """Raises what `read_recordings` and `open_sound` raise."""
    return [
        Heard(
            comparable(recording.text),
            _written(listener, open_sound(recording.path).blocks(SAMPLE_RATE)),
            folder.name,
        )
        for recording in track(read_recordings(folder), "recordings")
    ]


def comparable(text: str) -> str:
    """Letters and characters alone, numbers as they are read aloud."""
    return "".join(c for c in normalise(text).lower() if c.isalnum())


def distance(said: str, written: str) -> int:
    """Least insertions, deletions and substitutions between the two (Levenshtein 1966)."""
    previous = list(range(len(written) + 1))
    for number, wanted in enumerate(said, 1):
        current = [number]
        for column, found in enumerate(written, 1):
            substituted = previous[column - 1] + (wanted != found)
            current.append(min(previous[column] + 1, current[-1] + 1, substituted))
        previous = current
    return previous[-1]


def error_rate(heard: Sequence[Heard]) -> float:
    """Errors by characters said, over all of `heard`."""
    return sum(h.errors for h in heard) / max(1, sum(h.characters for h in heard))


@cache
def held_out_sentences() -> tuple[Sentence, ...]:
    """Five hundred, as `Sentences(held_out=True)` once drew them. What it draws changes with every
    phrase that is added to a bank; whether a sentence is held out never does."""
    rows = [line.split("\t") for line in _SPOKEN.read_text("utf-8").splitlines()]
    return tuple(Sentence(text, kind) for kind, text in rows)


def held_out_recording(number: int) -> tuple[str, str, Samples]:
    """Text, kind, and float32 [n] at 16 kHz, of sentence `number`, always the same one. After the
    last sentence comes the first again, in another voice."""
    sentences = held_out_sentences()
    sentence = sentences[number % len(sentences)]
    clean = speak(sentence.text, Random(f"held-out-voice-{number}"), held_out=True).samples
    padded = np.pad(clean, _SILENCE_AROUND)
    return sentence.text, sentence.kind, sounds.record(padded, np.random.default_rng(number))


def _listen_to_sentence(listener: Hears, number: int) -> Heard:
    text, kind, samples = held_out_recording(number)
    return Heard(comparable(text), _written(listener, [samples]), kind)


def _false_texts(listener: Hears, kind: str, count: int) -> int:
    """For how many of `count` recordings of a kind of sound something is written."""
    texts = 0
    for number in range(count):
        rng = np.random.default_rng((7, number))
        samples = sounds.speechless(int(rng.uniform(2, 12) * SAMPLE_RATE), rng, kind)
        texts += bool(_written(listener, [samples]))
    return texts


def _written(listener: Hears, blocks: Iterable[Samples]) -> str:
    return comparable("".join(segment.text for segment in listener.transcribe(blocks)))


def _by_group(title: str, heard: Sequence[Heard]) -> Table:
    groups = sorted({h.group for h in heard})
    chosen = {group: [h for h in heard if h.group == group] for group in groups}
    rows = [(group, len(found), error_rate(found)) for group, found in chosen.items()]
    return Table(title, ("kind", "sentences", "cer"), rows)
