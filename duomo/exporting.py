"""Writes a conversation into one zip (`duomo/bundle.py`)."""

import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO

from agent.events import EventLog, StoredEvent
from duomo.bundle import (
    LEFT_OUT,
    MANIFEST,
    Bundle,
    BundledEvent,
    BundledFeedback,
    BundledFile,
    BundledLineage,
    BundledRun,
    renamed,
    source_that_leaves,
    without_paths,
)
from models.errors import InvalidRequest
from models.hashing import Hasher, ignore
from retrieval.durable import disk_errors
from tools.artifacts import Artifact, ArtifactStore

Export = Callable[[str], Path]
"""SHA-256 of an artifact → the file as it leaves."""
Page = tuple[str, str]
"""Name and text of what people read."""


def write_bundle(
    sink: IO[bytes],
    conversation_id: str,
    events: EventLog,
    artifacts: ArtifactStore,
    export: Export,
    page: Page,
) -> None:
    """`page`: name and text of what people read. Raises NotFound, DiskFull, InvalidRequest while a
    run has not ended."""
    bundle, files = _collect(conversation_id, events, artifacts, export)
    with disk_errors(), zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(page[0], page[1])
        archive.writestr(MANIFEST, bundle.model_dump_json())
        for path, file in files.items():  # pictures and sounds are as small as they get
            archive.write(file, path, zipfile.ZIP_STORED)


def bundled_paths(named: list[tuple[str, Artifact]]) -> dict[str, str]:
    """Handle → path in the zip; what has two handles lies there once."""
    first: dict[str, str] = {}
    for handle, artifact in named:
        first.setdefault(artifact.sha256, f"files/{handle}{Path(artifact.name).suffix}")
    return {handle: first[artifact.sha256] for handle, artifact in named}


def _collect(
    conversation_id: str, events: EventLog, artifacts: ArtifactStore, export: Export
) -> tuple[Bundle, dict[str, Path]]:
    conversation = events.conversations.get(conversation_id)
    if events.runs.unfinished(conversation_id):
        raise InvalidRequest(
            "这个对话还在进行。请等它做完，或先停止，再导出。",
            "This conversation is still running. Wait for it or stop it, then export.",
        )
    named = artifacts.handles(conversation_id)
    paths = bundled_paths(named)
    leaving = {paths[handle]: export(artifact.sha256) for handle, artifact in named}
    hasher = Hasher(leaving.values(), ignore, None)
    hashes = {path: hasher.sha256(file) for path, file in leaving.items()}
    names = {artifact.sha256: hashes[paths[handle]] for handle, artifact in named}
    bundle = Bundle(
        title=conversation.title,
        created=conversation.created,
        updated=conversation.updated,
        handles=[handle for handle, _ in named],
        files=_files(named, paths, names),
        runs=_runs(conversation_id, events, names),
    )
    return bundle, leaving


def _files(
    named: list[tuple[str, Artifact]], paths: dict[str, str], names: dict[str, str]
) -> list[BundledFile]:
    artifacts = {artifact.sha256: artifact for _, artifact in named}
    handles = {sha: [h for h, a in named if a.sha256 == sha] for sha in artifacts}
    return [
        BundledFile(
            handles=handles[sha],
            sha256=names[sha],
            path=paths[handles[sha][0]],
            kind=artifact.kind,
            mime=artifact.mime,
            name=artifact.name,
            lineage=_lineage(artifact, names),
        )
        for sha, artifact in artifacts.items()
    ]


def _lineage(artifact: Artifact, names: dict[str, str]) -> BundledLineage:
    values = asdict(artifact.lineage)
    for several in ("parents", "rerun_of"):
        values[several] = [names.get(sha256, sha256) for sha256 in values[several]]
    values["source"] = source_that_leaves(artifact.lineage.source)
    return BundledLineage(**values)


def _runs(conversation_id: str, events: EventLog, names: dict[str, str]) -> list[BundledRun]:
    by_run: dict[str, list[BundledEvent]] = {}
    for stored in events.replay(conversation_id=conversation_id):
        told = by_run.setdefault(stored.run_id, [])
        if stored.event["type"] not in LEFT_OUT:
            told.append(_event(stored, names))
    runs = (events.runs.get(run_id) for run_id in by_run)
    given = {
        one.run_id: BundledFeedback(verdict=one.verdict, note=one.note, updated=one.updated)
        for one in events.feedback.of(conversation_id)
    }
    return [
        BundledRun(
            id=run.id,
            state=run.state if run.state in ("failed", "cancelled") else "finished",
            reason=run.reason,
            created=run.created,
            ended=run.ended or run.created,
            events=by_run[run.id],
            feedback=given.get(run.id),
        )
        for run in runs
    ]


def _event(stored: StoredEvent, names: dict[str, str]) -> BundledEvent:
    event = renamed(stored.event, names)
    if event.get("name") == "duomo.step":
        event = {**event, "value": without_paths(event["value"])}
    return BundledEvent(created=stored.created, event=event)
