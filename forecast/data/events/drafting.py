"""Drafts of added events: what a feed proposes to an editor, and what the editor decides.

Rows of a feed of one day, pair and class are one proposal, ranked by reports. An editor accepts,
corrects or rejects it in a CSV. Accepted rows become a file of added events, and every decision is
kept, so that it is known how often the code of a feed was right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.base.dates import today
from forecast.base.errors import DataError
from forecast.base.files import write_csv
from forecast.base.wording import capital, count
from forecast.data.events.added_rows import code_of_row
from forecast.data.events.addition_notes import SCALE
from forecast.data.events.codebook import (
    HOST,
    VISITS,
    past_days,
    read_codes,
    read_scale,
    read_small_csv,
    require_cells,
)
from forecast.data.events.dyads import dyad_code
from forecast.data.events.table import EventTable

# Proposals of a pair in a draft: fifteen pairs at 16 seconds a proposal take an editor an hour
MAX_PROPOSED = 15
DAYS_APART = 1
"""Days between a report and an event of the chronology that is taken to resemble it: feeds date by
time zones."""
# Characters, as in the chronology (data/codebook/CODING.md)
MAX_DRAFT_SUMMARY = 160
STATEMENTS = ("01", "02")
"""Roots that are not proposed by default: since 2020 they are 2% of the chronology, and a fifth of
a feed."""

Decision = Literal["accepted", "corrected", "rejected", "there"]
EVENT = ["date", "source", "target", "code"]
"""Columns that say what a proposal is; an accepted row in which one was changed is a corrected
one."""
DRAFT_COLUMNS = (
    "decision",
    *EVENT,
    "summary",
    "reports",
    "rows",
    "also",
    "precision",
    "there",
    "actor",
    "known_at",
    "reference",
    "proposed",
)
DECISION_COLUMNS = ("decided", "draft", "proposed", "decision", *EVENT, "reports")
ADDED_COLUMNS = (
    "date",
    "known_at",
    "compiled",
    "source",
    "target",
    "code",
    "actor",
    "summary",
    "reference",
)
_WORDS: dict[str, Decision] = {
    **dict.fromkeys(
        ("accept", "accepted", "yes", "y", "a", "x", "correct", "corrected", "c"), "accepted"
    ),
    **dict.fromkeys(("reject", "rejected", "no", "n", "r"), "rejected"),
    "there": "there",
}
"""What an editor may write as a decision."""
_PROPOSED = r"^(?P<date>\d{4}-\d\d-\d\d) (?P<source>[A-Z]{3})>(?P<target>[A-Z]{3}) (?P<code>\d+)$"
"""Form of the column `proposed`."""


@dataclass(frozen=True)
class Draft:
    """Proposals of one feed for some pairs and days."""

    feed: str
    dyads: tuple[str, ...]
    first: date
    last: date
    proposals: pd.DataFrame  # One row per proposal, `DRAFT_COLUMNS`, by pair and then by reports
    left_out: int  # Proposals with fewer reports than the last that is listed of their pair
    rows: int  # Of the feed, in these days and of these pairs
    recorded: int  # Days of the feed on which the chronology has events, by pair and class
    proposed: int  # How many of these have a proposal

    @property
    def undecided(self) -> int:
        """How many proposals await a decision."""
        return int((self.proposals["decision"] == "").sum())


def draft_events(
    feed: EventTable,
    chronology: EventTable,
    dyads: Sequence[str],
    *,
    first: date,
    last: date | None = None,
    most: int = MAX_PROPOSED,
    statements: bool = False,
    decisions: pd.DataFrame | None = None,
) -> Draft:
    """Propose events of some pairs for the chronology, from what a feed reports of them.

    Parameters
    ----------
    feed : EventTable
        Rows of one feed.
    chronology : EventTable
        What there is already, with what was added.
    dyads : sequence of str
        Pairs.
    first, last : datetime.date
        First and last day of the events; the last is by default that of the feed.
    most : int
        Proposals listed of a pair, those with most reports; events that are there already do not
        count.
    statements : bool
        Propose statements and appeals (roots 01 and 02) too.
    decisions : pandas.DataFrame, optional
        Earlier decisions (`read_decisions`), by which the precision of a code is known.

    Returns
    -------
    Draft
        Proposals by pair, the most reported first.

    Raises
    ------
    DataError
        If the feed has no row of these pairs and days.
    """
    rows = feed.events[feed.events["dyad"].isin(list(dyads))]
    end = rows["date"].max().date() if last is None and len(rows) else last or first
    rows = rows[rows["date"].between(pd.Timestamp(first), pd.Timestamp(end))]
    if not statements:
        rows = rows[~rows["cameo"].str[:2].isin(STATEMENTS)]
    if rows.empty:
        raise DataError(
            f"no row of {count(len(dyads), 'pair')} from {first} to {end}; fetch files of these "
            "days, or give an earlier --since"
        )
    recorded = _with_class(chronology.events[chronology.events["dyad"].isin(list(dyads))])
    clusters = _clusters(rows)
    words = _precision_words(decisions)
    clusters["precision"] = [words.get(code, "") for code in clusters["code"]]
    comparisons = [_there(recorded, cluster) for cluster in clusters.itertuples(index=False)]
    clusters["decision"] = ["there" if is_there else "" for is_there, _ in comparisons]
    clusters["there"] = [near_by for _, near_by in comparisons]
    rank = {dyad: rank for rank, dyad in enumerate(dyads)}
    clusters = clusters.assign(rank=clusters["dyad"].map(rank), open=clusters["decision"] == "")
    clusters = clusters.sort_values(
        ["rank", "open", "reports", "date", "code"],
        ascending=[True, False, False, True, True],
        ignore_index=True,
    )
    listed = ~clusters["open"] | (clusters.groupby(["rank", "open"]).cumcount() < most)
    reported = feed.events["date"].between(pd.Timestamp(first), pd.Timestamp(end))
    same_days = recorded[recorded["date"].isin(feed.events.loc[reported, "date"])]
    combinations = same_days[["dyad", "date", "class"]].drop_duplicates()
    proposed = combinations.merge(
        clusters[["dyad", "day", "class"]],
        left_on=list(combinations),
        right_on=["dyad", "day", "class"],
    )
    return Draft(
        feed=str(rows["dataset"].iloc[0]),
        dyads=tuple(dyads),
        first=first,
        last=end,
        proposals=clusters.loc[listed, list(DRAFT_COLUMNS)].reset_index(drop=True),
        left_out=int((~listed).sum()),
        rows=len(rows),
        recorded=len(combinations),
        proposed=len(proposed),
    )


def _with_class(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(**{"class": events["cameo"].map(read_scale(SCALE).class_of)})


def _clusters(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row per day, pair and class of a feed: that with most reports, with the others."""
    rows = _with_class(rows).sort_values(["n", "event_id"], ascending=[False, True])
    names = read_codes()["name"]
    clusters = []
    for (_, dyad, kind), same in rows.groupby(["date", "dyad", "class"], sort=True):
        lead = same.iloc[0]
        # A visit is told by the visitor's row.
        sides = [lead["source"], lead["target"]]
        source, target = sides[::-1] if lead["cameo"] == HOST else sides
        code = VISITS[0] if lead["cameo"] == HOST else str(lead["cameo"])
        others = same.loc[same["cameo"] != lead["cameo"], "cameo"].unique()[:3]
        day = f"{lead['date']:%Y-%m-%d}"
        clusters.append(
            {
                "dyad": dyad,
                "day": lead["date"],
                "class": kind,
                "date": day,
                "source": source,
                "target": target,
                "code": code,
                "summary": _summary(lead, source, target, str(names[code])),
                "reports": int(same["n"].sum()),
                "rows": len(same),
                "also": ", ".join(map(str, others)),
                "actor": str(lead["actor"]) if [source, target] == sides else "",
                "known_at": f"{max(same['known_at'].min(), lead['date']):%Y-%m-%d}",
                "reference": str(lead["reference"]),
                "proposed": f"{day} {source}>{target} {code}",
            }
        )
    return pd.DataFrame(clusters)


def _summary(row: "pd.Series[Any]", source: str, target: str, name: str) -> str:
    """Return a first sentence of an event, for the editor to put into words of the source."""
    who = str(row["actor"]) if source == row["source"] else ""
    who = who.title() if who.isupper() else who
    words = name if source != row["source"] else str(row["summary"]) or name
    # ICEWS names the country of a group itself: "Military (China)".
    subject = who if "(" in who else f"{who} ({source})" if who else source
    return f"{subject}: {capital(words.lower())}, towards {target}"[:MAX_DRAFT_SUMMARY]


def _there(recorded: pd.DataFrame, proposal: Any) -> tuple[bool, str]:
    """Return whether the chronology has a proposed event, and what it has of its class near by.

    Near by is up to `DAYS_APART` days before or after.
    """
    in_time = (recorded["date"] - proposal.day).abs() <= pd.Timedelta(days=DAYS_APART)
    near = recorded[
        in_time
        & (recorded["dyad"] == proposal.dyad)
        & (recorded["class"] == _class_of(proposal.code))
    ]
    codes = VISITS if proposal.code in VISITS else (proposal.code,)
    joint = bool(read_codes().loc[proposal.code, "joint"])
    same = (near["date"] == proposal.day) & near["cameo"].isin(codes)
    if not joint:
        same &= near["source"] == proposal.source
    words = [
        f"{event.date:%Y-%m-%d} {event.source}>{event.target} {event.cameo} {event.summary}".strip()
        for event in near.itertuples(index=False)
    ]
    return bool(same.any()), "; ".join(dict.fromkeys(words))


def _class_of(code: str) -> int:
    return int(read_scale(SCALE).class_of.loc[code])


def write_draft(draft: Draft, path: Path) -> None:
    """Write the proposals of a draft as CSV, for an editor to decide in the column `decision`."""
    write_csv(path, draft.proposals)


@dataclass(frozen=True)
class Edited:
    """A draft as an editor left it."""

    decisions: pd.DataFrame  # One row per decided proposal, `DECISION_COLUMNS`
    added: pd.DataFrame  # The accepted rows, `ADDED_COLUMNS`
    undecided: int


def read_draft(path: Path) -> pd.DataFrame:
    """Read a draft that an editor has worked on: `DRAFT_COLUMNS` by line, as text."""
    rows = read_small_csv(path, DRAFT_COLUMNS)
    # A spreadsheet is kept from taking a text for a formula by an apostrophe, which is no part of
    # it.
    return rows.map(lambda cell: cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@") else cell)


def read_edited(path: Path, decisions: pd.DataFrame | None = None) -> Edited:
    """Read what an editor decided of the proposals of a draft.

    Rows are compared with their column `proposed`: an accepted one whose day, sides or code were
    changed is a corrected one. A row that an earlier run accepted keeps the day on which it was
    compiled.

    Raises
    ------
    DataError
        If a decision is no such word, or an accepted row has no day, code or sides that can be
        read.
    """
    rows = read_draft(path)
    words = rows["decision"].str.casefold()
    expected = "accept, reject or there; leave the cell empty to decide later"
    require_cells(rows["decision"], words.isin(["", *_WORDS]), expected, path)
    decided = rows[words != ""].assign(decision=words.map(_WORDS))
    proposed = decided["proposed"].str.extract(
        r"^(?P<date>\S+) (?P<source>[A-Z]{3})>(?P<target>[A-Z]{3}) (?P<code>\d+)$"
    )
    require_cells(
        decided["proposed"],
        proposed.notna().all(axis=1),
        "it as the draft had it; leave it alone",
        path,
    )
    is_accepted = decided["decision"] == "accepted"
    accepted = _checked(decided[is_accepted], proposed[is_accepted], path)
    changed = (accepted[EVENT] != proposed.loc[is_accepted, EVENT]).any(axis=1)
    decided.loc[is_accepted, EVENT] = accepted[EVENT]
    decided.loc[changed[changed].index, "decision"] = "corrected"
    day = str(today())
    decided = decided.assign(decided=day, draft=path.name)
    if decisions is not None:  # a decision that stands keeps its day
        key = ["draft", "proposed", "decision", *EVENT]
        before = decisions.drop_duplicates(key, keep="last").set_index(key)["decided"]
        decided["decided"] = [
            before.get(row, day) for row in decided[key].itertuples(index=False, name=None)
        ]
    added = accepted.assign(compiled=decided.loc[is_accepted, "decided"])
    return Edited(
        decided[list(DECISION_COLUMNS)], added[list(ADDED_COLUMNS)], int((words == "").sum())
    )


def _checked(accepted: pd.DataFrame, proposed: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return accepted rows with sides in capitals, codes of the codebook and a possible `known_at`.

    Raise DataError if a day, a side or a code cannot be read.
    """
    rows = accepted.assign(
        source=accepted["source"].str.upper(), target=accepted["target"].str.upper()
    )
    past_days(rows["date"], str(path))
    right = pd.Series((_pairs(rows) == _pairs(proposed)).all(axis=1), index=rows.index)
    require_cells(
        rows["target"], right, "the two states of the proposal; reject it if they are not", path
    )
    rows["code"] = [
        _read_code(given, was, f"{path}, line {line}")
        for line, given, was in zip(rows.index, rows["code"], proposed["code"], strict=True)
    ]
    # An event that was moved to a later day could not be known before it.
    return rows.assign(
        known_at=rows["known_at"].where(rows["known_at"] >= rows["date"], rows["date"])
    )


def _pairs(rows: pd.DataFrame) -> NDArray[np.str_]:
    """Return the two states of each row, in alphabetical order."""
    return np.sort(rows[["source", "target"]].to_numpy(str), axis=1)


def _read_code(given: str, was: str, row: str) -> str:
    """Return the code of an accepted row, from a code or a word for one."""
    if given.lstrip("0") == was.lstrip("0"):  # a spreadsheet has taken the zero
        return was
    try:
        return given_code(given)
    except DataError as error:
        raise DataError(f"{row}: {error}") from error


def given_code(text: str) -> str:
    """Return the code that an editor names by its digits or by a word."""
    return code_of_row(text, "", "") if text.isdigit() else code_of_row("", "", text)


def read_decisions(path: Path) -> pd.DataFrame | None:
    """Read all decisions so far; None if there are none."""
    return read_small_csv(path, DECISION_COLUMNS) if path.exists() else None


def merged_decisions(before: pd.DataFrame | None, edited: Edited) -> pd.DataFrame:
    """Return all decisions: those of a draft in place of earlier ones about the same proposals."""
    key = ["draft", "proposed"]
    every = (
        edited.decisions
        if before is None
        else pd.concat([before[list(DECISION_COLUMNS)], edited.decisions])
    )
    return every.drop_duplicates(key, keep="last").reset_index(drop=True)


def precision_by_code(decisions: pd.DataFrame | None) -> pd.DataFrame:
    """Count what became of the proposals of each code of a feed.

    Returns
    -------
    pandas.DataFrame
        Index `code`, that of the proposal; whole numbers `proposed`, `accepted`, `corrected`,
        `rejected`, `there`; and `precision`, the share from 0 to 1 of the proposals with a right
        code: accepted as they were, or there already.
    """
    names = list(get_args(Decision))
    if decisions is None or decisions.empty:
        return pd.DataFrame(columns=["proposed", *names, "precision"]).rename_axis("code")
    codes = decisions["proposed"].str.rsplit(" ", n=1).str[-1].rename("code")
    counts = pd.crosstab(codes, decisions["decision"]).reindex(columns=names, fill_value=0)
    counts.insert(0, "proposed", counts.sum(axis=1))
    counts["precision"] = (counts["accepted"] + counts["there"]) / counts["proposed"]
    return counts.sort_values(["proposed"], ascending=False, kind="stable")


def _precision_words(decisions: pd.DataFrame | None) -> dict[str, str]:
    """Describe by code how often it was right."""
    counts = precision_by_code(decisions)
    return {
        str(code): f"{row['accepted'] + row['there']:.0f} of {row['proposed']:.0f} right"
        for code, row in counts.iterrows()
    }


def describe_draft(draft: Draft) -> str:
    """Describe a draft in a sentence or two."""
    recorded = len(draft.proposals) - draft.undecided
    words = (
        f"{draft.first} to {draft.last}, {count(len(draft.dyads), 'pair')}: "
        f"{count(draft.rows, 'row')} of {draft.feed} make "
        f"{count(len(draft.proposals) + draft.left_out, 'proposal')}; {draft.undecided} to decide, "
        f"{recorded} there already, {draft.left_out} with fewer reports left out."
    )
    if draft.recorded:
        words += (
            f" On the feed's days the chronology has events of {draft.recorded:,} combinations of "
            f"pair, day and class; {draft.proposed} of these have a proposal."
        )
    return words


def complete_days(draft: pd.DataFrame) -> list[str]:
    """Return, by pair of a draft, the statement that its record is complete to the last day."""
    states = draft["proposed"].str.extract(_PROPOSED)
    pairs = [dyad_code(*sides) for sides in zip(states["source"], states["target"], strict=True)]
    return [f"{dyad}:{states['date'].max()}" for dyad in dict.fromkeys(pairs)]
