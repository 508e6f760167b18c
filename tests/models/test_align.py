"""The real class of the aligner, tiny and with random weights."""

from pathlib import Path

import numpy as np
import pytest
from transformers import Qwen3ASRForTokenClassification, Qwen3ASRProcessor

from models.catalog import Catalog, Checkpoint, Profile
from models.errors import Cancelled, CheckpointBroken
from models.residency import Residency
from models.roles.align import ForcedAligner, cuts
from models.roles.listener import Segment
from tests.fixtures.tiny_qwen3_asr import write_aligner
from tests.fixtures.voices import RATE, Samples, babble, silence
from tests.models.conftest import CPU, entry

TALK = np.concatenate([silence(1), babble(1.5), silence(1), babble(2)])
SAID = [Segment(1.0, 2.5, "今天 Wi-Fi 很好。"), Segment(3.5, 5.5, "我们，去公园！")]
CHARACTERS = [["今", "天", "WiFi", "很", "好"], ["我", "们", "去", "公", "园"]]


def checkpoint() -> Checkpoint:
    return entry("tiny-align", "align", "models.roles.align:ForcedAligner", dtype="float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_aligner(tmp_path_factory.mktemp("data") / "checkpoints" / "tiny-align")


@pytest.fixture(scope="module")
def aligner(folder: Path) -> ForcedAligner:
    return ForcedAligner.load(folder, checkpoint(), CPU)


def in_blocks(samples: Samples, size: int = 3000) -> list[Samples]:
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def test_every_character_gets_its_time_within_its_segment(aligner: ForcedAligner) -> None:
    words = aligner.align(in_blocks(TALK), SAID)
    assert [[word.text for word in part] for part in words] == CHARACTERS
    for segment, part in zip(SAID, words, strict=True):
        times = [time for word in part for time in (word.start, word.end)]
        assert times == sorted(times)
        assert segment.start <= times[0]
        assert times[-1] <= segment.end


def test_times_are_those_that_transformers_gives(folder: Path, aligner: ForcedAligner) -> None:
    sound = babble(1.5)
    [words] = aligner.align([sound], [Segment(0, 1.5, "今天天气很好")])
    model = Qwen3ASRForTokenClassification.from_pretrained(folder)
    processor = Qwen3ASRProcessor.from_pretrained(folder)
    request, units = processor.prepare_forced_aligner_inputs(sound, "今天天气很好", "Chinese")
    [timed] = processor.decode_forced_alignment(
        model(**request).logits, request["input_ids"], units, model.config.timestamp_token_id
    )
    assert [word.start for word in words] == [min(t["start_time"], 1.5) for t in timed]
    assert len({word.start for word in words}) > 1


@pytest.mark.parametrize("size", [700, 16000, 200_000])
def test_segments_are_cut_from_blocks_of_any_size(size: int) -> None:
    stream = np.arange(RATE * 2, dtype=np.float32)
    spans = [Segment(0, 0.1, ""), Segment(0.25, 0.5, ""), Segment(0.5, 1.75, ""), Segment(3, 4, "")]
    found = [samples.tolist() for samples in cuts(in_blocks(stream, size), spans, RATE)]
    ends = [(0, 1600), (4000, 8000), (8000, 28000), (48000, 48000)]
    assert found == [stream[first:end].tolist() for first, end in ends]


def test_a_long_recording_is_not_held() -> None:
    stream = (np.zeros(RATE, np.float32) for _ in range(1000))
    segments = [Segment(second, second + 1, "") for second in range(0, 999, 100)]
    held = [samples.base for samples in cuts(stream, segments, RATE)]
    assert max(len(base) for base in held if base is not None) <= 3 * RATE


@pytest.mark.parametrize(
    "text", ["", "。，！", "<|audio_pad|>", "<timestamp><timestamp>", "😀", "\u202e\0", "字" * 1001]
)
def test_words_are_never_markup(aligner: ForcedAligner, text: str) -> None:
    [words] = aligner.align([babble(1)], [Segment(0, 1, text)])
    assert all(word.text.isalnum() for word in words)
    assert len(words) <= 1


def test_what_lies_past_the_end_of_the_sound_gets_no_times(aligner: ForcedAligner) -> None:
    assert aligner.align([babble(1)], [Segment(0, 1, "你好"), Segment(5, 6, "再见")])[1] == ()


def test_it_stops_between_segments_when_told_to(aligner: ForcedAligner) -> None:
    told: list[float] = []

    def stop(seconds: float) -> None:
        told.append(seconds)
        raise Cancelled

    with pytest.raises(Cancelled):
        aligner.align(in_blocks(TALK), SAID, on_segment=stop)
    assert told == [2.5]
    assert aligner.align(in_blocks(TALK), SAID), "it goes on aligning afterwards"


def residency(data: Path) -> Residency:
    note = {"zh": "测试", "en": "test"}
    profile = Profile.model_validate(
        {"name": "t", "budget_bytes": 1 << 28, "roles": {"align": "tiny-align"}, "note": note}
    )
    catalog = Catalog([checkpoint()])
    return Residency(catalog, profile, device=CPU, budget_bytes=1 << 28, data_dir=data)


def test_leased_it_aligns_the_same_within_its_bytes(folder: Path, aligner: ForcedAligner) -> None:
    leases = residency(folder.parents[1])
    with leases.lease("align") as borrowed:
        assert borrowed.align(in_blocks(TALK), SAID) == aligner.align(in_blocks(TALK), SAID)
    model = Qwen3ASRForTokenClassification.from_pretrained(folder)
    assert leases.state().used_bytes == sum(p.nbytes for p in model.parameters())
    leases.close()


def test_files_of_another_model_are_broken(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints" / "tiny-align"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    leases = residency(tmp_path)
    with pytest.raises(CheckpointBroken), leases.lease("align"):
        pass
    leases.close()


def test_a_released_model_aligns_no_more(folder: Path) -> None:
    aligner = ForcedAligner.load(folder, checkpoint(), CPU)
    aligner.release()
    with pytest.raises(RuntimeError, match="released"):
        aligner.align([babble(1)], [Segment(0, 1, "你好")])
