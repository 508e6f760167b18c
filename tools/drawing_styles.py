"""Styles for drawing: what people call them, where a prompt names one, what a checkpoint reads.

A name counts where it is said of the whole picture: 水墨风格的…, 用油画画…, a clause of its own.
奶奶在剪纸 names no style, and no word of it may go.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Language = Literal["zh", "en"]

BREAKS = "，,。；;：:、！!？?\n"  # what ends a clause
_START, _END = rf"(?:^|[{BREAKS}]|(?<=[^\x00-\x7f])\s)\s*", rf"(?=\s*(?:[{BREAKS}]|$))"
_MEASURE = r"(?:(?:一|这)?[张幅副])?"
_MANNER = r"(?:风格|画风|手法|笔法|技法|形式)"
# {n} stands for a name. In the order in which they are tried at a place.
_FORMS = (
    rf"(?:用|以|采用){{n}}(?:的?{_MANNER}(?:来?(?:画|绘制|表现|呈现))?|来?(?:画|绘制)|{_END})",
    rf"{_START}(?:整体|画面)?(?:风格|画风)(?:是|为|用|要|选|：|:)\s*{{n}}(?:的?(?:风格|风))?{_END}",
    rf"{_START}(?:要|是|这是|[画做改换变转]成)?{_MEASURE}{{n}}(?:的?(?:风格|画风|风|感觉|味道|效果))?{_END}",
    rf"{_MEASURE}{{n}}(?:的?(?:风格|画风|风|感觉|味道|效果))的",
    rf"的?{{n}}的?(?:风格|画风|风){_END}",
    rf"\s*\bin\s+(?:(?:the|an?)\s+)?(?:style\s+of\s+{{n}}|{{n}}\s+style){_END}",
)


@dataclass(frozen=True)
class Style:
    """`zh`, `en`: how a prompt names it; `zh_more`, `en_more`: words that make it stronger."""

    name: str
    zh: str
    en: str
    names: tuple[str, ...]
    zh_more: tuple[str, ...]
    en_more: tuple[str, ...]

    def named(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def more(self, language: Language) -> tuple[str, ...]:
        return self.zh_more if language == "zh" else self.en_more

    @property
    def called(self) -> frozenset[str]:
        """Every name, in lower case."""
        return frozenset(name.lower() for name in (self.name, self.zh, self.en, *self.names))


def find_style(name: str) -> Style | None:
    """The style that people call `name`, or `name` without 风格, 风."""
    asked = name.strip().lower()
    for suffix in ("", "的风格", "风格", "画风", "风", " style"):
        for style in STYLES.values():
            if asked.endswith(suffix) and asked.removesuffix(suffix) in style.called:
                return style
    return None


def last_style(text: str, styles: Iterable[Style]) -> Style | None:
    """The style that `text` names last: what is said later corrects what was said before."""
    ends = {style.name: match.end() for style in styles for match in _pattern(style).finditer(text)}
    return STYLES[max(ends, key=lambda name: ends[name])] if ends else None


def without_style(text: str, style: Style) -> str:
    """`text` without the places that name `style`."""
    return _pattern(style).sub("", text)


@cache
def _pattern(style: Style) -> re.Pattern[str]:
    names = sorted(style.called, key=lambda name: (-len(name), name))
    name = "(?:" + "|".join(_bounded(name) for name in names) + ")"
    forms = "|".join(form.format(n=name) for form in _FORMS)
    return re.compile(forms, re.IGNORECASE)


def _bounded(name: str) -> str:
    """Latin names are words of their own."""
    latin = re.escape(name)
    return rf"(?<![A-Za-z]){latin}(?![A-Za-z])" if name.isascii() else latin


def _read() -> tuple[dict[str, Style], dict[Language, tuple[str, ...]]]:
    path = Path(__file__).with_name("drawing_styles.toml")
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    styles = {name: _style(name, fields) for name, fields in table["styles"].items()}
    return styles, {"zh": tuple(table["quality"]["zh"]), "en": tuple(table["quality"]["en"])}


def _style(name: str, fields: dict[str, Any]) -> Style:
    names, zh_more, en_more = (tuple(fields[key]) for key in ("names", "zh_more", "en_more"))
    return Style(name, fields["zh"], fields["en"], names, zh_more, en_more)


STYLES, QUALITY = _read()
