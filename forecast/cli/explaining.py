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
    from forecast.outlook.comparison import Change
    from forecast.outlook.contributions import Attribution
    from forecast.report.saved_report import SavedReport


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

        subject = None if self.question is None else QuestionFolder(self.folder).find(self.question)
        file = [Path(self.question)] if self.question and Path(self.question).is_file() else []
        read = [*reports, *file, *(self.given.files if self.given else ())]
        require_report_folder(out, kind, read, replace=self.replace)
        return subject

    def attribute(
        self, saved: "SavedReport", question: "Question | None", tell: Progress, months: int
    ) -> "Attribution":
        """Return the contributions of recent events to a headline or a question."""
        from forecast.data.panel.record import last_known

        options: dict[str, Any] = {
            "seed": saved.seed,
            "progress": tell,
            "months": months,
            "refit": self.refit,
        }
        if question is not None and saved.dyad not in question.dyads:
            wanted = join(question.dyads, "or")
            raise QuestionError(
                f"{question.id}: it is about {wanted}, and the report about {saved.dyad}; give a "
                f"report of {wanted}"
            )
        tell("reading the data", 0, 0)
        several = question is not None and len(question.dyads) > 1
        table = event_table(
            self.given, None if several else saved.dyad, last_known(saved.fit.panel)
        )
        if question is not None:
            return forecast.attribute_question(
                saved.fit, question, table, dyad=saved.dyad, **options
            )
        return forecast.attribute(saved.fit, saved.dyad, table, **saved.terms, **options)

    def attribute_since(
        self, change: "Change", later: "SavedReport", question: "Question | None", tell: Progress
    ) -> "Attribution | None":
        """Return the contributions of the events since then; None where only a new fit shows them.

        To the question, if it is about the dyad of the reports and open on the later day; to the
        headline else.
        """
        from forecast.outlook.attribution import MAX_MONTHS_EXPLAINED

        months = max(months_between(*change.days), 1)
        if months > MAX_MONTHS_EXPLAINED:
            return None
        if question is not None and (
            later.dyad not in question.dyads or question.closed(change.days[1])
        ):
            question = None
        try:
            return self.attribute(later, question, tell, months)
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
    """Show what each recent event contributed to the level and to a headline or question.

    Writes a page, explain.json, explain.csv and a figure (`forecast help explain`). Exit code 3 if
    the fit has not converged.
    """
    from forecast.outlook.attribution import MAX_MONTHS_EXPLAINED
    from forecast.report.folder import EXPLAIN
    from forecast.report.saved_report import read_report

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

    if not 1 <= months <= MAX_MONTHS_EXPLAINED:
        raise SpecError(f"--months: got {months}; expected 1 to {MAX_MONTHS_EXPLAINED}")
    subject = data.prepare(out, EXPLAIN, [report])
    with progress("loading the fit") as tell:
        from forecast.report.explain_page import largest_events, sentence, write_explanation

        saved = read_report(report)
        # The last months, or as many of them as need no new fit.
        for number in range(months, 1, -1):
            try:
                attribution = data.attribute(saved, subject, tell, number)
                break
            except NotUpdatable as error:
                say(f"The last {count(number, 'month')}: {error}")
        else:
            attribution = data.attribute(saved, subject, tell, 1)
        tell("writing the page", 0, 0)
        page = write_explanation(saved.fit, attribution, out)
    title, converged = sentence("finding", attribution), saved.fit.gate.passed
    parts = [sentence("level_sentence", attribution), largest_events(attribution, SHOWN)]
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
    """Split the change of a headline: time passed, new events, late data, model, baseline.

    Reports of different months ask of different windows; then both answer the headline of the
    earlier one. Writes a page, change.json, change.csv and a figure (`forecast help explain`). Exit
    code 3 if a fit has not converged.
    """
    from forecast.report.folder import CHANGE
    from forecast.report.saved_report import read_report

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

    subject = data.prepare(out, CHANGE, [old, new])
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
        if subject is None:
            _require_alike(earlier, later)
            subject = headline_question(earlier.fit, later.fit, later.dyad, **later.terms)
        if subject is None:
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
            # The dyad of the report, if the question is about it too.
            dyad = min(subject.dyads, key=lambda code: code != later.dyad)
            change = split_question_change(
                earlier.fit,
                later.fit,
                dyad,
                subject.sentence,
                asking(subject, dyad),
                seeds=(earlier.seed, later.seed),
                refit=data.refit,
                progress=tell,
            )
        attribution = data.attribute_since(change, later, subject, tell)
        tell("writing the page", 0, 0)
        page = write_change((earlier.fit, later.fit), change, out, events=attribution)
    converged = all(report.fit.gate.passed for report in reports)
    first, *others = sentences(change)
    notes = "\n".join(f"{step.name}: {step.note}" for step in change.steps if step.note)
    largest = None if attribution is None else largest_events(attribution, SHOWN)
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
    values = [{"dyad": report.dyad, **report.terms} for report in (old, new)]
    for name, earlier in values[0].items():
        if values[1][name] != earlier:
            raise SpecError(
                f"OLD, NEW: the reports differ in {name.replace('_', ' ')}, {earlier} and "
                f"{values[1][name]}; make them alike to compare"
            )
