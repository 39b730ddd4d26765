"""`forecast report`: the probability report of a dyad."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from forecast.cli.options import (
    Add,
    Archive,
    Chains,
    Cores,
    Counts,
    CoveredTo,
    Datasets,
    Draws,
    DriverActs,
    DriverFuture,
    Dyad,
    Events,
    Feed,
    FeedSetting,
    Frequency,
    Index,
    Mapping,
    Seed,
    Tune,
    With,
    added_to,
    check_frequency,
    day_of,
    dyads_of,
    not_converged,
    output,
    source,
)
from forecast.cli.terminal import escape, progress
from forecast.errors import SpecError
from forecast.wording import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from forecast.outlook import Assessment, WindowOutlook
    from forecast.pipeline import Report

CYCLES = "The cycle: {cycles}, or none."


class ReportCommand(TyperCommand):
    """The command with the cycles named in its help, which are read only if the help is."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        from forecast.model.dynamics import cycles

        named = [f"{one.name} ({one.hint})" if one.hint else one.name for one in cycles()]
        for parameter in self.params:
            if getattr(parameter, "help", None) == CYCLES:
                parameter.help = CYCLES.format(cycles=", ".join(named))  # type: ignore[attr-defined]
        return super().get_help(ctx)


def report(
    dyad: Dyad = "USA-CHN",
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="Use only events that the data date, or publish, by this day, YYYY-MM-DD or YYYY-MM; with --fit, "
            "update it to this day. Default: the coverage end.",
        ),
    ] = None,
    horizons: Annotated[
        str | None, typer.Option("--horizons", help="Months ahead, such as 6,12. Default: 3,6,12,24.")
    ] = None,
    above: Annotated[
        float | None,
        typer.Option(
            "--above", help="A share in per cent: the chance that at least so much of what is recorded is cooperative."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="In place of --horizons: the month, YYYY-MM, with which the window ends.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            help="With --above: the share of the preceding 12 months (of --horizons the one nearest "
            "to 12) is that high at the end of at least one month up to this one.",
        ),
    ] = None,
    at_least: Annotated[
        list[str] | None,
        typer.Option(
            "--at-least",
            help="KIND, KIND:NUMBER or KIND:NUMBER:MONTHS, such as violence:3:12: the chance that at least so many "
            "happenings of a kind are recorded. May be given several times.",
        ),
    ] = None,
    add: Add = None,
    covered_to: CoveredTo = None,
    out: Annotated[
        Path | None,
        output("Folder of the report. Default: report/DYAD-DAY, with a number if there is one of that name."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --out: replace the earlier report that is in the folder.")
    ] = False,
    seed: Seed = 1,
    alone: Annotated[bool, typer.Option("--alone", help="Fit this dyad without the others.")] = False,
    together: With = None,
    improvement: Annotated[
        float, typer.Option("--improvement", help="Points of share (0 to 100) that count as a change.")
    ] = 5.0,
    since: Annotated[
        str | None, typer.Option("--since", help="Compare with the record from this day; default: data/dyads.csv.")
    ] = None,
    eras: Annotated[
        str,
        typer.Option(
            "--eras",
            help="The dyad's eras: given (data/eras.csv), infer (from breaks in its record; about a minute more) or "
            "none.",
        ),
    ] = "given",
    trend: Annotated[
        str | None,
        typer.Option(
            "--trend",
            help="The slow component: reverting (to the dyad's long-run mean), walk or constant. Default: reverting.",
        ),
    ] = None,
    cycle: Annotated[str | None, typer.Option("--cycle", help=CYCLES)] = None,
    ceiling: Annotated[
        str | None,
        typer.Option("--ceiling", help="What bounds the trend: framework (the ceiling of each era) or none."),
    ] = None,
    nodes: Annotated[
        int, typer.Option("--nodes", help="Quadrature nodes of the month noise; busy feeds may need more.")
    ] = 7,
    drivers: Annotated[
        Path | None,
        typer.Option(
            "--drivers",
            help="Covariates: a CSV file (docs/drivers.md), or calendar for elections, congresses and summits.",
        ),
    ] = None,
    driver_acts: DriverActs = None,
    driver_future: DriverFuture = "given",
    datasets: Datasets = None,
    archive: Archive = None,
    events: Events = None,
    feed: Feed = None,
    feed_setting: FeedSetting = None,
    counts: Counts = None,
    index: Index = None,
    mapping: Mapping = None,
    frequency: Frequency = "month",
    fit: Annotated[
        Path | None,
        typer.Option("--fit", help="Forecast from this saved fit instead of fitting; --as-of and --add update it."),
    ] = None,
    save_fit: Annotated[bool, typer.Option(help="Save the fit in the report's folder (some 40 MB a dyad).")] = True,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help="Also write every figure as SVG, PNG and PDF, and every table as CSV and for LaTeX, into the report's "
            "folder export.",
        ),
    ] = False,
    skill: Annotated[
        Path | None, typer.Option("--skill", help="skill.json of a backtest to quote; default: that of the package.")
    ] = None,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
    cores: Cores = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print forecast.json for programs.")] = False,
) -> None:
    """Make the report: one HTML page, forecast.json, levels.csv and the fit. Exit code 3 if not converged."""
    from forecast.dates import parse_horizons
    from forecast.outlook.query import AtLeast
    from forecast.pipeline import ReportSettings, make_report
    from forecast.report.folder import REPORT, require_report_folder

    data = source(events, counts, index, mapping, feed, feed_setting, data=datasets, archive=archive)
    if fit and (alone or together):
        raise SpecError("--fit: a saved fit has its own dyads; leave out --alone and --with")
    if alone and together:
        raise SpecError("--alone, --with: a dyad alone has no others; leave out one of them")
    if fit and data and not as_of:
        raise SpecError("--events: with --fit they need --as-of, the day to which the fit is to be updated; give it")
    model: dict[str, Any] = {"nodes": nodes}
    chosen = {"trend": trend, "cycle": cycle, "ceiling": ceiling}
    model |= {name: value for name, value in chosen.items() if value}
    if horizons and at:
        raise SpecError("--horizons, --at: both say how far ahead; leave out one of them")
    months: dict[str, Any] = {"horizons": parse_horizons(horizons)} if horizons else {}
    settings = ReportSettings(
        dyad=dyad, as_of=day_of(as_of, "as-of"), **months,
        above=above, at=day_of(at, "at"), by=day_of(by, "by"),
        at_least=tuple(AtLeast.parse(text) for text in at_least or ()), out=out, replace=replace,
        source=added_to(data, add, covered_to),
        frequency=check_frequency(frequency),
        seed=seed, alone=alone, hierarchy=dyads_of(together), eras=eras,
        since=day_of(since, "since"),
        smallest_improvement=improvement, model=model, drivers=drivers,
        driver_acts=driver_acts, driver_future=driver_future, fit_path=fit, save_fit=save_fit,
        export=export, skill=skill, draws=draws, tune=tune, chains=chains, cores=cores,
    )  # fmt: skip
    if out is not None:
        read = [*(events or []), counts, index, *(mapping or []), *(add or []), skill, drivers]
        require_report_folder(out, REPORT, read, replace=replace, dated=True)
    with progress() as report_progress:
        report_progress("loading the libraries", 0, 0)
        done = make_report(settings, progress=report_progress)
    if as_json:
        typer.echo((done.page.parent / "forecast.json").read_text("utf-8"))
    else:
        _print(done)
    if not done.gate.passed:
        raise not_converged(done.gate.misses)


def _print(done: "Report") -> None:
    from rich.console import Console

    from forecast.outlook import NotDefined, kinds_line, level_sentence, quoted
    from forecast.report.skill import skill_sentence
    from forecast.wording import fitted_together

    console, result, question = Console(highlight=False), done.assessment, quoted(done.assessment)
    console.print(f"[bold]{escape(result.headline)}[/]\n")
    if not isinstance(result.recorded, NotDefined):
        console.print(_recorded_table(result, result.recorded.values()), "\n")
    for line in _kind_lines(result):
        console.print(escape(line), "\n")
    console.print(f"{escape(skill_sentence(done.skill))}\n")
    if question is not None:
        console.print(f"{escape(level_sentence(result))}\n")
    console.print(_level_table(result))
    if not isinstance(result.kinds, NotDefined):
        console.print(f"\n{kinds_line(result.kinds)}")
    if question is not None:
        console.print(f"\n[dim]How the headline is resolved. {escape(question.rule)}[/]\n")
    console.print(f"[dim]{escape(fitted_together(done.assessment.dyad, done.dyads))}.[/]")
    for one in done.drivers:
        console.print(escape(one.sentence))
    for warning in done.warnings:
        console.print(f"[yellow]{escape(warning)}[/]")
    took = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in done.seconds.items())
    console.print(f"\n{escape(str(done.page))}\n[dim]{took}; {sum(done.seconds.values()):.0f} s in all[/]")


def _recorded_table(result: "Assessment", windows: "Iterable[WindowOutlook]") -> "Table":
    from rich.table import Table

    from forecast.report.tables import CHANGES, cells
    from forecast.wording import count, month

    smallest = count(result.smallest_improvement, "point")
    shown = Table(
        "to", *(words.lower() for words in CHANGES.values()), "before, %", "then, %", "recorded", box=None,
        title="What will be recorded", title_justify="left", caption_justify="left",
        caption=f"higher, lower: the cooperative share, by at least {smallest}, than in as many months before",
    )  # fmt: skip
    for window in windows:
        texts = cells(window)
        names = (*CHANGES, "before", "share", "happenings")
        shown.add_row(month(window.until, short=True), *(texts[name] for name in names))
    return shown


def _kind_lines(result: "Assessment") -> list[str]:
    """Return what is said of kinds of happenings: what was asked for, and all kinds within the horizon quoted."""
    from forecast.outlook import NotDefined, main_horizon
    from forecast.report.tables import numbers_of_kinds
    from forecast.wording import chance, count

    if isinstance(result.of_a_kind, NotDefined):
        return []
    months = main_horizon(result.horizons)
    each = join(f"{kind} {chance(row[months].chance.value)}" for kind, row in result.of_a_kind.items())
    asked = [sentence for sentence, _ in numbers_of_kinds(result)]
    return [*asked, f"At least one of a kind within {count(months, 'month')}: {each}."]


def _level_table(result: "Assessment") -> "Table":
    from rich.table import Table

    from forecast.outlook import printed_chances
    from forecast.wording import count, month

    names = {
        "deterioration": "worse", "stability": "about the same", "improvement": "better", "technical": "technical",
        "structural": "structural",
    }  # fmt: skip
    smallest = count(result.smallest_improvement, "point")
    parts = "a rise of the trend by as much" if result.moving else "a new framework"
    shown = Table(
        "by", *names.values(), box=None, title="The level", title_justify="left", caption_justify="left",
        caption=f"better, worse: by at least {smallest}; technical, structural: without and with {parts}",
    )  # fmt: skip
    for outlook in result.improvement.values():
        chances = printed_chances(outlook)
        shown.add_row(month(outlook.until, short=True), *(chances[name] for name in names))
    return shown
