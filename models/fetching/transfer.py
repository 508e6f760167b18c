"""One file from a hub onto the disk: from where it stopped, in the size and with the hash promised.

Never more bytes than were promised, never the name of a whole file before the hash agrees.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import httpx

from models.errors import SourceUnreachable, SourceUntrusted
from models.fetching.digests import Digests, digest
from models.fetching.hubs import Hub
from models.fetching.progress import Tally
from models.fetching.remote import RemoteFile
from models.fetching.staging import Staging, telling
from models.fetching.web import Interrupted, Web

MISMATCHES = 2
"""A part from another day may be damaged; a second whole copy that is wrong is the source's."""


@dataclass(frozen=True)
class Origin:
    """Where the files of one checkpoint come from."""

    hub: Hub
    repo: str
    revision: str

    def url(self, path: str) -> str:
        return self.hub.url(self.repo, self.revision, path)


class Transfer:
    """Fetches the files of one checkpoint into its staging."""

    def __init__(self, web: Web, origin: Origin, staging: Staging, tally: Tally) -> None:
        self._web = web
        self._origin = origin
        self._staging = staging
        self._tally = tally

    async def fetch(self, file: RemoteFile) -> str:
        """The SHA-256 of the file, which is whole in the staging afterwards.

        Raises SourceError, DiskFull; what came stays.
        """
        with telling(self._staging.incoming):
            for _ in range(MISMATCHES):
                part = await _Part.left(file, self._staging.part(file), self._tally)
                await self._fill(part)
                if part.digests.agrees:
                    await asyncio.to_thread(self._staging.settle, file)
                    return part.digests.sha256
                part.drop()
        raise self._wrong(file)

    async def _fill(self, part: "_Part") -> None:
        """All bytes of the file are there afterwards; whether they are right, the digests know."""
        failures = 0
        while part.lacks:
            before = part.come
            try:
                await self._go_on(part)
            except Interrupted as error:
                if error.status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    part.drop()
                failures = 1 if part.come > before else failures + 1
                if failures >= self._web.patience.attempts:
                    host = self._origin.hub.endpoint.host
                    raise unreachable(host, error, part.file.path) from error
                await asyncio.sleep(self._web.patience.pause(failures))

    async def _go_on(self, part: "_Part") -> None:
        """One answer of the source, written behind what is there. Raises Interrupted."""
        file = part.file
        headers = {"Range": f"bytes={part.come}-"} if part.come else {}
        url = self._origin.url(file.path)
        async with self._web.get(self._origin.hub.endpoint, url, headers) as response:
            if part.come and not _continues(response, part.come, file.bytes):
                part.drop()
            if not part.come and response.status_code != httpx.codes.OK:
                raise Interrupted("没有从断点继续", "not the range that was asked for")
            self._check_promise(file, response, part.come)
            await self._write(response, part)

    async def _write(self, response: httpx.Response, part: "_Part") -> None:
        watch = _Watch(self._web)
        with part.path.open("ab", buffering=0) as stream:
            async for chunk in response.aiter_raw():
                block = chunk[: part.file.bytes - part.come]
                part.append(stream, block)
                if len(block) < len(chunk):
                    raise self._wrong(part.file)
                watch.arrived(len(block))
        if part.lacks:
            raise Interrupted("没有传完就断开了", "the answer ended early")

    def _check_promise(self, file: RemoteFile, response: httpx.Response, start: int) -> None:
        """Refuse what declares another length at once, not after gigabytes."""
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        length = _number(response.headers, "content-length")
        if encoded or (length is not None and start + length > file.bytes):
            raise self._wrong(file)

    def _wrong(self, file: RemoteFile) -> SourceUntrusted:
        host = self._origin.hub.endpoint.host
        return SourceUntrusted(
            f"{host} 给的 {file.path} 大小或校验值不对，没有采用。请换一个来源（--source），"
            "或过些时候再试。",
            f"{host} sent a {file.path} of the wrong size or hash; it was not used. "
            "Choose another source (--source), or try again later.",
        )


class _Part:
    """A file as far as it has come, and the digests of exactly that."""

    def __init__(self, file: RemoteFile, path: Path, digests: Digests, tally: Tally) -> None:
        self.file = file
        self.path = path
        self.digests = digests
        self._tally = tally

    @classmethod
    async def left(cls, file: RemoteFile, path: Path, tally: Tally) -> "_Part":
        """What an earlier attempt left, where that can be the beginning of this very file."""
        usable = file.is_known and path.is_file() and path.stat().st_size <= file.bytes
        if not usable:
            path.unlink(missing_ok=True)
            path.touch()
            return cls(file, path, Digests(file), tally)
        digests = await digest(file, path)
        tally.have(digests.bytes)
        return cls(file, path, digests, tally)

    @property
    def come(self) -> int:
        return self.digests.bytes

    @property
    def lacks(self) -> bool:
        return self.come < self.file.bytes

    def append(self, stream: RawIOBase, block: bytes) -> None:
        rest = memoryview(block)
        while rest:  # an unbuffered write may take less than it is given
            rest = rest[stream.write(rest) or 0 :]
        self.digests.update(block)
        self._tally.arrived(len(block))

    def drop(self) -> None:
        """Begin again."""
        self.path.unlink(missing_ok=True)
        self._tally.have(-self.come)
        self.digests = Digests(self.file)


class _Watch:
    """Gives a connection up that trickles: it would hold a place for days."""

    def __init__(self, web: Web) -> None:
        self._least, self._span = web.patience.least_rate, web.patience.trickle
        self._began, self._bytes = time.monotonic(), 0

    def arrived(self, count: int) -> None:
        self._bytes += count
        spent = time.monotonic() - self._began
        if spent >= self._span:
            if self._bytes < self._least * spent:
                raise Interrupted("太慢", "too slow")
            self._began, self._bytes = time.monotonic(), 0


def _continues(response: httpx.Response, start: int, size: int) -> bool:
    """Whether a 206 begins where we stopped, in a file as long as ours."""
    told = response.headers.get("content-range", "")
    return response.status_code == httpx.codes.PARTIAL_CONTENT and told in {
        f"bytes {start}-{size - 1}/{size}",
        f"bytes {start}-{size - 1}/*",
    }


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None


def unreachable(host: str, error: Interrupted, path: str = "") -> SourceUnreachable:
    """`path`: the file that was on its way; without one, nothing had begun."""
    zh, en = (f"（{path}）", f" for {path}") if path else ("", "")
    kept_zh, kept_en = ("已下载的部分都留着。", " What came is kept.") if path else ("", "")
    return SourceUnreachable(
        f"从 {host} 取不到{zh}：{error.zh}。{kept_zh}请检查网络和代理，"
        "设置镜像（HF_ENDPOINT），或换一个来源（--source modelscope）。",
        f"{host} gives nothing{en}: {error.en}.{kept_en} Check network and proxy, set a mirror "
        "(HF_ENDPOINT), or choose another source (--source modelscope).",
    )
