"""A call as it is after mending."""

import json
from collections.abc import Mapping

from agent.mending import Mend, mended
from agent.parsing import CallArguments, CallStart


def arguments_after(mends: Mapping[str, Mend], name: str, **arguments: object) -> dict[str, object]:
    """What the tool `name` gets of these arguments."""
    call = CallArguments(0, json.dumps(arguments, ensure_ascii=False))
    *_, last = mended(iter([CallStart(0, name), call]), mends)
    assert isinstance(last, CallArguments)
    found: dict[str, object] = json.loads(last.delta)
    return found
