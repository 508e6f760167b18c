"""Generation on a random Qwen3 of the real class, with caches that grow and by the pass that a card
records: here it runs without being recorded."""

import gc
import json
import re
import threading
import weakref
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from models.decoding.decode_graph import DecodeGraph
from models.errors import InvalidRequest
from models.roles.llm import LanguageModel, Sampling
from tests.fixtures import tiny
from tests.models.conftest import CPU, entry

GREEDY = Sampling(max_new_tokens=24)
SHORT = Sampling(max_new_tokens=10)
DRAWN = Sampling(max_new_tokens=24, temperature=1.0, seed=7)
CALL = json.dumps(
    {
        "type": "structural_tag",
        "format": {
            "type": "tag",
            "begin": '<tool_call>\n{"name": "search_images", "arguments": ',
            "content": {
                "type": "json_schema",
                "json_schema": {
                    "type": "object",
                    "properties": {
                        "query": {"type": "string", "pattern": "^[一-龥a-z]{1,8}$"},
                        "top_k": {"type": "integer", "minimum": 1, "maximum": 9},
                    },
                    "required": ["query", "top_k"],
                    "additionalProperties": False,
                },
                "max_whitespace_cnt": 1,
            },
            "end": "}\n</tool_call>",
        },
    }
)


def plain_generate(llm: LanguageModel, prompt: list[int], count: int) -> list[int]:
    """transformers' own greedy decoding."""
    model = llm._model
    assert model is not None
    ids = torch.tensor([prompt])
    out = model.generate(ids, do_sample=False, max_new_tokens=count, pad_token_id=0)
    tokens = out[0, len(prompt) :].tolist()
    return [token for token in tokens if token not in llm.eos_token_ids]


def fresh(llm: LanguageModel) -> None:
    llm._seats.clear()


@pytest.mark.parametrize("length", [1, 5, 40, 300])
def test_greedy_tokens_are_those_of_plain_generate(llm: LanguageModel, length: int) -> None:
    prompt = [7 + (i * i) % 250 for i in range(length)]
    assert list(llm.generate(prompt, GREEDY)) == plain_generate(llm, prompt, 24)


def test_a_long_prompt_in_small_pieces_gives_the_same_tokens(llm: LanguageModel) -> None:
    prompt = [7 + (i * 31) % 250 for i in range(200)]
    llm._piece = 1000
    whole = list(llm.generate(prompt, GREEDY))
    fresh(llm)
    llm._piece = 3
    assert list(llm.generate(prompt, GREEDY)) == whole


@settings(max_examples=10, deadline=None, phases=[Phase.generate])  # shrinking takes minutes
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(17, 90), min_size=1, max_size=3))
def test_reuse_of_a_prefix_never_changes_the_tokens(seed: int, cuts: list[int]) -> None:
    random = Random(seed)
    base = [random.randrange(7, 260) for _ in range(90)]
    tails = [[random.randrange(7, 260) for _ in range(random.randrange(1, 30))] for _ in cuts]
    prompts = [base, *(base[:cut] + tail for cut, tail in zip(cuts, tails, strict=True))]
    llm = SHARED["llm"]
    fresh(llm)
    reused = []
    for prompt in prompts:
        answer = list(llm.generate(prompt, SHORT))
        assert llm.last is not None
        reused.append((answer, llm.last.reused_tokens))
    assert all(count >= 17 for _, count in reused[1:])
    for prompt, (answer, _) in zip(prompts, reused, strict=True):
        fresh(llm)
        assert list(llm.generate(prompt, SHORT)) == answer


SHARED: dict[str, LanguageModel] = {}


@pytest.fixture(autouse=True, params=["growing", "recorded"])
def _decoding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "recorded":
        monkeypatch.setattr(DecodeGraph, "devices", frozenset({"cpu"}))


@pytest.fixture(autouse=True)
def _share(llm: LanguageModel) -> None:
    SHARED["llm"] = llm


def test_the_next_step_of_a_conversation_reuses_what_was_said(llm: LanguageModel) -> None:
    prompt = list(range(10, 110))
    answer = list(llm.generate(prompt, Sampling(max_new_tokens=10, temperature=1.0, seed=1)))
    follow = [*prompt, *answer, 2, 3, 4]
    list(llm.generate(follow, GREEDY))
    assert llm.last is not None
    assert llm.last.reused_tokens >= len(prompt) + len(answer) - 1


def test_two_conversations_with_one_beginning_keep_a_cache_each(llm: LanguageModel) -> None:
    beginning = list(range(10, 60))
    first = beginning + [70 + i % 100 for i in range(400)]
    second = beginning + [90 + i % 100 for i in range(400)]
    for prompt, least in ((first, 0), (second, 50), (first, 449), (second, 449)):
        list(llm.generate(prompt, Sampling(max_new_tokens=1)))
        assert llm.last is not None
        assert llm.last.reused_tokens >= least


@settings(max_examples=10, deadline=None, phases=[Phase.generate])  # shrinking takes minutes
@given(st.lists(st.tuples(st.integers(1, 1400), st.integers(0, 3)), min_size=1, max_size=8))
def test_caches_stay_within_the_bytes_that_the_lease_counts(calls: list[tuple[int, int]]) -> None:
    llm = SHARED["llm"]
    fresh(llm)
    limit = llm._seats.kept._limit
    for length, kind in calls:
        prompt = [7 + (i * (kind + 1)) % 250 for i in range(length)]
        held = llm._seats.kept.take(prompt, length + 8)
        for token in prompt[len(held.tokens) :]:
            held.tokens.append(token)
        grown = max(held.capacity, -(-(length + 8) // 256) * 256)
        assert llm._seats.kept.tokens + grown <= limit
        held.tokens.clear()  # nothing was computed
        llm._seats.kept.keep(held)
        next(iter(llm.generate(prompt, Sampling(max_new_tokens=1))), None)
        assert llm._seats.kept.tokens <= limit


def test_sampling_is_repeatable_by_seed_and_free_without(llm: LanguageModel) -> None:
    prompt = [9, 8, 7, 11]
    first = list(llm.generate(prompt, DRAWN))
    assert list(llm.generate(prompt, DRAWN)) == first
    free = Sampling(max_new_tokens=24, temperature=1.0)
    assert len({tuple(llm.generate(prompt, free)) for _ in range(5)}) > 1


def test_top_k_one_and_tiny_top_p_are_greedy(llm: LanguageModel) -> None:
    prompt = [9, 8, 7, 11]
    greedy = list(llm.generate(prompt, GREEDY))
    for narrow in ({"top_k": 1}, {"top_p": 1e-6}):
        sampling = Sampling(max_new_tokens=24, temperature=1.0, **narrow)
        assert list(llm.generate(prompt, sampling)) == greedy


def test_a_repetition_penalty_makes_tokens_come_back_less(llm: LanguageModel) -> None:
    prompt = [9, 8, 7, 11]
    tokens = list(llm.generate(prompt, Sampling(max_new_tokens=60, repetition_penalty=10.0)))
    assert len(set(tokens)) == len(tokens)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_k": -1}, {"max_new_tokens": 0}]
)
def test_sampling_out_of_bounds_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        Sampling(**wrong)


def test_cancel_stops_before_the_next_token(llm: LanguageModel) -> None:
    cancel = threading.Event()
    long = Sampling(max_new_tokens=500, temperature=2.0, seed=2)  # no end among its first tokens
    tokens = llm.generate([9, 8, 7], long, cancel=cancel)
    next(tokens)
    next(tokens)
    cancel.set()
    assert list(tokens) == []
    assert llm.last is not None
    assert (llm.last.stop, llm.last.new_tokens) == ("cancelled", 2)


def test_cancel_stops_within_a_long_prefill(
    llm: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel, passes = threading.Event(), []
    forward = llm._forward

    def counted(held: object, tokens: list[int]) -> torch.Tensor:
        passes.append(len(tokens))
        if len(passes) == 2:
            cancel.set()
        return forward(held, tokens)  # type: ignore[arg-type]

    monkeypatch.setattr(llm, "_forward", counted)
    assert list(llm.generate(list(range(7, 250)) * 6, GREEDY, cancel=cancel)) == []
    assert len(passes) == 2
    monkeypatch.undo()
    assert list(llm.generate(list(range(7, 250)) * 6, GREEDY))  # and what was kept is sound
    assert llm.last is not None
    assert llm.last.reused_tokens == sum(passes)


def test_a_full_context_is_refused_and_a_nearly_full_one_is_cut(llm: LanguageModel) -> None:
    with pytest.raises(InvalidRequest, match="2048"):
        next(iter(llm.generate([9] * 2048, GREEDY)))
    with pytest.raises(InvalidRequest):
        next(iter(llm.generate([], GREEDY)))
    out = list(llm.generate([9] * 2046, Sampling(max_new_tokens=50, temperature=1.0, seed=2)))
    assert len(out) <= 2
    assert llm.last is not None
    assert llm.last.stop in {"length", "end"}


@pytest.mark.parametrize("seed", range(12))
def test_under_a_grammar_random_weights_can_only_make_well_formed_calls(
    llm: LanguageModel, seed: int
) -> None:
    prompt = llm.render([{"role": "user", "content": "找桥"}], [])
    sampling = Sampling(max_new_tokens=400, temperature=1.5, seed=seed)
    text = llm.tokenizer.decode(list(llm.generate(prompt, sampling, grammar=CALL)))
    assert llm.last is not None
    assert llm.last.stop == "end"
    found = re.fullmatch(r"<tool_call>\n(.*)\n</tool_call>", str(text), re.DOTALL)
    assert found, text
    call = json.loads(found[1])
    assert call["name"] == "search_images"
    assert set(call["arguments"]) == {"query", "top_k"}
    assert 1 <= call["arguments"]["top_k"] <= 9
    assert 1 <= len(call["arguments"]["query"]) <= 8


def test_logits_past_the_tokenizer_are_masked_too(llm: LanguageModel) -> None:
    mask = llm._masks.mask(CALL)
    logits = torch.zeros(llm.vocabulary_size)
    mask.apply(logits)
    allowed = {int(token) for token in logits.isfinite().nonzero()}
    assert max(allowed) < len(llm.tokenizer)
    assert {llm.tokenizer.decode([token])[0] for token in allowed} == {"<"}


def test_a_wrong_grammar_is_refused_and_the_model_goes_on(llm: LanguageModel) -> None:
    with pytest.raises(InvalidRequest, match="grammar"):
        list(llm.generate([9, 8], GREEDY, grammar='{"type": "nonsense"}'))
    assert list(llm.generate([9, 8], GREEDY))


def test_render_is_the_checkpoints_own_template_with_its_tools(llm: LanguageModel) -> None:
    tools = [{"type": "function", "function": {"name": "speak", "parameters": {}}}]
    tokens = llm.render([{"role": "user", "content": "念出来"}], tools)
    text = llm.tokenizer.decode(tokens)
    assert "speak" in text
    assert text.endswith("<|im_start|>user\n念出来<|im_end|>\n<|im_start|>assistant\n")
    assert tokens.count(llm.tokenizer.convert_tokens_to_ids("<|im_start|>")) == 3


@pytest.mark.parametrize("layers", [["sliding_attention", "full_attention"]])
def test_models_that_forget_are_never_reused_and_still_right(
    tmp_path: Path, layers: list[str]
) -> None:
    tiny.write_llm(
        tmp_path,
        layer_types=layers,
        sliding_window=16,
        use_sliding_window=True,
        max_window_layers=0,
    )
    llm = LanguageModel.load(tmp_path, entry("x", "llm", "models.roles.llm:LanguageModel"), CPU)
    prompt = [7 + (i * i) % 250 for i in range(90)]
    for _ in range(2):
        assert list(llm.generate(prompt, GREEDY)) == plain_generate(llm, prompt, 24)
        assert llm.last is not None
        assert llm.last.reused_tokens == 0


def test_an_error_in_the_middle_of_a_pass_leaves_no_half_written_cache(
    llm: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = list(range(10, 90))
    expected = list(llm.generate(prompt, GREEDY))
    assert llm._model is not None
    last_layer = llm._model.model.layers[-1]

    def fail(*_: object, **__: object) -> None:
        raise ValueError("a fault in the last layer")

    monkeypatch.setattr(last_layer.mlp, "forward", fail)
    with pytest.raises(ValueError, match="fault"):
        list(llm.generate(prompt, GREEDY))
    monkeypatch.undo()
    assert list(llm.generate(prompt, GREEDY)) == expected


def test_the_figures_of_a_call_add_up(llm: LanguageModel) -> None:
    out = list(llm.generate([9, 8, 7], GREEDY))
    assert llm.last is not None
    assert (llm.last.prompt_tokens, llm.last.new_tokens) == (3, len(out))
    assert llm.last.seconds_to_first is not None
    assert 0 < llm.last.seconds_to_first <= llm.last.seconds


def test_a_release_frees_weights_and_caches_at_once(llm: LanguageModel) -> None:
    list(llm.generate([9, 8, 7], GREEDY))
    assert llm._model is not None
    weights = [weakref.ref(parameter) for parameter in llm._model.parameters()]
    gc.disable()
    try:
        llm.release()
        assert not any(weight() is not None for weight in weights)
    finally:
        gc.enable()
    assert llm._seats.kept.tokens == 0
    with pytest.raises(RuntimeError, match="released"):
        list(llm.generate([9, 8, 7], GREEDY))
