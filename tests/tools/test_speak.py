from pathlib import Path

import pytest
import soundfile
import torch

from models.catalog import Catalog, Profile
from models.errors import Cancelled, ToolRetry
from models.residency import Residency
from tests.fixtures.tiny_kokoro import write_kokoro
from tools.context import Activity, ToolContext
from tools.labels import read_label
from tools.speak import MAX_CHARACTERS, speak


def test_text_becomes_a_labelled_sound_with_a_handle(context: ToolContext) -> None:
    output = speak.invoke({"text": "今天是2024年5月1日。"}, context)
    artifact, path = context.audio("aud-1")
    assert output.handles == ("aud-1",)
    assert output.text == f"已生成语音aud-1，{artifact.seconds:.1f}秒"
    assert output.details["spoken"] == "今天是二零二四年五月一日。"
    assert artifact.seconds == pytest.approx(soundfile.info(str(path)).duration)
    assert artifact.seconds > 2
    assert artifact.label
    assert artifact.lineage.checkpoint == "tiny-tts"
    label = read_label(path)
    assert label is not None
    assert (label.Label, label.ContentProducer) == ("1", "Duomo")


def test_every_sentence_shows_progress(context: ToolContext, shown: list[Activity]) -> None:
    speak.invoke({"text": "一句。两句！三句？"}, context)
    notes = [a.note for a in shown if a.note]
    assert notes == [f"正在朗读第{n}句，共3句" for n in (1, 2, 3)]


def test_stop_between_sentences_ends_it_without_a_result(context: ToolContext) -> None:
    def stop_at_the_second(activity: Activity) -> None:
        if activity.note.startswith("正在朗读第2句"):
            context.cancel.set()

    object.__setattr__(context, "on_activity", stop_at_the_second)
    with pytest.raises(Cancelled):
        speak.invoke({"text": "一句。两句。三句。四句。"}, context)
    assert context.artifacts.handles(context.conversation_id) == []


def test_voices_sound_different(context: ToolContext) -> None:
    for voice in ("女声", "男声"):
        speak.invoke({"text": "你好", "voice": voice}, context)
    first, second = (artifact for _, artifact in context.artifacts.handles("c1"))
    assert first.sha256 != second.sha256
    assert first.seconds != second.seconds


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"text": ""}, "text不能少于1个字。"),
        ({"text": "  "}, "text不能少于1个字。"),
        ({"text": "字" * (MAX_CHARACTERS + 1)}, f"text不能超过{MAX_CHARACTERS}个字。"),
        ({"text": "😀😀"}, "文字里没有可以读出来的内容，请换一段。"),
        ({"text": "你好", "voice": "童声"}, "voice只能是'女声'、'男声'。"),
    ],
)
def test_what_cannot_be_spoken_is_said_in_one_hint(
    context: ToolContext, raw: dict[str, str], hint: str
) -> None:
    with pytest.raises(ToolRetry) as caught:
        speak.invoke(raw, context)
    assert caught.value.zh == hint


def test_a_text_without_any_stop_is_read_in_pieces(
    context: ToolContext, shown: list[Activity]
) -> None:
    output = speak.invoke({"text": "春眠不觉晓处处闻啼鸟" * 30}, context)
    assert output.details["spoken"] == "春眠不觉晓处处闻啼鸟" * 30
    assert sum(bool(a.note) for a in shown) == 3


def test_a_neural_voice_is_called_as_the_mechanical_one(
    context: ToolContext, tmp_path: Path
) -> None:
    write_kokoro(tmp_path / "checkpoints" / "tiny-kokoro")
    entry = Catalog.bundled().get("kokoro-82m-v1.1-zh")
    entry = entry.model_copy(update={"name": "tiny-kokoro", "files": ()})
    note = {"zh": "测试", "en": "test"}
    profile = Profile.model_validate(
        {"name": "t", "budget_bytes": 1 << 30, "roles": {"tts": "tiny-kokoro"}, "note": note}
    )
    residency = Residency(
        Catalog([entry]),
        profile,
        device=torch.device("cpu"),
        budget_bytes=1 << 30,
        data_dir=tmp_path,
    )
    object.__setattr__(context, "residency", residency)
    for voice in (None, "男声"):
        output = speak.invoke({"text": "下午两点开会。带上Wi-Fi密码！", "voice": voice}, context)
        artifact, path = context.audio(output.handles[0])
        assert artifact.lineage.checkpoint == "tiny-kokoro"
        assert soundfile.info(str(path)).samplerate == 24_000
        assert artifact.seconds > 1
    residency.close()
