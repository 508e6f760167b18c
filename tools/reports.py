"""What a step brought, in a sentence for the person.

The conversations that the starter is trained on end in these, and its answers are these: it chooses
tools well, but is too small to repeat what they said without a slip."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tools.handles import mentioned

_Arguments = Mapping[str, Any]


_LATEST = 3  # steps that an answer speaks of


def reported(steps: Iterable[tuple[str, _Arguments, str]]) -> str:
    """Names, arguments and results of the calls of a turn that succeeded, in order."""
    return "".join(sentence(*step) for step in list(steps)[-_LATEST:])


def sentence(name: str, arguments: _Arguments, result: str) -> str:
    """`result`: what a call that succeeded gave, in the words of `tools/replies.py`."""
    said = _SENTENCES.get(name)
    return ended(said(arguments, result) if said is not None else result)


def able(skills: Iterable[str]) -> str:
    """What there is to ask for, as it is trained to say it."""
    return f"我能{'、'.join(skills)}，都在你自己的电脑上。"


def ended(text: str) -> str:
    """With a full stop, where it has no end."""
    return text if text.endswith(("。", "！", "？", "!", "?", "…")) else f"{text}。"


def _found(noun: str) -> Callable[[_Arguments, str], str]:
    def said(arguments: _Arguments, result: str) -> str:
        del arguments
        handles = mentioned(result)
        return f"找到{len(handles)}张{noun}，{_range(handles)}，都在上面了" if handles else result

    return said


def _made(verb: str) -> Callable[[_Arguments, str], str]:
    return lambda _, result: f"{verb}好了，{_range(mentioned(result))}"


def _edited(_: _Arguments, result: str) -> str:
    return f"改好了，{mentioned(result)[-1]}"


def _answered(_: _Arguments, result: str) -> str:
    return result.removeprefix("回答：")


def _read(arguments: _Arguments, result: str) -> str:
    _, colon, lines = result.partition("：\n")
    return f"{arguments['image']}上写着：{'，'.join(lines.splitlines())}" if colon else result


def _heard(_: _Arguments, result: str) -> str:
    colon, text = result.partition("：\n")[1:]
    return f"录音里说：{text}" if colon else result


def _scored(arguments: _Arguments, result: str) -> str:
    score = result.partition("图文分")[2].partition("，")[0]
    return f"{arguments['image']}和“{arguments['text']}”的图文分是{score}"


_SENTENCES: Mapping[str, Callable[[_Arguments, str], str]] = {
    "search_images": _found("图"),
    "find_similar_images": _found("相似的图"),
    "generate_image": _made("画"),
    "edit_image": _edited,
    "speak": _made("读"),
    "ask_image": _answered,
    "read_text": _read,
    "transcribe_audio": _heard,
    "score_image": _scored,
}


def _range(handles: Sequence[str]) -> str:
    return "、".join(handles) if len(handles) < 3 else f"{handles[0]} 到 {handles[-1]}"
