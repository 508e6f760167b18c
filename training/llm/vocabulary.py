"""The starter's tokenizer: one Chinese character is one token, any other text falls back to bytes.

The vocabulary is written down rather than learned, so it never has to change when the training
conversations do: the 6,763 characters of GB/T 2312, punctuation, single digits and letters, whole
English words, tool and argument names, and the punctuation runs of a JSON call. A piece that is in
the vocabulary is one token (`ignore_merges`); a piece that is not is spelled by character, and a
character that is not by its UTF-8 bytes. Decoding an encoded text gives the text back exactly.
"""

import json
import re
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

HERE = Path(__file__).parent
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>",
    "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
]  # fmt: skip
JSON_PIECES = [
    '{"name": "', '", "arguments": {"', '"}}', '": "', '": ', '", "', ', "', "}}",
]  # fmt: skip
NAMES = [
    "search_images", "find_similar_images", "ask_image", "read_text", "generate_image",
    "edit_image", "transcribe_audio", "speak", "score_image", "top_k", "negative_prompt",
    "img-", "aud-", "system", "user", "assistant",
]  # fmt: skip
PUNCTUATION = (
    "，。、；：？！“”‘’（）《》〈〉【】「」『』〔〕—…～·￥％＋－＝／＆＠＃＊｜"
    "°℃×÷±≈≤≥→←↑↓•○●□■★☆√‰§①②③④⑤⑥⑦⑧⑨⑩\u3000\u00a0\u200d\ufe0f"
)
DIALECT = (
    "嘅咗啲冇佢唔喺嚟咁睇乜揾啱嘢攞嗰哋嘞囉喇冧孖咩嗮瞓埋俾畀攰哂叻噉邊這個們說話請畫圖聽讀寫張點裡後會來對時間過還沒麼開關貓"
    "狗魚鳥龍風雲車門馬東國愛長樹葉繫囍瞅咯哒嘛啵嚯噻咧呗旮旯嘚瑟"
)
EMOJI = "😂😊😄😭🙏👍❤🌸🌙🐱🐶🎉✨😅🤔😍🌧☀🎨🎵"
_LETTERS = r"[A-Za-z]+(?:_[A-Za-z]+)*"
_PIECE = "|".join(
    [*(re.escape(p).replace('"', '"') for p in JSON_PIECES), r"(?:img|aud)-(?=\d)", _LETTERS]
)


def gb2312_characters() -> list[str]:
    """The 6,763 Chinese characters of GB/T 2312-1980, rows 16 to 87."""
    cells = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    decoded = (cell.decode("gb2312", errors="ignore") for cell in cells)
    return [character for character in decoded if character]


def english_words() -> list[str]:
    words = (HERE / "phrases" / "words_en.txt").read_text(encoding="utf-8").split()
    return [form for word in words for form in (word, word.capitalize(), word.upper())]


def vocabulary() -> dict[str, int]:
    """Token → id: special tokens, 256 bytes, printable ASCII, names, words, characters."""
    tokens = [
        *SPECIAL,
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "\n", *(chr(code) for code in range(0x20, 0x7F)),
        *JSON_PIECES, *NAMES, *english_words(),
        *PUNCTUATION, *gb2312_characters(), *DIALECT, *EMOJI,
    ]  # fmt: skip
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def build_tokenizer() -> Tokenizer:
    model = models.BPE(vocab=vocabulary(), merges=[], byte_fallback=True, ignore_merges=True)
    tokenizer = Tokenizer(model)
    split = Regex(f"{_PIECE}|[\\s\\S]")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(split, behavior="isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL[:3]])
    tokenizer.add_tokens([AddedToken(t, special=False) for t in SPECIAL[3:]])
    return tokenizer


def save_tokenizer(folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    build_tokenizer().save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": ["<|im_start|>"],
        "clean_up_tokenization_spaces": False,
        "model_max_length": 4096,
    }
    text = json.dumps(config, ensure_ascii=False, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
    template = (HERE / "chat_template.jinja").read_text(encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
