"""Options that several commands share, and the inputs they describe."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.bounds import MOST_MONTHS, require_positive, require_sampler, require_whole
from forecast.cli.terminal import escape
from forecast.errors import NotConverged, OutputPathError, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from forecast.events import EventTable
    from forecast.hypotheses import Plan
    from forecast.model.gate import Miss
    from forecast.sources import Data, Source
    from forecast.sources.records import Frequency as Frequencies


def output(help_text: str, kind: str = "FOLDER") -> Any:
    """Return the option ``--out``: a file or folder to be written, with a name."""
    return typer.Option("--out", parser=_output_path, metavar=kind, help=help_text)


def _output_path(text: str | Path) -> Path:
    if not str(text).strip():  # Python would take that for the working folder
        raise OutputPathError("--out: an empty name; give the name of a folder, or . for the working folder")
    return Path(text)


CHRONOLOGY = "chronology"
"""As a table of events: the embedded chronology."""

Dyad = Annotated[str, typer.Option("--dyad", help="Two states, such as USA-CHN.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Use only events that the data date, or publish, by this day, YYYY-MM-DD or YYYY-MM. Default: the "
        "coverage end.",
    ),
]
Events = Annotated[
    list[Path] | None,
    typer.Option(
        "--events",
        help="Your own table (with --mapping), chronology folder, or files of a machine-coded feed (docs/feeds.md). "
        "Repeat it for several tables together; `chronology` is the embedded one.",
    ),
]
Counts = Annotated[Path | None, typer.Option("--counts", help="Your own counts by class (with --mapping).")]
Index = Annotated[Path | None, typer.Option("--index", help="Your own index (with --mapping).")]
Mapping = Annotated[
    list[Path] | None,
    typer.Option("--mapping", help="Where the table's fields stand. One a table, in the order of the tables."),
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
Add = Annotated[
    list[Path] | None,
    typer.Option(
        "--add",
        help="A small CSV of events to add to the record: date, source, target, code or kind, summary. Repeat it for "
        "several, or name a folder (docs/adding-events.md).",
    ),
]
CoveredTo = Annotated[
    str | None,
    typer.Option(
        "--covered-to",
        help="With --add: up to which day the record is complete, YYYY-MM-DD or YYYY-MM. Default: the last added day.",
    ),
]
DriverActs = Annotated[
    str | None,
    typer.Option(
        "--driver-acts",
        help="What drivers act on: month, cycle or trend; or each, such as summit=month,trade=cycle. Default: "
        "month, and what suits those of the calendar.",
    ),
]
DriverFuture = Annotated[
    str,
    typer.Option(
        "--driver-future",
        help="Drivers in the months ahead: given (as far as known on the day), carried (at the last value) or "
        "simulated.",
    ),
]
Frequency = Annotated[str, typer.Option("--frequency", help="Periods: month or week; counts bring their own.")]
Claims = Annotated[
    str | None, typer.Option("--claims", help="Codes such as S5,S6. Default: all that the data can answer.")
]
HalfLives = Annotated[
    list[float] | None,
    typer.Option("--half-life", help="Months; a pull whose detection the power of S5 is about. Repeat it for several."),
]
Simulations = Annotated[
    int | None, typer.Option("--simulations", help="Simulated records an alternative for the power; 0 for none.")
]
Sensitivity = Annotated[
    bool, typer.Option("--sensitivity/--no-sensitivity", help="Go through other codings, eras and priors.")
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")]
Draws = Annotated[int | None, typer.Option("--draws", help="Kept draws of a chain.")]
Tune = Annotated[int | None, typer.Option("--tune", help="Warm-up draws of a chain.")]
Chains = Annotated[int | None, typer.Option("--chains", help="Chains.")]
Cores = Annotated[int | None, typer.Option("--cores", help="Cores to use; default: all. Changes no number.")]
With = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="Dyads to fit together with this one, such as USA-RUS,CHN-RUS. Default: those that data/dyads.csv "
        "names under `hierarchy`; none for a dyad that it keeps out.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def day_of(text: str | None, name: str) -> "date | None":
    """Return the day that an option names; None if it was not given."""
    from forecast.dates import parse_date

    return parse_date(text, name) if text else None


def check_frequency(text: str) -> "Frequencies":
    """Return a frequency that there is."""
    if text not in ("month", "week"):
        raise SpecError(f"--frequency: got {text!r}; expected month or week")
    return text  # type: ignore[return-value]


def source(
    events: list[Path] | None,
    counts: Path | None,
    index: Path | None,
    mapping: list[Path] | None,
    feed: str | None = None,
    feed_settings: list[str] | None = None,
    *,
    data: str | None = None,
    archive: Path | None = None,
) -> "Source | None":
    """Make the source of the data from the options that name it; None if no option does."""
    from forecast.sources import Source

    if data or archive:
        if events or counts or index or mapping or feed:
            raise SpecError("--data: names the data, as --events, --counts and --index do; give one of them")
        return _named_data(data, archive, feed_settings)
    given = {"events": events, "counts": [counts] if counts else None, "index": [index] if index else None}
    named = {kind: paths for kind, paths in given.items() if paths}
    mappings = list(mapping or [])
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
    from forecast.feeds.registry import find_feed

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
    """Whether a path is a file of a chronology by its name, or a folder of such."""
    name = re.compile(r"[A-Z]{3}-[A-Z]{3}\.csv")
    return any(name.fullmatch(one.name) for one in (path.iterdir() if path.is_dir() else [path]))


def added_to(data: "Source | None", add: list[Path] | None, covered_to: str | None) -> "Source | None":
    """Return the source with files of events that are added to it."""
    from forecast.sources import Source

    if not add:
        if covered_to:
            raise SpecError("--covered-to: says how far added events complete the record; give --add as well")
        return data
    until = day_of(covered_to, "covered-to")
    stated = None if until is None else until.isoformat()
    return (data or Source()).model_copy(update={"additions": tuple(map(str, add)), "covered_to": stated})


def event_table(given: "Source | None", dyad: str | None = None, as_of: "date | None" = None) -> "EventTable":
    """Return the single events of a source as known on a day, of all dyads or of one."""
    from forecast.errors import DataError
    from forecast.sources import Source, open_source

    events = open_source(given or Source(), dyad, as_of).events
    if events is None:
        raise DataError("--events: the source holds no single events; give a table of events or a chronology")
    return events


def _is_table(path: Path, mapped: bool) -> bool:
    """Whether a path is a table, which needs a mapping, and not a chronology."""
    return str(path) != CHRONOLOGY and not path.is_dir() and (mapped or path.exists())


def dyads_of(text: str | None, option: str = "--with") -> tuple[str, ...] | None:
    """Return the dyads of an option, separated by commas; None if it was not given."""
    if text is None:
        return None
    if dyads := tuple(word.strip() for word in text.split(",") if word.strip()):
        return dyads
    raise SpecError(f"{option}: no dyad is given; name some, such as USA-RUS,CHN-RUS, or leave it out")


def plan_from_options(
    dyad: str,
    claims: str | None,
    as_of: str | None,
    source: "Source | None",
    frequency: str,
    together: str | None = None,
    **choices: Any,
) -> "tuple[Data, Plan]":
    """Gather the data and make the plan that the options ask for; a choice that is None is the plan's default."""
    from forecast.hypotheses.plan import make_plan, require_answerable
    from forecast.hypotheses.registry import CLAIMS, need_other_dyads, parse_claims
    from forecast.sources import Source, gather

    require_sampler(**{name: choices[name] for name in ("draws", "tune", "chains", "seed")})
    require_whole("simulations", choices["simulations"] or 0)
    for half_life in choices["half_lives"] or ():
        require_positive("half-life", half_life, MOST_MONTHS, "months")
    check_frequency(frequency)
    source = source or Source()
    if as_of is None:  # a plan is carried out as of its day, on which the editions may not have been issued yet
        source = source.latest
    codes = parse_claims(claims) if claims else ()
    data = gather(
        source, dyad, as_of=day_of(as_of, "as-of"), frequency=frequency,  # type: ignore[arg-type]
        others=need_other_dyads(codes or CLAIMS), hierarchy=dyads_of(together),
    )  # fmt: skip
    require_answerable(codes, data)
    given = {name: tuple(value) if name == "half_lives" else value for name, value in choices.items() if value}
    given |= {name: choices[name] for name in ("sensitivity", "simulations", "seed") if choices.get(name) is not None}
    return data, make_plan(data, source, claims=codes, **given)


def not_converged(misses: "Iterable[Miss]") -> NotConverged:
    """Return the error of a run that missed the limits of the gate: how many, the worst, and what to do."""
    from forecast.model.gate import summarize_misses

    return NotConverged(
        f"NOT CONVERGED: do not use these numbers. {summarize_misses(misses)}. All are under Diagnostics on the page "
        "and in its JSON file. Take more --draws and --tune"
    )


def say(message: str) -> None:
    """Print on standard error, apart from the output for programs."""
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[dim]{escape(message)}[/]")
