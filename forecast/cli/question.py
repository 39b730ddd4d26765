"""`forecast question`: asking, answering, resolving and scoring of questions in a ledger."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import forecast
from forecast.base import dates
from forecast.base.errors import DataError, ForecastError, NotConverged, QuestionError, SpecError
from forecast.base.escaping import printable
from forecast.base.files import check_target, write_csv, write_json
from forecast.base.forms import faults
from forecast.base.wording import chance, count, join, number
from forecast.cli.declaring import arg, grouped, opt, output, shared
from forecast.cli.options import Added, EventChoices, day_of, open_data
from forecast.cli.terminal import console, echo_json, print_caveats, print_lines, progress, say
from forecast.cli.terminal import records as records_table

if TYPE_CHECKING:
    from forecast.data.records import Records
    from forecast.desk.questions import Draft, History, Ledger, Question
    from forecast.desk.questions.ledger import QuestionFolder

app = typer.Typer(
    name="question",
    help="Ask questions that data decide, answer, resolve and score them.",
    no_args_is_help=True,
)
folder_option = partial(
    opt, "Where the questions and their ledger are.", Path("questions"), panel="Question"
)
ledger_option = partial(opt, "A ledger elsewhere.")
names_argument = partial(arg, "Questions. Default: all that are open.", metavar="ID")


@dataclass
class Asked(EventChoices):
    """What is asked of a dyad."""

    dyad: str | None = shared.dyad()
    higher: float | None = opt("Points: the share is at least so much above that before.")
    baseline: int | None = opt("Months before that higher and lower compare with; default: 12.")
    lower: float | None = opt("Points: the share is at least so much below that before.")
    above: float | None = opt("Per cent: the share is at least so high.")
    below: float | None = opt("Per cent: the share is at most so high.")
    measure: str = opt(
        "What these are of: the share, or the tone (the mean Goldstein score) in its points.",
        "share",
    )
    at_least: str | None = opt(
        "SET or SET:NUMBER, such as strike or visit:2: so many events of a set (`forecast help named-sets`)."
    )
    codes: str | None = opt("CAMEO codes in place of a set, such as 190,195.")
    level: float | None = opt(
        "Per cent: the latent level is at least so high in the end. Never resolvable."
    )
    months: int | None = opt("Length of the window in months. Default: 12.")
    first: str | None = opt(
        "Of events, the first day of the window, YYYY-MM-DD. Default: tomorrow.", name="--from"
    )
    until: str | None = opt(
        "In place of the length: its last month, YYYY-MM; of events its last day as well."
    )
    when: str = opt(
        "Of a share: `at` (of the window), or `by` or `throughout` (of rolling windows).", "at"
    )
    span: int | None = opt("Months of a rolling window. Default: 12.")
    dataset: str | None = opt("Of several datasets, which one records it. Default: the main one.")

    def another(self, text: str) -> "Asked":
        """Read another question, ``DYAD NAME VALUE ...``.

        Windows and data that it does not name are as in this one.
        """
        from pydantic import TypeAdapter, ValidationError

        words = text.split()
        known = [
            name
            for name in {**Asked.__annotations__, **EventChoices.__annotations__}
            if name != "dyad"
        ]
        given = {} if not words or _field(words[0]) in known else {"dyad": words.pop(0)}
        given |= (
            {_field(name): value for name, value in batched(words, 2)}
            if len(words) % 2 == 0
            else {"": ""}
        )
        if not words or not given.keys() <= {"dyad", *known}:
            options = {field: option for option, field in OTHER_NAMES.items()}
            names = join([options.get(name, name).replace("_", "-") for name in known])
            raise SpecError(
                f"expected a dyad and what is asked of it, such as USA-RUS higher 5; the names are {names}"
            )
        alike = {"dyad": self.dyad, "baseline": self.baseline, "dataset": self.dataset}
        window = {"months": self.months, "until": self.until}
        if given.keys() & {"at_least", "codes"}:
            window["first"] = self.first
        if given.keys() & {"months", "until", "first"}:
            window = {}
        try:
            return TypeAdapter(Asked).validate_python(alike | window | given)
        except ValidationError as error:
            raise SpecError(faults(error)) from error

    def event_question(self, records: "Records", day: date, name: str | None) -> "Question":
        """Make the question about events of a set, as of a day."""
        from forecast.outlook.hazards.asking import chosen_set, first_day

        if self.at_least is not None and self.codes is not None:
            raise SpecError("--at-least, --codes: two sets at once; give one of them")
        wanted, _, number = (self.at_least or "").partition(":")
        if number and not number.isdecimal():
            raise SpecError(
                f"--at-least: got {self.at_least!r:.80}; expected SET:NUMBER, such as strike:2; the "
                "window is given by --months or --until"
            )
        if records.events is None:
            raise SpecError(
                "--at-least: sets of events need single events, and these data have counts only; ask "
                "for a share (--above, --higher), or give single events (--events)"
            )
        if self.months is not None and self.until is not None:
            raise SpecError("--months, --until: two ends of the window; give one of them")
        first = None if self.first is None else first_day(self.first)
        last = day_of(self.until, "until") or last_day(first or day + ONE_DAY, self.months)
        asked = forecast.AskedEvents(
            chosen_set(wanted or None, self.codes), last, first, int(number or 1), **self.chosen
        )
        return forecast.make_event_question(
            records.events, records.find(self.dyad), asked, as_of=day, dataset=self.dataset, id=name
        )

    def question(self, records: "Records", day: date, name: str | None = None) -> "Question":
        """Make the question, as of a day."""
        if self.at_least is not None or self.codes is not None:
            return self.event_question(records, day, name)
        of_events = {"from": self.first, "by": self.by, "actor": self.actor, "quiet": self.quiet}
        if given := [option for option, value in of_events.items() if value is not None]:
            raise SpecError(
                f"--{', --'.join(given)}: belongs to a question about events; name them, such as "
                "--at-least strike or --codes 190,195"
            )
        code = records.find(self.dyad)
        values = vars(self) | {
            "last": day_of(self.until, "until"),
            "id": name,
            "baseline_months": self.baseline,
        }
        left = {"dyad", "baseline", "until", "at_least", "codes", "first", "by", "actor", "quiet"}
        chosen: dict[str, Any] = {
            key: value for key, value in values.items() if value is not None and key not in left
        }
        return forecast.make_question(records.panel([code], day), code, **chosen)


ONE_DAY = timedelta(days=1)
DEFAULT_MONTHS = 12  # of a window of events whose end is not named
OTHER_NAMES = {"from": "first"}  # of options whose field has another name: `from` is a keyword


def last_day(first: date, months: int | None) -> date:
    """Return the last day of a window of so many months, by default a year."""
    return dates.add_months(first, months or DEFAULT_MONTHS) - ONE_DAY


def _field(text: str) -> str:
    """Return the field of an option's name."""
    name = text.removeprefix("--").replace("-", "_").lower()
    return OTHER_NAMES.get(name, name)


@app.command()
@grouped(
    "question new USA-CHN --higher 5 --months 12",
    "question new USA-IRN --at-least strike --from 2026-07-01 --until 2026-07-31",
)
def new(
    asked: Asked,
    data: Added,
    all_of: list[str] | None = opt(
        "Another question that must come true as well, such as 'USA-RUS higher 5'. Repeat it for several.",
        name="--and",
    ),
    any_of: list[str] | None = opt("The same, where any of them will do.", name="--or"),
    given: str | None = opt(
        "A condition, such as 'higher 5': the question is asked given that it comes true, and void if it does not."
    ),
    name: str | None = opt("Its name. Default: made of what it asks.", name="--id"),
    file: Path | None = opt("In place of all of this: a file that holds the question."),
    text: str | None = opt(
        "A question that was asked elsewhere, as it stands there; it resolves there too."
    ),
    url: str | None = opt("With --text: where."),
    closes: str | None = opt("With --text: the last day on which it can come true, YYYY-MM-DD."),
    as_of: str | None = shared.as_of(),
    folder: Path = folder_option(),
) -> None:
    """Ask a question: what it compares with is fixed, and it goes into the ledger.

    With --text, DYAD and --at-least or --codes name what the data record of it, from which the own
    number comes.
    """
    from forecast.desk.questions.ledger import QuestionFolder

    if text is not None:
        outside = _outside(asked, data, (text, url, closes), day_of(as_of, "as-of"), name)
        _warn(QuestionFolder(folder).ask(outside).repaired)
        _echo(f"{outside.id}: {outside.sentence}\n{outside.rule}")
        return
    if url or closes:
        raise SpecError("--url, --closes: belong to --text, which is missing")
    links = {"and": all_of or [], "or": any_of or [], "given": [given] if given else []}
    question = (
        forecast.read_question(file)
        if file
        else _question(asked, links, data.given, day_of(as_of, "as-of"), name)
    )
    place = QuestionFolder(folder)
    if place.ledger.exists() and (mended := place.mend(place.read())):
        say(mended)
    _warn(place.ask(question).repaired)
    _echo(f"{question.id}: {question.sentence}\n{question.rule}")
    print_caveats(_caveats([question]))
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
        f"Its probability: forecast question update {question.id} --fit {fit}, where the fit is that of `forecast "
        f"report {dyads[0]}`; `forecast monday` answers all open questions every week"
    )


def _outside(
    asked: Asked,
    data: Added,
    given: tuple[str, str | None, str | None],
    day: date | None,
    name: str | None,
) -> "Question":
    """Make a question that was asked elsewhere."""
    from dataclasses import replace

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
    if asked.at_least is not None or asked.codes is not None:
        records = open_data(data.given, asked.dyad, day)
        known = day or records.last_day(records.find(asked.dyad))
        event = replace(asked, until=closes).event_question(records, known, None)
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


@app.command()
@grouped("question price iran-strike market .34")
def price(
    name: str = arg("An outside question.", ..., metavar="ID"),
    source: str = arg("Who states the price.", ..., metavar="SOURCE"),
    value: float = arg("Probability of yes, 0 to 1.", ..., metavar="PRICE"),
    on: str | None = opt("Day of the price, YYYY-MM-DD. Default: today."),
    folder: Path = folder_option(),
) -> None:
    """Enter a price of an outside question, and print the pool with the own number."""
    from forecast.desk.questions.ledger import priced
    from forecast.desk.questions.outside import OutsideQuestion, outside_scores, pooled_chance

    place, ledger = _read(folder)
    (history,) = _chosen(ledger, [name])
    _append(
        place,
        [priced(history.question, source, value, day_of(on, "on") or dates.today())],
        "",
        {},
        as_json=False,
    )
    own = history.last_answer
    if own is not None and own.chance is not None:
        weight = outside_scores(ledger.histories.values()).weight
        assert isinstance(history.question, OutsideQuestion)  # `priced` makes sure of it
        pool = pooled_chance(value, own.chance, weight.of(history.question.of_class))
        _echo(f"Own {own.chance:.3f}, price {value:.3f}, pool {pool:.3f}.")
        _echo(weight.sentence)


@app.command("say")
@grouped("question say iran-strike .4")
def say_number(
    name: str = arg("An outside question.", ..., metavar="ID"),
    value: float | None = arg("Your probability of yes, 0 to 1.", metavar="CHANCE"),
    cdf: Path | None = opt(
        "In place of a probability: a JSON with the distribution of the number of events, `values` and `cdf`."
    ),
    folder: Path = folder_option(),
) -> None:
    """Enter a number of your own for an outside question."""
    from forecast.desk.questions import OutsideQuestion
    from forecast.desk.questions.exchange import read_number_cdf
    from forecast.desk.questions.ledger import own_number

    place, ledger = _read(folder)
    (history,) = _chosen(ledger, [name])
    if not isinstance(history.question, OutsideQuestion):
        raise SpecError(
            f"{name}: data resolve it, and `update` answers it; own numbers are for outside questions"
        )
    if (value is None) == (cdf is None):
        raise SpecError(
            "CHANCE, --cdf: give a probability, or the distribution of a number; one of them"
        )
    if cdf is not None:
        event = history.question.event
        if event is None:
            raise SpecError(
                f"--cdf: {name} names no set of events, so that no number decides it; give a probability"
            )
        value = read_number_cdf(cdf).at_least(event.at_least)
    assert value is not None
    _append(place, [own_number(history.question, value, dates.today())], "", {}, as_json=False)


@app.command("import")
@grouped("question import 2026-07-01-llm.json")
def import_set(
    path: Path = arg("A question set: JSON in ForecastBench's form.", ..., metavar="FILE"),
    folder: Path = folder_option(),
) -> None:
    """Enter the questions of a set, with their prices.

    Those that have closed, or are there, are left out.
    """
    from forecast.desk.questions import append_entries
    from forecast.desk.questions import asked as asked_entry
    from forecast.desk.questions.exchange import read_question_set
    from forecast.desk.questions.ledger import QuestionFolder, priced

    place = QuestionFolder(folder)
    known = set(place.read().histories) if place.ledger.exists() else set()
    found = [one for one in read_question_set(path, dates.today()) if one.question.id not in known]
    drafts = []
    for one in found:
        drafts.append(asked_entry(one.question))
        if one.price is not None:
            drafts.append(priced(one.question, one.source, one.price, dates.today()))
    if drafts:
        _warn(append_entries(place.ledger, drafts).repaired)
    _echo(f"{count(len(found), 'question')} entered into {place.ledger}")


@app.command("list")
@grouped("question list --open")
def list_questions(
    folder: Path = folder_option(),
    only_open: bool = opt("Only those that are not resolved.", False, name="--open"),
    as_json: bool = shared.json(),
) -> None:
    """List the questions, what was said last, and what came of it."""
    from forecast.desk.questions.ledger import questions_of

    _, ledger = _read(folder)
    found = questions_of(ledger, only_open=only_open)
    if as_json:
        echo_json([_summary(history) for history in found])
        return
    console().print(
        records_table(
            [
                {
                    "question": one.question.id,
                    "until": one.question.last,
                    "answers": len(one.answers),
                    "last": chance(None if one.last_answer is None else one.last_answer.chance),
                    "outcome": _outcome(one),
                }
                for one in found
            ]
        )
    )
    print_caveats(_caveats(one.question for one in found))
    say(f"{count(ledger.lines, 'line')} in the ledger; the last has the hash {ledger.head}")


@app.command()
@grouped("question withdraw usa-chn-above --why '0.6 was meant to be 60'")
def withdraw(
    name: str = arg("A question.", ..., metavar="ID"),
    why: str = opt("The reason, in words, which readers will see.", ...),
    folder: Path = folder_option(),
    as_json: bool = shared.json(),
) -> None:
    """Withdraw a question before its window is over.

    It stays in the ledger with its forecasts, is shown with the reason, and is not scored.
    """
    from forecast.desk.questions.ledger import withdrawn

    place, ledger = _read(folder)
    (history,) = _chosen(ledger, [name])
    _append(place, [withdrawn(history.question, why)], "", {}, as_json=as_json)


reports_option = partial(
    opt, "Folder of reports, with which forecasts are compared.", Path("reports")
)


@app.command()
@grouped("question check --reports reports")
def check(
    reports: Path = reports_option(), folder: Path = folder_option(), as_json: bool = shared.json()
) -> None:
    """Name forecasts that contradict a base rate by a factor of two, a report of the same day, or each other.

    Run it before publishing. A page of the ledger shows none of them until a person confirms it.
    Exit code 1 if one is not confirmed.
    """
    from forecast.desk.questions.doubts import doubts_of, doubts_sentence
    from forecast.report.folder import reports_in

    _, ledger = _read(folder)
    doubts = doubts_of(ledger.histories.values(), reports_in(reports))
    if as_json:
        echo_json([vars(one) for one in doubts])
    else:
        for one in doubts:
            _echo(f"{one.sentence}{' (confirmed)' if one.confirmed else ''}")
        _echo(doubts_sentence(doubts))
    if any(not one.confirmed for one in doubts):
        raise typer.Exit(1)


@app.command()
@grouped("question confirm irn-sau-visit --by Ann --why 'talks announced'")
def confirm(
    names: list[str] = arg("Questions that `forecast question check` names.", ..., metavar="ID"),
    by: str = opt("Who confirms the forecasts.", ...),
    why: str = opt("The reason, in words, which readers will see.", ...),
    reports: Path = reports_option(),
    folder: Path = folder_option(),
    as_json: bool = shared.json(),
) -> None:
    """Confirm doubted forecasts, so that the page of the ledger shows them.

    It holds for later forecasts of the question, too, until one differs by a factor of two.
    """
    from forecast.desk.questions.doubts import doubts_of
    from forecast.desk.questions.ledger import confirmed
    from forecast.report.folder import reports_in

    place, ledger = _read(folder)
    chosen = [one.question.id for one in _chosen(ledger, names)]
    doubts = [
        one
        for one in doubts_of(ledger.histories.values(), reports_in(reports))
        if not one.confirmed
    ]
    drafts = []
    for name in chosen:
        own = [one for one in doubts if one.question == name]
        if not own:
            raise QuestionError(
                f"{name}: nothing is to be confirmed; `forecast question check` names what is"
            )
        drafts.append(confirmed(own, by, why))
    _append(place, drafts, "", {}, as_json=as_json)


@app.command()
@grouped("question show usa-chn-higher", "question show usa-chn-higher --rows --add added")
def show(
    data: Added,
    name: str = arg("A question.", ..., metavar="ID"),
    rows: bool = opt("List the rows of the data in its window that decide it.", False),
    folder: Path = folder_option(),
    as_json: bool = shared.json(),
) -> None:
    """Show a question: its sentence, its rule, every answer and its resolution, or the rows that decide it."""
    from forecast.desk.questions.history import LATE, WITH_HINDSIGHT

    place, ledger = _read(folder)
    (history,) = _chosen(ledger, [name])
    if rows:
        _show_rows(history, data, as_json=as_json)
        return
    if as_json:
        ends = [one for one in (history.resolution, history.withdrawal) if one is not None]
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
    print_caveats(_caveats([history.question]))
    _warn(place.edited(history))


def _show_rows(history: "History", data: Added, *, as_json: bool) -> None:
    """Print the rows of a question's window that decide it, of the data and what is added to them."""
    from forecast.desk.questions import deciding_rows
    from forecast.desk.questions.deciding import COLUMNS, rows_sentence

    question = history.question
    records = open_data(data.given, _only_dyad([history]), None)
    if records.events is None:
        raise SpecError("--rows: these data have counts only, and no rows of single events")
    today = dates.today()
    found = deciding_rows(
        question, records.events, lambda dyad: records.panel([records.find(dyad)], today), today
    )
    listed = [
        {
            name: str(value.date()) if name in ("date", "known_at") else value
            for name, value in row.items()
        }
        for row in found.to_dict("records")
    ]
    if as_json:
        echo_json(listed)
        return
    shown = [name for name in COLUMNS if name not in ("known_at", "reference")]
    if len(question.parts) == 1:
        shown.remove("question")
    console().print(records_table([{name: row[name] for name in shown} for row in listed]))
    _echo(f"{question.id}: {rows_sentence(question, found)}")


@app.command()
@grouped("question update", "question update --fit report/fit.zarr")
def update(
    data: Added,
    fit: Path | None = opt(
        "A saved fit, such as fit.zarr in the folder of a report. Questions about events of a set need none."
    ),
    names: list[str] | None = names_argument(),
    as_of: str | None = shared.as_of(),
    refit: bool = opt(
        "Whether to sample again where an update is not valid.", True, name="--refit/--no-refit"
    ),
    expect: list[str] | None = opt(
        "Of events: one of the set that you expect, DAY:CHANCE, such as 2026-07-10:0.8. Repeat it for several."
    ),
    seed: int = shared.seed(),
    folder: Path = folder_option(),
    as_json: bool = shared.json(),
) -> None:
    """Answer questions, as of the day of a fit or a later one, and append the answers to the ledger.

    Without a fit, only questions about events of a set. Exit code 3 if the fit has not converged;
    its answers are marked.
    """
    from forecast.desk.questions.ledger import answer_of

    place, ledger = _read(folder)
    chosen = _chosen(ledger, names)
    if fit is None:
        _update_events(
            place,
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
        records = open_data(data.given, None if day else _only_dyad(chosen), day)
        tell("loading the fit", 0, 0)
        known = forecast.Fit.load(fit)
        if day is not None:
            tell("updating the fit", 0, 0)
            data_known = records.events or records.panel(known.dyads, day)
            known = forecast.update(
                known, data_known, as_of=day, seed=seed, refit=refit, progress=tell
            )
        choices, converged = known.spec.to_dict(), known.gate.passed

        def answer(history: "History") -> "Draft | str":
            tell(f"answering {history.question.id}", 0, 0)
            return answer_of(
                history, known, model=choices, converged=converged, seed=seed, table=records.events
            )

        drafts = _each(chosen, answer, named=bool(names))
    before = {
        one.question.id: f" (before: {last.said})" for one in chosen if (last := one.last_answer)
    }
    _append(place, drafts, "No question was answered.", before, as_json=as_json)
    if not converged:
        raise typer.Exit(NotConverged.exit_code)


def _update_events(
    place: "QuestionFolder",
    chosen: "list[History]",
    data: Added,
    day: date | None,
    expect: list[str],
    *,
    named: bool,
    as_json: bool,
) -> None:
    """Answer the questions about events of a set, from the record alone."""
    from forecast.desk.questions.ledger import event_answer_of, needs_no_fit
    from forecast.outlook.hazards.forecast import Expected

    expected = [Expected.parse(text) for text in expect]
    own = [one for one in chosen if needs_no_fit(one.question)]
    others = [one.question.id for one in chosen if one not in own]
    if others and (named or not own):
        raise SpecError(f"--fit: {others[0]} needs a fit; give the fit.zarr of a report")
    if not own:
        raise SpecError(
            "--fit: no open question is about events of a set; others need the fit.zarr of a report"
        )
    records = open_data(data.given, _only_dyad(own), day)

    def answer(history: "History") -> "Draft | str":
        return event_answer_of(history, records.events, day, expected)

    before = {
        one.question.id: f" (before: {last.said})" for one in own if (last := one.last_answer)
    }
    _append(
        place, _each(own, answer, named=named), "No question was answered.", before, as_json=as_json
    )
    if others:
        say(
            f"{count(len(others), 'question')} without events of a set: give --fit to answer them too."
        )


@app.command()
@grouped(
    "question resolve --as-of 2026-06-30",
    "question resolve iran-strike --outcome no --source market",
)
def resolve(
    data: Added,
    names: list[str] | None = names_argument(),
    outcome: str | None = opt("Of an outside question: yes, no or void."),
    source: str | None = opt("With --outcome: who resolved it."),
    on: str | None = opt("With --outcome: on which day, YYYY-MM-DD. Default: today."),
    as_of: str | None = shared.as_of(),
    folder: Path = folder_option(),
    as_json: bool = shared.json(),
) -> None:
    """Resolve the questions whose window is over and covered, from data, and append it to the ledger."""
    from forecast.desk.questions.ledger import outcome_of, resolution_of

    place, ledger = _read(folder)
    chosen = _chosen(ledger, names)
    if outcome is not None:
        if source is None or not names:
            raise SpecError(
                "--outcome: needs the names of outside questions, and --source, who resolved them"
            )
        known = day_of(on, "on") or dates.today()
        given = [outcome_of(one.question, outcome, source, known) for one in chosen]
        _append(place, given, "No question was resolved.", {}, as_json=as_json)
        return
    day = day_of(as_of, "as-of") or dates.today()
    records = open_data(data.given, _only_dyad(chosen), day)

    def decide(history: "History") -> "Draft | str":
        return resolution_of(history, records, day, now=dates.today())

    drafts = _each(chosen, decide, named=bool(names))
    _append(place, drafts, "No question was resolved.", {}, as_json=as_json)


@app.command()
@grouped("question merge ../clone/questions")
def merge(
    other: Path = arg("Another copy of the ledger, or its folder.", ..., metavar="OTHER"),
    folder: Path = folder_option(),
    as_json: bool = shared.json(),
) -> None:
    """Append to the ledger what was said in another copy of it, such as that of another clone."""
    from forecast.desk.questions import merge_ledger

    _read(folder)  # with warnings, before anything is appended
    done = merge_ledger(folder, other)
    _warn(done.repaired)
    for words in done.left_out:
        _warn(f"left out: {words}")
    place, _ = _read(folder)  # which writes the files of new questions
    if as_json:
        echo_json(
            {"appended": [entry.plain for entry in done.entries], "left_out": list(done.left_out)}
        )
        return
    for entry in done.entries:
        _echo(f"{entry.question}: {entry.said}")
    _echo(
        f"{place.ledger}: {count(len(done.entries), 'line')} appended, {len(done.left_out)} left out"
    )


@app.command()
@grouped("question score --out scores")
def score(
    folder: Path = folder_option(),
    ledger: Path | None = ledger_option(),
    out: Path | None = output("Folder of a page with its JSON and CSV. Default: no page."),
    reports: Path = reports_option(),
    as_json: bool = shared.json(),
) -> None:
    """Score what was said of the questions that are past their date: Brier and logarithmic scores, calibration."""
    from forecast.desk.questions import TrackRecord
    from forecast.desk.questions.outside import outside_scores

    _, found = _read(folder, ledger)
    from forecast.report.folder import reports_in

    record = TrackRecord.of(found, reports=reports_in(reports))
    if out is not None:
        from forecast.report.ledger_page import write_track_record

        say(str(write_track_record(record, out, inputs=[found.path])))
    if as_json:
        echo_json(record.to_dict())
        return
    shown, briers = console(), {"Brier": "first", "base rate": "base", "last": "last"}
    shown.print(
        records_table(
            [
                {
                    "": row["hindsight"],
                    **{name: row[name] for name in ("kind", "horizon", "n", "void")},
                    **{name: number(row[f"brier_{by}"], 3) for name, by in briers.items()},
                }
                for row in record.rows
            ]
        )
    )
    print_caveats(record.notes.caveats)
    shown.print(record.sentence)
    outside = outside_scores(found.histories.values())
    if outside.questions:
        shown.print(
            f"Asked elsewhere, {count(outside.questions, 'resolved question')}. {outside.weight.sentence}"
        )
        shown.print(
            records_table(
                [
                    {
                        **row,
                        "brier": number(row["brier"], 3),
                        "log_score": number(row["log_score"], 3),
                    }
                    for row in outside.rows
                ]
            )
        )
        for one in outside.differences:
            if one["mean"] is not None:
                shown.print(
                    f"{one['who']} less price: {number(one['mean'], 3)} (Brier, {one['n']} questions); to tell such a "
                    f"difference {number(one['needed'], 0)} are needed."
                )


@app.command()
@grouped(
    "question export --out questions.csv", "question export --hub report/fit.zarr --out samples.csv"
)
def export(
    folder: Path = folder_option(),
    ledger: Path | None = ledger_option(),
    out: Path = output("File: .csv or .json.", Path("questions.csv"), kind="FILE"),
    forecastbench: str | None = opt(
        "Name of a question set: write the own numbers of outside questions as ForecastBench's forecasts of it."
    ),
    hub: Path | None = opt(
        "A saved fit, such as report/fit.zarr: write samples of the shares ahead as the model output of a hub, in CSV."
    ),
    seed: int = shared.seed(),
) -> None:
    """Write every entry of the ledger as a row of CSV, or as JSON.

    Or forecasts in a form of the field.
    """
    from forecast.desk.questions.exchange import forecast_set
    from forecast.desk.questions.ledger import QuestionFolder, entry_rows

    if hub is not None:
        from forecast.desk.questions.exchange import hub_samples

        if forecastbench is not None or out.suffix != ".csv":
            raise SpecError("--hub: writes a .csv file of its own; leave out --forecastbench")
        check_target(out, [hub])
        rows = hub_samples(forecast.Fit.load(hub), seed=seed)
        write_csv(out, rows)
        _echo(f"{out}: {count(len(rows), 'row')}")
        return
    check_target(out, [ledger or QuestionFolder(folder).ledger])
    _, found = _read(folder, ledger)
    if forecastbench is not None:
        made = forecast_set(found.histories.values(), dates.today(), forecastbench)
        write_json(out, made)
        _echo(f"{out}: {count(len(made['forecasts']), 'forecast')}")
        return
    if out.suffix == ".csv":
        write_csv(out, entry_rows(found))
    elif out.suffix == ".json":
        write_json(
            out,
            {"schema": 1, "head": found.head, "entries": [entry.plain for entry in found.entries]},
        )
    else:
        raise SpecError(f"--out: {out.name} is neither .csv nor .json; choose one of them")
    _echo(f"{out}: {len(found.entries)} entries")


def _read(folder: Path, ledger: Path | None = None) -> "tuple[QuestionFolder, Ledger]":
    """Read the ledger of a folder, and mend what a killed run left there; or read one elsewhere."""
    from forecast.desk.questions import Ledger
    from forecast.desk.questions.ledger import QuestionFolder

    place = QuestionFolder(folder)
    found = Ledger.read(ledger or place.ledger)
    for words in found.warnings:
        _warn(words)
    if ledger is None and (mended := place.mend(found)):
        say(mended)
    return place, found


def _chosen(ledger: "Ledger", names: list[str] | None) -> "list[History]":
    from forecast.desk.questions.ledger import questions_of

    return questions_of(ledger, names or (), only_open=not names)


def _only_dyad(chosen: "Iterable[History]") -> str | None:
    """Return the dyad that all questions are about, if there is one."""
    dyads = {dyad for history in chosen for dyad in history.question.dyads}
    return dyads.pop() if len(dyads) == 1 else None


def _question(
    asked: Asked,
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
    parts, days, made = [("", asked)], [], []
    for text in links[chosen[0]] if chosen else ():
        with _naming(where := f"--{chosen[0]} {text!r:.80}"):
            parts.append((where, asked.another(text)))
    records = open_data(source, None if chosen else asked.dyad, day)
    for where, part in parts:
        with _naming(where):
            days.append(records.last_day(records.find(part.dyad)))
    for where, part in parts:
        with _naming(where):
            made.append(part.question(records, day or min(days), None if chosen else name))
    if not chosen:
        return made[0]
    if links["given"]:
        return forecast.conditional_question(made[1], made[0], id=name)
    return forecast.joint_question(made, required="all" if links["and"] else "any", id=name)


@contextmanager
def _naming(part: str) -> Iterator[None]:
    """Name a part of a question in errors about it."""
    try:
        yield
    except ForecastError as error:
        if not part:
            raise
        raise QuestionError(f"{part}: {error}") from error


def _each(
    chosen: "Iterable[History]", work: "Callable[[History], Draft | str]", *, named: bool
) -> "list[Draft]":
    """Do something with every question.

    Say why where it cannot be done, and fail if one was asked for by name.
    """
    drafts = []
    for history in chosen:
        try:
            found = work(history)
        except (SpecError, DataError, LookupError) as error:
            if named or not isinstance(error, ForecastError):
                raise
            found = str(error).removeprefix(f"{history.question.id}: ")
        if isinstance(found, str):
            say(f"{history.question.id}: {found}")
        else:
            drafts.append(found)
    return drafts


def _append(
    place: "QuestionFolder",
    drafts: "Sequence[Draft]",
    none: str,
    before: Mapping[str, str],
    *,
    as_json: bool,
) -> None:
    """Append entries to the ledger, and print them with what was said of their questions before."""
    done = place.append(drafts)
    _warn(done.repaired)
    asked = {name: history.question for name, history in place.read().histories.items()}
    if as_json:
        echo_json(
            [entry.plain | {"caveats": _caveats([asked[entry.question]])} for entry in done.entries]
        )
        return
    for entry in done.entries:
        _echo(f"{entry.question}: {entry.said}{before.get(entry.question, '')}")
    print_caveats(_caveats(asked[entry.question] for entry in done.entries))
    if not done.entries:
        _echo(none)


def _caveats(questions: "Iterable[Question]") -> list[str]:
    """Return what people have to know of the data that questions are about."""
    from forecast.desk.questions.track_record import notes_of_questions

    return list(notes_of_questions(questions).caveats)


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
        "caveats": _caveats([history.question]),
    }


def _echo(text: str) -> None:
    """Print a text with its controls written out."""
    typer.echo(printable(text, keep="\n"))


def _warn(words: str) -> None:
    if words:
        say(f"Warning: {words}")
