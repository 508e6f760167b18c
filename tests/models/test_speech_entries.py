"""The speech entries of the catalogue, over tiny models of their classes and over real shapes."""

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    PretrainedConfig,
    PreTrainedModel,
    Qwen3ASRConfig,
    Qwen3ASRFeatureExtractor,
    Qwen3ASRForConditionalGeneration,
    Qwen3ASRForTokenClassification,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from models.catalog import Catalog, CheckpointFile, Profile
from models.residency import Residency
from models.roles import role_class
from models.roles.listener import Segment
from tests.fixtures.tiny_kokoro import write_kokoro
from tests.fixtures.tiny_qwen3_asr import write_aligner, write_qwen3_asr
from tests.fixtures.tiny_whisper import write_whisper
from tests.fixtures.voices import babble
from tests.models.conftest import CPU

TINY: dict[str, Callable[[Path], Path]] = {
    "whisper-small": write_whisper,
    "whisper-large-v3-turbo": write_whisper,
    "qwen3-asr-0.6b": write_qwen3_asr,
    "qwen3-asr-1.7b": write_qwen3_asr,
    "qwen3-forced-aligner-0.6b": write_aligner,
    "kokoro-82m-v1.1-zh": write_kokoro,
}
CALLS: dict[str, Callable[[Any], object]] = {
    "asr": lambda role: role.transcribe([babble(1)]),
    "align": lambda role: role.align([babble(1)], [Segment(0, 1, "你好")]),
    "tts": lambda role: role.speak("你好", "男声"),
}


@pytest.mark.parametrize("name", TINY)
def test_every_entry_is_leased_and_called_as_it_stands(name: str, tmp_path: Path) -> None:
    entry = Catalog.bundled().get(name)
    folder = TINY[name](tmp_path / "checkpoints" / name)
    small = tuple(CheckpointFile(path=f.path) for f in entry.files if (folder / f.path).is_file())
    assert any(f.path.endswith((".safetensors", ".onnx")) for f in small)
    note = {"zh": "测试", "en": "test"}
    profile = Profile.model_validate(
        {"name": "t", "budget_bytes": 1 << 30, "roles": {entry.role: name}, "note": note}
    )
    catalog = Catalog([entry.model_copy(update={"files": small})])
    leases = Residency(catalog, profile, device=CPU, budget_bytes=1 << 30, data_dir=tmp_path)
    with leases.lease(entry.role) as role:
        assert CALLS[entry.role](role) is not None
    leases.close()


def whisper(**sizes: int) -> WhisperConfig:
    both = ("layers", "attention_heads", "ffn_dim")
    named = {f"{side}_{key}": sizes[key] for side in ("encoder", "decoder") for key in both}
    rest = {key: value for key, value in sizes.items() if key not in both}
    return WhisperConfig(**{**named, **rest})


def qwen(width: int, feed_forward: int, audio: dict[str, int], **more: Any) -> Qwen3ASRConfig:
    text = {
        "vocab_size": more.pop("vocab_size", 151_936),
        "hidden_size": width,
        "intermediate_size": feed_forward,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "tie_word_embeddings": "num_labels" not in more,
    }
    # The class's own output_dim is none of theirs.
    return Qwen3ASRConfig(audio_config={**audio, "output_dim": width}, text_config=text, **more)


_SMALL_EAR = {
    "d_model": 896,
    "encoder_layers": 18,
    "encoder_attention_heads": 14,
    "encoder_ffn_dim": 3584,
}
_LARGE_EAR = {
    "d_model": 1024,
    "encoder_layers": 24,
    "encoder_attention_heads": 16,
    "encoder_ffn_dim": 4096,
}
# The published configurations; name → class, configuration, bytes of a number in the file.
REAL: dict[str, tuple[type[PreTrainedModel], PretrainedConfig, int]] = {
    "whisper-small": (
        WhisperForConditionalGeneration,
        whisper(d_model=768, layers=12, attention_heads=12, ffn_dim=3072),
        4,
    ),
    "whisper-large-v3-turbo": (
        WhisperForConditionalGeneration,
        whisper(
            d_model=1280, layers=32, attention_heads=20, ffn_dim=5120, num_mel_bins=128,
            vocab_size=51_866,
        ),
        2,
    ),
    "qwen3-asr-0.6b": (Qwen3ASRForConditionalGeneration, qwen(1024, 3072, _SMALL_EAR), 2),
    "qwen3-asr-1.7b": (Qwen3ASRForConditionalGeneration, qwen(2048, 6144, _LARGE_EAR), 2),
    "qwen3-forced-aligner-0.6b": (
        Qwen3ASRForTokenClassification,
        qwen(1024, 3072, _LARGE_EAR, vocab_size=152_064, num_labels=5000),
        2,
    ),
}  # fmt: skip
REAL["whisper-large-v3-turbo"][1].decoder_layers = 4


def write_header(folder: Path, kind: type[PreTrainedModel], config: PretrainedConfig) -> int:
    """`model.safetensors` up to where the numbers would begin; how many there would be."""
    with torch.device("meta"):
        model = kind(config)  # type: ignore[call-arg]
    shapes = {name: list(value.shape) for name, value in model.named_parameters()}
    header, at = {}, 0
    for name, shape in shapes.items():
        end = at + 2 * prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    written = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written)
    return at // 2


@pytest.mark.parametrize("name", REAL)
def test_the_bytes_of_an_entry_are_those_of_its_configuration(name: str, tmp_path: Path) -> None:
    entry = Catalog.bundled().get(name)
    kind, config, itemsize = REAL[name]
    config.save_pretrained(tmp_path)
    Qwen3ASRFeatureExtractor().save_pretrained(tmp_path)
    numbers = write_header(tmp_path, kind, config)
    computing = entry.model_copy(update={"dtype": "bfloat16"})
    needed = role_class(computing).bytes_needed(tmp_path, computing)
    assert needed == entry.least_device_bytes
    [weights] = [file for file in entry.files if file.path == "model.safetensors"]
    assert weights.bytes is not None
    header = weights.bytes - numbers * itemsize
    assert 0 < header < 200_000, "what is left of the file is its header"
