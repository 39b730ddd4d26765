"""`forecast compare`: what has changed between two reports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.moved import SHOWN, Refit, Replace, attribute_asked, print_grid, question_file
from forecast.cli.options import (
    Add,
    Archive,
    CoveredTo,
    Datasets,
    Events,
    Json,
    Mapping,
    added_to,
    event_table,
    source,
)
from forecast.cli.paths import output
from forecast.cli.progress import progress
from forecast.cli.question import FOLDER, Folder
from forecast.cli.terminal import escape
from forecast.errors import SpecError

if TYPE_CHECKING:
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.change import Change
    from forecast.progress import Progress
    from forecast.questions import Question
    from forecast.report.saved import SavedReport
    from forecast.sources import Source


def compare(
    old: Annotated[Path, typer.Argument(help="The folder of the earlier report, with its fit.")],
    new: Annotated[Path, typer.Argument(help="The folder of the later report, with its fit.")],
    question: Annotated[
        str | None,
        typer.Option("--question", help="In place of the headline: a question of the ledger, its ID or its file."),
    ] = None,
    folder: Folder = FOLDER,
    datasets: Datasets = None,
    archive: Archive = None,
    events: Events = None,
    mapping: Mapping = None,
    add: Add = None,
    covered_to: CoveredTo = None,
    out: Annotated[Path, output("Folder of the page.")] = Path("change"),
    replace: Replace = False,
    refit: Refit = False,
    as_json: Json = False,
) -> None:
    """Split the change of the headline of two reports: time passed, new events, late data, model, baseline.

    Writes a page, change.json, change.csv and a figure (docs/what-moved-it.md). Exit code 3 if a fit has not converged.
    """
    from forecast.questions.folder import QuestionFolder
    from forecast.report.folder import CHANGE, require_report_folder

    asked = None if question is None else QuestionFolder(folder).find(question)
    given = added_to(source(events, None, None, mapping, data=datasets, archive=archive), add, covered_to)
    read = [old, new, *question_file(question), *(events or []), *(mapping or []), *(add or [])]
    require_report_folder(out, CHANGE, read, replace=replace)
    with progress() as tell:
        tell("loading the fits", 0, 0)
        from forecast.outlook.change import split_change
        from forecast.report import write_change
        from forecast.report.saved import read_report

        reports = earlier, later = read_report(old), read_report(new)
        if asked is None:
            _require_alike(earlier, later)
            change = split_change(
                earlier.fit, later.fit, later.dyad, horizon=later.horizon,
                smallest_improvement=later.smallest_improvement, old_seed=earlier.seed, new_seed=later.seed,
                refit=refit, progress=tell,
            )  # fmt: skip
        else:
            change = _split_question(asked, reports, given, refit, tell)
        found = _attribute(change, later, asked, given, tell)
        tell("writing the page", 0, 0)
        page = write_change((earlier.fit, later.fit), change, out, events=found)
    if as_json:
        typer.echo((page.parent / "change.json").read_text(encoding="utf-8"))
    else:
        _print(change, found, page)
    if not all(one.fit.gate.passed for one in reports):
        raise typer.Exit(3)


def _require_alike(old: "SavedReport", new: "SavedReport") -> None:
    """Reject reports whose headlines ask different things."""
    for name, words in (("dyad", "dyads"), ("horizon", "horizons"), ("smallest_improvement", "smallest changes")):
        values = [getattr(one, name) for one in (old, new)]
        if values[0] != values[1]:
            raise SpecError(
                f"OLD, NEW: the reports have different {words}, {values[0]} and {values[1]}; make them alike to compare"
            )


def _split_question(
    asked: "Question", reports: "tuple[SavedReport, SavedReport]", given: "Source | None", refit: bool, tell: "Progress"
) -> "Change":
    """Split the change of the probability of a question."""
    from forecast.outlook.change import split_question_change
    from forecast.questions.moved import asking

    table = event_table(given, asked.dyad) if asked.kind == "count" else None
    old, new = reports
    return split_question_change(
        old.fit, new.fit, asked.dyad, asked.sentence, asking(asked, table), seeds=(old.seed, new.seed), refit=refit,
        progress=tell,
    )  # fmt: skip


def _attribute(
    change: "Change", later: "SavedReport", asked: "Question | None", given: "Source | None", tell: "Progress"
) -> "Attribution | None":
    """Return what the events since then did, where the later fit is of single events of not too many months.

    To the question, if it is about the dyad of the reports and open on the later day; to the headline else.
    """
    from forecast.dates import months_between
    from forecast.errors import DataError, NotUpdatable
    from forecast.outlook.attribution import MOST_MONTHS

    months = months_between(*change.days)
    if not 1 <= months <= MOST_MONTHS:
        return None
    if asked is not None and (asked.dyad != later.dyad or asked.closed(change.days[1])):
        asked = None
    try:
        return attribute_asked(later, asked, given, tell, months=months)
    except (DataError, NotUpdatable, SpecError) as error:
        if given is not None:
            raise
        typer.echo(f"The events since then are not listed: {error}", err=True)
        return None


def _print(change: "Change", found: "Attribution | None", page: Path) -> None:
    from rich.console import Console

    from forecast.report.change_page import sentences, steps_table
    from forecast.report.moved_page import event_lines, what_moved

    console = Console(highlight=False)
    first, *others = sentences(change)
    console.print(f"[bold]{escape(first)}[/]\n\n{escape(' '.join(others))}\n")
    print_grid(console, steps_table(change))
    if found:
        console.print(f"\nWhat since then moved {what_moved(found)}:")
        for line in event_lines(found, SHOWN):
            console.print(escape(f"  {line}"))
    for step in change.steps:
        if step.note:
            console.print(f"[dim]{escape(step.name)}: {escape(step.note)}[/]")
    console.print(f"\n{escape(str(page))}")
