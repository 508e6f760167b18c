"""Children are restarted when they die, and end with whoever started them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ui import supervise
from ui.commands.start import restarting
from ui.supervise import Child, Supervisor, free_port, is_free

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


def child(tmp_path: Path, code: str) -> Child:
    return Child("engine", [sys.executable, "-c", code], tmp_path / "logs" / "engine.log")


def until(true: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_a_child_writes_its_log_and_ends_on_request(tmp_path: Path) -> None:
    one = child(tmp_path, SLEEPER)
    one.start()
    assert until(lambda: one.log_tail() == "up")
    one.stop()
    assert not one.alive


def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    one = child(tmp_path, STUBBORN)
    one.start()
    assert until(lambda: one.log_tail() == "up")
    one.stop(seconds=0.2)
    assert not one.alive


def test_a_dead_child_is_restarted_later_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "BACKOFF_SECONDS", (0.05, 0.1, 0.15))
    deaths: list[float] = []
    supervisor = Supervisor(
        [child(tmp_path, "raise SystemExit(3)")], lambda _, wait: deaths.append(wait)
    )
    supervisor.start()
    running = threading.Thread(target=supervisor.run)
    running.start()
    assert until(lambda: len(deaths) >= 4)
    supervisor.stopping.set()
    running.join(5)
    assert deaths[:4] == [0.05, 0.1, 0.15, 0.15]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("pass", "按要求重新启动引擎"),
        ("import os; os.kill(os.getpid(), 15)", "按要求重新启动引擎"),
        ("raise SystemExit(3)", "引擎意外退出"),
        ("import os; os.kill(os.getpid(), 9)", "引擎意外退出"),
    ],
    ids=["left", "asked", "failed", "killed"],
)
def test_a_restart_that_was_asked_for_is_not_told_as_a_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    one = child(tmp_path, code)
    one.start()
    assert until(lambda: not one.alive)
    restarting(one, 0.5)
    told = capsys.readouterr()
    assert said in told.out + told.err


def test_all_children_end_when_the_supervisor_stops(tmp_path: Path) -> None:
    children = [child(tmp_path, SLEEPER), child(tmp_path, SLEEPER)]
    supervisor = Supervisor(children, lambda *_: None)
    supervisor.start()
    assert all(one.alive for one in children)
    supervisor.stopping.set()
    supervisor.run()
    assert not any(one.alive for one in children)


def test_a_child_leaves_when_its_parent_is_killed(tmp_path: Path) -> None:
    """Nothing of the parent runs after SIGKILL: the child must notice by itself."""
    inner = f"from ui.supervise import leave_with_parent; leave_with_parent(); {SLEEPER}"
    log = str(tmp_path / "log")
    outer = (
        "import sys, time; from pathlib import Path; from ui.supervise import Child\n"
        f"one = Child('engine', [sys.executable, '-c', {inner!r}], Path({log!r}))\n"
        "one.start(); print(one.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())
    assert until(lambda: (tmp_path / "log").read_text() == "up\n")
    parent.kill()
    parent.wait()
    assert until(lambda: has_ended(grandchild))


def has_ended(pid: int) -> bool:
    """Gone, or a zombie whose new parent has not looked yet."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def test_signals_stop_instead_of_breaking_off() -> None:
    stopping = threading.Event()
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        supervise.stop_on_signals(stopping)
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.wait(2)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def test_a_busy_port_gives_way_to_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        chosen = free_port("127.0.0.1", port)
        assert chosen != port
        assert is_free("127.0.0.1", chosen)
        assert free_port("127.0.0.1", port, avoid=(chosen,)) not in {port, chosen}
