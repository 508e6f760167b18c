"""The fields of an AI-content label, and the JSON that every container holds."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace

PRODUCER = "Duomo"
"""The standard asks for the provider's name or code. A private tool is registered nowhere, so it
is the product's name: nothing of the person or their machine. Checkpoint and seed are lineage."""
FIELD = "AIGC"  # the standard's name of the field that holds the object
MAX_JSON = 64 * 1024  # characters; a certificate in a reserved code takes a tenth of this


@dataclass(frozen=True)
class ContentLabel:
    """GB 45438-2025, annex E: its names, its order. `Label`: "1" made by AI, "2" possibly,
    "3" suspected. The producer's part first, then that of whoever passes the content on."""

    Label: str = "1"
    ContentProducer: str = PRODUCER
    ProduceID: str = ""
    ReservedCode1: str = ""
    ContentPropagator: str = ""
    PropagateID: str = ""
    ReservedCode2: str = ""

    def json(self) -> str:
        """The object of annex E in ASCII: no container can disagree about its encoding."""
        return json.dumps(asdict(self), separators=(",", ":"))


_NAMES = tuple(field.name for field in fields(ContentLabel))


def new_label() -> ContentLabel:
    """The label of a new file: its `ProduceID` is given to no other."""
    return ContentLabel(ProduceID=uuid.uuid4().hex)


def label_after(parents: Iterable[ContentLabel | None]) -> ContentLabel:
    """The label of a file made from others.

    What another producer wrote about a parent stays, reserved codes and all, and we are who passes
    it on under a number of its own; without such a parent the file is ours.
    """
    made = new_label()
    for parent in parents:
        if parent is not None and parent.ContentProducer not in ("", PRODUCER):
            mine = {"ContentPropagator": PRODUCER, "PropagateID": made.ProduceID}
            return replace(parent, Label="1", **mine)
    return made


def is_ours(label: ContentLabel | None) -> bool:
    """Whether a label says that its file was made or edited by this product."""
    return label is not None and PRODUCER in (label.ContentProducer, label.ContentPropagator)


def parse_label(written: bytes | str) -> ContentLabel | None:
    """What a container holds → label, or None when it is not the JSON of a label.

    Some writers put the object under its field name once more. Names outside the standard are left
    out; of other types than text, whole numbers alone are understood (`"Label": 1`).
    """
    if len(written) > MAX_JSON:
        return None
    try:
        text = written if isinstance(written, str) else written.decode()
        content = json.loads(text.strip("\0 \t\r\n"))
    except (ValueError, RecursionError):
        return None
    content = _unwrapped(content)
    if not isinstance(content, dict) or "Label" not in content:
        return None
    return ContentLabel(**{name: _text(content.get(name, "")) for name in _NAMES})


def _unwrapped(content: object) -> object:
    if isinstance(content, dict) and len(content) == 1:
        ((name, inner),) = content.items()
        return inner if name.upper() == FIELD else content
    return content


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    # JSON can name half a surrogate pair, which no encoding can write.
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
