"""What every class of the role `asr` does, on tiny ones with random weights."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from transformers import (
    AutoTokenizer,
    Qwen3ASRForConditionalGeneration,
    Qwen3ASRProcessor,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from models.catalog import Catalog, Checkpoint, Profile
from models.decoding import whisper
from models.decoding.beams import Beams, Hypothesis
from models.decoding.listening import Decoded, ListeningDefaults
from models.decoding.qwen3_asr import LANGUAGE_TOKENS, heard
from models.errors import Cancelled, CatalogError, CheckpointBroken
from models.residency import Residency
from models.roles import role_class
from models.roles.asr import NGRAMS
from models.roles.listener import Listener, Segment, most_tokens
from models.weights import tensor_bytes
from tests.fixtures.tiny_qwen3_asr import END, SECONDS, TURN_END, write_qwen3_asr
from tests.fixtures.tiny_whisper import write_whisper
from tests.fixtures.voices import RATE, Samples, babble, hiss, silence
from tests.models.conftest import CPU, entry
from training.asr.ngrams import named, tables

CREDULOUS = {"logprob_threshold": -100.0, "compression_ratio_threshold": 100.0}
TALK = np.concatenate([silence(1), babble(1.5), silence(1), babble(5), silence(1)])


WRITERS = {
    "models.roles.asr:SpeechRecognizer": write_whisper,
    "models.roles.qwen3_asr:Qwen3SpeechRecognizer": write_qwen3_asr,
}
WHISPER, QWEN = WRITERS


def checkpoint(loader: str, **defaults: object) -> Checkpoint:
    return entry("tiny-asr", "asr", loader, dtype="float32", defaults={**CREDULOUS, **defaults})


def load(folder: Path, checkpoint: Checkpoint) -> Listener:
    loaded = role_class(checkpoint).load(folder, checkpoint, CPU)
    assert isinstance(loaded, Listener)
    return loaded


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        loader: write(tmp_path_factory.mktemp("data") / "checkpoints" / "tiny-asr")
        for loader, write in WRITERS.items()
    }


@pytest.fixture(scope="module", params=WRITERS, ids=["whisper", "qwen3"])
def loader(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(folders: dict[str, Path], loader: str) -> Path:
    return folders[loader]


@pytest.fixture(scope="module")
def recognizer(folder: Path, loader: str) -> Listener:
    return load(folder, checkpoint(loader))


def in_blocks(samples: Samples, size: int = 3000) -> list[Samples]:
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def test_segments_stand_where_somebody_speaks(recognizer: Listener) -> None:
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
    recognizer: Listener, sound: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer, "_decoder", object())  # would fail when used
    assert recognizer.transcribe(in_blocks(sound)) == []


def test_whisper_decodes_a_window_as_transformers_does(folders: dict[str, Path]) -> None:
    sound, folder = babble(1.5), folders[WHISPER]
    [segment] = load(folder, checkpoint(WHISPER)).transcribe([sound])
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    features = extractor(sound, sampling_rate=RATE, return_tensors="pt")["input_features"]
    tokens = model.generate(features, language="zh", task="transcribe", do_sample=False)[0]
    said = AutoTokenizer.from_pretrained(folder).decode(tokens, skip_special_tokens=True)
    assert len(segment.text) > 5
    assert segment.text == said.replace("\ufffd", "").strip()


def test_of_the_texts_that_whisper_follows_the_ngrams_choose(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[Hypothesis] = []

    class Watched(Beams):
        def texts(self) -> list[Hypothesis]:
            followed[:] = super().texts()
            return followed

    monkeypatch.setattr(whisper, "Beams", Watched)
    folder = shutil.copytree(folders[WHISPER], tmp_path / "tiny")
    sound = babble(1.5)
    alone = load(folder, checkpoint(WHISPER, beams=3)).transcribe([sound])[0].text
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = {
        tokenizer.decode(text.tokens, skip_special_tokens=True).replace("\ufffd", "").strip()
        for text in followed
    }
    assert alone in texts
    letters = {"".join(filter(str.isalnum, text)): text for text in texts - {alone}}
    wanted = max(letters, key=len)
    save_file(named(tables([wanted])), folder / NGRAMS)
    told = load(folder, checkpoint(WHISPER, beams=3, ngram_weight=50.0)).transcribe([sound])
    assert told[0].text == letters[wanted]


def test_texts_that_are_followed_together_need_caches_of_their_own(
    folders: dict[str, Path],
) -> None:
    folder, entries = folders[WHISPER], (checkpoint(WHISPER), checkpoint(WHISPER, beams=4))
    one, four = (role_class(entry).bytes_needed(folder, entry) for entry in entries)
    weights = tensor_bytes(folder, torch.float32)
    assert four - weights == 4 * (one - weights) > 0


def test_qwen3_decodes_a_window_as_transformers_does(folders: dict[str, Path]) -> None:
    sound, folder = babble(1.5), folders[QWEN]
    [segment] = load(folder, checkpoint(QWEN, prompt="多模")).transcribe([sound])
    model = Qwen3ASRForConditionalGeneration.from_pretrained(folder)
    processor = Qwen3ASRProcessor.from_pretrained(folder)
    request = processor.apply_transcription_request(sound, prompt="多模")
    tokens = model.generate(**request, do_sample=False, max_new_tokens=54)
    said = processor.decode(tokens[0, request["input_ids"].shape[1] :], skip_special_tokens=True)
    assert len(segment.text) > 5
    assert segment.text == said.replace("\ufffd", "").strip()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("language Chinese<asr_text>今天天气很好。", "今天天气很好。"),
        ("language English<asr_text> Hello. ", "Hello."),
        ("language None<asr_text>", ""),
        ("language None<asr_text>嗯", ""),
        ("今天天气很好", "今天天气很好"),
        ("", ""),
    ],
)
def test_the_language_that_qwen3_writes_is_no_part_of_the_text(written: str, text: str) -> None:
    assert heard(written, -0.1) == Decoded(text, -0.1, float("None" in written))


def test_a_prompt_changes_what_is_heard(folder: Path, loader: str, recognizer: Listener) -> None:
    prompted = load(folder, checkpoint(loader, prompt="abc"))
    sound = babble(1.5)
    assert prompted.transcribe([sound])[0].text != recognizer.transcribe([sound])[0].text


def test_every_window_and_every_token_is_told(recognizer: Listener) -> None:
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
def test_what_a_callback_raises_ends_the_call(recognizer: Listener, stop_at: int) -> None:
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


def test_the_bytes_are_those_of_whispers_weights_and_caches(folders: dict[str, Path]) -> None:
    folder, entry = folders[WHISPER], checkpoint(WHISPER)
    needed = role_class(entry).bytes_needed(folder, entry)
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
    assert load(folder, entry).bytes == needed


@pytest.mark.parametrize("prompt", ["", "春江花月夜"])
def test_qwen3s_longest_window_keeps_within_its_bytes(
    folders: dict[str, Path], prompt: str
) -> None:
    folder, entry = folders[QWEN], checkpoint(QWEN, prompt=prompt)
    needed = role_class(entry).bytes_needed(folder, entry)
    model = Qwen3ASRForConditionalGeneration.from_pretrained(folder)
    weights = {p.data_ptr(): p.nbytes for p in model.parameters()}
    request = Qwen3ASRProcessor.from_pretrained(folder).apply_transcription_request(
        babble(SECONDS), prompt=prompt or None
    )
    longest = model.generate(
        **request,
        max_new_tokens=most_tokens(SECONDS) + LANGUAGE_TOKENS,
        suppress_tokens=[END, TURN_END],
        return_dict_in_generate=True,
    )
    held = sum(c.keys.nbytes + c.values.nbytes for c in longest.past_key_values.layers)
    assert sum(weights.values()) + held <= needed
    per_position = held // longest.past_key_values.get_seq_length()
    assert needed - sum(weights.values()) - held < per_position * (len(prompt) * 3 + 64)
    assert load(folder, entry).bytes == needed


def leased(data: Path, checkpoint: Checkpoint) -> Residency:
    note = {"zh": "测试", "en": "test"}
    roles = {"asr": checkpoint.name}
    profile = Profile.model_validate(
        {"name": "tiny", "budget_bytes": 1 << 28, "roles": roles, "note": note}
    )
    return Residency(
        Catalog([checkpoint]), profile, device=CPU, budget_bytes=1 << 28, data_dir=data
    )


def test_leased_it_hears_the_same(folder: Path, loader: str, recognizer: Listener) -> None:
    residency = leased(folder.parents[1], checkpoint(loader))
    with residency.lease("asr") as borrowed:
        assert borrowed.transcribe(in_blocks(TALK)) == recognizer.transcribe(in_blocks(TALK))
    assert residency.state().used_bytes == recognizer.bytes
    residency.close()


@pytest.mark.parametrize("spoilt", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b'{"model_type": "bert"}'])
def test_files_that_are_not_right_are_broken(
    folder: Path, loader: str, tmp_path: Path, spoilt: str, content: bytes | None
) -> None:
    copy = shutil.copytree(folder, tmp_path / "checkpoints" / "tiny-asr")
    (copy / spoilt).unlink() if content is None else (copy / spoilt).write_bytes(content)
    residency = leased(tmp_path, checkpoint(loader))
    with pytest.raises(CheckpointBroken), residency.lease("asr"):
        pass
    residency.close()


def test_a_released_model_listens_no_more(folder: Path, loader: str) -> None:
    recognizer = load(folder, checkpoint(loader))
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


def test_with_whispers_thresholds_a_random_model_says_nothing(folder: Path, loader: str) -> None:
    doubtful = load(folder, entry("t", "asr", loader, dtype="float32"))
    assert doubtful.transcribe(in_blocks(TALK)) == []


@pytest.mark.parametrize("wrong", [{"pause_seconds": 0}, {"prompt": 3}, {"tempo": 1.0}])
def test_wrong_defaults_are_a_catalogue_error(
    folder: Path, loader: str, wrong: dict[str, object]
) -> None:
    with pytest.raises(CatalogError, match="tiny-asr"):
        load(folder, checkpoint(loader, **wrong))
