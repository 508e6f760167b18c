"""The text tower's tokenizer: one token a character, stored as a Hugging Face `tokenizer.json`."""

import string
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from training.world.kinds import KINDS
from training.world.phrases import HELD_OUT, TRAIN
from training.world.signs import SIGN_TEXTS

PAD, UNK, EOS = "[PAD]", "[UNK]", "[EOS]"
PAD_ID, UNK_ID, EOS_ID = 0, 1, 2
CONTEXT_LENGTH = 80
# Rows and columns of GB 2312's first level: the 3,755 commonest characters.
_GB2312_ROWS, _GB2312_COLUMNS = range(0xB0, 0xD8), range(0xA1, 0xFF)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Characters of the world's phrases and the 3,755 commonest of GB 2312; the rest is unknown."""
    tokenizer = Tokenizer(models.WordLevel(_vocabulary(), unk_token=UNK))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[\s\p{P}]+"), ","),  # any pause is the same pause
            normalizers.Replace(Regex(r"^,|,$"), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {EOS}", special_tokens=[(EOS, EOS_ID)]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNK,
        eos_token=EOS,
        model_max_length=CONTEXT_LENGTH,
    )


def save_tokenizer(folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`."""
    build_tokenizer().save_pretrained(str(folder))


def _vocabulary() -> dict[str, int]:
    known = set(_common_characters()) | set(string.digits + string.ascii_lowercase + ",")
    known.update(*_strings([astuple(kind) for kind in KINDS]), *SIGN_TEXTS)
    known.update(*_strings([vars(TRAIN), vars(HELD_OUT)]))
    known -= set(string.whitespace)
    tokens = [PAD, UNK, EOS, *sorted(known)]
    return {token: number for number, token in enumerate(tokens)}


def _common_characters() -> Iterable[str]:
    for row in _GB2312_ROWS:
        for column in _GB2312_COLUMNS:
            character = bytes((row, column)).decode("gb2312", errors="ignore")
            if character:
                yield character


def _strings(value: object) -> list[str]:
    """Every string inside nested sequences and mappings."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _strings(list(value.values()))
    if isinstance(value, list | tuple):
        return [text for item in value for text in _strings(item)]
    return []
