"""What can be said of a turn over the wire: feedback, and a branch that begins at it."""

from typing import Literal

from pydantic import Field

from api.schemas import Wire

MAX_NOTE = 1000
"""Longest note of a feedback, in characters."""


class NewFeedback(Wire):
    verdict: Literal["up", "down"]
    note: str = Field(default="", description=f"At most {MAX_NOTE} characters")


class FeedbackView(Wire):
    """It stays on this machine; only an export takes it along."""

    run_id: str
    verdict: Literal["up", "down"]
    note: str
    updated: float


class FeedbackList(Wire):
    feedback: tuple[FeedbackView, ...]


class NewBranch(Wire):
    run_id: str = Field(description="The last turn that the new conversation has")
    before: bool = Field(default=False, description="True: without that turn itself")
