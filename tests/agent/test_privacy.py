"""Nothing leaves the machine, whatever the environment asks for."""

import os
import subprocess
import sys

PROGRAM = """
import socket, sys, tempfile
from pathlib import Path

def refuse(self, address):
    sys.exit(f"connects to {address}")

socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *a, **k: sys.exit(f"looks up {a}")

from agent.build import build_agent, open_memory
from agent.events import EventLog
from agent.runs import Runs
from tests.agent.scripted import ScriptedModel
from tools.artifacts import ArtifactStore

home = Path(tempfile.mkdtemp())
events, artifacts = EventLog(home / "e.db"), ArtifactStore(home / "a")
agent = build_agent(ScriptedModel(replies=["好"]), [], open_memory(home / "m.db"))
runs = Runs(events, artifacts, lambda: agent)
run = runs.start(events.conversations.create().id, "你好")
assert [s.event["type"] for s in events.follow(run)][-1] == "RUN_FINISHED"
runs.close()
from langsmith.utils import tracing_is_enabled
assert tracing_is_enabled() is False
print("quiet")
"""


def test_a_turn_connects_to_nothing_even_when_tracing_is_asked_for() -> None:
    asked = {
        "LANGSMITH_TRACING": "true",
        "LANGCHAIN_TRACING_V2": "true",
        "LANGSMITH_API_KEY": "x",
        "LANGGRAPH_STRICT_MSGPACK": "false",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout.strip() == "quiet", done.stderr
