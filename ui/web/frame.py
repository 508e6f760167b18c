"""What every page stands in: style, sidebar, and the states in which no page can be shown."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import streamlit as st

import ui.web.pages
from models.errors import EngineUnavailable
from ui.web import states
from ui.web.components.sidebar import show_sidebar
from ui.web.current import address, is_asked_for
from ui.web.engine import engine
from ui.web.words import words

STYLE = (Path(__file__).parent / "style.css").read_text("utf-8")


def show_frame() -> None:
    st.html(f"<style>{STYLE}</style>")
    pages = [_page(module) for module in _modules()]
    page = st.navigation(pages, position="hidden")
    if is_asked_for() and page.url_path != pages[0].url_path:
        st.switch_page(pages[0], query_params=address())
    try:
        readiness = engine().ready()
        if not readiness.ready and "engine" in readiness.loading:
            states.show_starting()
            return
        page.run()  # before the sidebar, which can wait
        show_sidebar(pages[1:])
    except EngineUnavailable:
        states.show_unreachable()


def _modules() -> Iterator[ModuleType]:
    """The files of `pages/`, found by scanning: each has ORDER, ICON and `show`.

    The first is the one that opens; the sidebar leads to the others.
    """
    found = (
        import_module(f"ui.web.pages.{info.name}") for info in iter_modules(ui.web.pages.__path__)
    )
    return iter(sorted(found, key=lambda module: (module.ORDER, module.__name__)))


def _page(module: ModuleType) -> st.Page:
    name = module.__name__.rpartition(".")[2]
    title = words()(f"page.{name}")
    return st.Page(module.show, title=title, icon=module.ICON, url_path=name)
