"""`forecast events draft` and `accept`: events that a feed proposes and an editor decides."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import forecast
from forecast.base.errors import DataError, SpecError
from forecast.base.files import check_target, write_csv
from forecast.base.wording import count
from forecast.cli.groups import day_of, dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import OUTPUT, FeedSettingOption, JsonOption, output_path
from forecast.cli.terminal import console, echo_json, escape, progress, table_of_rows

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from forecast.data.events import EventTable

ADDED, DRAFTS, DECISIONS = Path("added"), Path("drafts"), "decisions.csv"
"""Folders of accepted rows and of drafts; the file in the latter that keeps every decision."""
# Proposals that are printed; the file has all
MAX_PROPOSALS_SHOWN = 12


@with_examples(
    "events draft USA-CHN --from gdelt --since 2026-06-15",
    "events draft --from icews --since 2026-06-15",
)
def draft(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="gdelt, icews, polecat or phoenix: the folder of that name, as `forecast events "
            "fetch` makes it, or with --archive the dataset; or a file or folder of such.",
            metavar="FEED",
        ),
    ],
    since: Annotated[
        str, typer.Option("--since", help="First day of the events, YYYY-MM-DD.", metavar="DAY")
    ],
    dyads: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pairs, such as USA-CHN. Default: all of the chronology.", metavar="PAIR"
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Last day. Default: the last of the feed.", metavar="DAY"),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--archive", help="Folder of an archive, from which FEED is read.", metavar="FOLDER"
        ),
    ] = None,
    add: Annotated[
        list[Path] | None,
        typer.Option(
            "--add",
            help="Events that were added already. Default: the folder added, if there is one.",
        ),
    ] = None,
    most: Annotated[
        int,
        typer.Option(
            "--most", help="Proposals of a pair: those with most reports.", min=1, max=1000
        ),
    ] = 15,
    feed_setting: FeedSettingOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The draft. Default: drafts/FEED-LASTDAY.csv.",
            parser=output_path,
            metavar="FILE.csv",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace an earlier draft, whose decisions are lost unless accepted.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Propose events for the chronology from a feed: one per day, pair and class of rows.

    The most reported come first. Each has code, sides, a sentence, an address, and what the
    chronology has already. Decide in the CSV, or at a prompt with `forecast events accept FILE
    --prompt`. Statements (codes 01 and 02) are left out unless the settings say statements=yes.
    """
    from forecast.data.events.drafting import (
        describe_draft,
        draft_events,
        read_decisions,
        write_draft,
    )
    from forecast.data.feeds import parse_settings
    from forecast.data.sources import open_source

    pairs = dyads_of(dyads, "PAIR") or tuple(map(str, forecast.read_dyads().index))
    added = tuple(map(str, add or ([ADDED] if any(ADDED.glob("*.csv")) else [])))
    chronology = open_source(forecast.Source(additions=added)).events
    settings = parse_settings(feed_setting or [])
    with progress("reading the feed"):
        feed_table = _feed_table(source, archive, settings, pairs)
    first, last = day_of(since, "since"), day_of(until, "until")
    if chronology is None or first is None:
        raise SpecError("--since: give the first day, such as --since 2026-06-15")
    decisions = read_decisions(DRAFTS / DECISIONS)
    draft = draft_events(
        feed_table,
        chronology,
        pairs,
        first=first,
        last=last,
        most=most,
        decisions=decisions,
        statements="statements" in settings.model_fields_set and settings.statements,
    )
    path = out or DRAFTS / f"{draft.feed}-{draft.last}.csv"
    check_target(path, inputs=added)
    if path.exists() and not replace:
        raise SpecError(
            f"--out: {path} exists, perhaps with decisions. Name another file, or give --replace."
        )
    write_draft(draft, path)
    if as_json:
        proposals = draft.proposals.to_dict("records")
        echo_json(
            {
                "draft": str(path),
                "first": str(draft.first),
                "last": str(draft.last),
                "proposals": proposals,
            }
        )
        return
    shown = console()
    _print_proposals(shown, draft.proposals[draft.proposals["decision"] == ""])
    shown.print(escape(describe_draft(draft)))
    shown.print(
        f"{escape(str(path))}\nNext: forecast events accept {escape(shlex.quote(str(path)))} "
        "--prompt"
    )


def _feed_table(
    source: str, archive: Path | None, settings: Any, pairs: tuple[str, ...]
) -> "EventTable":
    from forecast.data.feeds.detect import FEEDS
    from forecast.data.sources import open_source

    name = source.strip().lower()
    if archive is not None:
        given = forecast.Source(
            kind="archive", path=str(archive), datasets=(name,), settings=settings
        )
    else:
        path = Path(name if name in FEEDS else source)
        if not path.exists():
            hint = (
                f"fetch it: forecast events fetch {name} --from DAY --to DAY"
                if name in FEEDS
                else "check the path"
            )
            raise DataError(f"--from: {path} does not exist; {hint}.")
        feed = name if name in FEEDS else None
        given = forecast.Source(kind="feed", paths=(str(path),), feed=feed, settings=settings)
    table = open_source(given, pairs).events
    if table is None:
        raise DataError(f"--from: {source} has no single events; name files of a feed.")
    return table


def _print_proposals(shown: "Console", proposals: "pd.DataFrame") -> None:
    rows = [
        {
            "date": row["date"],
            "who": f"{row['source']} > {row['target']}",
            "code": row["code"],
            "reports": int(row["reports"]),
            "what": row["summary"],
            "resembles": row["there"],
        }
        for _, row in proposals.head(MAX_PROPOSALS_SHOWN).iterrows()
    ]
    if rows:
        shown.print(table_of_rows(rows))
    if len(proposals) > MAX_PROPOSALS_SHOWN:
        shown.print(
            f"And {count(len(proposals) - MAX_PROPOSALS_SHOWN, 'proposal')} more in the file."
        )


@with_examples(
    "events accept drafts/gdelt-2026-06-21.csv",
    "events accept drafts/gdelt-2026-06-21.csv --prompt",
)
def accept(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A draft. Without it: how often each code was right so far.", metavar="FILE"
        ),
    ] = None,
    prompt: Annotated[
        bool,
        typer.Option(
            "--prompt",
            help="Ask for each proposal that is not decided; every answer is kept at once.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the accepted rows. Default: added.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Add the accepted rows of a draft to the folder `added`, and keep every decision.

    Decisions are kept in drafts/decisions.csv. In the column `decision` write accept or reject; a
    changed day, side or code makes an accepted row a corrected one. The same command again puts the
    rows of this draft in place of its earlier ones. Reports read them with `--add added`.
    """
    from forecast.data.events import drafting

    keeping = (path.parent if path else DRAFTS) / DECISIONS
    before = drafting.read_decisions(keeping)
    if path is None:
        _print_precision(drafting.precision_by_code(before), as_json=as_json)
        return
    if not path.exists():
        raise DataError(f"{path} does not exist. Make a draft with `forecast events draft`.")
    if prompt:
        from forecast.cli.events.deciding import decide

        decide(path)
    edited = drafting.read_edited(path, before)
    target = (out or ADDED) / path.name
    decisions = drafting.merged_decisions(before, edited)
    check_target(target, inputs=[path])
    if len(edited.added):
        write_csv(target, edited.added)
    elif target.exists():
        target.unlink()
    write_csv(keeping, decisions)
    counts = edited.decisions["decision"].value_counts()
    if as_json:
        echo_json(
            {"added": str(target), "undecided": edited.undecided}
            | {str(k): int(n) for k, n in counts.items()}
        )
        return
    shown = console()
    words = ", ".join(f"{n} {name}" for name, n in counts.items()) or "none decided"
    shown.print(f"{words}; {edited.undecided} to decide.")
    if len(edited.added):
        stated = " ".join(
            f"--covered-to {day}" for day in drafting.complete_days(drafting.read_draft(path))
        )
        shown.print(f"{escape(str(target))}: {count(len(edited.added), 'row')}.")
        shown.print(
            "If nothing else happened in these days: forecast report PAIR --add "
            f"{escape(str(target.parent))} {escape(stated)}"
        )


def _print_precision(counts: "pd.DataFrame", *, as_json: bool) -> None:
    rows = counts.reset_index().to_dict("records")
    if as_json:
        echo_json(rows)
        return
    if not rows:
        raise DataError(
            f"{DRAFTS / DECISIONS} does not exist. Decide a draft first: forecast events accept "
            "FILE."
        )
    from forecast.data.events.codebook import read_codes

    names = read_codes()["name"]
    shown = [
        {"code": row["code"], "name": names[row["code"]]}
        | {name: int(row[name]) for name in counts.columns if name != "precision"}
        | {"right": f"{row['precision']:.0%}"}
        for row in rows
    ]
    console().print(table_of_rows(shown))
