"""Loads what a first question needs while HTTP already answers, and says what is still missing."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from models.errors import DuomoError

log = logging.getLogger(__name__)


class Warmup:
    """Named parts, loaded in order on one thread. A part that fails does not stop the others."""

    def __init__(
        self,
        parts: Mapping[str, Callable[[], object]],
        afterwards: Iterable[Callable[[], object]] = (),
    ) -> None:
        """`afterwards`: what nobody waits for, but later questions are the faster for it."""
        self._parts = dict(parts)
        self._afterwards = tuple(afterwards)
        self._lock = threading.Lock()
        self._loading = list(parts)
        self._problems: list[DuomoError] = []
        self._loaded, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="warmup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def loading(self) -> tuple[str, ...]:
        """What is not loaded yet, in order."""
        with self._lock:
            return tuple(self._loading)

    def problems(self) -> tuple[DuomoError, ...]:
        with self._lock:
            return tuple(self._problems)

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until all is loaded or has failed; False when `timeout` seconds were too few."""
        return self._loaded.wait(timeout)

    def close(self) -> None:
        """Begin no further part."""
        self._stop.set()

    def _run(self) -> None:
        try:
            for name, load in self._parts.items():
                if self._stop.is_set():
                    return
                self._load(name, load)
        finally:
            self._loaded.set()
        for more in self._afterwards:
            if self._stop.is_set():
                return
            try:
                more()
            except Exception:  # it is tried again by whoever needs it, who then says so
                log.exception("%s", more)

    def _load(self, name: str, load: Callable[[], object]) -> None:
        problem: DuomoError | None = None
        try:
            load()
        except DuomoError as error:
            problem = error
        except Exception:  # the end of a thread: a part that is broken must not look like loading
            log.exception("%s", name)
            problem = _unexpected(name)
        with self._lock:
            self._loading.remove(name)
            if problem is not None and not self._stop.is_set():
                log.error("%s: %s", name, problem)
                self._problems.append(problem)


def _unexpected(name: str) -> DuomoError:
    return DuomoError(
        f"{name} 加载失败。原因在引擎日志里，也可以运行 duomo doctor 检查。",
        f"Loading {name} failed. See the engine's log, or run duomo doctor.",
    )
