"""Servers that fail, lie or attack, machines that die, disks that fill: said in words, nothing
lost, and nothing taken that was not promised."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.errors import (
    DiskFull,
    InvalidRequest,
    SourceLacks,
    SourceRefused,
    SourceUnreachable,
    SourceUntrusted,
)
from models.fetching import web
from models.fetching.pull import Puller
from models.fetching.remote import RemoteFile, distinct, is_safe
from models.fetching.sources import hubs
from models.fetching.staging import INCOMING
from tests.fixtures.hub import COMMIT, REPO, Hub
from tests.models.fetching.conftest import (
    NAME,
    WANTED,
    WEIGHTS,
    MakePuller,
    contents,
    folder_of,
    huggingface,
    modelscope,
    noise,
)

ROOT = Path(__file__).parents[3]
TREE = f"/api/models/{REPO}/tree/{COMMIT}"


@pytest.mark.parametrize(
    "faults",
    [
        ("cut",),
        ("cut", "cut"),
        ("stall",),
        ("trickle",),
        (503, 502, "cut", 429),
        ("shorter",),
        ("corrupt",),
        ("cut", "corrupt"),
        ("cut", "no range"),
        ("cut", "wrong range"),
        ("cut", 416),
        ("http://[broken/x",),
    ],
    ids=str,
)
def test_what_goes_wrong_once_is_put_right(puller: Puller, hub: Hub, faults: tuple[Any]) -> None:
    hub.fail(WEIGHTS, *faults)
    puller.pull([NAME])
    assert contents(folder_of(puller)) == {path: hub.files[path] for path in WANTED}


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ((503, 503, 503), SourceUnreachable),
        (("stall",) * 3, SourceUnreachable),
        (("corrupt", "corrupt"), SourceUntrusted),
        (("longer",), SourceUntrusted),
        (("endless",), SourceUntrusted),
        (("gzip",), SourceUntrusted),
        ((404,), SourceLacks),
        ((401,), SourceRefused),
        ((403,), SourceRefused),
        ((451,), SourceUnreachable),
        (("file:///etc/passwd",), SourceUntrusted),
        (("ftp://127.0.0.1/x",), SourceUntrusted),
    ],
    ids=str,
)
def test_what_stays_wrong_is_said_and_no_checkpoint_appears(
    puller: Puller, hub: Hub, faults: tuple[Any], error: type[Exception]
) -> None:
    hub.fail(WEIGHTS, *faults)
    with pytest.raises(error):
        puller.pull([NAME])
    assert not (puller.data_dir / "checkpoints" / NAME).exists()


def test_never_more_bytes_than_promised_reach_the_disk(puller: Puller, hub: Hub) -> None:
    hub.fail(WEIGHTS, "endless")
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])
    kept = (puller.data_dir / "checkpoints" / INCOMING / NAME).glob("*")
    assert all(path.stat().st_size <= len(hub.files[WEIGHTS]) for path in kept)


def test_a_redirect_without_end_is_left(puller: Puller, hub: Hub) -> None:
    hub.fail(WEIGHTS, *[f"/{REPO}/resolve/{COMMIT}/{WEIGHTS}"] * 20)
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])
    assert len(hub.downloads(WEIGHTS)) == web.MOST_REDIRECTS


def test_a_token_goes_to_the_hub_when_asked_for_and_never_along_a_redirect(
    hub: Hub, other_hub: Hub, make_puller: MakePuller
) -> None:
    hub.token = "secret"
    hub.fail(WEIGHTS, f"{other_hub.url}/{WEIGHTS}?signed=1")
    make_puller(huggingface(hub, "secret")).pull([NAME])
    first, second, *_ = hub.asked
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == "Bearer secret"
    [elsewhere] = other_hub.asked
    assert "authorization" not in elsewhere.headers
    assert not any("cookie" in asked.headers for asked in hub.asked + other_hub.asked)


def test_an_open_hub_never_sees_the_token(hub: Hub, make_puller: MakePuller) -> None:
    make_puller(huggingface(hub, "secret")).pull([NAME])
    assert not any("authorization" in asked.headers for asked in hub.asked)


def test_a_gated_model_says_what_to_do(hub: Hub, make_puller: MakePuller) -> None:
    hub.token = "secret"
    with pytest.raises(SourceRefused, match="HF_TOKEN") as refused:
        make_puller(huggingface(hub)).pull([NAME])
    assert "许可" in refused.value.zh
    with pytest.raises(SourceRefused, match="HF_TOKEN"):
        make_puller(huggingface(hub, "wrong")).pull([NAME])


PATHS = (
    "../evil.json",
    "a/../../evil.json",
    "/etc/evil.json",
    "a//b.json",
    "./a.json",
    "a\\..\\evil.json",
    "C:/evil.json",
    "a\0.json",
    "a\n.json",
    "con.json",
    "a./b.json",
    "x" * 300 + ".json",
    "",
)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_a_path_that_leaves_its_folder_is_refused(puller: Puller, hub: Hub, path: str) -> None:
    assert not is_safe(path)
    evil = {"type": "file", "path": path, "size": 2, "oid": "2" * 40}
    hub.answers[TREE] = [*hub.tree(), evil]
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])
    assert hub.downloads() == []


def test_a_file_cannot_be_a_folder_too() -> None:
    with pytest.raises(SourceUntrusted):
        distinct([RemoteFile("x", 1), RemoteFile("X/y.json", 1)])


def test_ordinary_paths_are_safe() -> None:
    for path in ("config.json", "text_encoder/model-00001-of-00002.safetensors", "模型/配置.json"):
        assert is_safe(path)


def described(**fields: Any) -> dict[str, Any]:
    return {"type": "file", "path": "x.json", "size": 2, "oid": "2" * 40, **fields}


@pytest.mark.parametrize(
    "tree",
    [
        {"error": "no list"},
        "words",
        [described(size=-1)],
        [described(size="many")],
        [described(size=10**30)],
        [described(path=7)],
        [described(), described(path="X.json")],
        [described(path=f"{n}.json") for n in range(10_001)],
    ],
    ids=["object", "text", "negative", "words", "huge", "number", "same", "long"],
)
def test_a_list_that_makes_no_sense_is_refused(puller: Puller, hub: Hub, tree: Any) -> None:
    weights = [entry for entry in hub.tree() if entry["path"] == WEIGHTS]
    hub.answers[TREE] = [*weights, *tree] if isinstance(tree, list) else tree
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])
    assert hub.downloads() == []


@pytest.mark.parametrize(
    "answer",
    [b"\xff{", b"[" * 100_000, b" " * (web.MOST_JSON_BYTES + 1)],
    ids=["no", "deep", "big"],
)
def test_an_answer_that_cannot_be_read_is_refused(puller: Puller, hub: Hub, answer: bytes) -> None:
    hub.answers[TREE] = answer
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])


def test_a_list_whose_pages_never_end_is_left(puller: Puller, hub: Hub) -> None:
    hub.page = 0
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])


def test_the_next_page_stays_with_the_hub(puller: Puller, hub: Hub, other_hub: Hub) -> None:
    hub.page, real = 2, hub.url
    hub.url = other_hub.url  # what its Link header names
    with pytest.raises(SourceUntrusted):
        puller.pull([NAME])
    hub.url = real
    assert other_hub.asked == []


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_api_that_refuses_is_told_apart(puller: Puller, hub: Hub, status: int) -> None:
    kinds = {404: SourceLacks, 500: SourceUnreachable}
    hub.answers[TREE] = status
    with pytest.raises(kinds.get(status, SourceRefused)):
        puller.pull([NAME])


def test_modelscopes_errors_hide_in_answers_of_200(hub: Hub, make_puller: MakePuller) -> None:
    files = f"/api/v1/models/{REPO}/repo/files"
    hub.answers[files] = {"Code": 10010205001, "Message": "not found", "Success": False}
    with pytest.raises(SourceLacks):
        make_puller(modelscope(hub)).pull([NAME])
    hub.answers[files] = {"Code": 200, "Data": {"Files": [{"Type": "blob"}] * 3000}}
    with pytest.raises(SourceUntrusted):
        make_puller(modelscope(hub)).pull([NAME])


def test_only_pickles_are_no_checkpoint(puller: Puller, hub: Hub) -> None:
    hub.files = {"config.json": b"{}", "pytorch_model.bin": noise(1000)}
    with pytest.raises(SourceLacks, match="pickle"):
        puller.pull([NAME])
    assert hub.downloads() == []


@pytest.mark.parametrize("path", ["pytorch_model.bin", "modeling.py", "../x.json", "a.pkl"])
def test_a_catalogue_cannot_ask_for_code(hub: Hub, make_puller: MakePuller, path: str) -> None:
    puller = make_puller(huggingface(hub), files=[{"path": path}, {"path": WEIGHTS}])
    hub.files["a.pkl"] = b"x"
    with pytest.raises((SourceUntrusted, SourceLacks)):
        puller.pull([NAME])
    assert hub.downloads() == []


def test_a_catalogue_that_knows_every_hash_asks_no_list(hub: Hub, make_puller: MakePuller) -> None:
    files = [known(hub, path) for path in ("config.json", WEIGHTS)]
    puller = make_puller(huggingface(hub), files=files)
    puller.pull([NAME])
    assert len(hub.asked) == len(hub.downloads()) == 2
    assert set(contents(folder_of(puller))) == {"config.json", WEIGHTS}


def test_a_hub_that_contradicts_the_catalogue_is_not_believed(
    hub: Hub, make_puller: MakePuller
) -> None:
    files = [known(hub, WEIGHTS), {"path": "config.json"}]
    hub.files[WEIGHTS] = noise(600_000, 77)
    with pytest.raises(SourceUntrusted):
        make_puller(huggingface(hub), files=files).pull([NAME])
    assert hub.downloads() == []


def known(hub: Hub, path: str) -> dict[str, Any]:
    data = hub.files[path]
    return {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_an_index_that_names_shards_that_are_not_there_is_no_checkpoint(
    puller: Puller, hub: Hub
) -> None:
    del hub.files[WEIGHTS]
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    hub.files[names[0]] = noise(20_000)
    index = {"weight_map": {"a": names[0], "b": names[1]}}
    hub.files["model.safetensors.index.json"] = json.dumps(index).encode()
    with pytest.raises(SourceUntrusted, match=names[1]):
        puller.pull([NAME])


@pytest.mark.parametrize("index", [b"[]", b"{", b'{"transformer": 3}', b'{"../x": ["a", "b"]}'])
def test_a_pipeline_index_that_makes_no_sense_is_refused(
    hub: Hub, make_puller: MakePuller, index: bytes
) -> None:
    hub.files = {"model_index.json": index, "transformer/model.safetensors": noise(20_000)}
    with pytest.raises(SourceLacks):
        make_puller(huggingface(hub), role="t2i").pull([NAME])


def test_why_a_source_is_unreachable_is_said_in_chinese(make_puller: MakePuller) -> None:
    with pytest.raises(SourceUnreachable, match="连不上") as told:
        make_puller(huggingface(Hub({}, url="http://127.0.0.1:9"))).pull([NAME])
    assert not re.search(r"Error|attempts|connection", told.value.zh)


def test_all_sources_that_failed_are_told(
    hub: Hub, other_hub: Hub, make_puller: MakePuller
) -> None:
    hub.answers[TREE] = 403
    other_hub.answers[f"/api/v1/models/{REPO}/repo/files"] = 404
    with pytest.raises(SourceRefused) as told:
        make_puller(huggingface(hub), modelscope(other_hub)).pull([NAME])
    assert "HF_TOKEN" in told.value.zh
    assert "（2）" in told.value.zh


@pytest.mark.parametrize("address", ["", "nonsense", "ftp://a.b", "https://u:p@host", "http://["])
def test_a_mirror_has_to_be_an_address(address: str) -> None:
    with pytest.raises(InvalidRequest):
        hubs("auto", [address], {})


def test_a_proxy_that_is_none_is_said(puller: Puller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://x")
    with pytest.raises(InvalidRequest, match="ALL_PROXY"):
        puller.pull([NAME])


def test_a_proxy_of_the_environment_is_used(
    hub: Hub, make_puller: MakePuller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    away = Hub({}, url="http://hub.invalid")
    puller = make_puller(huggingface(away))
    puller.pull([NAME])
    assert sorted(contents(folder_of(puller))) == WANTED
    assert all(asked.path.startswith("http://hub.invalid/") for asked in hub.asked)


# A disk that fills, a process that dies

_CHILD = """
import resource, sys
from pathlib import Path
from models.catalog import Catalog, Checkpoint
from models.errors import DiskFull
from models.fetching.caches import Caches
from models.fetching.hubs import HuggingFace
from models.fetching.pull import Puller
from models.fetching.web import Endpoint, Patience
url, home, entry, limit = sys.argv[1:]
catalog = Catalog([Checkpoint.model_validate_json(entry)])
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit),) * 2)
puller = Puller(catalog, Path(home), (HuggingFace(Endpoint(url)),), Caches(), Patience())
try:
    puller.pull(["one"])
except DiskFull as error:
    print(error.zh)
"""


@pytest.fixture
def child(puller: Puller, hub: Hub) -> Callable[[int], subprocess.Popen[str]]:
    """Starts the same pull in a process of its own, its files bounded to so many bytes."""
    entry = puller.catalog.get(NAME).model_dump_json()

    def start(limit: int = 0) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", _CHILD, hub.url, str(puller.data_dir), entry, str(limit)]
        return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    return start


def test_a_disk_that_fills_midway_is_said_and_what_came_is_kept(
    puller: Puller, hub: Hub, child: Callable[[int], subprocess.Popen[str]]
) -> None:
    limit = 200_000
    output, _ = child(limit).communicate(timeout=60)
    assert "磁盘满了" in output
    hub.asked.clear()
    puller.pull([NAME])
    [asked] = hub.downloads(WEIGHTS)
    assert asked.headers["range"] == f"bytes={limit}-"
    assert contents(folder_of(puller))[WEIGHTS] == hub.files[WEIGHTS]


def test_a_pull_that_is_killed_goes_on_where_it_was(
    puller: Puller, hub: Hub, child: Callable[[], subprocess.Popen[str]]
) -> None:
    hub.fail(WEIGHTS, "stall")
    process = child()
    incoming = puller.data_dir / "checkpoints" / INCOMING / NAME
    half, deadline = len(hub.files[WEIGHTS]) // 2, time.monotonic() + 60
    while not any(p.stat().st_size == half for p in incoming.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    hub.released.set()
    hub.asked.clear()
    puller.pull([NAME])
    [asked] = hub.downloads(WEIGHTS)
    assert asked.headers["range"] == f"bytes={half}-"
    assert contents(folder_of(puller)) == {path: hub.files[path] for path in WANTED}


def test_too_little_space_is_said_before_anything_is_fetched(
    puller: Puller, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.fetching.pull.RESERVE_BYTES", 2**60)
    with pytest.raises(DiskFull):
        puller.pull([NAME])
    assert hub.downloads() == []


def test_a_folder_that_cannot_be_written_is_said(
    hub: Hub, make_puller: MakePuller, tmp_path: Path
) -> None:
    puller = make_puller(huggingface(hub))
    (puller.data_dir / "checkpoints").write_text("a file where the folder should be")
    with pytest.raises(Exception, match="DUOMO_HOME"):
        puller.pull([NAME])
