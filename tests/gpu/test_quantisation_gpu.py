"""Packed weights on a real card. Run with `pytest -n 0 -m gpu tests/gpu`."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from benchmarks.device.checkpoints import write_tiny
from models.catalog import Catalog, Note, Profile
from models.residency import Residency
from models.roles.llm import Sampling
from models.tuning import tuned

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
CARD = torch.device("cuda")
DEFAULTS: dict[str, dict[str, Any]] = {
    "llm": {"context_tokens": 512},
    "vlm": {"context_tokens": 512, "max_new_tokens": 6, "max_pixels": 128 * 128},
    "t2i": {"steps": 3, "size": 64, "max_pixels": 64 * 64, "max_sequence_length": 24},
}


def opened(name: str, scheme: str, folder: Path) -> Residency:
    write_tiny(name, folder / "checkpoints" / name)
    catalog = Catalog.bundled()
    role = catalog.get(name).role
    profile = Profile.model_validate(
        {
            "name": "t",
            "budget_bytes": 2**30,
            "device": "cuda",
            "roles": {role: name},
            "tuning": {role: {"quantisation": scheme, "defaults": DEFAULTS[role]}},
            "note": Note(zh="测试", en="test"),
        }
    )
    return Residency(
        tuned(catalog, profile),
        profile,
        device=CARD,
        budget_bytes=2**30,
        data_dir=folder,
        host_bytes=2**30,
    )


def use(residency: Residency, role: str) -> Any:
    with residency.lease(role) as model:
        if role == "llm":
            prompt = model.render([{"role": "user", "content": "你好"}], [])
            return list(model.generate(prompt, Sampling(max_new_tokens=8)))
        if role == "vlm":
            return model.answer(Image.new("RGB", (80, 60), "teal"), "这是什么？")
        return model.generate("一座桥", width=64, height=64, seed=7).tobytes()


@pytest.mark.parametrize(
    ("name", "role", "scheme"),
    [
        *(("qwen3-8b", "llm", scheme) for scheme in ("8bit", "4bit")),
        *(("qwen3-vl-4b-instruct", "vlm", scheme) for scheme in ("8bit", "4bit")),
        *(("z-image-turbo", "t2i", scheme) for scheme in ("8bit", "4bit", "fp8")),
    ],
)
def test_packed_weights_work_on_the_card_and_after_a_stay_on_the_host(
    name: str, role: str, scheme: str, tmp_path: Path
) -> None:
    residency = opened(name, scheme, tmp_path)
    try:
        before = use(residency, role)
        with residency.lease(role) as model:
            parts = [t for m in model.modules() for t in (*m.parameters(), *m.buffers())]
            assert {t.device.type for t in parts} == {"cuda"}
        residency._thread.run(residency._stock.relieve)
        assert [parked.checkpoint for parked in residency.state().parked] == [name]
        assert use(residency, role) == before
    finally:
        residency.close()
