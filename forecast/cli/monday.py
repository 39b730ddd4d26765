"""`forecast monday`: a week's work in one command."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forecast import dates
from forecast.cli.options import Added, AnyData, Sampler, Window, day_of, dyads_of, grouped, opt, say, shared
from forecast.cli.question import folder_option
from forecast.cli.terminal import progress
from forecast.errors import NotConverged
from forecast.escaping import printable
from forecast.wording import signed

if TYPE_CHECKING:
    from forecast.monday import Done

ADDED = Path("added")
"""Folder of added events, which is read if it is there."""


@grouped
def monday(
    data: AnyData,
    added: Added,
    sampler: Sampler,
    window: Window,
    dyads: str | None = opt(
        "Pairs, such as USA-CHN,USA-RUS, the first of which decides what they are fitted together with if it is the "
        "only one. Default: those of data/dyads.csv under `hierarchy`, later those of the fit."
    ),
    alone: bool = opt("One pair alone: that of --dyads, or USA-CHN.", False),
    day: str | None = opt("Name of the week's folders, YYYY-MM-DD. Default: today."),
    improvement: float = shared.improvement(),
    folder: Path = folder_option(),
    export: bool = opt("Also write figures and tables of each report as files.", False),
    cores: int | None = shared.cores(),
    commit: bool = opt("Commit what is new to the git repository of the folder, without the fits.", False),
) -> None:
    """Do a week's work in this folder: update, report on all pairs, compare, answer, resolve, score, commit.

    Reads added/ and questions/, writes reports/DAY, changes/DAY and reports/index.html (docs/every-monday.md). A second
    run on the same day continues the first. Exit code 1 if a part failed, 3 if a fit has not converged; what succeeded
    is kept.
    """
    from forecast.monday import Monday, work
    from forecast.pipeline import ReportSettings

    if not added.add and any(ADDED.glob("*.csv")):
        added.add = [ADDED]
    asked = dyads_of(dyads, "--dyads")
    settings = ReportSettings(
        dyad=asked[0] if asked else "USA-CHN", alone=alone, source=added.to(data), export=export, cores=cores,
        hierarchy=asked[1:] if asked and len(asked) > 1 else None, smallest_improvement=improvement, replace=True,
        **window.asked, **vars(sampler),
    )  # fmt: skip
    name = day_of(day, "day") or dates.today()
    with progress() as tell:
        tell("loading the libraries", 0, 0)
        done = work(
            Monday(settings, name.isoformat(), folder, asked, bool(added.covered_to), commit, tell, _say_if_any)
        )
    _print(done)


def _say_if_any(words: str) -> None:
    if words:
        say(words)


def _print(done: "Done") -> None:
    """Print a line for each pair and question; end with the exit code of what failed."""
    for pair in sorted(done.pairs, key=lambda one: (one.moved is None, -abs(one.moved or 0.0))):
        change = "" if pair.moved is None else f" (higher: {signed(pair.moved, 0)})"
        mark = "" if pair.converged else " NOT CONVERGED: do not use these numbers"
        typer.echo(f"- {printable(pair.title)}{change}{mark}")
    for line in done.lines:
        typer.echo(f"- {printable(line)}")
    typer.echo(f"\n{done.page}")
    for what, error in done.failures.items():
        typer.echo(f"Failed: {what}: {printable(str(error))}", err=True)
    if done.failures:
        raise typer.Exit(1)
    if not done.converged:
        raise NotConverged("NOT CONVERGED: do not use the numbers of the pairs named so. Take more --draws and --tune")
