"""Options of commands: how they are declared, groups that several commands share, and the data they describe."""

import inspect
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer
from typer.models import OptionInfo

from forecast.arguments import LIMITS
from forecast.cli.terminal import console, escape
from forecast.errors import DataError, NotConverged, OutputPathError, SpecError
from forecast.escaping import json_text

if TYPE_CHECKING:
    from datetime import date

    from forecast.events import EventTable
    from forecast.feeds import FeedSettings
    from forecast.model.gate import Miss
    from forecast.sources import Data, Records, Source

COMPUTATION, MODEL, OUTPUT, WINDOW = "Computation", "Model", "Output", "Forecast"
"""Panels of the help, which those of groups of options complete."""
CHRONOLOGY = "chronology"
"""As a table of events: the embedded chronology."""


def opt(help: str, default: Any = None, *, name: str = "", panel: str | None = None, **settings: Any) -> Any:
    """Declare an option as the default of a parameter or field, whose name it has unless another is given.

    A default of ... stands for an option that must be given. The help has it in a panel, by default that of its class.
    """

    def made(own: str) -> Any:
        return typer.Option(name or own, help=help, rich_help_panel=panel, **settings)

    return field(default=default, metadata={"made": made})


def arg(help: str, default: Any = None, **settings: Any) -> Any:
    """Declare an argument as the default of a parameter or field."""
    return field(default=default, metadata={"made": lambda own: typer.Argument(help=help, **settings)})


def grouped(*examples: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function, with the fields of its parameters that are dataclasses as options after its own."""
    return partial(_command, examples=examples)


def _command(command: Callable[..., None], examples: tuple[str, ...]) -> Callable[..., None]:
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    own = inspect.signature(command).parameters
    parameters = [_parameter(name, one.default, hints[name]) for name, one in own.items() if name not in groups]
    for group in groups.values():
        kinds = get_type_hints(group)
        in_order = sorted(fields(group), key=lambda one: one.name not in group.__annotations__)
        parameters += [_parameter(one.name, one, kinds[one.name], group.panel) for one in in_order]

    def run(**values: Any) -> None:
        made = {
            name: group(**{one.name: values.pop(one.name) for one in fields(group)}) for name, group in groups.items()
        }
        command(**made, **values)

    words = [" ".join(part.split()) for part in (command.__doc__ or "").split("\n\n")]
    run.__doc__ = "\n\n".join([*words, "Examples:", "\n".join(f"    forecast {one}" for one in examples)])
    run.__name__, run.__module__ = command.__name__, command.__module__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameter(name: str, declared: Any, kind: Any, panel: str | None = None) -> inspect.Parameter:
    """Return the parameter that typer is to see."""
    if not isinstance(declared, Field):  # the context of the command
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
    made = declared.metadata["made"](f"--{name.replace('_', '-')}")
    if isinstance(made, OptionInfo):
        made.rich_help_panel = made.rich_help_panel or panel
    default = inspect.Parameter.empty if declared.default in (..., MISSING) else declared.default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, made])


def whole(help: str, name: str, default: int | None = None, panel: str | None = None) -> Any:
    """Declare an option that is a whole number within the limits of its name."""
    least, most = LIMITS[name]
    return opt(help, default, min=least, max=most, panel=panel)


def output(help: str, default: Path | None = None, kind: str = "FOLDER") -> Any:
    """Declare the option ``--out``: a file or folder to be written, with a name."""
    return opt(help, default, parser=_output_path, metavar=kind, panel=OUTPUT)


def own_folder(parent: str) -> Any:
    """Declare the option ``--out`` of a page that has a folder of its own if none is named."""
    return output(f"Folder of the page. Default: {parent}/DYAD-DAY, with a number if there is one of that name.")


def _output_path(text: str | Path) -> Path:
    if not str(text).strip():  # Python would take that for the working folder
        raise OutputPathError("--out: an empty name; give the name of a folder, or . for the working folder")
    return Path(text)


AS_OF = "Use only events that the data date, or publish, by this day, YYYY-MM-DD or YYYY-MM"
shared = SimpleNamespace(
    dyad=partial(arg, "Two states, such as USA-CHN; `forecast dyads` lists those that are embedded.", metavar="DYAD"),
    as_of=partial(opt, f"{AS_OF}. Default: the coverage end."),
    feed=partial(opt, "With --events: which feed the files are of. Default: what their content says."),
    feed_setting=partial(
        opt,
        "With a feed: what is counted of it, such as one_a_day=no. Repeat it (`forecast help feeds`).",
        name="--feed-setting",
    ),
    frequency=partial(opt, "Periods: month or week; counts bring their own.", "month", panel=MODEL),
    seed=partial(whole, "The same seed gives the same numbers.", "seed", 1, panel=COMPUTATION),
    cores=partial(whole, "Cores to use; default: all. Changes no number.", "cores", panel=COMPUTATION),
    together=partial(
        opt,
        "Dyads to fit together with this one, such as USA-RUS,CHN-RUS. Default: those that `forecast dyads` "
        "lists as fitted together; none for a dyad that is fitted alone.",
        name="--with",
        panel=MODEL,
    ),
    improvement=partial(opt, "Points of share (0 to 100) that count as a change.", 5.0, panel=WINDOW),
    replace=partial(opt, "Replace the earlier page that is in the folder of --out.", False, panel=OUTPUT),
    json=partial(opt, "Print JSON for programs.", False, name="--json", panel=OUTPUT),
)
"""Options that several commands have, each to be called for the default of a parameter."""


@dataclass
class AnyData:
    """Source of the data."""

    panel = "Data"

    datasets: str | None = opt(
        "Datasets by name, such as chronology,gdelt: the embedded chronology, and datasets of --archive.", name="--data"
    )
    archive: Path | None = opt("Folder of an archive of machine-coded feeds (`forecast help archive`).")
    events: list[Path] | None = opt(
        "Your own table (with --mapping), chronology folder, or files of a machine-coded feed (`forecast help feeds`). "
        "Repeat it for several tables together; `chronology` is the embedded one."
    )
    mapping: list[Path] | None = opt("Where the table's fields stand. One a table, in the order of the tables.")
    counts: Path | None = opt("Your own counts by class (with --mapping).")
    index: Path | None = opt("Your own index (with --mapping).")
    feed: str | None = shared.feed()
    feed_setting: list[str] | None = shared.feed_setting()

    @cached_property
    def source(self) -> "Source | None":
        """The source of the data; None if no option names one."""
        from forecast.feeds import parse_settings
        from forecast.sources import Source

        mappings, settings = self.mapping or [], parse_settings(self.feed_setting) if self.feed_setting else None
        tables = {"events": self.events, "counts": self.counts, "index": self.index}
        named = [name for name, given in tables.items() if given]
        if self.datasets or self.archive:
            if named or mappings or self.feed:
                raise SpecError("--data: names the data, as --events, --counts and --index do; give one of them")
            return _named_data(self.datasets, self.archive, settings)
        if len(named) > 1:
            raise SpecError(f"--{', --'.join(named)}: two kinds of source at once; give one of them")
        if (self.feed or settings) and not self.events:
            raise SpecError("--feed: says how to read --events, which is missing; give both")
        if self.events:
            return _of_files(self.events, mappings, self.feed, settings)
        if named:
            _require_mappings(named[0], 1, mappings)
            return Source(kind=named[0], path=str(tables[named[0]]), mapping=str(mappings[0]))
        if mappings:
            raise SpecError("--mapping: says how to read --events, --counts or --index, which is missing; give both")
        return None

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
    covered_to: str | None = opt(
        "With --add: up to which day the record is complete, YYYY-MM-DD or YYYY-MM. Default: the last added day."
    )

    @property
    def given(self) -> "Source | None":
        """The source of the data with the events that are added to it."""
        from forecast.sources import Source

        if not self.add:
            if self.covered_to:
                raise SpecError("--covered-to: says how far added events complete the record; give --add as well")
            return self.source
        until = day_of(self.covered_to, "covered-to")
        added = {"additions": tuple(map(str, self.add)), "covered_to": until and until.isoformat()}
        return (self.source or Source()).model_copy(update=added)


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
    at_least: list[str] | None = opt(
        "KIND, KIND:NUMBER or KIND:NUMBER:MONTHS, such as violence:3:12 or sanctions: the chance that at least so many "
        "events of a kind are recorded. May be given several times."
    )

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments by which an outlook is asked for."""
        from forecast.dates import parse_horizons
        from forecast.outlook.query import AtLeast

        if self.horizons and self.at:
            raise SpecError("--horizons, --at: both say how far ahead; leave out one of them")
        kinds = tuple(AtLeast.parse(text) for text in self.at_least or ())
        days = {"at": day_of(self.at, "at"), "by": day_of(self.by, "by")}
        return {
            "horizons": parse_horizons(self.horizons or "3,6,12,24"),
            "baseline_months": self.baseline,
            "above": self.above,
            "at_least": kinds,
            **days,
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
    """Number of draws to sample."""

    panel = COMPUTATION

    seed: int = shared.seed()
    draws: int | None = whole("Kept draws of a chain.", "draws")
    tune: int | None = whole("Warm-up draws of a chain.", "tune")
    chains: int | None = whole("Chains.", "chains")


@dataclass
class Tested(AnyData):
    """Data of the tests of claims."""

    as_of: str | None = shared.as_of()
    frequency: Literal["month", "week"] = shared.frequency()
    together: str | None = opt(
        "Dyads to test together, such as USA-RUS,CHN-RUS. Default: all of the data.", name="--with"
    )
    seed: int = shared.seed()

    def gathered(self) -> "Data":
        """Read the data and count them into one panel."""
        from forecast.sources import Source, gather

        return gather(
            self.source or Source(), dyads_of(self.together), as_of=day_of(self.as_of, "as-of"),
            frequency=self.frequency,
        )  # fmt: skip


def day_of(text: str | None, name: str) -> "date | None":
    """Return the day that an option names; None if it was not given."""
    from forecast.dates import parse_date

    return parse_date(text, name) if text else None


def _of_files(paths: list[Path], mappings: list[Path], feed: str | None, settings: "FeedSettings | None") -> "Source":
    """Return the source of chronologies, tables and files of feeds, which stand last.

    With --feed all are files of it; else those that look like one, unless every table has its mapping.
    """
    from forecast.feeds import detect_feed
    from forecast.feeds.detect import find_feed
    from forecast.sources import Source

    if feed and mappings:
        raise SpecError("--feed, --mapping: a feed needs no mapping; leave out one of them")
    named = find_feed(feed).name if feed else None
    files = [path for path in paths if str(path) != CHRONOLOGY and not path.is_dir()]
    mapped = bool(mappings) and len(files) == len(mappings)
    feeds, others, tables = dict[str, list[str]](), list[Path](), list[Path]()
    for path in paths:
        looked_at = not mapped and path.exists() and not _is_chronology(path)
        if str(path) != CHRONOLOGY and (name := named or (detect_feed(path) if looked_at else None)):
            feeds.setdefault(name, []).append(str(path))
            continue
        others.append(path)
        if path in files and (mappings or looked_at):
            tables.append(path)
    if settings and not feeds:
        raise SpecError("--feed-setting: no file of a feed is given; leave it out, or name files of a feed")
    _require_mappings("events", len(tables), mappings)
    of_table = dict(zip(tables, mappings, strict=True))
    sources = [
        Source(kind="events", path=str(path), mapping=str(of_table[path])) if path in of_table
        else Source(path=None if str(path) == CHRONOLOGY else str(path))
        for path in others
    ]  # fmt: skip
    sources += [Source(kind="feed", paths=tuple(own), feed=name, settings=settings) for name, own in feeds.items()]
    return _together(sources)


def _require_mappings(kind: str, tables: int, mappings: list[Path]) -> None:
    if len(mappings) != tables:
        raise SpecError(
            f"--{kind}: a mapping must say where the table's fields stand; give --mapping as well, one a table "
            f"(tables: {tables}, mappings: {len(mappings)})"
        )


def _together(sources: "list[Source]") -> "Source":
    from forecast.sources import Source

    return sources[0] if len(sources) == 1 else Source(kind="several", sources=tuple(sources))


def named_datasets(data: str | None) -> list[str]:
    """Return the names in --data, each once, in their order."""
    names = list(dict.fromkeys(word.strip().lower() for word in (data or "").split(",") if word.strip()))
    if data and not names:
        raise SpecError("--data: no dataset is named; name some, such as chronology,gdelt, or leave it out")
    return names


def _named_data(data: str | None, archive: Path | None, settings: "FeedSettings | None") -> "Source":
    """Return the source of datasets that are named; without names, all that an archive holds."""
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
        kept = Source(kind="archive", path=str(archive), datasets=tuple(of_archive), settings=settings)
        sources = [kept, *sources] if names and names[0] != CHRONOLOGY else [*sources, kept]
    return _together(sources)


def _is_chronology(path: Path) -> bool:
    """Return whether a path is, by its name, a chronology: the embedded one, a file of one or a folder of such."""
    name = re.compile(r"[A-Z]{3}-[A-Z]{3}\.csv", re.IGNORECASE)
    files = path.iterdir() if path.is_dir() else [path]
    return str(path) == CHRONOLOGY or any(name.fullmatch(one.name) for one in files)


def open_data(given: "Source | None", dyad: str | None = None, as_of: "date | None" = None) -> "Records":
    """Open a source, by default the chronology, as it was on a day; no more than one dyad needs, if it is given."""
    from forecast.sources import Source, open_source

    return open_source(given or Source(), None if dyad is None else [dyad], as_of)


def event_table(given: "Source | None", dyad: str | None = None, as_of: "date | None" = None) -> "EventTable":
    """Return the single events of a source as known on a day, of all dyads or of one."""
    events = open_data(given, dyad, as_of).events
    if events is None:
        raise DataError("--events: the source holds no single events; give a table of events or a chronology")
    return events


def dyads_of(given: str | list[str] | None, option: str = "--with") -> tuple[str, ...] | None:
    """Return the dyads of an option or argument, separated by commas or given one by one; None if none was given."""
    if not (given or given == ""):
        return None
    text = given if isinstance(given, str) else ",".join(given)
    if dyads := tuple(word.strip() for word in text.split(",") if word.strip()):
        return dyads
    raise SpecError(f"{option}: no dyad is given; name some, such as USA-RUS,CHN-RUS, or leave it out")


def not_converged(misses: "Iterable[Miss]") -> NotConverged:
    """Return the error of a run that missed limits of the convergence checks: how many, the worst, and what to do."""
    from forecast.model.gate import summarize_misses

    return NotConverged(
        f"NOT CONVERGED: do not use these numbers. {summarize_misses(misses)}. All are under Diagnostics on the page "
        "and in its JSON file. Take more --draws and --tune"
    )


def show_result(
    page: Path, name: str, print_result: Callable[[], None], *, as_json: bool, converged: bool = True
) -> None:
    """Print the JSON file of a page for programs, or the result for people; end with 3 if a fit has not converged."""
    if as_json:
        typer.echo((page.parent / name).read_text("utf-8"))
    else:
        print_result()
    if not converged:
        raise typer.Exit(NotConverged.exit_code)


def echo_json(values: Any) -> None:
    """Print values as JSON."""
    typer.echo(json_text(json.dumps(values, indent=2, ensure_ascii=False)))


def say(message: str) -> None:
    """Print on standard error, apart from the output for programs."""
    console(stderr=True).print(f"[dim]{escape(message)}[/]")
