"""Speech, transcripts, pictures and vectors by the real starters, read by the openai package."""

import base64
import io
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from openai import BadRequestError, OpenAI
from PIL import Image

from duomo.engine import Engine
from tests.api.openai.conftest import data_url
from tests.fixtures.home import picture
from tools.labels import read_label

SENTENCE = "今天天气很好。"


def spoken(client: OpenAI, form: Any = "wav", **more: Any) -> bytes:
    more = {"voice": "alloy", **more}
    return client.audio.speech.create(
        model="tts-1", input=SENTENCE, response_format=form, **more
    ).content


@pytest.mark.parametrize("form", ["mp3", "opus", "flac", "wav"])
def test_speech_is_labelled_in_every_format(client: OpenAI, engine: Engine, form: str) -> None:
    sound = spoken(client, form)
    samples, rate = soundfile.read(io.BytesIO(sound))
    assert 0.8 < len(samples) / rate < 5
    assert abs(samples).max() > 0.05
    assert read_label(sound) is not None


def test_voices_and_speed_are_heard(client: OpenAI, engine: Engine) -> None:
    plain, fast, low = spoken(client), spoken(client, speed=2.0), spoken(client, voice="onyx")
    assert len(fast) < 0.75 * len(plain)
    assert low != plain
    with pytest.raises(BadRequestError) as refused:
        spoken(client, "pcm")
    assert refused.value.param == "response_format"


def test_a_recording_becomes_text_and_subtitles(client: OpenAI, engine: Engine) -> None:
    sound = ("speech.wav", spoken(client))

    def heard(form: Any, **more: Any) -> Any:
        return client.audio.transcriptions.create(
            model="whisper-1", file=sound, response_format=form, **more
        )

    text = heard("json").text
    assert "天气" in text
    assert heard("text").strip() == text
    assert heard("srt").startswith("1\n00:00:00,")
    assert heard("vtt").startswith("WEBVTT\n\n00:00:00.")
    verbose = heard("verbose_json", timestamp_granularities=["segment"])
    assert "".join(segment.text for segment in verbose.segments) == text.replace("\n", "")
    assert 0 < verbose.segments[-1].end <= verbose.duration + 0.1


@pytest.mark.timeout(400)
def test_pictures_are_drawn_and_changed_with_their_labels(client: OpenAI, engine: Engine) -> None:
    client = client.with_options(timeout=300)
    drawn = client.images.generate(prompt="一座拱桥", n=1, size="auto", extra_body={"seed": 5})
    assert drawn.data is not None
    data = base64.b64decode(drawn.data[0].b64_json or "")
    assert Image.open(io.BytesIO(data)).size == (256, 256)
    assert read_label(data) is not None
    changed = client.images.edit(
        image=("bridge.png", data), prompt="改成夜景", response_format="url"
    )
    assert changed.data is not None
    fetched = httpx.get(changed.data[0].url or "").content
    assert read_label(fetched) is not None
    assert fetched != data


def test_a_size_that_this_profile_cannot_draw_is_the_callers_to_change(
    client: OpenAI, engine: Engine
) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.images.generate(prompt="一座拱桥", size="1024x1024")
    assert "256x256" in refused.value.message


def test_vectors_are_of_the_librarys_space(client: OpenAI, engine: Engine) -> None:
    inputs = ["一座拱桥", data_url("red")]
    packed = client.embeddings.create(model="clip", input=inputs)  # base64, which is the default
    plain = client.embeddings.create(model="clip", input=inputs, encoding_format="float")
    rows = np.array([one.embedding for one in plain.data])
    assert np.allclose(rows, [one.embedding for one in packed.data], atol=1e-6)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    with engine.residency.lease("clip") as clip:
        text = clip.embed_texts(["一座拱桥"])[0]
        red = clip.embed_images([Image.open(io.BytesIO(picture("red")))])[0]
    assert np.allclose(rows, [text, red], atol=1e-4)
