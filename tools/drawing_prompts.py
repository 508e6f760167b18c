"""The prompt optimiser: what a person wrote → the words that a checkpoint draws best from.

>>> optimise("帮我画一张水墨风格的江南水乡").text
'江南水乡，水墨画风格'

Words of command go; the style gets the form that checkpoints are trained on; content and quoted
text stay as they are. 原样 as a clause of its own turns all of it off. Deterministic, and done
twice it is as done once. Styles and their words are data: drawing_styles.toml.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from tools.drawing_commands import EDGES, without_commands, without_marker
from tools.drawing_styles import (
    BREAKS,
    QUALITY,
    STYLES,
    Language,
    Style,
    last_style,
    without_style,
)

_QUOTED = re.compile(r"“[^”]*”|「[^」]*」|『[^』]*』|‘[^’]*’|\"[^\"]*\"")
_HIDDEN = "\ue000"  # stands for a quoted text; of the private use area, so in nobody's prompt
_CHINESE = re.compile(r"[㐀-鿿]")
_MOST_PASSES = 8
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True)
class Optimised:
    """`text` for the checkpoint; the name of the `style` it asks for.

    `verbatim`: the person wants 原样. `unknown_style`: the prompt names a style that the checkpoint
    never learned; its words are left where they stand.
    """

    text: str
    style: str | None = None
    verbatim: bool = False
    unknown_style: str | None = None


def optimise(
    prompt: str,
    *,
    style: Style | None = None,
    known: Collection[str] | None = None,
    quality: bool = False,
    languages: Collection[str] = ("zh", "en"),
) -> Optimised:
    """Rewrite `prompt`. A `style` goes before those that the prompt names.

    `known`: the names of the styles that the checkpoint learned, None for all of them. `quality`:
    add the words that make a style stronger. `text` is empty when the prompt only asks to draw.
    """
    rewrite = partial(_rewritten, style=style, known=known, quality=quality, languages=languages)
    found = rewrite(prompt)
    for _ in range(_MOST_PASSES):  # what goes may uncover more that has to go
        again = found if found.verbatim else rewrite(found.text)
        if again.text == found.text:
            break
        found = again
    return found


def _rewritten(
    prompt: str,
    *,
    style: Style | None,
    known: Collection[str] | None,
    quality: bool,
    languages: Collection[str],
) -> Optimised:
    hidden, quoted = _hide(prompt)
    bare = without_marker(hidden)
    if bare != hidden:
        return _verbatim(_show(bare, quoted), style, languages)
    learned = [s for name, s in STYLES.items() if known is None or name in known]
    content = without_commands(hidden)
    chosen = style or last_style(content, learned)
    for named in learned if style else [chosen] if chosen else []:
        content = without_style(content, named)
    strange = None if chosen else last_style(content, STYLES.values())
    language = _language(_show(content, quoted), languages)
    text = _show(_assembled(content, chosen, language, quality), quoted)
    name, unknown = (found.name if found else None for found in (chosen, strange))
    return Optimised(text, name, unknown_style=unknown)


def _verbatim(text: str, style: Style | None, languages: Collection[str]) -> Optimised:
    """The person's own words, and the style only where it was asked for beside them."""
    if style is None:
        return Optimised(text, verbatim=True)
    language = _language(text, languages)
    return Optimised(_joined([text, style.named(language)], language), style.name, verbatim=True)


def _hide(prompt: str) -> tuple[str, list[str]]:
    """`prompt` with each quoted text behind a character that no rule touches, and the texts."""
    plain = prompt.replace(_HIDDEN, "")
    return _QUOTED.sub(_HIDDEN, plain).strip(), _QUOTED.findall(plain)


def _show(hidden: str, quoted: Sequence[str]) -> str:
    texts = iter(quoted)
    return re.sub(_HIDDEN, lambda _: next(texts), hidden)


def _assembled(content: str, style: Style | None, language: Language, quality: bool) -> str:
    """Content, style, more words, in this order: a checkpoint reads the end with most care."""
    more = [*(style.more(language) if style else ()), *QUALITY[language]] if quality else []
    added = [*([style.named(language)] if style else []), *more]
    kept = _without_clauses(content, more).strip(EDGES)
    return _joined([kept, *added], language) if added else kept


def _without_clauses(text: str, clauses: Sequence[str]) -> str:
    if not clauses:
        return text
    words = "|".join(map(re.escape, clauses))
    return re.sub(rf"(?:^|[{BREAKS}])\s*(?:{words})(?=\s*(?:[{BREAKS}]|$))", "", text)


def _joined(parts: Sequence[str], language: Language) -> str:
    first, *others = parts
    bare = first.rstrip(EDGES + "。.！!？?")
    return ("，" if language == "zh" else ", ").join([bare, *others] if bare else others)


def _language(text: str, languages: Collection[str]) -> Language:
    """The language of the words to add: Chinese, unless the prompt is in Latin letters alone."""
    if "zh" not in languages:
        return "en"
    latin = _LATIN.search(text) and not _CHINESE.search(text)
    return "en" if latin and "en" in languages else "zh"
