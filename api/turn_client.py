"""The client's methods for a turn that has ended: feedback, and a branch that begins at it."""

import httpx

from api.run_schemas import ConversationView
from api.turn_schemas import FeedbackList, FeedbackView
from api.wire import Wire, path_part

_SPEECH_SECONDS = 300.0  # it waits for the device behind all else


class TurnCalls(Wire):
    """Mixed into `api.client.Client`."""

    def feedback(self, conversation_id: str) -> dict[str, FeedbackView]:
        """What was said of the answers of a conversation, by run id."""
        path = f"/api/conversations/{path_part(conversation_id)}/feedback"
        given = self._get(FeedbackList, path).feedback
        return {one.run_id: one for one in given}

    def give_feedback(self, run_id: str, verdict: str, note: str = "") -> FeedbackView:
        """`verdict`: up or down; instead of what was said before.

        Raises NotFound, InvalidRequest (the run has not ended, the note is too long).
        """
        path = f"/api/runs/{path_part(run_id)}/feedback"
        response = self._send("PUT", path, json={"verdict": verdict, "note": note})
        return FeedbackView.model_validate_json(response.content)

    def take_feedback_back(self, run_id: str) -> None:
        self._send("DELETE", f"/api/runs/{path_part(run_id)}/feedback")

    def speech(self, run_id: str, number: int) -> bytes | None:
        """Sentence `number` of an answer as WAV; None: not written yet. NotFound past the last."""
        path = f"/api/runs/{path_part(run_id)}/speech/{number}"
        response = self._send("GET", path, timeout=_SPEECH_SECONDS)
        return None if response.status_code == httpx.codes.ACCEPTED else response.content

    def branch(
        self, conversation_id: str, run_id: str, *, before: bool = False
    ) -> ConversationView:
        """A new conversation with the turns up to `run_id`, or those `before` it.

        Raises NotFound, InvalidRequest (one of them has not ended).
        """
        path = f"/api/conversations/{path_part(conversation_id)}/branches"
        return self._post(ConversationView, path, {"run_id": run_id, "before": before})
