"""`forecast events fetch`, `import`, `status` and `repair`: download and archive of machine-coded feeds."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forecast.cli.declaring import arg, grouped, opt, output, shared
from forecast.cli.options import day_of, dyads_of
from forecast.cli.terminal import console, echo_json, escape, print_findings, print_lines, print_rest, progress, records
from forecast.errors import DataError, SpecError
from forecast.stopping import INTERRUPTED
from forecast.wording import count

if TYPE_CHECKING:
    from forecast.archive import Imported

MOST_NAMED = 10
"""Gaps, and files that have failed, that are printed."""
MOST_SHOWN = 20
"""Files of an import, and dyads, that are printed."""
folder_option = partial(opt, "Folder of the archive.", Path("archive"), name="--archive", metavar="FOLDER")


@grouped("events fetch gdelt --from 2018-06-01 --to 2018-06-30")
def fetch(
    feed: str = arg("gdelt, icews or polecat.", ..., metavar="FEED"),
    start: str | None = opt("First day, YYYY-MM-DD or YYYY-MM.", name="--from"),
    end: str | None = opt("Last day, YYYY-MM-DD or YYYY-MM.", name="--to"),
    out: Path | None = output("Folder of the files. Default: the name of the feed."),
    gdelt_version: int | None = opt("1 (a file per day; default) or 2 (one per quarter hour)."),
    stream: str | None = opt("Of GDELT 2: english (default), translation or both."),
    doi: str | None = opt("Another dataset of Dataverse than the feed's own."),
    edition: str | None = opt("Version of the dataset, such as 36.0, or that of a day. Default: the newest."),
    list_editions: bool = opt("Show the versions of the dataset and fetch nothing.", False),
    server: str | None = opt("Another address of the same files, such as a mirror."),
    no_list: bool = opt("Ask for each file of GDELT without looking into its lists.", False),
    setting: list[str] | None = opt(
        "How, such as parallel=2. Repeat it (`forecast help fetching`).", name="--fetch-setting"
    ),
    dry_run: bool = opt("Show what would be fetched, and write nothing.", False),
    as_json: bool = shared.json(),
) -> None:
    """Fetch the files of a machine-coded feed, each checked; the same command again fetches what is missing.

    Writes the files and fetch.json, which has every file that was expected and what became of it. Gaps of the source
    are no failure: exit code 1 only if a file failed or the run stopped (`forecast help fetching`).
    """
    from forecast.fetch import fetch_feed
    from forecast.fetch import list_editions as fetch_editions
    from forecast.fetch.manifest import parse_settings

    settings = parse_settings(setting or [])
    if list_editions:
        editions = fetch_editions(feed, doi=doi, server=server, settings=settings)
        if as_json:
            echo_json([vars(one) for one in editions])
        else:
            typer.echo("\n".join(f"{one.number:>6}  {one.released}" for one in editions))
        return
    if start is None or end is None:
        raise SpecError("--from and --to: give the first and the last day, such as --from 2018-06-01 --to 2018-06-30")
    folder = out or Path(feed.strip().lower())
    try:
        with progress() as tell:
            done = fetch_feed(
                feed, folder, start, end, version=gdelt_version, stream=stream, doi=doi, edition=edition, server=server,
                lists=not no_list, dry_run=dry_run, settings=settings, progress=tell,
            )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo("Interrupted. What has come is kept; the same command continues.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        failed = [entry.model_dump(mode="json") for entry in done.of_state("failed")]
        echo_json(done.summary() | {"failed": failed})
    else:
        from forecast.fetch.manifest import gap_words

        following = f"forecast events import {shlex.quote(str(done.folder))} --archive archive"
        print_lines(
            "fetch", soft_wrap=True, done=done, dry_run=dry_run, gaps=gap_words(done.gaps),
            failed=done.of_state("failed"), most=MOST_NAMED,
            following=following if done.counts["received"] and sys.stdout.isatty() else "",
        )  # fmt: skip
    if not dry_run and not done.complete:
        raise typer.Exit(1)


@grouped("events import gdelt --archive archive")
def import_command(
    paths: list[Path] = arg(
        "Files of machine-coded feeds as published, zipped or not, or folders.", ..., metavar="PATH"
    ),
    archive: Path = folder_option(),
    feed: str | None = shared.feed(),
    as_json: bool = shared.json(),
) -> None:
    """Take files of machine-coded feeds into an archive, each once (`forecast help archive`).

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


@grouped("events status --archive archive", "events status USA-CHN --as-of 2019-03-31")
def status_command(
    archive: Path = folder_option(),
    datasets: str | None = opt("Datasets of the archive, such as gdelt,icews. Default: all.", name="--data"),
    as_of: str | None = opt("What it held on this day, YYYY-MM-DD."),
    dyads: list[str] | None = arg(
        "Dyads whose events are printed, such as USA-CHN DEU-FRA. Default: those of `forecast dyads`.",
        metavar="DYAD",
    ),
    as_json: bool = shared.json(),
) -> None:
    """Show what an archive holds: coverage, gaps, rows and events of some dyads, by dataset.

    --json has months, editions, all dyads and what became of every row (`forecast help archive`).
    """
    from forecast.archive import archive_status
    from forecast.events import read_dyads
    from forecast.feeds.reading import state_pair

    asked = [state_pair(dyad) for dyad in dyads_of(dyads, "DYAD") or read_dyads().index]
    names = None if datasets is None else [word.strip() for word in datasets.split(",") if word.strip()]
    with progress() as tell:
        tell("reading the archive", 0, 0)
        found = archive_status(archive, names, as_of=day_of(as_of, "as-of"))
    if as_json:
        echo_json(found.summary())
        return
    print_lines("status", found=found, most=MOST_NAMED)
    console().print(records([
        {"dyad": dyad} | {one.dataset: one.dyads.get(dyad, 0) for one in found.datasets} for dyad in asked[:MOST_SHOWN]
    ]))  # fmt: skip
    print_rest(console(), len(asked) - MOST_SHOWN, "dyad")


@grouped("events repair --archive archive")
def repair_command(archive: Path = folder_option(), as_json: bool = shared.json()) -> None:
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
    shown, new = console(), [file for file in done.files if file.became != "known"]
    numbers = {"rows": "rows", "between states": "between", "rejected": "rejected", "filtered": "filtered"}
    rows = [
        {"file": file.name, "dataset": file.dataset, "": file.became}
        # A file that was not read is not one without rows.
        | {head: getattr(file, name) if file.dataset else "" for head, name in numbers.items()}
        for file in new[:MOST_SHOWN]
    ]
    if new:
        shown.print(records(rows))
    print_rest(shown, len(new) - MOST_SHOWN, "file")
    reasons = [file.reason for state in ("failed", "skipped") for file in done.of(state)]
    for findings in (reasons, done.findings):
        print_findings(shown, findings, MOST_SHOWN)
    shown.print(escape(done.sentence))
