"""Speech by espeak-ng (formant synthesis): Mandarin on any CPU, 180 times faster than real time.

The library keeps one global state per process, so every call holds one lock, and it is set up
once and never torn down. https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

import ctypes
import functools
import re
import shutil
import tempfile
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import espeakng_loader
import numpy as np
import numpy.typing as npt
import torch

from models.catalog import Checkpoint
from models.errors import CheckpointBroken, InvalidRequest

Samples = npt.NDArray[np.float32]  # [n], −1 to 1

# Display name → espeak-ng voice: Mandarin with the timbre of a variant.
_VOICES = {"女声": "cmn+f2", "男声": "cmn+m3"}
MIN_SPEED, MAX_SPEED = 0.5, 2.0

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: the callback gets samples before espeak_Synth returns
_DO_NOT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report bad data instead of ending the process
_PLAIN_UTF8 = 0x0001  # espeakCHARS_UTF8, without SSML and without [[phonemes]]
_RATE, _VOLUME = 1, 2  # espeakRATE, words per minute; espeakVOLUME, 100 is full
_PITCH = 3  # espeakPITCH, 0 to 100 of the voice's range
_USUAL_PITCH = 50
_SEPARATED = ord("_") << 8  # phonemes with _ between them
_IPA = 0x02  # phonemes of the International Phonetic Alphabet, as UTF-8
_LOUDNESS = 80  # at 100 loud vowels reach full scale and clip
_WORDS_PER_MINUTE = 165
_POSITION_CHARACTER = 1
_LAST, _WORD = 0, 1  # espeakEVENT_LIST_TERMINATED, espeakEVENT_WORD
_LONGEST_DATA_PATH = 150  # bytes; espeak-ng copies the path into a buffer of 160
_RESIDENT_BYTES = 8 << 20  # measured: dictionaries of Mandarin and English, phoneme tables, buffers

_STRESS = re.compile(r"[',]|\([a-z]+\)")  # stress marks and switches of language


class _Event(ctypes.Structure):
    """espeak_EVENT: what begins at `sample`, at character `text_position` (from 1)."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_lock = threading.Lock()


@dataclass(frozen=True)
class Speech:
    """`samples` mono float32 [n] in −1…1; `sample_rate` in Hz; `words`: the character of the text
    at which a word begins, and the sample at which it is heard, in order."""

    samples: Samples
    sample_rate: int
    words: tuple[tuple[int, int], ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


class SpeechSynthesizer:
    """Reads text aloud. Any text is safe: markup is not interpreted, control characters go."""

    voices: tuple[str, ...] = tuple(_VOICES)

    def __init__(self) -> None:
        self.bytes = _RESIDENT_BYTES
        self._engine = espeak()

    @classmethod
    def load(cls, path: Path, checkpoint: Checkpoint, device: torch.device) -> Self:  # noqa: ARG003
        """The voices lie inside the `espeakng-loader` wheel; runs on the CPU."""
        return cls()

    @classmethod
    def bytes_needed(cls, path: Path, checkpoint: Checkpoint) -> int:  # noqa: ARG003
        return _RESIDENT_BYTES

    def release(self) -> None:
        """Nothing: the library's tables belong to the process."""

    def speak(self, text: str, voice: str = "女声", speed: float = 1.0) -> Speech:
        """A sentence or a few → speech; a moment of silence when nothing can be said.

        `voice` is one of `voices`; `speed` 0.5–2 times normal. Errors: `InvalidRequest`.
        """
        voice = chosen(voice, self.voices, speed)
        return self._engine.synthesize(speakable(text), _VOICES[voice], speed)


def chosen(voice: str, voices: tuple[str, ...], speed: float) -> str:
    """`voice`, one of `voices`. Raises InvalidRequest for another one, or for a wrong speed."""
    if voice not in voices:
        raise InvalidRequest(
            f"没有“{voice}”这种声音，可用的有：{'、'.join(voices)}。",
            f"No voice {voice!r}; there are {', '.join(voices)}.",
        )
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise InvalidRequest(
            f"语速要在{MIN_SPEED}到{MAX_SPEED}倍之间。",
            f"Speed must be between {MIN_SPEED} and {MAX_SPEED}.",
        )
    return voice


class Espeak:
    """The C library, set up. One per process: `espeak()`."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.POINTER(ctypes.c_uint),
            ctypes.c_void_p,
        ]
        data = str(_data_folder()).encode()
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_TextToPhonemes.argtypes = [
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_int,
            ctypes.c_int,
        ]
        self.sample_rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
        if self.sample_rate <= 0:
            raise _broken()
        self._chunks: list[npt.NDArray[np.int16]] = []
        self._words: list[tuple[int, int]] = []
        self._callback = _Callback(self._collect)  # kept: C holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(
        self,
        samples: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[_Event]",
    ) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events and (event := events[number]).type != _LAST:
            if event.type == _WORD:
                self._words.append((event.text_position - 1, event.sample))
            number += 1
        return 0

    def synthesize(self, text: str, voice: str, speed: float, pitch: int = _USUAL_PITCH) -> Speech:
        """`voice` in espeak-ng's words, such as cmn+f2; `pitch` 0–100, where 50 is the voice's."""
        data = text.encode()
        with _lock:
            self._chunks.clear()
            self._words.clear()
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise _broken()
            self._library.espeak_SetParameter(_RATE, round(_WORDS_PER_MINUTE * speed), 0)
            self._library.espeak_SetParameter(_VOLUME, _LOUDNESS, 0)
            self._library.espeak_SetParameter(_PITCH, pitch, 0)
            status = self._library.espeak_Synth(
                data, len(data) + 1, 0, _POSITION_CHARACTER, 0, _PLAIN_UTF8, None, None
            )
            if status != 0:
                raise _broken()
            samples = np.concatenate([*self._chunks, np.empty(0, np.int16)])
            words = tuple(self._words)
        return Speech(samples.astype(np.float32) / np.float32(32768), self.sample_rate, words)

    def phonemes(self, text: str, voice: str) -> list[str]:
        """What would be said, in espeak-ng's mnemonics without stress: 你好 → n i35 x Au214."""
        clauses = _STRESS.sub("", self._phonemes(text, voice, _SEPARATED))
        return [unit for unit in re.split(r"[_|\s]+", clauses) if unit]

    def ipa(self, text: str, voice: str) -> str:
        """What would be said, in the International Phonetic Alphabet: cheese → tʃˈiːz."""
        return re.sub(r"\([a-z]+\)", "", self._phonemes(text, voice, _IPA))

    def _phonemes(self, text: str, voice: str, mode: int) -> str:
        rest = ctypes.c_char_p(text.encode())
        clauses: list[str] = []
        with _lock:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise _broken()
            while rest.value is not None:
                found = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _PLAIN_UTF8, mode)
                clauses.append(found.decode())
        return " ".join(clauses)


@functools.cache
def espeak() -> Espeak:
    """The process's one synthesizer. Errors: `CheckpointBroken`."""
    with _lock:
        try:
            return Espeak()
        except OSError as error:
            raise _broken() from error


def _data_folder() -> Path:
    """espeak-ng's data; a copy under a short path when the installed one is too long for it."""
    installed = Path(espeakng_loader.get_data_path())
    if len(str(installed).encode()) <= _LONGEST_DATA_PATH:
        return installed
    copy = Path(tempfile.mkdtemp(prefix="espeak-")) / installed.name
    shutil.copytree(installed, copy)
    return copy


def speakable(text: str) -> str:
    """Without control, format, private and unassigned characters; lone surrogates among them."""
    return "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)


def _broken() -> CheckpointBroken:
    return CheckpointBroken(
        "语音合成库无法工作，请重新安装 espeakng-loader。",
        "The speech library does not work; install espeakng-loader again.",
    )
