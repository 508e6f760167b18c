from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, WhisperFeatureExtractor, WhisperForConditionalGeneration

from models.catalog import Checkpoint
from models.decoding.whisper import Decoded, ListeningDefaults
from models.errors import Cancelled, CatalogError
from models.roles.asr import Segment, SpeechRecognizer
from tests.fixtures.tiny_whisper import write_whisper
from tests.fixtures.voices import RATE, Samples, babble, hiss, silence
from tests.models.conftest import CPU, entry

CREDULOUS = {"logprob_threshold": -100.0, "compression_ratio_threshold": 100.0}
TALK = np.concatenate([silence(1), babble(1.5), silence(1), babble(5), silence(1)])


def checkpoint(**defaults: object) -> Checkpoint:
    return entry(
        "tiny-asr",
        "asr",
        "models.roles.asr:SpeechRecognizer",
        dtype="float32",
        defaults={**CREDULOUS, **defaults},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def recognizer(folder: Path) -> SpeechRecognizer:
    return SpeechRecognizer.load(folder, checkpoint(), CPU)


def in_blocks(samples: Samples, size: int = 3000) -> list[Samples]:
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def test_segments_stand_where_somebody_speaks(recognizer: SpeechRecognizer) -> None:
    segments = recognizer.transcribe(in_blocks(TALK))
    assert all(segment.text for segment in segments)
    assert segments[0].start == pytest.approx(1, abs=0.3)
    assert segments[0].end == pytest.approx(2.5, abs=0.3)
    assert segments[-1].end == pytest.approx(8.5, abs=0.3)
    assert len(segments) >= 4, "five seconds of talk do not fit a window of two"
    starts = [segment.start for segment in segments]
    assert starts == sorted(starts)


@pytest.mark.parametrize("sound", [silence(5), hiss(5), silence(0)])
def test_silence_and_noise_never_reach_the_model(
    recognizer: SpeechRecognizer, sound: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer, "_decoder", object())  # would fail when used
    assert recognizer.transcribe(in_blocks(sound)) == []


def test_a_window_is_decoded_as_transformers_decodes_it(
    folder: Path, recognizer: SpeechRecognizer
) -> None:
    sound = babble(1.5)
    [segment] = recognizer.transcribe([sound])
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    features = extractor(sound, sampling_rate=RATE, return_tensors="pt")["input_features"]
    tokens = model.generate(features, language="zh", task="transcribe", do_sample=False)[0]
    said = AutoTokenizer.from_pretrained(folder).decode(tokens, skip_special_tokens=True)
    assert len(segment.text) > 5
    assert segment.text == said.replace("\ufffd", "").strip()


def test_a_prompt_changes_what_is_heard(folder: Path, recognizer: SpeechRecognizer) -> None:
    prompted = SpeechRecognizer.load(folder, checkpoint(prompt="abc"), CPU)
    sound = babble(1.5)
    assert prompted.transcribe([sound])[0].text != recognizer.transcribe([sound])[0].text


def test_every_window_and_every_token_is_told(recognizer: SpeechRecognizer) -> None:
    told: list[tuple[float, list[Segment]]] = []
    segments = recognizer.transcribe(
        in_blocks(TALK), on_window=lambda heard, new: told.append((heard, new))
    )
    assert [segment for _, new in told for segment in new] == segments
    heard = [seconds for seconds, _ in told]
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(len(TALK) / RATE)
    assert len(told) > sum(len(segment.text) for segment in segments)


@pytest.mark.parametrize("stop_at", [0, 1, 40])
def test_what_a_callback_raises_ends_the_call(recognizer: SpeechRecognizer, stop_at: int) -> None:
    calls = 0

    def stop(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls > stop_at:
            raise Cancelled

    with pytest.raises(Cancelled):
        recognizer.transcribe(in_blocks(TALK), on_window=stop)
    assert calls == stop_at + 1
    assert recognizer.transcribe(in_blocks(TALK)), "it goes on listening afterwards"


def test_the_bytes_are_those_of_weights_and_caches(folder: Path) -> None:
    needed = SpeechRecognizer.bytes_needed(folder, checkpoint())
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    weights = {p.data_ptr(): p.nbytes for p in model.parameters()}
    config = model.config
    encoded = torch.zeros(1, config.max_source_positions, config.d_model)
    ids = torch.zeros(1, config.max_target_positions, dtype=torch.long)
    cache = model(decoder_input_ids=ids, encoder_outputs=(encoded,), use_cache=True).past_key_values
    held = sum(
        layer.keys.nbytes + layer.values.nbytes
        for part in (cache.self_attention_cache, cache.cross_attention_cache)
        for layer in part.layers
    )
    assert needed == sum(weights.values()) + held
    assert SpeechRecognizer.load(folder, checkpoint(), CPU).bytes == needed


def test_a_released_model_listens_no_more(folder: Path) -> None:
    recognizer = SpeechRecognizer.load(folder, checkpoint(), CPU)
    recognizer.release()
    with pytest.raises(RuntimeError, match="released"):
        recognizer.transcribe([babble(1)])


@pytest.mark.parametrize(
    ("decoded", "believed"),
    [
        (Decoded("今天天气很好", -0.2, 0.0), True),
        (Decoded("今天天气很好", -1.2, 0.0), False),
        (Decoded("今天天气很好", -0.7, 0.9), False),
        (Decoded("今天天气很好", -0.3, 0.9), True),
        (Decoded("谢谢观看" * 20, -0.1, 0.0), False),
        (Decoded("", -0.1, 0.0), False),
    ],
)
def test_what_the_model_is_not_sure_of_is_not_believed(decoded: Decoded, believed: bool) -> None:
    assert ListeningDefaults().believe(decoded) is believed


def test_with_whispers_thresholds_a_random_model_says_nothing(folder: Path) -> None:
    doubtful = entry("t", "asr", "models.roles.asr:SpeechRecognizer", dtype="float32")
    recognizer = SpeechRecognizer.load(folder, doubtful, CPU)
    assert recognizer.transcribe(in_blocks(TALK)) == []


@pytest.mark.parametrize("wrong", [{"pause_seconds": 0}, {"prompt": 3}, {"tempo": 1.0}])
def test_wrong_defaults_are_a_catalogue_error(folder: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(CatalogError, match="tiny-asr"):
        SpeechRecognizer.load(folder, checkpoint(**wrong), CPU)
