"""The role over a graph with random weights that takes and gives what Kokoro's does."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.catalog import Catalog, Checkpoint, Profile
from models.errors import CatalogError, CheckpointBroken, CheckpointError, InvalidRequest
from models.residency import Residency
from models.roles import kokoro
from models.roles.kokoro import KokoroSynthesizer, read_symbols, symbols
from tests.fixtures.tiny_kokoro import SAMPLES, VOICES, write_kokoro
from tests.models.conftest import CPU, entry


def checkpoint(**defaults: object) -> Checkpoint:
    return entry(
        "tiny-tts",
        "tts",
        "models.roles.kokoro:KokoroSynthesizer",
        dtype="float32",
        defaults={"voices": VOICES, **defaults},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_kokoro(tmp_path_factory.mktemp("data") / "checkpoints" / "tiny-tts")


@pytest.fixture(scope="module")
def synthesizer(folder: Path) -> KokoroSynthesizer:
    return KokoroSynthesizer.load(folder, checkpoint(), CPU)


def residency(data: Path) -> Residency:
    note = {"zh": "测试", "en": "test"}
    profile = Profile.model_validate(
        {"name": "t", "budget_bytes": 1 << 30, "roles": {"tts": "tiny-tts"}, "note": note}
    )
    catalog = Catalog([checkpoint()])
    return Residency(catalog, profile, device=CPU, budget_bytes=1 << 30, data_dir=data)


def test_every_symbol_and_its_two_ends_are_heard(synthesizer: KokoroSynthesizer) -> None:
    speech = synthesizer.speak("你好，世界。")
    assert speech.sample_rate == 24_000
    assert speech.samples.dtype == np.float32
    assert len(speech.samples) == (len(symbols("你好，世界。")) + 2) * SAMPLES
    assert 0 < np.abs(speech.samples).max() <= 1


def test_speed_and_voice_reach_the_model(synthesizer: KokoroSynthesizer) -> None:
    slow, fast = (synthesizer.speak("春眠不觉晓", speed=speed) for speed in (0.5, 2.0))
    assert slow.seconds == pytest.approx(4 * fast.seconds, rel=0.01)
    first, second = (synthesizer.speak("你好", voice).samples for voice in synthesizer.voices)
    assert not np.allclose(first, second)
    assert synthesizer.voices == tuple(VOICES)


def test_the_style_is_that_of_the_number_of_symbols(
    folder: Path, synthesizer: KokoroSynthesizer
) -> None:
    style = np.fromfile(folder / "voices" / "zf_001.bin", np.float32).reshape(510, 256)
    speech = synthesizer.speak("你好")
    loudness = style[len(symbols("你好")) - 1].mean() / style[0].mean()
    one = synthesizer.speak("嗯").samples
    assert len(symbols("嗯")) == 2
    assert np.abs(speech.samples[:SAMPLES]).max() == pytest.approx(
        np.abs(one[:SAMPLES]).max() * loudness * style[0].mean() / style[1].mean(), rel=1e-3
    )


def test_a_long_text_is_said_whole_in_passes_that_end_at_pauses(
    synthesizer: KokoroSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "床前明月光，疑是地上霜，举头望明月，低头思故乡，" * 8
    passes: list[int] = []
    run = synthesizer._pass

    def spied(numbers: list[int], *rest: object) -> object:
        passes.append(len(numbers))
        return run(numbers, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(synthesizer, "_pass", spied)
    synthesizer.speak(text)
    assert len(passes) > 2
    assert max(passes) <= kokoro.LONGEST
    assert sum(passes) == len(symbols(text))
    synthesizer.speak("字" * 600)
    assert max(passes) <= kokoro.LONGEST


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\x1b[0m", "\ud800", "😀", "の", "[[", "\u202e", "龘" * 3, "R" * 3]
)
def test_any_text_is_safe(synthesizer: KokoroSynthesizer, text: str) -> None:
    assert synthesizer.speak(text).seconds < 2


def test_latin_words_are_said_in_ipa_between_blanks() -> None:
    assert symbols("打开cheese，好") == "ㄉㄚ3ㄎㄞ1 ʧˈiz , ㄏㄠ3"


@pytest.mark.parametrize(("voice", "speed"), [("机器人", 1.0), ("女声", 0.1), ("女声", 9.0)])
def test_an_unknown_voice_or_speed_is_refused(
    synthesizer: KokoroSynthesizer, voice: str, speed: float
) -> None:
    with pytest.raises(InvalidRequest):
        synthesizer.speak("你好", voice, speed)


def test_leased_it_speaks_within_its_bytes(folder: Path, synthesizer: KokoroSynthesizer) -> None:
    leases = residency(folder.parents[1])
    with leases.lease("tts") as borrowed:
        assert np.array_equal(borrowed.speak("你好").samples, synthesizer.speak("你好").samples)
    files = [folder / "onnx" / "model.onnx", *(folder / "voices").iterdir()]
    held = sum(file.stat().st_size for file in files)
    assert leases.state().used_bytes == synthesizer.bytes == held + (512 << 20)
    leases.close()


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "checkpoints" / "tiny-tts")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("onnx/model.onnx", None),
        ("onnx/model.onnx", b""),
        ("onnx/model.onnx", b"\x08\x07garbage"),
        ("tokenizer.json", None),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"\xff\xfe"),
        ("tokenizer.json", '{"vocab": {"ㄅ": 1}}'.encode()),
        ("voices/zf_001.bin", None),
        ("voices/zf_001.bin", b"1234"),
        ("voices/zm_009.bin", np.full((510, 256), np.nan, np.float32).tobytes()),
    ],
)
def test_files_that_are_not_right_are_broken(
    copy: Path, tmp_path: Path, file: str, content: bytes | None
) -> None:
    (copy / file).unlink() if content is None else (copy / file).write_bytes(content)
    leases = residency(tmp_path)
    with pytest.raises(CheckpointBroken), leases.lease("tts"):
        pass
    leases.close()


def test_a_model_of_another_kind_is_broken(copy: Path) -> None:
    import rapidocr

    other = Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_det_small.onnx"
    shutil.copy(other, copy / "onnx" / "model.onnx")
    with pytest.raises(CheckpointBroken, match="input_ids"):
        KokoroSynthesizer.load(copy, checkpoint(), CPU)


@pytest.mark.parametrize(
    "voices", [{}, {"女声": "../zf_001"}, {"女声": "/etc/passwd"}, {"女声": 3}, ["zf_001"]]
)
def test_wrong_voices_are_a_catalogue_error(folder: Path, voices: object) -> None:
    with pytest.raises(CatalogError, match="tiny-tts"):
        KokoroSynthesizer.load(folder, checkpoint(voices=voices), CPU)


def test_a_whole_tokenizer_is_read_like_the_published_one(folder: Path, tmp_path: Path) -> None:
    published = (folder / "tokenizer.json").read_text(encoding="utf-8")
    whole = tmp_path / "tokenizer.json"
    whole.write_text(published.replace('"$", 0', '"$": 0'), encoding="utf-8")
    assert read_symbols(whole) == read_symbols(folder / "tokenizer.json")


def test_a_released_model_speaks_no_more(folder: Path) -> None:
    synthesizer = KokoroSynthesizer.load(folder, checkpoint(), CPU)
    synthesizer.release()
    with pytest.raises(RuntimeError, match="released"):
        synthesizer.speak("你好")


def test_what_is_missing_says_so(tmp_path: Path) -> None:
    leases = residency(tmp_path)
    with pytest.raises(CheckpointError), leases.lease("tts"):
        pass
    leases.close()
