"""Greedy decoding of one window by Qwen3-ASR.

Qwen team, "Qwen3-ASR Technical Report" (2026). The model first writes which language it hears
(`language Chinese<asr_text>…`, `language None<asr_text>` where nobody speaks), then the words. It
is left to decide: dialects and English come out as they are said.
"""

from collections.abc import Callable
from typing import Any

import torch
from transformers import Qwen3ASRForConditionalGeneration, Qwen3ASRProcessor

from models.decoding.listening import Decoded
from models.roles.pauses import Samples

LANGUAGE_TOKENS = 8  # of `language Macedonian<asr_text>`, and to spare


class Qwen3AsrDecoder:
    """Decodes the samples of one window after another; `prompt` holds words to expect."""

    def __init__(
        self, model: Qwen3ASRForConditionalGeneration, processor: Qwen3ASRProcessor, prompt: str
    ) -> None:
        self._model: Any = model
        self._processor: Any = processor
        self._prompt = prompt or None
        ends = model.generation_config.eos_token_id
        self._ends = frozenset([ends] if isinstance(ends, int) else ends or [])

    @torch.inference_mode()
    def decode(self, samples: Samples, most_tokens: int, on_token: Callable[[], None]) -> Decoded:
        """Samples [n] → a text of at most `most_tokens`.

        `on_token` is called for each of them; what it raises ends the call.
        """
        request = self._processor.apply_transcription_request(samples, prompt=self._prompt)
        request = request.to(self._model.device, dtype=self._model.dtype)
        output = self._model(**request, use_cache=True, logits_to_keep=1)
        tokens: list[int] = []
        logprobs: list[float] = []
        while len(tokens) < most_tokens + LANGUAGE_TOKENS:
            on_token()
            scores = output.logits[0, -1].float().log_softmax(-1)  # [vocabulary]
            token = int(scores.argmax())
            logprobs.append(float(scores[token]))
            if token in self._ends:
                break
            tokens.append(token)
            output = self._forward(token, output.past_key_values)
        written = str(self._processor.tokenizer.decode(tokens, skip_special_tokens=True))
        return heard(written, sum(logprobs) / len(logprobs))

    def _forward(self, token: int, past: Any) -> Any:
        ids = torch.tensor([[token]], device=self._model.device)
        return self._model(input_ids=ids, past_key_values=past, use_cache=True)


def heard(written: str, logprob: float) -> Decoded:
    """What the model wrote, without the language; no text where it wrote that nobody speaks.

    >>> heard("language Chinese<asr_text>你好。", -0.1).text
    '你好。'
    """
    language, marker, text = written.rpartition("<asr_text>")
    nobody = bool(marker) and language.strip().lower() == "language none"
    text = text.replace("\ufffd", "").strip()  # a character whose bytes are not all there
    return Decoded("" if nobody else text, logprob, float(nobody))
