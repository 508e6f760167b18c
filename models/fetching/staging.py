"""Where a checkpoint grows before it is one: `checkpoints/.incoming/NAME/`.

Files lie there under the hash of their content, `HASH.part` until they are whole and checked. So
they serve whatever source or revision asks for that content, after a stop or a kill. The checkpoint
appears in its own place by one rename, complete or not at all.
"""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from models.errors import CheckpointBroken, CheckpointBusy, DiskFull, DuomoError
from models.fetching.remote import RemoteFile
from models.manifest import MANIFEST_NAME, Manifest, read_manifest, write_manifest

INCOMING = ".incoming"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES})
ASSEMBLED, REPLACED = "assembled", "replaced"


class Staging:
    """The growing files of one checkpoint. `folder` is where it will be."""

    def __init__(self, checkpoints: Path, name: str) -> None:
        self.name = name
        self.folder = checkpoints / name
        self.incoming = checkpoints / INCOMING / name
        self._lock = checkpoints / INCOMING / f"{name}.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with this checkpoint, across processes. Raises CheckpointBusy at once, DiskFull."""
        with telling(self.incoming):
            self.incoming.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._lock, thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                raise busy(self.name) from error
        try:
            yield
        finally:
            with suppress(OSError):  # what is in use, or not empty, stays
                self.incoming.rmdir()
            lock.release()

    def part(self, file: RemoteFile) -> Path:
        return self.incoming / f"{file.key}.part"

    def done(self, file: RemoteFile) -> Path:
        return self.incoming / file.key

    def has(self, file: RemoteFile) -> bool:
        """Whether it has come whole. What is only known by its path may be of another revision."""
        path = self.done(file)
        return file.is_known and path.is_file() and path.stat().st_size == file.bytes

    def begun(self, file: RemoteFile) -> int:
        """Bytes of it that have come, whole or not."""
        if self.has(file):
            return file.bytes
        part = self.part(file)
        return min(part.stat().st_size, file.bytes) if file.is_known and part.is_file() else 0

    def settle(self, file: RemoteFile) -> None:
        """`part` is whole and checked: it gets its name, durably."""
        part = self.part(file)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(self.done(file))

    def adopt(self, file: RemoteFile, path: Path, *, own: bool) -> None:
        """Use a checked file that is here already, without its bytes twice where that can be.

        A hard link outlives the other's cache; a symbolic one is for caches on another file
        system. `own`: it lies in a folder that will be replaced, so a symbolic link would break.
        """
        done = self.done(file)
        done.unlink(missing_ok=True)
        source = path.resolve(strict=True)
        try:
            done.hardlink_to(source)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copyfile(source, done) if own else done.symlink_to(source)
        self.part(file).unlink(missing_ok=True)

    def earlier(self) -> tuple[Path, ...]:
        """Folders of ours with files of this checkpoint: as it was, and what a kill left behind."""
        left = (self.folder, self.incoming / ASSEMBLED, self.incoming / REPLACED)
        return tuple(folder for folder in left if folder.is_dir())

    def assemble(self, files: Sequence[RemoteFile], manifest: Manifest) -> None:
        """Put the finished files into the checkpoint's folder, which appears by a rename."""
        assembled, replaced = self.incoming / ASSEMBLED, self.incoming / REPLACED
        discard(assembled)
        uses = _uses(files)
        for file in files:
            path = assembled / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            self._place(self.done(file), path, last=uses[file.key] == file.path)
        write_manifest(assembled, manifest)
        _sync_folders(assembled)
        discard(replaced)
        if self.folder.exists():
            _keep_strangers(self.folder, assembled)
            self.folder.rename(replaced)
        assembled.rename(self.folder)
        _sync_folder(self.folder.parent)
        discard(self.incoming)

    def _place(self, source: Path, target: Path, *, last: bool) -> None:
        """Two paths of one content get a copy each."""
        if last:
            source.replace(target)
        else:
            shutil.copyfile(source, target)


def _keep_strangers(old: Path, new: Path) -> None:
    """What a person put beside the fetched files of `old` is theirs: it moves to `new`."""
    try:
        manifest = read_manifest(old)
    except CheckpointBroken:
        manifest = None
    fetched = manifest.files if manifest is not None else ()
    ours = {MANIFEST_NAME, *(file.path for file in fetched)}
    for path in sorted(old.rglob("*")):
        relative = path.relative_to(old)
        is_ours = relative.as_posix() in ours or path.is_dir() or (new / relative).exists()
        if not is_ours:
            (new / relative).parent.mkdir(parents=True, exist_ok=True)
            path.rename(new / relative)


def _uses(files: Sequence[RemoteFile]) -> Mapping[str, str]:
    """Key → the last path that needs it."""
    return {file.key: file.path for file in files}


def discard(path: Path) -> int:
    """Remove a file, a link or a folder; the bytes that came free. What lies behind links stays."""
    if path.is_symlink() or path.is_file():
        freed = _own_bytes(path)
        path.unlink()
        return freed
    if not path.is_dir():
        return 0
    freed = sum(_own_bytes(inner) for inner in path.rglob("*"))
    shutil.rmtree(path)
    return freed


def _own_bytes(path: Path) -> int:
    """Bytes that go when this name goes: none where another name has the same file."""
    info = path.lstat()
    is_alone = path.is_file() and not path.is_symlink() and info.st_nlink == 1
    return info.st_size if is_alone else 0


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Turns what a disk refuses into words."""
    try:
        yield
    except OSError as error:
        raise disk_error(folder, error) from error


def disk_error(folder: Path, error: OSError) -> DuomoError:
    if error.errno in _FULL:
        return DiskFull(
            f"磁盘满了（{folder}）。已下载的部分都留着：清理出空间，再运行一次会接着下载。",
            f"The disk of {folder} is full. What came is kept: make room and pull again to go on.",
        )
    return DuomoError(
        f"{folder} 写不进去或读不了（{error.strerror}）。请检查权限，"
        "或用 DUOMO_HOME 把数据目录放到别处。",
        f"Cannot read or write {folder} ({error.strerror}). Check its permissions, "
        "or move the data directory with DUOMO_HOME.",
    )


def busy(name: str) -> CheckpointBusy:
    return CheckpointBusy(
        f"{name} 正在由另一个程序下载或删除。请等它结束，或先停止它。",
        f"{name} is being fetched or removed by another program. Wait for it, or stop it first.",
    )


def _sync_folders(root: Path) -> None:
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
