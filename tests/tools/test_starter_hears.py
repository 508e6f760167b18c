"""The starter that hears listens to the starter that speaks."""

import threading
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from models.catalog import PACKAGE
from models.residency import Residency
from tests.fixtures.sounds import encoded
from tests.fixtures.starters import residency_of
from tests.fixtures.voices import Samples, hiss, hum, silence
from tests.tools.conftest import attach
from tools.artifacts import ArtifactStore
from tools.context import ToolContext
from tools.speak import speak
from tools.transcribe_audio import transcribe_audio

pytestmark = pytest.mark.skipif(
    not (PACKAGE / "starter" / "asr" / "model.safetensors").exists(),
    reason="the starter that hears is not trained yet",
)


@pytest.fixture(scope="module")
def residency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Residency]:
    residency = residency_of(tmp_path_factory.mktemp("empty"), "asr", "tts")
    yield residency
    residency.close()


@pytest.fixture
def context(tmp_path: Path, residency: Residency) -> Iterator[ToolContext]:
    store = ArtifactStore(tmp_path / "artifacts")
    yield ToolContext(
        conversation_id="c1",
        run_id="r1",
        call_id="t1",
        cancel=threading.Event(),
        artifacts=store,
        residency=residency,
    )
    store.close()


@pytest.mark.parametrize("voice", ["女声", "男声"])
def test_what_is_spoken_is_written_down(context: ToolContext, voice: str) -> None:
    text = "帮我找一张有桥的图片，改成夜景。"
    speak.invoke({"text": text, "voice": voice}, context)
    output = transcribe_audio.invoke({"audio": "aud-1"}, context)
    heard = "".join(segment["text"] for segment in output.details["segments"])
    assert SequenceMatcher(None, heard, text).ratio() > 0.7, heard


def melody(seconds: float) -> Samples:
    """Notes of half a second that fade."""
    notes = [440 * 2 ** (step / 12) for step in (0, 4, 7, 12, 7, 4)]
    time = np.arange(8000) / 16000
    tune = [np.sin(2 * np.pi * hertz * time) * np.exp(-4 * time) for hertz in notes]
    return np.resize(0.4 * np.concatenate(tune), round(seconds * 16000)).astype(np.float32)


@pytest.mark.parametrize("sound", [silence(5), hiss(5), hum(5), melody(10)])
def test_where_nobody_speaks_nothing_is_written(context: ToolContext, sound: Samples) -> None:
    attach(context, encoded("wav", sound, 16000), "a.wav")
    output = transcribe_audio.invoke({"audio": "aud-1"}, context)
    assert output.text.startswith("aud-1里没有听到说话。")
    assert "真人" in output.text  # it may have been a person, whom a starter does not understand
