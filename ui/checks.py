"""What `duomo doctor` looks at: one function per question, each with one or more findings.

Every function answers for itself, so that one broken part does not hide the next.
"""

import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from duomo.settings import Settings
from models.errors import DuomoError, Locale
from ui.engine import answers, find_engine
from ui.measures import size
from ui.strings import Strings
from ui.supervise import is_free
from ui.untrusted import one_line

if TYPE_CHECKING:
    from models.catalog import Catalog, Profile

Level = Literal["ok", "warn", "fail"]

LEAST_PYTHON = (3, 11)
LEAST_DISK_BYTES = 2 * 2**30
LEAST_MEMORY_BYTES = 4 * 2**30
_CJK_FONTS = (
    "NotoSansCJK*",
    "NotoSerifCJK*",
    "SourceHan*",
    "wqy-*",
    "PingFang*",
    "msyh*",
    "simsun*",
)
_FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it."""

    level: Level
    subject: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Examination:
    """What the checks read: settings and words."""

    settings: Settings
    text: Strings

    @property
    def locale(self) -> Locale:
        return self.text.locale

    def finding(self, level: Level, key: str, found: str, remedy: str = "") -> Finding:
        """`key` names the subject in the strings, `remedy` what to do unless it is ok."""
        advice = self.text(remedy) if remedy and level != "ok" else ""
        return Finding(level, self.text(f"doctor.{key}"), found, advice)

    def failure(self, key: str, error: DuomoError) -> Finding:
        return Finding("fail", self.text(f"doctor.{key}"), error.message(self.locale))


def examine(examination: Examination) -> Iterator[Finding]:
    """All findings, in the order of `CHECKS`, each as soon as it is known."""
    for check in CHECKS:
        yield from check(examination)


def python(e: Examination) -> Iterable[Finding]:
    enough = sys.version_info[:2] >= LEAST_PYTHON
    yield e.finding("ok" if enough else "fail", "python", platform.python_version(), "fix.python")


def torch_and_device(e: Examination) -> Iterable[Finding]:
    try:
        import torch
    except ImportError as error:
        yield e.finding("fail", "torch", str(error), "fix.install")
        return
    yield e.finding("ok", "torch", torch.__version__)
    yield _device(e, torch.cuda.is_available())


def _device(e: Examination, has_cuda: bool) -> Finding:
    if e.settings.device.startswith("cuda") and not has_cuda:
        return e.finding("fail", "device", e.settings.device, "fix.cuda")
    if not has_cuda or e.settings.device == "cpu":
        return e.finding("ok", "device", e.text("doctor.cpu", name=platform.machine()))
    import torch

    properties = torch.cuda.get_device_properties(0)
    return e.finding("ok", "device", f"{properties.name} · {size(properties.total_memory)}")


def memory(e: Examination) -> Iterable[Finding]:
    free = _available_memory()
    if free is not None:
        level: Level = "ok" if free >= LEAST_MEMORY_BYTES else "warn"
        yield e.finding(level, "memory", e.text("doctor.free", size=size(free)), "fix.memory")


def _available_memory() -> int | None:
    """Bytes that a new process may use (Linux); None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    kib = next((line.split()[1] for line in lines if line.startswith("MemAvailable")), None)
    return None if kib is None else int(kib) * 1024


def disk(e: Examination) -> Iterable[Finding]:
    home = e.settings.home
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    level: Level = "ok" if free >= LEAST_DISK_BYTES else "warn"
    found = e.text("doctor.disk_at", path=home, size=size(free))
    yield e.finding(level, "disk", found, "fix.disk")


def checkpoints(e: Examination) -> Iterable[Finding]:
    from duomo.checkpoints import catalog_of, profiles_of
    from models.catalog import check_profile

    try:
        catalog = catalog_of(e.settings)
        profile = profiles_of(e.settings).get(e.settings.profile)
        if profile is None:
            yield e.finding("fail", "profile", e.settings.profile, "fix.profile")
            return
        check_profile(profile, catalog)
    except DuomoError as error:
        yield e.failure("profile", error)
        return
    found = f"{profile.name} · {size(profile.budget_bytes)}"
    yield e.finding("ok", "profile", found)
    yield from _located(e, catalog, profile)


def _located(e: Examination, catalog: "Catalog", profile: "Profile") -> Iterable[Finding]:
    for role, name in profile.roles.items():
        try:
            catalog.locate(name, e.settings.home)
        except DuomoError as error:
            yield Finding("fail", f"{e.text('doctor.checkpoint')} {role}", error.message(e.locale))
        else:
            yield Finding("ok", f"{e.text('doctor.checkpoint')} {role}", name)


def language_server(e: Examination) -> Iterable[Finding]:
    """Nothing where the language model is the one of this machine."""
    from duomo.language_server import LanguageServer

    if not e.settings.llm_url:
        return
    told = {"model": one_line(e.settings.llm_model), "host": e.settings.llm_host}
    if e.settings.llm_leaves:
        yield e.finding("warn", "server", e.text("doctor.server_away", **told), "fix.server_away")
    else:
        yield e.finding("ok", "server", e.text("doctor.server_here", **told))
    try:
        with closing(LanguageServer(e.settings)) as server:
            offered = server.models()
    except DuomoError as error:
        yield e.failure("server", error)
        return
    if e.settings.llm_model not in offered:
        names = one_line("、".join(offered), 300)
        remedy = e.text("fix.server_lacks", models=names)
        found = e.text("doctor.server_lacks", **told)
        yield Finding("warn", e.text("doctor.server"), found, remedy)


def ports(e: Examination) -> Iterable[Finding]:
    running = find_engine(e.settings)
    if running is not None:
        yield e.finding("ok", "engine", e.text("doctor.running", url=running))
    else:
        yield _port(e, "engine_port", e.settings.port)
    yield _page(e)


def _page(e: Examination) -> Finding:
    url = f"http://{e.settings.host}:{e.settings.ui_port}"
    if answers(f"{url}/_stcore/health"):
        return e.finding("ok", "ui_port", e.text("doctor.running", url=url))
    return _port(e, "ui_port", e.settings.ui_port)


def _port(e: Examination, key: str, port: int) -> Finding:
    if is_free(e.settings.host, port):
        return e.finding("ok", key, str(port))
    return e.finding("warn", key, e.text("doctor.busy", port=port), "fix.port")


def fonts(e: Examination) -> Iterable[Finding]:
    """A Chinese font on this machine; the browser needs one."""
    font = next(_cjk_fonts(), None)
    if font is None:
        yield e.finding("warn", "fonts", e.text("doctor.none"), "fix.fonts")
    else:
        yield e.finding("ok", "fonts", font.name)


def _cjk_fonts() -> Iterator[Path]:
    for folder in map(Path, _FONT_FOLDERS):
        for pattern in _CJK_FONTS:
            yield from folder.expanduser().rglob(pattern)


def speech(e: Examination) -> Iterable[Finding]:
    try:
        import espeakng_loader

        library = Path(espeakng_loader.get_library_path())
    except (ImportError, OSError) as error:
        yield e.finding("fail", "speech", str(error), "fix.install")
        return
    level: Level = "ok" if library.exists() else "fail"
    yield e.finding(level, "speech", library.name, "fix.install")


def text_recognition(e: Examination) -> Iterable[Finding]:
    """The models lie inside the wheel: an import that works is not yet one that can read."""
    try:
        import rapidocr
    except ImportError as error:
        yield e.finding("fail", "ocr", str(error), "fix.install")
        return
    folder = Path(rapidocr.__file__).parent / "models"
    found = [path.name for path in sorted(folder.rglob("*.onnx"))]
    level: Level = "ok" if found else "fail"
    yield e.finding(level, "ocr", e.text("doctor.models", count=len(found)), "fix.install")


CHECKS: tuple[Callable[[Examination], Iterable[Finding]], ...] = (
    python,
    torch_and_device,
    memory,
    disk,
    checkpoints,
    language_server,
    ports,
    fonts,
    speech,
    text_recognition,
)
