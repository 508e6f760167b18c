"""Duomo as a library.

    from duomo import Engine, load_settings

    with Engine(load_settings()) as engine:
        answer = engine.ask("帮我找几张有拱桥的图")
        print(answer.text, answer.artifacts)

Names are imported when they are first used: the settings cost no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from duomo import version

if TYPE_CHECKING:
    from duomo.answer import Answer, AnswerStep
    from duomo.engine import Engine
    from duomo.settings import Settings, load_settings

__version__ = version.VERSION
__all__ = ["Answer", "AnswerStep", "Engine", "Settings", "__version__", "load_settings"]

_HOMES = {
    "Answer": "duomo.answer",
    "AnswerStep": "duomo.answer",
    "Engine": "duomo.engine",
    "Settings": "duomo.settings",
    "load_settings": "duomo.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'duomo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
