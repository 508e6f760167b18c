"""What a hub says it has: untrusted until it is checked here."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from models.errors import SourceUntrusted

HubName = Literal["huggingface", "modelscope"]
MOST_FILES = 10_000
"""Files of one repository: more than any checkpoint has."""
MOST_BYTES = 4 * 2**40
_LONGEST_PATH, _LONGEST_NAME = 512, 200
_STRANGE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')  # what some file system gives a meaning
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class RemoteFile:
    """One file. `git_sha1` is git's hash of a blob: what is known of files outside LFS."""

    path: str
    bytes: int
    sha256: str | None = None
    git_sha1: str | None = None

    @property
    def key(self) -> str:
        """A name for its content, whatever source and revision it comes from."""
        if self.sha256 is not None:
            return self.sha256
        if self.git_sha1 is not None:
            return f"git-{self.git_sha1}"
        return f"path-{hashlib.sha256(self.path.encode()).hexdigest()}"

    @property
    def is_known(self) -> bool:
        """Whether more than the size is known: only then may what lies here stand for it."""
        return self.sha256 is not None or self.git_sha1 is not None


@dataclass(frozen=True)
class Listing:
    """The files of a repository at one commit."""

    repo: str
    revision: str
    files: tuple[RemoteFile, ...]


def remote_file(path: object, size: object, sha256: object, git_sha1: object = None) -> RemoteFile:
    """A file as a hub describes it. Raises SourceUntrusted for what cannot be a file of ours."""
    if not isinstance(path, str) or not is_safe(path):
        raise _strange(f"path {path!r:.80}")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MOST_BYTES:
        raise _strange(f"size {size!r:.40} of {path:.80}")
    return RemoteFile(path, size, _hash(_SHA256, sha256), _hash(_SHA1, git_sha1))


def is_safe(path: str) -> bool:
    """Whether `path` stays inside its folder on every file system, under the name that is shown."""
    parts = path.split("/")
    named = all(0 < len(part.encode()) <= _LONGEST_NAME and _is_name(part) for part in parts)
    return named and len(path) <= _LONGEST_PATH and not _STRANGE.search(path)


def _is_name(part: str) -> bool:
    return part not in {".", ".."} and part == part.rstrip(". ") and not _RESERVED.fullmatch(part)


def distinct(files: Iterable[RemoteFile]) -> tuple[RemoteFile, ...]:
    """The same, sorted. Raises SourceUntrusted where two would be one file, or a file a folder."""
    chosen = tuple(sorted(files, key=lambda file: file.path))
    seen = {file.path.casefold() for file in chosen}
    parents = {str(p).casefold() for f in chosen for p in PurePosixPath(f.path).parents}
    if len(seen) < len(chosen) or seen & parents:
        raise _strange("two files of one name")
    return chosen


def too_many() -> SourceUntrusted:
    return _strange(f"more than {MOST_FILES} files")


def _hash(form: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _strange(what: str) -> SourceUntrusted:
    return SourceUntrusted(
        f"下载来源给出的文件清单不能用（{what}），没有下载任何东西。请换一个来源。",
        f"The source's list of files is not usable ({what}); nothing was fetched. "
        "Choose another source.",
    )
