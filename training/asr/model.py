"""The starter's architecture in transformers' own configuration, and how it is written to disk."""

import copy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from training.asr import tokenizer as tokens
from training.asr.voices import SAMPLE_RATE

CHUNK_SECONDS = 8
HOP = 320  # samples: 50 feature frames a second, 25 encoder positions
_FRAMES_A_SECOND = SAMPLE_RATE // HOP
_WIDTH = 192
_ENCODER_LAYERS, _DECODER_LAYERS = 4, 4
_MOST_TOKENS = 80
_WRITERS = ("out_proj", "fc2")  # of a layer: what adds to the states


def config(tokenizer: WhisperTokenizer) -> WhisperConfig:
    """A Whisper of 25 positions a second whose window is 8 s instead of 30."""
    end = tokens.number_of(tokenizer, tokens.END)
    return WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=80,
        d_model=_WIDTH,
        encoder_layers=_ENCODER_LAYERS,
        decoder_layers=_DECODER_LAYERS,
        encoder_attention_heads=_WIDTH // 64,
        decoder_attention_heads=_WIDTH // 64,
        encoder_ffn_dim=4 * _WIDTH,
        decoder_ffn_dim=4 * _WIDTH,
        max_source_positions=CHUNK_SECONDS * _FRAMES_A_SECOND // 2,
        max_target_positions=_MOST_TOKENS,
        decoder_start_token_id=tokens.number_of(tokenizer, tokens.START),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        begin_suppress_tokens=None,
        suppress_tokens=None,
        median_filter_width=7,
        dropout=0.0,
    )


def generation_config(tokenizer: WhisperTokenizer) -> GenerationConfig:
    """Chinese, transcribed, without time tokens; an empty text may come first of all."""
    number = partial(tokens.number_of, tokenizer)
    return GenerationConfig(  # type: ignore[no-untyped-call]
        decoder_start_token_id=number(tokens.START),
        bos_token_id=number(tokens.END),
        eos_token_id=number(tokens.END),
        pad_token_id=number(tokens.END),
        no_timestamps_token_id=number(tokens.NO_TIMESTAMPS),
        prev_sot_token_id=number("<|startofprev|>"),
        is_multilingual=True,
        language="zh",
        task="transcribe",
        lang_to_id={tokens.LANGUAGE: number(tokens.LANGUAGE)},
        task_to_id={
            "translate": number(tokens.TRANSLATE),
            "transcribe": number(tokens.TRANSCRIBE),
        },
        return_timestamps=False,
        begin_suppress_tokens=None,
        suppress_tokens=None,
        max_length=_MOST_TOKENS,
    )


def feature_extractor() -> WhisperFeatureExtractor:
    return WhisperFeatureExtractor(  # type: ignore[no-untyped-call]
        feature_size=80,
        sampling_rate=SAMPLE_RATE,
        hop_length=HOP,
        chunk_length=CHUNK_SECONDS,
        n_fft=512,
    )


def create() -> WhisperForConditionalGeneration:
    """A fresh model, float32, on the CPU."""
    tokenizer = tokens.build_tokenizer()
    settings = config(tokenizer)
    settings._attn_implementation = "eager"  # the one that also tells where it looks
    model = WhisperForConditionalGeneration(settings)
    model.generation_config = generation_config(tokenizer)
    return model


@torch.no_grad()
def adopt(model: WhisperForConditionalGeneration, folder: Path) -> None:
    """Copy the weights of a folder. Layers that it lacks add nothing at first: what they write is
    zero (Zhang et al. 2019), so the deeper model begins where the shallower one stood."""
    given = WhisperForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
    )
    missing, unexpected = model.load_state_dict(given.state_dict(), strict=False)
    if unexpected or any(".layers." not in name for name in missing):
        raise ValueError(f"{folder} does not fit: {missing} {unexpected}")
    parts = dict(model.named_parameters())
    for name in missing:
        if name.rsplit(".", 2)[-2] in _WRITERS:
            parts[name].zero_()


def write(model: WhisperForConditionalGeneration, folder: Path) -> None:
    """The whole folder that `AutoProcessor` and the model class load, weights in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    feature_extractor().save_pretrained(str(folder))
    tokens.save_tokenizer(folder)
    half: Any = copy.deepcopy(model)
    half.to(torch.float16).save_pretrained(str(folder))
