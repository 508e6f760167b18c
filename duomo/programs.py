"""What programs ask that keep their conversations themselves and tell them anew each time.

Each request is a run like any other, with its queue, steps, log and labels, in a conversation of
its own whose source is `program`: the list on the page leaves those out. Nothing is remembered of
it but the log and the files, which go when it is deleted.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from agent.approval import checked
from agent.options import AS_SET, Options
from agent.work import Called, Completed
from tools.artifacts import Lineage
from tools.handles import KIND_ZH, Kind, handle_of, kind_of, mentioned, with_attachments
from tools.registry import discover

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from agent.events import EventLog
    from agent.runs import Runs
    from agent.tooling import Workshop
    from models.residency import Residency
    from tools.artifacts import Artifact, ArtifactStore
    from tools.contract import Tool

_TITLE = 200  # characters of what was asked that name a run of one tool


@dataclass(frozen=True)
class File:
    """A file of a message: bytes that came with it, of `kind`; or what the store has already.

    `handle`: what the conversation called it, where that is known.
    """

    data: bytes = b""
    kind: Kind | None = None
    sha256: str | None = None
    handle: str | None = None


@dataclass(frozen=True)
class Message:
    role: Literal["user", "assistant"]
    text: str
    files: tuple[File, ...] = ()


@dataclass
class Programs:
    """Thread-safe. `model` is called on the worker thread: the language model, without any tools
    of ours and with every message as it is."""

    runs: "Runs"
    events: "EventLog"
    artifacts: "ArtifactStore"
    residency: "Residency"
    tools: Mapping[str, "Tool"]
    workshop: "Callable[[], Workshop]"
    model: "Callable[[], BaseChatModel]"

    def talk(self, messages: Sequence[Message], options: Options = AS_SET) -> str:
        """Answer the last message, which is a person's, after those before it. The run's id.

        Pictures and sounds are numbered in order of appearance, so that the same history gives them
        the same handles each time. Raises `NotFound`, UnreadableMedia, MediaTooLarge,
        `InvalidRequest`, DiskFull, EngineUnavailable.
        """
        *past, last = _alternating(messages)
        with self._conversation() as new:
            history = _as_history(past, [self._past_files(m, new) for m in past])
            self.artifacts.restore_handles(new.id, new.named)
            files = [self._keep(file, new).sha256 for file in last.files]
            return self.runs.start(new.id, last.text, files, history=history, options=options)

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] = (),
        options: Options = AS_SET,
    ) -> str:
        """One reply of the language model itself to `messages`, in OpenAI's form. The run's id."""
        from langchain_core.messages import convert_to_messages  # late: LangChain takes seconds

        work = Completed(self.model, convert_to_messages([dict(m) for m in messages]), tools)
        said = [m["content"] for m in messages if m["role"] == "user"]
        with self._conversation() as new:
            return self.runs.begin(new.id, (said or [""])[-1], work, options=options)

    def call(
        self,
        name: str,
        arguments: Sequence[Mapping[str, Any]],
        files: Sequence[File] = (),
        *,
        fresh: bool = True,
    ) -> str:
        """Carry out one tool, once for each of `arguments`, which name `files` by their handles
        (`img-1`, `aud-1`, …). The run's id.

        Raises `NotFound` where the profile lacks what the tool needs, and as `talk` does.
        """
        for role in discover()[name].roles:
            self.residency.checkpoint(role)
        right = [checked(self.tools, name, one) for one in arguments]
        tool = self.tools[name]
        with self._conversation() as new:
            for file in files:
                self.artifacts.assign(new.id, self._keep(file, new).sha256)
            told = "、".join(str(value) for value in right[0].values())
            words = f"{tool.title_zh}：{told}"[:_TITLE]
            work = Called(tool, right, self.workshop)
            return self.runs.begin(new.id, words, work, fresh=fresh)

    @contextmanager
    def _conversation(self) -> "Iterator[_New]":
        """A conversation for one run. Nothing is left of it when that cannot begin."""
        new = _New(self.events.conversations.create(source="program").id)
        try:
            yield new
        except BaseException:
            self.artifacts.forget(new.id, also=new.fresh)
            self.events.conversations.delete(new.id)
            raise

    def _past_files(self, message: Message, new: "_New") -> list[str]:
        """Handles of the files of an earlier message. What an answer showed may be gone by now."""
        kept = [
            (self._keep(file, new), file.handle)
            for file in message.files
            if message.role == "user" or self.artifacts.has(file.sha256 or "")
        ]
        return [new.name(artifact, handle) for artifact, handle in kept]

    def _keep(self, file: File, new: "_New") -> "Artifact":
        if file.sha256 is not None:
            return self.artifacts.get(file.sha256)
        sha256 = hashlib.sha256(file.data).hexdigest()
        if not self.artifacts.has(sha256):
            new.fresh.append(sha256)
        name = KIND_ZH[file.kind] if file.kind else ""
        lineage = Lineage(source="upload")
        return self.artifacts.put(file.data, file.kind, name=name, lineage=lineage)


@dataclass
class _New:
    """A conversation that is being told: its handles so far, and what was stored for it."""

    id: str
    named: dict[str, str] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)

    def name(self, artifact: "Artifact", wanted: str | None) -> str:
        """The handle of an appearance: `wanted`, unless it means something else; then the next."""
        means = self.named.get(wanted or "", artifact.sha256)
        if wanted is None or kind_of(wanted) != artifact.kind or means != artifact.sha256:
            numbers = [int(h[4:]) for h in self.named if kind_of(h) == artifact.kind]
            wanted = handle_of(artifact.kind, max(numbers, default=0) + 1)
        self.named.setdefault(wanted, artifact.sha256)
        return wanted


def _alternating(messages: Sequence[Message]) -> list[Message]:
    """What one side says in a row is one message: chat templates know no other."""
    return [_joined(list(run)) for _, run in groupby(messages, key=lambda message: message.role)]


def _joined(messages: list[Message]) -> Message:
    text = "\n".join(message.text for message in messages if message.text)
    files = tuple(file for message in messages for file in message.files)
    return replace(messages[0], text=text, files=files)


def _as_history(messages: Sequence[Message], handles: Sequence[list[str]]) -> "list[BaseMessage]":
    """With ids that follow from all that was said before: the same history has the same ones."""
    from langchain_core.messages import AIMessage, HumanMessage  # late: LangChain takes seconds

    known = hashlib.sha256()
    history: list[BaseMessage] = []
    for message, own in zip(messages, handles, strict=True):
        known.update(f"{message.role}\0{message.text}\0{own}\0".encode())
        told = known.hexdigest()[:32]
        if message.role == "user":
            history.append(HumanMessage(with_attachments(message.text, own), id=told))
        else:
            history.append(AIMessage(_with_handles(message.text, own), id=told))
    return history


def _with_handles(text: str, handles: Sequence[str]) -> str:
    """An earlier answer; the files it showed are named in it, if its words do not."""
    unnamed = [handle for handle in handles if handle not in mentioned(text)]
    return f"{text}\n（{'、'.join(unnamed)}）".strip() if unnamed else text
