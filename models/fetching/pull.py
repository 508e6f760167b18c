"""`pull`: checkpoints from a hub, or from what is here already, into the data directory.

All of them are planned first, so that the disk is known to suffice before a byte is fetched. It
runs on an event loop of its own, which alone can be stopped amid a silent connection.
"""

import asyncio
import shutil
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from models.catalog import Catalog, Checkpoint
from models.errors import (
    Cancelled,
    CheckpointError,
    DiskFull,
    InvalidRequest,
    SourceError,
)
from models.fetching.caches import Caches
from models.fetching.completion import check_shards, manifest_of, recorded
from models.fetching.digests import digest
from models.fetching.hubs import Hub
from models.fetching.planning import Order, Plan, Planner, order
from models.fetching.progress import Meter, OnProgress, ignore
from models.fetching.remote import RemoteFile
from models.fetching.staging import Staging, telling
from models.fetching.transfer import Transfer
from models.fetching.web import Patience, Web
from models.manifest import MANIFEST_NAME

AT_ONCE = 4
"""Connections at a time: one is rarely all that a line can carry."""
RESERVE_BYTES = 256 * 2**20
"""Left free on the disk: a full one hurts more than this checkpoint helps."""
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Pulled:
    """A checkpoint that is here now. `fetched_bytes` came over the network for it."""

    name: str
    folder: Path
    bytes: int
    fetched_bytes: int


@dataclass(frozen=True)
class Puller:
    """Where checkpoints come from and where they go."""

    catalog: Catalog
    data_dir: Path
    hubs: tuple[Hub, ...]
    caches: Caches
    patience: Patience = field(default_factory=Patience)

    def pull(
        self,
        names: Sequence[str],
        on_progress: OnProgress = ignore,
        cancel: threading.Event | None = None,
    ) -> tuple[Pulled, ...]:
        """Fetch what is not here of `names`; blocks. The callback is called in this thread.

        Raises NotFound, InvalidRequest, SourceError, CheckpointBusy, DiskFull, Cancelled. What came
        by then stays, and the next pull goes on from there.
        """
        stored = (self.catalog.get(name).stored_as for name in names)
        checkpoints = [self.catalog.get(name) for name in dict.fromkeys(stored)]
        wanted = [checkpoint for checkpoint in checkpoints if not self.is_here(checkpoint)]
        if not wanted:
            return ()
        pull = _Pull(self, Meter(on_progress))
        return _run(pull, wanted, cancel or threading.Event())

    def is_here(self, checkpoint: Checkpoint) -> bool:
        try:
            self.catalog.locate(checkpoint.name, self.data_dir)
        except CheckpointError:
            return False
        return True

    def staging(self, checkpoint: Checkpoint) -> Staging:
        return Staging(self.data_dir / "checkpoints", checkpoint.name)


class _Pull:
    """One run of a pull, on its event loop."""

    def __init__(self, puller: Puller, meter: Meter) -> None:
        self._puller = puller
        self._meter = meter
        self._places = asyncio.Semaphore(AT_ONCE)

    def watch(self) -> None:
        """Tell how far it is even while nothing arrives."""
        self._meter.say()

    async def run(self, checkpoints: Sequence[Checkpoint]) -> tuple[Pulled, ...]:
        puller = self._puller
        orders = [order(c, puller.staging(c), puller.hubs) for c in checkpoints]
        for wanted in orders:
            _check_place(wanted.staging)
        web = Web(puller.patience)
        try:
            with ExitStack() as locks:
                for wanted in orders:
                    locks.enter_context(wanted.staging.locked())
                return await self._all(Planner(web, puller.caches, self._meter), web, orders)
        finally:
            await web.close()

    async def _all(self, planner: Planner, web: Web, orders: Sequence[Order]) -> tuple[Pulled, ...]:
        plans = [await self._planned(planner, wanted) for wanted in orders]
        self._check_disk(plans, [wanted.staging for wanted in orders])
        return tuple(
            [
                await self._obtained(planner, web, wanted, plan)
                for wanted, plan in zip(orders, plans, strict=True)
            ]
        )

    async def _planned(self, planner: Planner, wanted: Order) -> Plan:
        """The next plan, and what of it is here already."""
        plan = await planner.next_plan(wanted)
        self._meter.enter("checking", checkpoint=plan.checkpoint.name)
        with telling(wanted.staging.incoming):
            for file in plan.files:
                await self._adopt(wanted, plan, file)
        return plan

    async def _adopt(self, wanted: Order, plan: Plan, file: RemoteFile) -> None:
        """Use the file where it lies, if it is on this disk and its hash is right."""
        staging = wanted.staging
        if not file.is_known:
            return
        found = staging.has(file) or await self._find(wanted, file)
        if found:
            plan.tally.have(file.bytes)
            plan.tally.finished()

    async def _find(self, wanted: Order, file: RemoteFile) -> bool:
        staging, caches = wanted.staging, self._puller.caches
        own = [folder / file.path for folder in staging.earlier()]
        own = [path for path in own if path.is_file() and path.stat().st_size == file.bytes]
        foreign = list(caches.candidates(wanted.checkpoint.repos, file))
        for path in own + foreign:
            if (await digest(file, path)).agrees:
                staging.adopt(file, path, own=path in own)
                return True
        return False

    def _check_disk(self, plans: Sequence[Plan], stagings: Sequence[Staging]) -> None:
        pairs = zip(plans, stagings, strict=True)
        need = sum(f.bytes - s.begun(f) for plan, s in pairs for f in plan.files)
        free = shutil.disk_usage(self._puller.data_dir).free
        if need and need + RESERVE_BYTES > free:
            raise DiskFull(
                f"磁盘空间不够：还要下载 {_gib(need)}，{self._puller.data_dir} 只剩 {_gib(free)}。"
                "请清理磁盘，或用 DUOMO_HOME 把数据目录放到别处。",
                f"Not enough space: {_gib(need)} to fetch, {_gib(free)} free at "
                f"{self._puller.data_dir}. Clean up, or move the data directory with DUOMO_HOME.",
            )

    async def _obtained(self, planner: Planner, web: Web, wanted: Order, plan: Plan) -> Pulled:
        """Fetched by this plan; where its source fails, by the next one's."""
        while True:
            try:
                return await self._fetched(web, wanted.staging, plan)
            except SourceError as error:
                wanted.errors.append(error)
            plan = await self._planned(planner, wanted)
            self._check_disk([plan], [wanted.staging])

    async def _fetched(self, web: Web, staging: Staging, plan: Plan) -> Pulled:
        name = plan.checkpoint.name
        missing = {file.key: file for file in plan.files if not staging.has(file)}
        hashes = {}
        if missing:
            if plan.origin is None:
                raise _incomplete(plan)
            source = plan.origin.hub.endpoint.host
            self._meter.enter("fetching", checkpoint=name, source=source)
            hashes = await self._fetch(Transfer(web, plan.origin, staging, plan.tally), missing)
        self._meter.enter("finishing", checkpoint=name)
        with telling(staging.incoming):
            files = [await recorded(staging, file, hashes) for file in plan.files]
            check_shards(staging, plan)
            await asyncio.to_thread(staging.assemble, plan.files, manifest_of(plan, files))
        fetched = sum(file.bytes for file in missing.values())
        return Pulled(name, staging.folder, sum(f.bytes for f in plan.files), fetched)

    async def _fetch(self, transfer: Transfer, files: dict[str, RemoteFile]) -> dict[str, str]:
        """Key → SHA-256. The first failure stops the others; what came of them stays."""
        hashes = {}

        async def one(key: str, file: RemoteFile) -> None:
            async with self._places:
                hashes[key] = await transfer.fetch(file)

        try:
            async with asyncio.TaskGroup() as group:
                for key, file in files.items():
                    group.create_task(one(key, file))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return hashes


def _run(pull: _Pull, wanted: Sequence[Checkpoint], cancel: threading.Event) -> tuple[Pulled, ...]:
    """On an event loop of this thread. Not `asyncio.run`: that waits for a name that is looked up
    in a thread, and a stop would wait with it."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_until(pull, wanted, cancel))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _until(
    pull: _Pull, wanted: Sequence[Checkpoint], cancel: threading.Event
) -> tuple[Pulled, ...]:
    task = asyncio.ensure_future(pull.run(wanted))
    while not task.done() and not cancel.is_set():
        await asyncio.wait([task], timeout=POLL_SECONDS)
        pull.watch()
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        raise Cancelled
    return task.result()


def _check_place(staging: Staging) -> None:
    """A folder that no pull has made is a person's own: it is not replaced."""
    folder = staging.folder
    is_ours = not folder.is_symlink() and (folder / MANIFEST_NAME).is_file()
    if (folder.is_symlink() or folder.exists()) and not is_ours:
        raise InvalidRequest(
            f"{folder} 已经存在，但不是下载来的，不会动它。请把它移开再下载，"
            "或用 duomo models add 登记它。",
            f"{folder} is there already and was not fetched by Duomo, so it is left alone. Move it "
            "away to pull, or register it with duomo models add.",
        )


def _incomplete(plan: Plan) -> SourceError:
    return SourceError(
        f"本机缓存里的 {plan.checkpoint.name} 不完整，又连不上任何来源。请检查网络后再试。",
        f"The cached {plan.checkpoint.name} is not complete and no source can be reached. "
        "Check the network and try again.",
    )


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
