"""Prompt at which an editor decides the proposals of a draft, one after the other."""

from pathlib import Path
from typing import TYPE_CHECKING

from forecast.base.errors import DataError
from forecast.base.files import write_csv
from forecast.cli.terminal import console, escape
from forecast.data.events.drafting import EVENT, given_code, read_draft

if TYPE_CHECKING:
    import pandas as pd

ACCEPT, CORRECT, REJECT, SKIP, QUIT = CHOICES = ("a", "c", "r", "s", "q")
QUESTION = "[bold]a[/]ccept, [bold]c[/]orrect, [bold]r[/]eject, [bold]s[/]kip or [bold]q[/]uit"


def decide(path: Path) -> None:
    """Ask for a decision on each proposal without one.

    Every answer is written to the draft at once.
    """
    from rich.prompt import Prompt

    rows, shown = read_draft(path), console()
    waiting = rows.index[rows["decision"] == ""]
    for number, line in enumerate(waiting, 1):
        _show(rows.loc[line], number, len(waiting))
        answer = Prompt.ask(QUESTION, choices=list(CHOICES), show_choices=False, console=shown)
        if answer == QUIT:
            return
        if answer == SKIP:
            continue
        if answer == CORRECT:
            for name in (*EVENT, "summary"):
                rows.loc[line, name] = _asked(name, str(rows.loc[line, name]))
        rows.loc[line, "decision"] = "reject" if answer == REJECT else "accept"
        write_csv(path, rows)


def _show(row: "pd.Series[str]", number: int, total: int) -> None:
    """Print a proposal with all that helps to decide it."""
    shown = console()
    right = f"; this code so far: {row['precision']}" if row["precision"] else ""
    shown.print(
        f"\n[dim]{number} of {total}[/]  [bold]{escape(row['proposed'])}[/]  {row['reports']} "
        f"reports{right}"
    )
    shown.print(escape(row["summary"]))
    for words in (row["reference"], f"also coded {row['also']}" if row["also"] else ""):
        if words:
            shown.print(f"[dim]{escape(words)}[/]", soft_wrap=True)
    if row["there"]:
        shown.print(f"[yellow]The chronology has: {escape(row['there'])}[/]")


def _asked(name: str, given: str) -> str:
    """Ask for a field until it can be read; Enter leaves it."""
    from rich.prompt import Prompt

    shown = console()
    while True:
        answer = str(Prompt.ask(name, default=given, console=shown)).strip()
        if name != "code":
            return answer
        try:
            return given_code(answer)
        except DataError as error:
            shown.print(f"[yellow]{escape(str(error))}[/]")
