"""Leases on real, tiny checkpoints."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from models.catalog import Catalog, Checkpoint, Profile
from models.errors import Cancelled, CheckpointBroken, CheckpointMissing, NotFound, OutOfMemory
from models.residency import Residency
from models.roles import Role, role_class
from models.roles.llm import LanguageModel, Sampling
from tests.fixtures import tiny


@dataclass
class Asker:
    """Keeps what it hears."""

    cancel: threading.Event = field(default_factory=threading.Event)
    positions: list[int] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    def queued(self, position: int) -> None:
        self.positions.append(position)

    def granted(self, queued_seconds: float, load_seconds: float) -> None:
        self.times.append((queued_seconds, load_seconds))


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def in_background(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_a_lease_yields_the_role_and_counts_its_exact_bytes(
    residency: Residency, llm: LanguageModel
) -> None:
    asker = Asker()
    with residency.lease("llm", asker) as model:
        prompt = model.render([{"role": "user", "content": "你好"}], [])
        assert list(model.generate(prompt, Sampling(max_new_tokens=8)))
        state = residency.state()
    assert state.used_bytes == state.residents[0].bytes == llm.bytes
    assert state.residents[0].leased
    assert not residency.state().residents[0].leased
    ((queued, load),) = asker.times
    assert queued >= 0
    assert load > 0


def test_a_second_lease_finds_the_checkpoint_loaded(residency: Residency) -> None:
    asker = Asker()
    with residency.lease("clip") as first:
        vectors = first.embed_texts(["桥"])
    with residency.lease("clip", asker) as second:
        again = second.embed_texts(["桥"])
    assert np.array_equal(vectors, again)
    assert asker.times[0][1] < residency.state().residents[0].load_seconds
    assert residency.state().swaps == 0


def test_everything_runs_on_the_one_device_thread(residency: Residency) -> None:
    with residency.lease("clip") as clip, residency.lease("llm") as llm:
        seen = {clip._called(threading.get_ident)(), llm._called(threading.get_ident)()}
    assert len(seen) == 1
    assert threading.get_ident() not in seen


def test_calls_after_the_lease_are_refused(residency: Residency) -> None:
    with residency.lease("clip") as clip:
        pass
    with pytest.raises(RuntimeError, match="lease is over"):
        clip.embed_texts(["桥"])


def test_a_generator_left_open_is_closed_when_the_lease_ends(residency: Residency) -> None:
    with residency.lease("llm") as model:
        tokens = model.generate([5, 6, 7, 8], Sampling(max_new_tokens=50, temperature=1.0, seed=3))
        next(tokens)
    assert next(tokens, None) is None
    with residency.lease("llm") as model:
        assert model.last.stop == "abandoned"
        assert model.last.new_tokens == 1


def test_errors_inside_a_lease_give_the_device_back(residency: Residency) -> None:
    with pytest.raises(ZeroDivisionError), residency.lease("clip"):
        raise ZeroDivisionError
    with residency.lease("llm"):
        pass


def test_a_waiter_hears_its_position_and_the_time_it_waited(residency: Residency) -> None:
    asker = Asker()

    def ask() -> None:
        with residency.lease("clip", asker):
            pass

    with residency.lease("llm"):
        waiter = in_background(ask)
        eventually(lambda: asker.positions == [0])
        assert [w.role for w in residency.state().queue] == ["clip"]
        time.sleep(0.02)
    waiter.join(10)
    assert asker.times[0][0] >= 0.02
    assert residency.state().queue == ()


def test_a_cancelled_waiter_leaves_the_line(residency: Residency) -> None:
    asker, outcome = Asker(), []

    def ask() -> None:
        try:
            with residency.lease("clip", asker):
                outcome.append("leased")
        except Cancelled:
            outcome.append("cancelled")

    with residency.lease("llm"):
        waiter = in_background(ask)
        eventually(lambda: asker.positions)
        asker.cancel.set()
        waiter.join(10)
        assert outcome == ["cancelled"]
        assert residency.state().queue == ()


def test_who_cancels_during_a_load_leaves_at_once_and_the_device_follows(
    residency: Residency,
) -> None:
    release = threading.Event()
    residency._thread.submit(release.wait, 10)  # keeps the load from starting
    asker, outcome = Asker(), []

    def ask() -> None:
        try:
            with residency.lease("clip", asker):
                outcome.append("leased")
        except Cancelled:
            outcome.append("cancelled")

    waiter = in_background(ask)
    time.sleep(0.05)
    asker.cancel.set()
    waiter.join(5)
    assert outcome == ["cancelled"]
    release.set()
    with residency.lease("clip"):
        assert len(residency.state().residents) == 1


def test_a_thread_may_lease_inside_a_lease(residency: Residency) -> None:
    with residency.lease("llm") as llm:
        with residency.lease("clip") as clip:
            assert clip.embed_texts(["桥"]).shape == (1, 32)
        with residency.lease("llm"):
            pass
        assert len(llm.render([{"role": "user", "content": "好"}], [])) > 3


def test_what_does_not_fit_is_refused_and_what_is_unused_makes_room(
    catalog: Catalog, profile: Profile, data_dir: Path, llm: LanguageModel
) -> None:
    residency = Residency(
        catalog, profile, device=torch.device("cpu"), budget_bytes=llm.bytes, data_dir=data_dir
    )
    with residency.lease("clip"):
        with pytest.raises(OutOfMemory, match="tiny-llm"), residency.lease("llm"):
            pass
        assert [r.checkpoint for r in residency.state().residents] == ["tiny-clip"]
    with residency.lease("llm"):
        assert [r.checkpoint for r in residency.state().residents] == ["tiny-llm"]
    assert residency.state().swaps == 1
    residency.close()


def test_missing_checkpoints_and_roles_are_named(residency: Residency) -> None:
    with pytest.raises(CheckpointMissing, match="absent-vlm"), residency.lease("vlm"):
        pass
    with pytest.raises(NotFound, match="tts"), residency.lease("tts"):
        pass
    assert residency.has("llm")
    assert not residency.has("tts")
    with residency.lease("clip"):
        pass


@pytest.mark.parametrize("spoil", ["config", "weights", "header"])
def test_broken_files_are_named_and_the_device_is_free_again(
    catalog: Catalog, profile: Profile, tmp_path: Path, spoil: str
) -> None:
    folder = tiny.write_clip(tmp_path / "checkpoints" / "tiny-clip")
    tiny.write_llm(tmp_path / "checkpoints" / "tiny-llm")
    weights = folder / "open_clip_model.safetensors"
    if spoil == "config":
        (folder / "open_clip_config.json").unlink()
    elif spoil == "weights":
        weights.write_bytes(weights.read_bytes()[:-1000])
    else:
        weights.write_bytes(b"\xff" * 1000)
    residency = Residency(
        catalog, profile, device=torch.device("cpu"), budget_bytes=2**28, data_dir=tmp_path
    )
    with pytest.raises(CheckpointBroken), residency.lease("clip"):
        pass
    with residency.lease("llm"):
        assert [r.checkpoint for r in residency.state().residents] == ["tiny-llm"]
    residency.close()


def test_what_a_lease_is_spared_is_done_beforehand_and_loads_nothing(
    catalog: Catalog, profile: Profile, data_dir: Path
) -> None:
    imported: list[str] = []

    def resolve(checkpoint: Checkpoint) -> type[Role]:
        imported.append(checkpoint.name)
        return role_class(checkpoint)

    residency = Residency(
        catalog,
        profile,
        device=torch.device("cpu"),
        budget_bytes=2**28,
        data_dir=data_dir,
        resolve=resolve,
    )
    residency.prepare("clip")
    residency.prepare("vlm")  # there are no files of it
    residency.prepare("tts")  # nor is there such a role
    assert imported == ["tiny-clip"]
    assert residency.state().residents == ()
    with residency.lease("clip"):
        assert imported == ["tiny-clip"]
    residency.close()


def test_a_lease_that_ended_leaves_its_checkpoint_loaded(residency: Residency) -> None:
    with residency.lease("clip"):
        pass
    assert [r.checkpoint for r in residency.state().residents] == ["tiny-clip"]
    with pytest.raises(CheckpointMissing), residency.lease("vlm"):
        pass


def test_close_cancels_waiters_and_frees_everything(
    catalog: Catalog, profile: Profile, data_dir: Path
) -> None:
    residency = Residency(
        catalog, profile, device=torch.device("cpu"), budget_bytes=2**28, data_dir=data_dir
    )
    outcome: list[str] = []

    def ask() -> None:
        try:
            with residency.lease("clip"):
                outcome.append("leased")
        except Cancelled:
            outcome.append("cancelled")

    with residency.lease("llm"):
        waiter = in_background(ask)
        eventually(lambda: residency.state().queue)
        closing = in_background(residency.close)
        waiter.join(10)
    closing.join(10)
    assert outcome == ["cancelled"]
    assert residency.state().residents == ()
