"""`duomo serve`: the engine alone, for scripts and other machines' clients."""

from typing import Annotated

import typer

from duomo.settings import load_settings
from ui.commands.terminal import show, text, told_plainly
from ui.supervise import leave_with_parent


@told_plainly
def serve(
    host: Annotated[str | None, typer.Option(help=text("help.host"))] = None,
    port: Annotated[int | None, typer.Option(help=text("help.port"))] = None,
) -> None:
    settings = load_settings(host=host, port=port)
    supervised = leave_with_parent()
    from api.app import serve as run_engine

    run_engine(
        settings,
        announce=lambda url: show(text("serve.up", url=url)),
        supervised=supervised,
    )
