"""`forecast question list` and `show`: questions, their answers, and the rows that decide them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.base import dates
from forecast.base.errors import SpecError
from forecast.base.wording import chance, count
from forecast.cli.data import AddedDataOptions, open_data
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
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
    MappingOption,
    SchemeOption,
)
from forecast.cli.question.ledger import (
    caveats_of,
    chosen_questions,
    common_dyad,
    echo,
    read_ledger,
    warn,
)
from forecast.cli.terminal import console, echo_json, print_caveats, print_lines, say, table_of_rows

if TYPE_CHECKING:
    from forecast.desk.questions import History


@with_examples("question list --open")
def list_questions(
    folder: FolderOption = QUESTIONS,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that are not resolved.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the questions, what was said last, and what came of it."""
    from forecast.desk.questions.folder import questions_of

    _, ledger = read_ledger(folder)
    histories = questions_of(ledger, only_open=only_open)
    if as_json:
        echo_json([_summary(history) for history in histories])
        return
    console().print(
        table_of_rows(
            [
                {
                    "question": history.question.id,
                    "until": history.question.last,
                    "answers": len(history.answers),
                    "last": chance(
                        None if history.last_answer is None else history.last_answer.chance
                    ),
                    "outcome": _outcome(history),
                }
                for history in histories
            ]
        )
    )
    print_caveats(caveats_of(history.question for history in histories))
    say(f"{count(ledger.lines, 'line')} in the ledger; the last has the hash {ledger.head}")


@with_examples("question show usa-chn-higher", "question show usa-chn-higher --rows --add added")
def show(
    name: Annotated[str, typer.Argument(help="A question.", metavar="ID")],
    rows: Annotated[
        bool, typer.Option("--rows", help="List the rows of the data in its window that decide it.")
    ] = False,
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
    """Show a question: sentence, rule, forecasts, resolution; or the rows that decide it."""
    from forecast.desk.questions.history import LATE, WITH_HINDSIGHT

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
    (history,) = chosen_questions(ledger, [name])
    if rows:
        _show_rows(history, data, as_json=as_json)
        return
    if as_json:
        ends = [end for end in (history.resolution, history.withdrawal) if end is not None]
        entries = [history.asked, *history.answers, *ends]
        echo_json(
            {
                **_summary(history),
                "rule": history.question.rule,
                "entries": [entry.plain for entry in entries],
            }
        )
        return
    print_lines("question", soft_wrap=True, history=history, late=LATE, hindsight=WITH_HINDSIGHT)
    print_caveats(caveats_of([history.question]))
    warn(question_folder.edited(history))


def _show_rows(history: "History", data: AddedDataOptions, *, as_json: bool) -> None:
    """Print the rows that decide a question, of the data and what is added to them."""
    from forecast.desk.questions import deciding_rows
    from forecast.desk.questions.deciding import COLUMNS, rows_sentence

    question = history.question
    records = open_data(data.given, common_dyad([history]), None)
    if records.events is None:
        raise SpecError("--rows: these data have counts only, and no rows of single events")
    today = dates.today()
    deciding = deciding_rows(
        question, records.events, lambda dyad: records.panel([records.find(dyad)], today), today
    )
    listed = [
        {
            name: str(value.date()) if name in ("date", "known_at") else value
            for name, value in row.items()
        }
        for row in deciding.to_dict("records")
    ]
    if as_json:
        echo_json(listed)
        return
    shown = [name for name in COLUMNS if name not in ("known_at", "reference")]
    if len(question.parts) == 1:
        shown.remove("question")
    console().print(table_of_rows([{name: row[name] for name in shown} for row in listed]))
    echo(f"{question.id}: {rows_sentence(question, deciding)}")


def _outcome(history: "History") -> str:
    return history.outcome if history.question.resolvable or history.withdrawal else "never"


def _summary(history: "History") -> dict[str, Any]:
    last = history.last_answer
    return {
        **history.question.described,
        "answers": len(history.answers),
        "chance": None if last is None else last.chance,
        "as_of": None if last is None else last.as_of,
        "outcome": _outcome(history),
        "caveats": caveats_of([history.question]),
    }
