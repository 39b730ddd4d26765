"""`forecast events`: check, show, draft, count, fetch and archive coded events."""

from collections.abc import Callable

import typer

from forecast.cli.command import Command
from forecast.cli.events import archive, drafting, feeds, showing

COMMANDS: dict[str, Callable[..., None]] = {
    "check": showing.check,
    "show": showing.show,
    "draft": drafting.draft,
    "accept": drafting.accept,
    "count": feeds.count_command,
    "sql": feeds.sql_command,
    "fetch": feeds.fetch,
    "import": archive.import_command,
    "status": archive.status_command,
    "repair": archive.repair_command,
}

app = typer.Typer(
    name="events", help="Check and show coded events, and keep them.", no_args_is_help=True
)
for name, command in COMMANDS.items():
    app.command(name, cls=Command)(command)
