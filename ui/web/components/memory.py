"""What is in memory just now: the budget as a bar, who is there, who waits, what came and went."""

from html import escape

import streamlit as st

from api.system_schemas import DeviceView, ResidentView, SwapView
from models.errors import EngineUnavailable
from ui.measures import duration, size
from ui.untrusted import as_label, one_line
from ui.web.engine import engine
from ui.web.words import words

LIVE_SECONDS = 1.0
SHOWN = 12
_WAYS = {"idle": "idled"}
"""Where the word for a way is taken by another."""


@st.fragment(run_every=LIVE_SECONDS)
def show_memory() -> None:
    try:
        device = engine().device()
    except EngineUnavailable:
        st.rerun()
    with st.container(key="memory", border=True):
        _heading(device)
        st.html(_bar(device))
        _residents(device)
        _waiting(device)
        _history(device)


def _heading(device: DeviceView) -> None:
    text = words()
    kind = "memory.cuda" if device.device.startswith("cuda") else "memory.cpu"
    budget = text("memory.budget", used=size(device.used_bytes), budget=size(device.budget_bytes))
    rest = text("memory.free", size=size(max(device.budget_bytes - device.used_bytes, 0)))
    st.markdown(f"**{text(kind)}**  {budget}  :gray[{rest}]")


def _bar(device: DeviceView) -> str:
    """Segments as wide as their share of the budget; HTML, every name escaped."""
    whole = max(device.budget_bytes, device.used_bytes, 1)
    parts = "".join(
        f'<div class="duomo-part duomo-{escape(resident.role)}" '
        f'style="width:{100 * resident.bytes / whole:.2f}%" '
        f'title="{escape(one_line(resident.checkpoint))} {size(resident.bytes)}"></div>'
        for resident in device.residents
    )
    label = f"{size(device.used_bytes)} / {size(device.budget_bytes)}"
    return f'<div class="duomo-bar" role="img" aria-label="{label}">{parts}</div>'


def _residents(device: DeviceView) -> None:
    text = words()
    rows = [_row(r.role, r.checkpoint, r.bytes, _use(r), parked=False) for r in device.residents]
    rows += [
        _row(p.role, p.checkpoint, p.bytes, text("memory.parked"), parked=True)
        for p in device.parked
    ]
    if rows:
        st.html(f'<div class="duomo-rows">{"".join(rows)}</div>')
    else:
        st.caption(text("memory.empty"))


def _row(role: str, checkpoint: str, count: int, use: str, *, parked: bool) -> str:
    text = words()
    known = f"role.{role}"
    title = text.of(known, role)
    cells = (title, one_line(checkpoint, 60), size(count), use)
    dot = f'<i class="duomo-dot duomo-{escape(role)}{" duomo-parked" if parked else ""}"></i>'
    return f"<div>{dot}{''.join(f'<span>{escape(cell)}</span>' for cell in cells)}</div>"


def _use(resident: ResidentView) -> str:
    text = words()
    if resident.leased:
        return text("memory.used")
    return text("memory.idle", time=duration(resident.idle_seconds))


def _waiting(device: DeviceView) -> None:
    text = words()
    for waiting in device.queue:
        role = f"role.{waiting.role}"
        title = text.of(role, as_label(waiting.role))
        time = duration(waiting.waiting_seconds)
        st.caption(f":material/hourglass_top: {text('memory.waiting', role=title, time=time)}")


def _history(device: DeviceView) -> None:
    text = words()
    if not device.history:
        return
    title = f"{text('memory.history')} · {text('memory.swaps', count=device.swaps)}"
    with st.expander(title, key="swaps", type="compact"):
        st.markdown("  \n".join(_swap(swap) for swap in reversed(device.history[-SHOWN:])))


def _swap(swap: SwapView) -> str:
    text = words()
    way = f"memory.{_WAYS.get(swap.way, swap.way)}"
    said = text.of(way, as_label(swap.way))
    took = text("memory.took", seconds=f"{swap.seconds:.1f}") if swap.seconds else ""
    line = text("memory.line", ago=duration(swap.ago), name=as_label(swap.checkpoint), way=said)
    return f":small[:gray[{line}  {size(swap.bytes)}  {took}]]"
