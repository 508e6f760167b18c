"""The engine of the API's tests, seen from the terminal and the page."""

import pytest

from tests.api.conftest import Running, Serve, clip_weights, gate, serve, settings

__all__ = ["clip_weights", "gate", "serve", "settings"]


@pytest.fixture
def engine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Starts an engine that commands of this process find by their settings."""

    def start(*replies: object, **changes: object) -> Running:
        running = serve(*replies, **changes)
        monkeypatch.setenv("DUOMO_HOME", str(running.settings.home))
        monkeypatch.setenv("DUOMO_PORT", running.url.rpartition(":")[2])
        monkeypatch.setenv("DUOMO_ENGINE_URL", running.url)
        return running

    return start
