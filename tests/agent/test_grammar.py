"""What decoding may produce: whole calls of offered tools, or plain words."""

import json
import random
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from agent.grammar import Hermes, constrain
from agent.parsing import CallArguments, CallStart, HermesParser
from models.decoding.grammar import GrammarMask, GrammarMasks
from models.errors import InvalidRequest
from tests.agent.conftest import look, paint
from tools.contract import Tool
from tools.registry import schema

TOOLS: dict[str, Tool] = {"paint": paint, "look": look}
SCHEMAS = [schema(tool) for tool in TOOLS.values()]
BEGIN = '<tool_call>\n{"name": "'


class Writer:
    """Writes under a grammar: what is asked for while it is allowed, else anything that is."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        handles: list[str],
        *,
        must: bool = False,
        mute: bool = False,
    ) -> None:
        form = Hermes()
        tag = form.words_only() if mute else form.structural_tag(SCHEMAS, handles, must=must)
        assert tag is not None
        self.tokenizer = tokenizer
        self.mask: GrammarMask = GrammarMasks(tokenizer, 288, [tokenizer.eos_token_id]).mask(tag)
        self.ids: list[int] = []

    def allowed(self) -> list[int]:
        logits = torch.zeros(288)
        self.mask.apply(logits)
        return torch.isfinite(logits).nonzero().flatten().tolist()

    def write(self, text: str) -> str:
        """As much of `text` as the grammar allows."""
        taken = 0
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        for token in ids:
            if token not in self.allowed():
                break
            self.mask.accept(token)
            self.ids.append(token)
            taken += 1
        return str(self.tokenizer.decode(ids[:taken]))

    def wander(self, seed: int, end: str = "</tool_call>") -> str:
        """Random allowed tokens, with a liking for short strings, until `end` stands there."""
        draw = random.Random(seed)
        likely = self.tokenizer('"}', add_special_tokens=False)["input_ids"]
        while not (text := str(self.tokenizer.decode(self.ids))).endswith(end):
            allowed = self.allowed()
            wanted = [token for token in likely if token in allowed and draw.random() < 0.3]
            token = wanted[0] if wanted else draw.choice(allowed)
            self.mask.accept(token)
            self.ids.append(token)
        return text


def read_call(text: str) -> tuple[str, Any]:
    pieces = HermesParser().feed(text)
    (name,) = [p.name for p in pieces if isinstance(p, CallStart)]
    return name, json.loads("".join(p.delta for p in pieces if isinstance(p, CallArguments)))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_decoded_a_call_is_valid(tokenizer: PreTrainedTokenizerFast, seed: int) -> None:
    writer = Writer(tokenizer, ["img-1", "img-7"])
    assert writer.write(BEGIN) == BEGIN
    name, arguments = read_call(writer.wander(seed))
    if name == "look":
        assert arguments["image"] in ("img-1", "img-7")
        TOOLS[name].parse(arguments)
    elif arguments["colour"].strip():  # the grammar leaves lengths to the validation
        TOOLS[name].parse(arguments)


def test_only_offered_tools_can_be_named(tokenizer: PreTrainedTokenizerFast) -> None:
    assert Writer(tokenizer, []).write(BEGIN + 'paint"').endswith('paint"')
    assert Writer(tokenizer, []).write(BEGIN + 'search"') == BEGIN


def test_only_existing_handles_can_be_named(tokenizer: PreTrainedTokenizerFast) -> None:
    call = BEGIN + 'look", "arguments": {"image": "img-'
    assert Writer(tokenizer, ["img-12", "aud-3"]).write(call + '3"').endswith("img-")
    assert Writer(tokenizer, ["img-12"]).write(call + '12"}').endswith('12"}')


def test_without_pictures_the_field_is_free_and_the_tool_answers(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    call = BEGIN + 'look", "arguments": {"image": "img-1"}}\n</tool_call>'
    assert Writer(tokenizer, ["aud-1"]).write(call) == call


def test_a_reply_that_must_call_is_no_words(tokenizer: PreTrainedTokenizerFast) -> None:
    assert Writer(tokenizer, []).write("好的") == "好的"
    assert Writer(tokenizer, [], must=True).write("好的") == ""
    name, _ = read_call(Writer(tokenizer, ["img-1"], must=True).wander(0))
    assert name in TOOLS


def test_a_reply_that_must_not_call_is_words_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    written = Writer(tokenizer, ["img-1"], mute=True).write("好的 <b>" + BEGIN)
    assert written.startswith("好的 <b>")
    assert "<tool_call>" not in written


def test_plain_words_may_be_anything_but_stray_markup(tokenizer: PreTrainedTokenizerFast) -> None:
    words = "你好，1 < 2，{花括号}"
    writer = Writer(tokenizer, [])
    assert writer.write(words) == words
    assert writer.write("</tool_call>") != "</tool_call>"
    assert writer.write("<tool_response>") != "<tool_response>"


def test_special_tokens_cannot_be_decoded_as_words(tokenizer: PreTrainedTokenizerFast) -> None:
    allowed = Writer(tokenizer, []).allowed()
    assert tokenizer.convert_tokens_to_ids("<|im_start|>") not in allowed
    assert tokenizer.eos_token_id in allowed


def test_a_turn_cannot_end_within_a_call(tokenizer: PreTrainedTokenizerFast) -> None:
    writer = Writer(tokenizer, [])
    for part in (BEGIN, 'paint", "arguments": {"colour": "红', '"}', "}"):
        assert writer.write(part) == part
        assert tokenizer.eos_token_id not in writer.allowed()
    assert writer.write("\n</tool_call>") == "\n</tool_call>"
    assert tokenizer.eos_token_id in writer.allowed()


def test_two_calls_may_follow_each_other(tokenizer: PreTrainedTokenizerFast) -> None:
    call = BEGIN + 'paint", "arguments": {"colour": "红"}}\n</tool_call>'
    assert Writer(tokenizer, []).write(f"好。{call}\n{call}") == f"好。{call}\n{call}"


def test_without_tools_there_is_no_grammar() -> None:
    assert Hermes().structural_tag([], ["img-1"]) is None


def test_the_schema_of_the_prompt_stays_as_it_is() -> None:
    before = json.dumps(SCHEMAS)
    constrain(SCHEMAS[1]["function"]["parameters"], ["img-1"])
    assert json.dumps(SCHEMAS) == before


def test_a_tag_that_is_none_is_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(InvalidRequest):
        GrammarMasks(tokenizer, 288, [2]).mask('{"type": "structural_tag"}')
