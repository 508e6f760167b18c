"""What every screen shows of a conversation, made from its events by `api.folding`."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from api.artifact_schemas import ArtifactView
from api.run_schemas import RunState
from api.schemas import ErrorView

StepState = Literal[
    "writing",
    "waiting",
    "queued",
    "loading",
    "running",
    "done",
    "failed",
    "cancelled",
    "skipped",
]
ThinkingState = Literal["queued", "loading", "thinking", "stopping"]

ENDED: frozenset[str] = frozenset({"finished", "failed", "cancelled"})
STEP_ENDED: frozenset[str] = frozenset({"done", "failed", "cancelled", "skipped"})


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the assistant, in the order they were said; `reasoning` is thinking aloud."""

    message_id: str
    text: str = ""
    reasoning: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call: `writing` while its arguments stream, then queued, loading, running, ended.

    `waiting`: for a person's answer; `arguments_json` are those that it is carried out with.
    `rerun_of`: the call id of the step that it carries out once more.
    """

    call_id: str
    tool: str
    state: StepState = "writing"
    arguments_json: str = ""
    position: int | None = None
    fraction: float | None = None
    note: str = ""
    preview: str | None = None
    queued_seconds: float | None = None
    load_seconds: float | None = None
    run_seconds: float | None = None
    text: str = ""
    artifacts: tuple[ArtifactView, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    error: ErrorView | None = None
    rerun_of: str | None = None

    @property
    def arguments(self) -> dict[str, Any] | None:
        """The parsed arguments; None while they are still being written or when broken."""
        try:
            parsed = json.loads(self.arguments_json or "{}")
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None

    @property
    def ended(self) -> bool:
        return self.state in STEP_ENDED


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the language model is waiting for, or that it thinks. `position` 0 is next in line."""

    state: ThinkingState
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and all that came of it; `blocks` are in the order they appeared.

    `offered`: call ids of earlier steps that used what this turn made anew and may follow it;
    `follows`: the run whose offer this turn carries out.
    """

    run_id: str
    state: RunState = "running"
    text: str = ""
    attachments: tuple[ArtifactView, ...] = ()
    blocks: tuple[Said | Step, ...] = ()
    thinking: Thinking | None = None
    error: ErrorView | None = None
    started: float = 0.0
    ended_at: float | None = None
    rerun_of: tuple[tuple[str, str], ...] = ()
    offered: tuple[str, ...] = ()
    follows: str | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Step))

    @property
    def answer(self) -> str:
        """Everything the assistant said in this turn, without its reasoning."""
        said = (b.text for b in self.blocks if isinstance(b, Said) and not b.reasoning)
        return "\n\n".join(text for text in said if text.strip())

    @property
    def reasoning(self) -> str:
        thought = (b.text for b in self.blocks if isinstance(b, Said) and b.reasoning)
        return "\n\n".join(text for text in thought if text.strip())

    @property
    def artifacts(self) -> tuple[ArtifactView, ...]:
        return tuple(artifact for step in self.steps for artifact in step.artifacts)

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation so far. `last_seq` is where to resume from."""

    turns: tuple[Turn, ...] = ()
    last_seq: int = 0

    @property
    def running(self) -> bool:
        return any(not turn.ended for turn in self.turns)

    @property
    def artifacts(self) -> dict[str, ArtifactView]:
        """Every file of the conversation by its handle."""
        views = (view for turn in self.turns for view in (*turn.attachments, *turn.artifacts))
        return {view.handle: view for view in views if view.handle}

    @property
    def steps(self) -> dict[str, Step]:
        """Every step of the conversation by its call id."""
        return {step.call_id: step for turn in self.turns for step in turn.steps}

    def turn(self, run_id: str) -> Turn | None:
        return next((turn for turn in self.turns if turn.run_id == run_id), None)
