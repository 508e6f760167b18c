from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, WhisperForConditionalGeneration

from training.asr import sounds, voices
from training.asr.batches import IGNORED, Batches
from training.asr.model import adopt, create, write
from training.asr.sentences import Sentences, as_heard, is_held_out
from training.asr.tokenizer import PREFIX, build_tokenizer
from training.asr.train import encode
from training.asr.units import Units

UNITS = Units(["n", "i214", "X", "Au214"])


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("[img-1]画3只猫！谢谢", "画三只猫，谢谢"),
        ("今天 12:30 开会。", "今天，十二点三十分，开会"),
        ("画一只cat", None),
        ("，。", None),
    ],
)
def test_a_sentence_is_written_as_it_is_heard(written: str, heard: str | None) -> None:
    assert as_heard(written) == heard


def test_sentences_of_training_and_evaluation_never_meet() -> None:
    rng = Random(1)
    assert not any(is_held_out(Sentences().draw(rng).text) for _ in range(100))
    assert all(is_held_out(Sentences(held_out=True).draw(rng).text) for _ in range(5))


def test_pauses_do_not_make_another_sentence() -> None:
    assert is_held_out("你好，世界") == is_held_out("你好世界")


def test_voices_of_training_and_evaluation_never_meet() -> None:
    assert not set(voices.VOICES) & set(voices.HELD_OUT_VOICES)


def test_speech_has_no_silence_around_it_and_names_its_phonemes() -> None:
    said = voices.speak("你好", Random(0))
    assert np.abs(said.samples[[0, -1]]).min() > 0.005
    assert said.units == ["n", "i214", "X", "Au214"]


def test_resampling_keeps_a_tone() -> None:
    time = np.arange(22050) / 22050
    tone = voices.resample(np.sin(2 * np.pi * 440 * time).astype(np.float32), 22050, 16000)
    assert len(tone) == 16000
    assert int(np.abs(np.fft.rfft(tone)).argmax()) == 440


@pytest.mark.parametrize("kind", sounds.SPEECHLESS)
def test_a_sound_without_speech_is_in_range(kind: str) -> None:
    samples = sounds.speechless(16000, np.random.default_rng(0), kind)
    assert samples.shape == (16000,)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1


def test_a_recording_is_as_long_as_what_was_said() -> None:
    clean = voices.speak("你好", Random(0)).samples
    for seed in range(6):
        recorded = sounds.record(clean, np.random.default_rng(seed))
        assert recorded.shape == clean.shape
        assert np.abs(recorded).max() <= 1


def test_a_character_is_a_token_and_any_text_comes_back() -> None:
    tokenizer = build_tokenizer()
    ids = tokenizer("画一只猫，龘A3", add_special_tokens=False)["input_ids"]
    assert len(tokenizer("画一只猫", add_special_tokens=False)["input_ids"]) == 4
    assert tokenizer.decode(ids) == "画一只猫，龘A3"


def test_a_batch_asks_for_every_token_after_the_prefix() -> None:
    batch = next(Batches(UNITS, 3, None, easy_until=10).starting_at(4))
    assert batch.features.shape[2] % 2 == 0
    assert (batch.labels[:, 1 : len(PREFIX) - 1] == IGNORED).all()
    assert torch.equal(batch.labels[:, len(PREFIX) - 1], batch.tokens[:, len(PREFIX)])


def test_the_encoder_run_by_the_recipe_is_the_one_that_the_class_runs() -> None:
    model = create().train(mode=False)
    features = torch.randn(1, 80, 2 * model.config.max_source_positions)
    expected = model.model.encoder(features)[0]
    assert torch.allclose(encode(model.model.encoder, features), expected, atol=1e-5)


def test_the_folder_loads_as_a_whisper_that_may_say_nothing(tmp_path: Path) -> None:
    write(create(), tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    model = WhisperForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32)
    end = model.generation_config.eos_token_id
    model.proj_out.bias = torch.nn.Parameter(torch.zeros(model.config.vocab_size))
    model.proj_out.bias.data[end] = 1e4
    features = processor(np.zeros(1600), sampling_rate=16000, return_tensors="pt").input_features
    written = model.generate(features)
    assert processor.batch_decode(written, skip_special_tokens=True) == [""]


def test_a_deeper_model_begins_where_a_shallower_one_stood(tmp_path: Path) -> None:
    shallow = create().train(mode=False)
    del shallow.model.decoder.layers[1:]
    shallow.config.decoder_layers = 1
    write(shallow, tmp_path)
    deep = create().train(mode=False)
    adopt(deep, tmp_path)
    heard = {
        "input_features": torch.randn(1, 80, 2 * deep.config.max_source_positions),
        "decoder_input_ids": torch.tensor([[1, 2, 3]]),
    }
    assert torch.allclose(deep(**heard).logits, shallow(**heard).logits, atol=0.02)
