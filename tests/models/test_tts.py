"""Real espeak-ng."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
import torch

from models.catalog import Catalog
from models.errors import InvalidRequest
from models.roles import tts
from models.roles.tts import SpeechSynthesizer


@pytest.fixture(scope="module")
def synthesizer() -> SpeechSynthesizer:
    checkpoint = Catalog.bundled().get("starter-tts")
    return SpeechSynthesizer.load(Path(), checkpoint, torch.device("cpu"))


def test_speaks_at_full_but_unclipped_level(synthesizer: SpeechSynthesizer) -> None:
    speech = synthesizer.speak("今天天气很好，我们去公园看荷花。")
    assert speech.samples.dtype == np.float32
    assert 3 < speech.seconds < 8
    assert 0.3 < np.abs(speech.samples).max() < 1


def test_longer_text_takes_longer(synthesizer: SpeechSynthesizer) -> None:
    assert synthesizer.speak("你好你好你好").seconds > 2 * synthesizer.speak("你好").seconds


def test_speed_scales_the_duration(synthesizer: SpeechSynthesizer) -> None:
    slow, fast = (synthesizer.speak("春眠不觉晓", speed=s).seconds for s in (0.5, 2.0))
    assert slow > 3 * fast


def test_voices_differ(synthesizer: SpeechSynthesizer) -> None:
    first, second = (synthesizer.speak("你好", voice).samples for voice in synthesizer.voices)
    assert first.shape != second.shape or not np.allclose(first, second, atol=0.01)


def test_the_same_text_sounds_the_same(synthesizer: SpeechSynthesizer) -> None:
    first, second = (synthesizer.speak("你好").seconds for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "\0", "\x1b[0m", "\ud800", "😀", "。。。", "[[", "\u202e", "\uffff"]
)
def test_text_with_nothing_to_say_is_no_error(synthesizer: SpeechSynthesizer, text: str) -> None:
    assert synthesizer.speak(text).seconds < 1


def test_markup_is_text_not_a_command(synthesizer: SpeechSynthesizer) -> None:
    plain = synthesizer.speak("你好").seconds
    assert synthesizer.speak('<break time="30s"/>你好').seconds < plain + 6
    assert synthesizer.speak("[[n'i]]你好").seconds > plain


def test_a_null_character_does_not_cut_the_text(synthesizer: SpeechSynthesizer) -> None:
    assert synthesizer.speak("你好\0今天天气很好").seconds > 2 * synthesizer.speak("你好").seconds


def test_very_long_text_is_spoken_whole(synthesizer: SpeechSynthesizer) -> None:
    assert synthesizer.speak("中" * 600).seconds > 120


def test_threads_do_not_mix_their_words(synthesizer: SpeechSynthesizer) -> None:
    texts = ["你好", "今天天气很好", "我们去公园看荷花"] * 8
    alone = {text: synthesizer.speak(text).samples.shape for text in texts[:3]}
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda text: synthesizer.speak(text).samples.shape, texts))
    assert together == [alone[text] for text in texts]


@pytest.mark.parametrize(("voice", "speed"), [("机器人", 1.0), ("女声", 0.1), ("女声", 9.0)])
def test_an_unknown_voice_or_speed_is_refused(
    synthesizer: SpeechSynthesizer, voice: str, speed: float
) -> None:
    with pytest.raises(InvalidRequest):
        synthesizer.speak("你好", voice, speed)


def test_data_under_a_path_too_long_for_the_library_is_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tts, "_LONGEST_DATA_PATH", 10)
    copy = tts._data_folder()
    assert copy != Path(espeakng_loader.get_data_path())
    assert (copy / "phontab").is_file()
