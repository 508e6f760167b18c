"""Masks that allow only tokens a grammar allows, by xgrammar."""

import os
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor

import torch
import xgrammar
from transformers import PreTrainedTokenizerBase

from models.errors import InvalidRequest

CACHE_BYTES = 64 * 2**20  # of compiled grammars; the least recently used go first


class GrammarMasks:
    """Compiles structural tags for one tokenizer, each once.

    Compiling takes tenths of a second without Python's lock, so it goes on beside the prefill.
    `vocabulary`: the bytes of each token.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        vocabulary_size: int,
        stop_tokens: Collection[int],
    ) -> None:
        self._vocabulary_size = vocabulary_size
        info = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=vocabulary_size, stop_token_ids=sorted(stop_tokens)
        )
        self.vocabulary: list[bytes] = info.decoded_vocab
        self._compiler = xgrammar.GrammarCompiler(
            info, max_threads=os.cpu_count() or 1, cache_limit_bytes=CACHE_BYTES
        )
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="grammar")

    def begin(self, structural_tag: str) -> "Future[GrammarMask]":
        """Start on `mask(structural_tag)` in the background."""
        return self._executor.submit(self.mask, structural_tag)

    def mask(self, structural_tag: str) -> "GrammarMask":
        """A mask for one generation. InvalidRequest when the tag (JSON) is no structural tag."""
        try:
            compiled = self._compiler.compile_structural_tag(structural_tag)
        except (RuntimeError, ValueError, TypeError) as error:
            raise InvalidRequest(
                f"输出格式的语法不对，请改正：{error}", f"Correct the grammar: {error}"
            ) from error
        return GrammarMask(compiled, self._vocabulary_size)


class GrammarMask:
    """Follows one generation token by token."""

    def __init__(self, compiled: xgrammar.CompiledGrammar, vocabulary_size: int) -> None:
        self._matcher = xgrammar.GrammarMatcher(compiled)
        self._bits = xgrammar.allocate_token_bitmask(1, vocabulary_size)

    def apply(self, logits: torch.Tensor) -> None:
        """Set logits [vocabulary] of tokens that cannot come next to minus infinity."""
        if self._matcher.fill_next_token_bitmask(self._bits):
            bits = self._bits[0].to(logits.device)
            xgrammar.apply_token_bitmask_inplace(logits, bits)

    def accept(self, token: int) -> None:
        """Go on past `token`, which the mask allowed."""
        if not self._matcher.accept_token(token):
            raise AssertionError(f"token {token} was masked and yet chosen")
