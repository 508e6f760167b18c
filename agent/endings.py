"""How a run ends, as events, and the reasons that are nobody's fault but the engine's."""

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedSuccessOutcome,
    TokenUsage,
)

from agent.context import RunContext
from agent.views import error_view
from agent.work import FinishReason
from models.errors import DuomoError, EngineUnavailable


def finished(run: RunContext, usage: list[TokenUsage], finish_reason: FinishReason) -> BaseEvent:
    return RunFinishedEvent(
        thread_id=run.conversation_id,
        run_id=run.run_id,
        outcome=RunFinishedSuccessOutcome(),
        usage=usage,
        result={"finishReason": finish_reason},
    )


def cancelled(run: RunContext) -> BaseEvent:
    return RunFinishedEvent(
        thread_id=run.conversation_id, run_id=run.run_id, outcome=RunFinishedCancelledOutcome()
    )


def failed(error: DuomoError) -> list[BaseEvent]:
    return [
        CustomEvent(name="duomo.error", value=error_view(error)),
        RunErrorEvent(message=error.zh, code=error.code),
    ]


def died() -> EngineUnavailable:
    return EngineUnavailable(
        "引擎上次意外退出，这一次没有做完。请重新发送。",
        "The engine stopped unexpectedly and this was not finished. Please send it again.",
    )


def stopped() -> EngineUnavailable:
    return EngineUnavailable(
        "引擎关闭了，这一次没有做完。请重新发送。",
        "The engine was shut down and this was not finished. Please send it again.",
    )


def unexpected() -> DuomoError:
    return DuomoError(
        "出了意外的问题，细节在日志里。请再试一次。",
        "Something unexpected went wrong; the log has the details. Please try again.",
    )
