"""The pass of one token that a card records, run here without being recorded."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen3Config,
)
from transformers.models.qwen3 import Qwen3ForCausalLM

from models.decoding.decode_graph import SLOT_TOKENS, DecodeGraph, one_token_attention
from models.decoding.kv_cache import Held, new_cache
from models.decoding.seats import Seats
from models.roles.llm import LanguageModel, Sampling
from tests.fixtures import tiny
from tests.models.conftest import CPU, entry

GREEDY = Sampling(max_new_tokens=12)
SIZES: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.5,
}
TEXT = Random(0).choices(range(7, 260), k=3000)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecodeGraph, "devices", frozenset({"cpu"}))


@pytest.fixture
def llm(tmp_path: Path) -> LanguageModel:
    folder = tiny.write_llm(tmp_path / "llm", max_position_embeddings=4096)
    checkpoint = entry("llm", "llm", "models.roles.llm:LanguageModel")
    defaults = {"context_tokens": 4096, "cached_tokens": 8192}
    return LanguageModel.load(folder, checkpoint.model_copy(update={"defaults": defaults}), CPU)


def grown(llm: LanguageModel, prompt: list[int]) -> list[int]:
    """The tokens by caches that grow."""
    assert llm._seats._recorder is not None
    recorder, llm._seats._recorder = llm._seats._recorder, None
    llm._seats.clear()
    tokens = list(llm.generate(prompt, GREEDY))
    llm._seats.clear()
    llm._seats._recorder = recorder
    return tokens


@pytest.mark.parametrize("kind", [Qwen3ForCausalLM, LlamaForCausalLM])
@torch.inference_mode()
def test_logits_are_those_of_a_cache_that_grows(kind: type[PreTrainedModel]) -> None:
    torch.manual_seed(0)
    config = {Qwen3ForCausalLM: Qwen3Config, LlamaForCausalLM: LlamaConfig}[kind](**SIZES)
    model = kind(config).eval()
    assert DecodeGraph.suits(model)
    graph, held = DecodeGraph(model, 600), Held([], new_cache(config))
    known = TEXT[:250]
    model(torch.tensor([known]), past_key_values=held.cache, use_cache=True)
    held.tokens = list(known)
    graph.seat(held, 300)
    for token in TEXT[250:270]:
        ours = graph.step(held, token)
        whole = model(torch.tensor([held.tokens]), use_cache=False).logits[0, -1]
        torch.testing.assert_close(ours, whole, rtol=1e-4, atol=1e-4)
    graph.settle(held)
    assert held.cache.get_seq_length() == 270


def test_attention_of_one_token_is_that_of_torch() -> None:
    torch.manual_seed(0)
    query = torch.randn(1, 6, 1, 8)
    key, value = torch.randn(2, 1, 2, 512, 8)
    shown = (torch.arange(512) <= 300)[None, None, None]
    ours, _ = one_token_attention(torch.nn.Module(), query, key, value, shown)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=shown, enable_gqa=True
    )
    torch.testing.assert_close(ours, theirs.transpose(1, 2))


def test_conversations_that_take_turns_and_grow_out_of_the_slot_say_the_same(
    llm: LanguageModel,
) -> None:
    first, second = TEXT[:400], TEXT[1000:1100]
    expected = [grown(llm, first), grown(llm, second)]
    assert [list(llm.generate(p, GREEDY)) for p in (first, second)] == expected
    follow = [*first, *expected[0], *TEXT[400:1500]]
    long = grown(llm, follow)
    list(llm.generate(first, GREEDY))
    assert list(llm.generate(follow, GREEDY)) == long
    assert llm.last is not None
    assert llm.last.reused_tokens >= len(first)
    assert list(llm.generate(second, GREEDY)) == expected[1]
    assert llm.last.reused_tokens == 0
    assert list(llm.generate(second, GREEDY)) == expected[1]
    assert llm.last.reused_tokens == len(second) - 1


def test_two_answers_at_once_do_not_disturb_each_other(llm: LanguageModel) -> None:
    first, second = TEXT[:60], TEXT[1000:1090]
    expected = grown(llm, first), grown(llm, second)

    def both() -> Iterator[tuple[int, int]]:
        yield from zip(llm.generate(first, GREEDY), llm.generate(second, GREEDY), strict=False)

    together = list(both())
    assert [token for token, _ in together] == expected[0][: len(together)]
    assert [token for _, token in together] == expected[1][: len(together)]


def test_what_is_parked_comes_back_into_a_slot(llm: LanguageModel) -> None:
    prompt = TEXT[:80]
    expected = grown(llm, prompt)
    assert list(llm.generate(prompt, GREEDY)) == expected
    llm.park()
    assert llm._seats._recorder is not None
    assert llm._seats._recorder._slot is None
    assert list(llm.generate(prompt, GREEDY)) == expected
    assert llm.last is not None
    assert llm.last.reused_tokens == len(prompt) - 1
    assert llm._seats.kept.tokens == SLOT_TOKENS


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operation not permitted when stream is capturing"),
        TypeError("got an unexpected keyword argument 'position_ids'"),
    ],
)
def test_a_model_whose_pass_cannot_be_recorded_goes_on_without(
    llm: LanguageModel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    prompt = TEXT[:80]
    expected = grown(llm, prompt)

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("models.decoding.decode_graph._Slot._pass", refuse)
    assert list(llm.generate(prompt, GREEDY)) == expected
    assert list(llm.generate(prompt, GREEDY)) == expected
    assert caplog.text.count("without a CUDA graph") == 1


def test_losing_the_slot_in_mid_answer_loses_no_token(llm: LanguageModel) -> None:
    expected = grown(llm, TEXT[:80])
    tokens = llm.generate(TEXT[:80], GREEDY)
    begun = [next(tokens) for _ in range(4)]
    llm._seats.clear()
    assert [*begun, *tokens] == expected


def test_out_of_memory_leaves_no_buffers(
    llm: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("models.decoding.decode_graph._Slot._pass", full)
        with pytest.raises(torch.OutOfMemoryError):
            list(llm.generate(TEXT[:80], GREEDY))
    assert llm._seats._recorder is not None
    assert llm._seats._recorder._slot is None
    assert llm._seats.kept.tokens == 0
    assert list(llm.generate(TEXT[:80], GREEDY)) == grown(llm, TEXT[:80])


def test_a_sliding_window_is_not_recorded() -> None:
    config = Qwen3Config(**SIZES, use_sliding_window=True, sliding_window=16, max_window_layers=0)
    model = Qwen3ForCausalLM(config)
    assert DecodeGraph.suits(model)
    assert Seats(model, limit_tokens=512, recorded_tokens=512)._recorder is None


def test_attention_of_another_kind_is_not_stood_in_for() -> None:
    query, key, value = torch.randn(3, 1, 2, 8, 4)
    shown = torch.ones(1, 1, 1, 8, dtype=torch.bool)
    with pytest.raises(ValueError, match="softcap"):
        one_token_attention(torch.nn.Module(), query, key, value, shown, softcap=50.0)
