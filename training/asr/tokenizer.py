"""Whisper's own tokenizer class over characters: byte-level BPE whose merges spell one character.

A character of GB/T 2312 is one token; anything else falls back to its UTF-8 bytes, so that every
text can be written, and the vocabulary never changes with what is trained on. Special tokens stand
in Whisper's order after the text tokens.
"""

from pathlib import Path

from tokenizers import pre_tokenizers
from transformers import WhisperTokenizer

from training.llm.vocabulary import gb2312_characters

END, START, LANGUAGE = "<|endoftext|>", "<|startoftranscript|>", "<|zh|>"
TRANSLATE, TRANSCRIBE = "<|translate|>", "<|transcribe|>"
NO_SPEECH, NO_TIMESTAMPS = "<|nospeech|>", "<|notimestamps|>"
_SPECIAL = [
    START, LANGUAGE, TRANSLATE, TRANSCRIBE, "<|startofprev|>", NO_SPEECH, NO_TIMESTAMPS,
]  # fmt: skip
PREFIX = (START, LANGUAGE, TRANSCRIBE, NO_TIMESTAMPS)


def build_tokenizer() -> WhisperTokenizer:
    """The 6,763 characters of GB/T 2312 and ，, one token each."""
    vocabulary = {letter: n for n, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges: list[tuple[str, str]] = []
    for character in (*gb2312_characters(), "，"):
        first, second, third = tuple(_byte_letters(character))
        for pair in ((first, second), (first + second, third)):
            if "".join(pair) not in vocabulary:
                vocabulary["".join(pair)] = len(vocabulary)
                merges.append(pair)
    vocabulary |= {token: len(vocabulary) + n for n, token in enumerate((END, *_SPECIAL))}
    tokenizer = WhisperTokenizer(vocab=vocabulary, merges=merges, language="zh", task="transcribe")
    tokenizer.add_special_tokens({"additional_special_tokens": _SPECIAL})
    return tokenizer


def number_of(tokenizer: WhisperTokenizer, token: str) -> int:
    number = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(number, int)
    return number


def save_tokenizer(folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`."""
    build_tokenizer().save_pretrained(str(folder))


def _byte_letters(character: str) -> str:
    """The three UTF-8 bytes in the letters that byte-level BPE writes bytes with."""
    [(letters, _)] = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(character)
    return letters
