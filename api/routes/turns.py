"""What a person does with a turn that has ended: say what they think of it, branch off there,
or have it read aloud."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from api.host import EngineDep
from api.run_schemas import ConversationView
from api.turn_schemas import FeedbackList, FeedbackView, NewBranch, NewFeedback
from api.views import conversation_view

if TYPE_CHECKING:
    from agent.feedback import Feedback

router = APIRouter(prefix="/api", tags=["turns"])


@router.get("/conversations/{conversation_id}/feedback", summary="What was said of its answers")
def feedback(engine: EngineDep, conversation_id: str) -> FeedbackList:
    engine.events.conversations.get(conversation_id)
    given = engine.events.feedback.of(conversation_id)
    return FeedbackList(feedback=tuple(map(_view, given)))


@router.put("/runs/{run_id}/feedback", summary="Say what an answer is worth")
def give(engine: EngineDep, run_id: str, body: NewFeedback) -> FeedbackView:
    """Instead of what was said before. It is kept beside the conversation and goes with it."""
    return _view(engine.events.feedback.give(run_id, body.verdict, body.note))


@router.delete("/runs/{run_id}/feedback", status_code=204, summary="Take it back")
def take_back(engine: EngineDep, run_id: str) -> None:
    engine.events.feedback.take_back(run_id)


@router.post(
    "/conversations/{conversation_id}/branches", status_code=201, summary="Branch off at a turn"
)
def branch(engine: EngineDep, conversation_id: str, body: NewBranch) -> ConversationView:
    """A new conversation with the turns up to there, under the same handles; the old one stays."""
    return conversation_view(engine.branch(conversation_id, body.run_id, before=body.before))


@router.get("/runs/{run_id}/speech/{number}", summary="A sentence of the answer, read aloud")
def speech(engine: EngineDep, run_id: str, number: int) -> Response:
    """WAV. 202: not written yet, ask again; 404: there are no more. Counted from 0."""
    sound = engine.reading_aloud.sentence(run_id, number)
    if sound is None:
        return Response(status_code=202)
    return Response(sound, media_type="audio/wav", headers={"Cache-Control": "no-store"})


def _view(feedback: "Feedback") -> FeedbackView:
    return FeedbackView.model_validate(feedback, from_attributes=True)
