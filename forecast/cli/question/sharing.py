"""`forecast question merge`, `score` and `export`: copies of a ledger, scores, files."""

from pathlib import Path
from typing import Annotated

import typer

import forecast
from forecast.base import dates
from forecast.base.errors import SpecError
from forecast.base.files import check_target, write_csv, write_json
from forecast.base.wording import count, number
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    QUESTIONS,
    REPORTS,
    FolderOption,
    JsonOption,
    LedgerOption,
    ReportsOption,
    SeedOption,
    output_path,
)
from forecast.cli.question.ledger import echo, read_ledger, warn
from forecast.cli.terminal import console, echo_json, print_caveats, say, table_of_rows

BRIER_COLUMNS = {"Brier": "first", "base rate": "base", "last": "last"}  # by head of a column


@with_examples("question merge ../clone/questions")
def merge(
    other: Annotated[
        Path, typer.Argument(help="Another copy of the ledger, or its folder.", metavar="OTHER")
    ],
    folder: FolderOption = QUESTIONS,
    as_json: JsonOption = False,
) -> None:
    """Append to the ledger what was said in another copy of it, such as that of another clone."""
    from forecast.desk.questions import merge_ledger

    read_ledger(folder)  # with warnings, before anything is appended
    done = merge_ledger(folder, other)
    warn(done.repaired)
    for words in done.left_out:
        warn(f"left out: {words}")
    question_folder, _ = read_ledger(folder)  # which writes the files of new questions
    if as_json:
        echo_json(
            {"appended": [entry.plain for entry in done.entries], "left_out": list(done.left_out)}
        )
        return
    for entry in done.entries:
        echo(f"{entry.question}: {entry.said}")
    echo(
        f"{question_folder.ledger}: {count(len(done.entries), 'line')} appended, "
        f"{len(done.left_out)} left out"
    )


@with_examples("question score --out scores")
def score(
    folder: FolderOption = QUESTIONS,
    ledger: LedgerOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of a page with its JSON and CSV. Default: no page.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    reports: ReportsOption = REPORTS,
    as_json: JsonOption = False,
) -> None:
    """Score the forecasts of resolved questions: Brier and logarithmic scores, calibration."""
    from forecast.desk.questions import TrackRecord
    from forecast.desk.questions.outside import outside_scores
    from forecast.report.saved_report import reports_in

    _, content = read_ledger(folder, ledger)
    record = TrackRecord.of(content, reports=reports_in(reports))
    if out is not None:
        from forecast.report.ledger_page import write_track_record

        say(str(write_track_record(record, out, inputs=[content.path])))
    if as_json:
        echo_json(record.to_dict())
        return
    shown = console()
    shown.print(
        table_of_rows(
            [
                {
                    "": row["hindsight"],
                    **{name: row[name] for name in ("kind", "horizon", "n", "void")},
                    **{name: number(row[f"brier_{by}"], 3) for name, by in BRIER_COLUMNS.items()},
                }
                for row in record.rows
            ]
        )
    )
    print_caveats(record.notes.caveats)
    shown.print(record.sentence)
    outside = outside_scores(content.histories.values())
    if outside.questions:
        shown.print(
            f"Asked elsewhere, {count(outside.questions, 'resolved question')}. "
            f"{outside.weight.sentence}"
        )
        shown.print(
            table_of_rows(
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
        for difference in outside.differences:
            if difference["mean"] is not None:
                shown.print(
                    f"{difference['who']} less price: {number(difference['mean'], 3)} "
                    f"(Brier, {difference['n']} questions); to tell such a difference "
                    f"{number(difference['needed'], 0)} are needed."
                )


@with_examples(
    "question export --out questions.csv", "question export --hub report/fit.zarr --out samples.csv"
)
def export(
    folder: FolderOption = QUESTIONS,
    ledger: LedgerOption = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="File: .csv or .json.",
            parser=output_path,
            metavar="FILE",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("questions.csv"),
    forecastbench: Annotated[
        str | None,
        typer.Option(
            "--forecastbench",
            help="Name of a question set: write the own numbers of outside questions as "
            "ForecastBench's forecasts of it.",
        ),
    ] = None,
    hub: Annotated[
        Path | None,
        typer.Option(
            "--hub",
            help="A saved fit, such as report/fit.zarr: write samples of the shares ahead as the "
            "model output of a hub, in CSV.",
        ),
    ] = None,
    seed: SeedOption = 1,
) -> None:
    """Write every entry of the ledger as a row of CSV, or as JSON.

    Or forecasts in a form of the field.
    """
    from forecast.desk.questions.exchange import forecast_set
    from forecast.desk.questions.folder import QuestionFolder
    from forecast.desk.questions.rows import entry_rows

    if hub is not None:
        from forecast.desk.questions.exchange import hub_samples

        if forecastbench is not None or out.suffix != ".csv":
            raise SpecError("--hub: writes a .csv file of its own; leave out --forecastbench")
        check_target(out, [hub])
        rows = hub_samples(forecast.Fit.load(hub), seed=seed)
        write_csv(out, rows)
        echo(f"{out}: {count(len(rows), 'row')}")
        return
    check_target(out, [ledger or QuestionFolder(folder).ledger])
    _, content = read_ledger(folder, ledger)
    if forecastbench is not None:
        forecasts = forecast_set(content.histories.values(), dates.today(), forecastbench)
        write_json(out, forecasts)
        echo(f"{out}: {count(len(forecasts['forecasts']), 'forecast')}")
        return
    if out.suffix == ".csv":
        write_csv(out, entry_rows(content))
    elif out.suffix == ".json":
        write_json(
            out,
            {
                "schema": 1,
                "head": content.head,
                "entries": [entry.plain for entry in content.entries],
            },
        )
    else:
        raise SpecError(f"--out: {out.name} is neither .csv nor .json; choose one of them")
    echo(f"{out}: {len(content.entries)} entries")
