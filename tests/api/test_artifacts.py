"""Files in and out: bounded while they stream, known by their bytes, inert in a browser."""

import socket
from collections.abc import Iterator
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

from models.errors import InvalidRequest, MediaTooLarge, NotFound, UnreadableMedia
from tests.api.conftest import Serve
from tests.fixtures.home import picture
from tests.tools.test_location import photo
from tools.labels import label_image, new_label, read_label


def test_a_picture_comes_back_as_it_went_in(serve: Serve) -> None:
    client = serve().client
    data = picture()
    stored = client.upload(data, "桥 与 水.png")
    assert (stored.kind, stored.mime, stored.width, stored.height) == ("image", "image/png", 64, 48)
    assert client.artifact(stored.sha256) == data
    assert client.artifact_info(stored.sha256) == stored
    assert client.upload(data, "again.png").sha256 == stored.sha256


def test_a_browser_gets_inert_bytes_it_may_keep(serve: Serve) -> None:
    running = serve()
    stored = running.client.upload(picture(), '桥"\r\nX-Evil: 1.png')
    answer = httpx.get(f"{running.url}/api/artifacts/{stored.sha256}")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "image/png"
    assert "x-evil" not in answer.headers
    assert answer.headers["content-disposition"].startswith("inline; filename*=utf-8''%E6%A1%A5")
    again = {"If-None-Match": answer.headers["etag"]}
    assert httpx.get(str(answer.url), headers=again).status_code == 304


def test_a_part_of_the_bytes_can_be_asked_for(serve: Serve) -> None:
    running = serve()
    data = picture()
    sha256 = running.client.upload(data, "a.png").sha256
    url = f"{running.url}/api/artifacts/{sha256}"
    answer = httpx.get(url, headers={"Range": "bytes=4-9"})
    assert (answer.status_code, answer.content) == (206, data[4:10])


def test_a_thumbnail_is_small_webp(serve: Serve) -> None:
    client = serve().client
    sha256 = client.upload(picture(size=(900, 600)), "a.png").sha256
    small = client.thumbnail(sha256, 128)
    assert small[8:12] == b"WEBP"
    with pytest.raises(InvalidRequest):
        client.thumbnail(sha256, 100_000)


def test_what_is_downloaded_says_no_place(serve: Serve) -> None:
    client = serve().client
    data = photo("JPEG")
    sha256 = client.upload(data, "a.jpg").sha256
    left = client.artifact(sha256)
    assert left != data
    assert Image.open(BytesIO(left)).getexif().get_ifd(0x8825) == {}
    assert client.artifact(sha256) == left


def test_made_content_is_marked_by_setting_and_by_export(serve: Serve) -> None:
    label = new_label()
    data = label_image(Image.new("RGB", (200, 200), "navy"), "PNG", label)
    plain = serve().client
    sha256 = plain.upload(data, "a.png").sha256
    assert plain.artifact_info(sha256).label
    assert plain.artifact(sha256) == data
    marked = plain.artifact(sha256, visible_label=True)
    assert marked != data
    assert read_label(marked) == label
    assert read_label(plain.thumbnail(sha256)) == label


def test_visible_labels_can_be_the_rule(serve: Serve) -> None:
    running = serve(visible_labels=True)
    data = label_image(Image.new("RGB", (200, 200), "navy"), "PNG", new_label())
    sha256 = running.client.upload(data, "a.png").sha256
    assert np.asarray(Image.open(BytesIO(running.client.artifact(sha256)))).max() > 200
    assert np.asarray(Image.open(BytesIO(running.client.thumbnail(sha256)))).max() > 200
    assert running.client.artifact(sha256, visible_label=False) == data
    answer = httpx.get(f"{running.url}/api/artifacts/{sha256}")
    assert "immutable" not in answer.headers["cache-control"]
    again = {"If-None-Match": answer.headers["etag"]}
    assert httpx.get(str(answer.url), headers=again).status_code == 304
    other = httpx.get(str(answer.url), headers=again, params={"visible_label": False})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", picture()[:40], b"<svg onload='alert(1)'/>", b"GIF89a"],
    ids=["empty", "text", "cut short", "svg", "header only"],
)
def test_what_is_no_picture_or_sound_is_refused(serve: Serve, data: bytes) -> None:
    client = serve().client
    with pytest.raises(UnreadableMedia) as refused:
        client.upload(data, "picture.png")
    assert refused.value.zh
    assert refused.value.en


def test_a_large_upload_is_refused_by_its_declared_length(serve: Serve) -> None:
    with pytest.raises(MediaTooLarge):
        serve().client.upload(b"\x89PNG" + bytes(3 * 2**20), "big.png")


def test_a_large_upload_that_hides_its_length_is_cut_off_while_it_streams(serve: Serve) -> None:
    running = serve()
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        while True:
            sent += 2**16
            yield bytes(2**16)

    try:
        answer = httpx.post(
            f"{running.url}/api/artifacts",
            content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            timeout=10,
        )
        assert answer.status_code == 413
    except httpx.ReadError:
        pass  # the engine hung up on what was still coming
    assert sent < 2**26
    assert running.client.health().status == "ok"


@pytest.mark.parametrize("sha256", ["0" * 64, "abc", "../../engine.lock", "..%2f..%2fengine.lock"])
def test_nothing_but_stored_artifacts_can_be_named(serve: Serve, sha256: str) -> None:
    client = serve().client
    for call in (client.artifact, client.artifact_info, client.thumbnail):
        with pytest.raises(NotFound):
            call(sha256)


def test_a_form_without_a_file_says_what_is_missing(serve: Serve) -> None:
    running = serve()
    answer = httpx.post(f"{running.url}/api/artifacts", data={"file": "words"})
    assert answer.status_code == 422
    assert "file" in answer.json()["error"]["en"]


def test_a_broken_form_is_an_error_in_our_words(serve: Serve) -> None:
    running = serve()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{running.url}/api/artifacts", content=b"--b\r\nnonsense", headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["zh"]


def test_nothing_of_an_abandoned_upload_stays(serve: Serve) -> None:
    running = serve()
    running.client.wait_ready()
    host, _, port = running.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(
            b"POST /api/artifacts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        )
    running.client.upload(picture(), "a.png")
    assert list(running.engine.incoming_dir.iterdir()) == []
