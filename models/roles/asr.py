"""Speech recognition by Whisper: the starter and every checkpoint in transformers' folder form.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). A recording of
any length is cut at its pauses (models/roles/pauses.py) and each window is decoded greedily
(models/decoding/whisper.py), as Chinese where the checkpoint knows several languages.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)
from transformers.utils.logging import disable_progress_bar

from models.catalog import Checkpoint
from models.decoding.whisper import ListeningDefaults, WhisperDecoder
from models.dtypes import torch_dtype, with_dtype
from models.roles.pauses import Window, windows
from models.weights import tensor_bytes

Samples = npt.NDArray[np.float32]  # [n], −1 to 1

_TOKENS_PER_SECOND = 20  # fast Mandarin has 9 characters, of up to 3 tokens where they are rare
_LEAST_TOKENS = 16


@dataclass(frozen=True)
class Segment:
    """What was said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def _ignore(*_: object) -> None: ...


class SpeechRecognizer:
    """A loaded Whisper. `sample_rate`, in Hz, is that of the blocks it listens to."""

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        extractor: WhisperFeatureExtractor,
        tokenizer: PreTrainedTokenizerBase,
        *,
        defaults: ListeningDefaults,
        needed_bytes: int,
    ) -> None:
        self.sample_rate = int(extractor.sampling_rate)
        self.window_seconds = float(extractor.chunk_length)
        self.bytes = needed_bytes
        self._defaults = defaults
        self._extractor: Any = extractor
        self._decoder: WhisperDecoder | None = WhisperDecoder(model, tokenizer, defaults.prompt)

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load config, weights (safetensors only), features and tokenizer from `path`, offline.

        Raises CatalogError when the entry's defaults are wrong.
        """
        disable_progress_bar()  # type: ignore[no-untyped-call]  # it would be drawn over our output
        defaults = ListeningDefaults.of(checkpoint)
        checkpoint = with_dtype(checkpoint, path, device)
        model = WhisperForConditionalGeneration.from_pretrained(
            path,
            dtype=torch_dtype(checkpoint),
            attn_implementation="sdpa",
            use_safetensors=True,
            local_files_only=True,
        )
        return cls(
            model.train(mode=False).requires_grad_(requires_grad=False).to(device),
            WhisperFeatureExtractor.from_pretrained(path, local_files_only=True),
            AutoTokenizer.from_pretrained(path, local_files_only=True),
            defaults=defaults,
            needed_bytes=cls.bytes_needed(path, checkpoint),
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights, and of keys and values for a whole window and its longest text."""
        config = WhisperConfig.from_pretrained(path, local_files_only=True)
        dtype = torch_dtype(checkpoint)
        positions = config.max_target_positions + config.max_source_positions
        cache = 2 * config.decoder_layers * positions * config.d_model * dtype.itemsize
        return tensor_bytes(path, dtype) + int(cache)

    def transcribe(
        self,
        blocks: Iterable[Samples],
        *,
        on_window: Callable[[float, list[Segment]], None] = _ignore,
    ) -> list[Segment]:
        """Float32 mono blocks at `sample_rate`, of any lengths → what is said, in order.

        What does not sound like speech is left out. Memory does not grow with the recording.
        `on_window(seconds, new)` is called after every window with the seconds done with and its
        segments (one or none), and with none for every token in between; what it raises ends the
        call.
        """
        segments: list[Segment] = []
        heard = 0.0
        for window in windows(
            blocks,
            self.sample_rate,
            longest_seconds=self.window_seconds,
            pause_seconds=self._defaults.pause_seconds,
        ):
            new = self._listen(window, partial(on_window, heard, []))
            segments += new
            heard = window.heard
            on_window(heard, new)
        return segments

    def release(self) -> None:
        """Drop the weights; the object cannot listen any more."""
        self._decoder = None

    def _listen(self, window: Window, on_token: Callable[[], None]) -> list[Segment]:
        if self._decoder is None:
            raise RuntimeError("the model was released")
        if not len(window.samples):
            return []
        seconds = len(window.samples) / self.sample_rate
        features = self._extractor(
            window.samples, sampling_rate=self.sample_rate, return_tensors="pt"
        )["input_features"]  # [1, mels, frames]
        most = _LEAST_TOKENS + round(seconds * _TOKENS_PER_SECOND)
        decoded = self._decoder.decode(features, most, on_token)
        if not self._defaults.believe(decoded):
            return []
        return [Segment(window.start, window.start + seconds, decoded.text)]
