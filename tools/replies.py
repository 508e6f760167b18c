"""What each tool says to the model, in one place.

Pure functions of results, so that the tools, the conversations a language model is trained on
and the canned results of an evaluation share every word.
"""

import re
from collections.abc import Sequence

_NOTHING = re.compile(r"没有找到\S+的图片。|\S+里没有(?:文字|听到说话)。")


def found_images(handles: Sequence[str]) -> str:
    if not handles:
        return "没有找到相符的图片。"
    return f"找到{len(handles)}张图片：{'、'.join(handles)}"


def found_similar(handles: Sequence[str]) -> str:
    if not handles:
        return "没有找到相似的图片。"
    return f"找到{len(handles)}张相似图片：{'、'.join(handles)}"


def answered(answer: str) -> str:
    return f"回答：{answer}"


def text_in_image(image: str, lines: Sequence[str]) -> str:
    if not lines:
        return f"{image}里没有文字。"
    return f"{image}里的文字：\n" + "\n".join(lines)


def generated(handles: Sequence[str]) -> str:
    return f"已画好：{'、'.join(handles)}"


def edited(source: str, result: str) -> str:
    return f"已修改{source}，得到{result}"


def transcribed(audio: str, text: str) -> str:
    if not text:
        return f"{audio}里没有听到说话。"
    return f"{audio}的内容：\n{text}"


def spoken(handle: str, seconds: float) -> str:
    return f"已生成语音{handle}，{seconds:.1f}秒"


def scored(image: str, clip_score: float, cosine: float) -> str:
    return f"{image}的图文分{clip_score:.2f}，余弦{cosine:.2f}"


def says_nothing(reply: str) -> bool:
    """Whether a reply says that there was nothing to find, read or hear."""
    return _NOTHING.fullmatch(reply) is not None
