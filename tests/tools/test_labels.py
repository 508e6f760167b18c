import json
import wave
from io import BytesIO

import numpy as np
import pytest
import soundfile

from models.errors import UnreadableMedia
from tools.labels import ContentLabel, labelled_wav, read_wav_label

SAMPLES = np.sin(np.linspace(0, 100, 2205)).astype(np.float32)


def test_the_label_is_read_back() -> None:
    label = ContentLabel(ProduceID="编号1")
    assert read_wav_label(labelled_wav(SAMPLES, 22050, label)) == label


def test_the_label_is_the_json_of_the_standard() -> None:
    content = json.loads(ContentLabel(ProduceID="x").json())
    assert list(content) == ["AIGC"]
    assert content["AIGC"]["Label"] == "1"
    assert list(content["AIGC"]) == [
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]


@pytest.mark.parametrize("identifier", ["x", "xy"])  # chunks of odd and of even length
def test_other_programs_still_read_the_sound(identifier: str) -> None:
    data = labelled_wav(SAMPLES, 22050, ContentLabel(ProduceID=identifier))
    samples, rate = soundfile.read(BytesIO(data), dtype="float32")
    assert rate == 22050
    np.testing.assert_allclose(samples, SAMPLES, atol=1e-4)
    with wave.open(BytesIO(data)) as reader:
        assert (reader.getsampwidth(), reader.getnchannels()) == (2, 1)


def test_samples_past_full_scale_are_clipped_not_wrapped() -> None:
    data = labelled_wav(np.array([2, -2], np.float32), 8000, ContentLabel())
    samples, _ = soundfile.read(BytesIO(data))
    assert samples[0] > 0.99
    assert samples[1] < -0.99


def test_a_plain_wav_has_no_label() -> None:
    sink = BytesIO()
    soundfile.write(sink, SAMPLES, 22050, format="WAV")
    assert read_wav_label(sink.getvalue()) is None


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"AIGC": 3}', b"\xff\xfe", b""])
def test_a_malformed_label_is_none(content: bytes) -> None:
    chunk = b"AIGC" + len(content).to_bytes(4, "little") + content
    assert read_wav_label(b"RIFF\0\0\0\0WAVE" + chunk) is None


def test_what_is_no_wav_is_refused() -> None:
    with pytest.raises(UnreadableMedia):
        read_wav_label(b"OggS")
