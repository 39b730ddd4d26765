"""The command `forecast`: one short function per subcommand, and one place for exit codes.

Each command's module defines its options and calls the library. Slow imports are inside the
command's function, so that `forecast --help` is fast.
"""

import errno
import io
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from forecast.base.errors import DataError, ForecastError
from forecast.base.file_faults import PASSING, lacking, shown_path
from forecast.base.stopping import INTERRUPTED, TERMINATED, stoppable
from forecast.cli import (
    ask,
    backtest,
    checks,
    claims,
    events,
    explaining,
    monday,
    plan,
    question,
    report,
    scenario,
    start,
)
from forecast.cli.command import Command
from forecast.cli.terminal import console, escape

PROGRAM = "forecast"  # also of `python -m forecast`, so that completion is installed under it
EXIT_CODES = {
    0: "fine",
    1: "something failed",
    2: "bad input or usage",
    3: "the fit has not converged: do not use its numbers",
    INTERRUPTED: "interrupted",
    TERMINATED: "terminated",
}
# By panel of the help
COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Start": {
        "dyads": start.dyads,
        "init": start.init,
        "open": start.open_page,
        "help": start.help_topic,
    },
    "Forecast": {
        "ask": ask.ask,
        "report": report.report,
        "scenario": scenario.scenario,
        "monday": monday.monday,
    },
    "Explain": {
        "explain": explaining.explain,
        "compare": explaining.compare,
        "check": checks.check,
    },
    "Evaluate": {
        "test": claims.test,
        "power": claims.power,
        "backtest": backtest.backtest,
    },
}


class _Commands(TyperGroup):
    """The commands; an error ends in a plain message and its exit code, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            console(stderr=True).print("[yellow]Interrupted.[/] Nothing unfinished was kept.")
            raise typer.Exit(INTERRUPTED) from error
        except (ForecastError, OSError, MemoryError) as error:
            raise typer.Exit(_print_error(error, debug=ctx.params["debug"])) from error


app = typer.Typer(
    cls=_Commands,
    name=PROGRAM,
    help="Forecast whether relations between two states will improve, from the record of what "
    "they did.",
    epilog="Exit codes: "
    + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    + ".",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        command_class = report.ReportCommand if name == "report" else Command
        app.command(name, cls=command_class, rich_help_panel=panel)(command)
app.add_typer(question.app, name="question", rich_help_panel="Forecast")
app.add_typer(plan.app, name="plan", rich_help_panel="Evaluate")
app.add_typer(events.app, name="events", rich_help_panel="Data")


def _version(wanted: bool) -> None:
    if wanted:
        import forecast

        typer.echo(f"pendulum-forecast {forecast.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that go before a command.

    `_Commands` and `_version` act on them. Without a command: help.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line and end the process with its exit code."""
    with stoppable():
        try:
            app(prog_name=PROGRAM)
        except OSError as error:
            # Help or the version could not be printed, which comes before any command.
            sys.exit(_print_error(error, debug=False))


def _print_error(error: Exception, *, debug: bool) -> int:
    """Print an error in a sentence and return its exit code.

    Raise it again if it is no error of a user.
    """
    plain_error = _in_words(error)
    if plain_error is None:
        raise error
    if debug:
        import traceback

        traceback.print_exception(error)
    console(stderr=True).print(f"[bold red]Error:[/] {escape(str(plain_error))}")
    return plain_error.exit_code


def _in_words(error: Exception) -> ForecastError | None:
    """Return an error of this package for one of the system.

    None for a bug, or if the output's reader closed it.
    """
    if isinstance(error, ForecastError):
        return error
    if isinstance(error, MemoryError):
        return ForecastError(
            "There is not enough memory for this. Take fewer draws, chains or dyads"
        )
    if not isinstance(error, OSError) or error.errno in (None, errno.EPIPE):
        return None
    if error.filename is not None and error.errno not in PASSING:
        return DataError(f"{shown_path(error.filename)}: {error.strerror}. Check the path.")
    try:
        sys.stdout.flush()
    except OSError:  # what cannot be written now could not be at the end of the process
        sys.stdout = io.StringIO()
    return ForecastError(lacking(error.filename or "The system could not go on", error.strerror))
