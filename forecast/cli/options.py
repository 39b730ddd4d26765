"""Option groups that several commands share, and the inputs they describe."""

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from forecast.arguments import MOST_MONTHS, require_positive, require_sampler, require_whole
from forecast.cli.terminal import escape
from forecast.errors import NotConverged, OutputPathError, SpecError
from forecast.escaping import json_text

if TYPE_CHECKING:
    from datetime import date

    from forecast.events import EventTable
    from forecast.hypotheses import Plan
    from forecast.model.gate import Miss
    from forecast.sources import Data, Source
    from forecast.sources.records import Frequency as Frequencies

CHRONOLOGY = "chronology"
"""As a table of events: the embedded chronology."""


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the fields of parameters that are dataclasses into options of a command, after its own."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
    own = inspect.signature(command).parameters
    options = [(name, one.default, hints[name]) for name, one in own.items() if name not in groups]
    for group in groups.values():
        kinds = get_type_hints(group, include_extras=True)
        fields = sorted(dataclasses.fields(group), key=lambda one: one.name not in group.__annotations__)
        options += [(one.name, one.default, kinds[one.name]) for one in fields]
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, default, kind in options
    ]

    def run(**values: Any) -> None:
        made = {
            name: group(**{one.name: values.pop(one.name) for one in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        command(**made, **values)

    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def output(help_text: str, kind: str = "FOLDER") -> Any:
    """Return the option ``--out``: a file or folder to be written, with a name."""
    return typer.Option("--out", parser=_output_path, metavar=kind, help=help_text)


def _output_path(text: str | Path) -> Path:
    if not str(text).strip():  # Python would take that for the working folder
        raise OutputPathError("--out: an empty name; give the name of a folder, or . for the working folder")
    return Path(text)


Dyad = Annotated[str, typer.Option("--dyad", help="Two states, such as USA-CHN.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Use only events that the data date, or publish, by this day, YYYY-MM-DD or YYYY-MM. Default: the "
        "coverage end.",
    ),
]
Feed = Annotated[
    str | None,
    typer.Option("--feed", help="With --events: which feed the files are of. Default: what their content says."),
]
FeedSetting = Annotated[
    list[str] | None,
    typer.Option(
        "--feed-setting", help="With a feed: what is counted of it, such as one_a_day=no. Repeat it (docs/feeds.md)."
    ),
]
Datasets = Annotated[
    str | None,
    typer.Option(
        "--data", help="Datasets by name, such as chronology,gdelt: the embedded chronology, and datasets of --archive."
    ),
]
Archive = Annotated[
    Path | None, typer.Option("--archive", help="Folder of an archive of machine-coded feeds (docs/archive.md).")
]
Frequency = Annotated[str, typer.Option("--frequency", help="Periods: month or week; counts bring their own.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")]
Cores = Annotated[int | None, typer.Option("--cores", help="Cores to use; default: all. Changes no number.")]
With = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="Dyads to fit together with this one, such as USA-RUS,CHN-RUS. Default: those that data/dyads.csv "
        "names under `hierarchy`; none for a dyad that it keeps out.",
    ),
]
Horizons = Annotated[str | None, typer.Option("--horizons", help="Months ahead, such as 6,12. Default: 3,6,12,24.")]
Improvement = Annotated[float, typer.Option("--improvement", help="Points of share (0 to 100) that count as a change.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace the earlier page that is in the folder of --out.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def own_folder(parent: str) -> Any:
    """Return the option ``--out`` of a page that has a folder of its own if none is named."""
    return output(f"Folder of the page. Default: {parent}/DYAD-DAY, with a number if there is one of that name.")


@dataclass
class Events:
    """Source of single events."""

    datasets: Datasets = None
    archive: Archive = None
    events: Annotated[
        list[Path] | None,
        typer.Option(
            "--events",
            help="Your own table (with --mapping), chronology folder, or files of a machine-coded feed "
            "(docs/feeds.md). Repeat it for several tables together; `chronology` is the embedded one.",
        ),
    ] = None
    mapping: Annotated[
        list[Path] | None,
        typer.Option("--mapping", help="Where the table's fields stand. One a table, in the order of the tables."),
    ] = None

    @property
    def paths(self) -> list[Path | None]:
        """The files that are read."""
        given = (getattr(self, name, None) for name in ("counts", "index"))
        return [*(self.events or []), *given, *(self.mapping or [])]

    @property
    def source(self) -> "Source | None":
        """The source of the data; None if no option names one."""
        names = ("counts", "index", "feed", "feed_setting")
        counts, index, feed, settings = (getattr(self, name, None) for name in names)
        return _source(self, counts, index, feed, settings)


@dataclass
class Counted(Events):
    """Source of events or counts."""

    counts: Annotated[Path | None, typer.Option("--counts", help="Your own counts by class (with --mapping).")] = None


@dataclass
class FromFeeds(Counted):
    """Source of events, of feeds with their settings, or of counts."""

    feed_setting: FeedSetting = None


@dataclass
class AnyData(FromFeeds):
    """Source of the data."""

    index: Annotated[Path | None, typer.Option("--index", help="Your own index (with --mapping).")] = None


@dataclass
class Added:
    """Events that are added to the data."""

    add: Annotated[
        list[Path] | None,
        typer.Option(
            "--add",
            help="A small CSV of events to add to the record: date, source, target, code or kind, summary. Repeat it "
            "for several, or name a folder (docs/adding-events.md).",
        ),
    ] = None
    covered_to: Annotated[
        str | None,
        typer.Option(
            "--covered-to",
            help="With --add: up to which day the record is complete, YYYY-MM-DD or YYYY-MM. Default: the last added "
            "day.",
        ),
    ] = None

    def to(self, data: Events) -> "Source | None":
        """Return the source of the data with the events that are added to it."""
        from forecast.sources import Source

        if not self.add:
            if self.covered_to:
                raise SpecError("--covered-to: says how far added events complete the record; give --add as well")
            return data.source
        until = day_of(self.covered_to, "covered-to")
        stated = None if until is None else until.isoformat()
        added = {"additions": tuple(map(str, self.add)), "covered_to": stated}
        return (data.source or Source()).model_copy(update=added)


@dataclass
class Driven:
    """Covariates and what they act on."""

    drivers: Annotated[
        Path | None,
        typer.Option(
            "--drivers",
            help="Covariates: a CSV file (docs/drivers.md), or calendar for elections, congresses and summits. A "
            "backtest has the pendulum with them beside the pendulum without.",
        ),
    ] = None
    driver_acts: Annotated[
        str | None,
        typer.Option(
            "--driver-acts",
            help="What drivers act on: month, cycle or trend; or each, such as summit=month,trade=cycle. Default: "
            "month, and what suits those of the calendar.",
        ),
    ] = None
    driver_future: Annotated[
        str,
        typer.Option(
            "--driver-future",
            help="Drivers in the months ahead: given (as far as known on the day), carried (at the last value) or "
            "simulated.",
        ),
    ] = "given"


@dataclass
class Sampler:
    """Number of draws to sample."""

    seed: Seed = 1
    draws: Annotated[int | None, typer.Option("--draws", help="Kept draws of a chain.")] = None
    tune: Annotated[int | None, typer.Option("--tune", help="Warm-up draws of a chain.")] = None
    chains: Annotated[int | None, typer.Option("--chains", help="Chains.")] = None


@dataclass
class Tested(Sampler, AnyData):
    """Subject of a run of tests: data and model, draws, and alternatives of the power."""

    dyad: Dyad = "USA-CHN"
    as_of: AsOf = None
    frequency: Frequency = "month"
    together: With = None
    half_lives: Annotated[
        list[float] | None,
        typer.Option(
            "--half-life", help="Months; a half-life whose detection the power of S5 is about. Repeat it for several."
        ),
    ] = None

    def plan(
        self, claims: str | None, *, simulations: int | None = None, sensitivity: bool | None = None
    ) -> "tuple[Data, Plan]":
        """Gather the data and make the plan; a choice that is None is the plan's default."""
        from forecast.hypotheses.plan import make_plan, require_answerable
        from forecast.hypotheses.registry import CLAIMS, need_other_dyads, parse_claims
        from forecast.sources import Source, gather

        sampler = {"draws": self.draws, "tune": self.tune, "chains": self.chains}
        require_sampler(**sampler, seed=self.seed)
        require_whole("simulations", simulations or 0)
        for half_life in self.half_lives or ():
            require_positive("half-life", half_life, MOST_MONTHS, "months")
        source = self.source or Source()
        if self.as_of is None:  # a plan is carried out as of its day, on which the editions may not be issued yet
            source = source.latest
        codes = parse_claims(claims) if claims else ()
        data = gather(
            source, self.dyad, as_of=day_of(self.as_of, "as-of"), frequency=check_frequency(self.frequency),
            others=need_other_dyads(codes or CLAIMS), hierarchy=dyads_of(self.together),
        )  # fmt: skip
        require_answerable(codes, data)
        given: dict[str, Any] = {name: value for name, value in sampler.items() if value}
        given |= {"half_lives": tuple(self.half_lives)} if self.half_lives else {}
        chosen = {"simulations": simulations, "sensitivity": sensitivity, "seed": self.seed}
        given |= {name: value for name, value in chosen.items() if value is not None}
        return data, make_plan(data, source, claims=codes, **given)


def day_of(text: str | None, name: str) -> "date | None":
    """Return the day that an option names; None if it was not given."""
    from forecast.dates import parse_date

    return parse_date(text, name) if text else None


def check_frequency(text: str) -> "Frequencies":
    """Return a frequency that there is."""
    if text not in ("month", "week"):
        raise SpecError(f"--frequency: got {text!r}; expected month or week")
    return text  # type: ignore[return-value]


def _source(
    data: Events, counts: Path | None, index: Path | None, feed: str | None, feed_settings: list[str] | None
) -> "Source | None":
    from forecast.sources import Source

    if data.datasets or data.archive:
        if data.events or counts or index or data.mapping or feed:
            raise SpecError("--data: names the data, as --events, --counts and --index do; give one of them")
        return _named_data(data.datasets, data.archive, feed_settings)
    given = {"events": data.events, "counts": [counts] if counts else None, "index": [index] if index else None}
    named = {kind: paths for kind, paths in given.items() if paths}
    mappings = list(data.mapping or [])
    if len(named) > 1:
        raise SpecError(f"--{', --'.join(named)}: two kinds of source at once; give one of them")
    if (feed or feed_settings) and "events" not in named:
        raise SpecError("--feed: says how to read --events, which is missing; give both")
    if not named:
        if mappings:
            raise SpecError("--mapping: says how to read --events, --counts or --index, which is missing; give both")
        return None
    ((kind, paths),) = named.items()
    feeds = _feeds(paths, mappings, feed) if kind == "events" else {}
    if feed_settings and not feeds:
        raise SpecError("--feed-setting: no file of a feed is given; leave it out, or name files of a feed")
    others = [path for path in paths if not any(path in of_feed for of_feed in feeds.values())]
    tables = [path for path in others if kind != "events" or _is_table(path, bool(mappings))]
    if len(mappings) != len(tables):
        raise SpecError(
            f"--{kind}: a mapping must say where the table's fields stand; give --mapping as well, one a table "
            f"(tables: {len(tables)}, mappings: {len(mappings)})"
        )
    by_table = dict(zip(tables, mappings, strict=True))
    sources = [
        Source(kind=kind, path=str(path), mapping=str(by_table[path])) if path in by_table
        else Source(path=None if str(path) == CHRONOLOGY else str(path))
        for path in others
    ]  # fmt: skip
    sources += [_feed_source(name, of_feed, feed_settings) for name, of_feed in feeds.items()]
    return sources[0] if len(sources) == 1 else Source(kind="several", sources=tuple(sources))


def named_datasets(data: str | None) -> list[str]:
    """Return the names in --data, each once, in their order."""
    names = list(dict.fromkeys(word.strip().lower() for word in (data or "").split(",") if word.strip()))
    if data and not names:
        raise SpecError("--data: no dataset is named; name some, such as chronology,gdelt, or leave it out")
    return names


def _named_data(data: str | None, archive: Path | None, settings: list[str] | None) -> "Source":
    """Return the source of datasets that are named; without names, all that an archive holds."""
    from forecast.feeds import parse_settings
    from forecast.sources import Source

    names = named_datasets(data)
    of_archive = [name for name in names if name != CHRONOLOGY]
    if of_archive and archive is None:
        raise SpecError(f"--data: {of_archive[0]!r:.60} is a dataset of an archive; give --archive as well")
    if archive is not None and names and not of_archive:
        raise SpecError("--archive: none of its datasets is named; name one in --data, or leave --archive out")
    if settings and archive is None:
        raise SpecError("--feed-setting: the chronology is no feed; leave it out, or name a dataset of an archive")
    sources = [Source()] if CHRONOLOGY in names else []
    if archive is not None:
        chosen = parse_settings(settings) if settings else None
        kept = Source(kind="archive", path=str(archive), datasets=tuple(of_archive), settings=chosen)
        sources = [kept, *sources] if names and names[0] != CHRONOLOGY else [*sources, kept]
    return sources[0] if len(sources) == 1 else Source(kind="several", sources=tuple(sources))


def _feed_source(name: str, paths: list[Path], settings: list[str] | None) -> "Source":
    from forecast.feeds import parse_settings
    from forecast.sources import Source

    chosen = parse_settings(settings) if settings else None
    return Source(kind="feed", paths=tuple(map(str, paths)), feed=name, settings=chosen)


def _feeds(paths: list[Path], mappings: list[Path], feed: str | None) -> dict[str, list[Path]]:
    """Return the paths that are files of a feed, by its name: all if one is named, else those that look like one.

    Where every table has its mapping, none is looked at.
    """
    from forecast.feeds.detect import find_feed

    if feed:
        if mappings:
            raise SpecError("--feed, --mapping: a feed needs no mapping; leave out one of them")
        named = [path for path in paths if str(path) != CHRONOLOGY]
        return {find_feed(feed).name: named} if named else {}
    if len([path for path in paths if _is_table(path, bool(mappings))]) == len(mappings) and mappings:
        return {}
    found: dict[str, list[Path]] = {}
    for path in paths:
        name = looks_like_feed(path)
        if name:
            found.setdefault(name, []).append(path)
    return found


def looks_like_feed(path: Path) -> str | None:
    """Return the name of the feed that a file or folder looks like; None for a chronology and other tables."""
    from forecast.feeds import detect_feed

    if str(path) == CHRONOLOGY or not path.exists() or _is_chronology(path):
        return None
    return detect_feed(path)


def _is_chronology(path: Path) -> bool:
    """Return whether a path is, by its name, a chronology file or a folder of such files."""
    name = re.compile(r"[A-Z]{3}-[A-Z]{3}\.csv")
    return any(name.fullmatch(one.name) for one in (path.iterdir() if path.is_dir() else [path]))


def event_table(given: "Source | None", dyad: str | None = None, as_of: "date | None" = None) -> "EventTable":
    """Return the single events of a source as known on a day, of all dyads or of one."""
    from forecast.errors import DataError
    from forecast.sources import Source, open_source

    events = open_source(given or Source(), dyad, as_of).events
    if events is None:
        raise DataError("--events: the source holds no single events; give a table of events or a chronology")
    return events


def _is_table(path: Path, mapped: bool) -> bool:
    """Return whether a path is a table that needs a mapping, and not a chronology."""
    return str(path) != CHRONOLOGY and not path.is_dir() and (mapped or path.exists())


def dyads_of(text: str | None, option: str = "--with") -> tuple[str, ...] | None:
    """Return the dyads of an option, separated by commas; None if it was not given."""
    if text is None:
        return None
    if dyads := tuple(word.strip() for word in text.split(",") if word.strip()):
        return dyads
    raise SpecError(f"{option}: no dyad is given; name some, such as USA-RUS,CHN-RUS, or leave it out")


def not_converged(misses: "Iterable[Miss]") -> NotConverged:
    """Return the error of a run that missed the limits of the gate: how many, the worst, and what to do."""
    from forecast.model.gate import summarize_misses

    return NotConverged(
        f"NOT CONVERGED: do not use these numbers. {summarize_misses(misses)}. All are under Diagnostics on the page "
        "and in its JSON file. Take more --draws and --tune"
    )


def show_result(page: Path, name: str, print_result: Callable[[], None], *, as_json: bool) -> None:
    """Print the JSON file beside a page for programs, or the result for people."""
    if as_json:
        typer.echo((page.parent / name).read_text("utf-8"))
    else:
        print_result()


def echo_json(values: Any) -> None:
    """Print values as JSON."""
    typer.echo(json_text(json.dumps(values, indent=2, ensure_ascii=False)))


def say(message: str) -> None:
    """Print on standard error, apart from the output for programs."""
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[dim]{escape(message)}[/]")
