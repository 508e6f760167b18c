"""Everything that was made: found by its words, followed, bundled, deleted."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from models.errors import MediaTooLarge, NotFound
from tools import bundle
from tools.artifacts import Artifact, ArtifactStore, Lineage
from tools.bundle import Entry, write_bundle
from tools.creations import Creations, Wish
from tools.labels import label_image, new_label, read_label


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def store(root: Path) -> Iterator[ArtifactStore]:
    store = ArtifactStore(root)
    yield store
    store.close()


@pytest.fixture
def creations(root: Path, store: ArtifactStore) -> Iterator[Creations]:
    creations = Creations(root, store)
    yield creations
    creations.close()


def made(store: ArtifactStore, asked: str, colour: str = "red", **lineage: object) -> Artifact:
    data = label_image(Image.new("RGB", (32, 32), colour), "PNG", new_label())
    how: dict[str, object] = {
        "tool": "generate_image",
        "arguments": {"prompt": asked},
        "checkpoint": "starter-t2i",
        "seed": 7,
    }
    line = Lineage(**{**how, **lineage})  # type: ignore[arg-type]
    return store.put(data, kind="image", name="画.png", lineage=line)


def found(creations: Creations, **wish: object) -> set[str]:
    return set(creations.search(Wish(**wish), 100).sha256s)  # type: ignore[arg-type]


def test_only_what_a_checkpoint_made_is_a_creation(
    store: ArtifactStore, creations: Creations
) -> None:
    drawn = made(store, "拱桥")
    made(store, "拱桥", source="upload", checkpoint=None)
    made(store, "拱桥", source="library:/a.png", checkpoint=None)
    made(store, "拱桥", source="preview")
    assert found(creations) == {drawn.sha256}


def test_by_words_tool_checkpoint_and_day(store: ArtifactStore, creations: Creations) -> None:
    bridge = made(store, "一座拱桥 Bridge", prompt="拱桥，水墨")
    night = made(
        store,
        "",
        tool="edit_image",
        arguments={"image": "img-1", "instruction": "改成夜景"},
        checkpoint="starter-edit",
    )
    assert found(creations, words="拱桥") == {bridge.sha256}
    assert found(creations, words="水墨 bridge") == {bridge.sha256}
    assert found(creations, words="水墨 夜景") == set()
    assert found(creations, words="夜景") == {night.sha256}
    assert found(creations, words="%' OR 1=1 --") == set()
    assert found(creations, tool="edit_image") == {night.sha256}
    assert found(creations, checkpoint="starter-t2i") == {bridge.sha256}
    today = datetime.fromtimestamp(bridge.created, UTC).astimezone().date()
    assert len(found(creations, after=today, before=date.max)) == 2
    assert found(creations, before=today - timedelta(days=1)) == set()
    assert creations.makers() == (
        ("edit_image", "generate_image"),
        ("starter-edit", "starter-t2i"),
    )


def test_pages_are_newest_first(store: ArtifactStore, creations: Creations) -> None:
    all_of_them = [made(store, f"第{n}张").sha256 for n in range(5)]
    first, second = creations.search(Wish(), 3), creations.search(Wish(), 3, 3)
    assert [*first.sha256s, *second.sha256s] == all_of_them[::-1]
    assert first.total == 5


def test_a_deleted_creation_leaves_nothing_behind_and_its_handle_means_nothing(
    root: Path, store: ArtifactStore, creations: Creations
) -> None:
    parent = made(store, "拱桥")
    child = made(store, "夜里", "blue", parents=(parent.sha256,))
    handle = store.assign("talk", parent.sha256)
    store.thumbnail(parent.sha256, 128)
    store.export(parent.sha256, visible_label=True)
    assert creations.conversations(parent.sha256) == ("talk",)
    assert [made.sha256 for made in creations.children(parent.sha256)] == [child.sha256]
    assert creations.delete([parent.sha256, "f" * 64]) == 1
    assert not list(root.rglob(f"{parent.sha256}*"))
    with pytest.raises(NotFound):
        store.get(parent.sha256)
    assert store.resolve("talk", handle) is None
    assert store.handles("talk") == []
    assert store.assign("talk", child.sha256) != handle  # never used again
    assert found(creations) == {child.sha256}
    with pytest.raises(NotFound):
        creations.delete([parent.sha256])


def test_what_a_person_brought_is_not_deleted(store: ArtifactStore, creations: Creations) -> None:
    mine = made(store, "", source="upload", checkpoint=None)
    with pytest.raises(NotFound):
        creations.delete([mine.sha256])
    assert store.get(mine.sha256) == mine


def test_a_bundle_keeps_labels_and_names_apart(store: ArtifactStore, tmp_path: Path) -> None:
    entries = [
        Entry(store.path(made(store, "桥", colour).sha256), "../画.png", "image/png")
        for colour in ("red", "blue")
    ]
    gone = Entry(tmp_path / "gone.png", "gone.png", "image/png")
    target = tmp_path / "all.zip"
    assert write_bundle([*entries, gone], target, visible_label=False) == 2
    with zipfile.ZipFile(target) as zipped:
        assert zipped.namelist() == ["画.png", "画 (2).png"]
        assert all(read_label(zipped.read(name)) is not None for name in zipped.namelist())
    with pytest.raises(NotFound):
        write_bundle([gone], target, visible_label=False)


def test_a_bundle_has_a_bound(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_BYTES", 10)
    entry = Entry(store.path(made(store, "桥").sha256), "画.png", "image/png")
    with pytest.raises(MediaTooLarge):
        write_bundle([entry], tmp_path / "all.zip", visible_label=False)
