"""CLIP: pictures and sentences as unit vectors of one space.

`ClipModel` loads open_clip's own folder form (open_clip_config.json, safetensors, tokenizer), which
is that of the starter and of SigLIP2; `TransformersClipModel` loads dual encoders of transformers,
such as Chinese-CLIP.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg, image_transform_v2
from open_clip.utils import to_2tuple
from PIL import Image
from torch import nn
from torch.nn.functional import normalize
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from models.catalog import Checkpoint
from models.device import any_thread
from models.dtypes import torch_dtype, with_dtype
from models.errors import CheckpointBroken
from models.weights import fingerprint, tensor_bytes

Vectors = NDArray[np.float32]
Encoder = Callable[[Any], torch.Tensor]
Items = TypeVar("Items", Sequence[Any], torch.Tensor)
BATCH = 64  # pictures or sentences per forward pass
_PRECISIONS = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


class ClipModel:
    """A loaded dual encoder. `name` and `revision` say which vectors may be compared.

    `image_side`, in px, is what `preprocess` resizes to: more of a picture is never looked at.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        path: Path,
        *,
        dimension: int,
        image_side: int,
        model: nn.Module,
        preprocess: Callable[[Image.Image], torch.Tensor],
        tokenize: Callable[[list[str]], Any],
        encode_image: Encoder,
        encode_text: Encoder,
    ) -> None:
        self.name = checkpoint.name
        self.revision = checkpoint.revision or fingerprint(path)
        self.dimension = dimension
        self.image_side = image_side
        self.bytes = self.bytes_needed(path, checkpoint)
        self._model: nn.Module | None = model
        self._dtype = torch_dtype(checkpoint)
        self._batch = BATCH
        self._preprocess = preprocess
        self._tokenize = tokenize
        self._encode_image: Encoder | None = encode_image
        self._encode_text: Encoder | None = encode_text

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load a folder in open_clip's form."""
        checkpoint = with_dtype(checkpoint, path, device)
        source = f"local-dir:{path}"
        precision = _PRECISIONS[torch_dtype(checkpoint)]
        model = open_clip.create_model(source, precision=precision, device=device)
        model.eval().requires_grad_(False)
        preprocess = PreprocessCfg(**model.visual.preprocess_cfg)
        return cls(
            checkpoint,
            path,
            dimension=_embedding_width(path),
            image_side=max(to_2tuple(preprocess.size)),
            model=model,
            preprocess=image_transform_v2(preprocess, is_train=False),
            tokenize=open_clip.get_tokenizer(source),
            encode_image=model.encode_image,
            encode_text=model.encode_text,
        )

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights."""
        return tensor_bytes(path, torch_dtype(checkpoint))

    @any_thread
    def preprocess(self, image: Image.Image) -> torch.Tensor:
        """RGB picture → pixels [3, height, width] float32, scaled and normalised for the model."""
        pixels: torch.Tensor = self._preprocess(image)
        return pixels

    def embed_images(self, images: Sequence[Image.Image]) -> Vectors:
        """RGB pictures → [n, dimension] float32 unit rows."""
        batches = [
            self.embed_pixels(torch.stack([self.preprocess(image) for image in batch]))
            for batch in _batches(images, self._batch)
        ]
        return self._joined(batches)

    def embed_pixels(self, pixels: torch.Tensor) -> Vectors:
        """Pixels [n, 3, height, width] from `preprocess` → [n, dimension] float32 unit rows."""
        batches = _batches(pixels, self._batch)
        return self._joined([self._embed(self._encode_image, batch) for batch in batches])

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Sentences → [n, dimension] float32 unit rows. A long one is cut at the model's length."""
        batches = _batches(texts, self._batch)
        tokens = (self._tokenize(list(batch)) for batch in batches)
        return self._joined([self._embed(self._encode_text, batch) for batch in tokens])

    def modules(self) -> tuple[nn.Module, ...]:
        """What holds the weights."""
        return () if self._model is None else (self._model,)

    def park(self) -> None:
        """Nothing: it keeps nothing between calls."""

    def degrade(self) -> bool:
        """Embed fewer at a time."""
        smaller = max(1, self._batch // 2)
        is_smaller, self._batch = smaller < self._batch, smaller
        return is_smaller

    def release(self) -> None:
        """Drop the weights; `preprocess` goes on working."""
        self._model = self._encode_image = self._encode_text = None

    @torch.inference_mode()
    def _embed(self, encode: Encoder | None, inputs: Any) -> Vectors:
        if encode is None or self._model is None:
            raise RuntimeError("the model was released")
        inputs = inputs.to(next(self._model.parameters()).device)
        if isinstance(inputs, torch.Tensor) and inputs.is_floating_point():
            inputs = inputs.to(self._dtype)
        vectors: Vectors = normalize(encode(inputs).float(), dim=-1).cpu().numpy()
        return vectors

    def _joined(self, batches: list[Vectors]) -> Vectors:
        empty = np.empty((0, self.dimension), np.float32)
        return np.concatenate(batches) if batches else empty


class TransformersClipModel(ClipModel):
    """A dual encoder of transformers: Chinese-CLIP, CLIP, SigLIP."""

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load a folder in transformers' form (safetensors only), offline."""
        checkpoint = with_dtype(checkpoint, path, device)
        model = AutoModel.from_pretrained(
            path, dtype=torch_dtype(checkpoint), use_safetensors=True, local_files_only=True
        )
        model.train(mode=False).requires_grad_(requires_grad=False).to(device)
        longest = int(model.config.text_config.max_position_embeddings)
        processor: Any = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            path, local_files_only=True
        )
        tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
        return cls(
            checkpoint,
            path,
            dimension=int(model.config.projection_dim),
            image_side=max(dict(processor.size).values()),
            model=model,
            preprocess=lambda image: processor(image, return_tensors="pt")["pixel_values"][0],
            tokenize=partial(
                tokenizer,
                return_tensors="pt",
                padding=True,
                truncation=True,
                max_length=checkpoint.default_int("text_tokens", longest),
            ),
            encode_image=lambda pixels: model.get_image_features(pixels).pooler_output,
            encode_text=lambda tokens: model.get_text_features(**tokens).pooler_output,
        )


def _batches(items: Items, size: int) -> Iterator[Items]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _embedding_width(path: Path) -> int:
    try:
        config = json.loads((path / "open_clip_config.json").read_text(encoding="utf-8"))
        return int(config["model_cfg"]["embed_dim"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointBroken(
            f"{path} 里的 open_clip_config.json 读不了，请重新获取：{error}",
            f"open_clip_config.json in {path} cannot be read; fetch it again: {error}",
        ) from error
