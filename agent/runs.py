"""Runs: one turn of a person, from the first event to exactly one terminal event.

Conversations run side by side, the runs of one conversation one after the other. Whatever
happens - an error, a stop, the end of the engine - the run ends, says why, and leaves a history
that the next turn can go on from.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    TokenUsage,
)

from agent.context import RunContext, current_run
from agent.conversations import Run
from agent.events import EventLog
from agent.views import artifact_view, error_view, step_value
from models.errors import Cancelled, DiskFull, DuomoError, EngineUnavailable, InvalidRequest
from tools.artifacts import ArtifactStore
from tools.handles import with_attachments

if TYPE_CHECKING:
    from agent.build import Agent

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
MAX_CHARACTERS = 20_000  # of the words of one turn


@dataclass(eq=False)
class _Turn:
    """A run that has not ended, and what it was asked."""

    context: RunContext
    text: str
    handles: list[str]
    future: Future[None] | None = None  # none while another run of the conversation goes first

    @property
    def run_id(self) -> str:
        return self.context.run_id

    @property
    def conversation_id(self) -> str:
        return self.context.conversation_id


class Runs:
    """Thread-safe. `agent` is called on a worker thread when the first run needs it."""

    def __init__(
        self,
        events: EventLog,
        artifacts: ArtifactStore,
        agent: Callable[[], "Agent"],
        *,
        workers: int = 4,
    ) -> None:
        self._events = events
        self._artifacts = artifacts
        self._agent = agent
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="run")
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[_Turn]] = {}  # by conversation; the first one is running
        self._turns: dict[str, _Turn] = {}
        self._closing = False

    def start(self, conversation_id: str, text: str, attachments: Sequence[str] = ()) -> str:
        """Queue a turn and return its run id. `attachments`: SHA-256 of stored artifacts.

        The attachments get their handles now, in this order. Errors: `InvalidRequest` (nothing
        was said, or too much), `NotFound` (conversation or artifact), `EngineUnavailable`.
        """
        text = text.strip()
        if not text and not attachments:
            raise InvalidRequest(
                "请先说点什么，或者带上一张图。", "Say something or attach a file."
            )
        _check_length(text)
        self._events.conversations.get(conversation_id)
        artifacts = [self._artifacts.get(sha256) for sha256 in attachments]
        with self._lock:
            if self._closing:
                raise _stopped()
            turn = self._open(conversation_id, text, artifacts_of=[a.sha256 for a in artifacts])
            self._enqueue(turn)
        return turn.run_id

    def get(self, run_id: str) -> Run:
        """`NotFound` for an id that is not there."""
        return self._events.runs.get(run_id)

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; at once when it still waits. Of a run that ended: nothing happens."""
        self._events.runs.get(run_id)
        with self._lock:
            turn = self._turns.get(run_id)
            if turn is None:
                return
            turn.context.cancel.set()
            is_running = self._waiting[turn.conversation_id][0] is turn
        if not is_running:
            self._end_cancelled(turn)

    def forget(self, conversation_id: str) -> None:
        """Delete a conversation: stop its runs, drop its words, its events, its memory, and the
        files that no other conversation needs. Its row goes last, so that a deletion that was
        interrupted can be asked for again."""
        self._events.conversations.get(conversation_id)
        with self._lock:
            line = list(self._waiting.get(conversation_id, ()))
        for turn in line:
            self.cancel(turn.run_id)
        wait([turn.future for turn in line if turn.future is not None], CLOSE_SECONDS)
        for turn in line:  # whatever does not stop in time is shut out of the log
            self._end_cancelled(turn)
        checkpointer = self._agent().checkpointer
        if checkpointer is not None and not isinstance(checkpointer, bool):
            checkpointer.delete_thread(conversation_id)
        self._artifacts.forget(conversation_id)
        self._events.conversations.delete(conversation_id)

    def recover(self) -> int:
        """Before the first start: runs that a dead engine left open end as failed. How many."""
        unfinished = self._events.runs.unfinished()
        for run in unfinished:
            error = EngineUnavailable(
                "引擎上次意外退出，这一次没有做完。请重新发送。",
                "The engine stopped unexpectedly and this was not finished. Please send it again.",
            )
            self._events.end(run.id, "failed", _error_events(error), error.zh)
        return len(unfinished)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Stop all runs and wait for them; what does not stop in time is marked as failed."""
        with self._lock:
            self._closing = True
            turns = list(self._turns.values())
        for turn in turns:
            turn.context.cancel.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait([turn.future for turn in turns if turn.future is not None], timeout)
        for turn in turns:
            self._fail(turn, _stopped())

    def _open(self, conversation_id: str, text: str, artifacts_of: Sequence[str]) -> _Turn:
        handles = [self._artifacts.assign(conversation_id, sha256) for sha256 in artifacts_of]
        run = self._events.runs.create(conversation_id)
        self._events.conversations.touch(conversation_id, text or "、".join(handles))
        turn = _Turn(self._context(run), text, handles)
        self._turns[run.id] = turn
        views = [
            artifact_view(handle, self._artifacts.get(sha256))
            for handle, sha256 in zip(handles, artifacts_of, strict=True)
        ]
        record = turn.context.record
        record(RunStartedEvent(thread_id=conversation_id, run_id=run.id))
        record(CustomEvent(name="duomo.user", value={"text": text, "attachments": views}))
        return turn

    def _context(self, run: Run) -> RunContext:
        def record(event: BaseEvent) -> None:
            if run.id in self._turns:  # nothing follows the terminal event
                self._events.append(run.conversation_id, run.id, event)

        def handles() -> list[str]:
            return [handle for handle, _ in self._artifacts.handles(run.conversation_id)]

        return RunContext(run.conversation_id, run.id, record, handles)

    def _enqueue(self, turn: _Turn) -> None:
        line = self._waiting.setdefault(turn.conversation_id, deque())
        line.append(turn)
        if len(line) > 1 or len(self._waiting) > self._workers:
            turn.context.thinking("queued", len(line) - 1)
        if len(line) == 1:
            self._submit(turn)

    def _submit(self, turn: _Turn) -> None:
        turn.future = self._pool.submit(self._execute, turn)

    def _execute(self, turn: _Turn) -> None:
        token = current_run.set(turn.context)
        try:
            usage = self._play(turn)
        except Cancelled:
            self._end_cancelled(turn)
        except DuomoError as error:
            self._fail(turn, error)
        except Exception:  # the end of a thread: whatever it was, the run has to end and say so
            logger.exception("run %s", turn.run_id)
            self._fail(turn, _unexpected())
        else:
            self._finish(turn, usage)
        finally:
            current_run.reset(token)
            self._next(turn.conversation_id)

    def _play(self, turn: _Turn) -> list[TokenUsage]:
        turn.context.check_cancelled()
        self._events.runs.set_running(turn.run_id)
        turn.context.thinking("loading")
        # Imported late: LangChain takes seconds, and the engine answers before that.
        from agent.turn import play

        agent = self._agent()
        turn.context.thinking("thinking")
        return play(agent, turn.context, with_attachments(turn.text, turn.handles))

    def _next(self, conversation_id: str) -> None:
        with self._lock:
            line = self._waiting[conversation_id]
            line.popleft()
            if not line:
                del self._waiting[conversation_id]
            elif not self._closing:
                self._submit(line[0])

    def _finish(self, turn: _Turn, usage: list[TokenUsage]) -> None:
        outcome = RunFinishedSuccessOutcome()
        self._end(turn, "finished", [_finished(turn, outcome, usage)])

    def _end_cancelled(self, turn: _Turn) -> None:
        if self._closing:
            self._fail(turn, _stopped())
        else:
            self._end(turn, "cancelled", [_finished(turn, RunFinishedCancelledOutcome())])

    def _fail(self, turn: _Turn, error: DuomoError) -> None:
        self._end(turn, "failed", _error_events(error), error.zh)

    def _end(
        self,
        turn: _Turn,
        state: Literal["finished", "failed", "cancelled"],
        events: list[BaseEvent],
        reason: str | None = None,
    ) -> None:
        """Steps without an end, then `events`. The first end counts, later ones do nothing."""
        self._turns.pop(turn.run_id, None)
        step_state: Literal["failed", "cancelled"]
        step_state = "failed" if state == "failed" else "cancelled"
        steps: list[BaseEvent] = [
            CustomEvent(name="duomo.step", value=step_value(call_id, step_state))
            for call_id in sorted(turn.context.open_calls)
        ]
        try:
            self._events.end(turn.run_id, state, [*steps, *events], reason)
        except DiskFull:  # nowhere to say so; `recover` closes the run at the next start
            logger.exception("run %s could not be closed", turn.run_id)


def _check_length(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest(
            f"这段文字有{len(text)}字，一次最多{MAX_CHARACTERS}字。请分几次发送。",
            f"This text has {len(text)} characters; one turn takes {MAX_CHARACTERS}. "
            "Send it in parts.",
        )


def _finished(
    turn: _Turn,
    outcome: RunFinishedSuccessOutcome | RunFinishedCancelledOutcome,
    usage: list[TokenUsage] | None = None,
) -> BaseEvent:
    return RunFinishedEvent(
        thread_id=turn.conversation_id, run_id=turn.run_id, outcome=outcome, usage=usage
    )


def _error_events(error: DuomoError) -> list[BaseEvent]:
    return [
        CustomEvent(name="duomo.error", value=error_view(error)),
        RunErrorEvent(message=error.zh, code=error.code),
    ]


def _stopped() -> EngineUnavailable:
    return EngineUnavailable(
        "引擎关闭了，这一次没有做完。请重新发送。",
        "The engine was shut down and this was not finished. Please send it again.",
    )


def _unexpected() -> DuomoError:
    return DuomoError(
        "出了意外的问题，细节在日志里。请再试一次。",
        "Something unexpected went wrong; the log has the details. Please try again.",
    )
