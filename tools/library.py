"""From hits of the picture library to artifacts of a conversation."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypedDict

from models.errors import InputError, ToolFailed
from retrieval.library import Hit, Library
from tools.context import ToolContext


def require_pictures(library: Library) -> None:
    """`ToolFailed` with what to do when nothing was indexed yet."""
    if library.stats().pictures == 0:
        raise ToolFailed(
            "图库还是空的，先用 duomo index 加一个文件夹。",
            "The library is empty; add a folder with duomo index first.",
        )


class Found(TypedDict):
    """A hit as JSON; `score` is the cosine."""

    path: str
    score: float


def as_json(hits: Iterable[Hit]) -> list[Found]:
    return [{"path": str(hit.path), "score": hit.score} for hit in hits]


def keep_hits(
    hits: Sequence[Found], context: ToolContext, parents: Iterable[str] = ()
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Copy the pictures of `hits` into the artifact store → (handles, details for the screen).

    A copy, because an artifact is immutable and the person's file is not. One that is gone or
    broken since it was indexed is left out and counted in the details.
    """
    handles: list[str] = []
    shown: list[dict[str, Any]] = []
    for number, hit in enumerate(hits, 1):
        context.check_cancelled()
        path = Path(hit["path"])
        try:
            handle = context.keep(
                path,
                kind="image",
                name=path.name,
                source=f"library:{path}",
                parents=parents,
            )
        except (InputError, OSError):
            continue
        handles.append(handle)
        shown.append({"handle": handle, "score": round(hit["score"], 4), "path": hit["path"]})
        context.progress(number / len(hits), f"找到{len(handles)}张")
    return tuple(handles), {"hits": shown, "unavailable": len(hits) - len(handles)}
