"""Memory that runs out in the middle of real work, at each place where it does: once, and the work
is done all the same; for good, and a typed error leaves nothing behind and the next job runs."""

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.catalog import Catalog, Profile
from models.errors import OutOfMemory
from models.residency import Residency
from models.roles.llm import Sampling
from tests.fixtures import tiny, tiny_drawing, tiny_vlm, tiny_whisper
from tests.fixtures.voices import babble, silence
from tests.models.conftest import CPU, entry
from tests.models.test_asr import CREDULOUS
from tests.models.test_diffusion import DEFAULTS

ROLES = {
    "llm": "models.roles.llm:LanguageModel",
    "clip": "models.roles.clip:ClipModel",
    "t2i": "models.roles.t2i:ImageGenerator",
    "vlm": "models.roles.vlm:VisionLanguageModel",
    "asr": "models.roles.asr:SpeechRecognizer",
}


def chat(llm: Any) -> Any:
    prompt = llm.render([{"role": "user", "content": "你好" * 60}], [])
    return list(llm.generate(prompt, Sampling(max_new_tokens=6)))


def embed(clip: Any) -> Any:
    return clip.embed_images([Image.new("RGB", (40, 40), "teal")] * 3).tolist()


def draw(generator: Any) -> Any:
    return np.asarray(generator.generate("桥", width=64, height=64, seed=3)).tolist()


def look(vlm: Any) -> Any:
    return vlm.answer(Image.new("RGB", (64, 64), "teal"), "这是什么")


def listen(recognizer: Any) -> Any:
    return recognizer.transcribe([np.concatenate([silence(1), babble(1.5), silence(1)])])


@dataclass(frozen=True)
class Place:
    """Where memory runs out: a function that the work of a role calls."""

    role: str
    work: Callable[[Any], Any]
    function: str


PLACES = {
    "load": Place("llm", chat, "models.roles.llm.LanguageModel.load"),
    "prefill": Place("llm", chat, "models.roles.llm.LanguageModel._forward"),
    "embedding": Place("clip", embed, "models.roles.clip.normalize"),
    "text encoder": Place("t2i", draw, "transformers.Qwen3ForCausalLM.forward"),
    "denoising": Place("t2i", draw, "diffusers.Flux2Transformer2DModel.forward"),
    "autoencoder": Place("t2i", draw, "diffusers.AutoencoderKLFlux2.decode"),
    "vision": Place("vlm", look, "transformers.Qwen3VLForConditionalGeneration.forward"),
    "hearing": Place("asr", listen, "models.decoding.whisper.WhisperDecoder._forward"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    tiny.write_llm(root / "checkpoints" / "small-llm")
    tiny.write_clip(root / "checkpoints" / "small-clip")
    tiny_drawing.write_flux2_klein(root / "checkpoints" / "small-t2i")
    tiny_vlm.write_vlm(root / "checkpoints" / "small-vlm")
    tiny_whisper.write_whisper(root / "checkpoints" / "small-asr")
    return root


@pytest.fixture
def residency(folder: Path) -> Iterator[Residency]:
    defaults = {"t2i": DEFAULTS, "asr": CREDULOUS}
    entries = [
        entry(f"small-{role}", role, loader, dtype="float32", defaults=defaults.get(role, {}))
        for role, loader in ROLES.items()
    ]
    profile = Profile.model_validate(
        {
            "name": "small",
            "budget_bytes": 2**30,
            "roles": {role: f"small-{role}" for role in ROLES},
            "note": {"zh": "小", "en": "small"},
        }
    )
    made = Residency(Catalog(entries), profile, device=CPU, budget_bytes=2**30, data_dir=folder)
    yield made
    made.close()


class Shortage:
    """Stands before a function and finds no memory the first `times` times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, function: str, times: float) -> None:
        self.met = 0
        self._times = times
        owner, _, name = function.rpartition(".")
        inner = getattr(_found(owner), name)

        @functools.wraps(inner)  # generate() looks at what forward() takes
        def short(*args: Any, **kwargs: Any) -> Any:
            if self.met < self._times:
                self.met += 1
                raise torch.OutOfMemoryError("CUDA out of memory")
            return inner(*args, **kwargs)

        monkeypatch.setattr(function, short)

    def over(self) -> None:
        self._times = 0


def _found(dotted: str) -> Any:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise AssertionError(dotted)


def run(residency: Residency, place: Place) -> Any:
    with residency.lease(place.role) as role:
        return place.work(role)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_shortage_that_passes_changes_nothing(
    residency: Residency, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        shortage = Shortage(patch, place.function, times=1)
        result = run(residency, place)
        assert shortage.met == 1
    assert run(residency, place) == result
    assert residency.state().used_bytes == sum(r.bytes for r in residency.state().residents)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_shortage_that_stays_is_a_typed_error_and_the_next_job_runs(
    residency: Residency, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        shortage = Shortage(patch, place.function, times=float("inf"))
        with pytest.raises(OutOfMemory, match="内存用完了"):
            run(residency, place)
        assert shortage.met >= 2
        state = residency.state()
        assert not any(resident.leased for resident in state.residents)
        assert state.used_bytes == sum(resident.bytes for resident in state.residents)
        assert state.queue == ()
    assert run(residency, place) == run(residency, place)
