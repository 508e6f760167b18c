from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from training.llm.corpus import ALL, TODAY, conversation, schemas
from training.llm.encode import IGNORE, batches, encode, head, pieces
from training.llm.vocabulary import build_tokenizer, save_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder: Path = tmp_path_factory.mktemp("template")
    save_tokenizer(folder)
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return loaded


def render(
    tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, Any]], tools: Any = None
) -> str:
    return str(tokenizer.apply_chat_template(messages, tools=tools, tokenize=False))


@pytest.mark.parametrize("seed", range(40))
def test_a_longer_conversation_begins_with_the_shorter(
    tokenizer: PreTrainedTokenizerBase, seed: int
) -> None:
    messages = conversation(seed, ALL).messages
    tools = schemas(ALL)
    texts = [render(tokenizer, messages[: n + 1], tools) for n in range(len(messages))]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


@pytest.mark.parametrize("seed", range(40))
def test_training_reads_what_the_template_renders(
    tokenizer: PreTrainedTokenizerBase, seed: int
) -> None:
    tools = schemas(TODAY if seed % 2 else ALL)
    messages = conversation(seed, TODAY if seed % 2 else ALL).messages
    written = head(tools) + "".join(text for text, _ in pieces(messages))
    assert written == render(tokenizer, messages, tools)


def test_tools_are_one_line_each_in_name_order(tokenizer: PreTrainedTokenizerBase) -> None:
    text = render(tokenizer, [{"role": "user", "content": "你好"}], schemas(ALL)[::-1])
    lines = text.partition("<|im_end|>")[0].splitlines()[1:]
    assert [line.partition("(")[0] for line in lines] == sorted(ALL)
    assert "search_images(query, top_k=4, filters?)" in lines


def test_the_system_text_is_left_out(tokenizer: PreTrainedTokenizerBase) -> None:
    messages = [{"role": "system", "content": "很长的说明"}, {"role": "user", "content": "你好"}]
    assert "说明" not in render(tokenizer, messages)


def test_only_what_the_model_writes_is_learned() -> None:
    messages = conversation(3, ALL).messages
    ids, labels = encode(messages, build_tokenizer())
    learned = [label for label in labels if label != IGNORE]
    own = [text for text, learned_text in pieces(messages) if learned_text]
    assert build_tokenizer().decode(learned, skip_special_tokens=False) == "".join(own)
    assert all(label in (IGNORE, token) for token, label in zip(ids, labels, strict=True))


def test_a_batch_is_the_same_for_the_same_seed() -> None:
    tokenizer = build_tokenizer()
    first, again = (next(batches(5, tokenizer, 512, pool=8)) for _ in range(2))
    assert first.inputs.equal(again.inputs)
    assert first.labels.equal(again.labels)
    assert first.inputs.shape[1] % 32 == 0


def test_other_seeds_make_other_conversations() -> None:
    texts = {str(conversation(Random(seed).getrandbits(48), ALL).messages) for seed in range(50)}
    assert len(texts) == 50
