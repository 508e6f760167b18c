"""The checkpoints that come with the package."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.catalog import Catalog, Profile, load_profiles
from models.dtypes import with_dtype
from models.residency import Residency
from models.roles import role_class
from models.roles.llm import Sampling
from tests.models.conftest import CPU

STARTER = load_profiles()["starter"]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Residency]:
    residency = Residency(
        Catalog.bundled(),
        STARTER,
        device=CPU,
        budget_bytes=STARTER.budget_bytes,
        data_dir=tmp_path_factory.mktemp("empty"),
    )
    yield residency
    residency.close()


def bytes_needed(profile: Profile, catalog: Catalog, data_dir: Path) -> int:
    total = 0
    for name in profile.roles.values():
        path = catalog.locate(name, data_dir)
        checkpoint = with_dtype(catalog.get(name), path, CPU)
        total += role_class(checkpoint).bytes_needed(path, checkpoint)
    return total


def test_the_whole_profile_fits_its_budget_at_once(tmp_path: Path) -> None:
    assert bytes_needed(STARTER, Catalog.bundled(), tmp_path) <= STARTER.budget_bytes


def test_the_language_model_answers_and_reuses_the_conversation(starter: Residency) -> None:
    messages = [{"role": "user", "content": "你好，请问你是谁"}]
    with starter.lease("llm") as llm:
        tokens = list(llm.generate(llm.render(messages, []), Sampling(max_new_tokens=60)))
        answer = llm.tokenizer.decode(tokens)
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": "谢谢"}]
        follow = llm.render(messages, [])
        list(llm.generate(follow, Sampling(max_new_tokens=4)))
        assert answer.strip()
        assert llm.last.reused_tokens > len(tokens)


def test_clip_tells_sentences_apart(starter: Residency) -> None:
    with starter.lease("clip") as clip:
        vectors = clip.embed_texts(["红色的苹果", "一座拱桥", "红色的苹果"])
    assert np.allclose(vectors[0], vectors[2], atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.95


@pytest.mark.parametrize(
    "name", [name for name in Catalog.bundled().names() if name.startswith("starter-")]
)
def test_a_starter_folder_without_its_files_is_no_checkpoint(name: str) -> None:
    checkpoint = Catalog.bundled().get(name)
    if checkpoint.bundled != "wheel":
        assert any(file.path.endswith(".safetensors") for file in checkpoint.files)
