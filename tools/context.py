"""What a tool may use while it runs: artifacts, the library, leases, progress, the stop flag."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.errors import Cancelled, ToolRetry
from tools.artifacts import Artifact, ArtifactStore, Lineage
from tools.handles import KIND_ZH, Kind, kind_of, which
from tools.labels import ContentLabel, label_after, label_image, label_sound, new_label, read_label
from tools.recall import Recall, Value, weights_of

if TYPE_CHECKING:
    from models.residency import Residency, Ticket
    from retrieval.library import Library

current_ticket: ContextVar["Ticket | None"] = ContextVar("current_ticket", default=None)
"""Who waits, while a tool runs: for a lease taken below the tool (the library's embedder)."""

_LISTED = 12  # handles named in a hint; the newest are the likely ones


@dataclass(frozen=True)
class Activity:
    """What a step is doing now. `fraction` is 0–1 or unknown; `position` 0 is next in the queue."""

    state: Literal["queued", "loading", "running"]
    position: int | None = None
    fraction: float | None = None
    note: str = ""
    preview_sha: str | None = None


def _ignore(*_: object) -> None: ...


def _no_library() -> "Library":
    raise RuntimeError("nothing can be searched here")


@dataclass(frozen=True)
class ToolContext:
    """One tool call. `on_times(queued_seconds, load_seconds)` is called once for every lease;
    `open_library` waits for the library where it isn't open yet;
    `rerun_of`: SHA-256 of the results that this call makes anew."""

    conversation_id: str
    run_id: str
    call_id: str
    cancel: threading.Event
    artifacts: ArtifactStore
    residency: "Residency"
    open_library: "Callable[[], Library]" = _no_library
    on_activity: Callable[[Activity], None] = _ignore
    on_times: Callable[[float, float], None] = _ignore
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    rerun_of: tuple[str, ...] = ()
    recall: Recall = field(default_factory=lambda: Recall(None))

    @property
    def library(self) -> "Library":
        return self.open_library()

    @contextmanager
    def calling(self, tool: str, arguments: Mapping[str, Any]) -> Iterator["ToolContext"]:
        """The context of one call of `tool`: names it in lineages and waits in its name."""
        self.check_cancelled()
        call = replace(self, tool=tool, arguments=arguments)
        token = current_ticket.set(_CallTicket(call))
        try:
            call.on_activity(Activity("running"))
            yield call
        finally:
            current_ticket.reset(token)

    def lease(self, role: str, *, size: int = 0) -> AbstractContextManager[Any]:
        """Borrow the object of `role`; its queue position and load time are shown meanwhile.

        `size` of the call in px, where memory grows with it.
        """
        return self.residency.lease(role, _CallTicket(self), size=size)

    def remembered(
        self,
        inputs: Mapping[str, Any],
        roles: tuple[str, ...],
        compute: Callable[[], Value],
        keep: Callable[[Value], bool] = lambda _: True,
    ) -> Value:
        """What `compute` returns, or returned before for the same `inputs` and the same weights.

        For work that always has the same result. `inputs` and the value are JSON; files are named
        by their SHA-256. `keep` says whether a value is worth keeping.
        """
        if self.recall.cache is None:
            return compute()
        weights = weights_of(roles, self.residency)
        return self.recall(self.tool or "", inputs, weights, compute, keep)

    def progress(self, fraction: float | None, note: str, preview: Artifact | None = None) -> None:
        """Show how far the call is (`fraction` 0–1, None when unknown). Chinese `note`, short."""
        sha = preview.sha256 if preview else None
        self.on_activity(Activity("running", fraction=fraction, note=note, preview_sha=sha))

    def check_cancelled(self) -> None:
        """Raise `Cancelled` once the person pressed stop."""
        if self.cancel.is_set():
            raise Cancelled

    def image(self, handle: str) -> tuple[Artifact, Image.Image]:
        """The picture of a handle, upright RGB. `ToolRetry` when there is none."""
        artifact = self.find(handle, "image")
        return artifact, self.artifacts.open_image(artifact.sha256)

    def audio(self, handle: str) -> tuple[Artifact, Path]:
        """The sound of a handle and its file. `ToolRetry` when there is none."""
        artifact = self.find(handle, "audio")
        return artifact, self.artifacts.path(artifact.sha256)

    def keep(
        self,
        data: bytes | Path,
        *,
        kind: Kind,
        name: str,
        source: str = "tool",
        parents: Iterable[str] = (),
        checkpoint: str | None = None,
        revision: str | None = None,
        seed: int | None = None,
        prompt: str | None = None,
    ) -> str:
        """Store a result of this call and give it the conversation's next handle.

        `parents`: SHA-256 of what it was made from. `prompt`: the words that the checkpoint was
        given. What a model made goes through `keep_image`
        and `keep_sound`, which label it.
        """
        lineage = Lineage(
            tool=self.tool,
            arguments=dict(self.arguments),
            checkpoint=checkpoint,
            revision=revision,
            seed=seed,
            parents=tuple(parents),
            source=source,
            prompt=prompt,
            rerun_of=self.rerun_of,
        )
        artifact = self.artifacts.put(data, kind=kind, name=name, lineage=lineage)
        return self.artifacts.assign(self.conversation_id, artifact.sha256)

    def keep_image(
        self,
        picture: Image.Image,
        *,
        role: str,
        name: str,
        seed: int | None = None,
        prompt: str | None = None,
        revision: str | None = None,
        parents: Iterable[str] = (),
    ) -> str:
        """Store a picture that the checkpoint of `role` made, as PNG with its AI-content label.

        `parents`: SHA-256 of what it was made from. `revision`: of a checkpoint whose catalogue
        entry has none. Returns the conversation's next handle.
        """
        parents = tuple(parents)
        data = label_image(picture, "PNG", self._label_after(parents))
        more: dict[str, Any] = {"seed": seed, "prompt": prompt, "revision": revision}
        return self._keep_made(data, "image", role, name=name, parents=parents, **more)

    def keep_sound(
        self,
        samples: npt.NDArray[np.float32],
        sample_rate: int,
        *,
        role: str,
        name: str,
        parents: Iterable[str] = (),
    ) -> str:
        """Store mono `samples` [n] in −1…1 that the checkpoint of `role` made, as labelled WAV."""
        parents = tuple(parents)
        data = label_sound(samples, sample_rate, self._label_after(parents))
        return self._keep_made(data, "audio", role, name=name, parents=parents)

    def keep_preview(self, picture: Image.Image) -> Artifact:
        """Store an unfinished picture for `progress`, labelled; it gets no handle."""
        data = label_image(picture, "WEBP", new_label())
        lineage = Lineage(tool=self.tool, arguments=dict(self.arguments), source="preview")
        return self.artifacts.put(data, kind="image", name="preview", lineage=lineage)

    def _keep_made(
        self, data: bytes, kind: Kind, role: str, *, revision: str | None = None, **more: Any
    ) -> str:
        checkpoint = self.residency.checkpoint(role)
        revision = checkpoint.revision or revision
        return self.keep(data, kind=kind, checkpoint=checkpoint.name, revision=revision, **more)

    def _label_after(self, parents: Iterable[str]) -> ContentLabel:
        return label_after(read_label(self.artifacts.path(parent)) for parent in parents)

    def find(self, handle: str, kind: Kind) -> Artifact:
        """What a handle of this conversation means. `ToolRetry` when it is not, or no `kind`."""
        artifact = self.artifacts.resolve(self.conversation_id, handle)
        if artifact is not None and artifact.kind == kind:
            return artifact
        raise self._no_such(handle, kind)

    def _no_such(self, handle: str, kind: Kind) -> ToolRetry:
        existing = [h for h, a in self.artifacts.handles(self.conversation_id) if a.kind == kind]
        noun = KIND_ZH[kind]
        shown = f"可用的{noun}：{'、'.join(existing[-_LISTED:])}" if existing else f"还没有{noun}"
        other = kind_of(handle)
        wrong = (
            f"{handle}是{KIND_ZH[other]}，不是{noun}"
            if other not in (None, kind)
            else f"没有{noun}{handle}"
        )
        return ToolRetry(
            f"{wrong}，{shown}。",
            f"{handle} is no {kind} of this conversation; it has {', '.join(existing) or 'none'}.",
            question=which(kind, existing[-_LISTED:]),
        )


@dataclass(frozen=True)
class _CallTicket:
    """A tool call in the device's queue (`models.residency.Ticket`)."""

    call: ToolContext

    @property
    def cancel(self) -> threading.Event:
        return self.call.cancel

    def queued(self, position: int) -> None:
        self.call.on_activity(Activity("queued", position=position))

    def granted(self, queued_seconds: float, load_seconds: float) -> None:
        self.call.on_times(queued_seconds, load_seconds)
        self.call.on_activity(Activity("running"))
