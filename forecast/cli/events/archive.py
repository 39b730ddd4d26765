"""`forecast events import`, `status` and `repair`: an archive of machine-coded feeds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forecast
from forecast.base.errors import DataError
from forecast.base.wording import count
from forecast.cli.events.feeds import MAX_FAILURES_NAMED
from forecast.cli.events.showing import MAX_EVENTS_SHOWN
from forecast.cli.groups import day_of, dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import ARCHIVE, ArchiveFolderOption, FeedOption, JsonOption
from forecast.cli.terminal import (
    console,
    echo_json,
    escape,
    print_findings,
    print_lines,
    print_rest,
    progress,
    table_of_rows,
)

if TYPE_CHECKING:
    from forecast.data.archive import ImportSummary


# Files of an import, and dyads of an archive, that are printed
MAX_FILES_LISTED = 20


@with_examples("events import gdelt --archive archive")
def import_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files of machine-coded feeds as published, zipped or not, or folders.",
            metavar="PATH",
        ),
    ],
    archive: ArchiveFolderOption = ARCHIVE,
    feed: FeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take files of machine-coded feeds into an archive, each once (`forecast help archive`).

    A file that is there already is left out. Interrupted, the same command continues. Exit code 2
    if a file could not be read; all others are in the archive then.
    """
    with progress("looking at the files") as tell:
        done = forecast.import_files(paths, archive, feed=feed, progress=tell)
    if as_json:
        echo_json(done.summary())
    else:
        _print_import(done)
    if failed := done.of("failed"):
        raise DataError(
            f"{count(len(failed), 'file')} could not be imported. The first: {failed[0].reason}"
        )


@with_examples("events status --archive archive", "events status USA-CHN --as-of 2019-03-31")
def status_command(
    archive: ArchiveFolderOption = ARCHIVE,
    datasets: Annotated[
        str | None,
        typer.Option("--data", help="Datasets of the archive, such as gdelt,icews. Default: all."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="What it held on this day, YYYY-MM-DD.")
    ] = None,
    dyads: Annotated[
        list[str] | None,
        typer.Argument(
            help="Dyads whose events are printed, such as USA-CHN DEU-FRA. Default: those of "
            "`forecast dyads`.",
            metavar="DYAD",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an archive holds: coverage, gaps, rows and events of some dyads, by dataset.

    --json has months, editions, all dyads and what became of every row (`forecast help archive`).
    """
    from forecast.data.feeds.reading import state_pair

    pairs = [state_pair(dyad) for dyad in dyads_of(dyads, "DYAD") or forecast.read_dyads().index]
    names = (
        None if datasets is None else [word.strip() for word in datasets.split(",") if word.strip()]
    )
    with progress("reading the archive"):
        status = forecast.archive_status(archive, names, as_of=day_of(as_of, "as-of"))
    if as_json:
        echo_json(status.summary())
        return
    print_lines("status", found=status, most=MAX_FAILURES_NAMED)
    console().print(
        table_of_rows(
            [
                {"dyad": dyad}
                | {dataset.dataset: dataset.dyads.get(dyad, 0) for dataset in status.datasets}
                for dyad in pairs[:MAX_FILES_LISTED]
            ]
        )
    )
    print_rest(console(), len(pairs) - MAX_FILES_LISTED, "dyad")


@with_examples("events repair --archive archive")
def repair_command(
    archive: ArchiveFolderOption = ARCHIVE,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the catalogue of an archive from its segments, if it is missing, damaged or old.

    Files that cannot be recognised are moved into the folder set-aside of the archive. Nothing is
    deleted. Exit code 2 if files have to be imported again.
    """
    done = forecast.repair_archive(archive)
    if as_json:
        echo_json(done.summary())
    else:
        typer.echo(done.sentence)
    if done.damaged:
        raise DataError(
            f"The rows of {count(len(done.damaged), 'file')} are lost or damaged. Import them "
            "again."
        )


def _print_import(done: "ImportSummary") -> None:
    shown, new = console(), [file for file in done.files if file.became != "known"]
    numbers = {
        "rows": "rows",
        "between states": "between",
        "rejected": "rejected",
        "filtered": "filtered",
    }
    rows = [
        {"file": file.name, "dataset": file.dataset, "": file.became}
        # A file that was not read is not one without rows.
        | {head: getattr(file, name) if file.dataset else "" for head, name in numbers.items()}
        for file in new[:MAX_FILES_LISTED]
    ]
    if new:
        shown.print(table_of_rows(rows))
    print_rest(shown, len(new) - MAX_FILES_LISTED, "file")
    reasons = [file.reason for state in ("failed", "skipped") for file in done.of(state)]
    for findings in (reasons, done.findings):
        print_findings(shown, findings, MAX_EVENTS_SHOWN)
    shown.print(escape(done.sentence))
