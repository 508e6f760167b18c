"""When each word of a transcript is said: Qwen3's forced aligner, in transformers' own class.

Qwen team, "Qwen3-ASR Technical Report" (2026). One pass over sound and words gives every word a
start and an end, in steps of 80 ms; whose transcript it is does not matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import Qwen3ASRForTokenClassification, Qwen3ASRProcessor

from models.catalog import Checkpoint
from models.dtypes import torch_dtype, with_dtype
from models.roles.listener import Segment
from models.roles.pauses import Samples
from models.transformers_weights import load_model
from models.weights import tensor_bytes

LONGEST_SECONDS = 60.0  # of a segment; what hears (models/roles/listener.py) makes shorter ones
MOST_WORDS = 1000  # of a segment: putting their times in order takes the square of it


@dataclass(frozen=True)
class Word:
    """One Chinese character, or one word of another script, said from `start` to `end` seconds."""

    start: float
    end: float
    text: str


def _ignore(*_: object) -> None: ...


class ForcedAligner:
    """`sample_rate`, in Hz, is that of the blocks it is given."""

    def __init__(
        self,
        model: Qwen3ASRForTokenClassification,
        processor: Qwen3ASRProcessor,
        needed_bytes: int,
    ) -> None:
        self.sample_rate = int(processor.feature_extractor.sampling_rate)
        self.bytes = needed_bytes
        self._model: Any = model
        self._processor: Any = processor

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load config, weights (safetensors only) and processor from `path`, offline."""
        checkpoint = with_dtype(checkpoint, path, device)
        model = load_model(Qwen3ASRForTokenClassification, path, checkpoint, device)
        return cls(
            model,
            Qwen3ASRProcessor.from_pretrained(path, local_files_only=True),
            cls.bytes_needed(path, checkpoint),
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights; one pass keeps no cache."""
        return tensor_bytes(path, torch_dtype(checkpoint))

    def align(
        self,
        blocks: Iterable[Samples],
        segments: Sequence[Segment],
        *,
        on_segment: Callable[[float], None] = _ignore,
    ) -> list[tuple[Word, ...]]:
        """Float32 mono blocks at `sample_rate` and what is said in them, in order → the words of
        each segment, without punctuation; none where it is too long or has none.

        Memory does not grow with the recording. `on_segment(seconds)` is called after each segment
        with its end; what it raises ends the call.
        """
        words: list[tuple[Word, ...]] = []
        for segment, samples in zip(
            segments, cuts(blocks, segments, self.sample_rate), strict=True
        ):
            words.append(tuple(self._words(segment, samples)))
            on_segment(segment.end)
        return words

    def release(self) -> None:
        """Drop the weights; the object cannot align any more."""
        self._model = None

    def _words(self, segment: Segment, samples: Samples) -> Iterator[Word]:
        if self._model is None:
            raise RuntimeError("the model was released")
        seconds = len(samples) / self.sample_rate
        words = self._processor.split_words_for_alignment(segment.text)
        if not 0 < len(words) <= MOST_WORDS or not 0 < seconds <= LONGEST_SECONDS:
            return
        for timed in self._timed(segment.text, samples):
            start, end = (segment.start + min(timed[key], seconds) for key in _TIMES)
            yield Word(start, max(start, end), str(timed["text"]))

    @torch.inference_mode()
    def _timed(self, text: str, samples: Samples) -> list[dict[str, Any]]:
        """Each word with its times in seconds from the first of `samples` [n]."""
        request, words = self._processor.prepare_forced_aligner_inputs(samples, text)
        request = request.to(self._model.device, dtype=self._model.dtype)
        logits = self._model(**request, use_cache=False).logits  # [1, positions, times]
        [timed] = self._processor.decode_forced_alignment(
            logits, request["input_ids"], words, self._model.config.timestamp_token_id
        )
        return list(timed)


_TIMES = ("start_time", "end_time")


def cuts(
    blocks: Iterable[Samples], segments: Sequence[Segment], sample_rate: int
) -> Iterator[Samples]:
    """The samples of each segment, of a stream read once; shorter where the stream ends."""
    stream = iter(blocks)
    held, before = np.zeros(0, np.float32), 0  # `before`: samples of the stream before `held`
    for segment in segments:
        first, end = round(segment.start * sample_rate), round(segment.end * sample_rate)
        while before + len(held) < end and (block := next(stream, None)) is not None:
            done = min(max(0, first - before), len(held))
            held, before = np.concatenate([held[done:], block]), before + done
        yield held[max(0, first - before) : max(0, end - before)]
