"""The model that sees: any image-text-to-text model that transformers knows, starter or real."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch
from PIL import Image
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.generation.streamers import BaseStreamer

from models.catalog import Checkpoint
from models.decoding.kv_cache import bytes_per_token
from models.dtypes import torch_dtype, with_dtype
from models.errors import InvalidRequest
from models.roles.familiarity import FAMILIAR, Familiarity
from models.transformers_weights import load_model, weight_bytes

MAX_PIXELS = 1024 * 1024  # where a catalogue entry names no `max_pixels`
CONTEXT_TOKENS = 4096  # nor `context_tokens`: picture, question and answer together
NEW_TOKENS = 512  # nor `max_new_tokens`
LONGEST_ASPECT = 100  # long side / short side; the class itself refuses 200
_UNFINISHED = "\ufffd"  # what a decoder gives for the first bytes of a character


def ignore(_: str) -> None: ...


class VisionLanguageModel:
    """A loaded vision-language model with its processor and chat template."""

    def __init__(
        self,
        model: PreTrainedModel,
        processor: Any,
        checkpoint: Checkpoint,
        weight_bytes: int,
        familiarity: Familiarity | None = None,
    ) -> None:
        self.max_pixels = checkpoint.default_int("max_pixels", MAX_PIXELS)
        self.context_tokens = _context(model.config, checkpoint)
        self._new_tokens = checkpoint.default_int("max_new_tokens", NEW_TOKENS)
        self._model: PreTrainedModel | None = model
        self._processor = processor
        self._familiarity = familiarity
        self.bytes = weight_bytes + self.context_tokens * bytes_per_token(model.config, model.dtype)

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:
        """Load config, weights (safetensors only), processor and template from `path`, offline."""
        checkpoint = with_dtype(checkpoint, path, device)
        model = load_model(AutoModelForImageTextToText, path, checkpoint, device)
        processor = AutoProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            path, local_files_only=True
        )
        weights = weight_bytes(path, checkpoint, AutoModelForImageTextToText)
        familiar = path / FAMILIAR
        familiarity = Familiarity.load(familiar) if familiar.exists() else None
        return cls(model, processor, checkpoint, weights, familiarity)

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:
        """Bytes of the weights and of the keys and values of a full context."""
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        dtype = torch_dtype(checkpoint)
        held = _context(config, checkpoint) * bytes_per_token(config, dtype)
        return weight_bytes(path, checkpoint, AutoModelForImageTextToText) + held

    @torch.inference_mode()
    def answer(
        self, image: Image.Image, question: str, *, on_text: Callable[[str], None] = ignore
    ) -> str:
        """The likeliest answer to `question` about an RGB picture.

        `on_text` gets each new piece of it, once a token, and may raise to end the call. Raises
        InvalidRequest for a picture as thin as a line, or a question beyond the context.
        """
        model = self._loaded()
        inputs = self._inputs(bounded(image, self.max_pixels), question).to(model.device)
        stream = _TextStream(self._processor, on_text)
        model.generate(
            **inputs,
            streamer=stream,
            max_new_tokens=self._room(inputs["input_ids"].shape[1]),
            do_sample=False,
        )
        return stream.text.strip()

    @torch.inference_mode()
    def knows(self, image: Image.Image) -> bool:
        """Whether an RGB picture is of the kind that the model was trained on; one that was trained
        on all kinds, and has no `familiar.safetensors`, knows every picture.

        Raises InvalidRequest for a picture as thin as a line."""
        return self._familiarity is None or self._familiarity.knows(self.features(image))

    @torch.inference_mode()
    def features(self, image: Image.Image) -> Tensor:
        """What the language model is shown of an RGB picture: [N, D], a row for each square."""
        model = self._loaded()
        picture = bounded(image, self.max_pixels)
        pixels = self._processor.image_processor(images=[picture], return_tensors="pt")
        features: Tensor
        [features] = model.get_image_features(**pixels.to(model.device, model.dtype)).pooler_output
        return features

    def modules(self) -> tuple[nn.Module, ...]:
        """What holds the weights."""
        return () if self._model is None else (self._model,)

    def park(self) -> None:
        """Nothing: it keeps nothing between calls."""

    def release(self) -> None:
        """Drop the weights; the object cannot answer any more."""
        self._model = None

    def _loaded(self) -> Any:
        if self._model is None:
            raise RuntimeError("the model was released")
        return self._model

    def _inputs(self, image: Image.Image, question: str) -> Any:
        content = [
            {"type": "image", "image": image},
            {"type": "text", "text": self._plain(question)},
        ]
        return self._processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )

    def _plain(self, question: str) -> str:
        """The question without the tokens that steer the model: a person's words are only words."""
        for token in self._processor.tokenizer.get_added_vocab():
            question = question.replace(token, " ")
        return question.strip()

    def _room(self, prompt_tokens: int) -> int:
        room = self.context_tokens - prompt_tokens
        if room < 1:
            raise InvalidRequest(
                f"问题太长：连图片一共 {prompt_tokens} 个词元，最多 {self.context_tokens - 1} 个。"
                "请把问题说短一些。",
                f"Question and picture have {prompt_tokens} tokens of at most "
                f"{self.context_tokens - 1}; ask more briefly.",
            )
        return min(room, self._new_tokens)


def bounded(image: Image.Image, max_pixels: int) -> Image.Image:
    """The picture as RGB with at most `max_pixels`. InvalidRequest for one as thin as a line."""
    long, short = max(image.size), min(image.size)
    if long > LONGEST_ASPECT * short:
        raise InvalidRequest(
            f"图片太细长（{image.width}×{image.height}），看不清内容。请裁剪后再试。",
            f"The picture is too thin ({image.width}×{image.height}); crop it and try again.",
        )
    share = (max_pixels / (image.width * image.height)) ** 0.5
    if share < 1:
        size = (max(1, int(image.width * share)), max(1, int(image.height * share)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image.convert("RGB")


class _TextStream(BaseStreamer):
    """Turns tokens into text as they come; the first that `generate` puts is the prompt."""

    def __init__(self, processor: Any, on_text: Callable[[str], None]) -> None:
        self.text = ""
        self._processor = processor
        self._on_text = on_text
        self._tokens: list[int] | None = None

    def put(self, value: torch.Tensor) -> None:
        if self._tokens is None:
            self._tokens = []
            return
        self._tokens += value.flatten().tolist()
        self._show(self._decoded().rstrip(_UNFINISHED))

    def end(self) -> None:
        self._show(self._decoded())

    def _decoded(self) -> str:
        text: str = self._processor.decode(self._tokens or [], skip_special_tokens=True)
        return text

    def _show(self, text: str) -> None:
        piece, self.text = text[len(self.text) :], text
        self._on_text(piece)


def _context(config: PreTrainedConfig, checkpoint: Checkpoint) -> int:
    """Tokens of picture, question and answer together."""
    most = int(config.get_text_config(decoder=True).max_position_embeddings)
    return min(checkpoint.default_int("context_tokens", CONTEXT_TOKENS), most)
