"""Child processes that are started, watched, restarted with back-off, and ended together.

A child holds the read end of a pipe as its standard input. When the parent is gone, however it
ended, the pipe closes and the child leaves (`leave_with_parent`).
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SUPERVISED = "DUOMO_SUPERVISED"
STOP_SECONDS = 10.0
"""How long a child may take to end by itself."""
STEADY_SECONDS = 60.0
"""A child that lived this long is restarted at once and owes nothing to earlier failures."""
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_LOG_BYTES = 4 * 2**20
_TAIL_BYTES = 2000


@dataclass
class Child:
    """One process. Its output goes to `log`; `environment` is added to that of the parent."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        _shorten(self.log)
        environment = {**os.environ, **self.environment, SUPERVISED: "1", "PYTHONUTF8": "1"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the parent, which ends them in order
            )
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ended_as_asked(self) -> bool:
        """It left in order or on SIGTERM, as on a restart that somebody wants; no crash."""
        return self.process is not None and self.process.poll() in (0, -signal.SIGTERM)

    def terminate(self) -> None:
        if self.process is not None and self.alive:
            self.process.terminate()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        if self.process is None:
            return
        self.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def log_tail(self) -> str:
        """The last lines it wrote."""
        try:
            written = self.log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(written.splitlines()[-8:])


@dataclass
class Watch:
    """A supervised child and how often it failed in a row. `restart_at` is None while it lives."""

    child: Child
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps children alive until `stop`. `told(child, seconds)` hears of each end and the wait."""

    def __init__(self, children: Sequence[Child], told: Callable[[Child, float], None]) -> None:
        self._watches = [Watch(child) for child in children]
        self._told = told
        self.stopping = threading.Event()

    def start(self) -> None:
        for watch in self._watches:
            watch.child.start()

    def run(self) -> None:
        """Watch until `stopping` is set, then end every child."""
        try:
            while not self.stopping.wait(0.2):
                for watch in self._watches:
                    self._look_after(watch, time.monotonic())
        finally:
            self.close()

    def _look_after(self, watch: Watch, now: float) -> None:
        if watch.child.alive:
            return
        if watch.restart_at is None:
            steady = now - watch.child.started > STEADY_SECONDS
            watch.failures = 1 if steady else watch.failures + 1
            wait = BACKOFF_SECONDS[min(watch.failures, len(BACKOFF_SECONDS)) - 1]
            watch.restart_at = now + wait
            self._told(watch.child, wait)
        elif now >= watch.restart_at:
            watch.restart_at = None
            watch.child.start()

    def close(self) -> None:
        for watch in self._watches:
            watch.child.terminate()
        for watch in self._watches:
            watch.child.stop()


def stop_on_signals(stopping: threading.Event) -> None:
    """SIGINT and SIGTERM set `stopping`. Call in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())


def leave_with_parent() -> bool:
    """In a supervised child: end like on SIGTERM once the parent is gone. Whether it is one."""
    supervised = os.environ.pop(SUPERVISED, "") == "1"
    if supervised:
        threading.Thread(target=_wait_for_parent, name="parent", daemon=True).start()
    return supervised


def _wait_for_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not buffered: its lock would hang the exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def free_port(host: str, wanted: int, avoid: Sequence[int] = ()) -> int:
    """`wanted` if nobody listens there, else the next one that is free; 0 is any free one."""
    for port in range(wanted, min(wanted + 100, 65536) if wanted else 0):
        if port not in avoid and is_free(host, port):
            return port
    return _any_port(host)


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _any_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _shorten(log: Path) -> None:
    """One earlier log is kept; neither grows without end."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".1.log"))
