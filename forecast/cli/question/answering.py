"""`forecast question update` and `resolve`: forecasts and outcomes of open questions."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forecast
from forecast.base import dates
from forecast.base.errors import NotConverged, SpecError
from forecast.base.wording import count
from forecast.cli.data import AddedDataOptions, open_data
from forecast.cli.groups import day_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    QUESTIONS,
    AddOption,
    ArchiveOption,
    AsOfOption,
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
    MappingOption,
    QuestionsArgument,
    SchemeOption,
    SeedOption,
)
from forecast.cli.question.ledger import (
    append_and_print,
    chosen_questions,
    common_dyad,
    draft_each,
    last_forecasts,
    read_ledger,
)
from forecast.cli.terminal import progress, say

if TYPE_CHECKING:
    from forecast.desk.questions import Draft, History
    from forecast.desk.questions.folder import QuestionFolder


@with_examples("question update", "question update --fit report/fit.zarr")
def update(
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            help="A saved fit, such as fit.zarr in the folder of a report. Questions about events "
            "of a set need none.",
        ),
    ] = None,
    names: QuestionsArgument = None,
    as_of: AsOfOption = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit/--no-refit", help="Whether to sample again where an update is not valid."
        ),
    ] = True,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            "--expect",
            help="Of events: one of the set that you expect, DAY:CHANCE, such as 2026-07-10:0.8. "
            "Repeat it for several.",
        ),
    ] = None,
    seed: SeedOption = 1,
    folder: FolderOption = QUESTIONS,
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
    """Forecast questions as of the day of a fit, or a later one, and append it to the ledger.

    Without a fit, only questions about events of a set. Exit code 3 if the fit has not converged;
    its answers are marked.
    """
    from forecast.desk.questions.open_questions import answer_of

    data = AddedDataOptions(
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

    question_folder, ledger = read_ledger(folder)
    chosen = chosen_questions(ledger, names)
    if fit is None:
        _update_events(
            question_folder,
            chosen,
            data,
            day_of(as_of, "as-of"),
            expect or [],
            named=bool(names),
            as_json=as_json,
        )
        return
    with progress("reading the data") as tell:
        day = day_of(as_of, "as-of")
        records = open_data(data.given, None if day else common_dyad(chosen), day)
        tell("loading the fit", 0, 0)
        loaded = forecast.Fit.load(fit)
        if day is not None:
            tell("updating the fit", 0, 0)
            new_data = records.events or records.panel(loaded.dyads, day)
            loaded = forecast.update(
                loaded, new_data, as_of=day, seed=seed, refit=refit, progress=tell
            )
        choices = loaded.spec.to_dict()
        converged = loaded.gate.passed

        def answer(history: "History") -> "Draft | str":
            tell(f"answering {history.question.id}", 0, 0)
            return answer_of(
                history, loaded, model=choices, converged=converged, seed=seed, table=records.events
            )

        drafts = draft_each(chosen, answer, named=bool(names))
    before = last_forecasts(chosen)
    append_and_print(
        question_folder,
        drafts,
        without_entries="No question was answered.",
        before=before,
        as_json=as_json,
    )
    if not converged:
        raise typer.Exit(NotConverged.exit_code)


def _update_events(
    question_folder: "QuestionFolder",
    chosen: "list[History]",
    data: AddedDataOptions,
    day: date | None,
    expect: list[str],
    *,
    named: bool,
    as_json: bool,
) -> None:
    """Answer the questions about events of a set, from the record alone."""
    from forecast.desk.questions.open_questions import event_answer_of, needs_no_fit
    from forecast.outlook.hazards.results import Expected

    expected = [Expected.parse(text) for text in expect]
    of_events = [history for history in chosen if needs_no_fit(history.question)]
    others = [history.question.id for history in chosen if history not in of_events]
    if others and (named or not of_events):
        raise SpecError(f"--fit: {others[0]} needs a fit; give the fit.zarr of a report")
    if not of_events:
        raise SpecError(
            "--fit: no open question is about events of a set; others need the fit.zarr of a report"
        )
    records = open_data(data.given, common_dyad(of_events), day)

    def answer(history: "History") -> "Draft | str":
        return event_answer_of(history, records.events, day, expected)

    before = last_forecasts(of_events)
    append_and_print(
        question_folder,
        draft_each(of_events, answer, named=named),
        without_entries="No question was answered.",
        before=before,
        as_json=as_json,
    )
    if others:
        say(
            f"{count(len(others), 'question')} without events of a set: give --fit to answer them "
            "too."
        )


@with_examples(
    "question resolve --as-of 2026-06-30",
    "question resolve iran-strike --outcome no --source market",
)
def resolve(
    names: QuestionsArgument = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="Of an outside question: yes, no or void.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="With --outcome: who resolved it.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", help="With --outcome: on which day, YYYY-MM-DD. Default: today."),
    ] = None,
    as_of: AsOfOption = None,
    folder: FolderOption = QUESTIONS,
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
    """Resolve questions whose window is over and covered by data, and append it to the ledger."""
    from forecast.desk.questions.drafts import outcome_of
    from forecast.desk.questions.open_questions import resolution_of

    data = AddedDataOptions(
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

    question_folder, ledger = read_ledger(folder)
    chosen = chosen_questions(ledger, names)
    if outcome is not None:
        if source is None or not names:
            raise SpecError(
                "--outcome: needs the names of outside questions, and --source, who resolved them"
            )
        known_on = day_of(on, "on") or dates.today()
        drafts = [outcome_of(history.question, outcome, source, known_on) for history in chosen]
        append_and_print(
            question_folder, drafts, without_entries="No question was resolved.", as_json=as_json
        )
        return
    day = day_of(as_of, "as-of") or dates.today()
    records = open_data(data.given, common_dyad(chosen), day)

    def decide(history: "History") -> "Draft | str":
        return resolution_of(history, records, day, now=dates.today())

    drafts = draft_each(chosen, decide, named=bool(names))
    append_and_print(
        question_folder, drafts, without_entries="No question was resolved.", as_json=as_json
    )
