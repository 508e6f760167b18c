"""The stages in order, each from what the one before left in the work folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import Flux2KleinPipeline
from numpy.typing import NDArray
from transformers import Qwen2Tokenizer

from training.checkpoint import State
from training.draw.autoencoder import create_autoencoder
from training.draw.critic import Critic
from training.draw.export import export, pipeline
from training.draw.latents import LatentFile, survey
from training.draw.text import create_text_encoder
from training.draw.tokenizer import build_tokenizer
from training.draw.train_autoencoder import AutoencoderTrainer, Plan
from training.draw.train_critic import CriticPlan, CriticTrainer
from training.draw.train_text import Pairs, TextPlan, TextTrainer
from training.draw.train_transformer import DrawPlan, DrawTrainer, Material
from training.draw.transformer import create_transformer
from training.pictures import training_change


@dataclass(frozen=True)
class Work:
    """A folder with the state of every stage, and the pictures to learn from."""

    folder: Path
    pictures: NDArray[np.uint8]  # [N, S, S, 3]: rows 2p and 2p + 1 are pair p
    start: Path | None = None  # a finished pipeline to go on from; its text encoder stays as it is

    def autoencoder(self, plan: Plan) -> Any:
        """Train the autoencoder, or go on; its averaged weights, with the latents' statistics."""
        trainer = AutoencoderTrainer(self.folder, plan, self._finished("vae"))
        trainer.run(self.pictures)
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
        survey(model, self.pictures)
        torch.save(model.state_dict(), path)
        return model

    def tokenizer(self) -> Any:
        """Trained once, then read."""
        path = (self.start or self.folder) / "tokenizer"
        if not path.exists():
            build_tokenizer().save_pretrained(str(path))
        return Qwen2Tokenizer.from_pretrained(str(path))

    def pairs(self) -> Pairs:
        return [training_change(pair) for pair in range(len(self.pictures) // 2)]

    def text(self, plan: TextPlan) -> None:
        """Train the text encoder, or go on."""
        if self.start:
            return
        TextTrainer(self.folder, plan, self.tokenizer()).run(self.pairs())

    def text_encoder(self) -> Any:
        state = self._finished("text_encoder")
        if state is None:
            state = torch.load(self.folder / "text.pt", weights_only=True)["encoder"]
        encoder = create_text_encoder(len(state["model.embed_tokens.weight"]))
        encoder.load_state_dict(state)
        return encoder

    def latents(self) -> LatentFile:
        return LatentFile(self.folder / "latents.f16", len(self.pictures))

    def critic(self, plan: CriticPlan) -> Critic:
        """Train the critic, or go on, on the latents encoded so far."""
        trainer = CriticTrainer(self.folder, plan, self.latents().read(), self.pairs())
        trainer.run()
        return trainer.critic.requires_grad_(False)

    def draw(self, plan: DrawPlan, critic: Critic) -> None:
        """Train the transformer, or go on, on the latents encoded so far."""
        latents = self.latents()
        weights = latents.weights(self.surveyed())
        words = self.tokenizer(), self.text_encoder()
        material = Material(latents.read(), weights, self.pairs(), *words, critic)
        DrawTrainer(self.folder, plan, material, self._finished("transformer")).run()

    def export(self, out: Path) -> None:
        export(self.pipeline(), out)

    def pipeline(self) -> Any:
        transformer = create_transformer()
        state = torch.load(self.folder / "draw.pt", weights_only=True)
        transformer.load_state_dict(state["average"])
        return pipeline(self.surveyed(), self.text_encoder(), self.tokenizer(), transformer)

    def _finished(self, part: str) -> State | None:
        """float32 weights of a part of the pipeline to go on from."""
        if not self.start:
            return None
        parts: Any = Flux2KleinPipeline.from_pretrained(  # type: ignore[no-untyped-call]
            str(self.start), local_files_only=True
        )
        weights: State = getattr(parts, part).float().state_dict()
        return weights
