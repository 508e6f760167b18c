"""Are evaluation cases in the training conversations? `python -m training.llm.overlap CASES.jsonl`.

Prints every run of `--length` characters that a case shares with what generated people say, and
the share of cases that have one.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from training.llm.corpus import ALL, conversation

_IGNORED = re.compile(r"\[(?:img|aud)-\d+\]|[\s，。、！？,.!?：:；“”\"「」]")


def grams(text: str, length: int) -> set[str]:
    """Every run of `length` characters of `text`, without punctuation and attachments."""
    bare = _IGNORED.sub("", text)
    return {bare[start : start + length] for start in range(len(bare) - length + 1)}


def said(conversations: int) -> Iterator[str]:
    """What people say in the first generated conversations."""
    for seed in range(conversations):
        for message in conversation(seed, ALL).messages:
            if message["role"] == "user":
                yield message["content"]


def shared(cases: dict[str, list[str]], spoken: Iterable[str], length: int) -> dict[str, set[str]]:
    """Case id → the runs of characters that it shares with `spoken`."""
    wanted = {
        name: set().union(*(grams(t, length) for t in texts)) for name, texts in cases.items()
    }
    every: set[str] = set().union(*wanted.values())
    common: set[str] = set()
    for text in spoken:
        common |= every & grams(text, length)
    return {name: runs & common for name, runs in wanted.items() if runs & common}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--length", type=int, default=8)
    parser.add_argument("--conversations", type=int, default=50_000)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.cases.read_text("utf-8").splitlines() if line]
    cases = {row["id"]: [turn["user"] for turn in row["turns"]] for row in rows}
    found = shared(cases, said(options.conversations), options.length)
    for name, runs in found.items():
        print(name, *sorted(runs))
    print(f"{len(found)} of {len(cases)} cases share {options.length} characters in a row")


if __name__ == "__main__":
    main()
