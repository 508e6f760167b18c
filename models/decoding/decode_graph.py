"""A token's forward pass recorded once as a CUDA graph, so that decoding waits for memory alone.

At batch size one a card is done with a kernel sooner than Python can start the next: a 4B model
starts over a thousand a token. Recorded, they are one launch. A graph knows addresses and shapes,
not tensors: the conversation that is decoded lives in one set of buffers of a fixed length (its
*slot*), and every token attends to all of it through a mask.

Nothing is compiled, so the first answer waits a fraction of a second and not a minute.
"""

import logging
import weakref
from typing import Any, ClassVar

import torch
from transformers import AttentionInterface, PreTrainedModel
from transformers.cache_utils import Cache, CacheLayerMixin

from models.decoding.kv_cache import GrowingLayer, Held, whole_blocks
from models.device import is_out_of_memory

SLOT_TOKENS = 1024  # a slot's length is a multiple of it: one recording lasts for a while
PART_TOKENS = 256  # of the keys and values; the parts of a slot are read side by side
_MOST_SLACK = 4  # a 4B model's weights are as much to read as 50,000 tokens
_WARM_UPS = 3  # libraries choose kernels and allocate in their first calls
_TOLERANCE = 0.05  # share of the logits' spread by which two runs of the same kernels may differ
_ATTENTION = "one_token"
# What a pass raises that can't be recorded, or a class whose forward is of another kind.
_UNFIT = (RuntimeError, TypeError, ValueError, LookupError, AttributeError)
_OTHER_ATTENTION = ("sliding_window", "softcap", "s_aux", "position_bias")
_log = logging.getLogger(__name__)


class DecodeGraph:
    """Decodes for one model; each conversation that is seated gets the slot to itself."""

    devices: ClassVar[frozenset[str]] = frozenset({"cuda"})

    def __init__(self, model: PreTrainedModel, most_tokens: int) -> None:
        """`most_tokens`: the longest conversation."""
        self._model = model
        self._most = whole_blocks(most_tokens)
        self._slot: _Slot | None = None
        self._seated: weakref.ref[Held] | None = None

    @staticmethod
    def suits(model: PreTrainedModel) -> bool:
        """Whether the class has a fixed course, and the attention that we can stand in for."""
        config: Any = model.config
        return bool(model._can_compile_fullgraph) and config._attn_implementation == "sdpa"

    @property
    def device(self) -> torch.device:
        """Where the model is now."""
        return self._model.device

    def length_for(self, tokens: int) -> int:
        """The length of the slot in which so many find room."""
        return min(-(-tokens // SLOT_TOKENS) * SLOT_TOKENS, self._most)

    @torch.inference_mode()
    def seat(self, held: Held, tokens: int) -> None:
        """Let `held`, which is not empty, live in the slot, with room for `tokens` in all; who sat
        there moves out. A slot that is far too long is replaced too: every token reads all of it.
        """
        length, occupant = self.length_for(tokens), self._occupant
        if self._slot is None or not length <= self._slot.length <= _MOST_SLACK * length:
            self.drop()
            self._slot = _Slot(self._model, held, length)
        else:
            if occupant is not None and occupant is not held:
                self.settle(occupant)
                self._slot.vacate(occupant)
            self._slot.take_in(held)
        self._seated = weakref.ref(held)

    def holds(self, held: Held) -> bool:
        """Whether `held` has the slot."""
        return self._slot is not None and self._occupant is held

    @torch.inference_mode()
    def step(self, held: Held, token: int) -> torch.Tensor | None:
        """Feed `token`: logits [vocabulary] float32 after it. None, with nothing fed, where the
        pass can't be recorded: such a model goes without from then on."""
        assert self._slot is not None
        try:
            logits = self._slot.run(token, len(held.tokens))
        except _UNFIT as error:
            if is_out_of_memory(error):
                held.tokens = []  # a cache to be thrown away
                raise
            _log.warning("decoding goes on without a CUDA graph: %s", error)
            self.drop()
            return None
        held.tokens.append(token)
        return logits

    def settle(self, held: Held) -> None:
        """Let the cache of `held` know of the tokens that were decoded here."""
        for layer in held.layers:
            layer.reach(len(held.tokens))

    def drop(self) -> None:
        """Forget slot and recording; who sits there keeps the buffers as its own."""
        if (occupant := self._occupant) is not None:
            self.settle(occupant)
        self._slot = self._seated = None

    @property
    def _occupant(self) -> Held | None:
        """Who sits in the slot, unless it is gone."""
        return self._seated() if self._seated is not None else None


class _Slot:
    """Keys and values of `length` tokens in every layer, and the pass that reads them."""

    def __init__(self, model: PreTrainedModel, held: Held, length: int) -> None:
        """With `held` in it."""
        device = model.device
        self.length = length
        self._model = model
        self._position = torch.zeros(1, dtype=torch.int64, device=device)
        self._places = torch.arange(length, device=device)
        self._ids = torch.zeros(1, 1, dtype=torch.int64, device=device)
        self._layers = [self._layer_for(layer) for layer in held.layers]
        self._cache = Cache(layers=list(self._layers))
        self._at = -1  # what `_position` says
        self._logits: torch.Tensor | None = None
        self._graph: torch.cuda.CUDAGraph | None = None

    def _layer_for(self, theirs: GrowingLayer) -> "_SlotLayer":
        """One by one, so that never all keys and values are there twice."""
        assert theirs.keys is not None
        assert theirs.values is not None
        # Zeros: what a mask hides is still multiplied, by zero, and must be a number.
        keys, values = (
            like.new_zeros(*like.shape[:2], self.length, like.shape[3])
            for like in (theirs.keys, theirs.values)
        )
        theirs.live_in(keys, values)
        return _SlotLayer(keys, values, self._position)

    def take_in(self, held: Held) -> None:
        for mine, theirs in zip(self._layers, held.layers, strict=True):
            theirs.live_in(mine.keys, mine.values)

    def vacate(self, held: Held) -> None:
        """Give `held` buffers of its own."""
        for mine, theirs in zip(self._layers, held.layers, strict=True):
            theirs.leave(mine.keys)

    def run(self, token: int, position: int) -> torch.Tensor:
        """Logits [vocabulary] float32 after `token` at `position`, a tensor of its own."""
        self._ids.fill_(token)
        self._go_to(position)
        if self._ids.device.type == "cuda":
            self._graph = self._graph or self._record()
            self._graph.replay()
        else:
            self._pass()
        self._at += 1
        assert self._logits is not None
        return self._logits.to(torch.float32, copy=True)

    def _go_to(self, position: int) -> None:
        if self._at != position:
            self._position.fill_(position)
            self._at = position

    def _pass(self) -> None:
        shown = (self._places <= self._position)[None, None, None]  # [1, 1, 1, length]
        ours: Any = self._model.config
        before = ours._attn_implementation
        ours._attn_implementation = _ATTENTION
        try:
            output = self._model(
                input_ids=self._ids,
                attention_mask=shown,
                position_ids=self._position[None],
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
        finally:
            ours._attn_implementation = before
        self._logits = output.logits[0, -1]
        self._position.add_(1)

    def _record(self) -> torch.cuda.CUDAGraph:
        """RuntimeError when the graph is wrong. It holds as long as the weights stay where they
        are: a model that leaves the device is parked, which drops its slot."""
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                self._pass()
                self._position.sub_(1)
        here.wait_stream(aside)
        assert self._logits is not None
        expected = self._logits.to(torch.float32, copy=True)
        graph = torch.cuda.CUDAGraph()
        # Copies for other checkpoints may run on other threads meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._pass()
        graph.replay()
        self._position.sub_(1)
        if (self._logits - expected).abs().max() > _TOLERANCE * expected.std():
            raise RuntimeError("the recorded pass gives other logits")
        return graph


class _SlotLayer(CacheLayerMixin):
    """Keys and values [1, heads, length, head_dim], written where `position` [1] says."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, position: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys: torch.Tensor = keys
        self.values: torch.Tensor = values
        self._position = position
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing: the buffers are there."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.keys.index_copy_(2, self._position, key_states)
        self.values.index_copy_(2, self._position, value_states)
        return self.keys, self.values

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002  # theirs
        return self.keys.shape[-2], 0

    def get_seq_length(self) -> int:
        return 0  # never asked: the pass gets positions and mask

    def get_max_length(self) -> int:
        return self.keys.shape[-2]


def one_token_attention(
    module: torch.nn.Module,  # noqa: ARG001  # transformers gives it
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of one token, query [1, H, 1, D], over keys and values [1, K, L, D].

    The H / K heads of a group are rows of one product, so that keys are read once and not
    repeated; and L is read in parts, which keeps a whole card busy (the idea of Flash-Decoding, Dao
    et al. 2023). `attention_mask` [1, 1, 1, L]: what may be seen. Gives [1, 1, H, D]. Raises
    ValueError for attention that does more than that.
    """
    if unknown := [name for name in _OTHER_ATTENTION if others.get(name) is not None]:
        raise ValueError(f"attention with {', '.join(unknown)}")
    heads, length, width = key.shape[1:]
    part = PART_TOKENS if length % PART_TOKENS == 0 else length
    scale = width**-0.5 if scaling is None else scaling
    rows = (query * scale).view(heads, 1, -1, width)  # [K, 1, G, D]
    keys = key.view(heads, -1, part, width)  # [K, parts, part, D]
    scores = (rows @ keys.transpose(-1, -2)).float()  # [K, parts, G, part]
    scores = scores.masked_fill(~attention_mask.view(-1, 1, part), float("-inf"))
    shares = (scores - scores.amax((1, 3), keepdim=True)).exp()
    shares = (shares / shares.sum((1, 3), keepdim=True)).to(value.dtype)
    mixed = (shares @ value.view(heads, -1, part, width)).sum(1)  # [K, G, D]
    return mixed.view(1, 1, -1, width), None


AttentionInterface.register(_ATTENTION, one_token_attention)
