"""Every error a person can meet, in one tree.

    DuomoError
    ├── InputError                 the person's input; they can fix it
    │   ├── UnreadableMedia        broken, empty, or not the kind it claims to be
    │   ├── MediaTooLarge          over the bound on pixels, samples, seconds or bytes
    │   ├── InvalidRequest         an argument out of bounds or contradictory
    │   ├── AlreadyAnswered        a step that waited was decided on before
    │   ├── ApprovalNeeded         a step waits for a person, and nobody is there to answer
    │   └── NotFound               no such file, artifact, conversation, run, checkpoint name
    ├── CheckpointError            the weights; reinstall or choose another
    │   ├── CheckpointMissing      not on this disk
    │   ├── CheckpointBroken       on disk, but not what its catalogue entry says
    │   ├── CheckpointBusy         being fetched, removed or used by somebody else just now
    │   └── CatalogError           a catalogue or profile file that contradicts itself
    ├── SourceError                where checkpoints are fetched from
    │   ├── SourceUnreachable      no answer, too slow, cut off again and again, out of order
    │   ├── SourceRefused          wants a licence accepted or a token: 401, 403
    │   ├── SourceLacks            has no such repository, revision, file or safetensors weights
    │   └── SourceUntrusted        sent what is not what it promised, or what may not be stored
    ├── EndpointError              the server that the settings name for the language model
    │   ├── EndpointUnreachable    refused, no such host, too slow, cut off in the middle
    │   ├── EndpointRefused        wants another key: 401, 403
    │   ├── EndpointLacks          has no such address or model, or one that cannot call tools
    │   ├── EndpointBusy           has too much to do: 429, 503
    │   └── EndpointBroken         failed, or answered what is no chat completion
    ├── ResourceError              this machine
    │   ├── OutOfMemory            does not fit the byte budget, or the device ran out
    │   └── DiskFull               no room to write
    ├── LibraryError               the picture library on disk
    │   ├── LibraryBusy            another process is writing to it
    │   └── LibraryDamaged         cannot be opened; what to do is in the message
    ├── ToolError                  raised by a tool (tools/contract.py)
    │   ├── ToolRetry              the model can correct it: one short Chinese hint
    │   └── ToolFailed             it cannot
    ├── EngineUnavailable          the engine does not answer
    └── Cancelled                  the person stopped it

A message is one or two plain sentences: what happened, and what to do next.
"""

from collections.abc import Iterator
from typing import Literal

Locale = Literal["zh-CN", "en"]


class DuomoError(Exception):
    """Base of the tree. `code` is stable and goes over the wire; `zh` and `en` are for people."""

    code = "error"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en

    def message(self, locale: Locale = "zh-CN") -> str:
        return self.en if locale == "en" else self.zh

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class InputError(DuomoError):
    code = "input"


class UnreadableMedia(InputError):
    code = "unreadable_media"


class MediaTooLarge(InputError):
    code = "media_too_large"


class InvalidRequest(InputError):
    code = "invalid_request"


class AlreadyAnswered(InputError):
    code = "already_answered"


class ApprovalNeeded(InputError):
    code = "approval_needed"


class NotFound(InputError):
    code = "not_found"


class CheckpointError(DuomoError):
    code = "checkpoint"


class CheckpointMissing(CheckpointError):
    code = "checkpoint_missing"


class CheckpointBroken(CheckpointError):
    code = "checkpoint_broken"


class CatalogError(CheckpointError):
    code = "catalog"


class CheckpointBusy(CheckpointError):
    code = "checkpoint_busy"


class SourceError(DuomoError):
    code = "source"


class SourceUnreachable(SourceError):
    code = "source_unreachable"


class SourceRefused(SourceError):
    code = "source_refused"


class SourceLacks(SourceError):
    code = "source_lacks"


class SourceUntrusted(SourceError):
    code = "source_untrusted"


class EndpointError(DuomoError):
    code = "endpoint"


class EndpointUnreachable(EndpointError):
    code = "endpoint_unreachable"


class EndpointRefused(EndpointError):
    code = "endpoint_refused"


class EndpointLacks(EndpointError):
    code = "endpoint_lacks"


class EndpointBusy(EndpointError):
    code = "endpoint_busy"


class EndpointBroken(EndpointError):
    code = "endpoint_broken"


class ResourceError(DuomoError):
    code = "resource"


class OutOfMemory(ResourceError):
    code = "out_of_memory"


class DiskFull(ResourceError):
    code = "disk_full"


class LibraryError(DuomoError):
    code = "library"


class LibraryBusy(LibraryError):
    code = "library_busy"


class LibraryDamaged(LibraryError):
    code = "library_damaged"


class ToolError(DuomoError):
    code = "tool"


class ToolRetry(ToolError):
    """`question`: what the person is asked, in Chinese, once the model has tried in vain."""

    code = "tool_retry"

    def __init__(self, zh: str, en: str, question: str = "") -> None:
        super().__init__(zh, en)
        self.question = question


class ToolFailed(ToolError):
    code = "tool_failed"


class ToolAbsent(ToolError):
    """The profile lacks what the tool works with."""

    code = "tool_absent"


class EngineUnavailable(DuomoError):
    code = "engine_unavailable"


class Cancelled(DuomoError):
    code = "cancelled"

    def __init__(self, zh: str = "已停止。", en: str = "Stopped.") -> None:
        super().__init__(zh, en)


def error_named(code: str, zh: str, en: str) -> DuomoError:
    """The error that `code` stands for, as it went over the wire; of a code that this version does
    not know, a DuomoError that carries it."""
    known = {kind.code: kind for kind in _tree(DuomoError)}
    error = known.get(code, DuomoError)(zh, en)
    error.code = code
    return error


def _tree(root: type[DuomoError]) -> Iterator[type[DuomoError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)
