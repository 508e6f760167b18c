"""The tokenizer: Qwen2's byte-level BPE with a small vocabulary of the world's words.

The chat template ends in *registers*: tokens after the prompt whose hidden states are trained to
hold what the prompt states (after Darcet et al. 2024), so that the transformer need not parse."""

import json
from collections.abc import Iterable
from random import Random
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer

from training.draw.prompts import MOST_THINGS, instruction, sample_prompt
from training.pictures import training_change
from training.world.phrases import TRAIN

MAX_LENGTH = 64
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
REGISTERS = ("<|setting|>", *(f"<|thing_{number}|>" for number in range(1, MOST_THINGS + 1)))
SPECIAL = (PAD, START, END, *REGISTERS)
_VOCABULARY = 5_600
_LONGEST_TOKEN = 12  # bytes: four characters, so that a token stays a word
_CHARACTER_WEIGHT = 400  # so often every common character is counted, to be a token of its own
# GB 2312's first level.
COMMON_CHARACTERS = "".join(
    bytes((row, column)).decode("gb2312", errors="ignore")
    for row in range(0xB0, 0xD8)
    for column in range(0xA1, 0xFF)
)
_TEMPLATE = (
    "{%- for message in messages -%}" + START + "{{ message.content }}" + END + "{%- endfor -%}"
    "{%- if add_generation_prompt -%}" + "".join(REGISTERS) + "{%- endif -%}"
)


def build_tokenizer(pairs: int = 12_000, characters: str | None = None) -> Any:
    """Train the merges on the words for `pairs` pairs; the same every time. `characters`, the
    3,755 commonest unless they are given, become tokens of their own."""
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=_LONGEST_TOKEN,
        show_progress=False,
    )
    plain = Qwen2Tokenizer()
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.NFC()
    learner.pre_tokenizer = plain.backend_tokenizer.pre_tokenizer
    learner.train_from_iterator(_texts(pairs, characters or COMMON_CHARACTERS), trainer)
    vocabulary, merges = _vocabulary(learner)
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary,
        merges=merges,  # type: ignore[arg-type]  # pairs, as `tokenizers` gives and takes them
        pad_token=PAD,
        eos_token=END,
        unk_token=PAD,
        additional_special_tokens=[AddedToken(t, special=True) for t in (START, *REGISTERS)],
        model_max_length=MAX_LENGTH,
        truncation_side="left",  # a prompt that is too long loses words, never its registers
        padding_side="right",
    )
    tokenizer.chat_template = _TEMPLATE
    return tokenizer


def _texts(pairs: int, characters: str) -> Iterable[str]:
    rng = Random("tokenizer")
    for pair in range(pairs):
        scene, change = training_change(pair)
        yield sample_prompt(scene, rng, TRAIN).text
        yield instruction(change, rng, TRAIN).text
    for character in characters:
        yield f"{character}\n" * _CHARACTER_WEIGHT


def _vocabulary(learner: Tokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    model = json.loads(learner.to_str())["model"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    return model["vocab"], merges
