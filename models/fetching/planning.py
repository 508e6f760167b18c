"""What has to be fetched for a checkpoint, and from where: asked of one hub after another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic_core import from_json

from models.catalog import Checkpoint
from models.errors import InvalidRequest, SourceError, SourceLacks, SourceUnreachable
from models.fetching.caches import Caches
from models.fetching.hubs import Hub
from models.fetching.progress import Meter, Tally
from models.fetching.remote import Listing, RemoteFile
from models.fetching.selection import pipeline_index, select, whole_in_catalogue
from models.fetching.staging import Staging
from models.fetching.transfer import Origin, Transfer, unreachable
from models.fetching.web import Interrupted, Web

ASKED = 3
"""Times that a list is asked for before the next source is."""
T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """The files of `checkpoint`. `origin` is None where all of them have to be here already."""

    checkpoint: Checkpoint
    origin: Origin | None
    repo: str
    revision: str
    files: tuple[RemoteFile, ...]
    tally: Tally


@dataclass
class Order:
    """A checkpoint that is wanted: the hubs not yet asked, and what those asked said."""

    checkpoint: Checkpoint
    staging: Staging
    hubs: Iterator[tuple[Hub, str]]
    errors: list[SourceError] = field(default_factory=list)


def order(checkpoint: Checkpoint, staging: Staging, hubs: Sequence[Hub]) -> Order:
    """Raises InvalidRequest where no hub of `hubs` can have the checkpoint."""
    repos = checkpoint.repos.model_dump()
    found = [(hub, repos[hub.name]) for hub in hubs if repos[hub.name] is not None]
    if not found:
        raise InvalidRequest(
            f"目录条目 {checkpoint.name} 没有写明可以从这个来源的哪个仓库下载。",
            f"Catalogue entry {checkpoint.name} names no repository of this source.",
        )
    return Order(checkpoint, staging, iter(found))


class Planner:
    """Asks hubs. Used within one pull."""

    def __init__(self, web: Web, caches: Caches, meter: Meter) -> None:
        self._web = web
        self._caches = caches
        self._meter = meter

    async def next_plan(self, order: Order) -> Plan:
        """By the next hub that can say what there is; in the end by Hugging Face's cache.

        Raises what the hubs said when there is none left.
        """
        for hub, repo in order.hubs:
            self._meter.enter("asking", checkpoint=order.checkpoint.name, source=hub.endpoint.host)
            try:
                return await self._by_hub(order, hub, repo)
            except SourceError as error:
                order.errors.append(error)
        if all(isinstance(error, SourceUnreachable) for error in order.errors):
            try:
                return self._by_cache(order)
            except SourceError:
                pass  # what the hubs said is what helps
        raise _together(order.errors)

    async def _by_hub(self, order: Order, hub: Hub, repo: str) -> Plan:
        checkpoint = order.checkpoint
        tally = self._meter.tally(checkpoint.name)
        files = whole_in_catalogue(checkpoint)
        if files is not None:
            revision = checkpoint.revision or "main"
        else:
            listing = await self._patiently(
                hub, lambda: hub.listing(self._web, repo, checkpoint.revision)
            )
            revision = listing.revision
            files = await self._chosen(order, Origin(hub, repo, revision), listing)
        return _counted(Plan(checkpoint, Origin(hub, repo, revision), repo, revision, files, tally))

    async def _chosen(
        self, order: Order, origin: Origin, listing: Listing
    ) -> tuple[RemoteFile, ...]:
        """Of a pipeline the index is read first: it names the folders that belong to it."""
        index = pipeline_index(order.checkpoint, listing)
        if index is None:
            return select(order.checkpoint, listing)
        aside = Tally(Meter())
        await Transfer(self._web, origin, order.staging, aside).fetch(index)
        return select(order.checkpoint, listing, components(order.staging.done(index)))

    def _by_cache(self, order: Order) -> Plan:
        checkpoint = order.checkpoint
        listing = self._caches.snapshot(checkpoint)
        index = pipeline_index(checkpoint, listing)
        named = None
        if index is not None:
            path = next(self._caches.candidates(checkpoint.repos, index), None)
            named = components(path) if path is not None else ()
        files = select(checkpoint, listing, named)
        tally = self._meter.tally(checkpoint.name)
        return _counted(Plan(checkpoint, None, listing.repo, listing.revision, files, tally))

    async def _patiently(self, hub: Hub, ask: Callable[[], Awaitable[T]]) -> T:
        for failures in range(1, ASKED + 1):
            try:
                return await ask()
            except Interrupted as error:
                if failures == ASKED:
                    raise unreachable(hub.endpoint.host, error) from error
                await asyncio.sleep(self._web.patience.pause(failures))
        raise AssertionError("unreachable")


def components(path: Path) -> tuple[str, ...]:
    """The folders that a diffusers `model_index.json` names. SourceLacks where it is none."""
    try:
        index = from_json(path.read_bytes())
        named = {name: value for name, value in index.items() if isinstance(value, list)}
    except (OSError, ValueError, AttributeError) as error:
        raise SourceLacks(
            f"model_index.json 读不懂：{error}。请换一个来源。",
            f"model_index.json makes no sense: {error}. Choose another source.",
        ) from error
    return tuple(name for name, value in named.items() if all(value) and "/" not in name)


def _counted(plan: Plan) -> Plan:
    plan.tally.files_total = len(plan.files)
    plan.tally.bytes_total = sum(file.bytes for file in plan.files)
    return plan


def _together(errors: Sequence[SourceError]) -> SourceError:
    """One error of all that was said: its kind is that of the first, the place asked for."""
    first = errors[0]
    if len(errors) == 1:
        return first
    zh = "".join(f"（{number}）{error.zh}" for number, error in enumerate(errors, 1))
    en = " ".join(f"({number}) {error.en}" for number, error in enumerate(errors, 1))
    return type(first)(f"几个来源都取不到：{zh}", f"No source works: {en}")
