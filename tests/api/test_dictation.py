"""A recording for dictation over HTTP: refused in words, and never kept."""

import pytest

from models.errors import InvalidRequest
from tests.api.conftest import Serve
from tests.fixtures.sounds import encoded
from tests.fixtures.voices import silence


def test_a_profile_that_hears_nothing_says_so_and_keeps_nothing(serve: Serve) -> None:
    running = serve()
    with pytest.raises(InvalidRequest, match="听写"):
        running.client.write_down(encoded("wav", silence(1), 16_000))
    assert not list(running.engine.incoming_dir.iterdir())


def test_a_request_without_a_file_says_what_is_missing(serve: Serve) -> None:
    running = serve()
    with pytest.raises(InvalidRequest, match="file"):
        running.client._send("POST", "/api/dictation", data={"other": "1"})
