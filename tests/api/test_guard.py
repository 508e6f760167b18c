"""Web pages of other sites cannot use the engine, and every refusal has one shape."""

import httpx
import pytest

from tests.api.conftest import Running, Serve


def port(running: Running) -> str:
    return running.url.rpartition(":")[2]


FOREIGN_HOSTS = ("evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "localhost:x")
FOREIGN_ORIGINS = (
    "http://evil.example",
    "null",
    "http://localhost:1",
    "http://127.0.0.1.evil:8501",
)


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_host_name_is_refused(serve: Serve, host: str) -> None:
    answer = httpx.get(f"{serve().url}/healthz", headers={"Host": host})
    assert answer.status_code in {400, 403}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "nas.lan"])
def test_own_names_are_served(serve: Serve, host: str) -> None:
    running = serve(allowed_hosts=("nas.lan",))
    named = {"Host": f"{host}:{port(running)}"}
    assert httpx.get(f"{running.url}/healthz", headers=named).status_code == 200


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_page_of_another_site_changes_nothing(serve: Serve, origin: str) -> None:
    running = serve()
    answer = httpx.post(f"{running.url}/api/conversations", json={}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"
    assert running.client.conversations() == ()


def test_own_pages_may_change_things(serve: Serve) -> None:
    running = serve()
    for origin in (running.url, f"http://localhost:{running.settings.ui_port}"):
        answer = httpx.post(f"{running.url}/api/conversations", json={}, headers={"Origin": origin})
        assert answer.status_code == 201


def test_another_site_cannot_embed_pictures_but_a_link_works(serve: Serve) -> None:
    url = f"{serve().url}/api/about"
    foreign = {"Sec-Fetch-Site": "cross-site"}
    embedded = httpx.get(url, headers={**foreign, "Sec-Fetch-Mode": "no-cors"})
    followed = httpx.get(url, headers={**foreign, "Sec-Fetch-Mode": "navigate"})
    assert (embedded.status_code, followed.status_code) == (403, 200)


def test_no_other_origin_may_read(serve: Serve) -> None:
    answer = httpx.get(f"{serve().url}/healthz", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/docs", 404),
        ("GET", "/api/../../etc/passwd", 404),
        ("DELETE", "/api/about", 405),
        ("GET", "/api/library/search", 422),
        ("GET", "/api/library/search?q=a&top_k=0", 422),
        ("GET", "/api/library/search?q=a&top_k=many", 422),
        ("GET", "/api/library/images/x/thumbnail", 422),
        ("GET", "/api/conversations/c/events?after=-1", 422),
    ],
)
def test_every_refusal_has_one_shape(serve: Serve, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, serve().url + path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "zh", "en"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"title": 3}', 422),
        (b'{"title": "' + b"x" * 5000 + b'"}', 422),
        (b"[]", 422),
        (b'"' + b"x" * (2**20 + 10) + b'"', 413),
        (b"\xff\xfe", 400),
    ],
    ids=["cut short", "wrong type", "too long", "no object", "huge", "no text"],
)
def test_bad_json_is_refused_in_words(serve: Serve, body: bytes, status: int) -> None:
    answer = httpx.post(
        f"{serve().url}/api/conversations",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status
    assert answer.json()["error"]["zh"]
