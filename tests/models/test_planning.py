"""What fits together, what takes turns, what is refused: from entries alone."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.device.checkpoints import write_tiny
from models.catalog import Catalog, Checkpoint, Note, Profile, Sizes, load_profiles
from models.dtypes import with_dtype
from models.errors import CatalogError, CheckpointMissing, InvalidRequest, OutOfMemory
from models.planning import Plan, plan
from models.roles import role_class
from models.tuning import tuned
from tests.models.conftest import CPU, entry

CATALOG = Catalog.bundled()
GB = 1_000_000_000


def sized(role: str, parameters: int, **more: Any) -> Checkpoint:
    sizes = Sizes(parameters=parameters, **more)
    return entry(f"one-{role}", role, f"models.roles.{role}:X", sizes=sizes, dtype="float16")


def made(*checkpoints: Checkpoint, budget: int, rate: int = GB) -> Plan:
    profile = Profile.model_validate(
        {
            "name": "t",
            "budget_bytes": budget,
            "device": "cuda",
            "roles": {c.role: c.name for c in checkpoints},
            "note": Note(zh="测试", en="test"),
        }
    )
    return plan(profile, Catalog(checkpoints), Path("/nowhere"), rate)


def bundled(name: str, tmp_path: Path) -> Plan:
    profile = load_profiles()[name]
    return plan(profile, tuned(CATALOG, profile), tmp_path)


@pytest.mark.parametrize("name", ["cpu", "8gb", "12gb", "16gb", "24gb"])
def test_every_profile_fits_with_no_weights_on_this_disk(name: str, tmp_path: Path) -> None:
    found = bundled(name, tmp_path)
    assert {need.role for need in found.needs} == set(load_profiles()[name].roles)
    assert all(need.bytes <= found.budget_bytes for need in found.needs)
    assert "llm" in found.together
    placed = [*found.together, *(turn.role for turn in found.turns)]
    assert sorted(placed) == sorted(need.role for need in found.needs)


@pytest.mark.parametrize("name", ["12gb", "16gb", "24gb"])
def test_talking_seeing_and_searching_stay_together_from_12_gb_on(
    name: str, tmp_path: Path
) -> None:
    assert {"llm", "vlm", "clip", "ocr"} <= set(bundled(name, tmp_path).together)


def test_the_starter_profile_is_measured_by_its_files(tmp_path: Path) -> None:
    found = bundled("starter", tmp_path)
    assert found.turns == ()
    for need in found.needs:
        path = CATALOG.locate(need.checkpoint, tmp_path)
        checkpoint = with_dtype(CATALOG.get(need.checkpoint), path, CPU)
        assert need.bytes == role_class(checkpoint).bytes_needed(path, checkpoint)


def test_weights_and_context_are_what_a_role_counts_when_it_loads(tmp_path: Path) -> None:
    """The tiny checkpoint of an entry, told its own sizes, plans what `bytes_needed` says."""
    for scheme in (None, "4bit", "8bit"):
        checkpoint = CATALOG.get("qwen3-8b").model_copy(
            update={"dtype": "float32", "quantisation": scheme, "defaults": {"context_tokens": 512}}
        )
        path = tmp_path / "checkpoints" / "qwen3-8b"
        if not path.exists():
            write_tiny("qwen3-8b", path)
        needed = role_class(checkpoint).bytes_needed(path, checkpoint)
        tiny = checkpoint.model_copy(update={"sizes": _sizes_on_disk(path)})
        need = made(tiny, budget=2**30).needs[0]
        assert need.weights + need.cache == needed


def _sizes_on_disk(path: Path) -> Sizes:
    from transformers import AutoConfig, AutoModelForCausalLM

    from models.quantisation import packed

    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(path))
    return Sizes(
        parameters=sum(p.numel() for p in model.parameters()),
        packed={scheme: packed(model, scheme) for scheme in ("4bit", "8bit")},
        cache_values=2 * 4 * 2 * 16,  # keys and values, layers, heads, width
    )


def test_who_does_not_fit_beside_the_others_takes_turns_and_its_seconds_are_told() -> None:
    found = made(
        sized("llm", 3 * GB // 2), sized("clip", GB // 4), sized("asr", 2 * GB), budget=5 * GB
    )
    assert found.together == ("llm", "clip")
    assert [(t.role, t.displaces) for t in found.turns] == [("asr", ("llm",))]
    assert found.turns[0].seconds_in == pytest.approx(4)
    assert found.turns[0].seconds_back == pytest.approx(3)


def test_no_more_goes_than_has_to() -> None:
    found = made(
        sized("llm", GB), sized("vlm", GB), sized("clip", GB // 4), sized("asr", GB), budget=5 * GB
    )
    assert found.turns[0].displaces in {("llm",), ("vlm",)}


def test_the_language_model_stays_before_smaller_ones() -> None:
    found = made(sized("llm", 2 * GB), sized("clip", GB), sized("vlm", GB), budget=5 * GB)
    assert found.together == ("llm",)


def test_what_never_fits_is_refused_with_the_reason() -> None:
    with pytest.raises(OutOfMemory, match=r"4\.7 GiB") as raised:
        made(sized("llm", GB), sized("vlm", 4 * GB, cache_values=1), budget=5 * GB)
    assert "one-vlm (16bit) needs 7.5 GiB" in raised.value.en
    assert "one-llm" not in raised.value.en
    assert "Quantise" in raised.value.en


def test_an_entry_without_sizes_and_files_says_that_its_weights_are_missing() -> None:
    unknown = entry(
        "one-llm", "llm", "models.roles.llm:LanguageModel", repos={"huggingface": "a/b"}
    )
    with pytest.raises(CheckpointMissing, match="duomo models pull one-llm"):
        made(unknown, budget=GB)


def test_settings_change_the_quantisation_after_the_profile_does() -> None:
    profile = load_profiles()["12gb"]
    catalog = tuned(CATALOG, profile, {"llm": "none", "vlm": "8bit"})
    chosen = {role: catalog.get(profile.roles[role]).quantisation for role in ("llm", "vlm", "t2i")}
    assert chosen == {"llm": None, "vlm": "8bit", "t2i": "4bit"}
    assert CATALOG.get(profile.roles["llm"]).quantisation is None


def test_a_role_cannot_be_quantised_as_only_others_can() -> None:
    with pytest.raises(InvalidRequest, match="fp8"):
        tuned(CATALOG, load_profiles()["12gb"], {"llm": "fp8"})


def test_a_profile_that_tunes_a_role_it_does_not_have_is_refused() -> None:
    from models.catalog import check_profile

    profile = load_profiles()["starter"].model_copy(
        update={"tuning": load_profiles()["8gb"].tuning, "roles": {"llm": "starter-llm"}}
    )
    with pytest.raises(CatalogError, match="vlm"):
        check_profile(profile, CATALOG)
