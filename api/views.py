"""Objects of the engine → what goes over the wire."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.artifact_schemas import ArtifactInfo, LineageView
from api.errors import view_of
from api.library_schemas import HitView, IndexJob
from api.model_schemas import ModelView, ProfileView, PullView
from api.run_schemas import ConversationView, RunView
from api.schemas import Words
from api.system_schemas import (
    CheckpointView,
    DeviceView,
    LanguageServerView,
    ParkedView,
    ResidentView,
    SwapView,
    ToolView,
    WaitingView,
)

if TYPE_CHECKING:
    from agent.conversations import Conversation, Run
    from duomo.indexing import Job
    from duomo.pulls import PullJob
    from duomo.settings import Settings
    from models.catalog import Checkpoint, Note, Profile
    from models.inventory import Item
    from models.residency import ResidencyState
    from retrieval.library import Hit
    from tools.artifacts import Artifact
    from tools.contract import Tool


def language_server_view(settings: "Settings") -> LanguageServerView | None:
    if settings.llm_host is None:
        return None
    return LanguageServerView(
        host=settings.llm_host, model=settings.llm_model, leaves=settings.llm_leaves
    )


def conversation_view(conversation: "Conversation") -> ConversationView:
    return ConversationView.model_validate(conversation, from_attributes=True)


def run_view(run: "Run") -> RunView:
    return RunView.model_validate(run, from_attributes=True)


def artifact_info(artifact: "Artifact") -> ArtifactInfo:
    lineage = artifact.lineage
    return ArtifactInfo(
        sha256=artifact.sha256,
        kind=artifact.kind,
        mime=artifact.mime,
        name=artifact.name,
        width=artifact.width,
        height=artifact.height,
        seconds=artifact.seconds,
        label=artifact.label,
        size_bytes=artifact.size_bytes,
        created=artifact.created,
        lineage=LineageView(
            source=lineage.source,
            tool=lineage.tool,
            arguments=lineage.arguments or {},
            checkpoint=lineage.checkpoint,
            revision=lineage.revision,
            seed=lineage.seed,
            parents=lineage.parents,
            prompt=lineage.prompt,
            rerun_of=lineage.rerun_of,
        ),
    )


def tool_view(tool: "Tool", checkpoints: Sequence["Checkpoint"] = ()) -> ToolView:
    """`checkpoints`: those of the profile."""
    from tools.registry import form_schema  # late: HTTP answers before this is imported

    return ToolView(
        name=tool.name,
        title_zh=tool.title_zh,
        title_en=tool.title_en,
        icon=tool.icon,
        parameters=form_schema(tool),
        limits=_limits(tool, checkpoints),
    )


def _limits(tool: "Tool", checkpoints: Sequence["Checkpoint"]) -> Words | None:
    """The note on the starter checkpoint that the tool works with, where it is one."""
    notes = (c.note for c in checkpoints if c.role in tool.roles and c.bundled and c.note)
    return words_of(next(notes, None))


def words_of(note: "Note | None") -> Words | None:
    return None if note is None else Words.model_validate(note)


def checkpoint_view(checkpoint: "Checkpoint", *, present: bool) -> CheckpointView:
    return CheckpointView(
        role=checkpoint.role,
        name=checkpoint.name,
        licence=checkpoint.licence,
        licence_limits=checkpoint.licence_limits,
        languages=checkpoint.languages,
        present=present,
        note=words_of(checkpoint.note),
    )


def device_view(state: "ResidencyState") -> DeviceView:
    return DeviceView(
        device=state.device,
        budget_bytes=state.budget_bytes,
        used_bytes=state.used_bytes,
        residents=tuple(
            ResidentView.model_validate(resident, from_attributes=True)
            for resident in state.residents
        ),
        parked=tuple(
            ParkedView.model_validate(parked, from_attributes=True) for parked in state.parked
        ),
        queue=tuple(
            WaitingView.model_validate(waiting, from_attributes=True) for waiting in state.queue
        ),
        swaps=state.swaps,
        history=tuple(SwapView.model_validate(s, from_attributes=True) for s in state.history),
    )


def model_view(item: "Item") -> ModelView:
    checkpoint = item.checkpoint
    return ModelView(
        name=checkpoint.name,
        role=checkpoint.role,
        state=item.state,
        origin=item.origin,
        bytes=item.bytes,
        known_bytes=item.known_bytes,
        source=item.source,
        licence=checkpoint.licence,
        licence_limits=checkpoint.licence_limits,
        languages=checkpoint.languages,
        profiles=item.profiles,
        note=words_of(checkpoint.note),
    )


def profile_view(profile: "Profile") -> ProfileView:
    return ProfileView.model_validate(profile, from_attributes=True)


def pull_view(job: "PullJob | None") -> PullView | None:
    if job is None:
        return None
    return PullView(
        **vars(job.progress),
        id=job.id,
        state=job.state,
        names=job.names,
        started=job.started,
        ended=job.ended,
        error=None if job.error is None else view_of(job.error),
    )


def job_view(job: "Job | None") -> IndexJob | None:
    if job is None:
        return None
    progress = job.progress
    return IndexJob(
        id=job.id,
        state=job.state,
        folders=tuple(map(str, job.folders)),
        found=progress.found,
        done=progress.done,
        indexed=progress.indexed,
        skipped=progress.skipped,
        unreadable=progress.unreadable,
        rate=progress.rate,
        eta_seconds=progress.eta_seconds,
        current=None if progress.current is None else progress.current.name,
        started=job.started,
        ended=job.ended,
        error=None if job.error is None else view_of(job.error),
    )


def hit_views(hits: "Sequence[Hit]") -> tuple[HitView, ...]:
    return tuple(
        HitView(
            image_id=hit.image_id,
            path=str(hit.path),
            score=hit.score,
            width=hit.width,
            height=hit.height,
            sha256=hit.sha256,
        )
        for hit in hits
    )
