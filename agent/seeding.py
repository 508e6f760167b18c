"""The seed that a person names, where a small model leaves it out of its call or draws the words:
“种子用7，江边的红色灯塔” → seed 7, and no prompt about seeds."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from agent.mending import Mend

_SEED = re.compile(
    r"(?:(?:随机)?种子|(?i:seed))(?:固定|设成|设为|设|定为|用|取|是|为|还用|选|[=：:\s]){0,3}(\d{1,10})"
)
_ALONE = re.compile(  # a clause about the seed
    r"(?:(?:随机)?种子|(?i:seed))?(?:固定|设成|设为|设|定为|用|取|是|为|还用|选|[=：:\s]){0,3}\d{1,10}\s*[，,。；;\s]\s*"
)


def seeded(question: str, tools: Sequence[Mapping[str, Any]]) -> dict[str, Mend]:
    """For each tool that takes a seed: put the one in that `question` names."""
    found = _SEED.search(question)
    if found is None:
        return {}
    named = [tool["function"] for tool in tools]
    taking = [one["name"] for one in named if "seed" in one["parameters"].get("properties", {})]
    return dict.fromkeys(taking, partial(_with_seed, int(found[1])))


def _with_seed(seed: int, given: dict[str, Any]) -> dict[str, Any]:
    prompt = given.get("prompt")
    told = _ALONE.match(prompt) if isinstance(prompt, str) and str(seed) in prompt else None
    drawn = {"prompt": prompt[told.end() :]} if told is not None and isinstance(prompt, str) else {}
    return {**given, **drawn, "seed": given.get("seed", seed)}
