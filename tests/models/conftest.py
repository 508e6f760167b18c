"""Tiny checkpoints on disk, a catalogue that names them, and a residency over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from models.catalog import Catalog, Checkpoint, Note, Profile
from models.residency import Residency
from models.roles.llm import LanguageModel
from tests.fixtures import tiny

CPU = torch.device("cpu")


def entry(name: str, role: str, loader: str, **fields: object) -> Checkpoint:
    given = {"licence": "Apache-2.0", "languages": ["zh"], **fields}
    return Checkpoint.model_validate({"name": name, "role": role, "loader": loader, **given})


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    tiny.write_llm(root / "checkpoints" / "tiny-llm")
    tiny.write_clip(root / "checkpoints" / "tiny-clip")
    tiny.write_chinese_clip(root / "checkpoints" / "tiny-chinese-clip")
    return root


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    repos = {"huggingface": "someone/something"}
    return Catalog(
        [
            entry("tiny-llm", "llm", "models.roles.llm:LanguageModel", repos=repos),
            entry("tiny-clip", "clip", "models.roles.clip:ClipModel"),
            entry("tiny-chinese-clip", "clip", "models.roles.clip:TransformersClipModel"),
            entry("absent-vlm", "vlm", "models.roles.llm:LanguageModel", repos=repos),
        ]
    )


@pytest.fixture
def profile() -> Profile:
    roles = {"llm": "tiny-llm", "clip": "tiny-clip", "vlm": "absent-vlm"}
    note = Note(zh="测试", en="test")
    return Profile.model_validate({"name": "t", "budget_bytes": 1, "roles": roles, "note": note})


@pytest.fixture
def residency(catalog: Catalog, profile: Profile, data_dir: Path) -> Iterator[Residency]:
    residency = Residency(catalog, profile, device=CPU, budget_bytes=2**28, data_dir=data_dir)
    yield residency
    residency.close()


@pytest.fixture
def llm(catalog: Catalog, data_dir: Path) -> LanguageModel:
    path = catalog.locate("tiny-llm", data_dir)
    return LanguageModel.load(path, catalog.get("tiny-llm"), CPU)
