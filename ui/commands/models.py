"""`duomo models …`: which checkpoints there are, and which of them are on this disk."""

import typer
from rich.table import Table
from rich.text import Text

from duomo.settings import load_settings
from models.errors import CheckpointError
from ui.commands.terminal import console, text, told_plainly

app = typer.Typer(no_args_is_help=True)


@app.command("list", help=text("help.models_list"))
@told_plainly
def list_checkpoints() -> None:
    from models.catalog import BUNDLED_CATALOG, Catalog

    home = load_settings().home
    catalog = Catalog.from_directories(BUNDLED_CATALOG, home / "catalog")
    table = Table(text("models.name"), text("models.role"), text("models.state"), box=None)
    for name in catalog.names():
        try:
            catalog.locate(name, home)
            state = Text(text("models.here"), "green")
        except CheckpointError:
            state = Text(text("models.missing"), "dim")
        table.add_row(Text(name, "bold"), catalog.get(name).role, state)
    console.print(table)
