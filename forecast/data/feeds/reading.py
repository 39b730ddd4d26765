"""Files of a feed read into the event table, with an accounting of every row."""

import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from forecast.base.arguments import checked
from forecast.base.errors import DataError, OutputError, SpecError, UnknownDyadError
from forecast.base.file_faults import fence
from forecast.base.progress import ahead
from forecast.base.typing import Dyad
from forecast.base.wording import join_some
from forecast.data.events import EventTable, SourceFile
from forecast.data.events.codebook import state_names
from forecast.data.events.dyads import dyad_code
from forecast.data.events.table import (
    REJECT_COLUMNS,
    TEXT_COLUMNS,
    FeedAccount,
    FileAccount,
    Unread,
    sort_events,
)
from forecast.data.feeds.detect import detect_files, find_feed, finding, read_name, unknown_file
from forecast.data.feeds.feed import Feed, FeedLayout, FeedSettings, Named
from forecast.data.feeds.judging import (
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
from forecast.data.feeds.lines import Chunk, FeedFile, file_digest, read_chunks, split_lines

if TYPE_CHECKING:
    import duckdb

MOST_REJECTED_TEXTS = 10_000
"""Rejected rows whose text is kept; of the others file, line and reason are."""
LONGEST_TEXT = 2_000
"""Characters of a rejected row that are kept."""
PLACE = ["file", "line", "reason"]
BATCH_BYTES = 64_000_000
"""Bytes of lines that are judged in one statement: some 160,000 lines of GDELT."""


@dataclass
class FileRun:
    """A file being read: what it is, and what has become of its lines so far.

    `failed` says why it is left out.
    """

    number: int  # Its own among the files
    file: FeedFile
    feed: Feed
    layout: FeedLayout
    sha256: str
    named: Named  # What its name says
    since: date | None = (
        None  # The day from which it could be known, if its rows do not say themselves
    )
    begun: bool = False
    failed: str = ""
    rows: int = 0
    mended: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    filtered: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    # Line and reason of those of the two, if they are listed.
    filtered_lines: list[tuple[int, str]] = field(default_factory=list)
    repeats: list[tuple[int, str]] = field(default_factory=list)
    days: Counter[date] = field(
        default_factory=Counter
    )  # Rows by the day by which they are put into files

    @property
    def finding(self) -> str:
        """In words that most of the rows are of other days than those of its name; '' if they are not."""
        return finding(self.feed, self.file, self.named, self.days)

    def tally(self, became: str, day: date | None, known_at: date | None, number: int) -> None:
        """Count lines of a day, known on a day, that are kept, rejected, or filtered for a reason."""
        if became not in ("kept", "rejected"):
            self.filtered[became] += number
        # A file of a day holds what a feed added on that day; what a longer one was added to, its
        # name does not say.
        days = self.named.days
        by_known = self.feed.by_known and (days is None or days[0] == days[1])
        if became != "rejected" and (counted_day := known_at if by_known else day):
            self.days[counted_day] += number

    def reject(self, line: int, reason: str, row: str) -> None:
        """Keep a rejected row with its text, as long as there are not too many of them."""
        text = row[:LONGEST_TEXT] if len(self.rejected) < MOST_REJECTED_TEXTS else ""
        self.rejected.append((line, reason, text))


@checked
def read_feed(
    paths: "str | Path | Sequence[str | Path]",
    *,
    dyads: Sequence[Dyad] | None = None,
    feed: str | None = None,
    settings: FeedSettings | None = None,
) -> EventTable:
    """Read files of a machine-coded feed.

    Files are read in chunks and in bounded memory; only the events that are kept are held. A file
    that cannot be read stops no other: `table.accounts` says which and why. Quad classes follow
    from the codes by the codebook (feeds disagree on roots 01, 02, 09, 14 and 16); what the feed
    says is in `source_quad`. `n` is the number of reports, and every row is one event. Of every
    file, rows = kept + rejected + filtered + duplicates; `table.accounts` has the numbers,
    `table.rejects` the rejected rows.

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

    Returns
    -------
    EventTable
        One row per event; `n` counts reports. `accounts` says what became of every row of a file,
        `rejects` why.

    Raises
    ------
    DataError
        If no file can be read, one is named that is not there, of no feed or of another one, or no
        row is kept.
    UnknownDyadError
        If a dyad is not two states.
    SpecError
        If there is no such feed, or a setting does not suit it.

    Examples
    --------
    >>> from forecast.data.feeds import read_feed
    >>> table = read_feed("events.2018.sample.tab", dyads=["USA-CHN"])  # doctest: +SKIP
    >>> table.accounts[0].total("kept")  # doctest: +SKIP
    47
    """
    settings = settings or FeedSettings()
    chosen = None if dyads is None else [state_pair(dyad) for dyad in dyads]
    opened = begin(paths, feed, settings)
    with judged_files(opened, Rules(opened.feed, settings, chosen)) as database:
        events = database.sql("SELECT * FROM unique_rows ORDER BY row").df()
        for run, line, why, reason in gone_lines(database):
            if why != REPLACED:
                opened.runs[run].repeats.append((line, reason))
            elif settings.list_filtered:
                opened.runs[run].filtered_lines.append((line, reason))
    account = accounted(opened, settings, len(events), dyads)
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
        return [
            *self.unread,
            *(Unread(run.file.name, run.failed) for run in self.runs if run.failed),
        ]


def begin(
    paths: "str | Path | Sequence[str | Path]", feed: str | None, settings: FeedSettings
) -> Opened:
    """Find out which feed files are of, and which of them can be opened.

    Any that are named must be of it.
    """
    kind = wanted = find_feed(feed) if feed else None
    opened = list[tuple[FeedFile, FeedLayout, Named]]()
    strange = list[FeedFile]()
    unread = list[Unread]()
    for path in [Path(paths)] if isinstance(paths, str | Path) else map(Path, paths):
        for file, detected in detect_files(path, unread):
            if detected and (kind is None or detected.feed is kind):
                kind = detected.feed
                opened.append((file, detected.layout, read_name(kind, file)))
            elif file.path == path and file.member is None:
                raise unknown_file(file, kind)
            else:
                strange.append(file)
    if kind is None or not opened:
        if unread:
            raise none_read(unread)
        raise (
            unknown_file(strange[0], wanted)
            if strange
            else DataError("paths: no file is named; name at least one")
        )
    (name, number), *_ = Counter(file.name for file, *_ in opened).most_common(1)
    if number > 1:  # a name and a line would not mean one place
        raise DataError(
            f"{name} is named twice. Name each file once, or give files of one name others."
        )
    require_suitable(kind, settings)
    if kind.newest_first:  # of rows that repeat each other the first is the one to keep
        opened.sort(
            key=lambda file_layout_name: (
                file_layout_name[2].year is not None,
                file_layout_name[2].edition or str(file_layout_name[2].day or ""),
            ),
            reverse=True,
        )
    digests: dict[Path, str] = {}
    runs = list[FileRun]()
    for file, layout, named in opened:
        try:
            digests[file.path] = digests.get(file.path) or file_digest(file.path)  # an archive once
        except DataError as error:
            unread.append(Unread(file.name, str(error)))
            continue
        runs.append(
            FileRun(len(runs), file, kind, layout, digests[file.path], named, named.since(settings))
        )
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
        or not all(len(state) == 3 and names.get(state.lower()) for state in states)
    ):
        raise UnknownDyadError(
            f"There is no dyad {dyad!r:.60}. A dyad is two ISO 3166 alpha-3 codes joined by a "
            "hyphen, such as USA-CHN."
        )
    return dyad_code(*(names[state.lower()] for state in states))


def require_suitable(feed: Feed, settings: FeedSettings) -> None:
    """Make sure that a feed has what the settings ask about."""
    if settings.minimum_mentions > 1 and not feed.mentions:
        raise SpecError(f"minimum_mentions: {feed.title} counts no mentions; leave the setting out")


@contextmanager
def judged_files(
    opened: Opened, rules: Rules, memory: str = "1GB"
) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a database with the events of files, on disk if need be, after counting the lines that repeat others."""
    import duckdb

    runs = opened.runs
    try:
        with (
            tempfile.TemporaryDirectory() as scratch,
            closing(Judge(rules, memory=memory, scratch=scratch)) as judge,
        ):
            database = judge.database
            run = judge.database.execute
            run(
                "CREATE TEMP TABLE kept (place INTEGER, "
                f"{', '.join(f'{name} {KEPT[name]}' for name in rules.kept)})"
            )
            for events in _read_files(runs, judge):
                database.register("events", events)
                run(
                    f"INSERT INTO kept SELECT place, {', '.join(rules.kept)} FROM events ORDER BY "
                    "place, line, id"
                )
                database.unregister("events")
            if all(read_file.failed for read_file in runs):
                raise none_read(opened.failures)
            said = [
                (index, read_file.file.name, read_file.named.year, bool(read_file.failed))
                for index, read_file in enumerate(runs)
            ]
            database.register(
                "names", pd.DataFrame(said, columns=["place", "name", "year", "failed"])
            )
            run("DELETE FROM kept WHERE place IN (SELECT place FROM names WHERE failed)")
            run(
                "CREATE TEMP TABLE editions AS SELECT place, place AS age, min(date) AS first, "
                "max(date) AS last "
                "FROM kept JOIN names USING (place) WHERE year(date) = names.year GROUP BY place"
            )
            take_out_repeats(database, one_a_day=rules.settings.one_a_day)
            for index, why, by, number in gone_numbers(database):
                if why == REPLACED:
                    runs[index].filtered[f"replaced by the newer edition {runs[by].file.name}"] += (
                        number
                    )
                else:
                    runs[index].repeated += number
            yield database
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise OutputError(
            f"There is no room for the events: {str(error).splitlines()[0]:.200}. Free memory, or "
            "disk in the scratch "
            f"folder {tempfile.gettempdir()}, or name another one by TMPDIR."
        ) from error


def _read_files(runs: "Sequence[FileRun]", judge: Judge) -> Iterator[pa.Table]:
    """Yield the events of files, with their file's number as `place`.

    Those of one that fails do not count.
    """
    together = Together(judge)
    for run, chunk in ahead(_chunks_of(runs, judge.rules.feed)):
        try:
            together.add(run, chunk)
        except DataError as error:
            run.failed = str(error)
        if together.full:
            yield from together.judged()
    yield from together.judged()


def _chunks_of(runs: "Sequence[FileRun]", feed: Feed) -> Generator[tuple[FileRun, Chunk]]:
    for run in runs:
        try:
            for chunk in read_chunks(run.file, feed.encoding):
                if run.failed:
                    break
                yield run, chunk
        except DataError as error:
            run.failed = str(error)


class Together:
    """Chunks of files that are judged in one statement: for a small one that costs more than its lines do."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._begin()

    def _begin(self) -> None:
        self._added: dict[int, tuple[FileRun, list[Chunk]]] = {}  # By the number of the file
        self._parts: dict[
            tuple[FeedLayout, date | None], list[pa.Table]
        ] = {}  # What is judged in one statement
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Return whether there are enough lines, so that more would not make them cheaper."""
        return self._bytes >= BATCH_BYTES

    def add(self, run: FileRun, chunk: Chunk) -> None:
        """Add a chunk of a file."""
        if len(chunk.numbers) and not run.begun:
            run.begun = True
            chunk = chunk.without_first() if run.layout.header else chunk
        run.rows += len(chunk.numbers) + len(chunk.too_long)
        run.mended += chunk.mended
        with fence(run.file.name):
            lines, broken = split_lines(chunk, run.layout, self.judge.columns(run.layout))
        for line in chunk.too_long:
            run.reject(line, "a line that is longer than any of a feed", "")
        for line, reason in broken.items():
            run.reject(line, reason, chunk.numbered(line))
        if lines.num_rows:
            numbers = pa.array(lines["line"].to_numpy() + run.number * STRIDE)
            lines = lines.set_column(lines.schema.get_field_index("line"), "line", numbers)
            self._parts.setdefault((run.layout, run.since), []).append(lines)
        self._added.setdefault(run.number, (run, []))[1].append(chunk)
        self._bytes += len(chunk.text)

    def judged(self) -> Iterator[pa.Table]:
        """Judge what was added; yield the events, if there are lines at all, and account for other rows."""
        tables = []
        for (layout, since), parts in self._parts.items():
            for judged in self._judge(layout, since, parts):
                tables.append(judged.kept)
                for file, line, reason in judged.rejected:
                    run, chunks = self._added[file]
                    run.reject(line, reason, "".join(chunk.numbered(line) for chunk in chunks))
                for file, line, reason in judged.filtered:
                    self._added[file][0].filtered_lines.append((line, reason))
                for file, became, day, known_at, number in judged.became:
                    self._added[file][0].tally(became, day, known_at, number)
        self._begin()
        if tables:
            yield pa.concat_tables(tables)

    def _judge(self, layout: FeedLayout, since: date | None, parts: list[pa.Table]) -> list[Judged]:
        """Judge lines that are alike, all at once.

        Only if that fails, each file's alone, to see whose fault it is.
        """
        lines = pa.concat_tables(parts)
        run, _ = self._added[lines["line"][0].as_py() // STRIDE]
        try:
            with fence(run.file.name):
                return [self.judge.judge(lines, layout, since)]
        except DataError as error:
            if len(parts) > 1:
                return [judged for part in parts for judged in self._judge(layout, since, [part])]
            run.failed = str(error)
            return []


def no_event(dyads: Sequence[str] | None) -> str:
    """Return the sentence that no event is left, of the dyads that are asked for."""
    return f"No event{f' of {join_some(dyads)}' if dyads else ''} is left."


def accounted(
    opened: Opened, settings: FeedSettings, number: int, dyads: Sequence[str] | None = None
) -> dict[str, Any]:
    """Account for the rows of files: `rejects`, `files` and `accounts` of a table of so many rows, at least one."""
    runs = [run for run in opened.runs if not run.failed]
    reasons: Counter[str] = Counter()
    files = []
    for run in runs:
        reasons.update(run.filtered)
        lots = len(run.rejected), run.filtered.total(), run.repeated
        files.append(FileAccount(run.file.name, run.rows, run.rows - sum(lots), *lots, run.mended))
    repeats = sorted((run.file.name, *each) for run in runs for each in run.repeats)
    filtered = sorted((run.file.name, *each) for run in runs for each in run.filtered_lines)
    account = FeedAccount(
        opened.feed.name,
        opened.feed.title,
        settings.words,
        tuple(files),
        dict(reasons),
        duplicates=pd.DataFrame(repeats, columns=PLACE),
        filtered=pd.DataFrame(filtered, columns=PLACE),
        unread=tuple(opened.failures),
        findings=tuple(run.finding for run in runs if run.finding),
    )
    rows = [(run.file.name, *each) for run in runs for each in sorted(run.rejected)]
    rows += [(name, 0, reason, "") for name, reason in opened.failures]
    rows += [
        (file.name, 0, f"no file of {opened.feed.title}: not read", "") for file in opened.strange
    ]
    if not number:
        why = "".join(f" {number:,} rows: {reason}." for reason, number in reasons.items())
        first = " The first rejected is {}, line {}: {}.".format(*rows[0]) if rows else ""
        raise DataError(
            f"{no_event(dyads)} {account.sentence}{why}{first} Ask for other dyads or settings."
        )
    return {
        "rejects": pd.DataFrame(rows, columns=list(REJECT_COLUMNS)),
        "files": tuple(
            SourceFile(run.file.name, run.sha256, run.rows, len(run.rejected)) for run in runs
        ),
        "accounts": (account,),
    }


def in_contract(rows: pd.DataFrame, feed: Feed) -> pd.DataFrame:
    """Return events with the columns and types of the contract."""
    pairs = (
        rows[["source_state", "target_state"]].drop_duplicates().itertuples(index=False, name=None)
    )
    codes = {pair: dyad_code(*pair) for pair in pairs}
    states = zip(rows["source_state"], rows["target_state"], strict=True)
    names = {
        "known": "known_at",
        "source_state": "source",
        "target_state": "target",
        "value": "goldstein",
        "given_quad": "source_quad",
    }
    events = rows.rename(columns=names).assign(
        dataset=feed.name,
        event_id=feed.name + ":" + rows["id"],
        dyad=[codes[pair] for pair in states],
        events=1,
    )
    types: dict[str, Any] = {
        "goldstein": float,
        "quad": "int8",
        "source_quad": "int8",
        "n": "int64",
        "events": "int64",
    }
    types |= dict.fromkeys(("date", "known_at"), "datetime64[s]") | dict.fromkeys(
        TEXT_COLUMNS, "str"
    )
    return events.astype(types)
