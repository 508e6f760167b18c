"""Training batches: pictures from the file, freshly worded captions, and the facts of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import PreTrainedTokenizerFast

from training.clip.facts import vector
from training.clip.model import MEAN, STD
from training.clip.tokenizer import CONTEXT_LENGTH, PAD_ID, UNK_ID
from training.world.captions import Caption, full_caption, scene_facts, short_caption
from training.world.phrases import TRAIN
from training.world.scene import Scene, sample_scene
from training.world.splits import TRAIN_SEEDS

_SHORT_SHARE = 0.3
_DETAILS = (0.6, 0.75, 0.9, 1.0)
_NOISE_SHARE = 0.3  # captions that get a few random characters, so that unknown words do little
_LARGEST_CROP = 10


@dataclass(frozen=True)
class Batch:
    """images float32 [B, 3, S, S]; tokens int64 [B, L], L as long as the longest caption;
    image_facts and text_facts float32 [B, F]."""

    images: Tensor
    tokens: Tensor
    image_facts: Tensor
    text_facts: Tensor


class Batches:
    """Endless batches over the rows drawn so far. A batch depends on its number and seed alone."""

    def __init__(
        self, pictures: NDArray[np.uint8], tokenizer: PreTrainedTokenizerFast, size: int
    ) -> None:
        self._pictures = pictures
        self._tokenizer = tokenizer
        self._size = size
        self._scenes: dict[int, Scene] = {}

    def starting_at(self, number: int) -> Iterator[Batch]:
        """Batches number, number + 1, …"""
        while True:
            yield self.batch(number)
            number += 1

    def batch(self, number: int) -> Batch:
        """Batch `number` of the run."""
        rng = Random(f"batch-{number}")
        rows = rng.sample(range(len(self._pictures)), self._size)
        scenes = [self._scene(row) for row in rows]
        captions = [caption_for_training(scene, rng) for scene in scenes]
        return Batch(
            images=augment(
                torch.from_numpy(self._pictures[sorted(rows)][np.argsort(np.argsort(rows))]), rng
            ),
            tokens=self._tokens([caption.text for caption in captions], rng),
            image_facts=torch.from_numpy(
                np.stack([vector(scene_facts(scene)) for scene in scenes])
            ),
            text_facts=torch.from_numpy(np.stack([vector(caption.facts) for caption in captions])),
        )

    def _scene(self, row: int) -> Scene:
        if row not in self._scenes:
            self._scenes[row] = sample_scene(TRAIN_SEEDS[row])
        return self._scenes[row]

    def _tokens(self, texts: list[str], rng: Random) -> Tensor:
        encoded = self._tokenizer(texts, max_length=CONTEXT_LENGTH - 4, truncation=True)[
            "input_ids"
        ]
        noisy = [_with_noise(ids, len(self._tokenizer), rng) for ids in encoded]
        longest = max(map(len, noisy))
        return torch.tensor([ids + [PAD_ID] * (longest - len(ids)) for ids in noisy])


def caption_for_training(scene: Scene, rng: Random) -> Caption:
    """A long or short caption from the training bank."""
    if rng.random() < _SHORT_SHARE:
        return short_caption(scene, rng, TRAIN)
    return full_caption(scene, rng, TRAIN, detail=rng.choice(_DETAILS))


def augment(pictures: Tensor, rng: Random) -> Tensor:
    """uint8 [B, S, S, 3] -> normalised float32 [B, 3, S, S]: a closer crop, other light."""
    side = pictures.shape[1]
    images = pictures.permute(0, 3, 1, 2).float() / 255
    crop = rng.randint(0, _LARGEST_CROP)
    if crop:
        x, y = rng.randint(0, crop), rng.randint(0, crop)
        images = images[:, :, y : y + side - crop, x : x + side - crop]
        images = interpolate(images, (side, side), mode="bilinear", antialias=True)
    generator = torch.Generator().manual_seed(rng.getrandbits(32))
    gain, lift = torch.rand((2, len(images), 1, 1, 1), generator=generator)
    images = images * (0.88 + 0.24 * gain) + (lift - 0.5) * 0.1
    mean, std = torch.tensor((MEAN, STD)).view(2, 3, 1, 1)
    normalised: Tensor = (images - mean) / std
    return normalised


def _with_noise(ids: list[int], vocabulary: int, rng: Random) -> list[int]:
    if rng.random() > _NOISE_SHARE:
        return ids
    noisy = list(ids)
    for _ in range(rng.randint(1, 3)):
        noisy.insert(rng.randrange(len(noisy)), rng.randrange(UNK_ID, vocabulary))
    return [token if token != ids[-1] else UNK_ID for token in noisy[:-1]] + ids[-1:]
