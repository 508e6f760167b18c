"""The engine: everything put together, once. The composition root and the SDK."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import torch

from agent.approval import Approvals, AskFirst
from agent.conversations import Conversation
from agent.events import EventLog
from agent.rerun import Reruns
from agent.runs import Runs
from duomo.answer import Answer, collect
from duomo.approving import approving, refusing
from duomo.branching import branch
from duomo.checkpoints import inventory_of
from duomo.dictation import Dictation
from duomo.embedding import LeasedEmbedder
from duomo.exporting import Page, write_bundle
from duomo.home import HomeClaim, claim_home
from duomo.importing import read_bundle
from duomo.indexing import Indexing
from duomo.language_model import chat_model
from duomo.language_server import LanguageServer
from duomo.once import Once
from duomo.pictures import Pictures
from duomo.profiles import chosen
from duomo.programs import Programs
from duomo.pulls import Pulls
from duomo.reading_aloud import ReadingAloud
from duomo.samples import Gallery, suggestions, thumbnail
from duomo.settings import Settings
from duomo.version import VERSION
from duomo.warmup import Warmup
from duomo.watching import Watching
from models.catalog import Checkpoint
from models.errors import CheckpointBusy, CheckpointError, InvalidRequest
from models.inventory import Inventory, Removed
from models.residency import Residency
from retrieval.library import Hit, Library
from tools.absent import absent
from tools.answer_cache import AnswerCache
from tools.artifacts import Artifact, ArtifactStore, Lineage
from tools.contract import Tool
from tools.creations import Creations
from tools.registry import discover

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from agent.build import Agent, Memory
    from agent.tooling import Workshop


FIRST_PICTURES_SECONDS = 20.0
"""How long a search in an empty library waits for what is being indexed."""


class Engine:
    """One per data directory. `start` begins the background work, `close` ends everything.

    `chat_model` replaces the leased language model (another backend, or a script in tests).
    Raises EngineUnavailable (the directory is taken), CheckpointError, LibraryDamaged.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        claim: HomeClaim | None = None,
        chat_model: "BaseChatModel | None" = None,
        gallery: Gallery | None = None,
    ) -> None:
        self.settings = settings
        self._chat_model = chat_model
        self._endpoint = LanguageServer(settings)
        self.gallery = gallery or Gallery()
        self.profile, self.catalog = chosen(settings)
        device = _device(settings.device)
        self._ask_first = _ask_first(settings)
        # From here on nothing is refused any more: what a refusal leaves open, nobody closes.
        self._own_claim = claim_home(settings.home) if claim is None else None
        self.residency = self._open_residency(device)
        self.artifacts = ArtifactStore(settings.artifacts_dir)
        self.incoming_dir.mkdir(exist_ok=True)
        self.answers = AnswerCache(settings.answers_path, settings.answer_cache, VERSION)
        self.tools, self.absent_tools = self._sorted_tools()
        self.events = EventLog(settings.events_path)
        self._library = Once(self._open_library)
        self._awake = Once(self._wake_library)
        self._searchable = Once(self._with_first_pictures)
        self._memory = Once(self._open_memory)
        self._agent = Once(self._build_agent)
        self.runs = Runs(self.events, self.artifacts, self._agent)
        self.approvals = Approvals(self.runs, self.events, self.tools)
        self.reruns = Reruns(self.runs, self.events, self.tools, self._workshop)
        self.reading_aloud = ReadingAloud(
            self.events, self.residency, visible_labels=settings.visible_labels
        )
        self.dictation = Dictation(self.residency)
        self.programs = Programs(
            self.runs,
            self.events,
            self.artifacts,
            self.residency,
            self.tools,
            self._workshop,
            Once(self._bare_model),
        )
        self.indexing = Indexing(self._library, settings.home / "indexing.json")
        self.watching = Watching(self._library, self.indexing, settings.home)
        self.pictures = Pictures(self._library, self.artifacts, self.residency)
        self.creations = Creations(settings.artifacts_dir, self.artifacts)
        self.pulls = Pulls(settings, self._pulled)
        self.warmup = self._new_warmup()

    # Life

    def start(self) -> None:
        """Close what a dead engine left open, load in the background, index what waits."""
        self.runs.recover()
        self.warmup.start()

    def close(self) -> None:
        """Stop runs and indexing, then release device, files and the data directory."""
        self.watching.close()
        self.warmup.close()
        self.pulls.close()
        self.runs.close()
        self._endpoint.close()
        self.indexing.close()
        self.residency.close()
        self.events.close()
        self._library.close(Library.close)
        self._memory.close(lambda memory: memory.close())
        self.creations.close()
        self.artifacts.close()
        self.answers.close()
        if self._own_claim is not None:
            self._own_claim.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # SDK

    def ask(
        self,
        text: str,
        images: Sequence[Path] = (),
        *,
        conversation_id: str | None = None,
        approve: bool = False,
    ) -> Answer:
        """One turn, to its end. `images`: files to attach; `approve`: steps that ask first go
        ahead. Raises the run's error, Cancelled, or ApprovalNeeded."""
        attachments = [self.keep(image, image.name).sha256 for image in images]
        if conversation_id is None:
            conversation_id = self.events.conversations.create().id
        run_id = self.runs.start(conversation_id, text, attachments)
        events = self.events.follow(run_id)
        told = approving(events, self.approvals) if approve else refusing(events, self.runs)
        return collect(conversation_id, run_id, told, self.export)

    def keep(self, file: Path, name: str) -> Artifact:
        """Store a person's file. Raises UnreadableMedia, MediaTooLarge, DiskFull."""
        return self.artifacts.put(file, name=name, lineage=Lineage(source="upload"))

    def export(self, sha256: str, *, visible_label: bool | None = None) -> Path:
        """An artifact as it leaves: without GPS; with the mark of made content where it is wanted,
        here or by the settings."""
        return self.artifacts.export(sha256, visible_label=self._is_visible(visible_label))

    def export_conversation(self, conversation_id: str, sink: IO[bytes], page: Page) -> None:
        """Write a conversation as one zip, for people and for `import_conversation`.

        `page`: name and text of what people read. Raises NotFound, InvalidRequest while it runs,
        DiskFull.
        """
        write_bundle(sink, conversation_id, self.events, self.artifacts, self.export, page)

    def import_conversation(self, file: Path) -> Conversation:
        """A conversation from such a zip. Raises UnreadableMedia, MediaTooLarge, DiskFull."""
        return read_bundle(file, self.incoming_dir, self.events, self.artifacts, self._remember)

    def branch(self, conversation_id: str, run_id: str, *, before: bool = False) -> Conversation:
        """A new conversation that begins like this one, up to its turn `run_id`, or `before` it.

        The other stays as it is. Raises NotFound, InvalidRequest (a turn of it still runs),
        DiskFull.
        """
        return branch(
            conversation_id,
            run_id,
            before=before,
            events=self.events,
            artifacts=self.artifacts,
            remember=self._remember,
        )

    def _remember(self, conversation_id: str, messages: "Sequence[BaseMessage]") -> None:
        from agent.build import restore_memory

        restore_memory(self._agent(), conversation_id, messages)

    def thumbnail(self, sha256: str, size: int, *, visible_label: bool | None = None) -> bytes:
        """WebP of a picture artifact, at most `size` px a side or the next side that is kept."""
        return self.artifacts.thumbnail(sha256, size, visible_label=self._is_visible(visible_label))

    def _is_visible(self, wanted: bool | None) -> bool:
        return self.settings.visible_labels if wanted is None else wanted

    def search(self, query: str, top_k: int = 12) -> list[Hit]:
        """Pictures of the library, best first."""
        return self.library.search_text(query, top_k)

    # What the engine consists of

    @property
    def library(self) -> Library:
        """Opened when first needed: importing the embedder takes seconds."""
        return self._library()

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """One per role of the profile."""
        return tuple(self.catalog.get(name) for name in self.profile.roles.values())

    def is_present(self, checkpoint: Checkpoint) -> bool:
        """Whether its files are on this disk and whole."""
        try:
            self.catalog.locate(checkpoint.name, self.settings.home)
        except CheckpointError:
            return False
        return True

    def is_starter(self, role: str | None = None) -> bool:
        """Whether a starter checkpoint serves `role`, or any role."""
        chosen = self.checkpoints() if role is None else (self.residency.checkpoint(role),)
        return any((checkpoint.bundled or "").startswith("starter/") for checkpoint in chosen)

    def inventory(self) -> Inventory:
        """The disk and the catalogue as they are now, entries registered meanwhile among them."""
        return inventory_of(self.settings)

    def remove_checkpoint(self, name: str) -> Removed:
        """Delete what was pulled, or forget a folder. Raises as `Inventory.remove` does, and
        CheckpointBusy while it is in memory."""
        inventory = self.inventory()
        stored = inventory.item(name).checkpoint.stored_as
        held = self.residency.state().in_memory
        if stored in {self.catalog.get(known).stored_as for known in held}:
            raise CheckpointBusy(
                f"{name} 正在内存里使用。请换一个配置并重新启动后再删除。",
                f"{name} is in memory. Choose another profile and start again, then remove it.",
            )
        return inventory.remove(name)

    def _pulled(self) -> None:
        """Try again what failed at the start for want of its checkpoint."""
        if self.warmup.problems():
            self.warmup.close()
            self.warmup = self._new_warmup()
            self.warmup.start()

    def suggestions(self) -> tuple[str, ...]:
        return suggestions(self.tools)

    def library_thumbnail(self, image_id: int, size: int) -> bytes:
        """WebP of a library picture. NotFound, UnreadableMedia when its file is gone or broken."""
        return thumbnail(self.library.get(image_id).path, size)

    @property
    def incoming_dir(self) -> Path:
        """Where uploads lie until they are stored: on the same disk as the artifacts."""
        return self.settings.artifacts_dir / "incoming"

    # Construction

    def _open_residency(self, device: torch.device) -> Residency:
        return Residency(
            self.catalog,
            self.profile,
            device=device,
            budget_bytes=self.settings.budget or self.profile.budget_bytes,
            data_dir=self.settings.home,
            host_bytes=_host_bytes(self.settings, device),
            idle_seconds=60 * self.settings.idle_minutes or None,
        )

    def _open_library(self) -> Library:
        with self.residency.lease("clip") as clip:
            embedder = LeasedEmbedder(self.residency, clip)
        return Library(self.settings.library_dir, embedder)

    def _sorted_tools(self) -> tuple[dict[str, Tool], dict[str, Tool]]:
        """Those whose roles the profile has, and the others."""
        found = discover()
        offered = {
            name: tool
            for name, tool in found.items()
            if all(self.residency.has(role) for role in tool.roles)
        }
        others = {name: absent(tool) for name, tool in found.items() if name not in offered}
        return offered, others

    def _new_warmup(self) -> Warmup:
        prepared = [partial(self.residency.prepare, role) for role in self.profile.roles]
        return Warmup(self._first_needs(), prepared)

    def _first_needs(self) -> dict[str, Callable[[], object]]:
        """What a first question waits for, by the name that `/readyz` shows."""
        needs: dict[str, Callable[[], object]] = {}
        if self._chat_model is None and not self.settings.llm_url:
            needs["llm"] = lambda: self._warm("llm")
        # The library last: its embedder takes longest, and many a question does without.
        return {**needs, "agent": self._agent, "library": self._awake}

    def _warm(self, role: str) -> None:
        with self.residency.lease(role):
            pass

    def _wake_library(self) -> None:
        """Open it, index what a dead engine left to do and what changed since, and watch."""
        if self.indexing.resume() is None and (folders := self._folders_to_index()):
            self.indexing.start(folders)
        self.watching.start()

    def _with_first_pictures(self) -> Library:
        """The library as tools search it: on a first run with the sample gallery in it."""
        self._awake()
        if not self.library.stats().pictures:
            self.indexing.wait(FIRST_PICTURES_SECONDS)
        return self.library

    def _folders_to_index(self) -> list[Path]:
        """The sample gallery on a first run, later all folders."""
        stats = self.library.stats()
        if not (stats.pictures or stats.folders):
            return [self.gallery.folder] if self.gallery.samples else []
        return [folder for folder in stats.folders if folder.is_dir()]

    def _open_memory(self) -> "Memory":
        from agent.build import open_memory

        return open_memory(self.settings.memory_path)

    def _foresee(self, tool_name: str) -> None:
        """A tool will be called once its arguments are written: get its checkpoints meanwhile."""
        tool = self.tools.get(tool_name)
        for role in tool.roles if tool is not None else ():
            self.residency.prefetch(role)

    def _build_agent(self) -> "Agent":
        # Imported late: LangChain takes seconds.
        from agent.build import build_agent
        from agent.middleware import Limits
        from agent.reading import Reader
        from agent.tooling import as_langchain

        return build_agent(
            self._chat_model
            or chat_model(
                self.settings,
                self.residency,
                self._endpoint,
                Reader(),
                self.tools.values(),
                self._foresee,
            ),
            as_langchain(self._known_tools(), self._workshop()),
            self._memory(),
            Limits(model_calls=self.settings.max_steps),
            ask_first=self._ask_first,
            contracts=self.tools,
        )

    def _known_tools(self) -> list[Tool]:
        """By name, so that the language model reads them in one order."""
        return [tool for _, tool in sorted({**self.tools, **self.absent_tools}.items())]

    def _bare_model(self) -> "BaseChatModel":
        from agent.reading import Verbatim

        return self._chat_model or chat_model(
            self.settings, self.residency, self._endpoint, Verbatim(), None
        )

    def _workshop(self) -> "Workshop":
        from agent.tooling import Workshop

        return Workshop(self.artifacts, self._searchable, self.residency, self.answers)


def _ask_first(settings: Settings) -> AskFirst:
    """A name that is no tool's would leave open what a person wanted guarded."""
    known = discover()
    if unknown := [name for name in settings.ask_before if name not in known]:
        raise InvalidRequest(
            f"设置 ask_before 里的 {unknown[0]} 不是工具名，可用的有：{'、'.join(known)}。",
            f"{unknown[0]} in the setting ask_before is no tool; there are {', '.join(known)}.",
        )
    return AskFirst(frozenset(settings.ask_before), settings.ask_above_count)


def _host_bytes(settings: Settings, device: torch.device) -> int:
    """RAM for weights that had to leave the card; without a card they would lie there twice."""
    if device.type != "cuda":
        return 0
    if settings.host_memory is not None:
        return settings.host_memory
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def check_settings(settings: Settings) -> None:
    """Raise what an engine of these settings would be refused with at its start."""
    chosen(settings)
    _device(settings.device)
    _ask_first(settings)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InvalidRequest(
            "这台电脑上没有可用的 CUDA 显卡。请把设置 device 改为 auto 或 cpu。",
            "There is no usable CUDA device here. Set device to auto or cpu.",
        )
    return torch.device(name)
