"""Reads a conversation back from a zip (`duomo/bundle.py`). Everything in it is untrusted.

All is checked before anything is stored; the conversation appears with one SQLite commit, and what
was stored for it before a failure goes again.
"""

import json
import struct
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from ag_ui.core import Event
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.conversations import Conversation, Run
from agent.copies import Told, under_new_ids
from agent.events import EventLog, RestoredRun
from agent.feedback import Feedback
from duomo.bundle import (
    LEFT_OUT,
    MANIFEST,
    MAX_BYTES,
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    Bundle,
    BundledFile,
    BundledRun,
)
from models.errors import MediaTooLarge, UnreadableMedia
from models.hashing import Hasher, ignore
from retrieval.durable import disk_errors
from tools.artifacts import ArtifactStore, Lineage
from tools.handles import kind_of
from tools.sniff import sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import BaseMessage

Remember = Callable[[str, "Sequence[BaseMessage]"], None]
"""(conversation id, messages): what the model will read at the next turn."""

_CHUNK = 1 << 20
_DIRECTORY_BYTES = 8 << 20  # of the zip's table of contents, before anybody reads it
_END = b"PK\x05\x06"
_EVENT: TypeAdapter[Any] = TypeAdapter(Event)
_LAST = {"finished": "RUN_FINISHED", "cancelled": "RUN_FINISHED", "failed": "RUN_ERROR"}


def read_bundle(
    source: Path,
    workspace: Path,
    events: EventLog,
    artifacts: ArtifactStore,
    remember: Remember,
) -> Conversation:
    """The new conversation. `workspace`: a folder on the disk of the artifacts.

    Raises UnreadableMedia (no zip of ours, or changed since), MediaTooLarge, DiskFull; nothing is
    left of it then.
    """
    with disk_errors(), TemporaryDirectory(dir=workspace) as folder, _opened(source) as archive:
        bundle = _manifest(archive)
        _check(bundle)
        files = _unpacked(archive, bundle, Path(folder))
        return _store(bundle, files, events, artifacts, remember)


def _store(
    bundle: Bundle,
    files: dict[str, Path],
    events: EventLog,
    artifacts: ArtifactStore,
    remember: Remember,
) -> Conversation:
    conversation = Conversation(uuid.uuid4().hex, bundle.title, bundle.created, time.time())
    fresh: list[str] = []
    try:
        for file in bundle.files:
            if not artifacts.has(file.sha256):
                fresh.append(file.sha256)
            artifacts.put(files[file.sha256], file.kind, name=file.name, lineage=_lineage(file))
        known = {handle: file.sha256 for file in bundle.files for handle in file.handles}
        artifacts.restore_handles(conversation.id, {h: known[h] for h in bundle.handles})
        runs = under_new_ids(conversation.id, [_run(run) for run in bundle.runs])
        remember(conversation.id, memory_of(runs))
        events.restore(conversation, runs, _feedback(bundle.runs, runs))
    except BaseException:
        artifacts.forget(conversation.id, also=fresh)
        raise
    return conversation


def _lineage(file: BundledFile) -> Lineage:
    values = file.lineage.model_dump()
    several = {key: tuple(values[key]) for key in ("parents", "rerun_of")}
    return Lineage(**{**values, **several})


def _run(run: BundledRun) -> tuple[Run, list[Told]]:
    restored = Run(run.id, "", run.state, run.reason, run.created, run.ended)
    return restored, [(stored.created, stored.event) for stored in run.events]


def _feedback(bundled: Sequence[BundledRun], runs: Sequence[RestoredRun]) -> list[Feedback]:
    return [
        Feedback(run.id, one.feedback.verdict, one.feedback.note, one.feedback.updated)
        for one, (run, _) in zip(bundled, runs, strict=True)
        if one.feedback is not None
    ]


def memory_of(runs: Sequence[RestoredRun]) -> "Sequence[BaseMessage]":
    """What the model remembers of `runs`."""
    from agent.recall import messages_of  # imported late: LangChain takes seconds

    return messages_of([(run.id, [json.loads(text) for _, text in told]) for run, told in runs])


# The zip


@contextmanager
def _opened(source: Path) -> "Iterator[zipfile.ZipFile]":
    if source.stat().st_size > MAX_BYTES:
        raise _too_large()
    with source.open("rb") as stream:
        _check_directory(stream)
    try:
        with zipfile.ZipFile(source) as archive:
            _check_entries(archive.infolist())
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError) as error:
        raise _broken("压缩包有损坏", "the archive is damaged") from error


def _check_directory(stream: IO[bytes]) -> None:
    """A table of contents with millions of entries is refused before it is read."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 65_557))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise _broken("它不是压缩包", "it is no zip")
    if struct.unpack_from("<I", tail, at + 12)[0] > _DIRECTORY_BYTES:
        raise _too_large()


def _check_entries(entries: Sequence[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(names) > MAX_FILES + 2 or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _too_large()
    if len(set(names)) < len(names):
        raise _broken("里面有重名的文件", "names in it are not unique")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _broken("它加了密码", "it is encrypted")
    if any(_leaves(name) for name in names):
        raise _broken("里面的路径不安全", "paths in it are unsafe")


def _leaves(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _manifest(archive: zipfile.ZipFile) -> Bundle:
    if MANIFEST not in archive.namelist():
        raise _broken(f"里面没有 {MANIFEST}，它不是多模导出的对话", f"it has no {MANIFEST}")
    if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
        raise _too_large()
    try:
        return Bundle.model_validate_json(archive.read(MANIFEST))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])[:80]
        raise _broken(f"{MANIFEST} 里的 {where} 不对", f"{where} in {MANIFEST} is wrong") from error


def _unpacked(archive: zipfile.ZipFile, bundle: Bundle, folder: Path) -> dict[str, Path]:
    """SHA-256 → a file that has it and is what it says it is."""
    unpacked: dict[str, Path] = {}
    for number, file in enumerate(bundle.files):
        if file.path not in archive.namelist():
            raise _broken(f"里面缺少 {file.path}", f"{file.path} is missing")
        path = folder / str(number)
        _copy(archive, file.path, path)
        if Hasher([path], ignore, None).sha256(path) != file.sha256:
            raise _broken(f"{file.path} 的内容被改过", f"{file.path} was changed")
        sniff(path, file.kind)
        unpacked[file.sha256] = path
    return unpacked


def _copy(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    with archive.open(name) as source, path.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            sink.write(chunk)


# What it tells


class _View(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    handle: str
    sha256: str


class _User(BaseModel):
    """The value of `duomo.user`."""

    model_config = ConfigDict(extra="ignore", strict=True)
    text: str = Field(max_length=20_000)
    attachments: list[_View]


class _Step(BaseModel):
    """The value of `duomo.step`."""

    model_config = ConfigDict(extra="ignore", strict=True)
    toolCallId: str  # noqa: N815 (as it goes over the wire)
    state: str
    artifacts: list[_View]


def _check(bundle: Bundle) -> None:
    """Nothing in the log speaks of a file that is not there, and every run has ended once."""
    known = {handle: file.sha256 for file in bundle.files for handle in file.handles}
    kinds = {handle: file.kind for file in bundle.files for handle in file.handles}
    if sorted(bundle.handles) != sorted(known) or len(known) != sum(
        len(file.handles) for file in bundle.files
    ):
        raise _broken("文件编号对不上", "handles do not match")
    if any(kind_of(handle) != kind for handle, kind in kinds.items()):
        raise _broken("文件编号和类型对不上", "handles do not match their kinds")
    begun: set[tuple[str, str]] = set()
    for run in bundle.runs:
        _check_run(run, known, begun)


def _check_run(run: BundledRun, known: dict[str, str], begun: set[tuple[str, str]]) -> None:
    types = [stored.event.get("type") for stored in run.events]
    ends = [kind for kind in types if kind in _LAST.values()]
    if not types or ends != [types[-1]] or ends != [_LAST[run.state]] or LEFT_OUT & set(types):
        raise _broken("有一轮没有好好结束", "a run does not end as it should")
    try:
        for stored in run.events:
            _EVENT.validate_python(stored.event)
            _check_views(_views(stored.event), known)
            _check_new(stored.event, begun)
    except ValidationError as error:
        raise _broken("里面的记录不对", "an event in it is wrong") from error


def _views(event: dict[str, Any]) -> list[_View]:
    match event.get("name"):
        case "duomo.user":
            return _User.model_validate(event["value"]).attachments
        case "duomo.step":
            return _Step.model_validate(event["value"]).artifacts
    return []


def _check_views(views: Iterable[_View], known: dict[str, str]) -> None:
    if any(known.get(view.handle) != view.sha256 for view in views):
        raise _broken("里面提到了不存在的文件", "it speaks of files that it has not")


def _check_new(event: dict[str, Any], begun: set[tuple[str, str]]) -> None:
    """Ids name parts of the page: each may be given once."""
    kind = str(event["type"])
    if not kind.endswith("_START"):
        return
    key = (kind, str(event.get("toolCallId") or event.get("messageId")))
    if key in begun or len(key[1]) > 128:
        raise _broken("里面的记录重复了", "an event in it comes twice")
    begun.add(key)


def _broken(zh: str, en: str) -> UnreadableMedia:
    return UnreadableMedia(
        f"这个文件导入不了：{zh}。请换一个由多模导出的压缩包。",
        f"This file cannot be imported: {en}. Use a zip that Duomo exported.",
    )


def _too_large() -> MediaTooLarge:
    size = f"{MAX_BYTES >> 30} GiB"
    return MediaTooLarge(
        f"这个压缩包太大，解开后最多 {size}，最多 {MAX_FILES} 个文件。",
        f"This zip is too large: at most {size} unpacked and {MAX_FILES} files.",
    )
