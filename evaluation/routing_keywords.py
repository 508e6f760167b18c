"""The baseline of routing: keywords, as IDPChat routes, with lists that a careful person writes.

One tool a turn. A tool that needs a picture or a recording is only taken where there is one;
numbers, quoted words and 第二张 are read from the sentence.
"""

import re
from collections.abc import Sequence
from typing import Any

from evaluation.routing_backends import handles_of
from evaluation.routing_cases import AssistantReply, Message, Schema, ToolCall

# The first that occurs decides. `needs`: the kind of file without which it is passed over.
_KEYWORDS: list[tuple[str, str, str]] = [
    (
        "transcribe_audio",
        "aud",
        "转文字|转成文字|转写|听写|录音|语音里|说了什么|说的什么|听一下|听听",
    ),
    (
        "score_image",
        "img",
        "打分|打个分|几分|评分|分数|匹配度?|相符|吻合|配不配|配吗|搭不搭|贴不贴",
    ),
    (
        "find_similar_images",
        "img",
        "相似|类似|差不多的|像的|同款|以图搜图|这种风格的还有|same vibe",
    ),
    ("speak", "", "念|朗读|读出来|读给|读一遍|配音|转语音|语音播报|播报|说给我听"),
    (
        "read_text",
        "img",
        "上面的字|上的字|文字|识别|OCR|ocr|写的什么|写了什么|写着|抄|提取|原文|字幕",
    ),
    (
        "edit_image",
        "img",
        "改|换|去掉|去除|删掉|抹掉|擦掉|加上|加个|加一|添|调亮|调暗|变成|P掉|p掉|抠图|修图|美化|弄",
    ),
    ("generate_image", "", "画|生成|设计|出图|海报|来一张|做一张|做张|绘制|插图|壁纸|头像"),
    ("search_images", "", "找|搜|检索|图库|库里|相册|有没有|翻一?翻|存过|拍过|照片里"),
    ("ask_image", "img", "."),  # a picture and nothing else that fits: a question about it
]
_REQUIRED = {
    "search_images": ["query"], "find_similar_images": ["image"], "read_text": ["image"],
    "ask_image": ["image", "question"], "generate_image": ["prompt"], "speak": ["text"],
    "edit_image": ["image", "instruction"], "transcribe_audio": ["audio"],
    "score_image": ["image", "text"],
}  # fmt: skip
_COUNTED = {"search_images": "top_k", "find_similar_images": "top_k", "generate_image": "count"}
_DIGITS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
           "十": 10}  # fmt: skip
_NUMBER = rf"(\d{{1,2}}|[{''.join(_DIGITS)}])"
_COUNT = re.compile(rf"(?<!第){_NUMBER}(?:张|幅|个版本)")
_ORDINAL = re.compile(rf"第{_NUMBER}(?:张|幅|段)")
_QUOTED = re.compile(r"[“\"「《：:]([^”\"」》]+)")


class KeywordBackend:
    """Routes by the first keyword that occurs."""

    name = "keywords"

    def complete(self, messages: list[Message], tools: list[Schema]) -> AssistantReply:
        last = messages[-1]
        if last["role"] == "tool":
            return AssistantReply("好了。", [])
        offered = {tool["function"]["name"] for tool in tools}
        handles, words = handles_of(messages), str(last["content"]).rpartition("]")[2]
        for name, needs, keywords in _KEYWORDS:
            here = not needs or any(handle.startswith(needs) for handle in handles)
            asked = name != "ask_image" or "[img-" in str(last["content"])
            if name in offered and here and asked and re.search(keywords, words):
                return AssistantReply("", [ToolCall(name, _arguments(name, words, handles))])
        return AssistantReply("好的。", [])


def _arguments(name: str, words: str, handles: Sequence[str]) -> dict[str, Any]:
    quoted = _QUOTED.search(words)
    said = quoted[1] if quoted and name in ("speak", "score_image") else words
    every = {
        "image": _which("img", words, handles),
        "audio": _which("aud", words, handles),
        **dict.fromkeys(("query", "prompt", "text", "instruction", "question"), said),
    }
    counted = _COUNT.search(words) if name in _COUNTED else None
    number = {_COUNTED[name]: _read(counted[1])} if counted else {}
    return {key: every[key] for key in _REQUIRED[name]} | number


def _which(prefix: str, words: str, handles: Sequence[str]) -> str:
    """第二张 counts from the first, else it is the newest."""
    known = [handle for handle in handles if handle.startswith(prefix)]
    ordinal = _ORDINAL.search(words)
    position = _read(ordinal[1]) - 1 if ordinal else len(known) - 1
    return known[min(position, len(known) - 1)] if known else f"{prefix}-1"


def _read(number: str) -> int:
    return int(number) if number.isdecimal() else _DIGITS[number]
