"""Drawing and editing from one folder of weights: loaded once, leased as two roles."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from models.catalog import Catalog, Note, Profile
from models.residency import Residency


@pytest.fixture
def residency(tmp_path: Path) -> Iterator[Residency]:
    roles = {"t2i": "starter-t2i", "edit": "starter-edit", "clip": "starter-clip"}
    profile = Profile.model_validate(
        {"name": "s", "budget_bytes": 1, "roles": roles, "note": Note(zh="测", en="test")}
    )
    made = Residency(
        _one_folder(Catalog.bundled()),
        profile,
        device=torch.device("cpu"),
        budget_bytes=2**30,
        data_dir=tmp_path,
    )
    yield made
    made.close()


def _one_folder(catalog: Catalog) -> Catalog:
    """The starters, with an editor that has the weights that draw."""
    folder = catalog.get("starter-t2i").bundled
    editor = catalog.get("starter-edit").model_copy(update={"bundled": folder})
    others = (catalog.get(name) for name in catalog.names() if name != editor.name)
    return Catalog((editor, *others))


def test_the_second_role_finds_the_weights_of_the_first(residency: Residency) -> None:
    with residency.lease("t2i") as generator:
        alone = residency.state().used_bytes
        assert generator.name == "starter-t2i"
    with residency.lease("edit") as editor:
        assert editor.name == "starter-edit"
    (resident,) = residency.state().residents
    assert resident.checkpoint == "starter-t2i"
    assert resident.shared_with == ("starter-edit",)
    assert residency.state().in_memory == {"starter-t2i", "starter-edit"}
    assert residency.state().used_bytes == alone
    assert [swap.way for swap in residency.state().history] == ["disk"]


def test_each_role_keeps_the_defaults_of_its_own_entry(residency: Residency) -> None:
    with residency.lease("edit") as editor, residency.lease("t2i") as generator:
        assert generator._family.defaults.guidance == 4.0
        assert editor._family.defaults.guidance == 3.0
        assert generator._family.pipeline is editor._family.pipeline


def test_both_go_when_their_weights_go(residency: Residency) -> None:
    with residency.lease("t2i") as generator, residency.lease("edit") as editor:
        pass
    residency._drop_idle(0.0)
    assert residency.state().residents == ()
    assert generator._role._loaded is None
    assert editor._role._loaded is None
    with residency.lease("edit") as again:
        assert again.modules()
