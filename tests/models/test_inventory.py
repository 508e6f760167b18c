"""What is here, whether it is whole, and what goes when it is removed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.catalog import Catalog, Note, Profile
from models.errors import (
    CheckpointBroken,
    CheckpointBusy,
    CheckpointMissing,
    InvalidRequest,
    NotFound,
    SourceError,
)
from models.fetching.caches import Caches
from models.fetching.pull import Puller
from models.inventory import Inventory
from models.manifest import MANIFEST_NAME
from models.registration import Wanted, register
from tests.fixtures import tiny
from tests.fixtures.hub import REPO, Hub, serving
from tests.models.conftest import entry
from tests.models.fetching.conftest import (
    NAME,
    QUICK,
    WEIGHTS,
    checkpoint_files,
    contents,
    huggingface,
    make_entry,
)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(checkpoint_files()) as hub:
        yield hub


@pytest.fixture
def puller(hub: Hub, tmp_path: Path) -> Puller:
    starter = entry("starter", "llm", "models.roles.llm:LanguageModel", bundled="starter/llm")
    catalog = Catalog([make_entry(), starter])
    return Puller(catalog, tmp_path, (huggingface(hub),), Caches(), QUICK)


@pytest.fixture
def inventory(puller: Puller) -> Inventory:
    note = Note(zh="测试", en="test")
    profile = Profile(name="p", budget_bytes=1, roles={"llm": NAME}, note=note)
    return Inventory(puller.catalog, {"p": profile}, puller.data_dir)


def total(hub: Hub, folder: Path) -> int:
    return sum(len(hub.files[path]) for path in contents(folder))


def test_what_is_not_here_is_listed_with_where_it_comes_from(inventory: Inventory) -> None:
    one, starter = inventory.items()
    assert (one.state, one.origin, one.bytes) == ("missing", "pulled", 0)
    assert (one.source, one.profiles) == (f"huggingface:{REPO}", ("p",))
    assert (starter.state, starter.origin, starter.profiles) == ("here", "bundled", ())
    assert starter.bytes > 1_000_000


def test_what_was_pulled_is_here_with_its_bytes(
    inventory: Inventory, puller: Puller, hub: Hub
) -> None:
    [pulled] = puller.pull([NAME])
    item = inventory.item(NAME)
    assert item.state == "here"
    assert item.known_bytes == total(hub, pulled.folder)
    assert item.source.startswith(f"huggingface:{REPO}@c0ffee")


def test_half_a_pull_is_partial_and_can_be_thrown_away(
    inventory: Inventory, puller: Puller, hub: Hub
) -> None:
    hub.fail(WEIGHTS, "cut", 503, 503, 503)
    with pytest.raises(SourceError):
        puller.pull([NAME])
    item = inventory.item(NAME)
    assert item.state == "partial"
    assert inventory.remove(NAME).freed_bytes == item.bytes > 0
    assert inventory.item(NAME).state == "missing"


def test_a_whole_checkpoint_is_verified_byte_by_byte(
    inventory: Inventory, puller: Puller, hub: Hub
) -> None:
    [pulled] = puller.pull([NAME])
    seen: list[tuple[int, int]] = []
    result = inventory.verify(NAME, lambda done, of: seen.append((done, of)))
    assert (result.broken, result.unchecked) == ((), ())
    assert result.bytes == total(hub, pulled.folder)
    assert seen[-1] == (result.bytes, result.bytes)


def test_a_flipped_bit_is_found_remembered_and_repaired(
    inventory: Inventory, puller: Puller, hub: Hub
) -> None:
    [pulled] = puller.pull([NAME])
    weights = pulled.folder / WEIGHTS
    data = bytearray(weights.read_bytes())
    data[1000] ^= 1
    weights.write_bytes(data)
    assert inventory.verify(NAME).broken == (WEIGHTS,)
    with pytest.raises(CheckpointBroken, match=f"duomo models pull {NAME}"):
        puller.catalog.locate(NAME, puller.data_dir)
    assert inventory.item(NAME).state == "broken"
    hub.asked.clear()
    puller.pull([NAME])
    assert len(hub.downloads()) == 1
    assert inventory.verify(NAME).broken == ()
    assert inventory.item(NAME).state == "here"


def test_a_file_that_is_gone_or_short_is_broken(inventory: Inventory, puller: Puller) -> None:
    [pulled] = puller.pull([NAME])
    (pulled.folder / WEIGHTS).write_bytes(b"short")
    (pulled.folder / "config.json").unlink()
    assert set(inventory.verify(NAME).broken) == {WEIGHTS, "config.json"}


def test_a_manifest_that_cannot_be_read_is_repaired_by_a_pull(
    inventory: Inventory, puller: Puller, hub: Hub
) -> None:
    [pulled] = puller.pull([NAME])
    (pulled.folder / MANIFEST_NAME).write_text("{")
    assert inventory.item(NAME).state == "broken"
    hub.asked.clear()
    puller.pull([NAME])
    assert hub.downloads() == []
    assert inventory.item(NAME).state == "here"


def test_what_has_no_hash_is_said_to_be_unchecked(inventory: Inventory) -> None:
    bundled = Inventory(Catalog.bundled(), {}, Path("/nonexistent"))
    result = bundled.verify("starter-llm")
    assert result.broken == ()
    assert "model.safetensors" in result.unchecked


def test_removing_frees_what_was_fetched_and_nothing_else(
    inventory: Inventory, puller: Puller, hub: Hub
) -> None:
    [pulled] = puller.pull([NAME])
    expected = total(hub, pulled.folder) + (pulled.folder / MANIFEST_NAME).stat().st_size
    (pulled.folder / "notes.txt").write_text("mine")
    removed = inventory.remove(NAME)
    assert removed.freed_bytes == expected
    assert removed.kept == pulled.folder
    assert [path.name for path in pulled.folder.iterdir()] == ["notes.txt"]


def test_what_a_cache_has_too_stays_there_and_is_not_counted(
    inventory: Inventory, puller: Puller, tmp_path: Path
) -> None:
    [pulled] = puller.pull([NAME])
    other = tmp_path / "cache"
    other.hardlink_to(pulled.folder / WEIGHTS)
    freed = inventory.remove(NAME).freed_bytes
    assert freed < other.stat().st_size
    assert not pulled.folder.exists()


def test_a_link_into_a_cache_is_removed_and_the_cache_is_not(
    inventory: Inventory, puller: Puller, tmp_path: Path
) -> None:
    [pulled] = puller.pull([NAME])
    weights, cached = pulled.folder / WEIGHTS, tmp_path / "cached"
    weights.rename(cached)
    weights.symlink_to(cached)
    inventory.remove(NAME)
    assert cached.is_file()
    assert not pulled.folder.exists()


@pytest.mark.parametrize("name", ["starter", "unknown", NAME])
def test_what_is_not_ours_or_not_here_is_not_removed(inventory: Inventory, name: str) -> None:
    kinds = {"starter": InvalidRequest, "unknown": NotFound, NAME: CheckpointMissing}
    with pytest.raises(kinds[name]):
        inventory.remove(name)


def test_a_folder_put_there_by_hand_is_left_alone(inventory: Inventory, tmp_path: Path) -> None:
    mine = tmp_path / "checkpoints" / NAME
    mine.mkdir(parents=True)
    (mine / "config.json").write_text("{}")
    assert inventory.item(NAME).origin == "own"
    with pytest.raises(InvalidRequest):
        inventory.remove(NAME)
    assert (mine / "config.json").is_file()


def test_what_is_being_fetched_is_not_removed(inventory: Inventory, puller: Puller) -> None:
    puller.pull([NAME])
    with puller.staging(puller.catalog.get(NAME)).locked(), pytest.raises(CheckpointBusy):
        inventory.remove(NAME)


# Folders of a person's own


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A tiny causal model, somewhere."""
    return tiny.write_llm(tmp_path / '我的 "模型"')


def registered(home: Path) -> Inventory:
    return Inventory(Catalog.from_directories(home / "catalog"), {}, home)


def test_a_registered_folder_is_a_checkpoint_like_any_other(own: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    written = register(Wanted(own, "llm", "mine", licence='My "own"'), Catalog([]), home)
    catalog = Catalog.from_directories(home / "catalog")
    assert catalog.get("mine") == written
    assert catalog.locate("mine", home) == own
    item = registered(home).item("mine")
    assert (item.state, item.origin, item.source) == ("here", "folder", str(own))
    assert registered(home).verify("mine").broken == ()


def test_a_registered_folder_that_changed_is_told(own: Path, tmp_path: Path) -> None:
    register(Wanted(own, "llm", "mine"), Catalog([]), tmp_path)
    config = own / "config.json"
    config.write_text(config.read_text().replace("{", "[", 1))
    assert registered(tmp_path).verify("mine").broken == ("config.json",)
    config.unlink()
    assert registered(tmp_path).item("mine").state == "broken"


def test_forgetting_a_folder_leaves_its_files(own: Path, tmp_path: Path) -> None:
    register(Wanted(own, "llm", "mine"), Catalog([]), tmp_path)
    removed = registered(tmp_path).remove("mine")
    assert (removed.freed_bytes, removed.kept) == (0, own)
    assert (own / "model.safetensors").is_file()
    assert Catalog.from_directories(tmp_path / "catalog").names() == ()


def test_defaults_can_be_those_of_another_entry(own: Path, tmp_path: Path) -> None:
    known = entry("known", "llm", "models.roles.llm:LanguageModel", defaults={"context_tokens": 7})
    written = register(Wanted(own, "llm", "mine", like="known"), Catalog([known]), tmp_path)
    assert written.defaults == {"context_tokens": 7}
    assert Catalog.from_directories(tmp_path / "catalog").get("mine") == written


@pytest.mark.parametrize("role", ["clip", "vlm", "t2i", "edit", "asr", "tts", "ocr"])
def test_a_class_that_the_role_cannot_load_is_refused(own: Path, tmp_path: Path, role: str) -> None:
    with pytest.raises(InvalidRequest, match=role):
        register(Wanted(own, role, "mine"), Catalog([]), tmp_path)  # type: ignore[arg-type]
    assert not (tmp_path / "catalog").exists()


def test_each_dual_encoder_gets_the_class_that_loads_it(tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "a")
    chinese = tiny.write_chinese_clip(tmp_path / "b")
    one = register(Wanted(clip, "clip", "one"), Catalog([]), tmp_path)
    two = register(Wanted(chinese, "clip", "two"), Catalog([]), tmp_path)
    assert one.loader == "models.roles.clip:ClipModel"
    assert two.loader == "models.roles.clip:TransformersClipModel"


@pytest.mark.parametrize("name", ["Mine", "a/b", "", "known", "../x", "a" * 65])
def test_a_name_has_to_be_one_and_free(own: Path, tmp_path: Path, name: str) -> None:
    known = entry("known", "llm", "models.roles.llm:LanguageModel")
    with pytest.raises(InvalidRequest):
        register(Wanted(own, "llm", name), Catalog([known]), tmp_path)


def test_a_folder_of_pickles_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles" / "pytorch_model.bin").write_bytes(b"x")
    for folder in (tmp_path / "pickles", tmp_path / "gone"):
        with pytest.raises(InvalidRequest):
            register(Wanted(folder, "llm", "mine"), Catalog([]), tmp_path)


def test_weights_that_cannot_be_read_are_refused(own: Path, tmp_path: Path) -> None:
    (own / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(CheckpointBroken):
        register(Wanted(own, "llm", "mine"), Catalog([]), tmp_path)
