"""`forecast question`: ask, answer, resolve and score questions in a ledger."""

from collections.abc import Callable

import typer

from forecast.cli.command import Command
from forecast.cli.question import answering, checking, new, outside, sharing, showing

COMMANDS: dict[str, Callable[..., None]] = {
    "new": new.new,
    "list": showing.list_questions,
    "show": showing.show,
    "update": answering.update,
    "resolve": answering.resolve,
    "withdraw": checking.withdraw,
    "check": checking.check,
    "confirm": checking.confirm,
    "score": sharing.score,
    "merge": sharing.merge,
    "export": sharing.export,
    "price": outside.price,
    "say": outside.say_number,
    "import": outside.import_set,
}

app = typer.Typer(
    name="question",
    help="Ask questions that data decide, answer, resolve and score them.",
    no_args_is_help=True,
)
for name, command in COMMANDS.items():
    app.command(name, cls=Command)(command)
