"""A store, a conversation, and the real reading and speaking roles under a residency."""

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image

from models.catalog import Catalog, Checkpoint, Profile
from models.residency import Residency
from tests.fixtures import tiny
from tools.artifacts import ArtifactStore, Lineage
from tools.context import Activity, ToolContext

ROLES = {
    "ocr": "models.roles.ocr:TextRecognizer",
    "tts": "models.roles.tts:SpeechSynthesizer",
    "clip": "models.roles.clip:ClipModel",
}


def png(colour: str = "red", size: tuple[int, int] = (30, 20)) -> bytes:
    sink = BytesIO()
    Image.new("RGB", size, colour).save(sink, "PNG")
    return sink.getvalue()


@pytest.fixture(scope="session")
def residency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Residency]:
    data = tmp_path_factory.mktemp("data")
    tiny.write_clip(data / "checkpoints" / "tiny-clip")
    catalog = Catalog(
        Checkpoint.model_validate(
            {
                "name": f"tiny-{role}",
                "role": role,
                "loader": loader,
                "dtype": "float32",
                "licence": "Apache-2.0",
                "languages": ["zh"],
                **({} if role == "clip" else {"bundled": "wheel"}),
            }
        )
        for role, loader in ROLES.items()
    )
    profile = Profile.model_validate(
        {
            "name": "tiny",
            "budget_bytes": 1 << 30,
            "roles": {role: f"tiny-{role}" for role in ROLES},
            "note": {"zh": "测试", "en": "test"},
        }
    )
    residency = Residency(
        catalog, profile, device=torch.device("cpu"), budget_bytes=1 << 30, data_dir=data
    )
    yield residency
    residency.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArtifactStore]:
    store = ArtifactStore(tmp_path / "artifacts")
    yield store
    store.close()


@pytest.fixture
def shown() -> list[Activity]:
    """What the step showed while it ran."""
    return []


@pytest.fixture
def context(store: ArtifactStore, residency: Residency, shown: list[Activity]) -> ToolContext:
    return ToolContext(
        conversation_id="c1",
        run_id="r1",
        call_id="t1",
        cancel=threading.Event(),
        artifacts=store,
        residency=residency,
        on_activity=shown.append,
    )


def attach(context: ToolContext, data: bytes, name: str = "a.png") -> str:
    """Upload into the conversation of `context` → handle."""
    artifact = context.artifacts.put(data, name=name, lineage=Lineage(source="upload"))
    return context.artifacts.assign(context.conversation_id, artifact.sha256)
