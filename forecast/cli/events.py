"""`forecast events`: check, show and count coded events; fetch and archive machine-coded feeds."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

import forecast
from forecast.base.dates import add_months
from forecast.base.errors import DataError, SpecError
from forecast.base.files import check_target
from forecast.base.resources import data_folder
from forecast.base.stopping import INTERRUPTED
from forecast.base.wording import count
from forecast.cli.declaring import OUTPUT, arg, grouped, opt, output, shared
from forecast.cli.options import Added, AnyData, day_of, dyads_of, event_table
from forecast.cli.terminal import (
    console,
    echo_json,
    escape,
    print_caveats,
    print_findings,
    print_lines,
    print_rest,
    progress,
    records,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from forecast.data.archive import ImportSummary
    from forecast.data.events import EventTable
    from forecast.data.events.table import Unread

app = typer.Typer(
    name="events", help="Check and show coded events, and keep them.", no_args_is_help=True
)

MOST_SHOWN = 30
"""Dyads, reasons of rejected rows, and findings that are printed."""
MOST_LISTED = 20
"""Files of an import, and dyads of an archive, that are printed."""
MOST_NAMED = 10
"""Gaps, and files that have failed, that are printed."""


@app.command()
@grouped("events check", "events check mine.csv --mapping mine.yaml --rejects rejects.csv")
def check(
    data: AnyData,
    path: Path | None = arg(
        "A table (with --mapping), files of a machine-coded feed, a chronology file such as USA-CHN.csv, or a folder "
        "of such files. Without it: the embedded chronology.",
        metavar="PATH",
    ),
    rejects: Path | None = opt(
        "Write the rejected rows with their reasons to this CSV.", panel=OUTPUT
    ),
    as_json: bool = shared.json(),
) -> None:
    """Validate events and summarise them: rows, rejects with reasons, span, counts and coverage by dyad.

    Exit code 2 if a file of a feed could not be read; all others are in the summary then.
    """
    from forecast.data.events import write_rejects
    from forecast.data.events.coding_rules import coding_breaches

    if path is not None:
        if data.events or data.datasets or data.archive:
            raise SpecError(
                "PATH: names the data, as --events, --data and --archive do; give one of them"
            )
        if not path.exists():
            raise SpecError(f"{path} does not exist. Check the path.")
        data.events = [path]
    source = data.source or forecast.Source()
    if rejects:
        check_target(rejects, inputs=[*source.files, data_folder()])
    found = event_table(source)
    breaches = coding_breaches(source.path) if source.kind == "chronology" else None
    summary = _summary(found, breaches)
    if rejects:
        write_rejects(found, rejects)
    if as_json:
        echo_json(summary)
    else:
        _print_summary(summary, rejects)
    require_all_read([file for account in found.accounts for file in account.unread])
    new = [breach for breach in summary.get("breaches", []) if not breach["known"]]
    if new:
        raise DataError(
            f"Rows that break a coding rule: {len(new)}, the first in {new[0]['file']}, line {new[0]['line']}: "
            f"expected {new[0]['expected']}. Correct them, or name them in data/codebook/exceptions.csv."
        )


@app.command()
@grouped(
    "events show USA-CHN --from 2023-06 --to 2023-11",
    "events show USA-CHN --events mine.csv --mapping mine.yaml",
)
def show(
    data: Added,
    dyad: str | None = shared.dyad(),
    start: str | None = opt("First day, YYYY-MM-DD or YYYY-MM.", name="--from"),
    end: str | None = opt("Last day, YYYY-MM-DD or YYYY-MM.", name="--to"),
    directed: bool = opt("Show both rows of a two-sided event, one per direction.", False),
    as_json: bool = shared.json(),
) -> None:
    """Print the events of a dyad; without days, those of its last twelve months.

    The remark "announced or later" marks rows beyond the complete record of the dyad: they are not
    counted.
    """
    from forecast.data.events.coverage import REMARK, announced
    from forecast.data.events.dyads import choose_dyad
    from forecast.data.events.table import event_counts
    from forecast.data.panel.notes import notes_of_pairs

    found = event_table(data.given, dyad)
    code = choose_dyad(dyad, found.dyads)
    events = found.events[found.events["dyad"] == code]
    first, last = _span(events, start, end)
    remarks = announced(found).map({True: REMARK, False: ""})
    events = events.assign(remark=remarks[events.index])
    events = events[events["date"].between(first, last)]
    rows = len(events)
    if not directed:
        events = events[event_counts(events) > 0]
    if as_json:
        echo_json(_rows(events))
    else:
        datasets = map(str, events["dataset"].unique())
        print_caveats(notes_of_pairs((code, name) for name in datasets).caveats)
        _print_events(events, f"{first:%Y-%m-%d} to {last:%Y-%m-%d}")
        if rows > len(events):
            typer.echo(
                f"Not shown, as the other side of a two-sided event: {rows - len(events)} (--directed shows them)."
            )


def _span(
    events: "pd.DataFrame", start: str | None, end: str | None
) -> "tuple[pd.Timestamp, pd.Timestamp]":
    import pandas as pd

    from forecast.data.events.table import as_day

    last = as_day(end, "--to") if end else events["date"].max()
    if start is None:
        return pd.Timestamp(add_months(last.date(), -12)) + pd.Timedelta(days=1), last
    first = as_day(start, "--from", first=True)
    if first > last:
        raise SpecError(
            f"--from {first:%Y-%m-%d} comes after --to {last:%Y-%m-%d}. Choose an earlier day."
        )
    return first, last


def _summary(table: "EventTable", breaches: "pd.DataFrame | None") -> dict[str, Any]:
    from forecast.data.panel import summarise

    events = table.events
    reasons = table.rejects["reason"].value_counts()
    dyads = _rows(summarise(table))
    summary: dict[str, Any] = {
        "files": [file._asdict() for file in table.files],
        "rows": len(events),
        "events": sum(row["events"] for row in dyads),  # The two rows of a two-sided event are one
        "rejected": len(table.rejects),
        "reasons": {str(reason): int(n) for reason, n in reasons.items()},
        "first": f"{events['date'].min():%Y-%m-%d}",
        "last": f"{events['date'].max():%Y-%m-%d}",
        "dyads": dyads,
    }
    if table.accounts:
        summary["feeds"] = [account.summary() for account in table.accounts]
    if breaches is not None:
        summary["breaches"] = _rows(breaches)
    return summary


def _rows(frame: "pd.DataFrame") -> Any:
    """Return the rows of a table as plain values, with days as text."""
    days = {
        str(name): frame[name].dt.strftime("%Y-%m-%d") for name in frame.select_dtypes("datetime")
    }
    return json.loads(frame.assign(**days).to_json(orient="records"))


def _print_summary(summary: dict[str, Any], rejects: Path | None) -> None:
    shown = console()
    shown.print(
        f"{summary['events']:,} events in {summary['rows']:,} rows, {summary['first']} to {summary['last']}"
    )
    for feed in summary.get("feeds", []):
        _print_feed(shown, feed)
    if "feeds" not in summary:
        files = [
            {"file": one["name"], "rows": one["rows"], "rejected": one["rejected"]}
            for one in summary["files"]
        ]
        shown.print(records(files), "")
    several = len({row["dataset"] for row in summary["dyads"]}) > 1
    shown.print(
        records(
            [
                {
                    "dyad": row["dyad"],
                    **({"dataset": row["dataset"]} if several else {}),
                    "coverage": f"{row['start'][:7]} to {row['last_even'][:7]}",
                    "last event": row["last"],
                    "rows": row["rows"],
                    "events": row["events"],
                    "months": row["months"],
                    "empty": row["empty_months"],
                }
                for row in summary["dyads"][:MOST_SHOWN]
            ]
        )
    )
    print_rest(shown, len(summary["dyads"]) - MOST_SHOWN, "dyad")
    shown.print()
    if summary["reasons"]:
        where = (
            f"They are in {escape(str(rejects))}."
            if rejects
            else "Write them to a file with --rejects."
        )
        _print_reasons(shown, "rejected", summary["reasons"])
        shown.print(f"Rejected rows: {summary['rejected']:,}. {where}")
    if "breaches" in summary:
        known = sum(breach["known"] for breach in summary["breaches"])
        new = len(summary["breaches"]) - known
        shown.print(f"Rows that break a coding rule: {new}; named exceptions: {known}.")


def _print_reasons(shown: "Console", became: str, reasons: Mapping[str, int]) -> None:
    """Print the commonest reasons why rows were rejected or filtered."""
    rows = [{f"why rows were {became}": reason, "rows": n} for reason, n in reasons.items()]
    shown.print(records(rows[:MOST_SHOWN]))
    print_rest(shown, len(rows) - MOST_SHOWN, "reason")
    shown.print()


def _print_feed(shown: "Console", feed: dict[str, Any]) -> None:
    """Print what became of the rows of a feed."""
    names = ("rows", "kept", "rejected", "filtered", "duplicates")
    files = [
        {"file": file["name"], **{name: file[name] for name in names}} for file in feed["files"]
    ]
    shown.print(f"{feed['feed']}: {escape(feed['settings'])}", records(files), "")
    if feed["filtered_by"]:
        _print_reasons(shown, "filtered", feed["filtered_by"])
    print_findings(
        shown, [*(file["reason"] for file in feed["unread"]), *feed["findings"]], MOST_SHOWN
    )


def require_all_read(unread: "Sequence[Unread]") -> None:
    """Raise DataError if files of a feed could not be read."""
    if unread:
        raise DataError(
            f"{count(len(unread), 'file')} could not be read. The first: {unread[0].reason}"
        )


def _print_events(events: "pd.DataFrame", span: str) -> None:
    from forecast.data.events.codebook import read_scale
    from forecast.data.events.tables import is_unchecked

    scale, several = read_scale("commitment"), events["dataset"].nunique() > 1
    beyond = (events["remark"] != "").sum()
    rows = [
        {
            "date": f"{event.date:%Y-%m-%d}",
            **({"dataset": event.dataset} if several else {}),
            "who": f"{event.source} > {event.target}",
            "code": event.cameo,
            "kind": scale.classes[int(scale.class_of.loc[str(event.cameo)])],
            "what": event.summary or event.actor,
            **({"remark": event.remark} if beyond else {}),
        }
        for event in events.itertuples(index=False)
    ]
    shown, unchecked = console(), sum(map(is_unchecked, events["reference"]))
    facts = {"unchecked": unchecked, "announced or later, not counted": beyond}
    shown.print(
        "; ".join(
            [
                f"{len(events):,} events, {span}",
                *(f"{what}: {number:,}" for what, number in facts.items() if number),
            ]
        )
    )
    if rows:
        shown.print(records(rows))


scale_option = partial(
    opt, "The ordering of codes into classes: commitment or goldstein.", "commitment"
)


@app.command("count")
@grouped("events count gdelt --out counts.csv")
def count_command(
    paths: list[Path] = arg(
        "Files of a machine-coded feed as published, zipped or not, or folders.",
        ...,
        metavar="PATH",
    ),
    out: Path = opt("The counts; their mapping goes to FILE.yaml.", ..., metavar="FILE.csv"),
    feed: str | None = shared.feed(),
    feed_setting: list[str] | None = shared.feed_setting(),
    scale: str = scale_option(),
    frequency: Literal["month", "week"] = opt("Periods: month or week.", "month"),
    directed: bool = opt(
        "Count both sides of a two-sided event, for panels with directions.", False
    ),
    as_json: bool = shared.json(),
) -> None:
    """Count all dyads of states in files of a feed, in one pass and bounded memory (`forecast help feeds`).

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


@app.command("sql")
@grouped("events sql gdelt USA-CHN --from 2018-01-01 --to 2018-12-31")
def sql_command(
    feed: str = arg("The feed: gdelt, of which there are public tables.", ..., metavar="FEED"),
    dyads: list[str] = arg("Dyads, such as USA-CHN KOR-PRK.", ..., metavar="DYAD"),
    first: str = opt("First day of the events, YYYY-MM-DD.", ..., name="--from", metavar="DAY"),
    last: str = opt("Last day; of what was added by then.", ..., name="--to", metavar="DAY"),
    gdelt_version: int = opt("1 or 2.", 2, min=1, max=2),
    feed_setting: list[str] | None = shared.feed_setting(),
    scale: str = scale_option(),
    mapping_out: Path | None = opt(
        "Write the mapping of the result to this file.", metavar="FILE.yaml", panel=OUTPUT
    ),
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
    found = bigquery_sql(
        dyads_of(dyads, "DYAD") or (),
        as_day(first, "--from").date(),
        as_day(last, "--to").date(),
        version="1.0" if gdelt_version == 1 else "2.0",
        settings=parse_settings(feed_setting or []),
        scale=scale,
    )
    if mapping_out:
        write_mapping(mapping_out, found.mapping)
    typer.echo(found.sql, nl=False)


archive_option = partial(
    opt, "Folder of the archive.", Path("archive"), name="--archive", metavar="FOLDER"
)


@app.command()
@grouped("events fetch gdelt --from 2018-06-01 --to 2018-06-30")
def fetch(
    feed: str = arg("gdelt, icews or polecat.", ..., metavar="FEED"),
    start: str | None = opt("First day, YYYY-MM-DD or YYYY-MM.", name="--from"),
    end: str | None = opt("Last day, YYYY-MM-DD or YYYY-MM.", name="--to"),
    out: Path | None = output("Folder of the files. Default: the name of the feed."),
    gdelt_version: int | None = opt("1 (a file per day; default) or 2 (one per quarter hour)."),
    stream: str | None = opt("Of GDELT 2: english (default), translation or both."),
    doi: str | None = opt("Another dataset of Dataverse than the feed's own."),
    edition: str | None = opt(
        "Version of the dataset, such as 36.0, or that of a day. Default: the newest."
    ),
    list_editions: bool = opt("Show the versions of the dataset and fetch nothing.", False),
    server: str | None = opt("Another address of the same files, such as a mirror."),
    no_list: bool = opt("Ask for each file of GDELT without looking into its lists.", False),
    setting: list[str] | None = opt(
        "How, such as parallel=2. Repeat it (`forecast help fetching`).", name="--fetch-setting"
    ),
    dry_run: bool = opt("Show what would be fetched, and write nothing.", False),
    as_json: bool = shared.json(),
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
            echo_json([vars(one) for one in editions])
        else:
            typer.echo("\n".join(f"{one.number:>6}  {one.released}" for one in editions))
        return
    if start is None or end is None:
        raise SpecError(
            "--from and --to: give the first and the last day, such as --from 2018-06-01 --to 2018-06-30"
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
            most=MOST_NAMED,
            following=following if done.counts["received"] and sys.stdout.isatty() else "",
        )
    if not dry_run and not done.complete:
        raise typer.Exit(1)


@app.command("import")
@grouped("events import gdelt --archive archive")
def import_command(
    paths: list[Path] = arg(
        "Files of machine-coded feeds as published, zipped or not, or folders.", ..., metavar="PATH"
    ),
    archive: Path = archive_option(),
    feed: str | None = shared.feed(),
    as_json: bool = shared.json(),
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


@app.command("status")
@grouped("events status --archive archive", "events status USA-CHN --as-of 2019-03-31")
def status_command(
    archive: Path = archive_option(),
    datasets: str | None = opt(
        "Datasets of the archive, such as gdelt,icews. Default: all.", name="--data"
    ),
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
    from forecast.data.feeds.reading import state_pair

    asked = [state_pair(dyad) for dyad in dyads_of(dyads, "DYAD") or forecast.read_dyads().index]
    names = (
        None if datasets is None else [word.strip() for word in datasets.split(",") if word.strip()]
    )
    with progress("reading the archive"):
        found = forecast.archive_status(archive, names, as_of=day_of(as_of, "as-of"))
    if as_json:
        echo_json(found.summary())
        return
    print_lines("status", found=found, most=MOST_NAMED)
    console().print(
        records(
            [
                {"dyad": dyad} | {one.dataset: one.dyads.get(dyad, 0) for one in found.datasets}
                for dyad in asked[:MOST_LISTED]
            ]
        )
    )
    print_rest(console(), len(asked) - MOST_LISTED, "dyad")


@app.command("repair")
@grouped("events repair --archive archive")
def repair_command(archive: Path = archive_option(), as_json: bool = shared.json()) -> None:
    """Rebuild the catalogue of an archive from its segments, when it is missing, damaged or an older copy.

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
            f"The rows of {count(len(done.damaged), 'file')} are lost or damaged. Import them again."
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
        for file in new[:MOST_LISTED]
    ]
    if new:
        shown.print(records(rows))
    print_rest(shown, len(new) - MOST_LISTED, "file")
    reasons = [file.reason for state in ("failed", "skipped") for file in done.of(state)]
    for findings in (reasons, done.findings):
        print_findings(shown, findings, MOST_SHOWN)
    shown.print(escape(done.sentence))
