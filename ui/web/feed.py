"""Conversations as they happen: each is followed once, however many tabs look at it.

The engine holds the state. A feed is a copy of it that may be dropped at any time: the next look
folds the stored events again and goes on where the engine is.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

import streamlit as st

from api.client import Client, Transcript, fold
from models.errors import EngineUnavailable, NotFound
from ui.web.engine import engine

KEPT = 16
"""Conversations kept in memory, the last looked at."""


class Feed:
    """One conversation. `refresh` asks the engine; `wait` gives what its stream has brought."""

    def __init__(self, client: Client, conversation_id: str) -> None:
        self._client = client
        self._id = conversation_id
        self._transcript = Transcript()
        self._changed = threading.Condition()
        self._follower: threading.Thread | None = None

    def refresh(self) -> Transcript:
        """The transcript as the engine has it now. Raises NotFound, EngineUnavailable."""
        events = self._client.conversation_events(self._id, self._transcript.last_seq)
        with self._changed:
            self._transcript = fold(self._transcript, events)
            self._follow()
            return self._transcript

    def now(self) -> Transcript:
        """The transcript as it was brought last."""
        return self._transcript

    def wait(self, after: int, seconds: float) -> Transcript:
        """The transcript once it is past sequence number `after`, or as it is after `seconds`."""
        return self.wait_until(lambda transcript: transcript.last_seq > after, seconds)

    def wait_until(self, holds: Callable[[Transcript], bool], seconds: float) -> Transcript:
        """The transcript once `holds` says so, or as it is after `seconds`."""
        with self._changed:
            self._follow()
            self._changed.wait_for(lambda: holds(self._transcript), seconds)
            return self._transcript

    def _follow(self) -> None:
        """While a turn runs, one thread reads the conversation's stream."""
        alive = self._follower is not None and self._follower.is_alive()
        if self._transcript.running and not alive:
            self._follower = threading.Thread(target=self._read, name="feed", daemon=True)
            self._follower.start()

    def _read(self) -> None:
        try:
            for stored in self._client.conversation_stream(self._id, self._transcript.last_seq):
                with self._changed:
                    self._transcript = fold(self._transcript, (stored,))
                    self._changed.notify_all()
                    if not self._transcript.running:
                        return
        except (EngineUnavailable, NotFound):
            return  # the next look starts again, and says so if the engine is still away


class Feeds:
    """The feeds of this process, by conversation."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._feeds: OrderedDict[str, Feed] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conversation_id: str) -> Feed:
        with self._lock:
            feed = self._feeds.get(conversation_id) or Feed(self._client, conversation_id)
            self._feeds[conversation_id] = feed
            self._feeds.move_to_end(conversation_id)
            if len(self._feeds) > KEPT:
                self._feeds.popitem(last=False)
            return feed


@st.cache_resource(show_spinner=False)
def feeds() -> Feeds:
    return Feeds(engine())
