"""The engine of the API's tests, seen from the terminal and the page."""

from collections.abc import Iterator

import pytest
import streamlit as st

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


@pytest.fixture
def nothing_cached() -> Iterator[None]:
    """Pages of one test do not see what those of another fetched."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()
