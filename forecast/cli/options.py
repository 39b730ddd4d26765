"""Groups of options that several commands have, and the data they describe."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import forecast
from forecast.base.dates import parse_date, parse_horizons
from forecast.base.errors import DataError, SpecError
from forecast.cli.declaring import COMPUTATION, WINDOW, opt, shared, whole
from forecast.cli.terminal import say

if TYPE_CHECKING:
    from datetime import date

    from forecast.data.events import EventTable
    from forecast.data.records import Records
    from forecast.data.sources import Data

CHRONOLOGY = "chronology"
"""As a table of events: the embedded chronology."""


@dataclass
class AnyData:
    """Source of the data."""

    panel = "Data"

    datasets: str | None = opt(
        "Datasets by name, such as chronology,gdelt: the embedded chronology, and datasets of --archive.",
        name="--data",
    )
    archive: Path | None = opt(
        "Folder of an archive of machine-coded feeds (`forecast help archive`)."
    )
    events: list[Path] | None = opt(
        "Your own table (with --mapping), chronology folder, or files of a machine-coded feed (`forecast help feeds`). "
        "Repeat it for several tables together; `chronology` is the embedded one."
    )
    mapping: list[Path] | None = opt(
        "Where the table's fields stand. One a table, in the order of the tables."
    )
    counts: Path | None = opt("Your own counts by class (with --mapping).")
    index: Path | None = opt("Your own index (with --mapping).")
    format: Literal["keds", "copdab"] | None = opt(
        "With --events: the file is as KEDS or TABARI write it, or monthly intensities of COPDAB; needs no mapping."
    )
    scheme: Literal["cameo", "weis"] | None = opt(
        "With --format keds: the coding scheme. Default: cameo."
    )
    feed: str | None = shared.feed()
    feed_setting: list[str] | None = shared.feed_setting()

    @cached_property
    def source(self) -> "forecast.Source | None":
        """The source of the data; None if no option names one."""
        from forecast.data.feeds import parse_settings

        mappings, settings = (
            self.mapping or [],
            parse_settings(self.feed_setting) if self.feed_setting else None,
        )
        tables = {"events": self.events, "counts": self.counts, "index": self.index}
        named = [name for name, given in tables.items() if given]
        if self.format or self.scheme:
            return self._formatted(bool(mappings or self.feed or settings or named != ["events"]))
        if self.datasets or self.archive:
            if named or mappings or self.feed:
                raise SpecError(
                    "--data: names the data, as --events, --counts and --index do; give one of them"
                )
            return _named_data(self.datasets, self.archive, settings)
        if len(named) > 1:
            raise SpecError(
                f"--{', --'.join(named)}: two kinds of source at once; give one of them"
            )
        if (self.feed or settings) and not self.events:
            raise SpecError("--feed: says how to read --events, which is missing; give both")
        if self.events:
            return _of_files(self.events, mappings, self.feed, settings)
        if named:
            _require_mappings(named[0], 1, mappings)
            return forecast.Source(
                kind=named[0], path=str(tables[named[0]]), mapping=str(mappings[0])
            )
        if mappings:
            raise SpecError(
                "--mapping: says how to read --events, --counts or --index, which is missing; give both"
            )
        return None

    def _formatted(self, more: bool) -> "forecast.Source":
        """Return the source of the file that --format describes."""
        if self.format is None:
            raise SpecError(
                "--scheme: says how --format keds is coded, which is missing; give both"
            )
        if self.scheme and self.format != "keds":
            raise SpecError(f"--scheme: --format {self.format} has none; leave it out")
        if more or self.datasets or self.archive or len(self.events or ()) != 1:
            raise SpecError(
                "--format: describes one file of --events, and nothing else; give --events FILE alone"
            )
        path = str(self.events[0]) if self.events else None
        return forecast.Source(kind=self.format, path=path, scheme=self.scheme)

    @property
    def paths(self) -> list[Path]:
        """The files that are read."""
        return self.source.files if self.source else []


@dataclass
class Added(AnyData):
    """Source of the data, and events that are added to them."""

    add: list[Path] | None = opt(
        "A small CSV of events to add to the record: date, source, target, code or kind, summary. Repeat it for "
        "several, or name a folder (`forecast help adding-events`)."
    )
    covered_to: list[str] | None = opt(
        "With --add: up to which day the record of a pair is complete, such as USA-CHN:2026-06-21. Repeat it for other "
        "pairs. PAIR:FIRST:LAST also covers a gap before the added events, such as USA-RUS:2026-03-29:2026-06-21. "
        "Default: the last added day, without a gap of more than 31 days.",
        metavar="PAIR:DAY",
    )

    @property
    def given(self) -> "forecast.Source | None":
        """The source of the data with the events that are added to it."""
        if not self.add:
            if self.covered_to:
                raise SpecError(
                    "--covered-to: says how far added events complete the record; give --add as well"
                )
            return self.source
        from forecast.data.events.coverage import parse_statements

        stated = tuple(map(str, parse_statements(self.covered_to)))
        added = {"additions": tuple(map(str, self.add)), "covered_to": stated}
        return (self.source or forecast.Source()).model_copy(update=added)


@dataclass
class EventChoices:
    """Which events of a set count."""

    panel = "Question"

    by: str | None = opt("Of events, the state that acts, such as USA.")
    actor: str | None = opt("Of events, a name that the row contains.")
    quiet: int | None = opt("Of events, in place of a number: days in a row without any.", min=1)

    @property
    def chosen(self) -> dict[str, Any]:
        """The fields of `forecast.AskedEvents` that these are."""
        return {"by": self.by and self.by.upper(), "actor": self.actor, "quiet": self.quiet}


@dataclass
class Window:
    """Months ahead, and what is asked of them."""

    panel = WINDOW

    horizons: str | None = opt("Months ahead, such as 6,12. Default: 3,6,12,24.")
    above: float | None = opt(
        "A share in per cent: the chance that at least so much of what is recorded is cooperative."
    )
    baseline: int = opt("Months up to the forecast date that every horizon is compared with.", 12)
    at: str | None = opt("In place of --horizons: the month, YYYY-MM, with which the window ends.")
    by: str | None = opt(
        "With --above: the share of the preceding 12 months (of --horizons the one nearest to 12) is that high at the "
        "end of at least one month up to this one."
    )
    improvement: float = shared.improvement()

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments by which an outlook is asked for."""
        if self.horizons and self.at:
            raise SpecError("--horizons, --at: both say how far ahead; leave out one of them")
        return {
            "horizons": parse_horizons(self.horizons or "3,6,12,24"),
            "baseline_months": self.baseline,
            "above": self.above,
            "at": day_of(self.at, "at"),
            "by": day_of(self.by, "by"),
            "improvement": self.improvement,
        }


@dataclass
class Driven:
    """Covariates and what they act on."""

    panel = "Covariates"

    drivers: Path | None = opt(
        "Covariates: a CSV file (`forecast help drivers`), or calendar for elections, congresses and summits. A "
        "backtest has the pendulum with them and without."
    )
    driver_acts: str | None = opt(
        "What drivers act on: month, cycle or trend; or each, such as summit=month,trade=cycle. Default: month, and "
        "what suits those of the calendar."
    )
    driver_future: str = opt(
        "Drivers in the months ahead: given (as far as known on the day), carried (at the last value) or simulated.",
        "given",
    )


@dataclass
class Sampler:
    """Number of draws to sample, and cores to use."""

    panel = COMPUTATION

    seed: int = shared.seed()
    draws: int | None = whole("Kept draws of a chain.", "draws")
    tune: int | None = whole("Warm-up draws of a chain.", "tune")
    chains: int | None = whole("Chains.", "chains")
    cores: int | None = shared.cores()


@dataclass
class Tested(AnyData):
    """Data of the tests of claims."""

    as_of: str | None = shared.as_of()
    frequency: Literal["month", "week"] = shared.frequency()
    together: str | None = opt(
        "Dyads to test together, such as USA-RUS,CHN-RUS. Default: all of the data.", name="--with"
    )
    claims: str | None = opt(
        "Codes such as S2,S5. Default: all that the data can answer, except S12; of power, all that are simulated."
    )
    seed: int = shared.seed()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the claims; none for the default."""
        return tuple(code.strip() for code in self.claims.split(",")) if self.claims else ()

    def gathered(self) -> "Data":
        """Read the data and count them into one panel."""
        return forecast.gather(
            self.source or forecast.Source(),
            dyads_of(self.together),
            as_of=day_of(self.as_of, "as-of"),
            frequency=self.frequency,
        )


def day_of(text: str | None, name: str) -> "date | None":
    """Return the day that an option names; None if it was not given."""
    return parse_date(text, name) if text else None


def _of_files(
    paths: list[Path],
    mappings: list[Path],
    feed: str | None,
    settings: "forecast.FeedSettings | None",
) -> "forecast.Source":
    """Return the source of chronologies, tables and files of feeds, which stand last.

    With --feed all are files of it; else those that look like one, unless every table has its
    mapping.
    """
    from forecast.data.feeds import detect_feed
    from forecast.data.feeds.detect import find_feed

    if feed and mappings:
        raise SpecError("--feed, --mapping: a feed needs no mapping; leave out one of them")
    named = find_feed(feed).name if feed else None
    files = [path for path in paths if str(path) != CHRONOLOGY and not path.is_dir()]
    mapped = bool(mappings) and len(files) == len(mappings)
    feeds, others, tables = dict[str, list[str]](), list[Path](), list[Path]()
    for path in paths:
        looked_at = not mapped and path.exists() and not _is_chronology(path)
        if str(path) != CHRONOLOGY and (
            name := named or (detect_feed(path) if looked_at else None)
        ):
            feeds.setdefault(name, []).append(str(path))
            continue
        others.append(path)
        if path in files and (mappings or looked_at):
            tables.append(path)
    if settings and not feeds:
        raise SpecError(
            "--feed-setting: no file of a feed is given; leave it out, or name files of a feed"
        )
    _require_mappings("events", len(tables), mappings)
    of_table = dict(zip(tables, mappings, strict=True))
    sources = [
        forecast.Source(kind="events", path=str(path), mapping=str(of_table[path]))
        if path in of_table
        else forecast.Source(path=None if str(path) == CHRONOLOGY else str(path))
        for path in others
    ]
    sources += [
        forecast.Source(kind="feed", paths=tuple(own), feed=name, settings=settings)
        for name, own in feeds.items()
    ]
    return _together(sources)


def _require_mappings(kind: str, tables: int, mappings: list[Path]) -> None:
    if len(mappings) != tables:
        raise SpecError(
            f"--{kind}: a mapping must say where the table's fields stand; give --mapping as well, one a table "
            f"(tables: {tables}, mappings: {len(mappings)})"
        )


def _together(sources: "list[forecast.Source]") -> "forecast.Source":
    return (
        sources[0] if len(sources) == 1 else forecast.Source(kind="several", sources=tuple(sources))
    )


def named_datasets(data: str | None) -> list[str]:
    """Return the names in --data, each once, in their order."""
    names = list(
        dict.fromkeys(word.strip().lower() for word in (data or "").split(",") if word.strip())
    )
    if data and not names:
        raise SpecError(
            "--data: no dataset is named; name some, such as chronology,gdelt, or leave it out"
        )
    return names


def _named_data(
    data: str | None, archive: Path | None, settings: "forecast.FeedSettings | None"
) -> "forecast.Source":
    """Return the source of datasets that are named; without names, all that an archive holds."""
    names = named_datasets(data)
    of_archive = [name for name in names if name != CHRONOLOGY]
    if of_archive and archive is None:
        raise SpecError(
            f"--data: {of_archive[0]!r:.60} is a dataset of an archive; give --archive as well"
        )
    if archive is not None and names and not of_archive:
        raise SpecError(
            "--archive: none of its datasets is named; name one in --data, or leave --archive out"
        )
    if settings and archive is None:
        raise SpecError(
            "--feed-setting: the chronology is no feed; leave it out, or name a dataset of an archive"
        )
    sources = [forecast.Source()] if CHRONOLOGY in names else []
    if archive is not None:
        kept = forecast.Source(
            kind="archive", path=str(archive), datasets=tuple(of_archive), settings=settings
        )
        sources = [kept, *sources] if names and names[0] != CHRONOLOGY else [*sources, kept]
    return _together(sources)


def _is_chronology(path: Path) -> bool:
    """Return whether a path is, by its name, a chronology: the embedded one, a file of one or a folder of such."""
    name = re.compile(r"[A-Z]{3}-[A-Z]{3}\.csv", re.IGNORECASE)
    files = path.iterdir() if path.is_dir() else [path]
    return str(path) == CHRONOLOGY or any(name.fullmatch(one.name) for one in files)


def open_data(
    given: "forecast.Source | None", dyad: str | None = None, as_of: "date | None" = None
) -> "Records":
    """Open a source, by default the chronology, as it was on a day.

    No more than one dyad needs, if it is given.
    """
    from forecast.data.events.coverage import gap_warnings
    from forecast.data.sources import open_source

    records = open_source(given or forecast.Source(), None if dyad is None else [dyad], as_of)
    for warning in () if records.events is None else gap_warnings(records.events.additions):
        say(warning)
    return records


def event_table(
    given: "forecast.Source | None", dyad: str | None = None, as_of: "date | None" = None
) -> "EventTable":
    """Return the single events of a source as known on a day, of all dyads or of one."""
    events = open_data(given, dyad, as_of).events
    if events is None:
        raise DataError(
            "--events: the source holds no single events; give a table of events or a chronology"
        )
    return events


def dyads_of(given: str | list[str] | None, option: str = "--with") -> tuple[str, ...] | None:
    """Return the dyads of an option or argument, separated by commas or given one by one.

    None if none was given.
    """
    if not (given or given == ""):
        return None
    text = given if isinstance(given, str) else ",".join(given)
    if dyads := tuple(word.strip() for word in text.split(",") if word.strip()):
        return dyads
    raise SpecError(
        f"{option}: no dyad is given; name some, such as USA-RUS,CHN-RUS, or leave it out"
    )
