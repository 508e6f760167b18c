"""Runs: one turn of a person, from the first event to exactly one terminal event.

Conversations run side by side, the runs of one conversation one after the other. Whatever
happens - an error, a stop, the end of the engine - the run ends, says why, and leaves a history
that the next turn can go on from. A run that waits for a person holds no thread, only its place,
and waits on when the engine is started again.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ag_ui.core import BaseEvent, CustomEvent, RunStartedEvent, TokenUsage

from agent import endings
from agent.afresh import asks_afresh
from agent.approval import (
    Decision,
    already_answered,
    answered_event,
    asked_event,
    decision_of,
)
from agent.context import RunContext, current_run, thinking_event
from agent.conversations import Run
from agent.events import EventLog
from agent.options import AS_SET, Options
from agent.steps import steps_of
from agent.views import artifact_view, step_value
from agent.work import Played, Resumed, Spoken, Work
from models.errors import Cancelled, DiskFull, DuomoError, InvalidRequest
from tools.artifacts import ArtifactStore
from tools.handles import with_attachments

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from agent.build import Agent

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
MAX_CHARACTERS = 20_000  # of the words of one turn


@dataclass(eq=False)
class _Turn:
    """A run that has not ended, and what it does next. `awaited`: the calls a person decides on."""

    context: RunContext
    work: Work
    usage: list[TokenUsage] = field(default_factory=list)
    awaited: set[str] = field(default_factory=set)
    future: Future[None] | None = None  # none while another run of the conversation goes first

    @property
    def run_id(self) -> str:
        return self.context.run_id

    @property
    def conversation_id(self) -> str:
        return self.context.conversation_id


@dataclass(frozen=True)
class _Wanted:
    """How a run is to be carried out (`RunContext`)."""

    fresh: bool = False
    options: Options = AS_SET
    remembers: bool = True


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

    def start(
        self,
        conversation_id: str,
        text: str,
        attachments: Sequence[str] = (),
        *,
        fresh: bool = False,
        history: "Sequence[BaseMessage] | None" = None,
        options: Options = AS_SET,
    ) -> str:
        """Queue a turn and return its run id. `attachments`: SHA-256 of stored artifacts; `fresh`:
        no tool may answer from its cache, which a person also says in words (重新做); `history`:
        what was said before, where a caller tells it and nothing is to be remembered.

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
        for sha256 in attachments:
            self._artifacts.get(sha256)
        with self._lock:
            self._check_open()
            handles = [self._artifacts.assign(conversation_id, sha256) for sha256 in attachments]
            views = [
                artifact_view(handle, self._artifacts.get(sha256))
                for handle, sha256 in zip(handles, attachments, strict=True)
            ]
            work = Spoken(with_attachments(text, handles), history)
            user = CustomEvent(name="duomo.user", value={"text": text, "attachments": views})
            fresh = fresh or asks_afresh(text)
            wanted = _Wanted(fresh, options, history is None)
            return self._open(conversation_id, text or "、".join(handles), work, [user], wanted)

    def begin(
        self,
        conversation_id: str,
        words: str,
        work: Work,
        *told: BaseEvent,
        fresh: bool = True,
        options: Options = AS_SET,
    ) -> str:
        """Queue work other than a turn; `words` say in the log what it is, `told` follows them.

        `EngineUnavailable` when shutting down.
        """
        user = CustomEvent(name="duomo.user", value={"text": words, "attachments": []})
        with self._lock:
            self._check_open()
            wanted = _Wanted(fresh, options)
            return self._open(conversation_id, words, work, [user, *told], wanted)

    def answer(self, run_id: str, call_id: str, decision: Decision) -> None:
        """Decide on a call that waits; the last one lets the run go on. `AlreadyAnswered`."""
        with self._lock:
            self._check_open()
            turn = self._turns.get(run_id)
            if turn is None or call_id not in turn.awaited:
                raise already_answered()
            is_last = turn.awaited == {call_id}
            event = answered_event(call_id, decision)
            self._events.move(run_id, "queued" if is_last else "waiting", [event])
            turn.awaited.discard(call_id)
            turn.context.decisions[call_id] = decision
            if is_last:
                turn.work = Resumed()
                self._submit(turn)

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
            is_first = self._waiting[turn.conversation_id][0] is turn
            is_asking = bool(turn.awaited)
            turn.awaited.clear()  # from here on nobody can answer
        if is_asking or not is_first:
            self._end_cancelled(turn)
        else:  # it may have to come out of something first
            with suppress(DiskFull):  # it stops all the same
                self._events.tell(run_id, thinking_event(run_id, "stopping"))
        if is_asking:
            self._next(turn.conversation_id)

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
        """Before the first start: runs that wait for a person wait on, the others that a dead
        engine left open end as failed. How many of those."""
        unfinished = self._events.runs.unfinished()
        dead = [run for run in unfinished if run.state != "waiting" or not self._wait_on(run)]
        for run in dead:
            error = endings.died()
            self._events.end(run.id, "failed", endings.failed(error), error.zh)
        return len(dead)

    def _wait_on(self, run: Run) -> bool:
        """Take a waiting run up again, with what was asked and answered. False: nothing was."""
        steps = steps_of(self._events.replay(run_id=run.id)).values()
        turn = _Turn(self._context(run, _Wanted()), Resumed())
        turn.awaited.update(step.call_id for step in steps if step.approval == "waiting")
        turn.context.open_calls.update(step.call_id for step in steps if step.state is None)
        turn.context.decisions.update(
            (step.call_id, decision) for step in steps if (decision := decision_of(step))
        )
        if turn.awaited:
            self._turns[run.id] = turn
            self._waiting[run.conversation_id] = deque([turn])
        return bool(turn.awaited)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Stop all runs but those that wait for a person; what does not stop in time has failed."""
        with self._lock:
            self._closing = True
            turns = [turn for turn in self._turns.values() if not turn.awaited]
        for turn in turns:
            turn.context.cancel.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait([turn.future for turn in turns if turn.future is not None], timeout)
        for turn in turns:
            self._fail(turn, endings.stopped())

    def _check_open(self) -> None:
        if self._closing:
            raise endings.stopped()

    def _open(
        self,
        conversation_id: str,
        first_words: str,
        work: Work,
        told: Sequence[BaseEvent],
        wanted: "_Wanted",
    ) -> str:
        run = self._events.runs.create(conversation_id)
        self._events.conversations.touch(conversation_id, first_words)
        turn = self._turns[run.id] = _Turn(self._context(run, wanted), work)
        for event in (RunStartedEvent(thread_id=conversation_id, run_id=run.id), *told):
            turn.context.record(event)
        self._enqueue(turn)
        return run.id

    def _context(self, run: Run, wanted: "_Wanted") -> RunContext:
        def record(event: BaseEvent) -> None:
            if run.id in self._turns:  # nothing follows the terminal event
                self._events.append(run.conversation_id, run.id, event)

        def handles() -> list[str]:
            return [handle for handle, _ in self._artifacts.handles(run.conversation_id)]

        return RunContext(
            run.conversation_id,
            run.id,
            record,
            handles,
            wanted.fresh,
            options=wanted.options,
            remembers=wanted.remembers,
        )

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
        is_waiting = False
        try:
            is_waiting = self._advance(turn)
        except Cancelled:
            self._end_cancelled(turn)
        except DuomoError as error:
            self._fail(turn, error)
        except Exception:  # the end of a thread: whatever it was, the run has to end and say so
            logger.exception("run %s", turn.run_id)
            self._fail(turn, endings.unexpected())
        finally:
            current_run.reset(token)
            if not is_waiting:
                self._next(turn.conversation_id)

    def _advance(self, turn: _Turn) -> bool:
        """Work until the run is over, or until it waits for a person: True."""
        played = self._play(turn)
        turn.usage += played.usage
        if played.asked:
            self._ask(turn, played.asked)
        else:
            end = endings.finished(turn.context, turn.usage, played.finish_reason)
            self._end(turn, "finished", [end])
        return bool(played.asked)

    def _play(self, turn: _Turn) -> Played:
        turn.context.check_cancelled()
        self._events.runs.set_running(turn.run_id)
        turn.context.thinking("loading")
        return turn.work(self._agent(), turn.context)

    def _ask(self, turn: _Turn, asked: Sequence[str]) -> None:
        with self._lock:
            turn.context.check_cancelled()
            self._events.move(turn.run_id, "waiting", [asked_event(call) for call in asked])
            turn.awaited.update(asked)

    def _next(self, conversation_id: str) -> None:
        with self._lock:
            line = self._waiting[conversation_id]
            line.popleft()
            if not line:
                del self._waiting[conversation_id]
            elif not self._closing:
                self._submit(line[0])

    def _end_cancelled(self, turn: _Turn) -> None:
        if self._closing:
            self._fail(turn, endings.stopped())
        else:
            self._end(turn, "cancelled", [endings.cancelled(turn.context)])

    def _fail(self, turn: _Turn, error: DuomoError) -> None:
        self._end(turn, "failed", endings.failed(error), error.zh)

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
