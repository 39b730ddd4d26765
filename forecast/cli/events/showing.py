"""`forecast events check` and `show`: what coded events contain."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import forecast
from forecast.base.dates import add_months
from forecast.base.errors import DataError, SpecError
from forecast.base.files import check_target
from forecast.base.resources import data_folder
from forecast.base.wording import count
from forecast.cli.data import AddedDataOptions, DataOptions, event_table
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    AddOption,
    ArchiveOption,
    CountsOption,
    CoveredToOption,
    DatasetsOption,
    DyadArgument,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FormatOption,
    IndexOption,
    JsonOption,
    MappingOption,
    SchemeOption,
)
from forecast.cli.terminal import (
    console,
    echo_json,
    escape,
    print_caveats,
    print_findings,
    print_rest,
    table_of_rows,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from forecast.data.events import EventTable
    from forecast.data.events.table import Unread


# Dyads, reasons of rejected rows, and findings that are printed
MAX_EVENTS_SHOWN = 30


@with_examples("events check", "events check mine.csv --mapping mine.yaml --rejects rejects.csv")
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A table (with --mapping), files of a machine-coded feed, a chronology file such "
            "as USA-CHN.csv, or a folder of such files. Without it: the embedded chronology.",
            metavar="PATH",
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects",
            help="Write the rejected rows with their reasons to this CSV.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: JsonOption = False,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
) -> None:
    """Validate events and summarise them: rows, rejects with reasons, coverage by dyad.

    Exit code 2 if a file of a feed could not be read; all others are in the summary then.
    """
    from forecast.data.events import write_rejects
    from forecast.data.events.coding_rules import coding_breaches

    data = DataOptions(
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
    )

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
    table = event_table(source)
    breaches = coding_breaches(source.path) if source.kind == "chronology" else None
    summary = _summary(table, breaches)
    if rejects:
        write_rejects(table, rejects)
    if as_json:
        echo_json(summary)
    else:
        _print_summary(summary, rejects)
    require_all_read([file for account in table.accounts for file in account.unread])
    new = [breach for breach in summary.get("breaches", []) if not breach["known"]]
    if new:
        raise DataError(
            f"Rows that break a coding rule: {len(new)}, the first in {new[0]['file']}, line "
            f"{new[0]['line']}: "
            f"expected {new[0]['expected']}. Correct them, or name them in "
            "data/codebook/exceptions.csv."
        )


@with_examples(
    "events show USA-CHN --from 2023-06 --to 2023-11",
    "events show USA-CHN --events mine.csv --mapping mine.yaml",
)
def show(
    dyad: DyadArgument = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First day, YYYY-MM-DD or YYYY-MM.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Last day, YYYY-MM-DD or YYYY-MM.")
    ] = None,
    directed: Annotated[
        bool,
        typer.Option("--directed", help="Show both rows of a two-sided event, one per direction."),
    ] = False,
    as_json: JsonOption = False,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
    add: AddOption = None,
    covered_to: CoveredToOption = None,
) -> None:
    """Print the events of a dyad; without days, those of its last twelve months.

    The remark "announced or later" marks rows beyond the complete record of the dyad: they are not
    counted.
    """
    from forecast.data.events.coverage import REMARK, announced
    from forecast.data.events.dyads import choose_dyad
    from forecast.data.events.table import event_counts
    from forecast.data.panel.notes import notes_of_pairs

    data = AddedDataOptions(
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
        add=add,
        covered_to=covered_to,
    )

    table = event_table(data.given, dyad)
    code = choose_dyad(dyad, table.dyads)
    remarks = announced(table).map({True: REMARK, False: ""})
    rows = table.events.assign(remark=remarks)[table.events["dyad"] == code]
    first, last = _span(rows, start, end)
    rows = rows[rows["date"].between(first, last)]
    shown = rows if directed else rows[event_counts(rows) > 0]
    if as_json:
        echo_json(plain_rows(shown))
        return
    names = map(str, shown["dataset"].unique())
    print_caveats(notes_of_pairs((code, name) for name in names).caveats)
    _print_events(shown, f"{first:%Y-%m-%d} to {last:%Y-%m-%d}")
    if len(rows) > len(shown):
        typer.echo(
            "Not shown, as the other side of a two-sided event: "
            f"{len(rows) - len(shown)} (--directed shows them)."
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
    dyads = plain_rows(summarise(table))
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
        summary["breaches"] = plain_rows(breaches)
    return summary


def plain_rows(frame: "pd.DataFrame") -> Any:
    """Return the rows of a table as plain values, with days as text."""
    days = {
        str(name): frame[name].dt.strftime("%Y-%m-%d") for name in frame.select_dtypes("datetime")
    }
    return json.loads(frame.assign(**days).to_json(orient="records"))


def _print_summary(summary: dict[str, Any], rejects: Path | None) -> None:
    shown = console()
    shown.print(
        f"{summary['events']:,} events in {summary['rows']:,} rows, {summary['first']} to "
        f"{summary['last']}"
    )
    for feed in summary.get("feeds", []):
        _print_feed(shown, feed)
    if "feeds" not in summary:
        files = [
            {"file": file["name"], "rows": file["rows"], "rejected": file["rejected"]}
            for file in summary["files"]
        ]
        shown.print(table_of_rows(files), "")
    several = len({row["dataset"] for row in summary["dyads"]}) > 1
    shown.print(
        table_of_rows(
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
                for row in summary["dyads"][:MAX_EVENTS_SHOWN]
            ]
        )
    )
    print_rest(shown, len(summary["dyads"]) - MAX_EVENTS_SHOWN, "dyad")
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
        exceptions = sum(breach["known"] for breach in summary["breaches"])
        new = len(summary["breaches"]) - exceptions
        shown.print(f"Rows that break a coding rule: {new}; named exceptions: {exceptions}.")


def _print_reasons(shown: "Console", became: str, reasons: Mapping[str, int]) -> None:
    """Print the commonest reasons why rows were rejected or filtered."""
    rows = [{f"why rows were {became}": reason, "rows": n} for reason, n in reasons.items()]
    shown.print(table_of_rows(rows[:MAX_EVENTS_SHOWN]))
    print_rest(shown, len(rows) - MAX_EVENTS_SHOWN, "reason")
    shown.print()


def _print_feed(shown: "Console", feed: dict[str, Any]) -> None:
    """Print what became of the rows of a feed."""
    names = ("rows", "kept", "rejected", "filtered", "duplicates")
    files = [
        {"file": file["name"], **{name: file[name] for name in names}} for file in feed["files"]
    ]
    shown.print(f"{feed['feed']}: {escape(feed['settings'])}", table_of_rows(files), "")
    if feed["filtered_by"]:
        _print_reasons(shown, "filtered", feed["filtered_by"])
    print_findings(
        shown, [*(file["reason"] for file in feed["unread"]), *feed["findings"]], MAX_EVENTS_SHOWN
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
        shown.print(table_of_rows(rows))
