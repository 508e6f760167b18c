"""The tool over a real residency and a tiny Whisper with random weights."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.catalog import Catalog, Checkpoint, Profile
from models.errors import Cancelled, ToolRetry, UnreadableMedia
from models.residency import Residency
from tests.fixtures.sounds import encoded
from tests.fixtures.tiny_qwen3_asr import write_aligner
from tests.fixtures.tiny_whisper import write_whisper
from tests.fixtures.voices import Samples, babble, hiss, hum, silence
from tests.tools.conftest import attach, png
from tools import replies
from tools import transcribe_audio as module
from tools.artifacts import ArtifactStore
from tools.context import Activity, ToolContext
from tools.sound import open_sound
from tools.transcribe_audio import duration, transcribe_audio

CREDULOUS = {"logprob_threshold": -100.0, "compression_ratio_threshold": 100.0}
TALK = np.concatenate([babble(1.5), silence(1), babble(1.5), silence(1), babble(1)])


def hearing(data: Path, defaults: Mapping[str, object]) -> Residency:
    """A residency whose profile can hear."""
    checkpoint = Checkpoint.model_validate(
        {
            "name": "tiny-asr",
            "role": "asr",
            "loader": "models.roles.asr:SpeechRecognizer",
            "dtype": "float32",
            "licence": "Apache-2.0",
            "languages": ["zh"],
            "defaults": defaults,
        }
    )
    profile = Profile.model_validate(
        {
            "name": "tiny",
            "budget_bytes": 1 << 28,
            "roles": {"asr": "tiny-asr"},
            "note": {"zh": "测试", "en": "test"},
        }
    )
    return Residency(
        Catalog([checkpoint]),
        profile,
        device=torch.device("cpu"),
        budget_bytes=1 << 28,
        data_dir=data,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("hearing")
    write_whisper(data / "checkpoints" / "tiny-asr")
    return data


@pytest.fixture
def residency(data: Path) -> Iterator[Residency]:
    residency = hearing(data, CREDULOUS)
    yield residency
    residency.close()


@pytest.fixture
def context(store: ArtifactStore, residency: Residency, shown: list[Activity]) -> ToolContext:
    return ToolContext(
        conversation_id="c1",
        run_id="r1",
        call_id="t1",
        cancel=threading.Event(),
        artifacts=store,
        residency=residency,
        on_activity=shown.append,
    )


def record(context: ToolContext, samples: Samples, form: str = "wav") -> str:
    return attach(context, encoded(form, samples, 16000), f"a.{form}")


def test_what_is_said_comes_with_its_times(context: ToolContext) -> None:
    output = transcribe_audio.invoke({"audio": record(context, TALK, "m4a")}, context)
    segments: list[dict[str, Any]] = output.details["segments"]
    assert len(segments) == 3
    assert [s["start"] for s in segments] == pytest.approx([0, 2.5, 5], abs=0.3)
    assert output.details["seconds"] == pytest.approx(6, abs=0.1)
    said = "\n".join(segment["text"] for segment in segments)
    assert output.text == replies.transcribed("aud-1", said)
    assert output.handles == ()


@pytest.mark.parametrize("sound", [silence(3), hiss(3), hum(3)])
def test_where_nobody_speaks_nothing_is_heard(context: ToolContext, sound: Samples) -> None:
    output = transcribe_audio.invoke({"audio": record(context, sound)}, context)
    assert output.text == "aud-1里没有听到说话。"
    assert output.details["segments"] == []


def test_a_model_that_is_not_sure_says_that_nobody_speaks(
    store: ArtifactStore, data: Path, context: ToolContext
) -> None:
    doubtful = hearing(data, {})
    object.__setattr__(context, "residency", doubtful)
    output = transcribe_audio.invoke({"audio": record(context, TALK)}, context)
    doubtful.close()
    assert output.text == "aud-1里没有听到说话。"


def test_how_far_it_is_is_shown(context: ToolContext, shown: list[Activity]) -> None:
    transcribe_audio.invoke({"audio": record(context, TALK)}, context)
    heard = [a for a in shown if a.note.startswith("已听到")]
    assert heard[-1].note == "已听到 6秒 / 6秒"
    assert heard[-1].fraction == 1
    fractions = [a.fraction for a in heard if a.fraction is not None]
    assert fractions == sorted(set(fractions)), "a token alone shows nothing new"


def test_a_length_that_packets_do_not_tell_is_unknown(
    context: ToolContext, shown: list[Activity], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open_sound", lambda path: replace(open_sound(path), seconds=0.0))
    transcribe_audio.invoke({"audio": record(context, TALK)}, context)
    heard = [a for a in shown if a.note.startswith("已听到")]
    assert heard
    assert {a.fraction for a in heard} == {None}


def test_stop_ends_it_between_two_windows(context: ToolContext) -> None:
    def stop(activity: Activity) -> None:
        if activity.note.startswith("已听到") and activity.fraction:
            context.cancel.set()

    object.__setattr__(context, "on_activity", stop)
    with pytest.raises(Cancelled):
        transcribe_audio.invoke({"audio": record(context, TALK)}, context)


def test_a_long_text_is_bounded_for_the_model_and_whole_on_the_screen(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MODEL_CHARACTERS", 10)
    output = transcribe_audio.invoke({"audio": record(context, TALK)}, context)
    whole = "\n".join(segment["text"] for segment in output.details["segments"])
    assert output.text == f"aud-1的内容：\n{whole[:10]}\n（后面还有{len(whole) - 10}字）"


def test_a_recording_that_is_not_whole_says_so(context: ToolContext) -> None:
    whole = encoded("wav", TALK, 16000)
    handle = attach(context, whole[: len(whole) // 2], "a.wav")
    output = transcribe_audio.invoke({"audio": handle}, context)
    assert output.text.endswith("（录音不完整，只有前3秒）")
    assert output.details["note"] == "录音不完整，只有前3秒"


def test_only_sounds_are_heard(context: ToolContext) -> None:
    attach(context, png())
    with pytest.raises(ToolRetry) as caught:
        transcribe_audio.invoke({"audio": "img-1"}, context)
    assert caught.value.zh == "img-1是图片，不是音频，还没有音频。"


def test_a_sound_that_rotted_on_disk_is_a_typed_error(context: ToolContext) -> None:
    handle = record(context, TALK)
    _, path = context.audio(handle)
    path.write_bytes(b"RIFF")
    with pytest.raises(UnreadableMedia):
        transcribe_audio.invoke({"audio": handle}, context)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0秒"), (80, "1分20秒"), (180, "3分"), (3700, "1小时1分40秒")]
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def timing(data: Path, aligner: str) -> Residency:
    """Like `hearing`, in a profile that names an aligner too."""
    plain = hearing(data, CREDULOUS)
    entry = plain.checkpoint("asr").model_copy(
        update={
            "name": aligner,
            "role": "align",
            "loader": "models.roles.align:ForcedAligner",
            "defaults": {},
        }
    )
    roles = {"asr": "tiny-asr", "align": aligner}
    note = {"zh": "测试", "en": "test"}
    return Residency(
        Catalog([plain.checkpoint("asr"), entry]),
        Profile.model_validate(
            {"name": "tiny", "budget_bytes": 1 << 28, "roles": roles, "note": note}
        ),
        device=torch.device("cpu"),
        budget_bytes=1 << 28,
        data_dir=data,
    )


def test_where_the_profile_can_align_every_word_has_its_time(
    context: ToolContext, data: Path, shown: list[Activity]
) -> None:
    write_aligner(data / "checkpoints" / "tiny-align")
    object.__setattr__(context, "residency", timing(data, "tiny-align"))
    output = transcribe_audio.invoke({"audio": record(context, TALK)}, context)
    context.residency.close()
    segments, words = output.details["segments"], output.details["words"]
    assert len(words) == len(segments) == 3
    assert any(words)
    for segment, part in zip(segments, words, strict=True):
        for start, end, text in part:
            assert segment["start"] - 0.01 <= start <= end <= segment["end"] + 0.01
            assert text in "".join(filter(str.isalnum, segment["text"]))
    assert [a.note for a in shown if a.note][-1] == "已对好时间 6秒 / 6秒"


def test_an_aligner_that_is_missing_costs_nobody_the_transcript(
    context: ToolContext, data: Path
) -> None:
    object.__setattr__(context, "residency", timing(data, "absent-align"))
    output = transcribe_audio.invoke({"audio": record(context, TALK)}, context)
    context.residency.close()
    assert len(output.details["segments"]) == 3
    assert "words" not in output.details
    assert "absent-align" in output.details["no_word_times"]
