"""The two hubs: how each lists a repository and where its files are.

Sources: huggingface.co/docs/hub/api (tree, resolve); ModelScope's `modelscope_hub` client
(repo/files, which cuts its lists at 3,000 entries without saying so).
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urljoin

import httpx

from models.errors import SourceLacks, SourceUntrusted
from models.fetching.remote import (
    MOST_FILES,
    HubName,
    Listing,
    RemoteFile,
    remote_file,
    too_many,
)
from models.fetching.web import Endpoint, Web

COMMIT = re.compile(r"[0-9a-f]{40}")
MOST_PAGES = 100
"""Of a list; a page has a thousand entries."""
MODELSCOPE_CUT = 3000


class Hub(Protocol):
    """A place that has repositories. Both methods raise SourceError; `listing` Interrupted too."""

    @property
    def name(self) -> HubName: ...

    @property
    def endpoint(self) -> Endpoint: ...

    async def listing(self, web: Web, repo: str, revision: str | None) -> Listing:
        """All files of `repo` at `revision`, the hub's default branch where it is None."""
        ...

    def url(self, repo: str, revision: str, path: str) -> str: ...


@dataclass(frozen=True)
class HuggingFace:
    """huggingface.co, or a mirror of it."""

    endpoint: Endpoint
    name: HubName = "huggingface"

    async def listing(self, web: Web, repo: str, revision: str | None) -> Listing:
        commit = await self._commit(web, repo, revision or "main")
        files = [file async for file in self._files(web, repo, commit)]
        return Listing(repo, commit, tuple(files))

    def url(self, repo: str, revision: str, path: str) -> str:
        return f"{self.endpoint.url}/{repo}/resolve/{quote(revision, safe='')}/{quote(path)}"

    async def _commit(self, web: Web, repo: str, revision: str) -> str:
        if COMMIT.fullmatch(revision):
            return revision
        url = f"{self.endpoint.url}/api/models/{repo}/revision/{quote(revision, safe='')}"
        answer, _ = await web.json(self.endpoint, url)
        commit = _field(answer, "sha")
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise _unreadable(self.endpoint)
        return commit

    async def _files(self, web: Web, repo: str, commit: str) -> AsyncIterator[RemoteFile]:
        url: str | None = f"{self.endpoint.url}/api/models/{repo}/tree/{commit}?recursive=true"
        seen = pages = 0
        while url is not None:
            page, headers = await web.json(self.endpoint, url)
            if not isinstance(page, list):
                raise _unreadable(self.endpoint)
            seen, pages = seen + len(page), pages + 1
            if seen > MOST_FILES or pages > MOST_PAGES:
                raise too_many()
            for entry in page:
                if _field(entry, "type") == "file":
                    yield _huggingface_file(entry)
            url = self._next(url, headers)

    def _next(self, url: str, headers: httpx.Headers) -> str | None:
        """The address of the next page, which has to be the hub's own."""
        link = httpx.Response(200, headers=headers).links.get("next", {}).get("url")
        if link is None:
            return None
        following = urljoin(url, link)
        if not following.startswith(f"{self.endpoint.url}/api/"):
            raise _unreadable(self.endpoint)
        return following


def _huggingface_file(entry: Any) -> RemoteFile:
    lfs = entry.get("lfs") or {}
    if not isinstance(lfs, dict):
        lfs = {}
    # Of a file in LFS the oid is that of its pointer.
    oid = None if lfs else entry.get("oid")
    size = lfs.get("size", entry.get("size"))
    return remote_file(entry.get("path"), size, lfs.get("oid"), oid)


@dataclass(frozen=True)
class ModelScope:
    """modelscope.cn. Files are asked for by branch; their SHA-256 pins what comes."""

    endpoint: Endpoint
    name: HubName = "modelscope"

    async def listing(self, web: Web, repo: str, revision: str | None) -> Listing:
        branch = self._branch(revision)
        url = (
            f"{self.endpoint.url}/api/v1/models/{repo}/repo/files"
            f"?Revision={quote(branch, safe='')}&Recursive=True"
        )
        answer, _ = await web.json(self.endpoint, url)
        files = _field(_field(answer, "Data"), "Files")
        if not isinstance(files, list):
            raise _modelscope_says(self.endpoint, answer)
        if len(files) >= MODELSCOPE_CUT:
            raise too_many()
        blobs = [entry for entry in files if _field(entry, "Type") == "blob"]
        described = (
            remote_file(entry.get("Path"), entry.get("Size"), entry.get("Sha256"))
            for entry in blobs
        )
        return Listing(repo, _newest(blobs) or branch, tuple(described))

    def url(self, repo: str, revision: str, path: str) -> str:
        branch, file = quote(self._branch(revision), safe=""), quote(path, safe="")
        return f"{self.endpoint.url}/api/v1/models/{repo}/repo?Revision={branch}&FilePath={file}"

    def _branch(self, revision: str | None) -> str:
        """Catalogue entries name commits and branches of Hugging Face, which mean nothing here."""
        foreign = revision is None or revision == "main" or COMMIT.fullmatch(revision)
        return "master" if foreign or revision is None else revision


def _newest(blobs: list[Any]) -> str | None:
    """The commit that changed a file last, where the answer tells."""
    dated = [
        (entry["CommittedDate"], entry["Revision"])
        for entry in blobs
        if isinstance(entry.get("CommittedDate"), int)
        and isinstance(entry.get("Revision"), str)
        and COMMIT.fullmatch(entry["Revision"])
    ]
    return max(dated)[1] if dated else None


def _modelscope_says(endpoint: Endpoint, answer: Any) -> SourceLacks | SourceUntrusted:
    """An error in a successful answer: this hub says 200 and puts its own code into the body."""
    code = _field(answer, "Code")
    if isinstance(code, int) and code != httpx.codes.OK:
        return SourceLacks(
            f"{endpoint.host} 没有这个仓库或版本（代码 {code}）。请换一个来源。",
            f"{endpoint.host} has no such repository or revision (code {code}). "
            "Choose another source.",
        )
    return _unreadable(endpoint)


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _unreadable(endpoint: Endpoint) -> SourceUntrusted:
    return SourceUntrusted(
        f"{endpoint.host} 的文件清单看不懂。请换一个来源，或检查 HF_ENDPOINT。",
        f"The list of files of {endpoint.host} makes no sense. Choose another source, "
        "or check HF_ENDPOINT.",
    )
