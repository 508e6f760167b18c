"""Speech recognition by Qwen3-ASR: an audio encoder before a Qwen3, in transformers' own class.

The repositories whose names end in `-hf` are in this form; the others need the authors' code.
"""

from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any, Self

import torch
from transformers import (
    Qwen3ASRConfig,
    Qwen3ASRFeatureExtractor,
    Qwen3ASRForConditionalGeneration,
    Qwen3ASRProcessor,
)

from models.catalog import Checkpoint
from models.decoding.kv_cache import bytes_per_token
from models.decoding.listening import Decoded, ListeningDefaults
from models.decoding.qwen3_asr import LANGUAGE_TOKENS, Qwen3AsrDecoder
from models.dtypes import torch_dtype, with_dtype
from models.roles.listener import Listener, most_tokens
from models.roles.pauses import Samples
from models.transformers_weights import load_model
from models.weights import tensor_bytes

_TEMPLATE_TOKENS = 32  # of the chat template around sound and prompt, and to spare
_TOKENS_PER_CHARACTER = 3  # of a prompt, where its characters are rare


class Qwen3SpeechRecognizer(Listener):
    """A loaded Qwen3-ASR."""

    def __init__(
        self,
        model: Qwen3ASRForConditionalGeneration,
        processor: Qwen3ASRProcessor,
        *,
        defaults: ListeningDefaults,
        needed_bytes: int,
    ) -> None:
        super().__init__(
            sample_rate=int(processor.feature_extractor.sampling_rate),
            window_seconds=float(processor.feature_extractor.chunk_length),
            defaults=defaults,
            needed_bytes=needed_bytes,
        )
        self._decoder: Qwen3AsrDecoder | None = Qwen3AsrDecoder(model, processor, defaults.prompt)

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load config, weights (safetensors only) and processor from `path`, offline.

        Raises CatalogError when the entry's defaults are wrong.
        """
        defaults = ListeningDefaults.of(checkpoint)
        checkpoint = with_dtype(checkpoint, path, device)
        model = load_model(Qwen3ASRForConditionalGeneration, path, checkpoint, device)
        return cls(
            model,
            Qwen3ASRProcessor.from_pretrained(path, local_files_only=True),
            defaults=defaults,
            needed_bytes=cls.bytes_needed(path, checkpoint),
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights, and of keys and values for a whole window and its longest text."""
        config = Qwen3ASRConfig.from_pretrained(path, local_files_only=True)
        extractor = Qwen3ASRFeatureExtractor.from_pretrained(path, local_files_only=True)
        dtype = torch_dtype(checkpoint)
        seconds = float(extractor.chunk_length)
        prompt = _TOKENS_PER_CHARACTER * len(ListeningDefaults.of(checkpoint).prompt)
        said = most_tokens(seconds) + LANGUAGE_TOKENS
        positions = sound_positions(config, extractor, seconds) + _TEMPLATE_TOKENS + prompt + said
        return tensor_bytes(path, dtype) + positions * bytes_per_token(config, dtype)

    def release(self) -> None:
        """Drop the weights; the object cannot listen any more."""
        self._decoder = None

    def _hear(self, samples: Samples, most: int, on_token: Callable[[], None]) -> Decoded:
        if self._decoder is None:
            raise RuntimeError("the model was released")
        return self._decoder.decode(samples, most, on_token)


def sound_positions(
    config: Qwen3ASRConfig, extractor: Qwen3ASRFeatureExtractor, seconds: float
) -> int:
    """How many positions of the language model `seconds` of sound take, at most."""
    frames = ceil(seconds * extractor.sampling_rate / extractor.hop_length)
    audio: Any = config.audio_config
    chunks = ceil(frames / (2 * audio.n_window))
    return int(chunks * audio.max_position_embeddings)
