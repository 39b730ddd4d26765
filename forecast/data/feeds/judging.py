"""Selection and deduplication of feed rows in SQL, with the reason for each exclusion."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyarrow as pa

from forecast.base.dates import EARLIEST, today
from forecast.data.events.codebook import read_codes, state_names
from forecast.data.feeds.expressions import digits, quoted, text
from forecast.data.feeds.feed import FIELDS, SECTORS, SIDES, Feed, FeedLayout, FeedSettings, Side

if TYPE_CHECKING:
    import duckdb

MOST_REPORTS = 2**31 - 1
"""Largest number of reports of a row that is read: what 32 bits hold."""
REPORT_DIGITS = 10
"""Digits of that number."""
STRIDE = 2**40
"""Offset between the line numbers of files that are judged together: a file adds its number times
this."""
PARENTS = {"1214": "121", "1834": "183", "1951": "195", "1952": "195", "155": "150", "176": "170"}
"""Codes that GDELT uses beyond the codebook, read as what they are a kind of."""
TEXTS = ("actor", "summary", "reference")
"""Fields that readers see and that do not affect the count."""
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
"""Fields of an event by which it is counted, and their types."""
KEPT = (
    COUNTED
    | {"value": "DOUBLE", "quad": "TINYINT", "given_quad": "TINYINT"}
    | dict.fromkeys(TEXTS, "VARCHAR")
)
ACTING = ("source_organs", "target_organs", "mentions")
"""With `KEPT`, what later choices of settings need: of each side the organs that act, one bit a
sector of `SECTORS`."""


EVENT_KEY = "date, source_state, target_state, cameo"
REPLACED = 1
SAME_EVENT = 2
SAME_DAY = 3
"""Reasons for excluding a row, in `gone`."""
ROWS_OF_A_DAY = 10**12
"""More than there are rows: a day and a row make one number, by which the first is found."""
GONE = f"""
    SELECT gone.row, why, CASE why WHEN {REPLACED} THEN 'replaced by the newer edition ' || names.name
        WHEN {SAME_EVENT} THEN 'the same event as ' || names.name || ', line ' || kept.line
        ELSE 'the same day, sides and code as ' || names.name || ', line ' || kept.line END AS reason
    FROM gone LEFT JOIN kept ON why <> {REPLACED} AND kept.rowid = cause
    JOIN names ON names.place = CASE WHEN why = {REPLACED} THEN cause ELSE kept.place END"""
"""The rows that are gone, each with its reason in words; files are named by the table `names`."""
NOTHING_LEFT = f"""
    SELECT place, line, arg_min(gone.row, why * {ROWS_OF_A_DAY} + gone.row) AS row
    FROM gone JOIN kept ON kept.rowid = gone.row ANTI JOIN left_over USING (place, line) GROUP BY place, line"""
"""The lines of which no event is left, each with the first of its rows that went."""


class Judged(NamedTuple):
    """Accounting of some lines."""

    kept: (
        pa.Table
    )  # Events: `KEPT`, `ACTING` if asked for, and their file as `place`; a line can have several
    rejected: list[tuple[int, int, str]]  # File, line and reason
    filtered: list[tuple[int, int, str]]  # The same, if the settings ask for the list
    # By file: what became of lines (`kept`, `rejected`, or why they are filtered), their day, when
    # known, and how many
    became: list[tuple[int, str, datetime.date | None, datetime.date | None, int]]


@dataclass(frozen=True)
class Rules:
    """The rules by which rows of a feed are kept, rejected or filtered, as SQL over `lines`, `codes` and `states`."""

    feed: Feed
    settings: FeedSettings
    dyads: Sequence[str] | None = None  # All by default
    kept: Sequence[str] = tuple(
        KEPT
    )  # Columns of the events: some of `KEPT`, and of `ACTING` all or none

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
        """Return the statement, for a file known since a day.

        Columns that are not present are not looked at.
        """
        fields = self.feed.fields(layout.columns, since)
        missing = ", ".join(map(text, self.feed.missing))
        cell = (
            "CASE WHEN {0} IN (" + missing + ") THEN '' ELSE {0} END"
            if self.feed.missing != ("",)
            else "{0}"
        )
        cells = ", ".join(
            f"{cell.format(f'trim({quoted(name)})')} AS {quoted(name)}"
            for name in present
            if name != "line"
        )
        rows = f"SELECT line, {cells} FROM lines"
        if self.feed.pairs:
            rows = f"SELECT *, unnest({self.feed.pairs}) AS pair FROM ({rows})"
        said = ", ".join(
            f"{"''" if name in self._unasked() else fields[name]} AS {name}" for name in FIELDS
        )
        said += f", {self._acts(fields)} AS acts"
        said += "".join(self._organs(side) for side in SIDES if f"{side}_organs" in self.kept)
        said = f"SELECT line, {said} FROM ({rows})"
        located = f"""
            SELECT said.*, code.code AS cameo, code.quad, s.state AS source_state, t.state AS target_state,
                coalesce(TRY_CAST(said.goldstein AS DOUBLE), code.goldstein) AS value,
                coalesce(TRY_CAST(source_quad AS TINYINT), 0) AS given_quad,
                greatest(TRY_CAST(reports AS BIGINT), 1) AS n
            FROM ({said}) said
            LEFT JOIN codes code ON code.written = said.code
            LEFT JOIN states s ON s.written = lower(said.source)
            LEFT JOIN states t ON t.written = lower(said.target)"""
        places = " ".join(
            f"WHEN {case} THEN {number}" for number, case in enumerate(self.filters, 1)
        )
        return (
            f"SELECT *, {_reasons()} AS reason, CASE {places} ELSE 0 END AS filter FROM ({located})"
        )

    @property
    def filters(self) -> dict[str, str]:
        """Why a row is not counted, by the SQL of the condition; of several the first holds."""
        cases = {
            "source = '' OR target = ''": "no country on one side",
            "source_state = '' OR target_state = ''": "a region or organisation, no state, on one side",
            "source_state = target_state": "the same state on both sides",
        }
        if self.dyads is not None:
            pairs = (
                ", ".join(text("-".join(sorted(dyad.split("-")))) for dyad in self.dyads) or "NULL"
            )
            pair = (
                "least(source_state, target_state) || '-' || greatest(source_state, target_state)"
            )
            cases[f"({pair}) NOT IN ({pairs})"] = "of another dyad"
        return cases | choices(self.settings, "acts", "TRY_CAST(mentions AS BIGINT)")

    def _unasked(self) -> set[str]:
        """Return the fields that are never read."""
        unasked = {name for name in TEXTS if name not in self.kept}
        if "given_quad" not in self.kept:
            unasked.add("source_quad")
        if "mentions" not in self.kept and self.settings.minimum_mentions == 1:
            unasked.add("mentions")
        return unasked

    def _acts(self, fields: Mapping[str, str]) -> str:
        """Return the SQL condition that both actors act for their states.

        Of rows without two it is not asked.
        """
        if self.settings.sectors == "all":
            return "true"
        source, target = (self.feed.acts(side, self.settings) for side in SIDES)
        two = (
            f"{fields['source']} <> '' AND {fields['target']} <> '' AND {fields['source']} <> "
            f"{fields['target']}"
        )
        return f"CASE WHEN {two} THEN ({source}) AND ({target}) END"

    def _organs(self, side: Side) -> str:
        """Return the SQL of the organs of a state that an actor is, as a sum of bits."""
        bits = [
            f"CASE WHEN {self.feed.acts(side, FeedSettings(sectors=(sector,)))} THEN {1 << bit} "
            "ELSE 0 END"
            for bit, sector in enumerate(SECTORS)
        ]
        return f", CAST({' + '.join(bits)} AS UTINYINT) AS {side}_organs"


def choices(settings: FeedSettings, acts: str, mentions: str) -> dict[str, str]:
    """Return why the settings filter an event, by the SQL of the condition.

    Given are those of acting and mentions.
    """
    cases = {f"NOT coalesce({acts}, false)": "an actor that does not act for its state (sectors)"}
    if not settings.statements:
        cases["left(cameo, 2) IN ('01', '02')"] = "a statement or appeal (statements)"
    if settings.minimum_mentions > 1:
        few = f"coalesce({mentions}, 0) < {settings.minimum_mentions}"
        cases[few] = "fewer mentions than asked for (minimum_mentions)"
    return cases


def lookups() -> dict[str, pd.DataFrame]:
    """Return the tables of codes and of states by which rows are judged."""
    codebook = read_codes()
    names = state_names()
    written = dict(zip(codebook.index, codebook.index, strict=True))
    written |= {code: to for code, to in PARENTS.items() if code not in written}
    codes = pd.DataFrame({"written": list(written), "code": list(written.values())})
    return {
        "codes": codes.join(codebook[["quad", "goldstein"]], on="code"),
        "states": pd.DataFrame({"written": list(names), "state": list(names.values())}),
    }


class Judge:
    """A database in memory that judges lines by rules.

    What does not fit goes to the folder `scratch`, if given.
    """

    def __init__(self, rules: Rules, *, memory: str = "1GB", scratch: str = "") -> None:
        import duckdb

        self.rules = rules
        self.columns = cache(rules.columns)
        self.database = duckdb.connect(
            ":memory:", config={"memory_limit": memory, "threads": 2, "temp_directory": scratch}
        )
        self.database.execute("SET enable_external_access = false")
        for name, table in lookups().items():
            self.database.register("given", table)
            self.database.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM given")
            self.database.unregister("given")

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def judge(self, lines: pa.Table, layout: FeedLayout, since: datetime.date | None) -> Judged:
        """Judge lines, a table of `line` and the columns that are looked at, as text."""
        run = self.database.execute
        rules = self.rules
        self.database.register("lines", lines)
        # Most rows of a feed are filtered: of these nothing but the days is carried along.
        whole = ("line", "date", "known")
        kept = ", ".join(
            name if name in whole else f"CASE WHEN kept THEN {name} END AS {name}"
            for name in rules.kept
        )
        statement = rules.statement(layout, lines.column_names, since)
        judged = f"SELECT *, reason = '' AND filter = 0 AS kept FROM ({statement})"
        run(
            f"CREATE OR REPLACE TEMP TABLE judged AS SELECT {kept}, reason, filter, kept FROM "
            f"({judged})"
        )
        self.database.unregister("lines")
        location = f"line // {STRIDE} AS place, line % {STRIDE} AS line"
        events = self.database.sql(
            f"SELECT {location}, * EXCLUDE (line, reason, filter, kept) FROM judged WHERE kept"
        )
        each = "judged"
        if rules.feed.pairs:  # a line is kept if any of its pairs is
            each = (
                "(SELECT line, min(date) AS date, min(known) AS known, max(reason) AS reason, "
                "max(filter) AS filter, "
                "bool_or(kept) AS kept FROM judged GROUP BY line)"
            )
        rejected = run(
            f"SELECT {location}, reason FROM {each} WHERE NOT kept AND reason <> '' ORDER BY ALL"
        ).fetchall()
        filtered = f"SELECT {location}, filter FROM {each} WHERE NOT kept AND reason = ''"
        listed = run(filtered).fetchall() if rules.settings.list_filtered else []
        became = "CASE WHEN kept THEN 0 WHEN reason <> '' THEN -1 ELSE filter END AS became"
        numbers = run(
            f"SELECT line // {STRIDE}, {became}, date, known, count(*) FROM {each} GROUP BY ALL "
            "ORDER BY ALL"
        ).fetchall()
        words = dict(enumerate(["rejected", "kept", *rules.filters.values()], -1))
        return Judged(
            events.to_arrow_table(),
            rejected,
            [(file, line, words[word]) for file, line, word in listed],
            [
                (file, words[word], day, known_at, number)
                for file, word, day, known_at, number in numbers
            ],
        )


def _reasons() -> str:
    """Return the SQL of all that is wrong with a row, '' if nothing is."""
    latest = f"DATE '{today():%Y-%m-%d}'"
    outside = "NOT TRY_CAST(goldstein AS DOUBLE) BETWEEN -10 AND 10"
    few_digits = digits("reports", 1, REPORT_DIGITS)
    whole = f"{few_digits} AND TRY_CAST(reports AS BIGINT) <= {MOST_REPORTS}"
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
        "source <> '' AND source_state IS NULL": "'source ' || left(source, 40) || ': no country of that name or code'",
        "target <> '' AND target_state IS NULL": "'target ' || left(target, 40) || ': no country of that name or code'",
        f"goldstein <> '' AND coalesce({outside}, true)": (
            "'intensity ' || left(goldstein, 20) || ': not a number from -10 to 10'"
        ),
        f"NOT ({whole})": "'reports ' || left(reports, 20) || ': not a whole number'",
    }
    cases = ", ".join(f"CASE WHEN {fault} THEN {words} END" for fault, words in faults.items())
    # Hardly a row has a fault: only of those that have one is it looked up which.
    return (
        f"CASE WHEN {' OR '.join(f'({fault})' for fault in faults)} THEN concat_ws('; ', {cases}) "
        "ELSE '' END"
    )


def take_out_repeats(
    database: "duckdb.DuckDBPyConnection", *, one_a_day: bool, age: str = "place"
) -> None:
    """Fill `gone` with the rows of `kept` that repeat others, and make the view `unique_rows` of all others."""
    # Of rows that repeat each other the first one of `kept` stays. A row goes if one of the
    # `editions` covers its day and is newer than its file: has a smaller `age`, a column of `kept`.
    run = database.execute
    # By row of `kept`: why it is gone, and for what: the place of a file that replaces it, or a row
    # that it repeats.
    run("CREATE TEMP TABLE gone (row BIGINT, why TINYINT, cause BIGINT)")
    run(
        "CREATE TEMP VIEW left_over AS SELECT rowid AS row, * FROM kept WHERE rowid NOT IN (SELECT "
        "row FROM gone)"
    )
    run(
        f"""INSERT INTO gone SELECT kept.rowid, {REPLACED}, arg_min(e.place, (e.age, e.place))
        FROM kept JOIN editions e ON kept.{age} > e.age AND kept.date BETWEEN e.first AND e.last GROUP BY ALL"""
    )
    run(
        f"""INSERT INTO gone SELECT row, {SAME_EVENT}, first FROM left_over
        JOIN (SELECT id, min(row) AS first FROM left_over GROUP BY id HAVING count(*) > 1) USING (id)
        WHERE row <> first"""
    )
    # The report that was known first stays.
    earliest = (
        f"min(datediff('day', DATE '0001-01-01', known) * {ROWS_OF_A_DAY} + row) % {ROWS_OF_A_DAY}"
    )
    run(
        f"""CREATE TEMP TABLE together AS
        SELECT {EVENT_KEY}, {earliest} AS first, sum(n)::BIGINT AS reports, min(known) AS since
        FROM left_over GROUP BY {EVENT_KEY} HAVING count(*) > 1 AND {one_a_day}"""
    )
    run(
        f"INSERT INTO gone SELECT row, {SAME_DAY}, first FROM left_over JOIN together USING "
        f"({EVENT_KEY}) "
        "WHERE row <> first"
    )
    run(
        """CREATE TEMP VIEW unique_rows AS
        SELECT left_over.* REPLACE (coalesce(reports, n) AS n, coalesce(since, known) AS known)
        FROM left_over LEFT JOIN (SELECT first, reports, since FROM together) ON row = first"""
    )


def gone_lines(database: "duckdb.DuckDBPyConnection") -> list[tuple[int, int, int, str]]:
    """Return place, line, why and reason in words of each line of which nothing is left."""
    return database.execute(
        f"SELECT place, line, why, reason FROM ({NOTHING_LEFT}) JOIN ({GONE}) USING (row) ORDER BY "
        "place, line"
    ).fetchall()


def gone_numbers(database: "duckdb.DuckDBPyConnection") -> list[tuple[int, int, int, int]]:
    """Return how many lines of a file nothing is left of: place, why, the file that replaces them, number."""
    return database.execute(
        f"SELECT place, why, CASE WHEN why = {REPLACED} THEN cause ELSE -1 END AS cause, count(*) "
        f"FROM ({NOTHING_LEFT}) JOIN gone USING (row) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
