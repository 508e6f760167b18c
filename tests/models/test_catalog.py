"""The catalogue that comes with the package, and what is refused."""

from pathlib import Path

import pytest

from models.catalog import (
    Catalog,
    Checkpoint,
    CheckpointFile,
    Profile,
    check_profile,
    checkpoint_folder,
    load_profiles,
)
from models.errors import CatalogError, CheckpointBroken, CheckpointMissing, NotFound
from models.roles import role_class
from tests.models.conftest import entry

ENTRY = """
name = "one"
role = "llm"
loader = "models.roles.llm:LanguageModel"
licence = "MIT"
languages = ["zh"]
"""


def write(folder: Path, text: str, name: str = "one.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_every_bundled_entry_names_a_class_that_exists() -> None:
    catalog = Catalog.bundled()
    for name in catalog.names():
        kind = role_class(catalog.get(name))
        assert all(hasattr(kind, method) for method in ("load", "bytes_needed", "release"))


def test_entries_are_named_like_their_files() -> None:
    folder = Path(__file__).parents[2] / "models" / "catalog"
    stems = sorted(path.stem for path in folder.glob("*.toml"))
    assert stems == list(Catalog.bundled().names())


def test_what_is_not_bundled_says_where_it_is_from_and_under_what_licence() -> None:
    catalog = Catalog.bundled()
    for name in catalog.names():
        checkpoint = catalog.get(name)
        assert checkpoint.licence
        assert checkpoint.bundled or (checkpoint.repos.huggingface and checkpoint.revision)


def test_every_profile_names_checkpoints_of_the_right_role() -> None:
    profiles = load_profiles()
    assert "starter" in profiles
    for profile in profiles.values():
        check_profile(profile, Catalog.bundled())


def test_the_starter_profile_needs_nothing_from_outside() -> None:
    catalog = Catalog.bundled()
    assert all(catalog.get(name).bundled for name in load_profiles()["starter"].roles.values())


def test_names_are_sorted_and_by_role() -> None:
    catalog = Catalog.bundled()
    assert list(catalog.names()) == sorted(catalog.names())
    assert {catalog.get(name).role for name in catalog.names("clip")} == {"clip"}


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="starter-llm"):
        Catalog.bundled().get("gpt")


@pytest.mark.parametrize(
    ("wrong", "instead"),
    [
        ('role = "llm"', 'role = "poet"'),
        ("models.roles.llm:LanguageModel", "os:system"),
        ("models.roles.llm:LanguageModel", "models.roles.llm.x:LanguageModel"),
        ('licence = "MIT"', ""),
        ('name = "one"', 'name = "../one"'),
        ('languages = ["zh"]', 'languages = ["zh"]\nsurprise = 1'),
        ('languages = ["zh"]', 'languages = ["zh"]\nbundled = "../../etc"'),
        ('languages = ["zh"]', "languages = ["),
        ('languages = ["zh"]', 'languages = ["zh"]\n[[files]]\npath = "a"\nsha256 = "guess"'),
    ],
)
def test_an_entry_that_contradicts_the_form_is_refused_by_file_name(
    tmp_path: Path, wrong: str, instead: str
) -> None:
    with pytest.raises(CatalogError, match=r"one\.toml"):
        Catalog.from_directories(write(tmp_path, ENTRY.replace(wrong, instead)))


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, ENTRY)
    with pytest.raises(CatalogError, match="one"):
        Catalog.from_directories(write(tmp_path, ENTRY, "other.toml"))


def test_a_folder_of_ones_own_adds_entries(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "models" / "catalog"
    catalog = Catalog.from_directories(folder, write(tmp_path, ENTRY))
    assert "one" in catalog.names("llm")
    assert "starter-llm" in catalog.names("llm")


def test_a_profile_that_names_the_wrong_role_is_refused() -> None:
    profile = load_profiles()["starter"]
    wrong = Profile.model_validate({**profile.model_dump(), "roles": {"llm": "starter-clip"}})
    with pytest.raises(CatalogError, match="starter-clip"):
        check_profile(wrong, Catalog.bundled())


def test_profiles_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    for text in ("[a]\nbudget_bytes = 0", "a = 1", "[a"):
        path.write_text(text)
        with pytest.raises(CatalogError, match=r"profiles\.toml"):
            load_profiles(path)


def sized(size: int | None) -> Checkpoint:
    file = CheckpointFile(path="config.json", bytes=size)
    repos = {"huggingface": "someone/something"}
    return entry("one", "llm", "models.roles.llm:LanguageModel", files=[file], repos=repos)


def test_a_checkpoint_is_found_in_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints" / "one"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert Catalog([sized(2)]).locate("one", tmp_path) == folder


def test_a_missing_checkpoint_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing) as raised:
        Catalog([sized(2)]).locate("one", tmp_path)
    assert "duomo models pull one" in raised.value.zh
    assert "duomo models pull one" in raised.value.en


@pytest.mark.parametrize("content", [None, "{ }"])
def test_a_file_missing_or_of_the_wrong_size_is_broken(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "checkpoints" / "one"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointBroken, match=r"config\.json"):
        Catalog([sized(2)]).locate("one", tmp_path)


def test_an_entry_that_uses_the_files_of_another_lies_where_that_one_does(tmp_path: Path) -> None:
    catalog = Catalog.bundled()
    edit = catalog.get("flux2-klein-4b-edit")
    drawn = catalog.get(edit.stored_as)
    assert edit.stored_as != edit.name
    assert checkpoint_folder(edit, tmp_path) == checkpoint_folder(drawn, tmp_path)
