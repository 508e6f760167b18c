"""How a language model wants to be used: the `[defaults]` of its catalogue entry."""

from pydantic import Field

from models.catalog import CheckpointDefaults


class LanguageDefaults(CheckpointDefaults, frozen=True):
    """`context_tokens`: of one conversation, `cached_tokens`: of all whose keys and values are
    kept. `thinking`: whether its template lets it think aloud; None leaves that to the template.
    `call_format`: a family of `agent.families`. `decode_graph`: whether a card may decode by a
    recorded pass (`models.decoding.decode_graph`), where the class allows it.

    The others are for models that are too small. `history_tokens`: the longest conversation that it
    follows well, `text_tokens`: as much of one text as it can take in; None: whatever its context
    holds. `fixed_reports`: fixed sentences say what tools gave. `copy_penalty`: in nats, on words
    of a call that nobody has used (`models.decoding.copying`). `ordinal_notes`: it is told which
    picture is the second. `unsure_below`: the probability of its first token under which its
    answer is a guess; `call_from`: that of a tool call from which it makes one instead.
    """

    context_tokens: int = Field(8192, gt=0)
    cached_tokens: int = Field(0, ge=0)
    thinking: bool | None = None
    call_format: str | None = None
    decode_graph: bool = True
    history_tokens: int | None = Field(None, gt=0)
    text_tokens: int | None = Field(None, gt=0)
    fixed_reports: bool = False
    copy_penalty: float = Field(0.0, ge=0)
    ordinal_notes: bool = False
    unsure_below: float = Field(0.0, ge=0, le=1)
    call_from: float = Field(1.0, gt=0, le=1)
