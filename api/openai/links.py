"""How pictures and sounds stand in an answer: Markdown links to the engine's artifacts.

    ![img-1](http://127.0.0.1:8765/api/artifacts/…)   [aud-1](http://127.0.0.1:8765/api/artifacts/…)

A client sends them back with the history; read again, they name the same files by the same handles.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from api.openai.media import MediaRules

_LINK = re.compile(r"!?\[((?:img|aud)-[1-9]\d{0,5})\]\((https?://[^\s()]{1,300})\)")


def artifact_url(base: str, sha256: str) -> str:
    return f"{base}/api/artifacts/{sha256}"


def written(views: Iterable[Mapping[str, Any]]) -> str:
    """Artifacts (`handle`, `kind`, `url`) as Markdown, on one line."""
    return " ".join(
        f"{'!' if view['kind'] == 'image' else ''}[{view['handle']}]({view['url']})"
        for view in views
    )


def read(text: str, rules: MediaRules) -> tuple[str, list[tuple[str, str]]]:
    """An earlier answer → its words, and (handle, SHA-256) of what it showed."""
    shown: list[tuple[str, str]] = []

    def taken(link: re.Match[str]) -> str:
        sha256 = rules.artifact(link[2])
        if sha256 is None:
            return link[0]
        shown.append((link[1], sha256))
        return ""

    words = _LINK.sub(taken, text)
    return re.sub(r"\n{3,}", "\n\n", words).strip(), shown
