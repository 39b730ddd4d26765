"""`forecast events fetch`: download of machine-coded feeds from their publishers."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import Json, dyads_of, echo_json, output
from forecast.cli.terminal import escape, progress
from forecast.errors import SpecError

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.fetch import FetchSettings, Manifest

SHOWN = 10
"""Holes, and files that have failed, that are printed."""
INTERRUPTED = 130


def fetch(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="gdelt, icews or polecat.")],
    start: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD or YYYY-MM.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD or YYYY-MM.")] = None,
    out: Annotated[Path | None, output("Folder of the files. Default: the name of the feed.")] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="Of GDELT: 1 (a file a day; default) or 2 (one a quarter hour).")
    ] = None,
    stream: Annotated[
        str | None, typer.Option("--stream", help="Of GDELT 2: english (default), translation or both.")
    ] = None,
    doi: Annotated[str | None, typer.Option("--doi", help="Another dataset of Dataverse than the feed's own.")] = None,
    edition: Annotated[
        str | None,
        typer.Option("--edition", help="Version of the dataset, such as 36.0, or that of a day. Default: the newest."),
    ] = None,
    list_editions: Annotated[
        bool, typer.Option("--list-editions", help="Show the versions of the dataset and fetch nothing.")
    ] = False,
    server: Annotated[
        str | None, typer.Option("--server", help="Another address of the same files, such as a mirror.")
    ] = None,
    dyads: Annotated[
        str | None,
        typer.Option(
            "--dyads", help="Dyads that the files are for, such as USA-CHN. Files are fetched whole all the same."
        ),
    ] = None,
    no_list: Annotated[
        bool, typer.Option("--no-list", help="Ask for each file of GDELT without looking into its lists.")
    ] = False,
    setting: Annotated[
        list[str] | None, typer.Option("--fetch-setting", help="How, such as parallel=2. Repeat it (docs/fetching.md).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be fetched, and write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch the files of a machine-coded feed, each checked; the same command again fetches what is missing.

    Writes the files and fetch.json, which has every file that was expected and what became of it. Holes of the source
    are no failure: exit code 1 only if a file failed or the run stopped (docs/fetching.md).
    """
    from forecast.fetch import fetch_feed
    from forecast.fetch.settings import parse_settings

    settings = parse_settings(setting or [])
    if list_editions:
        _print_editions(feed, doi, server, settings, as_json=as_json)
        return
    if start is None or end is None:
        raise SpecError("--from and --to: give the first and the last day, such as --from 2018-06-01 --to 2018-06-30")
    folder = out or Path(feed.strip().lower())
    try:
        with progress() as tell:
            done = fetch_feed(
                feed, folder, start, end, version=version, stream=stream, doi=doi, edition=edition, server=server,
                dyads=dyads_of(dyads, "--dyads"), lists=not no_list, dry_run=dry_run, settings=settings, progress=tell,
            )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo("Interrupted. What has come is kept; the same command continues.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        failed = [entry.model_dump(mode="json") for entry in done.of_state("failed")]
        echo_json(done.summary() | {"failed": failed})
    else:
        _print(done, dry_run=dry_run)
    if not dry_run and not done.complete:
        raise typer.Exit(1)


def _print_editions(
    feed: str, doi: str | None, server: str | None, settings: "FetchSettings", *, as_json: bool
) -> None:
    from forecast.fetch import list_editions

    editions = list_editions(feed, doi=doi, server=server, settings=settings)
    if as_json:
        echo_json([vars(edition) for edition in editions])
        return
    for edition in editions:
        typer.echo(f"{edition.number:>6}  {edition.released}")


def _print(done: "Manifest", *, dry_run: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    request = done.request
    console.print(escape(f"{done.feed}, {request['from']} to {request['to']}, from {request['server']}"))
    if dry_run:
        _print_plan(console, done)
    else:
        console.print(done.sentence)
    _print_holes(console, done)
    for entry in done.of_state("failed")[:SHOWN]:
        console.print(f"[red]Failed:[/] {escape(entry.file)}: {escape(entry.reason)}")
    more = len(done.of_state("failed")) - SHOWN
    if more > 0:
        console.print(f"And {more:,} more that failed; {escape(str(done.path))} has all.")
    for note in done.notes:
        console.print(f"[yellow]Note:[/] {escape(note)}")
    if not dry_run:
        console.print(f"Manifest: {escape(str(done.path))}")
        _print_next(console, done)


def _print_plan(console: "Console", done: "Manifest") -> None:
    from forecast.fetch.manifest import in_bytes

    counts, wanted = done.counts, done.to_fetch
    early = counts["waiting"] - len(wanted)
    known = [entry.size for entry in wanted if entry.size is not None]
    sizes = in_bytes(sum(known)) if known else "of unknown size"
    unknown = f", and {len(wanted) - len(known):,} of unknown size" if known and len(known) < len(wanted) else ""
    console.print(
        f"{counts['expected']:,} files expected: {len(wanted):,} to fetch ({sizes}{unknown}), {counts['received']:,} "
        f"received already, {counts['absent']:,} absent at the source, {early:,} not there yet."
    )
    if dyads := done.request["dyads"]:
        console.print(f"Servers have no files of single dyads: files are fetched whole, also for {', '.join(dyads)}.")


def _print_holes(console: "Console", done: "Manifest") -> None:
    from forecast.fetch.manifest import hole_words

    for words in hole_words(done.holes[:SHOWN]):
        console.print(f"[yellow]Hole at the source:[/] {escape(words)}. Missing, not without events.")
    if len(done.holes) > SHOWN:
        console.print(f"And {len(done.holes) - SHOWN:,} more holes; {escape(str(done.path))} has all.")


def _print_next(console: "Console", done: "Manifest") -> None:
    """Print the command that makes something of the files."""
    if done.counts["received"] and sys.stdout.isatty():
        console.print(f"Next: forecast events import {escape(shlex.quote(str(done.folder)))} --archive archive")
