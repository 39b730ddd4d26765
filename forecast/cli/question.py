"""`forecast question`: asking, answering, resolving and scoring of questions in a ledger."""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast import dates
from forecast.arguments import require_whole
from forecast.cli.options import Added, AsOf, Counted, Dyad, Json, Seed, day_of, echo_json, grouped, output, say
from forecast.cli.terminal import console, escape, progress, table
from forecast.errors import DataError, ForecastError, SpecError
from forecast.escaping import printable

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.questions import Draft, History, Ledger, LedgerEntry, TrackRecord
    from forecast.questions.ledger import QuestionFolder
    from forecast.sources import Records, Source

app = typer.Typer(
    name="question", help="Ask questions that data decide, answer, resolve and score them.", no_args_is_help=True
)
Folder = Annotated[Path, typer.Option("--folder", help="Where the questions and their ledger are.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Questions. Default: all that are open.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="A question.")]
FOLDER = Path("questions")


@app.command()
@grouped
def new(
    data: Counted,
    added: Added,
    dyad: Dyad = "USA-CHN",
    higher: Annotated[
        float | None, typer.Option("--higher", help="Points: the share is at least so much above that before.")
    ] = None,
    lower: Annotated[
        float | None, typer.Option("--lower", help="Points: the share is at least so much below that before.")
    ] = None,
    above: Annotated[float | None, typer.Option("--above", help="Per cent: the share is at least so high.")] = None,
    below: Annotated[float | None, typer.Option("--below", help="Per cent: the share is at most so high.")] = None,
    at_least: Annotated[
        str | None,
        typer.Option("--at-least", help="KIND or KIND:NUMBER, such as violence:3 or sanctions: so many are recorded."),
    ] = None,
    level: Annotated[
        float | None,
        typer.Option("--level", help="Per cent: the latent level is at least so high in the end. Never resolvable."),
    ] = None,
    months: Annotated[int | None, typer.Option("--months", help="Length of the window. Default: 12.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="In place of it: its last month, YYYY-MM.")] = None,
    when: Annotated[
        str,
        typer.Option("--when", help="Of a share: `at` (of the window), or `by` or `throughout` (of rolling windows)."),
    ] = "at",
    span: Annotated[int | None, typer.Option("--span", help="Months of a rolling window. Default: 12.")] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Of several datasets, which one records it. Default: the main one.")
    ] = None,
    name: Annotated[str | None, typer.Option("--id", help="Its name. Default: made of what it asks.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="In place of all of this: a file that holds the question.")
    ] = None,
    as_of: AsOf = None,
    folder: Folder = FOLDER,
) -> None:
    """Ask a question: what it compares with is fixed, and it goes into the ledger."""
    from forecast.questions import make_question, read_question

    if file is not None:
        question = read_question(file)
    else:
        records = _records(
            added.to(data),
            dyad,
            _as_of(as_of),
        )
        code = records.find(dyad)
        kind, number = _kind(at_least)
        given = {
            "higher": higher, "lower": lower, "above": above, "below": below, "of": kind, "at_least": number,
            "level": level, "months": months, "last": day_of(until, "until"), "span": span, "dataset": dataset,
            "id": name,
        }  # fmt: skip
        chosen: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        panel = records.panel([code], _as_of(as_of) or records.last_day(code))
        question = make_question(panel, code, when=when, table=records.events, **chosen)
    place = _folder(folder)
    if place.ledger.exists():
        _mend(place, place.read())
    done = place.ask(question)
    _warn(done.repaired)
    typer.echo(_plain(f"{question.id}: {question.sentence}"))
    typer.echo(_plain(question.rule))


@app.command("list")
def list_questions(
    folder: Folder = FOLDER,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not decided.")] = False,
    as_json: Json = False,
) -> None:
    """List the questions, what was said last, and what came of it."""
    from forecast.questions.ledger import questions_of

    ledger = _read(folder)
    found = questions_of(ledger, only_open=only_open)
    if as_json:
        echo_json([_summary(history) for history in found])
        return
    from forecast.wording import DASH, chance, count

    rows = []
    for history in found:
        last, asked = history.last_answer, history.question
        said = DASH if last is None or last.chance is None else chance(last.chance)
        rows.append([asked.id, asked.last.isoformat(), str(len(history.answers)), said, _outcome(history)])
    console().print(table(["question", "until", "answers", "last", "outcome"], rows))
    say(f"{count(ledger.lines, 'line')} in the ledger; the last has the hash {ledger.head}")


@app.command()
def show(name: Name, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Show a question: its sentence, its rule, every answer and its resolution."""
    history = _chosen(_read(folder), [name])[0]
    if as_json:
        entries = [history.asked, *history.answers, *([history.resolution] if history.resolution else [])]
        echo_json({**_summary(history), "rule": history.question.rule, "entries": [entry.plain for entry in entries]})
        return
    from forecast.wording import DASH, chance

    lines = [history.question.sentence, history.question.rule]
    if history.question.base_rate is not None:
        lines.append(f"Base rate of the ten years before: {chance(history.question.base_rate)}.")
    for entry in history.answers:
        body: Any = entry.body
        said = DASH if body.chance is None else chance(body.chance)
        mark = "" if body.converged else "  NOT CONVERGED"
        lines.append(f"as of {body.as_of}: {said}, {body.by}{mark}{_timing(history, entry)}")
    if history.resolution is not None:
        decided: Any = history.resolution.body
        lines.append(f"{decided.outcome.upper()}: {decided.reason}, as of {decided.as_of}.")
    typer.echo(_plain("\n".join(lines)))
    _warn(_folder(folder).edited(history))


@app.command()
@grouped
def update(
    data: Counted,
    added: Added,
    fit: Annotated[Path, typer.Option("--fit", help="A saved fit, such as fit.zarr in the folder of a report.")],
    names: Names = None,
    as_of: AsOf = None,
    refit: Annotated[
        bool, typer.Option("--refit/--no-refit", help="Whether to sample again where an update is not valid.")
    ] = True,
    seed: Seed = 1,
    folder: Folder = FOLDER,
    as_json: Json = False,
) -> None:
    """Answer questions from a fit, as of its day or a later one, and append the answers to the ledger.

    Exit code 3 if the fit has not converged; its answers are marked.
    """
    from forecast.questions import answer_question, answered, append_entries

    require_whole("seed", seed)
    place, ledger = _folder(folder), _read(folder)
    chosen = _chosen(ledger, names)
    with progress() as tell:
        tell("reading the data", 0, 0)
        day = _as_of(as_of)
        records = _records(added.to(data), None if day else _only_dyad(chosen), day)
        tell("loading the fit", 0, 0)
        known = _fit_as_of(fit, records, day, seed=seed, refit=refit, tell=tell)
        choices, converged = known.spec.to_dict(), known.gate.passed

        def answer(history: "History") -> "Draft | str":
            asks = history.question
            tell(f"answering {asks.id}", 0, 0)
            found = answer_question(known, asks, seed=seed, table=records.events)
            if closed := asks.closed(found.as_of):
                return closed
            history.require_forward(found.as_of)
            draft = answered(found, model=choices, converged=converged)
            return "nothing new since the last answer" if draft.body == history.last_answer else draft

        drafts = _each(chosen, answer, named=bool(names))
    done = append_entries(place.ledger, drafts)
    _warn(done.repaired)
    _tell_answers([entry.plain for entry in done.entries], {one.question.id: one for one in chosen}, as_json=as_json)
    if not converged:
        raise typer.Exit(3)


@app.command()
@grouped
def resolve(
    data: Counted,
    added: Added,
    names: Names = None,
    as_of: AsOf = None,
    folder: Folder = FOLDER,
    as_json: Json = False,
) -> None:
    """Resolve the questions whose window is over and covered, from data, and append it to the ledger."""
    from forecast.questions import append_entries, resolve_question, resolved

    place, ledger = _folder(folder), _read(folder)
    chosen = _chosen(ledger, names)
    day = _as_of(as_of) or dates.today()
    records = _records(
        added.to(data),
        _only_dyad(chosen),
        day,
    )

    def decide(history: "History") -> "Draft | str":
        code = records.find(history.question.dyad)
        found = resolve_question(
            records.panel([code], day), history.question, today=day, table=records.events,
            coverage_end=records.last_day(code, history.question.dataset),
        )  # fmt: skip
        if found.outcome in ("open", "never"):
            return found.reason
        last = history.question.last
        return resolved(found) if last < dates.today() else f"its window ends on {last}; resolve it after that day"

    drafts = _each(chosen, decide, named=bool(names))
    done = append_entries(place.ledger, drafts)
    _warn(done.repaired)
    if as_json:
        echo_json([entry.plain for entry in done.entries])
        return
    for entry in done.entries:
        body: Any = entry.body
        typer.echo(_plain(f"{entry.question}: {body.outcome.upper()}, {body.reason}"))
    if not done.entries:
        typer.echo("No question was decided.")


@app.command()
def score(
    folder: Folder = FOLDER,
    ledger: Annotated[Path | None, typer.Option("--ledger", help="A ledger elsewhere.")] = None,
    out: Annotated[Path | None, output("Folder of a page with its JSON and CSV. Default: no page.")] = None,
    as_json: Json = False,
) -> None:
    """Score what was said of the questions that are past their date: Brier and logarithmic scores, calibration."""
    from forecast.questions import TrackRecord

    found = _read(folder, ledger)
    record = TrackRecord.of(found)
    if out is not None:
        from forecast.report import write_track_record

        page = write_track_record(record, out, inputs=[found.path])
        say(str(page))
    if as_json:
        echo_json(record.to_dict())
    else:
        _print_record(record)


@app.command()
def export(
    folder: Folder = FOLDER,
    ledger: Annotated[Path | None, typer.Option("--ledger", help="A ledger elsewhere.")] = None,
    out: Annotated[Path, output("File: .csv or .json.", "FILE")] = Path("questions.csv"),
) -> None:
    """Write every entry of the ledger as a row of CSV, or as JSON."""
    from forecast.files import check_target, write_csv, write_json
    from forecast.questions.ledger import entry_rows

    where = ledger or _folder(folder).ledger
    check_target(out, [where])
    found = _read(folder, ledger)
    if out.suffix == ".csv":
        write_csv(out, entry_rows(found))
    elif out.suffix == ".json":
        write_json(out, {"schema": 1, "head": found.head, "entries": [entry.plain for entry in found.entries]})
    else:
        raise SpecError(f"--out: {out.name} is neither .csv nor .json; choose one of them")
    typer.echo(_plain(f"{out}: {len(found.entries)} entries"))


def _folder(folder: Path) -> "QuestionFolder":
    from forecast.questions.ledger import QuestionFolder

    return QuestionFolder(folder)


def _read(folder: Path, ledger: Path | None = None) -> "Ledger":
    """Read the ledger of a folder, and mend what a killed run left there; or read one elsewhere."""
    from forecast.questions import Ledger

    place = _folder(folder)
    found = Ledger.read(ledger or place.ledger)
    for words in found.warnings:
        _warn(words)
    if ledger is None:
        _mend(place, found)
    return found


def _mend(place: "QuestionFolder", ledger: "Ledger") -> None:
    if mended := place.mend(ledger):
        say(mended)


def _timing(history: "History", entry: "LedgerEntry") -> str:
    """Return the mark of an answer that was not written in time."""
    from forecast.questions.history import LATE, WITH_HINDSIGHT

    marks = {LATE: f"  late, written on {entry.day}", WITH_HINDSIGHT: "  with hindsight"}
    return marks.get(history.timing(entry), "")


def _chosen(ledger: "Ledger", names: list[str] | None) -> "list[History]":
    from forecast.questions.ledger import questions_of

    return questions_of(ledger, names or (), only_open=not names)


def _records(data: "Source | None", dyad: str | None, as_of: date | None) -> "Records":
    """Open a source, by default the chronology, as it was on a day; no more than one dyad needs, if it is given."""
    from forecast.sources import Source, open_source

    return open_source(data or Source(), dyad, as_of)


def _only_dyad(chosen: "Iterable[History]") -> str | None:
    """Return the dyad that all questions are about, if there is one."""
    dyads = {history.question.dyad for history in chosen}
    return dyads.pop() if len(dyads) == 1 else None


def _as_of(text: str | None) -> date | None:
    from forecast.dates import reject_future

    day = day_of(text, "as-of")
    if day is not None:
        reject_future(day, "as-of")
    return day


def _kind(text: str | None) -> tuple[str | None, int | None]:
    if text is None:
        return None, None
    from forecast.outlook.query import AtLeast

    asked = AtLeast.parse(text)
    if asked.months is not None:
        raise SpecError(f"--at-least: got {text!r:.80}; the window is given by --months or --until")
    return asked.kind, asked.number


def _fit_as_of(
    path: Path, records: "Records", day: date | None, *, seed: int, refit: bool, tell: Callable[[str, int, int], None]
) -> "Fit":
    """Load a fit, and bring it to a later day if one is given."""
    from forecast.model import Fit
    from forecast.model import update as update_fit

    loaded = Fit.load(path)
    if day is None:
        return loaded
    tell("updating the fit", 0, 0)
    known = records.events or records.panel(loaded.dyads, day)
    return update_fit(loaded, known, as_of=day, seed=seed, refit=refit, progress=tell)


def _each(chosen: "Iterable[History]", work: "Callable[[History], Draft | str]", *, named: bool) -> "list[Draft]":
    """Do something with every question; say why where it cannot be done, and fail if one was asked for by name."""
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


def _outcome(history: "History") -> str:
    return history.outcome if history.question.resolvable else "never"


def _summary(history: "History") -> dict[str, Any]:
    last = history.last_answer
    return {
        **history.question.plain, "answers": len(history.answers), "chance": None if last is None else last.chance,
        "as_of": None if last is None else last.as_of, "outcome": _outcome(history),
    }  # fmt: skip


def _tell_answers(entries: list[dict[str, Any]], histories: "dict[str, History]", *, as_json: bool) -> None:
    if as_json:
        echo_json(entries)
        return
    from forecast.wording import DASH, chance

    for entry in entries:
        before = histories[entry["question"]].last_answer
        after = (
            "" if before is None or before.chance is None else f", after {chance(before.chance)} as of {before.as_of}"
        )
        said = DASH if entry["chance"] is None else chance(entry["chance"])
        mark = "" if entry["converged"] else " NOT CONVERGED: do not use it"
        typer.echo(_plain(f"{entry['question']}: {said} as of {entry['as_of']}{after}{mark}"))
    if not entries:
        typer.echo("No question was answered.")


def _print_record(record: "TrackRecord") -> None:
    from forecast.wording import number

    shown = console()
    rows = [
        [
            *(str(row[name]) for name in ("hindsight", "kind", "horizon", "n", "void")),
            *(number(row[f"brier_{by}"], 3) for by in ("first", "base", "last")),
        ]
        for row in record.rows
    ]
    shown.print(table(["", "kind", "horizon", "n", "void", "Brier", "base rate", "last"], rows))
    left = f"{record.open} open, {record.overdue} of them past their date; {record.never} never resolvable"
    shown.print(escape(f"{record.questions} questions: {len(record.cases)} decided, {left}."))


def _plain(text: str) -> str:
    """Return a text with its controls written out."""
    return printable(text, keep="\n")


def _warn(words: str) -> None:
    if words:
        say(f"Warning: {words}")
