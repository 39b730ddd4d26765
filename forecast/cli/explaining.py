"""`forecast explain` and `compare`: what events contributed to a headline, and why it changed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import forecast
from forecast.base.dates import months_between
from forecast.base.errors import DataError, NoEvents, NotUpdatable, QuestionError, SpecError
from forecast.base.progress import Progress
from forecast.base.wording import count, join
from forecast.cli.data import AddedDataOptions, event_table
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    QUESTIONS,
    AddOption,
    ArchiveOption,
    CountsOption,
    CoveredToOption,
    DatasetsOption,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FolderOption,
    FormatOption,
    IndexOption,
    JsonOption,
    LedgerQuestionOption,
    MappingOption,
    RefitOption,
    ReplaceOption,
    SchemeOption,
    output_path,
)
from forecast.cli.terminal import progress, say, show, show_result

if TYPE_CHECKING:
    from forecast.desk.questions import Question
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.comparison import Change
    from forecast.report.folder import SavedReport


SHOWN = 4
"""Events and numbers that are listed."""


@dataclass(kw_only=True)
class ReportChoices(AddedDataOptions):
    """What is asked of reports: their headline or a question, and the events behind them."""

    question: str | None = None
    folder: Path = QUESTIONS
    replace: bool = False
    refit: bool = True
    as_json: bool = False

    def prepare(self, out: Path, kind: str, reports: list[Path]) -> "Question | None":
        """Return the question, if there is one, and make sure that the page may be written."""
        from forecast.desk.questions.folder import QuestionFolder
        from forecast.report.folder import require_report_folder

        asked = None if self.question is None else QuestionFolder(self.folder).find(self.question)
        file = [Path(self.question)] if self.question and Path(self.question).is_file() else []
        read = [*reports, *file, *(self.given.files if self.given else ())]
        require_report_folder(out, kind, read, replace=self.replace)
        return asked

    def attribute(
        self, saved: "SavedReport", asked: "Question | None", tell: Progress, months: int
    ) -> "Attribution":
        """Return what the events of the last months did to the headline of a report, or to a question."""
        from forecast.data.panel.record import last_known

        options: dict[str, Any] = {
            "seed": saved.seed,
            "progress": tell,
            "months": months,
            "refit": self.refit,
        }
        if asked is not None and saved.dyad not in asked.dyads:
            wanted = join(asked.dyads, "or")
            raise QuestionError(
                f"{asked.id}: it is about {wanted}, and the report about {saved.dyad}; give a report of {wanted}"
            )
        tell("reading the data", 0, 0)
        several = asked is not None and len(asked.dyads) > 1
        table = event_table(
            self.given, None if several else saved.dyad, last_known(saved.fit.panel)
        )
        if asked is not None:
            return forecast.attribute_question(saved.fit, asked, table, dyad=saved.dyad, **options)
        return forecast.attribute(saved.fit, saved.dyad, table, **saved.terms, **options)

    def attribute_since(
        self, change: "Change", later: "SavedReport", asked: "Question | None", tell: Progress
    ) -> "Attribution | None":
        """Return what the events since then did, where the later fit is of single events of not too many months.

        To the question, if it is about the dyad of the reports and open on the later day; to the
        headline else.
        """
        from forecast.outlook.attribution import MOST_MONTHS

        months = max(months_between(*change.days), 1)
        if months > MOST_MONTHS:
            return None
        if asked is not None and (later.dyad not in asked.dyads or asked.closed(change.days[1])):
            asked = None
        try:
            return self.attribute(later, asked, tell, months)
        except (DataError, NotUpdatable, SpecError) as error:
            if self.given is not None and not isinstance(error, NoEvents | NotUpdatable):
                raise
            say(f"The events since then are not listed: {error}")
            return None


@with_examples("explain report/USA-CHN-2026-06-13 --months 6")
def explain(
    report: Annotated[Path, typer.Argument(help="The folder of a report, with its fit.")],
    months: Annotated[
        int, typer.Option("--months", help="Length of the window in months: the last 1 to 12.")
    ] = 6,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder of the page.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("explain"),
    question: LedgerQuestionOption = None,
    folder: FolderOption = QUESTIONS,
    replace: ReplaceOption = False,
    refit: RefitOption = True,
    as_json: JsonOption = False,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
    add: AddOption = None,
    covered_to: CoveredToOption = None,
) -> None:
    """Show what each event of the last months contributed to the level and to the headline of a report, or a question.

    Writes a page, explain.json, explain.csv and a figure (`forecast help explain`). Exit code 3 if
    the fit has not converged.
    """
    from forecast.outlook.attribution import MOST_MONTHS
    from forecast.report.folder import EXPLAIN, read_report

    data = ReportChoices(
        question=question,
        folder=folder,
        replace=replace,
        refit=refit,
        as_json=as_json,
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
        add=add,
        covered_to=covered_to,
    )

    if not 1 <= months <= MOST_MONTHS:
        raise SpecError(f"--months: got {months}; expected 1 to {MOST_MONTHS}")
    asked = data.prepare(out, EXPLAIN, [report])
    with progress("loading the fit") as tell:
        from forecast.report.explain_page import largest_events, sentence, write_explanation

        saved = read_report(report)
        for number in range(
            months, 1, -1
        ):  # the last months, or as many of them as need no new fit
            try:
                found = data.attribute(saved, asked, tell, number)
                break
            except NotUpdatable as error:
                say(f"The last {count(number, 'month')}: {error}")
        else:
            found = data.attribute(saved, asked, tell, 1)
        tell("writing the page", 0, 0)
        page = write_explanation(saved.fit, found, out)
    title, converged = sentence("finding", found), saved.fit.gate.passed
    parts = [sentence("level_sentence", found), largest_events(found, SHOWN)]
    show_result(
        page,
        "explain.json",
        lambda: show(title, parts, page),
        as_json=data.as_json,
        converged=converged,
    )


@with_examples("compare may june --out change")
def compare(
    old: Annotated[Path, typer.Argument(help="The folder of the earlier report, with its fit.")],
    new: Annotated[Path, typer.Argument(help="The folder of the later report, with its fit.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder of the page.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("change"),
    question: LedgerQuestionOption = None,
    folder: FolderOption = QUESTIONS,
    replace: ReplaceOption = False,
    refit: RefitOption = True,
    as_json: JsonOption = False,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
    add: AddOption = None,
    covered_to: CoveredToOption = None,
) -> None:
    """Split the change of the published headline of two reports: time passed, new events, late data, model, baseline.

    Reports of different months ask of different windows; then both answer the headline of the
    earlier one. Writes a page, change.json, change.csv and a figure (`forecast help explain`). Exit
    code 3 if a fit has not converged.
    """
    from forecast.report.folder import CHANGE, read_report

    data = ReportChoices(
        question=question,
        folder=folder,
        replace=replace,
        refit=refit,
        as_json=as_json,
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
        add=add,
        covered_to=covered_to,
    )

    asked = data.prepare(out, CHANGE, [old, new])
    with progress("loading the fits") as tell:
        from forecast.desk.questions.explain import asking, headline_question
        from forecast.outlook.comparison import split_question_change
        from forecast.report.explain_page import (
            largest_events,
            sentences,
            steps_table,
            write_change,
        )

        reports = earlier, later = read_report(old), read_report(new)
        if asked is None:
            _require_alike(earlier, later)
            asked = headline_question(earlier.fit, later.fit, later.dyad, **later.terms)
        if asked is None:
            change = forecast.split_change(
                earlier.fit,
                later.fit,
                later.dyad,
                **later.terms,
                old_seed=earlier.seed,
                new_seed=later.seed,
                refit=data.refit,
                progress=tell,
            )
        else:
            dyad, *others = sorted(
                asked.dyads, key=lambda one: one != later.dyad
            )  # that of the report, if it is asked
            change = split_question_change(
                earlier.fit,
                later.fit,
                dyad,
                asked.sentence,
                asking(asked, dyad),
                seeds=(earlier.seed, later.seed),
                refit=data.refit,
                progress=tell,
            )
        found = data.attribute_since(change, later, asked, tell)
        tell("writing the page", 0, 0)
        page = write_change((earlier.fit, later.fit), change, out, events=found)
    converged = all(one.fit.gate.passed for one in reports)
    first, *others = sentences(change)
    notes = "\n".join(f"{step.name}: {step.note}" for step in change.steps if step.note)
    largest = None if found is None else largest_events(found, SHOWN)
    parts: list[Any] = [" ".join(others), steps_table(change), largest, notes]
    show_result(
        page,
        "change.json",
        lambda: show(first, parts, page),
        as_json=data.as_json,
        converged=converged,
    )


def _require_alike(old: "SavedReport", new: "SavedReport") -> None:
    """Reject reports whose headlines ask different things."""
    values = [{"dyad": one.dyad, **one.terms} for one in (old, new)]
    for name, earlier in values[0].items():
        if values[1][name] != earlier:
            raise SpecError(
                f"OLD, NEW: the reports differ in {name.replace('_', ' ')}, {earlier} and {values[1][name]}; make them "
                "alike to compare"
            )
