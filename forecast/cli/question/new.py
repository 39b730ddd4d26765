"""`forecast question new`: ask a question, and enter it into the ledger."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forecast
from forecast.base import dates
from forecast.base.errors import ForecastError, QuestionError, SpecError
from forecast.cli.data import AddedDataOptions, open_data
from forecast.cli.groups import day_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    QUESTIONS,
    ActorOption,
    ActorStateOption,
    AddOption,
    ArchiveOption,
    AsOfOption,
    AtLeastOption,
    BaselineBeforeOption,
    CodesOption,
    CountsOption,
    CoveredToOption,
    DatasetOption,
    DatasetsOption,
    DyadArgument,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FirstDayOption,
    FolderOption,
    FormatOption,
    HigherOption,
    IndexOption,
    LevelOption,
    LowerOption,
    MappingOption,
    MeasureOption,
    MonthsOption,
    QuietOption,
    SchemeOption,
    ShareAtLeastOption,
    ShareAtMostOption,
    SpanOption,
    UntilOption,
    WhenOption,
)
from forecast.cli.question.ledger import caveats_of, echo, warn
from forecast.cli.question.options import QuestionOptions
from forecast.cli.terminal import print_caveats, say

if TYPE_CHECKING:
    from forecast.desk.questions import Question


@with_examples(
    "question new USA-CHN --higher 5 --months 12",
    "question new USA-IRN --at-least strike --from 2026-07-01 --until 2026-07-31",
)
def new(
    dyad: DyadArgument = None,
    higher: HigherOption = None,
    lower: LowerOption = None,
    baseline: BaselineBeforeOption = None,
    above: ShareAtLeastOption = None,
    below: ShareAtMostOption = None,
    measure: MeasureOption = "share",
    at_least: AtLeastOption = None,
    codes: CodesOption = None,
    level: LevelOption = None,
    months: MonthsOption = None,
    first: FirstDayOption = None,
    until: UntilOption = None,
    when: WhenOption = "at",
    span: SpanOption = None,
    dataset: DatasetOption = None,
    by: ActorStateOption = None,
    actor: ActorOption = None,
    quiet: QuietOption = None,
    all_of: Annotated[
        list[str] | None,
        typer.Option(
            "--and",
            help="Another question that must come true as well, such as 'USA-RUS higher 5'. "
            "Repeat it for several.",
        ),
    ] = None,
    any_of: Annotated[
        list[str] | None, typer.Option("--or", help="The same, where any of them will do.")
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            help="A condition, such as 'higher 5': the question is asked given that it comes "
            "true, and void if it does not.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", help="Its name. Default: made of what it asks.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="In place of all of this: a file that holds the question."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            help="A question that was asked elsewhere, as it stands there; it resolves there too.",
        ),
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="With --text: where.")] = None,
    closes: Annotated[
        str | None,
        typer.Option(
            "--closes", help="With --text: the last day on which it can come true, YYYY-MM-DD."
        ),
    ] = None,
    as_of: AsOfOption = None,
    folder: FolderOption = QUESTIONS,
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
    """Ask a question: what it compares with is fixed, and it goes into the ledger.

    With --text, DYAD and --at-least or --codes name what the data record of it, from which the own
    number comes.
    """
    from forecast.desk.questions.folder import QuestionFolder

    options = QuestionOptions(
        dyad=dyad,
        higher=higher,
        baseline=baseline,
        lower=lower,
        above=above,
        below=below,
        measure=measure,
        at_least=at_least,
        codes=codes,
        level=level,
        months=months,
        first=first,
        until=until,
        when=when,
        span=span,
        dataset=dataset,
        by=by,
        actor=actor,
        quiet=quiet,
    )
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

    if text is not None:
        outside = _outside(options, data, (text, url, closes), day_of(as_of, "as-of"), name)
        warn(QuestionFolder(folder).ask(outside).repaired)
        echo(f"{outside.id}: {outside.sentence}\n{outside.rule}")
        return
    if url or closes:
        raise SpecError("--url, --closes: belong to --text, which is missing")
    links = {"and": all_of or [], "or": any_of or [], "given": [given] if given else []}
    question = (
        forecast.read_question(file)
        if file
        else _question(options, links, data.given, day_of(as_of, "as-of"), name)
    )
    question_folder = QuestionFolder(folder)
    if question_folder.ledger.exists() and (mended := question_folder.mend(question_folder.read())):
        say(mended)
    warn(question_folder.ask(question).repaired)
    echo(f"{question.id}: {question.sentence}\n{question.rule}")
    print_caveats(caveats_of([question]))
    say(_next_step(question))


def _next_step(question: "Question") -> str:
    """Return the command that gives a question its probability."""
    from forecast.desk.questions import EventQuestion

    if isinstance(question, EventQuestion):
        return f"Its probability: forecast question update {question.id}"
    dyads = question.dyads
    fit = (
        f"report/{dyads[0]}-DAY/fit.zarr"
        if len(dyads) == 1
        else "the fit.zarr of a report on its pairs"
    )
    return (
        f"Its probability: forecast question update {question.id} --fit {fit}, where the fit is "
        f"that of `forecast report {dyads[0]}`; `forecast monday` answers all open questions every "
        "week"
    )


def _question(
    options: QuestionOptions,
    links: Mapping[str, list[str]],
    source: "forecast.Source | None",
    day: date | None,
    name: str | None,
) -> "Question":
    """Make the question that is asked, alone or with others that an option joins to it."""
    chosen = [option for option, texts in links.items() if texts]
    if len(chosen) > 1:
        raise SpecError(
            f"--{', --'.join(chosen)}: questions are joined in one way; leave out all but one"
        )
    parts = [("", options)]
    days, questions = [], []
    for text in links[chosen[0]] if chosen else ():
        with _naming(where := f"--{chosen[0]} {text!r:.80}"):
            parts.append((where, options.another(text)))
    records = open_data(source, None if chosen else options.dyad, day)
    for where, part in parts:
        with _naming(where):
            days.append(records.last_day(records.find(part.dyad)))
    for where, part in parts:
        with _naming(where):
            questions.append(part.question(records, day or min(days), None if chosen else name))
    if not chosen:
        return questions[0]
    if links["given"]:
        return forecast.conditional_question(questions[1], questions[0], id=name)
    return forecast.joint_question(questions, required="all" if links["and"] else "any", id=name)


@contextmanager
def _naming(part: str) -> Iterator[None]:
    """Name a part of a question in errors about it."""
    try:
        yield
    except ForecastError as error:
        if not part:
            raise
        raise QuestionError(f"{part}: {error}") from error


def _outside(
    options: QuestionOptions,
    data: AddedDataOptions,
    given: tuple[str, str | None, str | None],
    day: date | None,
    name: str | None,
) -> "Question":
    """Make a question that was asked elsewhere."""
    from forecast.desk.questions.events import event_id
    from forecast.desk.questions.form import VERSION, question_of

    text, url, closes = given
    if closes is None:
        raise SpecError(
            "--closes: a question that was asked elsewhere has a last day; give it, YYYY-MM-DD"
        )
    last, entered = day_of(closes, "closes"), day or dates.today()
    assert last is not None
    event = None
    if options.at_least is not None or options.codes is not None:
        records = open_data(data.given, options.dyad, day)
        as_of = day or records.last_day(records.find(options.dyad))
        event = replace(options, until=closes).event_question(records, as_of, None)
    fields = {
        "version": VERSION,
        "kind": "outside",
        "text": " ".join(text.split()),
        "asked": entered,
        "closes": last,
        "id": name or event_id("outside", text.split()[:8], entered, last),
        "url": url,
        "event": event and event.plain,
    }
    return question_of(
        {key: value for key, value in fields.items() if value is not None}, "question"
    )
