import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation.asr import (
    SENTENCES,
    comparable,
    distance,
    evaluate_asr,
    held_out_recording,
    held_out_sentences,
)
from evaluation.recordings import read_recordings
from models.errors import InvalidRequest, NotFound
from models.roles.listener import Segment
from training.asr.sentences import is_held_out
from training.asr.voices import SAMPLE_RATE, Samples


class SaysAlways:
    """Writes the same whatever it hears."""

    def __init__(self, text: str) -> None:
        self.text = text

    def transcribe(self, blocks: Iterable[Samples]) -> list[Segment]:
        seconds = sum(len(block) for block in blocks) / SAMPLE_RATE
        return [Segment(0, seconds, self.text)] if self.text else []


@pytest.mark.parametrize(
    ("said", "written", "errors"),
    [
        ("", "", 0),
        ("你好", "", 2),
        ("你好", "你们好", 1),
        ("甲乙丙", "甲丙", 1),
        ("甲乙", "丙丁", 2),
    ],
)
def test_errors_are_insertions_deletions_and_substitutions(
    said: str, written: str, errors: int
) -> None:
    assert distance(said, written) == errors


def test_punctuation_and_the_way_of_writing_a_number_are_no_errors() -> None:
    assert comparable("3只猫，2024年。") == comparable("三只猫二零二四年")


def test_nothing_written_is_every_character_wrong_and_no_false_text() -> None:
    figures = evaluate_asr(SaysAlways(""), sentences=3).figures
    assert figures["cer"] == 1
    assert figures["false_text"] == 0


def test_a_text_for_silence_music_and_noise_is_counted() -> None:
    report = evaluate_asr(SaysAlways("你好"), sentences=1)
    assert report.figures["false_text"] == 1


def test_every_sentence_of_the_evaluation_is_kept_from_training() -> None:
    sentences = held_out_sentences()
    assert len(sentences) == SENTENCES
    assert all(is_held_out(sentence.text) for sentence in sentences)


def test_a_held_out_recording_says_the_same_every_time_and_is_of_a_held_out_sentence() -> None:
    text, _, samples = held_out_recording(3)
    assert text == held_out_recording(3)[0]
    assert is_held_out(text)
    assert samples.dtype == np.float32


def test_recordings_of_people_are_read_from_their_manifest(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000, np.float32), 8000)
    row = json.dumps({"path": "a.wav", "text": "你好"})
    (tmp_path / "manifest.jsonl").write_text(row + "\n", "utf-8")
    figures = evaluate_asr(SaysAlways("你好"), tmp_path, sentences=1).figures
    assert figures["cer_real"] == 0
    assert figures["recordings"] == 1


def test_a_manifest_that_is_missing_or_names_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_recordings(tmp_path)
    row = json.dumps({"path": "../a.wav", "text": "你好"})
    (tmp_path / "manifest.jsonl").write_text(row, "utf-8")
    with pytest.raises(InvalidRequest):
        read_recordings(tmp_path)
