"""Real files of every format, and what is wrong with files from outside."""

import os
import struct
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from models.errors import MediaTooLarge, UnreadableMedia
from tests.fixtures.sounds import encoded, fragmented_m4a, m4a
from tests.fixtures.voices import Samples, babble, hum, silence
from tools import sound
from tools.sound import open_sound

FORMATS = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "m4a": "audio/mp4",
    "webm": "audio/webm",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A name that says nothing about the format."""
    return tmp_path / "recording.txt"


def heard(path: Path, rate: int = 16000) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *open_sound(path).blocks(rate)])


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_heard_by_what_is_in_it(file: Path, form: str) -> None:
    file.write_bytes(encoded(form, hum(2, rate=48000), 48000, channels=2))
    found = open_sound(file)
    assert found.mime == FORMATS[form]
    assert found.seconds == pytest.approx(2, abs=0.06)
    assert not found.cut
    samples = heard(file)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1
    assert len(samples) == pytest.approx(2 * 16000, abs=1000)
    spectrum = np.abs(np.fft.rfft(samples[8000:24000]))
    assert spectrum.argmax() == 220, "the note is still where it was"
    assert np.sqrt(np.mean(samples[8000:24000] ** 2)) == pytest.approx(0.3 / 2**0.5, rel=0.1)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 96000, 192000])
def test_any_rate_becomes_the_wanted_one(file: Path, rate: int) -> None:
    file.write_bytes(encoded("wav", hum(1, rate=rate), rate))
    samples = heard(file)
    assert len(samples) == pytest.approx(16000, abs=2)
    assert np.abs(np.fft.rfft(samples[:16000])).argmax() == 220


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 20])
def test_channels_are_averaged(file: Path, channels: int) -> None:
    voices = np.zeros((16000, channels), np.float32)
    voices[:, -1] = hum(1)
    soundfile.write(file, voices, 16000, format="WAV", subtype="FLOAT")
    assert np.allclose(heard(file), hum(1) / channels, atol=1e-6)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_number_format_has_the_same_full_scale(file: Path, subtype: str) -> None:
    soundfile.write(file, hum(1), 16000, format="WAV", subtype=subtype)
    assert np.allclose(heard(file), hum(1), atol=0.01)


def test_numbers_that_are_none_become_silence(file: Path) -> None:
    samples = np.full(16000, np.nan, np.float32)
    samples[8000:] = np.inf
    soundfile.write(file, samples, 16000, format="WAV", subtype="FLOAT")
    assert np.all(np.abs(heard(file)) <= 1)


def test_blocks_are_small_and_can_be_heard_again(file: Path) -> None:
    file.write_bytes(encoded("flac", babble(20), 16000))
    blocks = open_sound(file).blocks(16000)
    first, again = list(blocks), list(blocks)
    assert max(len(block) for block in first) <= 16000
    assert len(first) >= 20
    assert np.array_equal(np.concatenate(first), np.concatenate(again))


def test_a_film_is_heard_and_not_seen(file: Path) -> None:
    file.write_bytes(encoded("film", hum(2), 16000))
    assert open_sound(file).seconds == pytest.approx(2, abs=0.1)
    assert len(heard(file)) == pytest.approx(32000, abs=2000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"RIFF",
        b"RIFF\xff\xff\xff\xffWAVE",
        b"fLaC" + b"\0" * 100,
        b"OggS" + b"\xff" * 1000,
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f",
        b"\xff\xfb\x90\x64" + b"\xaa" * 2000,
        b"\0\0\0\x18ftypM4A \0\0\0\0",
        b"\x1a\x45\xdf\xa3" + b"\xff" * 200,
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
def test_what_is_no_sound_is_said_to_be_none(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(UnreadableMedia) as caught:
        open_sound(file)
    assert "M4A" in caught.value.zh


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_cut_in_the_middle_gives_its_first_part(file: Path, form: str) -> None:
    data = encoded(form, babble(8, rate=48000), 48000)
    file.write_bytes(data[: len(data) * 6 // 10])
    if form == "m4a":  # what says where the sound is stood at the end
        with pytest.raises(UnreadableMedia):
            open_sound(file)
        return
    found = open_sound(file)
    seconds = len(heard(file)) / 16000
    assert 3 < seconds < 7
    assert found.seconds == pytest.approx(seconds, abs=0.3)
    assert found.cut == (form in ("wav", "flac"))


@pytest.mark.parametrize("form", ["flac", "mp3", "ogg", "m4a", "webm"])
def test_damage_in_the_middle_costs_what_is_damaged(file: Path, form: str) -> None:
    data = bytearray(encoded(form, babble(8, rate=48000), 48000))
    middle = len(data) // 2
    data[middle : middle + 400] = b"\xa5" * 400
    file.write_bytes(data)
    assert 3 < len(heard(file)) / 16000 < 9


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFF000, 0])
def test_a_writer_that_could_not_go_back_leaves_a_whole_file(file: Path, length: int) -> None:
    data = bytearray(encoded("wav", hum(1), 16000))
    for at in (4, data.index(b"data") + 4):
        data[at : at + 4] = struct.pack("<I", length)
    file.write_bytes(data)
    assert not open_sound(file).cut
    assert len(heard(file)) == 16000


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (4_000_000, 1), (16000, 500)])
def test_odd_shapes_are_refused(file: Path, rate: int, channels: int) -> None:
    header = struct.pack("<HHIIHH", 1, channels, rate, rate * channels, channels, 8)
    body = b"WAVEfmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", 64000)
    file.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 64000) + body + b"\x80" * 64000)
    with pytest.raises(MediaTooLarge):
        open_sound(file)


def test_too_long_is_said_before_it_is_decoded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "MAX_SECONDS", 5)
    file.write_bytes(encoded("flac", silence(20), 16000))
    with pytest.raises(MediaTooLarge):
        open_sound(file)


def test_too_many_bytes_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "MAX_BYTES", 1000)
    file.write_bytes(encoded("wav", hum(1), 16000))
    with pytest.raises(MediaTooLarge):
        open_sound(file)


@pytest.mark.parametrize("data", [m4a(samples=10**9), fragmented_m4a(samples=10**9)])
def test_tables_that_would_fill_the_memory_are_never_built(file: Path, data: bytes) -> None:
    assert len(data) < 2000
    file.write_bytes(data)
    with pytest.raises(UnreadableMedia):
        open_sound(file)


def test_the_hand_made_file_is_a_file_but_for_its_count(file: Path) -> None:
    for data in (m4a(samples=100), fragmented_m4a(samples=100)):
        with av.open(BytesIO(data), "r", format="mov") as container:
            assert container.streams.audio[0].codec_context.name == "aac"


def test_a_film_without_sound_has_none(file: Path) -> None:
    file.write_bytes(encoded("silent film", hum(1), 16000))
    with pytest.raises(UnreadableMedia, match="没有声音"):
        open_sound(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UnreadableMedia):
        open_sound(pipe)
