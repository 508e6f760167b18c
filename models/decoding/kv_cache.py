"""Attention caches that grow in place and are kept between calls by the tokens they hold.

transformers' own `DynamicLayer` copies all keys and values for every token; here they live in a
buffer that is extended a block at a time, and cutting back to a prefix only moves a mark. Layers
that forget (sliding windows, linear attention) cannot be cut back, so a model with any of them gets
a plain cache that is never kept: no reuse rather than wrong text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer

BLOCK_TOKENS = 256
LEAST_REUSE_TOKENS = 16  # a shorter common prefix is not worth keeping a cache for
LEAST_LOSS_TOKENS = 256  # cutting off more than this would lose work: copy the prefix instead


class GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values [1, heads, tokens, head_dim] as a view of a buffer with room to grow."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._keys: torch.Tensor | None = None  # [1, heads, capacity, head_dim]
        self._values: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        keys = _extended(self._keys, key_states, start, end)
        values = _extended(self._values, value_states, start, end)
        keys[:, :, start:end] = key_states
        values[:, :, start:end] = value_states
        self._keys, self._values = keys, values
        self.keys, self.values = keys[:, :, :end], values[:, :, :end]
        return self.keys, self.values

    @property
    def capacity(self) -> int:
        """Tokens that the buffer has room for."""
        return 0 if self._keys is None else self._keys.shape[-2]

    def move(self, device: torch.device) -> None:
        """Take keys and values to `device`, without room to grow."""
        if self._keys is None or self._values is None or self._keys.device == device:
            return
        length = self.get_seq_length()
        self._keys = self._keys[:, :, :length].to(device)
        self._values = self._values[:, :, :length].to(device)
        self.keys, self.values, self.device = self._keys, self._values, device

    def live_in(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Take what is held, something at least, into these buffers, and grow there."""
        if self._keys is keys:
            return
        assert self._keys is not None
        assert self._values is not None
        length = self.get_seq_length()
        keys[:, :, :length] = self._keys[:, :, :length]
        values[:, :, :length] = self._values[:, :, :length]
        self._keys, self._values = keys, values
        self.reach(length)

    def leave(self, keys: torch.Tensor) -> None:
        """Take what is held out of the buffer `keys` and its like, if it lives there."""
        if self._keys is keys and self._values is not None:
            length = self.get_seq_length()
            self._keys = keys[:, :, :length].clone()
            self._values = self._values[:, :, :length].clone()
            self.reach(length)

    def reach(self, length: int) -> None:
        """Hold the first `length` tokens of the buffer, which others have written."""
        assert self._keys is not None
        assert self._values is not None
        self.keys, self.values = self._keys[:, :, :length], self._values[:, :, :length]

    def forked(self, length: int) -> "GrowingLayer":
        """A layer of its own that holds a copy of the first `length` tokens."""
        copy = GrowingLayer()
        if self._keys is not None and self._values is not None:
            copy.update(self._keys[:, :, :length], self._values[:, :, :length])
        return copy


def _extended(
    buffer: torch.Tensor | None, like: torch.Tensor, used: int, needed: int
) -> torch.Tensor:
    """`buffer`, or a longer one with its first `used` tokens where `needed` do not fit."""
    if buffer is not None and buffer.shape[-2] >= needed:
        return buffer
    batch, heads, _, width = like.shape
    longer = like.new_empty(batch, heads, whole_blocks(needed), width)
    if buffer is not None:
        longer[:, :, :used] = buffer[:, :, :used]
    return longer


def whole_blocks(tokens: int) -> int:
    """`tokens`, rounded up to what a buffer has room for."""
    return -(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS


def new_cache(config: PreTrainedConfig) -> DynamicCache:
    """An empty cache for `config`, growing in place where all layers attend to everything."""
    cache = DynamicCache(config=config)
    if keeps_everything(config):
        cache.layers = [GrowingLayer() for _ in cache.layers]
    return cache


def keeps_everything(config: PreTrainedConfig) -> bool:
    """Whether every layer keeps every token, so that a cache can be cut back to a prefix."""
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=config).layers)


def bytes_per_token(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    """Bytes of keys and values for one token in all layers."""
    text = config.get_text_config(decoder=True)
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return 2 * int(text.num_hidden_layers) * int(heads) * int(width) * dtype.itemsize


@dataclass(eq=False)
class Held:
    """A cache and the tokens whose keys and values it holds, in order."""

    tokens: list[int]
    cache: DynamicCache

    @property
    def layers(self) -> list[GrowingLayer]:
        return [layer for layer in self.cache.layers if isinstance(layer, GrowingLayer)]

    @property
    def capacity(self) -> int:
        """Tokens that it has room for."""
        return max((layer.capacity for layer in self.layers), default=0)

    def moved(self, device: torch.device) -> "Held":
        """Itself, on `device`."""
        for layer in self.layers:
            layer.move(device)
        return self

    def cut(self, length: int) -> None:
        """Keep the first `length` tokens."""
        self.cache.crop(length - len(self.tokens))  # `crop` takes the negative of what to remove
        del self.tokens[length:]

    def forked(self, length: int) -> "Held":
        """A copy of the first `length` tokens."""
        copy = DynamicCache()
        copy.layers = [layer.forked(length) for layer in self.layers]
        return Held(self.tokens[:length], copy)


class PrefixCaches:
    """The caches of earlier calls, most recently used last, within a number of tokens."""

    def __init__(self, config: PreTrainedConfig, limit_tokens: int) -> None:
        self._config = config
        self._limit = limit_tokens
        self.reusable = keeps_everything(config)
        self._held: list[Held] = []

    @property
    def tokens(self) -> int:
        """Tokens that the kept caches have room for."""
        return sum(held.capacity for held in self._held)

    @torch.inference_mode()
    def take(self, prompt: Sequence[int], room: int) -> Held:
        """A cache that holds a prefix of `prompt`, as long as possible but never all of it.

        It may be empty. Older caches go until it could grow to `room` tokens beside the others.
        """
        tokens = list(prompt)
        best = max(self._held, key=lambda held: _common(held.tokens, tokens), default=None)
        length = min(_common(best.tokens, tokens), len(tokens) - 1) if best is not None else 0
        if best is None or length < LEAST_REUSE_TOKENS:
            self._make_room(room)
            return Held([], new_cache(self._config))
        if len(best.tokens) - length <= LEAST_LOSS_TOKENS:
            self._held.remove(best)
            best.cut(length)
        else:
            self._held.remove(best)  # and back to the end: it was used
            self._held.append(best)
            best = best.forked(length)
        self._make_room(room)
        return best

    def keep(self, held: Held) -> None:
        """Keep a cache for later calls."""
        if self.reusable and held.tokens:
            self._held.append(held)
            self._make_room(0)

    def move(self, device: torch.device) -> None:
        """Take all of them to `device`."""
        for held in self._held:
            held.moved(device)

    def clear(self) -> None:
        self._held.clear()

    def _make_room(self, room: int) -> None:
        while self._held and self.tokens + whole_blocks(room) > self._limit:
            del self._held[0]


def _common(left: list[int], right: list[int]) -> int:
    """Length of the longest common prefix, by halving: slices compare at C speed."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
