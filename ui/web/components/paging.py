"""Which page of a long list is shown, and what of it is chosen, kept over pages."""

from collections.abc import Hashable

import streamlit as st

from ui.web.words import words

SIZE = 60


class Paging:
    """State of one list on one page of the front end, under `name`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._page = f"{name}-page"
        self._chosen = f"{name}-chosen"
        self._query = f"{name}-query"

    @property
    def offset(self) -> int:
        return (int(st.session_state.get(self._page, 1)) - 1) * SIZE

    @property
    def chosen(self) -> list[str]:
        """In the order in which they were chosen."""
        return list(st.session_state.get(self._chosen, ()))

    def choose(self, shown: set[str], chosen: set[str]) -> None:
        """Of what is shown, `chosen` and no other; what other pages have stays."""
        kept = [tile for tile in self.chosen if tile not in shown or tile in chosen]
        new = sorted(chosen - set(kept))
        st.session_state[self._chosen] = [*kept, *new]

    def clear(self) -> None:
        st.session_state[self._chosen] = []

    def follow(self, query: Hashable) -> None:
        """Another question begins on its first page."""
        if st.session_state.get(self._query) != query:
            st.session_state[self._query] = query
            st.session_state[self._page] = 1

    def show_pager(self, total: int) -> None:
        """Nothing where all fits one page."""
        pages = -(-total // SIZE)
        if pages <= 1:
            return
        text = words()
        page = min(int(st.session_state.get(self._page, 1)), pages)
        st.session_state[self._page] = page
        with st.container(
            horizontal=True,
            horizontal_alignment="center",
            vertical_alignment="center",
            key=f"{self._name}-pager",
        ):
            self._step(text("paging.previous"), page - 1, page > 1, "left")
            st.number_input(
                text("paging.page"),
                min_value=1,
                max_value=pages,
                key=self._page,
                label_visibility="collapsed",
                width=130,
            )
            st.caption(text("paging.of", pages=pages), width="content")
            self._step(text("paging.next"), page + 1, page < pages, "right")

    def _step(self, label: str, page: int, there: bool, side: str) -> None:
        st.button(
            label,
            key=f"{self._name}-{side}",
            icon=f":material/chevron_{side}:",
            disabled=not there,
            on_click=self._go,
            args=(page,),
        )

    def _go(self, page: int) -> None:
        st.session_state[self._page] = page
