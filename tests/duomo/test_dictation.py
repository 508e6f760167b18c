"""A recording becomes words before anything is asked; the starters speak and listen."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from duomo import dictation
from duomo.dictation import Dictation
from models.errors import InvalidRequest, MediaTooLarge, UnreadableMedia
from models.residency import Residency
from tests.fixtures.sounds import encoded
from tests.fixtures.starters import residency_of
from tests.fixtures.voices import Samples, silence

SENTENCE = "帮我找几张有拱桥的图。"


@pytest.fixture
def residency(tmp_path: Path) -> Iterator[Residency]:
    opened = residency_of(tmp_path / "empty", "asr", "tts")
    yield opened
    opened.close()


def recording(folder: Path, samples: Samples, rate: int) -> Path:
    file = folder / "recording.wav"
    file.write_bytes(encoded("wav", samples, rate))
    return file


def test_what_is_said_is_written_down(residency: Residency, tmp_path: Path) -> None:
    with residency.lease("tts") as voice:
        speech = voice.speak(SENTENCE, voice.voices[0])
    samples = np.asarray(speech.samples, np.float32)
    heard = Dictation(residency).write_down(recording(tmp_path, samples, speech.sample_rate))
    assert SequenceMatcher(None, heard, SENTENCE).ratio() > 0.7, heard


def test_silence_says_nothing(residency: Residency, tmp_path: Path) -> None:
    assert Dictation(residency).write_down(recording(tmp_path, silence(2), 16_000)) == ""


def test_what_is_too_long_to_wait_for_is_refused_in_words(
    residency: Residency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictation, "MOST_SECONDS", 1.5)
    with pytest.raises(MediaTooLarge, match="附件"):
        Dictation(residency).write_down(recording(tmp_path, silence(2), 16_000))


def test_what_is_no_sound_is_refused(residency: Residency, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(UnreadableMedia):
        Dictation(residency).write_down(tmp_path / "a.wav")


def test_a_profile_that_hears_nothing_says_so(tmp_path: Path) -> None:
    deaf = residency_of(tmp_path / "empty", "tts")
    with pytest.raises(InvalidRequest, match="听写"):
        Dictation(deaf).write_down(recording(tmp_path, silence(1), 16_000))
    deaf.close()
