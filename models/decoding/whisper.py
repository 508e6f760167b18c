"""Decoding of one window by Whisper: the likeliest of several texts."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, WhisperForConditionalGeneration

from models.decoding.beams import Beams, Hypothesis
from models.decoding.listening import Decoded
from models.decoding.ngram import NgramModel

_LANGUAGE, _TASK = "<|zh|>", "transcribe"
_BEFORE = "<|startofprev|>"


class WhisperDecoder:
    """Decodes the log-mel features of one window after another."""

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        prompt: str,
        *,
        beams: int = 1,
        ngrams: NgramModel | None = None,
        ngram_weight: float = 0.0,
    ) -> None:
        """`ngrams` has a say, by `ngram_weight`, in which of the texts followed is taken."""
        generation: Any = model.generation_config
        task = _task_tokens(generation)
        self._model: Any = model
        self._tokenizer = tokenizer
        self._beams = beams
        self._ngrams, self._ngram_weight = ngrams, ngram_weight
        self._prompt = [*_hint_tokens(tokenizer, prompt), *task]
        self._start = len(self._prompt) - len(task)
        self._ends = _end_tokens(generation, tokenizer)
        numbers = partial(torch.tensor, dtype=torch.long, device=model.device)
        self._never = numbers(_never_tokens(generation, int(model.config.vocab_size)))
        self._never_first = numbers(list(generation.begin_suppress_tokens or ()))
        self._no_speech = _no_speech_token(generation)
        self._most_tokens = int(model.config.max_target_positions) - len(self._prompt)

    @torch.inference_mode()
    def decode(
        self, features: torch.Tensor, most_tokens: int, on_token: Callable[[], None]
    ) -> Decoded:
        """Features [1, mels, frames] of a whole window → a text of at most `most_tokens`.

        `on_token` is called whenever the texts are one token longer; what it raises ends the call.
        """
        encoded = self._model.get_encoder()(features.to(self._model.device, self._model.dtype))
        output = self._forward([self._prompt], encoded, None)
        no_speech = self._no_speech_probability(output.logits[0, self._start])
        beams = Beams(self._beams, self._ends)
        for number in range(min(most_tokens, self._most_tokens)):
            rows = beams.advance(self._logprobs(output.logits[:, -1], first=number == 0))
            if beams.done:
                break
            on_token()
            past = output.past_key_values
            if rows != [0]:  # a greedy text stays where it is, and its cache is large
                past.reorder_cache(torch.tensor(rows, device=self._model.device))
            last = [[text.tokens[-1]] for text in beams.going]
            output = self._forward(last, encoded, past)
        text = max(beams.texts(), key=self._score)
        return Decoded(self._text(text.tokens), text.mean_logprob, no_speech)

    def _score(self, text: Hypothesis) -> float:
        """The mean log-probability of a token, with that of the words as such."""
        if self._ngrams is None:
            return text.mean_logprob
        letters = "".join(filter(str.isalnum, self._text(text.tokens)))
        words = self._ngram_weight * self._ngrams.logprob(letters)
        return text.mean_logprob + words / (len(text.tokens) + 1)

    def _forward(self, tokens: list[list[int]], encoded: Any, past: Any) -> Any:
        """Tokens [texts, length] that follow `past`, all about the one recording `encoded`."""
        heard = encoded.last_hidden_state.expand(len(tokens), -1, -1)
        return self._model(
            decoder_input_ids=torch.tensor(tokens, device=self._model.device),
            encoder_outputs=(heard,),
            past_key_values=past,
            use_cache=True,
        )

    def _logprobs(self, logits: torch.Tensor, *, first: bool) -> torch.Tensor:
        """Of the allowed tokens; `logits` [texts, vocabulary]."""
        logits = logits.float()
        logits[:, self._never] = -torch.inf
        if first:
            logits[:, self._never_first] = -torch.inf
        return logits.log_softmax(-1)

    def _no_speech_probability(self, logits: torch.Tensor) -> float:
        if self._no_speech is None:
            return 0.0
        return float(logits.float().softmax(-1)[self._no_speech])

    def _text(self, tokens: Sequence[int]) -> str:
        text = str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))
        return text.replace("\ufffd", "").strip()  # a character whose bytes are not all there


def _hint_tokens(tokenizer: PreTrainedTokenizerBase, prompt: str) -> list[int]:
    """Whisper's "previous text", where there is a prompt and the tokenizer has a place for it."""
    before = tokenizer.get_vocab().get(_BEFORE)
    if not prompt or before is None:
        return []
    words = tokenizer(f" {prompt}", add_special_tokens=False)["input_ids"]
    return [before, *words]


def _task_tokens(generation: Any) -> list[int]:
    """Start, Chinese, transcribe, no time tokens: those of them that the checkpoint knows."""
    languages = getattr(generation, "lang_to_id", None) or {}
    tasks = getattr(generation, "task_to_id", None) or {}
    named = (
        generation.decoder_start_token_id,
        languages.get(_LANGUAGE),
        tasks.get(_TASK),
        getattr(generation, "no_timestamps_token_id", None),
    )
    return [int(token) for token in named if token is not None]


def _end_tokens(generation: Any, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    named = (
        generation.eos_token_id if generation.eos_token_id is not None else tokenizer.eos_token_id
    )
    return frozenset([named] if isinstance(named, int) else named or [])


def _never_tokens(generation: Any, vocabulary: int) -> list[int]:
    """What the checkpoint suppresses, and all time tokens: they follow the no-timestamps token."""
    last = getattr(generation, "no_timestamps_token_id", None)
    times = range(last + 1, vocabulary) if last is not None else ()
    return [*(generation.suppress_tokens or ()), *times]


def _no_speech_token(generation: Any) -> int | None:
    """Its place is before the no-timestamps token in every Whisper vocabulary."""
    last = getattr(generation, "no_timestamps_token_id", None)
    return None if last is None else int(last) - 1
