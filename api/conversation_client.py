"""The client's methods for conversations and runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from api.folding import fold, is_terminal
from api.run_schemas import (
    ConversationList,
    ConversationView,
    EventList,
    RunView,
    Source,
    StartedRun,
    StoredEventView,
)
from api.transcript import Transcript
from api.wire import SLOW_SECONDS, Wire, enveloped, of_run, path_part, view_of
from models.errors import Locale


class ConversationCalls(Wire):
    """Mixed into `api.client.Client`."""

    def conversations(self, source: Source = "person") -> tuple[ConversationView, ...]:
        """Newest first. Those of a `program` asked through `/v1`."""
        path = f"/api/conversations?source={source}"
        return self._get(ConversationList, path).conversations

    def delete_programs(self) -> None:
        """All conversations of programs."""
        self._send(
            "DELETE", "/api/conversations", params={"source": "program"}, timeout=SLOW_SECONDS
        )

    def create_conversation(self, title: str = "") -> ConversationView:
        return self._post(ConversationView, "/api/conversations", {"title": title})

    def conversation(self, conversation_id: str) -> ConversationView:
        return self._get(ConversationView, f"/api/conversations/{path_part(conversation_id)}")

    def rename_conversation(self, conversation_id: str, title: str) -> ConversationView:
        path = f"/api/conversations/{path_part(conversation_id)}"
        return view_of(ConversationView, self._send("PATCH", path, json={"title": title}))

    def delete_conversation(self, conversation_id: str) -> None:
        self._send("DELETE", f"/api/conversations/{path_part(conversation_id)}")

    def export_conversation(
        self, conversation_id: str, target: Path, locale: Locale = "zh-CN"
    ) -> None:
        """Writes all of it as a zip to `target`; the page in it speaks the language of `locale`."""
        path = f"/api/conversations/{path_part(conversation_id)}/export"
        partial = target.with_name(f".{target.name}.part")
        try:
            with (
                self._stream("GET", path, params={"locale": locale}) as response,
                partial.open("wb") as file,
            ):
                for chunk in response.iter_bytes(1 << 20):
                    file.write(chunk)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def import_conversation(self, source: Path | IO[bytes]) -> ConversationView:
        """A new conversation from such a zip; raises UnreadableMedia or MediaTooLarge."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.import_conversation(file)
        files = {"file": ("conversation.zip", source)}
        response = self._send(
            "POST", "/api/conversations/import", files=files, timeout=SLOW_SECONDS
        )
        return view_of(ConversationView, response)

    def conversation_events(
        self, conversation_id: str, after: int = 0
    ) -> tuple[StoredEventView, ...]:
        """What is stored so far, past sequence number `after`."""
        path = f"/api/conversations/{path_part(conversation_id)}/events"
        return self._get(EventList, path, params={"after": after}).events

    def transcript(self, conversation_id: str) -> Transcript:
        return fold(Transcript(), self.conversation_events(conversation_id))

    def start_run(
        self,
        conversation_id: str,
        text: str,
        attachments: Sequence[str] = (),
        *,
        fresh: bool = False,
    ) -> StartedRun:
        """One turn; `attachments` are SHA-256 of uploaded artifacts. Returns at once.

        `fresh`: no tool may answer from its cache.
        """
        path = f"/api/conversations/{path_part(conversation_id)}/runs"
        body = {"text": text, "attachments": list(attachments), "fresh": fresh}
        return self._post(StartedRun, path, body)

    def run(self, run_id: str) -> RunView:
        return self._get(RunView, f"/api/runs/{path_part(run_id)}")

    def cancel_run(self, run_id: str) -> RunView:
        return self._post(RunView, f"/api/runs/{path_part(run_id)}/cancel")

    def answer_step(
        self, run_id: str, call_id: str, choice: str, arguments: Mapping[str, Any] | None = None
    ) -> RunView:
        """Decide on a step that waits: `approve`, `skip`, or `change` with new arguments.

        Raises AlreadyAnswered, NotFound, InvalidRequest.
        """
        path = f"/api/runs/{path_part(run_id)}/steps/{path_part(call_id)}/answer"
        given = None if arguments is None else dict(arguments)
        return self._post(RunView, path, {"choice": choice, "arguments": given})

    def rerun_step(
        self, conversation_id: str, call_id: str, arguments: Mapping[str, Any]
    ) -> StartedRun:
        """Carry a step that has ended out once more; `Turn.offered` then names what may follow."""
        path = f"/api/conversations/{path_part(conversation_id)}/reruns"
        return self._post(StartedRun, path, {"call_id": call_id, "arguments": dict(arguments)})

    def rerun_dependants(self, run_id: str, call_ids: Sequence[str] | None = None) -> StartedRun:
        """Carry out what the rerun `run_id` offered, or those of it, with the new results."""
        path = f"/api/runs/{path_part(run_id)}/dependants"
        chosen = None if call_ids is None else list(call_ids)
        return self._post(StartedRun, path, {"call_ids": chosen})

    def run_events(self, run_id: str, after: int = 0) -> Iterator[StoredEventView]:
        """Events of a run as they happen, from after a sequence number; ends with the run."""
        path = f"/api/runs/{path_part(run_id)}/events"
        for stored in self._follow(path, after, lambda sse: of_run(sse, run_id)):
            yield stored
            if is_terminal(stored.event):
                return

    def conversation_stream(
        self, conversation_id: str, after: int = 0
    ) -> Iterator[StoredEventView]:
        """Events of all runs of a conversation as they happen; never ends by itself."""
        path = f"/api/conversations/{path_part(conversation_id)}/stream"
        return self._follow(path, after, enveloped)
