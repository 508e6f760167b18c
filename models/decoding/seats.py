"""Where the conversations of one model live: kept caches, and the slot of the recorded pass."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from models.decoding.decode_graph import DecodeGraph
from models.decoding.kv_cache import Held, PrefixCaches


class Seats:
    """Caches by the tokens that they hold; the one in use sits in the slot, where there is one."""

    def __init__(self, model: PreTrainedModel, *, limit_tokens: int, recorded_tokens: int) -> None:
        """`limit_tokens`: of all caches together; `recorded_tokens`: of the longest conversation
        that is decoded by a recorded pass, 0 for none."""
        self.kept = PrefixCaches(model.config, limit_tokens)
        self._recorder: DecodeGraph | None = None
        if recorded_tokens and self.kept.reusable and DecodeGraph.suits(model):
            self._recorder = DecodeGraph(model, recorded_tokens)

    def take(self, prompt: Sequence[int], tokens: int, device: torch.device) -> Held:
        """A cache with as much of `prompt` as is known, and room for `tokens` in all."""
        graph = self._graph
        room = graph.length_for(tokens) if graph is not None else tokens
        return self.kept.take(prompt, room).moved(device)

    def seat(self, held: Held, tokens: int) -> None:
        """Give `held` the slot, if there is one: tokens are about to be decoded."""
        if (graph := self._graph) is not None:
            graph.seat(held, tokens)

    def step(self, held: Held, token: int) -> torch.Tensor | None:
        """Feed `token` by the recorded pass: logits [vocabulary] float32. None, with nothing fed,
        where there is none for `held`."""
        if self._recorder is None or not self._recorder.holds(held):
            return None
        logits = self._recorder.step(held, token)
        if logits is None:
            self._recorder = None
        return logits

    def put_back(self, held: Held) -> None:
        """Keep a cache for later calls; one that broke goes, and the buffers that it lived in."""
        if self._recorder is not None and self._recorder.holds(held):
            self._recorder.settle(held)
            if not held.tokens:
                self._recorder.drop()
        self.kept.keep(held)

    def park(self) -> None:
        """Take everything to the host; each comes back when a prompt begins like it."""
        if self._recorder is not None:
            self._recorder.drop()
        self.kept.move(torch.device("cpu"))

    def clear(self) -> None:
        """Give everything back."""
        if self._recorder is not None:
            self._recorder.drop()
        self.kept.clear()

    def close(self) -> None:
        """Give everything back, the weights that a recorded pass refers to included."""
        self.clear()
        self._recorder = None

    @property
    def _graph(self) -> DecodeGraph | None:
        """What records, where the model is on a device that does."""
        here = self._recorder is not None and self._recorder.device.type in DecodeGraph.devices
        return self._recorder if here else None
