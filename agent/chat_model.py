"""The leased language model as a LangChain chat model.

One call: borrow the device → render the checkpoint's own chat template → decode under the
grammar of the offered tools → words, reasoning and tool calls, as chunks, while they are decoded.
"""

import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from agent.abilities import Abilities
from agent.context import LlmTicket, RunContext, current_run
from agent.counting import counted, uncounted
from agent.grammar import CallFormat, Hermes, Parser, Schema
from agent.history import as_dicts, asked, last_turn, said
from agent.mending import mended
from agent.offering import Offer, offered
from agent.omitting import whole
from agent.options import AS_SET
from agent.owing import insisted, owed
from agent.parsing import CallArguments, CallStart, Piece, Reasoning, Words, detokenise
from agent.quoting import about, shown
from agent.reading import Reader, Reading, Room
from agent.reporting import (
    as_trained,
    asks_what_it_can,
    in_words_of,
    introduction,
    report_of,
    unsure,
)
from agent.seeding import seeded
from agent.stops import until
from agent.streaming import StreamingChatModel, ignore
from agent.unasked import until_unasked
from agent.wording import kept, worded
from models.decoding.copying import Source
from models.roles.llm import LanguageModel, Sampling


class DuomoChatModel(StreamingChatModel):
    """Streams from the checkpoint that the profile names for the role `llm`.

    Which run it works for (stop flag, place in the queue, handles) it finds in
    `agent.context.current_run`; without one it runs to the end.
    """

    residency: Any  # models.residency.Residency; not a pydantic type
    sampling: Sampling = Sampling()
    call_format: CallFormat = Hermes()
    reader: Reading = Field(default_factory=Reader)  # used by whoever has the lease
    abilities: Abilities | None = Abilities()
    """Of our tools; None where they are a caller's own and the model's guesses are wanted."""

    @property
    def _llm_type(self) -> str:
        return "duomo"

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[Schema] = (),
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del stop, run_manager, kwargs
        run = current_run.get()
        options = run.options if run else AS_SET
        sampling = options.over(self.sampling)
        with self._lease(run) as llm:
            prompt = self._prompt(llm, messages, tools, sampling)
            handles = run.handles() if run else ()
            source = self._source(llm, messages)
            cancel = run.cancel if run else None

            def decoded(offer: Offer) -> Generator[Piece, None, None]:
                form = self.call_format
                grammar = (
                    form.structural_tag(offer.tools, handles, must=offer.must)
                    if offer.tools or not tools
                    else form.words_only()
                )
                ids = llm.generate(prompt, sampling, grammar=grammar, source=source, cancel=cancel)
                with closing(ids):
                    yield from _pieces(form.parser(tools), _text(ids, llm))

            pieces = self._called(decoded, llm, messages, tools, handles)
            pieces = self._helped(pieces, llm, messages, tools)
            pieces = until(pieces, options.stop)
            yield from _chunks(pieces, self.on_tool_name)
            if run is not None:
                run.check_cancelled()  # decoding stops without a word
            yield _last_chunk(llm)

    def _source(self, llm: LanguageModel, messages: Sequence[BaseMessage]) -> Source | None:
        if not llm.defaults.copy_penalty:
            return None
        is_first = not last_turn(messages)  # what follows a tool's result may well be words
        ours = self.abilities
        by_heart = ours.by_heart if ours else frozenset()
        return Source(said(messages), by_heart, asked(messages), ours is not None and is_first)

    def _called(
        self,
        decoded: Callable[[Offer], Generator[Piece, None, None]],
        llm: LanguageModel,
        messages: Sequence[BaseMessage],
        tools: Sequence[Schema],
        handles: Sequence[str],
    ) -> Iterator[Piece]:
        """A reply, a small model's to the calls that the person's words leave."""
        ours = self.abilities
        if ours is None or not llm.defaults.copy_penalty:
            return decoded(Offer(tools))
        pieces = decoded(offered(messages, tools, handles, ours))
        due = owed(messages, tools, ours.dues)
        if due is None:
            return pieces
        return insisted(pieces, lambda: decoded(Offer([due], must=True)))

    def _helped(
        self,
        pieces: Iterator[Piece],
        llm: LanguageModel,
        messages: Sequence[BaseMessage],
        tools: Sequence[Schema],
    ) -> Iterator[Piece]:
        """A small model's reply, its calls completed and its guesses replaced."""
        question, ours = asked(messages), self.abilities
        report = report_of(messages) if llm.defaults.fixed_reports else ""
        if llm.defaults.copy_penalty and ours is not None:
            numbers = counted(question, tools), seeded(question, tools)
            scenes = whole(messages, ours.scenes), uncounted(question, ours.scenes)
            words, texts = worded(question, ours.scenes), about(messages, ours.passages)
            quotes, wishes = shown(messages, ours), kept(question, ours.wishes)
            pieces = mended(pieces, *numbers, words, *scenes, texts, quotes, wishes)
            pieces = until_unasked(pieces, messages, ours.wishes, ours.cues, report)
        if report:
            return in_words_of(report, pieces)
        if ours is None:
            return pieces
        if ours.titles and asks_what_it_can(question):
            return in_words_of(introduction(ours.titles), pieces)
        return in_words_of(unsure(ours.titles), pieces, llm.is_unsure)

    def _lease(self, run: RunContext | None) -> AbstractContextManager[LanguageModel]:
        if run is not None and all(r.role != "llm" for r in self.residency.state().residents):
            run.thinking("loading")
        lease: AbstractContextManager[LanguageModel]
        lease = self.residency.lease("llm", LlmTicket(run) if run else None)
        return lease

    def _prompt(
        self,
        llm: LanguageModel,
        messages: Sequence[BaseMessage],
        tools: Sequence[Schema],
        sampling: Sampling,
    ) -> list[int]:
        offered = [dict(tool) for tool in tools]
        if llm.defaults.fixed_reports and self.abilities is not None:
            messages = as_trained(messages, self.abilities.titles)

        def render(kept: Sequence[BaseMessage]) -> list[int]:
            return llm.render(as_dicts(kept), offered)

        def alone(kept: Sequence[BaseMessage]) -> int:
            return len(llm.render(as_dicts(kept), []))

        most = llm.context_tokens - min(sampling.max_new_tokens, llm.context_tokens // 4)
        history = min(llm.history_tokens, most)
        room = Room(most, history, min(llm.text_tokens, history // 2), llm.defaults.ordinal_notes)
        whole = lambda kept: len(render(kept))  # noqa: E731
        return render(self.reader.fit(messages, whole, alone, room))


def _text(ids: Iterator[int], llm: LanguageModel) -> Iterator[str]:
    tokenizer = llm.tokenizer
    special = (i for i, token in tokenizer.added_tokens_decoder.items() if token.special)
    hidden = llm.eos_token_ids.union(special)
    return detokenise(
        ids, lambda some: str(tokenizer.decode(some, skip_special_tokens=False)), hidden
    )


def _pieces(parser: Parser, text: Iterator[str]) -> Iterator[Piece]:
    for delta in text:
        yield from parser.feed(delta)
    yield from parser.close()


def _chunks(
    pieces: Iterable[Piece], on_tool_name: Callable[[str], None] = ignore
) -> Iterator[ChatGenerationChunk]:
    for piece in pieces:
        if isinstance(piece, CallStart):
            on_tool_name(piece.name)
        yield ChatGenerationChunk(message=chunk_of(piece))


def chunk_of(piece: Piece) -> AIMessageChunk:
    """What LangChain adds up to a message; a call gets an id of its own."""
    match piece:
        case Words(text):
            return AIMessageChunk(content=text)
        case Reasoning(text):
            # The key that LangChain reads as a reasoning block (content_blocks).
            return AIMessageChunk(content="", additional_kwargs={"reasoning_content": text})
        case CallStart(index, name):
            call_id = f"call-{uuid.uuid4().hex[:12]}"
            chunk = tool_call_chunk(name=name, args="", id=call_id, index=index)
        case CallArguments(index, delta):
            chunk = tool_call_chunk(name=None, args=delta, id=None, index=index)
    return AIMessageChunk(content="", tool_call_chunks=[chunk])


def _last_chunk(llm: LanguageModel) -> ChatGenerationChunk:
    last = llm.last
    assert last is not None, "a call leaves its figures"
    usage = UsageMetadata(
        input_tokens=last.prompt_tokens,
        output_tokens=last.new_tokens,
        total_tokens=last.prompt_tokens + last.new_tokens,
        input_token_details={"cache_read": last.reused_tokens},
    )
    message = AIMessageChunk(content="", usage_metadata=usage, chunk_position="last")
    reason = "length" if last.stop == "length" else "stop"
    return ChatGenerationChunk(message=message, generation_info={"finish_reason": reason})
