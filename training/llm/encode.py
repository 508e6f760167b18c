"""Conversations as token ids with the model's own words marked, in batches of like length.

A batch offers one set of tools, so their block at the head of every conversation is computed once.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer

from training.llm import corpus

IGNORE = -100
DRILLS = 0.04  # of the conversations only copy
FIRST_WORD = 263  # special tokens and bytes come before it in the vocabulary
STRIDE = 32  # widths of batches are multiples of it
LONGEST = 832  # tokens of a conversation; longer ones are left out


@dataclass(frozen=True)
class Batch:
    """`prefix` [1, P], `inputs` [B, T], `labels` [B, T] with IGNORE where nothing is learned."""

    prefix: torch.Tensor
    inputs: torch.Tensor
    labels: torch.Tensor


def head(tools: list[dict[str, Any]]) -> str:
    """What `chat_template.jinja` renders for `tools`, before the first message."""
    return (
        "<|im_start|>system\n" + "".join(_signature(t["function"]) for t in tools) + "<|im_end|>\n"
    )


def _signature(function: dict[str, Any]) -> str:
    parameters = function["parameters"]
    names = (
        name + _default(field, name in parameters.get("required", []))
        for name, field in parameters["properties"].items()
    )
    return f"{function['name']}({', '.join(names)})\n"


def _default(field: dict[str, Any], required: bool) -> str:
    if required:
        return ""
    return "?" if field.get("default") in (None, "") else f"={field['default']}"


def pieces(messages: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """The rest of the rendering as (text, learned): learned is what the model itself writes."""
    for message in messages:
        if message["role"] == "assistant":
            yield "<|im_start|>assistant\n", False
            yield _written(message) + "<|im_end|>", True
            yield "\n", False
        elif message["role"] == "tool":
            text = f"<tool_response>\n{message['content']}\n</tool_response>"
            yield f"<|im_start|>user\n{text}<|im_end|>\n", False
        else:
            yield f"<|im_start|>user\n{message['content']}<|im_end|>\n", False


def _written(message: dict[str, Any]) -> str:
    calls = [c["function"] for c in message.get("tool_calls", [])]
    blocks = [
        f'<tool_call>\n{{"name": "{c["name"]}", "arguments": '
        f"{json.dumps(c['arguments'], ensure_ascii=False)}}}\n</tool_call>"
        for c in calls
    ]
    return "\n".join([message["content"], *blocks] if message["content"] else blocks)


def encode(messages: list[dict[str, Any]], tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Ids and labels of a conversation, without the head."""
    texts, learned = zip(*pieces(messages), strict=True)
    ids: list[int] = []
    labels: list[int] = []
    for encoding, own in zip(tokenizer.encode_batch_fast(list(texts)), learned, strict=True):
        ids += encoding.ids
        labels += encoding.ids if own else [IGNORE] * len(encoding.ids)
    return ids, labels


def batches(
    seed: int, tokenizer: Tokenizer, tokens: int, *, pool: int = 320, drill: float = 0.0
) -> Iterator[Batch]:
    """Endless batches of about `tokens` tokens; pools of like tool sets, shuffled four at a time.

    `drill`: the share of batches that are nothing but random characters repeated, which makes the
    attention heads that copy; they take long to form on conversations alone.
    """
    rng = Random(seed)
    while True:
        ready = [batch for _ in range(4) for batch in _pool(rng, tokenizer, tokens, pool, DRILLS)]
        repeats = round(len(ready) * drill / (1 - drill))
        ready += [_repeats(rng, tokenizer, tokens) for _ in range(repeats)]
        rng.shuffle(ready)
        yield from ready


def _repeats(rng: Random, tokenizer: Tokenizer, tokens: int) -> Batch:
    """Rows of random tokens that begin again and again; the first time nothing is learned."""
    width = 128
    inputs = torch.zeros(tokens // width, width, dtype=torch.long)
    labels = torch.full_like(inputs, IGNORE)
    for row in range(len(inputs)):
        period = rng.randrange(6, 48)
        first = [rng.randrange(FIRST_WORD, tokenizer.get_vocab_size()) for _ in range(period)]
        inputs[row] = torch.tensor((first * width)[:width])
        labels[row, period:] = inputs[row, period:]
    prefix = torch.tensor([tokenizer.encode(head([])).ids])
    return Batch(prefix, inputs, labels)


def _pool(
    rng: Random, tokenizer: Tokenizer, tokens: int, size: int, drill: float
) -> Iterator[Batch]:
    tools = corpus.offered(rng)
    prefix = torch.tensor([tokenizer.encode(head(corpus.schemas(tools))).ids])
    seeds = (rng.getrandbits(48) for _ in range(size))
    kinds = [corpus.drill if rng.random() < drill else corpus.conversation for _ in range(size)]
    dialogs = (kind(seed, tools) for kind, seed in zip(kinds, seeds, strict=True))
    encoded = [encode(dialog.messages, tokenizer) for dialog in dialogs]
    encoded = sorted((e for e in encoded if len(e[0]) <= LONGEST), key=lambda e: -len(e[0]))
    while encoded:
        width = -(-len(encoded[0][0]) // STRIDE) * STRIDE
        rows = max(1, tokens // width)
        group = encoded[:rows]
        encoded = encoded[len(group) :]
        if len(group) > rows // 2:
            yield _batch(prefix, group, rows, width)


def _batch(
    prefix: torch.Tensor, group: list[tuple[list[int], list[int]]], rows: int, width: int
) -> Batch:
    """Pad on the right, where a causal model never looks, to one of few shapes: kernels for a new
    shape are compiled anew."""
    inputs = torch.zeros(rows, width, dtype=torch.long)
    labels = torch.full((rows, width), IGNORE)
    for row, (ids, wanted) in enumerate(group):
        inputs[row, : len(ids)] = torch.tensor(ids)
        labels[row, : len(ids)] = torch.tensor(wanted)
    return Batch(prefix, inputs, labels)
