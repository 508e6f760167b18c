"""Decoding speed of the LLM role against transformers' own `generate`, in one run.

    python -m benchmarks.decode [--checkpoint FOLDER] [--json FILE]

Without a folder: a Qwen3 of the starter's size with random weights. Both decode greedily from the
same prompt in the same number format on one thread. Counted are seconds of processor time, which
load from outside does not change much, and the best of three rounds taken in turn. The second step
of a conversation (the prompt, its answer and some new tokens) shows what the kept keys and values
save.
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from models.catalog import Checkpoint
from models.roles.llm import LanguageModel, Sampling
from training.llm.vocabulary import save_tokenizer, vocabulary

PROMPT_TOKENS, NEW_TOKENS, FOLLOW_TOKENS, ROUNDS = 1000, 64, 64, 3
Figures = dict[str, float]


def write_starter_sized(folder: Path) -> Path:
    """A random Qwen3 of about 8 million parameters with the starter's tokenizer."""
    save_tokenizer(folder)
    config = Qwen3Config(
        vocab_size=-(-len(vocabulary()) // 64) * 64,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder


def load(folder: Path, dtype: str) -> LanguageModel:
    checkpoint = Checkpoint.model_validate(
        {
            "name": "measured",
            "role": "llm",
            "loader": "models.roles.llm:LanguageModel",
            "licence": "unstated",
            "languages": ["zh"],
            "dtype": dtype,
        }
    )
    return LanguageModel.load(folder, checkpoint, torch.device("cpu"))


def seconds_of(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def figures(first: float, total: float) -> Figures:
    return {"first_token_s": first, "decode_tok_s": NEW_TOKENS / (total - first)}


def measure_peer(llm: LanguageModel, prompt: list[int]) -> Figures:
    """transformers: `generate` of one token, then of one and NEW_TOKENS more."""
    model: Any = llm._model
    ids = torch.tensor([prompt])

    def run(count: int) -> float:
        limits = {"max_new_tokens": count, "min_new_tokens": count}
        return seconds_of(lambda: model.generate(ids, do_sample=False, pad_token_id=0, **limits))

    return figures(run(1), run(1 + NEW_TOKENS))


def measure_ours(llm: LanguageModel, prompt: list[int]) -> Figures:
    """The role: the same, each with empty caches, then a second step with what was kept."""
    tokens: list[int] = []

    def run(count: int, continued: list[int] | None = None) -> float:
        if continued is None:
            llm._seats.clear()
        sampling = Sampling(max_new_tokens=count)
        return seconds_of(lambda: tokens.extend(llm.generate(continued or prompt, sampling)))

    report = figures(run(1), run(1 + NEW_TOKENS))
    follow = [*prompt, *tokens[1:], *prompt[:FOLLOW_TOKENS]]
    return {**report, "second_step_first_token_s": run(1, follow)}


def best(rounds: list[Figures]) -> Figures:
    """The least seconds and the most tokens per second."""
    return {
        name: (min if name.endswith("_token_s") else max)(one[name] for one in rounds)
        for name in rounds[0]
    }


def measure(folder: Path) -> Figures:
    report: Figures = {}
    for dtype in ("float32", "bfloat16"):
        llm = load(folder, dtype)
        llm.eos_token_ids = frozenset()  # random weights are not to stop early
        random = Random(0)
        prompt = [random.randrange(10, llm.vocabulary_size) for _ in range(PROMPT_TOKENS)]
        rounds = [(measure_peer(llm, prompt), measure_ours(llm, prompt)) for _ in range(ROUNDS)]
        for who, measured in zip(("generate", "duomo"), zip(*rounds, strict=True), strict=True):
            named = best(list(measured)).items()
            report |= {f"{dtype}_{who}_{name}": value for name, value in named}
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        report = measure(arguments.checkpoint or write_starter_sized(Path(temporary)))
    print(f"torch {version('torch')}, transformers {version('transformers')}, {platform.machine()}")
    print(f"one thread, prompt {PROMPT_TOKENS}, {NEW_TOKENS} new tokens, processor seconds")
    for name, value in report.items():
        print(f"{name:44} {value:10.3f}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
