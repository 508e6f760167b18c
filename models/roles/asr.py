"""Speech recognition by Whisper: the starter and every checkpoint in transformers' folder form.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). Each window of
a recording (models/roles/listener.py) is decoded (models/decoding/whisper.py), as Chinese
where the checkpoint knows several languages.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from models.catalog import Checkpoint
from models.decoding.listening import Decoded, ListeningDefaults
from models.decoding.ngram import NgramModel
from models.decoding.whisper import WhisperDecoder
from models.dtypes import torch_dtype, with_dtype
from models.roles.listener import Listener
from models.roles.pauses import Samples
from models.transformers_weights import load_model
from models.weights import tensor_bytes

NGRAMS = "ngrams.safetensors"  # beside the weights, where a checkpoint has them


class SpeechRecognizer(Listener):
    """A loaded Whisper."""

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        extractor: WhisperFeatureExtractor,
        tokenizer: PreTrainedTokenizerBase,
        *,
        defaults: ListeningDefaults,
        needed_bytes: int,
        ngrams: NgramModel | None = None,
    ) -> None:
        super().__init__(
            sample_rate=int(extractor.sampling_rate),
            window_seconds=float(extractor.chunk_length),
            defaults=defaults,
            needed_bytes=needed_bytes,
        )
        self._extractor: Any = extractor
        self._decoder: WhisperDecoder | None = WhisperDecoder(
            model,
            tokenizer,
            defaults.prompt,
            beams=defaults.beams,
            ngrams=ngrams,
            ngram_weight=defaults.ngram_weight,
        )

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load config, weights (safetensors only), features and tokenizer from `path`, offline.

        Raises CatalogError when the entry's defaults are wrong.
        """
        defaults = ListeningDefaults.of(checkpoint)
        checkpoint = with_dtype(checkpoint, path, device)
        model = load_model(WhisperForConditionalGeneration, path, checkpoint, device)
        return cls(
            model,
            WhisperFeatureExtractor.from_pretrained(path, local_files_only=True),
            AutoTokenizer.from_pretrained(path, local_files_only=True),
            defaults=defaults,
            needed_bytes=cls.bytes_needed(path, checkpoint),
            ngrams=NgramModel.load(path / NGRAMS) if (path / NGRAMS).exists() else None,
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights, and of keys and values for a whole window and its longest texts."""
        config = WhisperConfig.from_pretrained(path, local_files_only=True)
        dtype = torch_dtype(checkpoint)
        positions = config.max_target_positions + config.max_source_positions
        cache = 2 * config.decoder_layers * positions * config.d_model * dtype.itemsize
        beams = ListeningDefaults.of(checkpoint).beams
        return tensor_bytes(path, dtype) + beams * int(cache)

    def release(self) -> None:
        """Drop the weights; the object cannot listen any more."""
        self._decoder = None

    def _hear(self, samples: Samples, most: int, on_token: Callable[[], None]) -> Decoded:
        if self._decoder is None:
            raise RuntimeError("the model was released")
        features = self._extractor(samples, sampling_rate=self.sample_rate, return_tensors="pt")[
            "input_features"
        ]  # [1, mels, frames]
        return self._decoder.decode(features, most, on_token)
