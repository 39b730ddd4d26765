"""`forecast moved` and `forecast compare`: contributions of events, and the change between two reports."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from forecast.cli.options import Added, AnyData, arg, event_table, grouped, opt, output, say, shared, show_result
from forecast.cli.question import folder_option
from forecast.cli.terminal import console, escape, progress, table
from forecast.errors import DataError, NoEvents, NotUpdatable, QuestionError, SpecError
from forecast.wording import count, day

if TYPE_CHECKING:
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.comparison import Change
    from forecast.progress import Progress
    from forecast.questions import Question
    from forecast.report.folder import SavedReport
    from forecast.sources import Source

SHOWN = 8
MOST_MONTHS = 12


@dataclass
class _Asked(AnyData):
    """What is asked of reports: their headline or a question, and the events behind them."""

    question: str | None = opt("In place of the headline: a question of the ledger, its ID or its file.")
    folder: Path = folder_option()
    replace: bool = shared.replace()
    refit: bool = opt(
        "Whether to fit the model again where nothing quicker is valid, which takes as long as a fit; otherwise what "
        "is known without is shown.",
        True,
        name="--refit/--no-refit",
    )
    as_json: bool = shared.json()

    def prepare(
        self, added: Added, out: Path, kind: str, reports: list[Path]
    ) -> "tuple[Question | None, Source | None]":
        """Return the question and the source of events, and make sure that the page may be written."""
        from forecast.questions.ledger import QuestionFolder
        from forecast.report.folder import require_report_folder

        asked = None if self.question is None else QuestionFolder(self.folder).find(self.question)
        given = added.to(self)
        file = [Path(self.question)] if self.question and Path(self.question).is_file() else []
        read = [*reports, *file, *self.paths, *(added.add or [])]
        require_report_folder(out, kind, read, replace=self.replace)
        return asked, given


@grouped
def moved(
    data: _Asked,
    added: Added,
    report: Path = arg("The folder of a report, with its fit.", ...),
    months: int = opt("How many of the last months, 1 to 12.", 6),
    out: Path = output("Folder of the page.", Path("moved")),
) -> None:
    """Show what each event of the last months contributed to the level and to the headline of a report, or a question.

    Writes a page, moved.json, moved.csv and a figure (docs/what-moved-it.md). Exit code 3 if the fit has not converged.
    """
    from forecast.report.folder import MOVED, read_report

    if not 1 <= months <= MOST_MONTHS:
        raise SpecError(f"--months: got {months}; expected 1 to {MOST_MONTHS}")
    asked, given = data.prepare(added, out, MOVED, [report])
    with progress() as tell:
        tell("loading the fit", 0, 0)
        from forecast.report.moved_page import write_moved

        saved = read_report(report)
        found = _attribute_what_holds(saved, asked, given, tell, months, refit=data.refit)
        tell("writing the page", 0, 0)
        page = write_moved(saved.fit, found, out)
    show_result(page, "moved.json", lambda: _print(found, page), as_json=data.as_json)
    if not saved.fit.gate.passed:
        raise typer.Exit(3)


def _attribute(
    saved: "SavedReport", asked: "Question | None", given: "Source | None", tell: "Progress", **options: Any
) -> "Attribution":
    """Return what events did to the headline of a report, or to a question."""
    from forecast.outlook.attribution import attribute
    from forecast.panel.record import last_known
    from forecast.questions import attribute_question

    if asked is not None and asked.dyad != saved.dyad:
        raise QuestionError(
            f"{asked.id}: it is about {asked.dyad}, and the report about {saved.dyad}; give a report of {asked.dyad}"
        )
    tell("reading the data", 0, 0)
    table = event_table(given, saved.dyad, last_known(saved.fit.panel))
    if asked is not None:
        return attribute_question(saved.fit, asked, table, seed=saved.seed, progress=tell, **options)
    return attribute(
        saved.fit, saved.dyad, table, horizon=saved.horizon, baseline_months=saved.baseline_months,
        smallest_improvement=saved.smallest_improvement, seed=saved.seed, progress=tell, **options,
    )  # fmt: skip


def _attribute_what_holds(
    saved: "SavedReport",
    asked: "Question | None",
    given: "Source | None",
    tell: "Progress",
    months: int,
    *,
    refit: bool,
) -> "Attribution":
    """Return what the events of so many months did, or of the last of them for which no new fit is needed."""
    for number in range(months, 1, -1):
        try:
            return _attribute(saved, asked, given, tell, months=number, refit=refit)
        except NotUpdatable as error:
            say(f"The last {count(number, 'month')}: {error}")
    return _attribute(saved, asked, given, tell, months=1, refit=refit)


def _print(found: "Attribution", page: Path) -> None:
    from forecast.report.moved_page import (
        event_lines,
        finding,
        months_table,
        question,
        visits_sentence,
        weights_sentence,
        what_moved,
        window_sentences,
    )

    shown = console()
    shown.print(f"[bold]{escape(finding(found))}[/]\n")
    months = months_table(found)
    shown.print(table(months.columns, months.plain))
    shown.print(f"\nWhat moved {what_moved(found)}:")
    for line in event_lines(found, SHOWN):
        shown.print(escape(f"  {line}"))
    for sentence in (visits_sentence(found), question(found), window_sentences(found), weights_sentence(found)):
        if sentence:
            shown.print(f"\n{escape(sentence)}")
    shown.print(f"\n{escape(str(page))}")


@grouped
def compare(
    data: _Asked,
    added: Added,
    old: Path = arg("The folder of the earlier report, with its fit.", ...),
    new: Path = arg("The folder of the later report, with its fit.", ...),
    out: Path = output("Folder of the page.", Path("change")),
) -> None:
    """Split the change of the headline of two reports: time passed, new events, late data, model, baseline.

    Writes a page, change.json, change.csv and a figure (docs/what-moved-it.md). Exit code 3 if a fit has not converged.
    """
    from forecast.report.folder import CHANGE, read_report

    asked, given = data.prepare(added, out, CHANGE, [old, new])
    with progress() as tell:
        tell("loading the fits", 0, 0)
        from forecast.outlook.comparison import split_change
        from forecast.report.moved_page import write_change

        reports = earlier, later = read_report(old), read_report(new)
        if asked is None:
            _require_alike(earlier, later)
            change = split_change(
                earlier.fit, later.fit, later.dyad, horizon=later.horizon, baseline_months=later.baseline_months,
                smallest_improvement=later.smallest_improvement, old_seed=earlier.seed, new_seed=later.seed,
                refit=data.refit, progress=tell,
            )  # fmt: skip
        else:
            change = _split_question(asked, reports, given, data.refit, tell)
        found = _attribute_since(change, later, asked, given, tell, refit=data.refit)
        tell("writing the page", 0, 0)
        page = write_change((earlier.fit, later.fit), change, out, events=found)
    show_result(page, "change.json", lambda: _print_change(change, found, page), as_json=data.as_json)
    if not all(one.fit.gate.passed for one in reports):
        raise typer.Exit(3)


def _require_alike(old: "SavedReport", new: "SavedReport") -> None:
    """Reject reports whose headlines ask different things."""
    for name, words in (
        ("dyad", "dyads"),
        ("horizon", "horizons"),
        ("baseline_months", "baselines"),
        ("smallest_improvement", "smallest changes"),
    ):
        values = [getattr(one, name) for one in (old, new)]
        if values[0] != values[1]:
            raise SpecError(
                f"OLD, NEW: the reports have different {words}, {values[0]} and {values[1]}; make them alike to compare"
            )


def _split_question(
    asked: "Question", reports: "tuple[SavedReport, SavedReport]", given: "Source | None", refit: bool, tell: "Progress"
) -> "Change":
    """Split the change of the probability of a question."""
    from forecast.outlook.comparison import split_question_change
    from forecast.questions.moved import asking

    table = event_table(given, asked.dyad) if asked.kind == "count" else None
    old, new = reports
    return split_question_change(
        old.fit, new.fit, asked.dyad, asked.sentence, asking(asked, table), seeds=(old.seed, new.seed), refit=refit,
        progress=tell,
    )  # fmt: skip


def _attribute_since(
    change: "Change",
    later: "SavedReport",
    asked: "Question | None",
    given: "Source | None",
    tell: "Progress",
    *,
    refit: bool,
) -> "Attribution | None":
    """Return what the events since then did, where the later fit is of single events of not too many months.

    To the question, if it is about the dyad of the reports and open on the later day; to the headline else.
    """
    from forecast.dates import months_between
    from forecast.outlook.attribution import MOST_MONTHS

    months = max(months_between(*change.days), 1)
    if months > MOST_MONTHS:
        return None
    if asked is not None and (asked.dyad != later.dyad or asked.closed(change.days[1])):
        asked = None
    try:
        return _attribute(later, asked, given, tell, months=months, refit=refit)
    except (DataError, NotUpdatable, SpecError) as error:
        if given is not None and not isinstance(error, NoEvents | NotUpdatable):
            raise
        say(f"The events since then are not listed: {error}")
        return None


def _print_change(change: "Change", found: "Attribution | None", page: Path) -> None:
    from forecast.report.moved_page import event_lines, sentences, steps_table, what_moved

    shown = console()
    first, *others = sentences(change)
    shown.print(f"[bold]{escape(first)}[/]\n\n{escape(' '.join(others))}\n")
    steps = steps_table(change)
    shown.print(table(steps.columns, steps.plain))
    if found:
        shown.print(f"\nWhat moved {what_moved(found)} from {day(found.first)} on:")
        for line in event_lines(found, SHOWN):
            shown.print(escape(f"  {line}"))
    for step in change.steps:
        if step.note:
            shown.print(f"[dim]{escape(step.name)}: {escape(step.note)}[/]")
    shown.print(f"\n{escape(str(page))}")
