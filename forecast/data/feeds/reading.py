"""Files of a feed read into the event table, with an accounting of every row."""

import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from forecast.base.arguments import checked
from forecast.base.errors import DataError, OutputError, SpecError, UnknownDyadError
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
from forecast.data.feeds.detect import detect_files, find_feed, read_name, unknown_file
from forecast.data.feeds.feed import Feed, FeedLayout, FeedSettings, Named
from forecast.data.feeds.lines import Chunk, FeedFile, file_digest, read_chunks
from forecast.data.feeds.repeats import (
    REPLACED,
    exclude_repeats,
    excluded_lines,
    excluded_numbers,
)
from forecast.data.feeds.rules import EVENT_COLUMNS, Rules
from forecast.data.feeds.sorting import FileRun, RowBatch, RowSorter

if TYPE_CHECKING:
    import duckdb

LISTED_COLUMNS = ["file", "line", "reason"]


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
    opened = open_files(paths, feed, settings)
    with sorted_files(opened, Rules(opened.feed, settings, chosen)) as database:
        events = database.sql("SELECT * FROM unique_rows ORDER BY row").df()
        for run, line, why, reason in excluded_lines(database):
            if why != REPLACED:
                opened.runs[run].repeats.append((line, reason))
            elif settings.list_filtered:
                opened.runs[run].filtered_lines.append((line, reason))
    account = account_for(opened, settings, len(events), dyads)
    vintaged = (opened.feed.name,) if opened.feed.vintaged else ()
    return EventTable(sort_events(in_contract(events, opened.feed)), vintaged=vintaged, **account)


@dataclass
class OpenedFiles:
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


def open_files(
    paths: "str | Path | Sequence[str | Path]", feed: str | None, settings: FeedSettings
) -> OpenedFiles:
    """Find out of which feed files are, and which of them can be opened.

    A file that is named must be of the feed; one in a folder or archive may be of none.
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
        opened.sort(key=lambda file_layout_named: _age_order(file_layout_named[2]), reverse=True)
    return OpenedFiles(kind, _runs_of(kind, opened, settings, unread), strange, unread)


def _age_order(named: Named) -> tuple[bool, str]:
    """Return by what files are put in order: releases before editions, and each by its stamp."""
    return named.year is not None, named.edition or str(named.day or "")


def _runs_of(
    feed: Feed,
    opened: Sequence[tuple[FeedFile, FeedLayout, Named]],
    settings: FeedSettings,
    unread: list[Unread],
) -> list[FileRun]:
    """Return the files as they are to be read; put those without a digest into `unread`."""
    digests: dict[Path, str] = {}
    runs = list[FileRun]()
    for file, layout, named in opened:
        try:
            digests[file.path] = digests.get(file.path) or file_digest(file.path)  # an archive once
        except DataError as error:
            unread.append(Unread(file.name, str(error)))
            continue
        runs.append(
            FileRun(len(runs), file, feed, layout, digests[file.path], named, named.since(settings))
        )
    return runs


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
def sorted_files(
    opened: OpenedFiles, rules: Rules, memory: str = "1GB"
) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a database with the events of files, after excluding those that repeat others.

    What does not fit into so much memory goes to a scratch folder.
    """
    import duckdb

    try:
        with (
            tempfile.TemporaryDirectory() as scratch,
            closing(RowSorter(rules, memory=memory, scratch=scratch)) as sorter,
        ):
            _keep_events(opened, sorter)
            _exclude_repeats(opened.runs, sorter)
            yield sorter.database
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise OutputError(
            f"There is no room for the events: {str(error).splitlines()[0]:.200}. Free memory, or "
            f"disk in the scratch folder {tempfile.gettempdir()}, or name another one by TMPDIR."
        ) from error


def _keep_events(opened: OpenedFiles, sorter: RowSorter) -> None:
    """Fill the tables `kept`, of events, `names`, of files, and `editions`, of yearly files."""
    run = sorter.database.execute
    columns = sorter.rules.kept
    types = ", ".join(f"{name} {EVENT_COLUMNS[name]}" for name in columns)
    run(f"CREATE TEMP TABLE kept (file INTEGER, {types})")
    for events in _sort_files(opened.runs, sorter):
        sorter.database.register("events", events)
        run(f"""
            INSERT INTO kept
            SELECT file, {", ".join(columns)}
            FROM events
            ORDER BY file, line, id""")
        sorter.database.unregister("events")
    if all(read_file.failed for read_file in opened.runs):
        raise none_read(opened.failures)
    names = [
        (number, read_file.file.name, read_file.named.year, bool(read_file.failed))
        for number, read_file in enumerate(opened.runs)
    ]
    sorter.database.register(
        "names", pd.DataFrame(names, columns=["file", "name", "year", "failed"])
    )
    run("DELETE FROM kept WHERE file IN (SELECT file FROM names WHERE failed)")
    run("""
        CREATE TEMP TABLE editions AS
        SELECT file, file AS age, min(date) AS first, max(date) AS last
        FROM kept
        JOIN names USING (file)
        WHERE year(date) = names.year
        GROUP BY file""")


def _exclude_repeats(runs: Sequence[FileRun], sorter: RowSorter) -> None:
    """Exclude the rows that repeat others, and count their lines."""
    exclude_repeats(sorter.database, one_a_day=sorter.rules.settings.one_a_day)
    for file, why, newer, number in excluded_numbers(sorter.database):
        if why == REPLACED:
            reason = f"replaced by the newer edition {runs[newer].file.name}"
            runs[file].filtered[reason] += number
        else:
            runs[file].repeated += number


def _sort_files(runs: Sequence[FileRun], sorter: RowSorter) -> Iterator[pa.Table]:
    """Yield the events of files with the number of their file; a file that fails has none."""
    batch = RowBatch(sorter)
    for run, chunk in ahead(_chunks_of(runs, sorter.rules.feed)):
        try:
            batch.add(run, chunk)
        except DataError as error:
            run.failed = str(error)
        if batch.full:
            yield from batch.sort()
    yield from batch.sort()


def _chunks_of(runs: Sequence[FileRun], feed: Feed) -> Generator[tuple[FileRun, Chunk]]:
    for run in runs:
        try:
            for chunk in read_chunks(run.file, feed.encoding):
                if run.failed:
                    break
                yield run, chunk
        except DataError as error:
            run.failed = str(error)


def no_event(dyads: Sequence[str] | None) -> str:
    """Return the sentence that no event is left, of the dyads that are asked for."""
    return f"No event{f' of {join_some(dyads)}' if dyads else ''} is left."


def account_for(
    opened: OpenedFiles, settings: FeedSettings, number: int, dyads: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return `rejects`, `files` and `accounts` of a table with a number of rows; reject none."""
    runs = [run for run in opened.runs if not run.failed]
    reasons: Counter[str] = Counter()
    files = []
    for run in runs:
        reasons.update(run.filtered)
        not_kept = len(run.rejected), run.filtered.total(), run.repeated
        kept = run.rows - sum(not_kept)
        files.append(FileAccount(run.file.name, run.rows, kept, *not_kept, run.mended))
    repeats = sorted((run.file.name, *line) for run in runs for line in run.repeats)
    filtered = sorted((run.file.name, *line) for run in runs for line in run.filtered_lines)
    account = FeedAccount(
        opened.feed.name,
        opened.feed.title,
        settings.words,
        tuple(files),
        dict(reasons),
        duplicates=pd.DataFrame(repeats, columns=LISTED_COLUMNS),
        filtered=pd.DataFrame(filtered, columns=LISTED_COLUMNS),
        unread=tuple(opened.failures),
        findings=tuple(run.finding for run in runs if run.finding),
    )
    rows = [(run.file.name, *rejected) for run in runs for rejected in sorted(run.rejected)]
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
    types |= dict.fromkeys(("date", "known_at"), "datetime64[s]")
    types |= dict.fromkeys(TEXT_COLUMNS, "str")
    return events.astype(types)
