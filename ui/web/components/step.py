"""One tool call: what is done, with what, how far it is, how long it took, what came of it."""

import json
from collections.abc import Mapping

import streamlit as st

from api.artifact_schemas import ArtifactView
from api.client import Step
from api.system_schemas import ToolView
from models.errors import ToolAbsent
from ui.untrusted import as_label, one_line, plain
from ui.web.components.results import show_result
from ui.web.engine import about
from ui.web.words import told, words

_SIGNS = {
    "waiting": ":material/front_hand:",
    "failed": ":material/error:",
    "cancelled": ":material/stop_circle:",
    "skipped": ":material/skip_next:",
}
_LEAST_SECONDS = 0.05  # shorter waits are not worth a word


def show_step(step: Step, known: Mapping[str, ArtifactView], said: str) -> None:
    """`known`: the files of the conversation by handle; `said`: the answer of its turn."""
    # Not `st.status`: it sleeps 50 ms whenever it is drawn, and calls a step done on its own.
    tool = _known(step)
    own = f":material/{tool.icon}:" if tool is not None else ":material/build:"
    icon = _SIGNS.get(step.state, own if step.ended else "spinner")
    is_foreign = _is_foreign(step, known)
    with st.expander(
        _label(title_of(step), step), key=f"step-{step.call_id}", icon=icon, type="compact"
    ):
        _details(step, is_foreign=is_foreign)
    if is_foreign and step.state == "done":
        _limits(step)
    if step.error is not None and not _is_answered(step):
        st.caption(f":red[{as_label(told(step.error), 300)}]")
    if step.ended and (remark := _remark(step)):
        st.caption(f":material/info: {as_label(remark, 200)}")
    show_result(step, known, said)
    if not step.ended and step.fraction is not None:  # below, so that its end moves nothing
        st.progress(min(max(step.fraction, 0.0), 1.0), text=as_label(step.note))


def _is_answered(step: Step) -> bool:
    """Whether the answer, which is Chinese, says nothing but this error."""
    assert step.error is not None
    return step.error.code == ToolAbsent.code and words().locale != "en"


def _label(title: str, step: Step) -> str:
    """Tool, its arguments in short, and what it is doing or how long it took."""
    parts = [f"**{title}**", as_label(_brief(step), 40), _progress(step)]
    return "  ".join(part for part in parts if part)


def tool_of(step: Step) -> ToolView | None:
    """None where the profile no longer offers it."""
    return next((tool for tool in about().tools if tool.name == step.tool), None)


def _known(step: Step) -> ToolView | None:
    """What the profile does not offer too."""
    absent = (tool for tool in about().absent_tools if tool.name == step.tool)
    return tool_of(step) or next(absent, None)


def title_of(step: Step) -> str:
    tool = _known(step)
    if tool is None:
        return as_label(step.tool)
    return as_label(tool.title_en if words().locale == "en" else tool.title_zh)


def _brief(step: Step) -> str:
    values = (step.arguments or {}).values()
    return "，".join(_shown(value) for value in values if isinstance(value, str | list))


def _progress(step: Step) -> str:
    text = words()
    if step.ended:
        shown = times_of(step) if step.state == "done" else text(f"state.{step.state}")
        return f":gray[{shown}]" if shown else ""
    position = text("step.position", position=step.position) if step.position else ""
    note = as_label(step.note, 30) if step.fraction is None else ""  # else it is at the bar
    return f":gray[{' · '.join(filter(None, (text(f'state.{step.state}'), position, note)))}]"


def times_of(step: Step) -> str:
    """Waits that were felt, and the run: `排队 0.2 秒 · 运行 1.3 秒`."""
    text = words()
    times = (("queued", step.queued_seconds), ("load", step.load_seconds))
    shown = [_time(f"step.{k}", s) for k, s in times if s is not None and s >= _LEAST_SECONDS]
    if step.run_seconds is not None:
        shown.append(text("seconds", value=_rounded(step.run_seconds)))
    if step.details.get("cached") is True:
        shown.append(text("step.cached"))
    return " · ".join(shown)


def _time(key: str, seconds: float) -> str:
    text = words()
    return text(key, time=text("seconds", value=_rounded(seconds)))


def _rounded(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds >= 0.1 else f"{seconds:.2f}" if seconds >= 0.005 else "0"


def _details(step: Step, *, is_foreign: bool) -> None:
    """Inside the fold: every argument by its name, what the tool made of it, the measured times,
    the words for the model."""
    rows = {words()(f"detail.{k}"): _shown(v) for k, v in step.details.items() if _told(k, v)}
    lines = [*_argument_lines(step), *_lines(rows)]
    if step.ended and step.run_seconds is not None:
        lines.append(f":gray[{words()('step.times')}]  {_all_times(step)}")
    st.markdown("  \n".join(lines) or f":gray[{words()('step.no_arguments')}]")
    if step.text:
        st.text(plain(step.text))
    if step.ended and not is_foreign:
        _limits(step)


def _limits(step: Step) -> None:
    """What the starter checkpoint behind it can't do."""
    tool = tool_of(step)
    if tool is not None and tool.limits is not None:
        st.caption(f":material/info: {as_label(told(tool.limits), 200)}")


def _remark(step: Step) -> str:
    """What the tool says beside its result; empty where those are its limits, shown anyway."""
    note, tool = step.details.get("note"), tool_of(step)
    are_limits = tool is not None and tool.limits is not None and note == tool.limits.zh
    return note if isinstance(note, str) and not are_limits else ""


def _is_foreign(step: Step, known: Mapping[str, ArtifactView]) -> bool:
    """Whether it looks at a picture that no model made: what the starters see of it is a guess."""
    handle = (step.arguments or {}).get("image")
    view = known.get(handle) if isinstance(handle, str) else None
    return view is not None and not view.label


def arguments_of(step: Step) -> str:
    """Every argument by its name, as Markdown."""
    return "  \n".join(_argument_lines(step)) or f":gray[{words()('step.no_arguments')}]"


def _argument_lines(step: Step) -> list[str]:
    named = {_argument(name): _shown(value) for name, value in (step.arguments or {}).items()}
    return _lines(named)


def _lines(rows: Mapping[str, str]) -> list[str]:
    return [f":gray[{as_label(name)}]  {as_label(value, 300)}" for name, value in rows.items()]


def _told(name: str, value: object) -> bool:
    """Whether a person wants to read this detail: one that has a name here, and a value."""
    return f"detail.{name}" in words() and value not in (None, "", [], {})


def _all_times(step: Step) -> str:
    parts = (
        ("step.queued", step.queued_seconds),
        ("step.load", step.load_seconds),
        ("step.run", step.run_seconds),
    )
    return " · ".join(_time(key, seconds or 0.0) for key, seconds in parts)


def _argument(name: str) -> str:
    return words().of(f"argument.{name}", name)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return one_line(value, 300)
    if isinstance(value, bool):
        return words()("yes" if value else "no")
    if isinstance(value, dict):
        pairs = (f"{_argument(k)} {_shown(v)}" for k, v in value.items() if v is not None)
        return "，".join(pairs)
    if isinstance(value, list):
        return "、".join(_shown(item) for item in value)
    return "—" if value is None else json.dumps(value, ensure_ascii=False)
