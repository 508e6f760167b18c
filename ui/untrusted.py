"""Words from outside (file names, text in pictures, model output) made safe to show.

Markdown can load a picture from anywhere, and a terminal obeys control sequences: neither may
happen because of what a file is called or what a model wrote.
"""

import re

# C0 and C1 controls but tab and newline; marks that reorder the text around them (UAX #9).
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_FORMULA = re.compile(r"(?<!\\)[$]")
# Streamlit reads these after Markdown has taken the backslashes away: `:icon:`, `:colour[…]`.
_DIRECTIVE = re.compile(r":(?=(?:material|streamlit)\b|[a-z]+(?:-[a-z]+)?\[|[a-z0-9_+-]+:)")
_JOINER = ":\u2060"  # a word joiner: unseen, without width, and the colon stands alone
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@/=^])")


def plain(text: str) -> str:
    """Without control characters; lines and everything a person can read stay."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


def one_line(text: str, longest: int = 80) -> str:
    """Plain, on one line, at most `longest` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def file_stem(text: str) -> str:
    """A name for a file on any system, without its extension."""
    return re.sub(r'[\\/:*?"<>|]', "", one_line(text, 60)).strip(" .") or "duomo"


def as_label(text: str, longest: int = 80) -> str:
    """For a place that renders Markdown: shown letter by letter, nothing in it takes effect."""
    return _MARKDOWN.sub(r"\\\1", _DIRECTIVE.sub(_JOINER, one_line(text, longest)))


def as_markdown(text: str) -> str:
    """A model's answer: its lists, tables and emphasis stay, nothing in it can load anything.

    Pictures become their source text, in code too, where a stray backslash is a small price.
    Outside code, Streamlit's own extras (`:icon:`, `:color[…]`, `$…$`) are shown as written: a
    price is not a formula.
    """
    parts = enumerate(_CODE.split(plain(text)))
    shown = (part if index % 2 else _as_written(part) for index, part in parts)
    # The bracket, not the mark before it: a backslash already there would undo the latter.
    return "".join(shown).replace("![", "!\\[")


def _as_written(text: str) -> str:
    return _FORMULA.sub(r"\\$", _DIRECTIVE.sub(_JOINER, text))
