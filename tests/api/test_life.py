"""Start and stop: HTTP answers before the engine is built, says what is missing, ends quickly."""

import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from api.app import serve as serve_until_signal
from api.client import Client
from duomo.engine import Engine
from duomo.home import claim_home, home_id, running_engine
from duomo.settings import Settings
from models.errors import CheckpointMissing, EngineUnavailable
from tests.api.conftest import Serve


def test_health_answers_while_the_engine_is_built(serve: Serve, settings: Settings) -> None:
    go_on = threading.Event()

    def build() -> Engine:
        go_on.wait(10)
        raise CheckpointMissing("没有权重。", "No weights.")

    running = serve(build=build)
    assert running.client.health().status == "ok"
    assert running.client.ready().loading == ("engine",)
    go_on.set()
    (problem,) = running.client.wait_ready().problems
    assert problem.code == "checkpoint_missing"
    with pytest.raises(CheckpointMissing, match="没有权重"):
        running.client.about()


def test_a_request_waits_for_the_engine(serve: Serve) -> None:
    about = serve().client.about()
    assert about.profile == "tiny"
    assert not about.starter
    assert {tool.name for tool in about.tools} >= {"search_images", "score_image"}
    assert "generate_image" in {tool.name for tool in about.absent_tools}
    assert not {tool.name for tool in about.tools} & {tool.name for tool in about.absent_tools}
    assert [(c.role, c.present) for c in about.checkpoints] == [("clip", True)]


def test_ready_means_warm(serve: Serve) -> None:
    running = serve()
    assert running.client.wait_ready(30).ready
    assert httpx.get(f"{running.url}/readyz").status_code == 200
    device = running.client.device()
    assert [resident.role for resident in device.residents] == ["clip"]
    assert 0 < device.used_bytes <= device.budget_bytes


def test_an_unused_connection_is_let_go_of_by_the_client_first(serve: Serve) -> None:
    kept_by_clients = httpx.Limits().keepalive_expiry
    assert kept_by_clients is not None
    assert serve().server.config.timeout_keep_alive > 2 * kept_by_clients


def test_a_stop_with_an_open_stream_and_a_running_run_is_quick(
    serve: Serve, gate: threading.Event
) -> None:
    running = serve(gate)
    conversation = running.client.create_conversation()
    run_id = running.client.start_run(conversation.id, "等").run_id
    stream = running.client.conversation_stream(conversation.id)
    next(stream)
    began = time.monotonic()
    running.stop()
    assert not running.thread.is_alive()
    assert time.monotonic() - began < 3.0
    with Engine(running.settings) as engine:
        assert engine.runs.get(run_id).ended is not None


def test_one_engine_per_data_directory(settings: Settings) -> None:
    with claim_home(settings.home) as claim:
        claim.serving_at("http://127.0.0.1:4321")
        assert running_engine(settings.home) == "http://127.0.0.1:4321"
        with pytest.raises(EngineUnavailable, match="4321"):
            serve_until_signal(settings)
    assert running_engine(settings.home) is None
    claim_home(settings.home).release()


def test_a_taken_port_says_what_to_do(serve: Serve, settings: Settings) -> None:
    taken = int(serve().url.rpartition(":")[2])
    other = settings.model_copy(update={"port": taken, "home": settings.home / "other"})
    with pytest.raises(EngineUnavailable, match="--port"):
        serve_until_signal(other)


def test_a_run_that_died_with_its_engine_is_marked_failed_with_the_reason(serve: Serve) -> None:
    running = serve()
    conversation = running.client.create_conversation()
    dead = running.engine.events.runs.create(conversation.id)
    running.stop()
    again = serve()
    view = again.client.run(dead.id)
    assert view.state == "failed"
    assert view.reason
    (turn,) = again.client.transcript(conversation.id).turns
    assert turn.error is not None
    assert turn.error.zh == view.reason


def test_every_route_is_described(serve: Serve) -> None:
    document = httpx.get(f"{serve().url}/openapi.json").json()
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert document["info"]["title"] == "Duomo 多模"
    assert len(operations) > 25
    assert all(operation["summary"] and operation["tags"] for operation in operations)


SERVE = """
from api.app import serve
from duomo.settings import load_settings
serve(load_settings(), announce=lambda url: print(url, flush=True))
print("let go", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_and_lets_go_of_the_home(
    settings: Settings, number: signal.Signals
) -> None:
    environment = {**os.environ, "DUOMO_HOME": str(settings.home), "DUOMO_PORT": "0"}
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        with Client(child.stdout.readline().strip(), timeout=60) as client:
            assert client.health().home_id == home_id(settings.home)
        child.send_signal(number)
        assert child.stdout.readline().strip() == "let go"
        assert child.wait(60) == 0
    assert running_engine(settings.home) is None
