"""A pull that goes well, and one that goes on after it did not."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from models.errors import Cancelled, CheckpointBusy, InvalidRequest
from models.fetching.caches import Caches
from models.fetching.progress import PullProgress
from models.fetching.pull import Puller
from models.fetching.staging import INCOMING
from models.manifest import read_manifest
from tests.fixtures.hub import COMMIT, REPO, Hub, git_sha1
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


def part_of(puller: Puller) -> Path:
    [part] = (puller.data_dir / "checkpoints" / INCOMING / NAME).glob("*.part")
    return part


def test_what_the_class_loads_is_fetched_and_nothing_else(puller: Puller, hub: Hub) -> None:
    [pulled] = puller.pull([NAME])
    folder = folder_of(puller)
    assert contents(folder) == {path: hub.files[path] for path in WANTED}
    assert pulled.bytes == pulled.fetched_bytes == sum(len(hub.files[path]) for path in WANTED)
    assert not (puller.data_dir / "checkpoints" / INCOMING / NAME).exists()


def test_the_manifest_says_what_came_from_where(puller: Puller, hub: Hub) -> None:
    puller.pull([NAME])
    manifest = read_manifest(folder_of(puller))
    assert manifest is not None
    told = (manifest.hub, manifest.endpoint, manifest.repo, manifest.revision)
    assert told == ("huggingface", hub.url, REPO, COMMIT)
    assert sorted(file.path for file in manifest.files) == WANTED


def test_a_branch_is_resolved_to_its_commit(hub: Hub, make_puller: MakePuller) -> None:
    puller = make_puller(huggingface(hub), revision="main")
    puller.pull([NAME])
    manifest = read_manifest(folder_of(puller))
    assert manifest is not None
    assert (manifest.asked_revision, manifest.revision) == ("main", COMMIT)
    assert all(f"/resolve/{COMMIT}/" in asked.path for asked in hub.downloads())


def test_what_is_here_is_not_asked_for_again(puller: Puller, hub: Hub) -> None:
    puller.pull([NAME])
    hub.asked.clear()
    assert puller.pull([NAME]) == ()
    assert hub.asked == []


def test_a_list_in_pages_is_read_to_its_end(puller: Puller, hub: Hub) -> None:
    hub.page = 3
    puller.pull([NAME])
    assert sorted(contents(folder_of(puller))) == WANTED


def test_sharded_weights_come_with_their_index(puller: Puller, hub: Hub) -> None:
    shards = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    del hub.files[WEIGHTS]
    hub.files |= {name: noise(50_000, n) for n, name in enumerate(shards)}
    index = {"weight_map": dict(zip("ab", shards, strict=True))}
    hub.files["model.safetensors.index.json"] = json.dumps(index).encode()
    hub.files["model.safetensors.index.fp16.json"] = b"{}"
    puller.pull([NAME])
    names = {path for path in contents(folder_of(puller)) if "safetensors" in path}
    assert names == {*shards, "model.safetensors.index.json"}


def test_a_pipeline_comes_with_the_folders_that_its_index_names(
    hub: Hub, make_puller: MakePuller
) -> None:
    index = {
        "_class_name": "ZImagePipeline",
        "transformer": ["diffusers", "ZImageTransformer2DModel"],
        "tokenizer": ["transformers", "Qwen2Tokenizer"],
        "safety_checker": [None, None],
    }
    hub.files = {
        "model_index.json": json.dumps(index).encode(),
        "transformer/config.json": b"{}",
        "transformer/diffusion_pytorch_model.safetensors": noise(50_000),
        "transformer/diffusion_pytorch_model.fp16.safetensors": noise(25_000),
        "tokenizer/tokenizer.json": noise(15_000, 5),
        "safety_checker/model.safetensors": noise(100),
        "vae_decoder/model.onnx": b"onnx",
        "everything.safetensors": noise(90_000, 6),
        "model.safetensors": noise(90_000, 7),
    }
    puller = make_puller(huggingface(hub), role="t2i", loader="models.roles.t2i:ImageGenerator")
    puller.pull([NAME])
    assert sorted(contents(folder_of(puller))) == [
        "model_index.json",
        "tokenizer/tokenizer.json",
        "transformer/config.json",
        "transformer/diffusion_pytorch_model.safetensors",
    ]
    assert len(hub.downloads("model_index.json")) == 1


def test_open_clip_weights_are_known_by_their_own_name(hub: Hub, make_puller: MakePuller) -> None:
    hub.files |= {"open_clip_config.json": b"{}", "open_clip_model.safetensors": noise(30_000, 8)}
    puller = make_puller(huggingface(hub), role="clip", loader="models.roles.clip:ClipModel")
    puller.pull([NAME])
    names = set(contents(folder_of(puller)))
    assert "open_clip_model.safetensors" in names
    assert WEIGHTS not in names


def test_modelscope_serves_where_hugging_face_is_away(hub: Hub, make_puller: MakePuller) -> None:
    away = Hub({}, url="http://127.0.0.1:9")
    puller = make_puller(huggingface(away), modelscope(hub))
    puller.pull([NAME])
    manifest = read_manifest(folder_of(puller))
    assert manifest is not None
    assert (manifest.hub, manifest.revision) == ("modelscope", COMMIT)
    assert all("Revision=master" in asked.path for asked in hub.downloads())


def test_what_one_source_brought_the_next_goes_on_from(
    hub: Hub, other_hub: Hub, make_puller: MakePuller
) -> None:
    hub.fail(WEIGHTS, "cut", 503, 503, 503)
    puller = make_puller(huggingface(hub), modelscope(other_hub))
    puller.pull([NAME])
    [asked] = other_hub.downloads(WEIGHTS)
    assert asked.headers["range"] == f"bytes={len(hub.files[WEIGHTS]) // 2}-"


def test_a_pull_goes_on_at_the_byte_where_the_last_one_stopped(puller: Puller, hub: Hub) -> None:
    hub.fail(WEIGHTS, "stall")
    cancel = threading.Event()

    def stop_midway(progress: PullProgress) -> None:
        if progress.bytes_done > 250_000:
            cancel.set()

    with pytest.raises(Cancelled):
        puller.pull([NAME], stop_midway, cancel)
    kept = part_of(puller).stat().st_size
    assert kept > 0
    hub.released.set()
    hub.asked.clear()
    puller.pull([NAME])
    [asked] = hub.downloads()
    assert asked.headers["range"] == f"bytes={kept}-"
    assert contents(folder_of(puller))[WEIGHTS] == hub.files[WEIGHTS]


def test_a_stop_is_heard_while_the_server_is_silent(hub: Hub, make_puller: MakePuller) -> None:
    hub.fail(WEIGHTS, "stall")
    puller = make_puller(huggingface(hub))
    patient = Puller(puller.catalog, puller.data_dir, puller.hubs, puller.caches)
    cancel = threading.Event()
    stopped_at: list[float] = []

    def stop() -> None:
        while not hub.downloads(WEIGHTS):
            time.sleep(0.01)
        time.sleep(0.1)
        stopped_at.append(time.monotonic())
        cancel.set()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(Cancelled):
        patient.pull([NAME], cancel=cancel)
    assert time.monotonic() - stopped_at[0] < 1.0


def test_two_pulls_of_one_checkpoint_do_not_meet(puller: Puller, hub: Hub) -> None:
    hub.fail(WEIGHTS, "stall")
    cancel = threading.Event()
    failures: list[BaseException] = []

    def first() -> None:
        try:
            puller.pull([NAME], cancel=cancel)
        except Cancelled as error:
            failures.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    while not hub.downloads(WEIGHTS):
        time.sleep(0.01)
    with pytest.raises(CheckpointBusy):
        puller.pull([NAME])
    cancel.set()
    thread.join(5)
    assert failures
    hub.released.set()
    puller.pull([NAME])


def test_progress_ends_with_everything_and_never_says_more(puller: Puller, hub: Hub) -> None:
    hub.fail(WEIGHTS, "cut", "corrupt")
    hub.fail("tokenizer.json", "slow")
    seen: list[PullProgress] = []
    puller.pull([NAME], seen.append)
    assert {"asking", "fetching"} <= {progress.stage for progress in seen}
    assert all(0 <= p.bytes_done <= p.bytes_total for p in seen if p.stage != "asking")


def test_the_hugging_face_cache_is_used_without_its_bytes_twice(
    hub: Hub, make_puller: MakePuller, tmp_path: Path
) -> None:
    blob = write_cache(tmp_path / "cache", hub)
    puller = make_puller(huggingface(hub), caches=Caches(tmp_path / "cache"))
    [pulled] = puller.pull([NAME])
    assert pulled.fetched_bytes == 0
    assert hub.downloads() == []
    assert (folder_of(puller) / WEIGHTS).samefile(blob)
    assert blob.stat().st_nlink == 2


def test_a_damaged_file_in_a_cache_is_fetched_and_left_as_it_is(
    hub: Hub, make_puller: MakePuller, tmp_path: Path
) -> None:
    blob = write_cache(tmp_path / "cache", hub)
    blob.write_bytes(noise(len(hub.files[WEIGHTS]), 99))
    puller = make_puller(huggingface(hub), caches=Caches(tmp_path / "cache"))
    puller.pull([NAME])
    assert contents(folder_of(puller))[WEIGHTS] == hub.files[WEIGHTS]
    assert blob.read_bytes() == noise(len(hub.files[WEIGHTS]), 99)


def test_a_whole_cache_serves_without_any_network(
    hub: Hub, make_puller: MakePuller, tmp_path: Path
) -> None:
    write_cache(tmp_path / "cache", hub)
    away = Hub({}, url="http://127.0.0.1:9")
    puller = make_puller(huggingface(away), caches=Caches(tmp_path / "cache"))
    puller.pull([NAME])
    assert sorted(contents(folder_of(puller))) == WANTED


@pytest.mark.parametrize(
    "place", ["models/someone/something", "someone/something", "hub/models/someone/something"]
)
def test_modelscopes_cache_is_used_too(
    hub: Hub, make_puller: MakePuller, tmp_path: Path, place: str
) -> None:
    cached = tmp_path / "ms" / place / WEIGHTS
    cached.parent.mkdir(parents=True)
    cached.write_bytes(hub.files[WEIGHTS])
    caches = Caches.of({"MODELSCOPE_CACHE": str(tmp_path / "ms"), "HF_HOME": str(tmp_path)})
    make_puller(modelscope(hub), caches=caches).pull([NAME])
    assert hub.downloads(WEIGHTS) == []


def write_cache(cache: Path, hub: Hub) -> Path:
    """Hugging Face's cache of the repository as its own library lays it out; the weights' blob."""
    repository = cache / f"models--{REPO.replace('/', '--')}"
    snapshot = repository / "snapshots" / COMMIT
    for folder in (repository / "blobs", repository / "refs", snapshot):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    blobs = {}
    for described in hub.tree()[1:]:
        path = described["path"]
        lfs = described.get("lfs")
        blob = repository / "blobs" / (lfs["oid"] if lfs else git_sha1(hub.files[path]))
        blob.write_bytes(hub.files[path])
        link = snapshot / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
        blobs[path] = blob
    return blobs[WEIGHTS]


def test_what_a_person_put_there_is_not_replaced(puller: Puller, tmp_path: Path) -> None:
    mine = puller.data_dir / "checkpoints" / NAME
    mine.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "notes.txt").write_text("mine")
    mine.symlink_to(tmp_path / "elsewhere")
    assert puller.pull([NAME]) == ()
    mine.unlink()
    mine.symlink_to(tmp_path / "gone")
    with pytest.raises(InvalidRequest):
        puller.pull([NAME])


def test_a_repair_keeps_good_files_and_what_was_added(puller: Puller, hub: Hub) -> None:
    puller.pull([NAME])
    folder = folder_of(puller)
    (folder / WEIGHTS).unlink()
    (folder / "notes.txt").write_text("mine")
    hub.asked.clear()
    puller.pull([NAME])
    assert [a.path.rpartition("/")[2] for a in hub.downloads()] == [WEIGHTS]
    assert (folder / "notes.txt").read_text() == "mine"


def test_an_entry_without_a_repository_says_so(hub: Hub, make_puller: MakePuller) -> None:
    puller = make_puller(modelscope(hub), repos={"huggingface": REPO})
    with pytest.raises(InvalidRequest):
        puller.pull([NAME])
