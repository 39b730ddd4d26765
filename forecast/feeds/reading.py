"""Files of a feed read into the event table, with an account of every row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.arguments import DYADS, FEED_SETTINGS, PATHS, TEXT, checked
from forecast.errors import DataError, SpecError, UnknownDyadError
from forecast.events.account import FeedAccount, FileAccount
from forecast.events.dyads import dyad_code
from forecast.events.raw import REJECT_COLUMNS, SourceFile
from forecast.events.table import TEXT_COLUMNS, EventTable, sort_events
from forecast.feeds.countries import state_names
from forecast.feeds.detect import Detected, detect_file, unknown_file
from forecast.feeds.feed import Feed, FileFacts, Layout
from forecast.feeds.judging import STRIDE, Judge, Judged
from forecast.feeds.lines import Chunk, FeedFile, file_digest, find_files, read_chunks
from forecast.feeds.registry import find_feed
from forecast.feeds.repeats import without_repeats
from forecast.feeds.settings import FeedSettings
from forecast.feeds.splitting import Part, split_lines
from forecast.parallel import ahead
from forecast.typing import Index

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_REJECTED_TEXTS = 10_000
"""Rejected rows whose text is kept; of the others file, line and reason are."""
LONGEST_TEXT = 2_000
PLACE = ("file", "line", "reason")
ENOUGH = 64_000_000
"""Bytes of lines that are judged in one statement: some 160,000 lines of GDELT."""


@dataclass
class FileRun:
    """A file being read: what it is, and what has become of its lines so far."""

    file: FeedFile
    layouts: tuple[Layout, ...]
    facts: FileFacts
    sha256: str
    begun: bool = False
    rows: int = 0
    mended: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    filtered: dict[str, int] = field(default_factory=dict)
    filtered_lines: list[tuple[int, str]] = field(default_factory=list)

    @property
    def filtered_rows(self) -> int:
        """How many rows were filtered."""
        return sum(self.filtered.values())

    def reject(self, line: int, reason: str, row: str) -> None:
        """Keep a rejected row with its text, as long as there are not too many of them."""
        text = row[:LONGEST_TEXT] if len(self.rejected) < MOST_REJECTED_TEXTS else ""
        self.rejected.append((line, reason, text))

    def filter(self, numbers: dict[str, int], lines: dict[int, str]) -> None:
        """Count filtered rows by reason, and keep those that are listed."""
        for reason, number in numbers.items():
            self.filtered[reason] = self.filtered.get(reason, 0) + number
        self.filtered_lines += lines.items()


@checked(paths=PATHS, dyads=DYADS, feed=TEXT, settings=FEED_SETTINGS)
def read_feed(
    paths: "str | Path | Sequence[str | Path]",
    *,
    dyads: Sequence[str] | None = None,
    feed: str | None = None,
    settings: FeedSettings | None = None,
) -> EventTable:
    """Read files of a machine-coded feed.

    Files are read in chunks and in bounded memory; only the events that are kept are held. Quad classes follow from
    the codes by the codebook (feeds disagree on roots 01, 02, 09, 14 and 16); what the feed says is in `source_quad`.
    `n` is the number of reports, and every row is one happening. Of every file, rows = kept + rejected + filtered +
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

    Returns
    -------
    EventTable
        With dataset the name of the feed.

    Raises
    ------
    DataError
        If a file cannot be read or is of no feed or of another one, or no row is kept.
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
    kind, runs, strange = begin(paths, feed, settings)
    with Judge(kind, settings, chosen) as judge:
        kept = list(read_files(runs, judge))
    return _as_table(kind, settings, runs, kept, strange)


def begin(
    paths: "str | Path | Sequence[str | Path]", feed: str | None, settings: FeedSettings
) -> tuple[Feed, list[FileRun], list[FeedFile]]:
    """Return the feed that files are of, its files in the order of reading, and files that are not of it."""
    named = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    found, strange = _detect(named, find_feed(feed) if feed else None)
    kind = found[0][1].feed
    require_suitable(kind, settings)
    digests = {path: file_digest(path) for path in {file.path for file, _ in found}}  # an archive once
    runs = [
        FileRun(file, detected.layouts, kind.facts(file.own_name), digests[file.path])
        for file, detected in _in_order(kind, found)
    ]
    return kind, runs, strange


def state_pair(dyad: str) -> str:
    """Return the code of a dyad of any two states, given in either order and any case.

    Raises
    ------
    UnknownDyadError
        If it is not two states.
    """
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


def _detect(paths: list[Path], wanted: Feed | None) -> tuple[list[tuple[FeedFile, Detected]], list[FeedFile]]:
    """Return the files of the feed with their layouts, and files of folders and archives that are not of it."""
    found: list[tuple[FeedFile, Detected]] = []
    strange: list[FeedFile] = []
    for path in paths:
        for file in find_files([path]):
            detected = detect_file(file)
            kind = wanted or (found[0][1].feed if found else None)
            if detected and (kind is None or detected.feed is kind):
                found.append((file, detected))
            elif file.path == path and file.member is None:
                raise unknown_file(file, kind)
            else:
                strange.append(file)
    if not found:
        raise unknown_file(strange[0], wanted) if strange else DataError("paths: no file is named; name at least one")
    _require_different(found)
    return found, strange


def _require_different(found: list[tuple[FeedFile, Detected]]) -> None:
    """Make sure that a name and a line mean one place."""
    names = [file.name for file, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice:
        raise DataError(f"{twice} is named twice. Name each file once, or give files of one name others.")


def require_suitable(feed: Feed, settings: FeedSettings) -> None:
    """Make sure that a feed has what the settings ask about.

    Raises
    ------
    SpecError
        If not.
    """
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


def read_files(runs: "Sequence[FileRun]", judge: Judge) -> "Iterator[pa.Table]":
    """Yield the events of files with the `place` of their file, in order of files and lines; account for all rows."""
    chunks = (
        (place, *chunk.as_utf8(judge.feed.encoding))
        for place, run in enumerate(runs)
        for chunk in read_chunks(run.file)
    )
    together: Together[FileRun] = Together(judge)
    places: list[int] = []
    for place, chunk, strange in ahead(chunks):
        runs[place].mended += strange
        together.add(runs[place], chunk)
        places.append(place)
        if together.full:
            yield from _in_order_of_lines(together, places)
            places = []
    yield from _in_order_of_lines(together, places)


def _in_order_of_lines(together: "Together[FileRun]", places: list[int]) -> "Iterator[pa.Table]":
    """Judge chunks of the files at some places; yield the events, if there are lines at all."""
    import pyarrow as pa

    of_file = np.array(places, dtype=np.int64)
    tables = [events.append_column("place", pa.array(of_file[at])) for at, events in together.judged()]
    if len(tables) == 1:  # which is in order as it is
        yield tables[0]
    elif tables:
        yield pa.concat_tables(tables).sort_by([(key, "ascending") for key in ("place", "line", "id")])


Alike = tuple[Layout, FileFacts]
"""What lines have in common that are judged in one statement."""


class _Added[Run: FileRun](NamedTuple):
    """A chunk that waits to be judged: its file, lines that fit no layout, and what its other lines are like."""

    run: Run
    chunk: Chunk
    broken: dict[int, str]
    alike: list[Alike]


class Together[Run: FileRun]:
    """Chunks of files that are judged in one statement: for a small one that costs more than its lines do."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._clear()

    def _clear(self) -> None:
        self._added: list[_Added[Run]] = []
        self._parts: dict[Alike, list[Part]] = {}
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether there are lines enough that more of them would not make them cheaper."""
        return self._bytes >= ENOUGH

    @property
    def runs(self) -> list[Run]:
        """The file of each chunk that was added since the last judgement, in whose account its other rows are put."""
        return [one.run for one in self._added]

    def add(self, run: Run, chunk: Chunk) -> None:
        """Add a chunk of a file."""
        if len(chunk.numbers) and not run.begun:
            run.begun = True
            chunk = chunk.without_first() if run.layouts[0].header else chunk
        run.rows += len(chunk.numbers) + len(chunk.too_long)
        split = split_lines(chunk, run.layouts, lambda layout: self.judge.columns(layout, run.facts))
        for part in split.whole:
            numbers = part.lines["line"].to_numpy() + len(self._added) * STRIDE
            placed = part._replace(lines=_with_lines(part.lines, numbers))
            self._parts.setdefault((part.layout, run.facts), []).append(placed)
        alike = list(dict.fromkeys((part.layout, run.facts) for part in split.whole))
        self._added.append(_Added(run, chunk, split.broken, alike))
        self._bytes += len(chunk.text)

    def judged(self) -> "Iterator[tuple[Index, pa.Table]]":
        """Judge what was added; yield events with the places of their files in `runs`, and account for other rows."""
        import pyarrow as pa

        found: dict[Alike, Judged] = {}
        for (layout, facts), parts in self._parts.items():
            lines = pa.concat_tables([part.lines for part in parts])
            padded = any(part.padded for part in parts)
            digits = frozenset.intersection(*(part.digits for part in parts))
            judged = self.judge.judge(lines, layout, facts, padded=padded, digits=digits)
            found[layout, facts] = judged
            numbers = judged.kept["line"].to_numpy()
            yield numbers // STRIDE, _with_lines(judged.kept, numbers % STRIDE)
        self._account({alike: _by_place(judged, len(self._added)) for alike, judged in found.items()})
        self._clear()

    def _account(self, others: "dict[Alike, list[_Others]]") -> None:
        """Put rejected and filtered rows into the accounts of their files, in the order of these."""
        for place, (run, chunk, broken, alike) in enumerate(self._added):
            for line in chunk.too_long:
                run.reject(line, "a line that is longer than any of a feed", "")
            _reject(run, chunk, broken)
            for own in alike:
                _reject(run, chunk, others[own][place].rejected)
                run.filter(others[own][place].filtered, others[own][place].filtered_lines)


class _Others(NamedTuple):
    """Rows of a chunk that are not kept: the reason by line, and how many by reason."""

    rejected: dict[int, str]
    filtered: dict[str, int]
    filtered_lines: dict[int, str]


def _by_place(judged: Judged, places: int) -> list[_Others]:
    """Return what is not kept of chunks that were judged together, chunk by chunk."""
    others = [_Others({}, {}, {}) for _ in range(places)]
    for line, reason in judged.rejected.items():
        others[line // STRIDE].rejected[line % STRIDE] = reason
    for place, reason, number in judged.filtered:
        others[place].filtered[reason] = number
    for line, reason in judged.filtered_lines.items():
        others[line // STRIDE].filtered_lines[line % STRIDE] = reason
    return others


def _with_lines(table: "pa.Table", numbers: Index) -> "pa.Table":
    """Return a table with other numbers of lines."""
    import pyarrow as pa

    return table.set_column(table.schema.get_field_index("line"), "line", pa.array(numbers))


def _reject(run: FileRun, chunk: Chunk, reasons: dict[int, str]) -> None:
    """Reject lines of a chunk, each with its text."""
    places = np.searchsorted(chunk.numbers, np.array(list(reasons), dtype=np.int64))
    for (line, reason), text in zip(reasons.items(), chunk.lines(places), strict=True):
        run.reject(line, reason, text.decode())


def _as_table(
    feed: Feed, settings: FeedSettings, runs: list[FileRun], kept: "list[pa.Table]", strange: list[FeedFile]
) -> EventTable:
    """Put events together, take out what repeats others, and account for all of it."""
    import pyarrow as pa

    if not kept:
        raise nothing_kept(account_of(feed, settings, runs, [0] * len(runs)), rejects_of(feed, runs, strange))
    names = [run.file.name for run in runs]
    unique = without_repeats(pa.concat_tables(kept), names, settings, [run.facts for run in runs])
    for place, line, reason in unique.superseded:
        runs[place].filter({reason: 1}, {line: reason} if settings.list_filtered else {})
    repeated = [0] * len(runs)
    for place, _, _ in unique.repeats:
        repeated[place] += 1
    duplicates = [(names[place], line, reason) for place, line, reason in unique.repeats]
    account, rejects = account_of(feed, settings, runs, repeated, duplicates), rejects_of(feed, runs, strange)
    if unique.events.empty:
        raise nothing_kept(account, rejects)
    return EventTable(
        events=sort_events(in_contract(unique.events, feed)),
        rejects=rejects,
        files=source_files(runs),
        accounts=(account,),
        vintaged=(feed.name,) if feed.vintaged else (),
    )


def account_of(
    feed: Feed,
    settings: FeedSettings,
    runs: Sequence[FileRun],
    repeated: Sequence[int],
    duplicates: Sequence[tuple[str, int, str]] = (),
) -> FeedAccount:
    """Account for the rows of files, of which so many repeat others; `duplicates` lists these, if they are listed."""
    files = []
    for run, number in zip(runs, repeated, strict=True):
        kept = run.rows - len(run.rejected) - run.filtered_rows - number
        files.append(
            FileAccount(
                run.file.name, run.rows, kept, len(run.rejected), run.filtered_rows, number, run.mended
            )
        )  # fmt: skip
    reasons: dict[str, int] = {}
    for run in runs:
        for reason, number in run.filtered.items():
            reasons[reason] = reasons.get(reason, 0) + number
    filtered = [(run.file.name, *each) for run in runs for each in run.filtered_lines]
    return FeedAccount(
        feed.name, feed.title, settings.words, tuple(files), reasons,
        duplicates=_places(duplicates), filtered=_places(filtered),
    )  # fmt: skip


def rejects_of(feed: Feed, runs: Sequence[FileRun], strange: Sequence[FeedFile]) -> "pd.DataFrame":
    """Return the rejected rows, and the files that are not of the feed."""
    import pandas as pd

    rows = [(run.file.name, *each) for run in runs for each in sorted(run.rejected)]
    rows += [(file.name, 0, f"no file of {feed.title}: not read", "") for file in strange]
    return pd.DataFrame(rows, columns=list(REJECT_COLUMNS))


def source_files(runs: Sequence[FileRun]) -> tuple[SourceFile, ...]:
    """Return the names, digests and numbers of rows of files."""
    return tuple(SourceFile(run.file.name, run.sha256, run.rows, len(run.rejected)) for run in runs)


def _places(rows: Sequence[tuple[str, int, str]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(sorted(rows), columns=list(PLACE))


def nothing_kept(account: FeedAccount, rejects: "pd.DataFrame") -> DataError:
    """Return the error for files of which no event is left."""
    first = ""
    if len(rejects):
        file, line, reason = rejects.iloc[0][list(PLACE)]
        first = f" The first rejected is {file}, line {line}: {reason}."
    why = "".join(f" {number:,} rows: {reason}." for reason, number in account.filtered_by.items())
    return DataError(f"No event is left. {account.sentence}{why}{first} Ask for other dyads or settings.")


def in_contract(rows: "pd.DataFrame", feed: Feed) -> "pd.DataFrame":
    """Return events with the columns and types of the contract."""
    import pandas as pd

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
            "happenings": 1,
        }
    )
    return events.astype({"happenings": "int64", **dict.fromkeys(TEXT_COLUMNS, "str")})
