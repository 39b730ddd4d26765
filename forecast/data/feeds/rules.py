"""Rules of all feeds in SQL: what makes a row rejected, filtered or counted.

A row is *rejected* if something in it is wrong (`_rejection`). It is *filtered* if it is right and
not counted: by the dyads that are asked for or by the settings (`Rules.filters`). `sorting.py` runs
the statement over the lines of files.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from forecast.base.dates import EARLIEST, today
from forecast.data.events.codebook import read_codes, state_names
from forecast.data.feeds.expressions import digits, quoted, text
from forecast.data.feeds.feed import FIELDS, SECTORS, SIDES, Feed, FeedLayout, FeedSettings, Side

MAX_REPORTS = 2**31 - 1  # reports of a row: what 32 bits hold
REPORT_DIGITS = 10  # digits of that number
# Codes that GDELT uses beyond the codebook, read as what they are a kind of.
PARENTS = {"1214": "121", "1834": "183", "1951": "195", "1952": "195", "155": "150", "176": "170"}
# Fields that readers see and that do not affect the count.
TEXTS = ("actor", "summary", "reference")
COUNTED = {
    "line": "BIGINT",
    "id": "VARCHAR",
    "date": "DATE",
    "known": "DATE",
    "source_state": "VARCHAR",
    "target_state": "VARCHAR",
    "cameo": "VARCHAR",
    "n": "BIGINT",
}
"""Columns of an event by which it is counted, and their types."""
EVENT_COLUMNS = (
    COUNTED
    | {"value": "DOUBLE", "quad": "TINYINT", "given_quad": "TINYINT"}
    | dict.fromkeys(TEXTS, "VARCHAR")
)
"""All columns of an event, and their types."""
ORGAN_COLUMNS = ("source_organs", "target_organs", "mentions")
"""With `EVENT_COLUMNS`, what later choices of settings need: of each side the organs that act, one
bit a sector of `SECTORS`."""


@dataclass(frozen=True)
class Rules:
    """The rules for rows of a feed, as SQL over the tables `lines`, `codes` and `states`."""

    feed: Feed
    settings: FeedSettings
    dyads: Sequence[str] | None = None  # All by default
    # Columns of the events: some of `EVENT_COLUMNS`, and of `ORGAN_COLUMNS` all or none
    kept: Sequence[str] = tuple(EVENT_COLUMNS)

    def columns(self, layout: FeedLayout) -> tuple[str, ...]:
        """Return which columns of a layout are looked at."""
        statement = self.statement(layout, ())
        return tuple(
            name
            for name in layout.columns
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", statement)
        )

    def statement(
        self, layout: FeedLayout, present: Sequence[str], since: datetime.date | None = None
    ) -> str:
        """Return the statement that finds out of each row why it is rejected or filtered.

        Its column `reason` is '' for a row without a fault. Its column `filter` is the number of
        the first filter that applies to a row, 0 if none does. Columns that are not present are not
        looked at. `since` is the day from which the file was known, if its rows do not say so.
        """
        fields = self._fields(self.feed.fields(layout.columns, since), self._cells(present))
        whens = "\n".join(
            f"WHEN {condition} THEN {number}"
            for number, condition in enumerate(self.filters, start=1)
        )
        return f"""
            SELECT *,
                {_rejection()} AS reason,
                CASE {whens} ELSE 0 END AS filter
            FROM (
                SELECT said.*,
                    code.code AS cameo,
                    code.quad,
                    s.state AS source_state,
                    t.state AS target_state,
                    coalesce(TRY_CAST(said.goldstein AS DOUBLE), code.goldstein) AS value,
                    coalesce(TRY_CAST(source_quad AS TINYINT), 0) AS given_quad,
                    greatest(TRY_CAST(reports AS BIGINT), 1) AS n
                FROM ({fields}) said
                LEFT JOIN codes code ON code.written = said.code
                LEFT JOIN states s ON s.written = lower(said.source)
                LEFT JOIN states t ON t.written = lower(said.target)
            )"""

    @property
    def filters(self) -> dict[str, str]:
        """Why a row is not counted, by the SQL of the condition; of several the first holds."""
        conditions = {
            "source = '' OR target = ''": "no country on one side",
            "source_state = '' OR target_state = ''": (
                "a region or organisation, no state, on one side"
            ),
            "source_state = target_state": "the same state on both sides",
        }
        if self.dyads is not None:
            pair = (
                "least(source_state, target_state) || '-' || greatest(source_state, target_state)"
            )
            pairs = [text("-".join(sorted(dyad.split("-")))) for dyad in self.dyads]
            conditions[f"({pair}) NOT IN ({', '.join(pairs) or 'NULL'})"] = "of another dyad"
        return conditions | filters_of_settings(
            self.settings, "acts", "TRY_CAST(mentions AS BIGINT)"
        )

    def _cells(self, present: Sequence[str]) -> str:
        """Return the SQL of the lines, a missing value as ''; one row per pair of countries."""
        cell = "trim({0})"
        if self.feed.missing != ("",):
            missing = ", ".join(map(text, self.feed.missing))
            cell = f"CASE WHEN trim({{0}}) IN ({missing}) THEN '' ELSE trim({{0}}) END"
        cells = ", ".join(
            f"{cell.format(quoted(name))} AS {quoted(name)}" for name in present if name != "line"
        )
        rows = f"SELECT line, {cells} FROM lines"
        if self.feed.pairs:
            return f"SELECT *, unnest({self.feed.pairs}) AS pair FROM ({rows})"
        return rows

    def _fields(self, fields: Mapping[str, str], cells: str) -> str:
        """Return the SQL of the fields of each row, and of which organs its actors are."""
        unread = self._unread_fields()
        columns = [f"{"''" if name in unread else fields[name]} AS {name}" for name in FIELDS]
        columns.append(f"{self._acts(fields)} AS acts")
        columns += [self._organs(side) for side in SIDES if f"{side}_organs" in self.kept]
        return f"SELECT line, {', '.join(columns)} FROM ({cells})"

    def _unread_fields(self) -> set[str]:
        """Return the fields that neither the events nor the filters need."""
        unread = {name for name in TEXTS if name not in self.kept}
        if "given_quad" not in self.kept:
            unread.add("source_quad")
        if "mentions" not in self.kept and self.settings.minimum_mentions == 1:
            unread.add("mentions")
        return unread

    def _acts(self, fields: Mapping[str, str]) -> str:
        """Return the SQL condition that both actors act for their states; NULL without two."""
        if self.settings.sectors == "all":
            return "true"
        source, target = fields["source"], fields["target"]
        source_acts, target_acts = (self.feed.acts(side, self.settings) for side in SIDES)
        two_sides = f"{source} <> '' AND {target} <> '' AND {source} <> {target}"
        return f"CASE WHEN {two_sides} THEN ({source_acts}) AND ({target_acts}) END"

    def _organs(self, side: Side) -> str:
        """Return the SQL of the organs of a state that an actor is, as a sum of bits."""
        bits = " + ".join(
            f"CASE WHEN {self.feed.acts(side, FeedSettings(sectors=(sector,)))} "
            f"THEN {1 << bit} ELSE 0 END"
            for bit, sector in enumerate(SECTORS)
        )
        return f"CAST({bits} AS UTINYINT) AS {side}_organs"


def filters_of_settings(settings: FeedSettings, acts: str, mentions: str) -> dict[str, str]:
    """Return why the settings filter an event, by the SQL of the condition.

    `acts` is the SQL condition that both actors act for their states, `mentions` the SQL of their
    number.
    """
    conditions = {
        f"NOT coalesce({acts}, false)": "an actor that does not act for its state (sectors)"
    }
    if not settings.statements:
        conditions["left(cameo, 2) IN ('01', '02')"] = "a statement or appeal (statements)"
    if settings.minimum_mentions > 1:
        too_few = f"coalesce({mentions}, 0) < {settings.minimum_mentions}"
        conditions[too_few] = "fewer mentions than asked for (minimum_mentions)"
    return conditions


def lookup_tables() -> dict[str, pd.DataFrame]:
    """Return the tables `codes` and `states`, in which rules look codes and countries up."""
    codebook = read_codes()
    names = state_names()
    written = dict(zip(codebook.index, codebook.index, strict=True))
    written |= {code: parent for code, parent in PARENTS.items() if code not in written}
    codes = pd.DataFrame({"written": list(written), "code": list(written.values())})
    return {
        "codes": codes.join(codebook[["quad", "goldstein"]], on="code"),
        "states": pd.DataFrame({"written": list(names), "state": list(names.values())}),
    }


def _rejection() -> str:
    """Return the SQL of all that is wrong with a row, '' if nothing is."""
    latest = f"DATE '{today():%Y-%m-%d}'"
    faults = {
        "id = ''": "'no event id, or none that is one'",
        "date IS NULL": "'date: not a day'",
        f"date < DATE '{EARLIEST}'": "'date: before 1700'",
        f"date > {latest}": "'date is later than today'",
        "known IS NULL AND date IS NOT NULL": "'day of publication: not a day'",
        # Clocks of sources differ by a day; a report long before its event is an error.
        "known < date - 1": "'published before its date'",
        f"known > {latest}": "'published later than today'",
        "cameo IS NULL": "'code ' || left(code, 20) || ': not a code of the codebook'",
        "source <> '' AND source_state IS NULL": (
            "'source ' || left(source, 40) || ': no country of that name or code'"
        ),
        "target <> '' AND target_state IS NULL": (
            "'target ' || left(target, 40) || ': no country of that name or code'"
        ),
        "goldstein <> '' AND coalesce(NOT TRY_CAST(goldstein AS DOUBLE) BETWEEN -10 AND 10, "
        "true)": ("'intensity ' || left(goldstein, 20) || ': not a number from -10 to 10'"),
        f"NOT ({_is_report_number()})": "'reports ' || left(reports, 20) || ': not a whole number'",
    }
    any_fault = " OR ".join(f"({fault})" for fault in faults)
    reasons = ", ".join(f"CASE WHEN {fault} THEN {words} END" for fault, words in faults.items())
    # Few rows have a fault: only of those is it looked up which.
    return f"CASE WHEN {any_fault} THEN concat_ws('; ', {reasons}) ELSE '' END"


def _is_report_number() -> str:
    """Return the SQL condition that the number of reports is a whole number of 32 bits."""
    return f"{digits('reports', 1, REPORT_DIGITS)} AND TRY_CAST(reports AS BIGINT) <= {MAX_REPORTS}"
