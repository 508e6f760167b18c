"""`duomo inspect`: what a file is, its AI-content label, and what it was made from."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from duomo.settings import load_settings
from models.errors import UnreadableMedia
from ui.commands.terminal import console, seconds, text, told_plainly
from ui.untrusted import one_line, plain

if TYPE_CHECKING:
    from duomo.inspection import Inspection

_LIBRARY = "library:"
_LONGEST = 400  # characters of a value that a file or a model wrote


@told_plainly
def inspect(
    file: Annotated[Path, typer.Argument(help=text("help.inspected"), exists=True, dir_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help=text("help.json"))] = False,
) -> None:
    from duomo.inspection import inspect_file

    try:
        seen = inspect_file(file, load_settings().artifacts_dir)
    except OSError as error:
        raise UnreadableMedia(
            f"读不了这个文件：{error.strerror}。", f"The file cannot be read: {error.strerror}."
        ) from error
    _print_json(file, seen) if as_json else _print(file, seen)


def _print_json(file: Path, seen: "Inspection") -> None:
    content = {
        "file": str(file),
        "sha256": seen.sha256,
        "size_bytes": seen.size_bytes,
        **asdict(seen.media),
        "label": None if seen.label is None else asdict(seen.label),
        "artifact": seen.artifact,
        "lineage": [asdict(ancestor) for ancestor in seen.ancestors.values()],
    }
    console.out(json.dumps(content, ensure_ascii=False, indent=2))


def _print(file: Path, seen: "Inspection") -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(file, seen):
        table.add_row(Text(name, "bold"), Text(value))
    console.print(table)
    console.print(Text(text("inspect.lineage"), "bold"))
    if seen.artifact is None:
        console.print(Text(f"  {text('inspect.no_lineage')}"))
    else:
        console.print(_tree(seen, seen.artifact, set()))


def _rows(file: Path, seen: "Inspection") -> list[tuple[str, str]]:
    return [
        (text("inspect.file"), one_line(str(file), _LONGEST)),
        (text("inspect.kind"), _kind(seen)),
        (text("inspect.size"), f"{seen.size_bytes:,} B"),
        ("SHA-256", seen.sha256),
        (text("inspect.label"), _meaning(seen)),
        *((f"  {name}", value) for name, value in _fields(seen)),
    ]


def _kind(seen: "Inspection") -> str:
    media = seen.media
    size = f"{media.width}×{media.height}" if media.kind == "image" else seconds(media.seconds)
    return " · ".join(filter(None, (text(f"inspect.{media.kind}"), media.mime, size)))


def _meaning(seen: "Inspection") -> str:
    if seen.label is None:
        return text("inspect.no_label")
    key = f"inspect.label_{seen.label.Label}"
    return text(key if key in text else "inspect.label_other")


def _fields(seen: "Inspection") -> list[tuple[str, str]]:
    fields = {} if seen.label is None else asdict(seen.label)
    return [
        (name, one_line(value, _LONGEST) or text("inspect.empty")) for name, value in fields.items()
    ]


def _tree(seen: "Inspection", sha256: str, shown: set[str]) -> Tree:
    """An artifact over what it was made from; gone or shown before, it is its hash alone."""
    artifact = seen.ancestors.get(sha256)
    if artifact is None or sha256 in shown:
        return Tree(Text(sha256, "dim"))
    shown.add(sha256)
    tree = Tree(_node(asdict(artifact)))
    for parent in artifact.lineage.parents:
        tree.add(_tree(seen, parent, shown))
    return tree


def _node(artifact: dict[str, Any]) -> Text:
    lineage = artifact["lineage"]
    line = Text.assemble((one_line(artifact["name"]), "cyan"), "  ", (_origin(lineage), "bold"))
    for detail in _details(lineage):
        line.append(f"\n{detail}", "dim")
    return line.append(f"\n{artifact['sha256']}", "dim")


def _origin(lineage: dict[str, Any]) -> str:
    source = lineage["source"]
    if source.startswith(_LIBRARY):
        return f"{text('inspect.library')} {one_line(source.removeprefix(_LIBRARY), _LONGEST)}"
    key = f"inspect.{source}"
    return text.of(key, lineage["tool"] or "")


def _details(lineage: dict[str, Any]) -> list[str]:
    made = [
        text("inspect.checkpoint", name=lineage["checkpoint"]) if lineage["checkpoint"] else "",
        lineage["revision"] or "",
        "" if lineage["seed"] is None else text("inspect.seed", seed=lineage["seed"]),
    ]
    words = json.dumps(lineage["arguments"], ensure_ascii=False) if lineage["arguments"] else ""
    lines = (words, lineage.get("prompt") or "", " · ".join(filter(None, made)))
    return [plain(one_line(line, _LONGEST)) for line in lines if line]
