"""Terminal output: results for people or programs, escaping of text, progress."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import typer

from forecast.base.errors import NotConverged
from forecast.base.escaping import json_text, printable
from forecast.base.wording import count, environment

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from forecast.base.progress import Progress
    from forecast.model.gate import Miss
    from forecast.report.table import Table as PageTable


LINE_SECONDS = 60.0
"""How often progress in lines is repeated within a step."""


def escape(text: str, keep: str = "") -> str:
    """Return a text without markup, and with controls written out but those to `keep`."""
    from rich.markup import escape as without_markup

    return without_markup(printable(text, keep))


type Column = str | tuple[Any, bool]
"""The head of a column, and whether it holds numbers."""


def table(columns: Iterable[Column], rows: Iterable[Iterable[str]], **options: Any) -> "Table":
    """Return a table of texts, which are shown as they are."""
    from rich.table import Table

    shown = Table(**({"box": None, "padding": (0, 2, 0, 0)} | options))
    for column in columns:
        name, numeric = (column, False) if isinstance(column, str) else column
        shown.add_column(escape(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(*map(escape, row))
    return shown


def table_of_rows(rows: Sequence[Mapping[str, Any]]) -> "Table":
    """Return a table of rows by name; whole numbers have commas and stand on the right."""
    heads = [
        (name, any(isinstance(row[name], int) for row in rows))
        for name in (rows[0] if rows else {})
    ]
    cells = (
        [f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()]
        for row in rows
    )
    return table(heads, cells)


def print_rest(shown: "Console", rest: int, thing: str) -> None:
    """Print how many things of a list are not shown, if any."""
    if rest > 0:
        shown.print(f"And {count(rest, thing)} more; --json has all.")


def print_findings(shown: "Console", findings: Sequence[str], most: int) -> None:
    """Print so many findings, and how many more there are."""
    for words in findings[:most]:
        shown.print(f"[yellow]{escape(words)}[/]")
    print_rest(shown, len(findings) - most, "finding")


def of_page(page_table: "PageTable") -> "Table":
    """Return a table of a page for the terminal."""
    heads = [
        (" ".join([head] if isinstance(head, str) else head), numeric)
        for head, numeric in page_table.columns
    ]
    return table(heads, page_table.plain, padding=(0, 1, 0, 0))


def show(
    title: str, parts: "Iterable[str | PageTable | None]", page: Path, warnings: Iterable[str] = ()
) -> None:
    """Print what a page says: its texts and tables, warnings, its path, and its title."""
    out = console()
    for part in parts:
        if part:
            out.print(escape(part, "\n") if isinstance(part, str) else of_page(part))
            out.print()
    for warning in warnings:
        out.print(f"[yellow]{escape(warning)}[/]")
    out.print(f"{escape(str(page))}\n\n[bold]{escape(title)}[/]")


@cache
def _macros() -> Any:
    """Return the macros of terminal.j2, in which all that is inserted is escaped."""
    from rich.filesize import decimal

    source = Path(__file__).with_name("terminal.j2").read_text("utf-8")
    escaping = environment().overlay(finalize=lambda value: escape(str(value)))
    return escaping.from_string(source, {"decimal": decimal}).module


def print_lines(name: str, *, soft_wrap: bool = False, **values: Any) -> None:
    """Print the lines of a macro of terminal.j2; the terminal breaks them unless `soft_wrap`."""
    for line in str(getattr(_macros(), name)(**values)).splitlines():
        console().print(line, soft_wrap=soft_wrap)


def console(*, stderr: bool = False) -> "Console":
    """Return the terminal to print to; messages on standard error are not broken into lines."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=stderr)


def not_converged(misses: "Iterable[Miss]") -> NotConverged:
    """Return the error of a fit that has not converged: what it missed, and what to do."""
    from forecast.model.gate import summarize_misses

    return NotConverged(
        f"NOT CONVERGED: do not use these numbers. {summarize_misses(misses)}. All are under "
        "Diagnostics on the page and in its JSON file. Take more --draws and --tune"
    )


def show_result(
    page: Path,
    name: str,
    print_result: Callable[[], None],
    *,
    as_json: bool,
    converged: bool = True,
) -> None:
    """Print the JSON file of a page for programs, or the result for people.

    End with 3 if a fit has not converged.

    For people what they have to know of the data comes first, as the file states it.
    """
    content = (page.parent / name).read_text("utf-8")
    if as_json:
        typer.echo(content)
    else:
        print_caveats(json.loads(content).get("caveats", ()))
        print_result()
    if not converged:
        raise typer.Exit(NotConverged.exit_code)


def print_caveats(caveats: Iterable[str]) -> None:
    """Print caveats of the data behind an answer; of several pairs their first sentences."""
    from forecast.data.panel.notes import DataNotes

    notes = DataNotes(tuple(caveats))
    print_lines("caveats", texts=notes.caveats if len(notes.caveats) == 1 else notes.in_short)


def echo_json(values: Any) -> None:
    """Print values as JSON."""
    typer.echo(json_text(json.dumps(values, indent=2, ensure_ascii=False)))


def say(message: str) -> None:
    """Print on standard error, apart from the output for programs."""
    console(stderr=True).print(f"[dim]{escape(message)}[/]")


@contextmanager
def progress(first: str) -> "Iterator[Progress]":
    """Show the current step with time gone and left on the error stream: a bar, or lines."""
    import logging

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    # The sampler's own messages would come between the lines.
    logging.getLogger("pymc.sampling.forward").setLevel(logging.WARNING)
    errors = Console(stderr=True)
    if not errors.is_terminal:
        lines = _lines()
        lines(first, 0, 0)
        yield lines
        return
    times = TimeElapsedColumn(), TimeRemainingColumn()
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), *times
    with Progress(*columns, console=errors, transient=True) as shown:
        task: Any = None
        current = ""

        def tell(step: str, done: int, total: int) -> None:
            nonlocal task, current
            if step != current:
                if task is not None:
                    shown.update(task, visible=False)
                task, current = shown.add_task(step, total=None), step
            shown.update(task, total=total or None, completed=done)

        tell(first, 0, 0)
        yield tell


def _lines() -> "Progress":
    """Return progress in lines: one per step, and one per minute while a step lasts."""
    begun = monotonic()
    current, since, said = "", begun, begun

    def tell(step: str, done: int, total: int) -> None:
        nonlocal current, since, said
        now = monotonic()
        if step == current and now - said < LINE_SECONDS:
            return
        share = ""
        if step == current and 0 < done < total:
            share = f", {done} of {total}, {(now - since) * (total - done) / done:.0f} s left"
        if step != current:
            current, since = step, now
        said = now
        print(f"[{now - begun:.0f} s] {printable(step)}{share}", file=sys.stderr, flush=True)

    return tell
