"""The large language model: any dense causal LM that transformers knows, starter or real."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from models.catalog import Checkpoint
from models.decoding.copying import CopyPenalty, Source
from models.decoding.defaults import LanguageDefaults
from models.decoding.grammar import GrammarMasks
from models.decoding.kv_cache import (
    Held,
    bytes_per_token,
    keeps_everything,
    whole_blocks,
)
from models.decoding.opening import Opening
from models.decoding.sampling import Rule, Sampler, Sampling
from models.decoding.seats import Seats
from models.decoding.stats import GenerationStats
from models.device import any_thread, is_out_of_memory
from models.dtypes import torch_dtype, with_dtype
from models.errors import InvalidRequest
from models.transformers_weights import load_model, weight_bytes

__all__ = ["GenerationStats", "LanguageModel", "Sampling"]
PIECE_SECONDS = 0.5  # a pass of the prefill should not take longer: a stop waits for its end
LEAST_PIECE_TOKENS, FIRST_PIECE_TOKENS, MOST_PIECE_TOKENS = 32, 256, 1024


class LanguageModel:
    """A loaded causal LM with its tokenizer, chat template and prefix caches."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        defaults: LanguageDefaults,
        weight_bytes: int,
    ) -> None:
        self.tokenizer = tokenizer
        self.defaults = defaults
        thinking = defaults.thinking
        self._template: dict[str, Any] = {} if thinking is None else {"enable_thinking": thinking}
        self.context_tokens, cached_tokens = _limits(model.config, defaults)
        self.last: GenerationStats | None = None
        self._model: PreTrainedModel | None = model
        self._config = model.config
        self.eos_token_ids = _end_tokens(model.generation_config, tokenizer)
        longest = self.context_tokens if defaults.decode_graph else 0
        self._seats = Seats(model, limit_tokens=cached_tokens, recorded_tokens=longest)
        # A layer that forgets may not go on from an earlier pass: those models take prompts whole.
        self._pieces = keeps_everything(model.config)
        self._piece, self._most_piece = FIRST_PIECE_TOKENS, MOST_PIECE_TOKENS
        self.bytes = weight_bytes + cached_tokens * bytes_per_token(model.config, model.dtype)

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load config, weights (safetensors only), tokenizer and template from `path`, offline."""
        checkpoint = with_dtype(checkpoint, path, device)
        model = load_model(AutoModelForCausalLM, path, checkpoint, device)
        return cls(
            model,
            AutoTokenizer.from_pretrained(path, local_files_only=True),
            defaults=LanguageDefaults.of(checkpoint),
            weight_bytes=weight_bytes(path, checkpoint, AutoModelForCausalLM),
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights and of the keys and values of `cached_tokens`."""
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        dtype = torch_dtype(checkpoint)
        _, cached = _limits(config, LanguageDefaults.of(checkpoint))
        weights = weight_bytes(path, checkpoint, AutoModelForCausalLM)
        return weights + cached * bytes_per_token(config, dtype)

    @property
    def vocabulary_size(self) -> int:
        """The number of logits; a padded checkpoint has more than its tokenizer has tokens."""
        return int(self._config.get_text_config(decoder=True).vocab_size)

    @any_thread
    def render(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> list[int]:
        """The prompt's tokens by the checkpoint's own chat template, ready for an answer."""
        schemas: list[dict[Any, Any] | Callable[..., Any]] | None = [*tools] or None
        text = self.tokenizer.apply_chat_template(
            messages, tools=schemas, add_generation_prompt=True, tokenize=False, **self._template
        )
        return list(self.tokenizer(str(text), add_special_tokens=False)["input_ids"])

    def generate(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        *,
        grammar: str | None = None,
        source: Source | None = None,
        cancel: threading.Event | None = None,
    ) -> Generator[int, None, None]:
        """Yield new tokens until an end token (not yielded), a limit, or `cancel`.

        `grammar` is an xgrammar structural tag as JSON: nothing it forbids can come out. `source`
        is what calls are copied from, for a model with a `copy_penalty`. The keys
        and values of the longest prefix seen before are reused; what was done is in `last`.
        Raises InvalidRequest (empty prompt, no room in the context, no structural tag).
        """
        limit = self._room(prompt, sampling)
        mask = self._masks.begin(grammar) if grammar is not None else None
        self.last = stats = GenerationStats(len(prompt))
        held = self._seats.take(prompt, len(prompt) + limit, self._device)
        stats.reused_tokens = len(held.tokens)
        stop = cancel or threading.Event()
        try:
            logits = self._prefill(held, prompt, stop)
            if logits is not None:
                self._seats.seat(held, len(prompt) + limit)
                sampler = Sampler(sampling, prompt, logits.device)
                rules = self._helping(source, calls=mask is not None)
                rules += [] if mask is None else [mask.result()]
                choose = partial(_choose, sampler, rules)
                yield from self._decode(held, logits, choose, stop, stats, limit)
            if stop.is_set():
                stats.stop = "cancelled"
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                self._seats.clear()
            raise
        finally:
            stats.seconds = time.monotonic() - stats.started
            self._seats.put_back(held)

    @property
    def history_tokens(self) -> int:
        """The longest conversation that it follows well."""
        return self.defaults.history_tokens or self.context_tokens

    @property
    def text_tokens(self) -> int:
        """As much of one text as it can take in."""
        return self.defaults.text_tokens or self.context_tokens

    def is_unsure(self) -> bool:
        """Whether what is being generated, or was generated last, began with a guess."""
        chance = self.last.first_probability if self.last is not None else None
        return chance is not None and chance < self.defaults.unsure_below

    def modules(self) -> tuple[nn.Module, ...]:
        """What holds the weights."""
        return () if self._model is None else (self._model,)

    def park(self) -> None:
        """Keep keys and values on the host; each comes back when a prompt begins like it."""
        self._seats.park()

    def degrade(self) -> bool:
        """Read prompts in smaller pieces."""
        smaller = max(self._most_piece // 4, LEAST_PIECE_TOKENS)
        is_smaller = self._pieces and smaller < self._most_piece
        self._most_piece = smaller
        self._piece = min(self._piece, smaller)
        return is_smaller

    def release(self) -> None:
        """Drop weights and caches; the object cannot generate any more."""
        self._model = None
        self._seats.close()

    @property
    def _device(self) -> torch.device:
        if self._model is None:
            raise RuntimeError("the model was released")
        return self._model.device

    @cached_property
    def _masks(self) -> GrammarMasks:
        return GrammarMasks(self.tokenizer, self.vocabulary_size, self.eos_token_ids)

    def _helping(self, source: Source | None, *, calls: bool) -> list[Rule]:
        """What a small model is helped with. `calls`: whether it may make any."""
        if source is None:
            return []
        defaults = self.defaults
        rules: list[Rule] = [CopyPenalty(self._masks.vocabulary, source, defaults.copy_penalty)]
        if calls and source.may_open:
            token = self.tokenizer.convert_tokens_to_ids(source.begin)
            assert isinstance(token, int)
            rules.append(Opening(token, defaults.unsure_below, defaults.call_from))
        return rules

    def _room(self, prompt: Sequence[int], sampling: Sampling) -> int:
        """How many tokens may follow `prompt`."""
        room = self.context_tokens - len(prompt)
        if not prompt or room < 1:
            raise InvalidRequest(
                f"对话太长：{len(prompt)} 个词元，最多 {self.context_tokens - 1} 个。"
                "请开始新的对话。",
                f"The prompt has {len(prompt)} tokens of 1 to {self.context_tokens - 1}; "
                "start a new conversation.",
            )
        return min(room, sampling.max_new_tokens)

    def _prefill(
        self, held: Held, prompt: Sequence[int], stop: threading.Event
    ) -> torch.Tensor | None:
        """Logits [vocabulary] after `prompt`, computed a piece at a time; None when stopped."""
        logits = None
        while len(held.tokens) < len(prompt):
            if stop.is_set():
                return None
            start, began = len(held.tokens), time.monotonic()
            piece = self._piece if self._pieces else len(prompt)
            logits = self._forward(held, list(prompt[start : start + piece]))
            self._pace(time.monotonic() - began)
        return logits

    def _pace(self, seconds: float) -> None:
        """Fit the pieces of the prefill to the time in which a stop has to be noticed."""
        if seconds > PIECE_SECONDS:
            self._piece = max(self._piece // 2, LEAST_PIECE_TOKENS)
        elif seconds < PIECE_SECONDS / 2:
            self._piece = min(self._piece * 2, self._most_piece)

    def _decode(
        self,
        held: Held,
        logits: torch.Tensor,
        choose: Callable[[torch.Tensor], int],
        stop: threading.Event,
        stats: GenerationStats,
        limit: int,
    ) -> Iterator[int]:
        while not stop.is_set():
            token = choose(logits)
            if self.defaults.unsure_below and stats.first_probability is None:
                stats.first_probability = float(logits.softmax(-1)[token])
            if token in self.eos_token_ids:
                stats.stop = "end"
                return
            stats.count()
            yield token
            if stats.new_tokens == limit:
                stats.stop = "length"
                return
            if not stop.is_set():
                recorded = self._seats.step(held, token)
                logits = self._forward(held, [token]) if recorded is None else recorded

    @torch.inference_mode()
    def _forward(self, held: Held, tokens: list[int]) -> torch.Tensor:
        """Feed `tokens` past the cache; the logits [vocabulary] float32 after the last."""
        # Not sound until the pass is through: an error in between leaves a cache to be thrown away.
        known, held.tokens = held.tokens, []
        ids = torch.tensor([tokens], device=self._device)
        assert self._model is not None
        output = self._model(
            input_ids=ids, past_key_values=held.cache, use_cache=True, logits_to_keep=1
        )
        held.tokens = [*known, *tokens]
        logits: torch.Tensor = output.logits[0, -1].float()
        return logits


@torch.inference_mode()
def _choose(sampler: Sampler, rules: Sequence[Rule], logits: torch.Tensor) -> int:
    sampler.penalise(logits)
    for rule in rules:
        rule.apply(logits)
    token = sampler.choose(logits)
    for rule in rules:
        rule.accept(token)
    return token


def _end_tokens(
    generation: GenerationConfig | None, tokenizer: PreTrainedTokenizerBase
) -> frozenset[int]:
    """The tokens that end an answer: the generation config's, else the tokenizer's."""
    named = generation.eos_token_id if generation is not None else None
    ids = named if named is not None else tokenizer.eos_token_id
    return frozenset([ids] if isinstance(ids, int) else ids or [])


def _limits(config: PreTrainedConfig, defaults: LanguageDefaults) -> tuple[int, int]:
    """(tokens of context, tokens whose keys and values may be held in all)."""
    most = int(config.get_text_config(decoder=True).max_position_embeddings)
    context = min(defaults.context_tokens, most)
    return context, whole_blocks(max(defaults.cached_tokens, context))
