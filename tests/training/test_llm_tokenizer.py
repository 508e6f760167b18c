from pathlib import Path

import pytest
import xgrammar
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tools.registry import schemas
from training.llm.vocabulary import (
    build_tokenizer,
    gb2312_characters,
    save_tokenizer,
    vocabulary,
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return tokenizer


@given(st.text())
def test_any_text_comes_back_exactly(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


@given(st.text(alphabet='{}": ,img-<|_end>0x拱桥\n\\', max_size=60))
def test_text_that_looks_like_markup_comes_back_exactly(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_a_chinese_character_is_one_token(tokenizer: Tokenizer) -> None:
    characters = gb2312_characters()
    assert len(characters) == 6763
    assert all(len(tokenizer.encode(character).ids) == 1 for character in characters)


def test_names_of_tools_and_arguments_are_one_token(tokenizer: Tokenizer) -> None:
    for name, schema in schemas().items():
        for word in (name, *schema["function"]["parameters"]["properties"]):
            assert len(tokenizer.encode(word).ids) == 1, word


def test_digits_stay_single(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("img-120").tokens == ["img-", "1", "2", "0"]


def test_a_character_outside_the_vocabulary_falls_to_its_bytes(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("𠮷").tokens == ["<0xF0>", "<0xA0>", "<0xAE>", "<0xB7>"]


def test_transformers_loads_the_same_tokenizer(loaded: PreTrainedTokenizerBase) -> None:
    text = '<|im_start|>user\n[img-1]海边 sunset<|im_end|>\n{"name": "speak"}'
    assert loaded(text)["input_ids"] == build_tokenizer().encode(text).ids
    assert loaded.eos_token == "<|im_end|>"


def test_a_call_under_the_grammar_is_spelled_with_our_tokens(
    loaded: PreTrainedTokenizerBase,
) -> None:
    info = xgrammar.TokenizerInfo.from_huggingface(loaded, vocab_size=len(loaded))
    compiled = xgrammar.GrammarCompiler(info).compile_json_schema(
        '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}'
    )
    matcher = xgrammar.GrammarMatcher(compiled)
    for token in loaded('{"query": "拱桥𠮷"}')["input_ids"]:
        assert matcher.accept_token(token)
    assert matcher.accept_token(vocabulary()["<|im_end|>"])
