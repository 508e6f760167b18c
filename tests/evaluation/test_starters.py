"""`duomo eval starters`: what is measured, what is missing, and the JSON."""

import json

import pytest

from evaluation import starters
from evaluation.report import Report
from models.errors import InvalidRequest


def test_a_role_that_the_profile_lacks_is_missing_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = lambda _: Report("judge", {"kind": 0.5})  # noqa: E731
    monkeypatch.setitem(starters.MEASURES, "judge", measured)
    settings = starters.Settings(profile="no such profile")
    found = starters.evaluate_starters(["clip", "t2i", "edit", "judge"], settings)
    assert set(found.missing) == {"clip", "t2i", "edit"}
    assert found.figures == {"judge.kind": 0.5}


def test_what_needs_data_says_which_option_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    starters.main(only="llm,ocr", json=True)
    printed = json.loads(capsys.readouterr().out)
    assert "--cases" in printed["missing"]["llm"]
    assert "--texts" in printed["missing"]["ocr"]


def test_tables_name_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    starters.main(only="llm")
    assert "--cases" in capsys.readouterr().out


def test_an_unknown_role_is_named() -> None:
    with pytest.raises(InvalidRequest, match="dream"):
        starters.main(only="clip,dream")
