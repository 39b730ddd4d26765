"""`forecast events count` and `forecast events sql`: options, what is printed."""

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.events import require_all_read
from forecast.cli.options import Feed, FeedSetting, Json
from forecast.cli.terminal import escape

Out = Annotated[
    Path, typer.Option("--out", metavar="FILE.csv", help="The counts; their mapping goes to FILE.yaml beside them.")
]
Scale = Annotated[str, typer.Option("--scale", help="The ordering of codes into classes: commitment or goldstein.")]


def count_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Files of a machine-coded feed as published, zipped or not, or folders."
        ),
    ],
    out: Out,
    feed: Feed = None,
    feed_setting: FeedSetting = None,
    scale: Scale = "commitment",
    frequency: Annotated[str, typer.Option("--frequency", help="Periods: month or week.")] = "month",
    directed: Annotated[
        bool, typer.Option("--directed", help="Count both sides of a joint act, for panels with directions.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Count all dyads of states in files of a feed, in one pass and bounded memory (docs/feeds.md).

    Report on any of them afterwards with --counts and --mapping. Exit code 2 if a file could not be read; all others
    are counted then.
    """
    import json

    from forecast.escaping import json_text
    from forecast.events.counts import write_counts
    from forecast.feeds import count_feed, parse_settings
    from forecast.files import check_target

    for target in (out, out.with_suffix(".yaml")):
        check_target(target, inputs=paths)
    settings = parse_settings(feed_setting or [])
    table = count_feed(paths, feed=feed, settings=settings, scale=scale, frequency=frequency)  # type: ignore[arg-type]
    mapping = write_counts(table, out, directed=directed)
    (account,) = table.accounts
    dyads = table.counts["dyad"].nunique()
    if as_json:
        summary = {"counts": str(out), "mapping": str(mapping), "dyads": dyads, "feeds": [account.summary()]}
        typer.echo(json_text(json.dumps(summary, indent=2, ensure_ascii=False)))
    else:
        for finding in account.findings:
            typer.echo(escape(finding))
        typer.echo(escape(account.sentence))
        typer.echo(f"{dyads:,} dyads: {escape(str(out))}, read by {escape(str(mapping))}.")
    require_all_read(account.unread)


def sql_command(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="The feed: gdelt, of which there are public tables.")],
    dyads: Annotated[str, typer.Option("--dyads", metavar="CODES", help="Dyads, such as USA-CHN,KOR-PRK.")],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of the events, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day; of what was added by then.")],
    version: Annotated[str, typer.Option("--version", help="Of GDELT: 1.0 or 2.0.")] = "2.0",
    feed_setting: FeedSetting = None,
    scale: Scale = "commitment",
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE.yaml", help="Write the mapping of the result here.")
    ] = None,
) -> None:
    """Print SQL that counts dyads in GDELT's public tables in BigQuery; nothing is sent.

    Run it there, save the result as CSV, and report on it with --counts and --mapping.
    """
    from forecast.errors import SpecError
    from forecast.events.counts import write_mapping
    from forecast.events.table import as_day
    from forecast.feeds import parse_settings
    from forecast.feeds.elsewhere import bigquery_sql
    from forecast.files import check_target

    if feed.strip().lower() != "gdelt":
        raise SpecError(f"FEED: there is no public table of {feed!r:.40}. Use gdelt.")
    if mapping:
        check_target(mapping)
    found = bigquery_sql(
        [one.strip() for one in dyads.split(",")],
        as_day(first, "--from").date(),
        as_day(last, "--to").date(),
        version=version,  # type: ignore[arg-type]
        settings=parse_settings(feed_setting or []),
        scale=scale,
    )
    if mapping:
        write_mapping(mapping, found.mapping)
    typer.echo(found.sql, nl=False)
