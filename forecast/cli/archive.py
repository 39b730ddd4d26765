"""`forecast events import`, `status` and `repair`: options and output."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import Datasets, Feed, Json, day_of, echo_json
from forecast.cli.terminal import console, escape, progress, table
from forecast.errors import DataError, OutputPathError
from forecast.wording import count

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.archive import ArchiveStatus, Imported
    from forecast.archive.status import DatasetStatus

MOST_FILES = 20
MOST_MONTHS = 24
MOST_HOLES = 10
_COUNTED = ("rows", "kept", "rejected", "filtered", "duplicates")
FORMS = (".svg", ".png", ".pdf")
BY = {"published": "as published", "stamp": "by its name", "last event": "the day after its last event"}
Folder = Annotated[Path, typer.Option("--archive", metavar="FOLDER", help="Folder of the archive.")]
DEFAULT = Path("archive")


def import_command(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files of machine-coded feeds as published, zipped or not, or folders."),
    ],
    archive: Folder = DEFAULT,
    feed: Feed = None,
    as_json: Json = False,
) -> None:
    """Take files of machine-coded feeds into an archive, each once (docs/archive.md).

    A file that is there already is left out. Interrupted, the same command continues. Exit code 2 if a file could not
    be read; all others are in the archive then.
    """
    from forecast.archive import import_files

    with progress() as tell:
        done = import_files(paths, archive, feed=feed, progress=tell)
    if as_json:
        echo_json(done.summary())
    else:
        _print_import(done)
    if failed := done.of("failed"):
        raise DataError(f"{count(len(failed), 'file')} could not be imported. The first: {failed[0].reason}")


def status_command(
    archive: Folder = DEFAULT,
    datasets: Datasets = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="What it held on this day, YYYY-MM-DD.")] = None,
    months: Annotated[
        int, typer.Option("--months", help="How many months of each dataset are printed, the last ones.", min=0)
    ] = MOST_MONTHS,
    figure: Annotated[Path | None, typer.Option("--figure", help="Draw it into this file: .svg, .png or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Show what an archive holds: coverage, holes, editions and what became of every row, by dataset and month."""
    from forecast.archive import archive_status

    if figure is not None and figure.suffix not in FORMS:
        raise OutputPathError(f"--figure: {figure} ends in none of {', '.join(FORMS)}. Choose one of them.")
    names = None if datasets is None else [word.strip() for word in datasets.split(",") if word.strip()]
    with progress() as tell:
        tell("reading the archive", 0, 0)
        found = archive_status(archive, names, as_of=day_of(as_of, "as-of"))
    if figure is not None:
        _write_figure(found, figure)
    if as_json:
        echo_json(found.summary())
        return
    _print_status(found, months)


def repair_command(archive: Folder = DEFAULT, as_json: Json = False) -> None:
    """Rebuild the catalogue of an archive from its segments, when it is missing, damaged or an older copy.

    Files that cannot be recognised are moved into the folder set-aside of the archive. Nothing is deleted. Exit code 2
    if files have to be imported again.
    """
    from forecast.archive import repair_archive

    done = repair_archive(archive)
    if as_json:
        echo_json(done.summary())
    else:
        typer.echo(done.sentence)
    if done.damaged:
        raise DataError(f"The rows of {count(len(done.damaged), 'file')} are lost or damaged. Import them again.")


def _print_import(done: "Imported") -> None:
    shown = console()
    told = [file for file in done.files if file.became != "known"]
    rows = [
        [
            file.name, file.dataset, file.became,
            *(f"{number:,}" for number in (file.rows, file.between, file.rejected, file.filtered) if file.dataset),
        ]
        for file in told[:MOST_FILES]
    ]  # fmt: skip
    numbers = [(name, True) for name in ("rows", "between states", "rejected", "filtered")]
    if told:
        shown.print(table(["file", "dataset", "", *numbers], rows))
    if len(told) > MOST_FILES:
        shown.print(f"And {count(len(told) - MOST_FILES, 'file')} more; --json has all.")
    for file in [*done.of("failed"), *done.of("skipped")][:MOST_FILES]:
        shown.print(f"[yellow]{escape(file.reason)}[/]")
    for finding in done.findings[:MOST_FILES]:
        shown.print(f"[yellow]{escape(finding)}[/]")
    shown.print(escape(done.sentence))


def _write_figure(found: "ArchiveStatus", path: Path) -> None:
    from forecast.files import check_target, write_bytes, write_text
    from forecast.report import style
    from forecast.report.archive_figure import illustrate

    check_target(path, [found.archive])
    drawn = illustrate(found)
    if path.suffix == ".svg":
        write_text(path, drawn.wide)
    else:
        write_bytes(path, style.png(drawn) if path.suffix == ".png" else style.pdf(drawn))


def _print_status(found: "ArchiveStatus", months: int) -> None:
    shown = console()
    for dataset in found.datasets:
        shown.print(f"[bold]{escape(dataset.sentence)}[/]")
        _print_dataset(shown, dataset, months)
    if found.unfinished:
        shown.print("An import is at work, or was killed: then run the same import again.")


def _print_dataset(shown: "Console", dataset: "DatasetStatus", months: int) -> None:
    kinds = ", ".join(f"{series} {number:,}" for series, number in dataset.series.items())
    shown.print(f"Files by what they are of: {escape(kinds)}")
    for hole in dataset.holes[-MOST_HOLES:]:
        shown.print(f"Hole: {hole.first} to {hole.last}, {count(hole.days, 'day')}. {escape(hole.note)}")
    if len(dataset.holes) > MOST_HOLES:
        shown.print(f"And {count(len(dataset.holes) - MOST_HOLES, 'hole')} before; --json has all.")
    if dataset.published:
        shown.print(f"Published on a day that the manifest of a fetch says: {count(dataset.published, 'file')}")
    for edition in dataset.editions[-MOST_FILES:]:
        shown.print(f"Edition: {escape(edition.file)}, issued {edition.issued} ({BY[edition.by]})")
    rows = [
        [
            month.month, f"{month.covered} of {month.days}", f"{month.files:,}", f"{len(month.editions)}",
            *(f"{getattr(month, name):,}" for name in _COUNTED),
        ]
        for month in dataset.months[len(dataset.months) - months if months < len(dataset.months) else 0 :]
    ]  # fmt: skip
    if months:
        shown.print(table(["month", "days", *((name, True) for name in ("files", "editions", *_COUNTED))], rows))
    for reason, number in list(dataset.rejected_by.items())[:MOST_FILES]:
        shown.print(f"Rejected: {number:,} rows, {escape(reason)}")
    for reason, number in list(dataset.filtered_by.items())[:MOST_FILES]:
        shown.print(f"Filtered: {number:,} rows, {escape(reason)}")
