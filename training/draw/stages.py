"""The stages in order, each from what the one before left in the work folder."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import Flux2KleinPipeline
from numpy.typing import NDArray
from torch import Tensor
from transformers import Qwen2Tokenizer

from training.checkpoint import State
from training.draw.album import Album, PairAlbum, pair_album
from training.draw.autoencoder import create_autoencoder
from training.draw.critic import Critic
from training.draw.export import export, pipeline
from training.draw.latents import LatentFile, survey
from training.draw.perception import load_eye
from training.draw.redraw import Redrawer
from training.draw.settling import asked_scene
from training.draw.text import create_text_encoder
from training.draw.tokenizer import build_tokenizer
from training.draw.train_autoencoder import AutoencoderTrainer, Plan
from training.draw.train_critic import CriticPlan, CriticTrainer
from training.draw.train_decoder import DecoderPlan, DecoderTrainer, Gallery
from training.draw.train_text import Pairs, TextPlan, TextTrainer
from training.draw.train_transformer import DrawPlan, DrawTrainer, Material
from training.draw.transformer import Denoiser, create_transformer
from training.pictures import steady_change, training_change


@dataclass(frozen=True)
class Work:
    """A folder with the state of every stage, and the pictures to learn from, [N, S, S, 3]: rows
    2p and 2p + 1 of `varied` and of `steady` are pair p."""

    folder: Path
    asked: NDArray[np.uint8]
    varied: NDArray[np.uint8]
    steady: NDArray[np.uint8]
    start: Path | None = None  # a finished pipeline to go on from; its text encoder stays as it is

    def autoencoder(self, plan: Plan) -> Any:
        """Train the autoencoder, or go on; its averaged weights, with the latents' statistics."""
        trainer = AutoencoderTrainer(self.folder, plan, self._finished("vae"))
        trainer.run(self.varied)
        return trainer.average

    def surveyed(self) -> Any:
        """The autoencoder as the transformer will know it; made once, then read."""
        path = self.folder / "surveyed.pt"
        model = create_autoencoder()
        if path.exists():
            model.load_state_dict(torch.load(path, weights_only=True))
            return model
        state = torch.load(self.folder / "autoencoder.pt", weights_only=True)
        model.load_state_dict(state["average"])
        survey(model, self.varied)
        torch.save(model.state_dict(), path)
        return model

    def tokenizer(self) -> Any:
        """Trained once, then read."""
        path = (self.start or self.folder) / "tokenizer"
        if not path.exists():
            build_tokenizer().save_pretrained(str(path))
        return Qwen2Tokenizer.from_pretrained(str(path))

    @cached_property
    def pairs(self) -> Pairs:
        return [training_change(pair) for pair in range(len(self.varied) // 2)]

    def text(self, plan: TextPlan) -> None:
        """Train the text encoder, or go on."""
        if self.start:
            return
        TextTrainer(self.folder, plan, self.tokenizer()).run(self.pairs)

    def text_encoder(self) -> Any:
        state = self._finished("text_encoder")
        if state is None:
            state = torch.load(self.folder / "text.pt", weights_only=True)["encoder"]
        encoder = create_text_encoder(len(state["model.embed_tokens.weight"]))
        encoder.load_state_dict(state)
        return encoder

    def encode(self) -> None:
        """Encode the pictures, or go on."""
        autoencoder = self.surveyed()
        self._latents("asked", self.asked).encode_missing(autoencoder, self.asked)
        self._latents("steady", self.steady).encode_missing(autoencoder, self.steady)
        self._latents("varied", self.varied).encode_missing(autoencoder, self.varied)

    def _latents(self, name: str, pictures: NDArray[np.uint8]) -> LatentFile:
        return LatentFile(self.folder / f"{name}.f16", len(pictures))

    def _weights(self) -> Tensor:
        """What each channel counts."""
        return self._latents("varied", self.varied).weights(self.surveyed())

    @cached_property
    def _asked(self) -> Album:
        scenes = [asked_scene(row) for row in range(len(self.asked))]
        return Album(self._latents("asked", self.asked).read(), scenes)

    @cached_property
    def _steady(self) -> PairAlbum:
        pairs = [steady_change(pair) for pair in range(len(self.steady) // 2)]
        return pair_album(self._latents("steady", self.steady).read(), pairs)

    @cached_property
    def _varied(self) -> PairAlbum:
        return pair_album(self._latents("varied", self.varied).read(), self.pairs)

    def critic(self, plan: CriticPlan) -> Critic:
        """Train the critic, or go on, on the steady latents."""
        trainer = CriticTrainer(self.folder, plan, self._steady)
        trainer.run()
        return trainer.critic.requires_grad_(False)

    def draw(self, plan: DrawPlan, critic: Critic) -> None:
        """Train the transformer, or go on."""
        weights = self._weights()
        words = self.tokenizer(), self.text_encoder()
        albums = self._asked, self._steady, self._varied
        material = Material(*albums, weights, *words, critic)
        DrawTrainer(self.folder, plan, material, self._finished("transformer")).run()

    def decoder(self, plan: DecoderPlan) -> None:
        """Train the decoder alone, or go on, on what the transformer makes of asked pictures and on
        varied ones as they were encoded."""
        autoencoder, asked = self.surveyed(), self._asked
        redrawer = Redrawer(Denoiser(self.transformer()), self.tokenizer(), self.text_encoder())
        file = self._latents("redrawn", self.asked[: plan.redrawn])
        file.make_missing(lambda rows: redrawer.redraw(asked, rows))
        redrawn = Gallery(self.asked, replace(asked, latents=file.read()))
        varied = Gallery(self.varied, self._varied)
        weights, eye = self._weights(), load_eye()
        DecoderTrainer(self.folder, plan, autoencoder, weights, redrawn, varied, eye).run()

    def export(self, out: Path) -> None:
        export(self.pipeline(), out)

    def transformer(self) -> Any:
        """With its averaged weights."""
        transformer = create_transformer()
        state = torch.load(self.folder / "draw.pt", weights_only=True)
        transformer.load_state_dict(state["average"])
        return transformer

    def pipeline(self) -> Any:
        autoencoder = create_autoencoder()
        decoder = torch.load(self.folder / "decoder.pt", weights_only=True)
        autoencoder.load_state_dict(decoder["average"])
        return pipeline(autoencoder, self.text_encoder(), self.tokenizer(), self.transformer())

    def _finished(self, part: str) -> State | None:
        """float32 weights of a part of the pipeline to go on from."""
        if not self.start:
            return None
        parts: Any = Flux2KleinPipeline.from_pretrained(  # type: ignore[no-untyped-call]
            str(self.start), local_files_only=True
        )
        weights: State = getattr(parts, part).float().state_dict()
        return weights
