"""A transcript as a Markdown page, for people who open an exported conversation."""

from collections.abc import Mapping
from datetime import UTC, datetime

from api.transcript import Said, Step, Transcript, Turn
from models.errors import Locale

_WORDS: dict[Locale, dict[str, str]] = {
    "zh-CN": {
        "page": "对话.md",
        "untitled": "对话",
        "person": "我",
        "assistant": "多模",
        "made": "AI 生成",
        "failed": "没有成功",
        "cancelled": "已停止",
    },
    "en": {
        "page": "conversation.md",
        "untitled": "Conversation",
        "person": "Me",
        "assistant": "Duomo",
        "made": "AI-generated",
        "failed": "failed",
        "cancelled": "stopped",
    },
}


def page_name(locale: Locale) -> str:
    return _WORDS[locale]["page"]


def as_page(
    title: str,
    transcript: Transcript,
    paths: Mapping[str, str],
    tools: Mapping[str, str],
    locale: Locale,
) -> str:
    """`paths`: handle → where its file lies beside the page; `tools`: name → title."""
    words = _WORDS[locale]
    blocks = [f"# {_inert(title) or words['untitled']}"]
    for turn in transcript.turns:
        blocks += _asked(turn, paths, words)
        blocks.append(f"**{words['assistant']}**")
        for block in turn.blocks:
            blocks += _block(block, paths, tools, words)
        if turn.error is not None:
            blocks.append(f"> {_inert(turn.error.en if locale == 'en' else turn.error.zh)}")
        elif turn.state == "cancelled":
            blocks.append(f"> {words['cancelled']}")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _asked(turn: Turn, paths: Mapping[str, str], words: Mapping[str, str]) -> list[str]:
    when = datetime.fromtimestamp(turn.started, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    links = [_link(view.handle or "", paths, view.label, words) for view in turn.attachments]
    return ["---", f"**{words['person']}** · {when}", *links, _inert(turn.text)]


def _block(
    block: Said | Step, paths: Mapping[str, str], tools: Mapping[str, str], words: Mapping[str, str]
) -> list[str]:
    if isinstance(block, Said):
        return [] if block.reasoning else [_inert(block.text)]
    state = "" if block.state == "done" else f" · {words.get(block.state, '')}"
    values = "，".join(str(value) for value in (block.arguments or {}).values())
    line = f"*{tools.get(block.tool, block.tool)}*{state}　{_inert(' '.join(values.split()))}"
    links = [_link(view.handle or "", paths, view.label, words) for view in block.artifacts]
    return [line, *links]


def _link(handle: str, paths: Mapping[str, str], made: bool, words: Mapping[str, str]) -> str:
    path = paths.get(handle)
    if path is None:
        return handle
    mark = "!" if handle.startswith("img-") else ""
    return f"{mark}[{handle}]({path}) {handle}" + (f" · {words['made']}" if made else "")


def _inert(text: str) -> str:
    """Words of others load nothing when the page is opened."""
    return text.replace("![", "!\\[").replace("<", "&lt;").strip()
