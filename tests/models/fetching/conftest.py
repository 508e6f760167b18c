"""A checkpoint on a hub of this machine, and a puller that knows both."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.catalog import Catalog, Checkpoint
from models.fetching.caches import Caches
from models.fetching.hubs import HuggingFace, ModelScope
from models.fetching.pull import Puller
from models.fetching.web import Endpoint, Patience
from tests.fixtures.hub import COMMIT, REPO, Hub, serving
from tests.models.conftest import entry

NAME = "one"
WEIGHTS = "model.safetensors"
QUICK = Patience(
    connect=2.0,
    silence=0.5,
    attempts=3,
    first_pause=0.01,
    longest_pause=0.02,
    trickle=0.3,
    least_rate=10_000.0,
)


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def checkpoint_files() -> dict[str, bytes]:
    """What a language model's repository holds, with much that is not to be fetched."""
    return {
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "README.md": b"# a card\n",
        "LICENSE": b"Apache-2.0\n",
        "config.json": json.dumps({"model_type": "qwen3"}).encode(),
        "tokenizer.json": noise(20_000, 2),
        WEIGHTS: noise(600_000),
        "model.fp16.safetensors": noise(300, 3),
        "consolidated.safetensors": noise(300, 4),
        "pytorch_model.bin": b"a pickle",
        "training_args.bin": b"a pickle",
        "modeling_own.py": b"print('never')\n",
        "onnx/model.onnx": b"onnx",
        "image.png": b"png",
    }


WANTED = ["LICENSE", "README.md", "config.json", WEIGHTS, "tokenizer.json"]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(checkpoint_files()) as hub:
        yield hub


@pytest.fixture
def other_hub() -> Iterator[Hub]:
    """Another origin: where redirects lead, or a mirror."""
    with serving(checkpoint_files()) as hub:
        yield hub


MakePuller = Callable[..., Puller]


@pytest.fixture
def make_puller(tmp_path: Path) -> MakePuller:
    def make(*hubs: Any, caches: Caches | None = None, **fields: Any) -> Puller:
        catalog = Catalog([make_entry(**fields)])
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        return Puller(catalog, home, hubs, caches or Caches(), QUICK)

    return make


def make_entry(**fields: Any) -> Checkpoint:
    repos = {"huggingface": REPO, "modelscope": REPO}
    given = {"repos": repos, "revision": COMMIT, **fields}
    loader = given.pop("loader", "models.roles.llm:LanguageModel")
    return entry(NAME, given.pop("role", "llm"), loader, **given)


def huggingface(hub: Hub, token: str | None = None) -> HuggingFace:
    return HuggingFace(Endpoint(hub.url, token))


def modelscope(hub: Hub) -> ModelScope:
    return ModelScope(Endpoint(hub.url, token_name="MODELSCOPE_API_TOKEN"))


@pytest.fixture
def puller(hub: Hub, make_puller: MakePuller) -> Puller:
    return make_puller(huggingface(hub))


def folder_of(puller: Puller) -> Path:
    return puller.catalog.locate(NAME, puller.data_dir)


def contents(folder: Path) -> dict[str, bytes]:
    """Path → bytes of a fetched checkpoint, without the manifest."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "duomo-manifest.json"
    }
