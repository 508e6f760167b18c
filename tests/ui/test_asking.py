"""The beginning of a request that is put into the input."""

import pytest

from ui.web import asking, redraw


def test_what_is_begun_is_kept_until_the_input_was_drawn_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state: dict[str, object] = {}
    for module in (asking, redraw):
        monkeypatch.setattr(module.st, "session_state", state)
    asking.begin("把img-1")
    asking.take_begun()
    assert state.pop(asking.QUESTION) == "把img-1"  # a run that is cut short here draws no input
    asking.take_begun()
    assert state.pop(asking.QUESTION) == "把img-1"
    asking.forget_begun()
    asking.take_begun()
    assert asking.QUESTION not in state
