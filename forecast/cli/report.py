"""`forecast report`: the probability report of a dyad, or of all dyads of a fit."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import forecast
from forecast.base.errors import SpecError
from forecast.base.forms import read_form
from forecast.base.wording import day as words_of_day
from forecast.base.wording import fitted_together
from forecast.cli.command import Command
from forecast.cli.data import AddedDataOptions
from forecast.cli.groups import DriverOptions, SamplerOptions, WindowOptions, day_of, dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    AS_OF,
    MODEL,
    OUTPUT,
    WINDOW,
    AboveOption,
    AddOption,
    ArchiveOption,
    BaselineOption,
    ByMonthOption,
    ChainsOption,
    CoresOption,
    CountsOption,
    CoveredToOption,
    DatasetsOption,
    DrawsOption,
    DriverActsOption,
    DriverFutureOption,
    DriversOption,
    DyadArgument,
    EndMonthOption,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FormatOption,
    FrequencyOption,
    HorizonsOption,
    ImprovementOption,
    IndexOption,
    MappingOption,
    ReplaceOption,
    SchemeOption,
    SeedOption,
    TogetherOption,
    TuneOption,
    output_path,
)
from forecast.cli.terminal import (
    console,
    not_converged,
    of_page,
    print_lines,
    progress,
    show_result,
)

if TYPE_CHECKING:
    from forecast.model.process.component import Component
    from forecast.outlook import Assessment
    from forecast.runs.pipeline import Report


TRENDS = "The slow component: {trends}. Default: reverting."


CYCLES = "The cycle: {cycles}, or none."


class ReportCommand(Command):
    """The command with trends and cycles named in its help, which are read only if the help is."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        from forecast.base.wording import join
        from forecast.model.process.cycle import cycles
        from forecast.model.process.trend import trends

        def named(kind: "Component") -> str:
            return f"{kind.name} ({kind.hint})" if kind.hint else kind.name

        full = {
            TRENDS: TRENDS.format(trends=join([named(kind) for kind in trends()], "or")),
            CYCLES: CYCLES.format(cycles=", ".join(named(kind) for kind in cycles())),
        }
        for parameter in self.params:
            if getattr(parameter, "help", None) in full:
                parameter.help = full[parameter.help]  # type: ignore[attr-defined]
        return super().get_help(ctx)


@with_examples(
    "report USA-CHN",
    "report USA-CHN --as-of 2023-10-31 --out october",
    "report --events mine.csv --mapping mine.yaml",
)
def report(
    dyad: DyadArgument = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help=f"{AS_OF}; with --fit, update it to this day. Default: the coverage end.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the report. Default: report/DYAD-DAY, with a number if there is one "
            "of that name.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    replace: ReplaceOption = False,
    alone: Annotated[
        bool,
        typer.Option("--alone", help="Fit this dyad without the others.", rich_help_panel=MODEL),
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Report on every dyad that is fitted together with this one, or, without DYAD, "
            "on all that share a fit, and write a page of them all. Dyads with too short a record "
            "are named.",
        ),
    ] = False,
    together: TogetherOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Compare with the record from this day. Default: the reference date of the dyad.",
            rich_help_panel=WINDOW,
        ),
    ] = None,
    eras: Annotated[
        str,
        typer.Option(
            "--eras",
            help="The dyad's eras: given (the embedded ones), none, or a CSV file with the "
            "columns dyad, era, start, recognised_at, name.",
            rich_help_panel=MODEL,
        ),
    ] = "given",
    trend: Annotated[
        str | None, typer.Option("--trend", help=TRENDS, rich_help_panel=MODEL)
    ] = None,
    cycle: Annotated[
        str | None, typer.Option("--cycle", help=CYCLES, rich_help_panel=MODEL)
    ] = None,
    ceiling: Annotated[
        str | None,
        typer.Option(
            "--ceiling",
            help="What bounds the trend: framework (each era's ceiling; the default where a dyad "
            "has eras) or none.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    priors: Annotated[
        Path | None,
        typer.Option(
            "--priors",
            help="YAML file of priors by name, each a number or a list of centre and spread "
            "(`forecast help model`).",
            rich_help_panel=MODEL,
        ),
    ] = None,
    nodes: Annotated[
        int,
        typer.Option(
            "--nodes",
            help="Quadrature nodes of the month noise; busy feeds may need more.",
            rich_help_panel=MODEL,
        ),
    ] = 7,
    frequency: FrequencyOption = "month",
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            help="Forecast from this saved fit instead of fitting; --as-of and --add update it.",
        ),
    ] = None,
    save_fit: Annotated[
        bool,
        typer.Option(
            "--save-fit/--no-save-fit",
            help="Save the fit in the report's folder (some 40 MB per dyad).",
            rich_help_panel=OUTPUT,
        ),
    ] = True,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help="Also write every figure as SVG, PNG and PDF, and every table as CSV and for "
            "LaTeX, into the report's folder export.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    skill: Annotated[
        Path | None,
        typer.Option(
            "--skill",
            help="skill.json of a backtest to quote; default: that of the package.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print forecast.json for programs.", rich_help_panel=OUTPUT),
    ] = False,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
    add: AddOption = None,
    covered_to: CoveredToOption = None,
    drivers: DriversOption = None,
    driver_acts: DriverActsOption = None,
    driver_future: DriverFutureOption = "given",
    seed: SeedOption = 1,
    draws: DrawsOption = None,
    tune: TuneOption = None,
    chains: ChainsOption = None,
    cores: CoresOption = None,
    horizons: HorizonsOption = None,
    above: AboveOption = None,
    baseline: BaselineOption = 12,
    at: EndMonthOption = None,
    by: ByMonthOption = None,
    improvement: ImprovementOption = 5.0,
) -> None:
    """Make the report: one HTML page, forecast.json, levels.csv and the fit.

    Exit code 3 if not converged.
    """
    data = AddedDataOptions(
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
        add=add,
        covered_to=covered_to,
    )
    driven = DriverOptions(drivers=drivers, driver_acts=driver_acts, driver_future=driver_future)
    sampler = SamplerOptions(seed=seed, draws=draws, tune=tune, chains=chains, cores=cores)
    window = WindowOptions(
        horizons=horizons, above=above, baseline=baseline, at=at, by=by, improvement=improvement
    )
    source = data.given
    if fit and data.source and not as_of:
        raise SpecError(
            "--events: with --fit they need --as-of, the day to which the fit is to be updated; "
            "give it"
        )
    chosen = {
        "nodes": nodes,
        "trend": trend,
        "cycle": cycle,
        "ceiling": ceiling,
        "priors": _priors(priors),
    }
    settings = forecast.ReportSettings(
        dyad=dyad,
        as_of=day_of(as_of, "as-of"),
        out=out,
        replace=replace,
        source=source,
        frequency=frequency,
        alone=alone,
        hierarchy=dyads_of(together),
        eras=eras,
        since=day_of(since, "since"),
        model={name: value for name, value in chosen.items() if value or name == "nodes"},
        fit_path=fit,
        save_fit=save_fit,
        export=export,
        skill=skill,
        **window.asked,
        **vars(driven),
        **vars(sampler),
    )
    if every:
        _report_all(settings, as_json=as_json)
        return
    with progress("loading the libraries") as report_progress:
        done = forecast.make_report(settings, progress=report_progress)
    show_result(done.page, "forecast.json", lambda: _print(done), as_json=as_json)
    if not done.gate.passed:
        raise not_converged(done.gate.misses)


def _priors(path: Path | None) -> "forecast.Priors | None":
    """Read priors from a file; none without one."""
    if path is None:
        return None
    pairs = read_form(path, "table of priors", SpecError)
    if not isinstance(pairs, dict):
        raise SpecError(f"{path}: expected priors by name, such as `cycle_sd: [-1.0, 0.2]`")
    values = {
        str(name): tuple(value) if isinstance(value, list) else value
        for name, value in pairs.items()
    }
    try:
        return forecast.Priors(**values)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def _report_all(settings: "forecast.ReportSettings", *, as_json: bool) -> None:
    """Make the reports of all dyads of a fit, in a folder of one each, and the page of them all."""
    from forecast.data.panel.record import last_known
    from forecast.report.folder import PAIRS, chosen_folder
    from forecast.report.pairs_page import Pair, write_pairs
    from forecast.runs.pipeline import REPORTS, SAVED_FIT, check_place, prepare_reports

    if settings.eras != "given":
        raise SpecError("--all, --eras: eras are chosen for one dyad; leave out one of them")
    check_place(settings, PAIRS)
    with progress("loading the libraries") as report_progress:
        prepared = prepare_reports(settings, every=True, progress=report_progress)
        with chosen_folder(settings.out, REPORTS, "all", last_known(prepared.fit.panel)) as out:
            if settings.save_fit and not prepared.unchanged:
                prepared.fit.save(out / SAVED_FIT)
            done = [
                prepared.write(dyad, out / dyad, links={"All pairs": "../index.html"})
                for dyad in prepared.dyads
            ]
            page = write_pairs(
                [Pair.read(out / dyad, f"{dyad}/index.html") for dyad in prepared.dyads],
                out,
                prepared.skipped,
            )
    warnings = dict.fromkeys(words for report in done for words in report.warnings)
    shown = partial(
        print_lines, "reports", done=done, warnings=warnings, skipped=prepared.skipped, page=page
    )
    show_result(page, "pairs.json", shown, as_json=as_json)
    if misses := [miss for report in done if not report.gate.passed for miss in report.gate.misses]:
        raise not_converged(misses)


def _print(done: "Report") -> None:
    """Print the forecast in about twenty lines, the likeliest outcome last.

    The page has the rest.
    """
    from forecast.outlook import NotDefined
    from forecast.report.skill.box import skill_sentence
    from forecast.report.tables import level_table, recorded_table

    result = done.assessment
    recorded = not isinstance(result.recorded, NotDefined)
    console().print(of_page(recorded_table(result) if recorded else level_table(result)))
    alone = fitted_together(result.dyad, done.dyads) if len(done.dyads) == 1 else ""
    skill = skill_sentence(done.skill)
    print_lines(
        "report",
        done=done,
        result=result,
        skill=skill,
        alone=alone,
        baseline=_baseline(result),
    )


def _baseline(result: "Assessment") -> str:
    """Return the days that the months ahead are compared with, in brackets.

    Empty where these are not defined.
    """
    from forecast.outlook import NotDefined

    windows = [] if isinstance(result.recorded, NotDefined) else list(result.recorded.values())
    before = windows[0].baseline if windows else None
    if before is None or isinstance(before, NotDefined):
        return ""
    return f" ({words_of_day(before.first)} to {words_of_day(before.last)})"
