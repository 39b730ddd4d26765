"""Files of a feed read into the event table, with an accounting of every row."""

import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.arguments import checked
from forecast.errors import DataError, OutputError, SpecError, UnknownDyadError
from forecast.events import EventTable, SourceFile
from forecast.events.codebook import state_names
from forecast.events.dyads import dyad_code
from forecast.events.table import REJECT_COLUMNS, TEXT_COLUMNS, FeedAccount, FileAccount, Unread, sort_events
from forecast.feeds.detect import DaysOfRows, Detected, detect_files, find_feed, unknown_file
from forecast.feeds.feed import Feed, FeedSettings, FileFacts, Layout
from forecast.feeds.judging import (
    KEPT,
    REPLACED,
    STRIDE,
    Judge,
    Judged,
    Rules,
    gone_lines,
    gone_numbers,
    take_out_repeats,
)
from forecast.feeds.lines import Chunk, FeedFile, file_digest, read_chunks, split_lines
from forecast.files import fence
from forecast.progress import ahead
from forecast.typing import Index
from forecast.wording import join_some

if TYPE_CHECKING:
    import duckdb

MOST_REJECTED_TEXTS = 10_000
"""Rejected rows whose text is kept; of the others file, line and reason are."""
LONGEST_TEXT = 2_000
PLACE = ("file", "line", "reason")
ENOUGH = 64_000_000
"""Bytes of lines that are judged in one statement: some 160,000 lines of GDELT."""


@dataclass
class FileRun:
    """A file being read: what it is, and what has become of its lines so far; `failed` says why it is left out."""

    number: int  # Its own among the files
    file: FeedFile
    layout: Layout
    facts: FileFacts
    sha256: str
    days: DaysOfRows
    begun: bool = False
    failed: str = ""
    rows: int = 0
    mended: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    filtered: Counter[str] = field(default_factory=Counter)
    filtered_lines: list[tuple[int, str]] = field(default_factory=list)

    def tally(self, day: date | None, known: date | None, became: str, number: int) -> None:
        """Count lines of a day, known on a day, of which the same became."""
        if became != "rejected":
            self.days.add(day, known, number)

    def reject(self, line: int, reason: str, row: str) -> None:
        """Keep a rejected row with its text, as long as there are not too many of them."""
        text = row[:LONGEST_TEXT] if len(self.rejected) < MOST_REJECTED_TEXTS else ""
        self.rejected.append((line, reason, text))


@checked
def read_feed(
    paths: "str | Path | Sequence[str | Path]",
    *,
    dyads: Sequence[str] | None = None,
    feed: str | None = None,
    settings: FeedSettings | None = None,
) -> EventTable:
    """Read files of a machine-coded feed.

    Files are read in chunks and in bounded memory; only the events that are kept are held. A file that cannot be read
    stops no other: `table.accounts` says which and why. Quad classes follow from
    the codes by the codebook (feeds disagree on roots 01, 02, 09, 14 and 16); what the feed says is in `source_quad`.
    `n` is the number of reports, and every row is one event. Of every file, rows = kept + rejected + filtered +
    duplicates; `table.accounts` has the numbers, `table.rejects` the rejected rows.

    Parameters
    ----------
    paths : str, pathlib.Path or sequence of them
        Files, zip archives, or folders of such.
    dyads : sequence of str, optional
        Dyads to keep, such as ``["USA-CHN"]``; all of states by default.
    feed : str, optional
        Name of the feed; by default it is found from the content.
    settings : FeedSettings, optional
        What is counted.

    Raises
    ------
    DataError
        If no file can be read, one is named that is not there, of no feed or of another one, or no row is kept.
    UnknownDyadError
        If a dyad is not two states.
    SpecError
        If there is no such feed, or a setting does not suit it.

    Examples
    --------
    >>> from forecast.feeds import read_feed
    >>> table = read_feed("events.2018.sample.tab", dyads=["USA-CHN"])  # doctest: +SKIP
    >>> table.accounts[0].total("kept")  # doctest: +SKIP
    47
    """
    settings = settings or FeedSettings()
    chosen = None if dyads is None else [state_pair(dyad) for dyad in dyads]
    opened = begin(paths, feed, settings)
    names = [run.file.name for run in opened.runs]
    with judged_files(opened, Rules(opened.feed, settings, chosen)) as (database, repeated):
        events = database.sql("SELECT * FROM unique_rows ORDER BY row").df()
        gone = gone_lines(database)
    if settings.list_filtered:
        for place, line, why, reason in gone:
            if why == REPLACED:
                opened.runs[place].filtered_lines.append((line, reason))
    duplicates = [(names[place], line, reason) for place, line, why, reason in gone if why != REPLACED]
    account = accounted(opened, settings, repeated, len(events), duplicates, dyads)
    vintaged = (opened.feed.name,) if opened.feed.vintaged else ()
    return EventTable(sort_events(in_contract(events, opened.feed)), vintaged=vintaged, **account)


@dataclass
class Opened:
    """Files about to be read."""

    feed: Feed  # That they are of
    runs: list[FileRun]  # In the order of reading
    strange: list[FeedFile]  # Files of folders and archives that are not of the feed
    unread: list[Unread]  # Files that could not be opened, and why

    @property
    def failures(self) -> list[Unread]:
        """The files that could not be read, so far."""
        return [*self.unread, *(Unread(run.file.name, run.failed) for run in self.runs if run.failed)]


def begin(paths: "str | Path | Sequence[str | Path]", feed: str | None, settings: FeedSettings) -> Opened:
    """Find out which feed files are of, and which of them can be opened."""
    named = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    found, strange, unread = _detect(named, find_feed(feed) if feed else None)
    kind = found[0][1].feed
    require_suitable(kind, settings)
    digests: dict[Path, str] = {}
    runs = list[FileRun]()
    for file, detected in _in_order(kind, found):
        try:
            digests[file.path] = digests.get(file.path) or file_digest(file.path)  # an archive once
        except DataError as error:
            unread.append(Unread(file.name, str(error)))
            continue
        facts, days = kind.facts(file.own_name), DaysOfRows.of(kind, file)
        runs.append(FileRun(len(runs), file, detected.layout, facts, digests[file.path], days))
    return Opened(kind, runs, strange, unread)


def none_read(failures: Sequence[Unread]) -> DataError:
    """Return the error for files of which none could be read."""
    more = f" Of {len(failures):,} files none could be read." if len(failures) > 1 else ""
    return DataError(failures[0].reason + more)


def state_pair(dyad: str) -> str:
    """Return the code of a dyad of any two states, given in either order and any case."""
    states = dyad.strip().upper().replace("_", "-").split("-")
    names = state_names()
    if (
        len(states) != 2
        or states[0] == states[1]
        or not all(len(one) == 3 and names.get(one.lower()) for one in states)
    ):
        raise UnknownDyadError(
            f"There is no dyad {dyad!r:.60}. A dyad is two ISO 3166 alpha-3 codes joined by a hyphen, such as USA-CHN."
        )
    return dyad_code(*(names[one.lower()] for one in states))


def _detect(
    paths: list[Path], wanted: Feed | None
) -> tuple[list[tuple[FeedFile, Detected]], list[FeedFile], list[Unread]]:
    """Return the files of the feed with their layouts, files inside that are not of it, and those that are unread."""
    found: list[tuple[FeedFile, Detected]] = []
    strange: list[FeedFile] = []
    unread: list[Unread] = []
    for path in paths:
        for file, detected in detect_files(path, unread):
            kind = wanted or (found[0][1].feed if found else None)
            if detected and (kind is None or detected.feed is kind):
                found.append((file, detected))
            elif file.path == path and file.member is None:
                raise unknown_file(file, kind)
            else:
                strange.append(file)
    if not found and unread:
        raise none_read(unread)
    if not found:
        raise unknown_file(strange[0], wanted) if strange else DataError("paths: no file is named; name at least one")
    (name, number), *_ = Counter(file.name for file, _ in found).most_common(1)
    if number > 1:  # a name and a line would not mean one place
        raise DataError(f"{name} is named twice. Name each file once, or give files of one name others.")
    return found, strange, unread


def require_suitable(feed: Feed, settings: FeedSettings) -> None:
    """Make sure that a feed has what the settings ask about."""
    if settings.minimum_mentions > 1 and not feed.mentions:
        raise SpecError(f"minimum_mentions: {feed.title} counts no mentions; leave the setting out")


def _in_order(feed: Feed, found: list[tuple[FeedFile, Detected]]) -> list[tuple[FeedFile, Detected]]:
    """Sort files so that of rows that repeat each other the first is the one to keep."""
    if not feed.newest_first:
        return found

    def edition(pair: tuple[FeedFile, Detected]) -> tuple[bool, str]:
        facts = feed.facts(pair[0].own_name)
        return facts.year is not None, facts.edition or facts.day or ""

    return sorted(found, key=edition, reverse=True)


@contextmanager
def judged_files(
    opened: Opened, rules: Rules, memory: str = "1GB"
) -> "Iterator[tuple[duckdb.DuckDBPyConnection, Counter[int]]]":
    """Yield a database with the events of files, on disk if need be, and how many lines of each repeat others."""
    import duckdb

    runs = opened.runs
    try:
        with tempfile.TemporaryDirectory() as scratch, Judge(rules, memory=memory, scratch=scratch) as judge:
            database, run = judge.database, judge.database.execute
            run(f"CREATE TEMP TABLE kept (place INTEGER, {', '.join(f'{name} {KEPT[name]}' for name in rules.kept)})")
            for events in _read_files(runs, judge):
                database.register("events", events)
                run(f"INSERT INTO kept SELECT place, {', '.join(rules.kept)} FROM events")
                database.unregister("events")
            if all(one.failed for one in runs):
                raise none_read(opened.failures)
            database.register("names", pa.table({"place": range(len(runs)), "name": [one.file.name for one in runs]}))
            run("CREATE TEMP TABLE editions (place INTEGER, age INTEGER, first DATE, last DATE)")
            for place, one in enumerate(runs):
                if one.failed:
                    run(f"DELETE FROM kept WHERE place = {place}")
                elif (year := one.facts.year) is not None:
                    span = f"min(date), max(date) FROM kept WHERE place = {place} AND year(date) = {year}"
                    run(f"INSERT INTO editions SELECT {place}, {place}, {span}")
            take_out_repeats(database, one_a_day=rules.settings.one_a_day)
            repeated: Counter[int] = Counter()
            for place, why, by, number in gone_numbers(database):
                if why == REPLACED:
                    runs[place].filtered[f"replaced by the newer edition {runs[by].file.name}"] += number
                else:
                    repeated[place] += number
            yield database, repeated
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise OutputError(
            f"There is no room for the events: {str(error).splitlines()[0]:.200}. Free memory, or disk in the scratch "
            f"folder {tempfile.gettempdir()}, or name another one by TMPDIR."
        ) from error


def _read_files(runs: "Sequence[FileRun]", judge: Judge) -> Iterator[pa.Table]:
    """Yield the events of files in order, with their file's number as `place`; those of one that fails do not count."""
    together = Together(judge)
    for run, chunk in ahead(_chunks_of(runs, judge.rules.feed)):
        try:
            together.add(run, chunk)
        except DataError as error:
            run.failed = str(error)
            continue
        if together.full:
            yield from _judged(together)
    yield from _judged(together)


def _chunks_of(runs: "Sequence[FileRun]", feed: Feed) -> Generator[tuple[FileRun, Chunk]]:
    for run in runs:
        try:
            for chunk in read_chunks(run.file, feed.encoding):
                if run.failed:
                    break
                yield run, chunk
        except DataError as error:
            run.failed = str(error)


def _judged(together: "Together") -> Iterator[pa.Table]:
    """Judge chunks; yield the events in order of files and lines, if there are lines at all."""
    tables = list(together.judged())
    if len(tables) == 1:  # which is in order as it is
        yield tables[0]
    elif tables:
        yield pa.concat_tables(tables).sort_by([(key, "ascending") for key in ("place", "line", "id")])


class _Added(NamedTuple):
    """A chunk that waits to be judged: its file, and why lines of it are rejected."""

    run: FileRun
    chunk: Chunk
    rejected: dict[int, str]


class Together:
    """Chunks of files that are judged in one statement: for a small one that costs more than its lines do."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._begin()

    def _begin(self) -> None:
        self._added: list[_Added] = []
        self._parts: dict[tuple[Layout, FileFacts], list[pa.Table]] = {}  # What is judged in one statement
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Return whether there are enough lines, so that more would not make them cheaper."""
        return self._bytes >= ENOUGH

    def add(self, run: FileRun, chunk: Chunk) -> None:
        """Add a chunk of a file."""
        if len(chunk.numbers) and not run.begun:
            run.begun = True
            chunk = chunk.without_first() if run.layout.header else chunk
        run.rows += len(chunk.numbers) + len(chunk.too_long)
        run.mended += chunk.mended
        with fence(run.file.name):
            lines, broken = split_lines(chunk, run.layout, self.judge.columns(run.layout, run.facts))
        if lines.num_rows:
            numbers = lines["line"].to_numpy() + len(self._added) * STRIDE
            self._parts.setdefault((run.layout, run.facts), []).append(_with_lines(lines, numbers))
        self._added.append(_Added(run, chunk, broken))
        self._bytes += len(chunk.text)

    def judged(self) -> Iterator[pa.Table]:
        """Judge what was added; yield events with the number of their file as `place`, and account for other rows."""
        files = np.array([one.run.number for one in self._added], dtype=np.int64)
        for (layout, facts), parts in self._parts.items():
            for judged in self._judge(layout, facts, parts):
                for line, reason in judged.rejected.items():
                    self._added[line // STRIDE].rejected[line % STRIDE] = reason
                for place, reason, number in judged.filtered:
                    self._added[place].run.filtered[reason] += number
                for line, reason in judged.filtered_lines.items():
                    self._added[line // STRIDE].run.filtered_lines.append((line % STRIDE, reason))
                for place, day, known, became, number in self.judge.tally():
                    self._added[place].run.tally(day, known, became, number)
                numbers = judged.kept["line"].to_numpy()
                kept = _with_lines(judged.kept, numbers % STRIDE)
                yield kept.append_column("place", pa.array(files[numbers // STRIDE]))
        for run, chunk, rejected in self._added:
            for line in chunk.too_long:
                run.reject(line, "a line that is longer than any of a feed", "")
            for line, reason in rejected.items():
                run.reject(line, reason, chunk.line(int(np.searchsorted(chunk.numbers, line))))
        self._begin()

    def _judge(self, layout: Layout, facts: FileFacts, parts: list[pa.Table]) -> Iterator[Judged]:
        """Judge lines that are alike, all at once; only if that fails, each file's alone, to see whose fault it is."""
        lines = pa.concat_tables(parts)
        run = self._added[lines["line"][0].as_py() // STRIDE].run
        try:
            with fence(run.file.name):
                judged = self.judge.judge(lines, layout, facts)
        except DataError as error:
            if len(parts) == 1:
                run.failed = str(error)
            else:
                for part in parts:
                    yield from self._judge(layout, facts, [part])
        else:
            yield judged


def _with_lines(table: pa.Table, numbers: Index) -> pa.Table:
    """Return a table with other numbers of lines."""
    return table.set_column(table.schema.get_field_index("line"), "line", pa.array(numbers))


def no_event(dyads: Sequence[str] | None) -> str:
    """Return the sentence that no event is left, of the dyads that are asked for."""
    return f"No event{f' of {join_some(dyads)}' if dyads else ''} is left."


def accounted(
    opened: Opened,
    settings: FeedSettings,
    repeated: Mapping[int, int],
    number: int,
    duplicates: Sequence[tuple[str, int, str]] = (),
    dyads: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Account for the rows of files: `rejects`, `files` and `accounts` of a table of so many rows, at least one."""
    runs = [(place, run) for place, run in enumerate(opened.runs) if not run.failed]
    reasons: Counter[str] = Counter()
    files = []
    for place, run in runs:
        reasons.update(run.filtered)
        lots = len(run.rejected), run.filtered.total(), repeated.get(place, 0)
        files.append(FileAccount(run.file.name, run.rows, run.rows - sum(lots), *lots, run.mended))
    listed = [(run.file.name, *each) for _, run in runs for each in run.filtered_lines]
    account = FeedAccount(
        opened.feed.name, opened.feed.title, settings.words, tuple(files), dict(reasons),
        duplicates=pd.DataFrame(sorted(duplicates), columns=list(PLACE)),
        filtered=pd.DataFrame(sorted(listed), columns=list(PLACE)), unread=tuple(opened.failures),
        findings=tuple(run.days.finding for _, run in runs if run.days.finding),
    )  # fmt: skip
    rows = [(run.file.name, *each) for _, run in runs for each in sorted(run.rejected)]
    rows += [(name, 0, reason, "") for name, reason in opened.failures]
    rows += [(file.name, 0, f"no file of {opened.feed.title}: not read", "") for file in opened.strange]
    if not number:
        why = "".join(f" {number:,} rows: {reason}." for reason, number in reasons.items())
        first = " The first rejected is {}, line {}: {}.".format(*rows[0]) if rows else ""
        raise DataError(f"{no_event(dyads)} {account.sentence}{why}{first} Ask for other dyads or settings.")
    return {
        "rejects": pd.DataFrame(rows, columns=list(REJECT_COLUMNS)),
        "files": tuple(SourceFile(run.file.name, run.sha256, run.rows, len(run.rejected)) for _, run in runs),
        "accounts": (account,),
    }


def in_contract(rows: pd.DataFrame, feed: Feed) -> pd.DataFrame:
    """Return events with the columns and types of the contract."""
    pairs = rows[["source_state", "target_state"]].drop_duplicates().itertuples(index=False, name=None)
    codes = {pair: dyad_code(*pair) for pair in pairs}
    states = zip(rows["source_state"], rows["target_state"], strict=True)
    events = pd.DataFrame(
        {
            "date": rows["date"].astype("datetime64[s]"),
            "known_at": rows["known"].astype("datetime64[s]"),
            "source": rows["source_state"],
            "target": rows["target_state"],
            "cameo": rows["cameo"],
            "goldstein": rows["value"].astype(float),
            "quad": rows["quad"].astype("int8"),
            "n": rows["n"].astype("int64"),
            "actor": rows["actor"],
            "summary": rows["summary"],
            "reference": rows["reference"],
            "dataset": feed.name,
            "event_id": feed.name + ":" + rows["id"],
            "dyad": [codes[pair] for pair in states],
            "source_quad": rows["given_quad"].astype("int8"),
            "events": 1,
        }
    )
    return events.astype({"events": "int64", **dict.fromkeys(TEXT_COLUMNS, "str")})
