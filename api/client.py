"""`Client`: the engine over HTTP, one typed method per route.

    with Client("http://127.0.0.1:8765") as client:
        conversation = client.create_conversation()
        run = client.start_run(conversation.id, "帮我找几张有拱桥的图")
        transcript = fold(Transcript(), client.run_events(run.run_id))

Imports no torch. Event streams resume by themselves where a connection breaks. Errors are those
of `models.errors`: `EngineUnavailable` when nothing answers, else what the engine said.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from api.artifact_schemas import ArtifactInfo, Dictated
from api.conversation_client import ConversationCalls
from api.folding import fold, is_terminal
from api.library_client import LibraryCalls
from api.model_client import ModelCalls
from api.picture_client import CreationCalls, PictureCalls
from api.settings_schemas import SettingsView
from api.system_schemas import About, CacheView, DeviceView, Health, Readiness
from api.transcript import Said, Step, Thinking, Transcript, Turn
from api.turn_client import TurnCalls
from api.wire import DEFAULT_URL, SLOW_SECONDS, path_part, view_of
from models.errors import EngineUnavailable

__all__ = [
    "DEFAULT_URL",
    "Client",
    "Said",
    "Step",
    "Thinking",
    "Transcript",
    "Turn",
    "fold",
    "is_terminal",
]


class Client(ConversationCalls, TurnCalls, PictureCalls, CreationCalls, LibraryCalls, ModelCalls):
    """Speaks to one engine; `Wire` says how it is made."""

    # Health

    def health(self) -> Health:
        return self._get(Health, "/healthz")

    def ready(self) -> Readiness:
        """What is warm and what is not; an engine that still loads is an answer, not an error."""
        response = self._send("GET", "/readyz", accept=(503,))
        return view_of(Readiness, response)

    def wait_ready(self, timeout: float = 120.0) -> Readiness:
        """Blocks until the engine is ready or something stands in its way.

        Raises EngineUnavailable after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            readiness = self._ready_or_none()
            if readiness is not None and (readiness.ready or readiness.problems):
                return readiness
            time.sleep(0.1)
        raise EngineUnavailable(
            f"{timeout:.0f} 秒内引擎没有准备好。请运行 duomo doctor 查看原因。",
            f"The engine was not ready within {timeout:.0f} s. Run duomo doctor to see why.",
        )

    def _ready_or_none(self) -> Readiness | None:
        try:
            return self.ready()
        except EngineUnavailable:
            return None

    def about(self) -> About:
        return self._get(About, "/api/about")

    def device(self) -> DeviceView:
        return self._get(DeviceView, "/api/device")

    def cache(self) -> CacheView:
        """What tools remember of questions that were asked before."""
        return self._get(CacheView, "/api/cache")

    def clear_cache(self) -> CacheView:
        """Forgets all of it; what there was."""
        return view_of(CacheView, self._send("DELETE", "/api/cache"))

    def settings(self) -> SettingsView:
        return self._get(SettingsView, "/api/settings")

    def change_settings(self, values: Mapping[str, Any]) -> SettingsView:
        """None: back to the default. They hold after a restart. Raises InvalidRequest."""
        response = self._send("PATCH", "/api/settings", json={"values": dict(values)})
        return view_of(SettingsView, response)

    def restart(self) -> None:
        """Ends the engine, which its supervisor starts again; EngineUnavailable if it has none."""
        self._send("POST", "/api/restart")

    # Artifacts

    def upload(self, source: Path | bytes | IO[bytes], name: str = "") -> ArtifactInfo:
        """Keeps a picture or sound; raises UnreadableMedia or MediaTooLarge."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.upload(file, name or source.name)
        response = self._send("POST", "/api/artifacts", files={"file": (name or "file", source)})
        return view_of(ArtifactInfo, response)

    def write_down(self, recording: bytes | IO[bytes], name: str = "recording.wav") -> str:
        """The words of a short recording, which is not kept; empty where none were heard.

        Raises InvalidRequest (nothing here hears), UnreadableMedia, MediaTooLarge.
        """
        files = {"file": (name, recording)}
        response = self._send("POST", "/api/dictation", files=files, timeout=SLOW_SECONDS)
        return view_of(Dictated, response).text

    def artifact(self, sha256: str, *, visible_label: bool | None = None) -> bytes:
        """The file as it leaves the engine: pictures without GPS.

        `visible_label`: made content with the mark that people see or hear; None: as settings say.
        """
        params = {} if visible_label is None else {"visible_label": visible_label}
        return self._send("GET", f"/api/artifacts/{path_part(sha256)}", params=params).content

    def artifact_info(self, sha256: str) -> ArtifactInfo:
        return self._get(ArtifactInfo, f"/api/artifacts/{path_part(sha256)}/info")

    def thumbnail(self, sha256: str, size: int = 512) -> bytes:
        """A small picture whose longer side is at most `size` pixels."""
        path = f"/api/artifacts/{path_part(sha256)}/thumbnail"
        return self._send("GET", path, params={"size": size}).content
