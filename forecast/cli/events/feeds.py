"""`forecast events count`, `sql` and `fetch`: machine-coded feeds, counted or fetched."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import forecast
from forecast.base.errors import SpecError
from forecast.base.files import check_target
from forecast.base.stopping import INTERRUPTED
from forecast.cli.events.showing import require_all_read
from forecast.cli.groups import dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    FeedOption,
    FeedSettingOption,
    JsonOption,
    ScaleOption,
    output_path,
)
from forecast.cli.terminal import echo_json, escape, print_lines, progress

# Gaps, and files that have failed, that are printed
MAX_FAILURES_NAMED = 10


@with_examples("events count gdelt --out counts.csv")
def count_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files of a machine-coded feed as published, zipped or not, or folders.",
            metavar="PATH",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="The counts; their mapping goes to FILE.yaml.", metavar="FILE.csv"
        ),
    ],
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
    scale: ScaleOption = "commitment",
    frequency: Annotated[
        Literal["month", "week"], typer.Option("--frequency", help="Periods: month or week.")
    ] = "month",
    directed: Annotated[
        bool,
        typer.Option(
            "--directed", help="Count both sides of a two-sided event, for panels with directions."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Count all dyads of states in files of a feed, in bounded memory (`forecast help feeds`).

    Report on any of them afterwards with --counts and --mapping. Exit code 2 if a file could not be
    read; all others are counted then.
    """
    from forecast.data.events.counts import write_counts
    from forecast.data.feeds import parse_settings

    for target in (out, out.with_suffix(".yaml")):
        check_target(target, inputs=paths)
    settings = parse_settings(feed_setting or [])
    counted = forecast.count_feed(
        paths, feed=feed, settings=settings, scale=scale, frequency=frequency
    )
    mapping = write_counts(counted, out, directed=directed)
    (account,) = counted.accounts
    dyads = counted.counts["dyad"].nunique()
    if as_json:
        summary = {
            "counts": str(out),
            "mapping": str(mapping),
            "dyads": dyads,
            "feeds": [account.summary()],
        }
        echo_json(summary)
    else:
        for finding in account.findings:
            typer.echo(escape(finding))
        typer.echo(escape(account.sentence))
        typer.echo(f"{dyads:,} dyads: {escape(str(out))}, read by {escape(str(mapping))}.")
    require_all_read(account.unread)


@with_examples("events sql gdelt USA-CHN --from 2018-01-01 --to 2018-12-31")
def sql_command(
    feed: Annotated[
        str,
        typer.Argument(help="The feed: gdelt, of which there are public tables.", metavar="FEED"),
    ],
    dyads: Annotated[
        list[str], typer.Argument(help="Dyads, such as USA-CHN KOR-PRK.", metavar="DYAD")
    ],
    first: Annotated[
        str, typer.Option("--from", help="First day of the events, YYYY-MM-DD.", metavar="DAY")
    ],
    last: Annotated[
        str, typer.Option("--to", help="Last day; of what was added by then.", metavar="DAY")
    ],
    gdelt_version: Annotated[
        int, typer.Option("--gdelt-version", help="1 or 2.", min=1, max=2)
    ] = 2,
    feed_setting: FeedSettingOption = None,
    scale: ScaleOption = "commitment",
    mapping_out: Annotated[
        Path | None,
        typer.Option(
            "--mapping-out",
            help="Write the mapping of the result to this file.",
            metavar="FILE.yaml",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Print SQL that counts dyads in GDELT's public tables in BigQuery; nothing is sent.

    Run it there, save the result as CSV, and report on it with --counts and --mapping.
    """
    from forecast.data.events.counts import write_mapping
    from forecast.data.events.table import as_day
    from forecast.data.feeds import parse_settings
    from forecast.data.feeds.counting import bigquery_sql

    if feed.strip().lower() != "gdelt":
        raise SpecError(f"FEED: there is no public table of {feed!r:.40}. Use gdelt.")
    if mapping_out:
        check_target(mapping_out)
    query = bigquery_sql(
        dyads_of(dyads, "DYAD") or (),
        as_day(first, "--from").date(),
        as_day(last, "--to").date(),
        version="1.0" if gdelt_version == 1 else "2.0",
        settings=parse_settings(feed_setting or []),
        scale=scale,
    )
    if mapping_out:
        write_mapping(mapping_out, query.mapping)
    typer.echo(query.sql, nl=False)


@with_examples("events fetch gdelt --from 2018-06-01 --to 2018-06-30")
def fetch(
    feed: Annotated[str, typer.Argument(help="gdelt, icews or polecat.", metavar="FEED")],
    start: Annotated[
        str | None, typer.Option("--from", help="First day, YYYY-MM-DD or YYYY-MM.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Last day, YYYY-MM-DD or YYYY-MM.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the files. Default: the name of the feed.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    gdelt_version: Annotated[
        int | None,
        typer.Option(
            "--gdelt-version", help="1 (a file per day; default) or 2 (one per quarter hour)."
        ),
    ] = None,
    stream: Annotated[
        str | None,
        typer.Option("--stream", help="Of GDELT 2: english (default), translation or both."),
    ] = None,
    doi: Annotated[
        str | None, typer.Option("--doi", help="Another dataset of Dataverse than the feed's own.")
    ] = None,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition",
            help="Version of the dataset, such as 36.0, or that of a day. Default: the newest.",
        ),
    ] = None,
    list_editions: Annotated[
        bool,
        typer.Option("--list-editions", help="Show the versions of the dataset and fetch nothing."),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option("--server", help="Another address of the same files, such as a mirror."),
    ] = None,
    no_list: Annotated[
        bool,
        typer.Option(
            "--no-list", help="Ask for each file of GDELT without looking into its lists."
        ),
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--fetch-setting", help="How, such as parallel=2. Repeat it (`forecast help fetching`)."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be fetched, and write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch the files of a machine-coded feed, each checked.

    The same command again fetches what is missing.

    Writes the files and fetch.json, which has every file that was expected and what became of it.
    Gaps of the source are no failure: exit code 1 only if a file failed or the run stopped
    (`forecast help fetching`).
    """
    from forecast.data.fetch import list_editions as fetch_editions
    from forecast.data.fetch.manifest import parse_settings

    settings = parse_settings(setting or [])
    if list_editions:
        editions = fetch_editions(feed, doi=doi, server=server, settings=settings)
        if as_json:
            echo_json([vars(listed) for listed in editions])
        else:
            typer.echo("\n".join(f"{listed.number:>6}  {listed.released}" for listed in editions))
        return
    if start is None or end is None:
        raise SpecError(
            "--from and --to: give the first and the last day, such as --from 2018-06-01 --to "
            "2018-06-30"
        )
    folder = out or Path(feed.strip().lower())
    try:
        with progress("listing the files") as tell:
            done = forecast.fetch_feed(
                feed,
                folder,
                start,
                end,
                version=gdelt_version,
                stream=stream,
                doi=doi,
                edition=edition,
                server=server,
                lists=not no_list,
                dry_run=dry_run,
                settings=settings,
                progress=tell,
            )
    except KeyboardInterrupt:
        typer.echo("Interrupted. What has come is kept; the same command continues.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        failed = [entry.model_dump(mode="json") for entry in done.of_state("failed")]
        echo_json(done.summary() | {"failed": failed})
    else:
        from forecast.data.fetch.manifest import gap_words

        following = f"forecast events import {shlex.quote(str(done.folder))} --archive archive"
        print_lines(
            "fetch",
            soft_wrap=True,
            done=done,
            dry_run=dry_run,
            gaps=gap_words(done.gaps),
            failed=done.of_state("failed"),
            most=MAX_FAILURES_NAMED,
            following=following if done.counts["received"] and sys.stdout.isatty() else "",
        )
    if not dry_run and not done.complete:
        raise typer.Exit(1)
