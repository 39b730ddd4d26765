"""`forecast backtest`: forecasts from past dates, scored against the data recorded afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import forecast
from forecast.base.dates import parse_horizons
from forecast.base.errors import SpecError
from forecast.base.limits import LIMITS, MAX_POINTS, require_positive
from forecast.cli.data import DataOptions, named_datasets
from forecast.cli.groups import DriverOptions, dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    COMPUTATION,
    MODEL,
    OUTPUT,
    ArchiveOption,
    CountsOption,
    DatasetsOption,
    DriverActsOption,
    DriverFutureOption,
    DriversOption,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FormatOption,
    ImprovementOption,
    IndexOption,
    JsonOption,
    MappingOption,
    SchemeOption,
    SeedOption,
    output_path,
)
from forecast.cli.terminal import console, print_caveats, print_lines, progress, show_result, table

if TYPE_CHECKING:
    from forecast.study.evaluation import Results


@with_examples(
    "backtest USA-CHN --from 2015-01 --every 6",
    "backtest --models no --benchmarks base_rate_10y,last_window",
)
def backtest(
    dyads: Annotated[
        list[str] | None,
        typer.Argument(
            help="Such as USA-CHN USA-RUS. Default: all that the data hold.", metavar="DYAD"
        ),
    ] = None,
    first: Annotated[
        str,
        typer.Option(
            "--from",
            help="First month to be predicted, YYYY-MM: what is known ends the day before.",
        ),
    ] = "2005-01",
    last: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="Last origin, YYYY-MM. Default: the last whose shortest window is recorded.",
        ),
    ] = None,
    every: Annotated[
        int,
        typer.Option(
            "--every",
            help="Months from one origin to the next.",
            min=LIMITS["every"][0],
            max=LIMITS["every"][1],
        ),
    ] = 3,
    horizons: Annotated[
        str, typer.Option("--horizons", help="Months ahead, such as 3,6,12,24.")
    ] = "3,6,12,24",
    models: Annotated[
        str,
        typer.Option(
            "--models",
            help="Model variants: pendulum (the model), no_cycle (or none), no_return, "
            "no_ceiling, no_hierarchy, no_month_noise, no_volume; all; or no for none of them.",
            rich_help_panel=MODEL,
        ),
    ] = "pendulum",
    benchmarks: Annotated[
        str,
        typer.Option(
            "--benchmarks",
            help="base_rate_all, base_rate_10y, base_rate_5y, base_rate_2y, last_window, "
            "local_level, ar_noise, auto_ets, auto_arima, laplace; all; or no for none of them.",
            rich_help_panel=MODEL,
        ),
    ] = "all",
    eras: Annotated[
        str,
        typer.Option(
            "--eras", help="given (as far as recognised on the day) or none.", rich_help_panel=MODEL
        ),
    ] = "given",
    together: Annotated[
        str | None,
        typer.Option(
            "--with",
            help="Dyads that every model is fitted to. Default: those that `forecast dyads` lists "
            "as fitted together.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Fit every dyad by itself.", rich_help_panel=MODEL)
    ] = False,
    improvement: ImprovementOption = 5.0,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            help="Of several, the one that is predicted; the model is fitted to all. Default: the "
            "first of --data.",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            help="Processes at work. Default: one per core. Changes no number.",
            min=LIMITS["processes"][0],
            max=LIMITS["processes"][1],
            rich_help_panel=COMPUTATION,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch",
            help="Dyads to a task and a file, for hundreds of dyads (models: with --alone).",
            min=LIMITS["batch"][0],
            max=LIMITS["batch"][1],
            rich_help_panel=COMPUTATION,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            help="Of a Dask cluster that does the work, such as tcp://host:8786.",
            rich_help_panel=COMPUTATION,
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder of the run; with an unfinished run in it, which is continued.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("skill"),
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace a page in --out that has no run of its own with it.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    seed: SeedOption = 1,
    remake: Annotated[
        bool,
        typer.Option(
            "--remake",
            help="Only make the page of --out again from its files; nothing is predicted.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    as_json: JsonOption = False,
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
    drivers: DriversOption = None,
    driver_acts: DriverActsOption = None,
    driver_future: DriverFutureOption = "given",
) -> None:
    """Forecast from many past dates, and compare the scores with those of simple benchmarks.

    Every origin is rebuilt as of its day. Finished origins are kept in the folder: interrupted, the
    same command goes on where it stopped. Writes a page, skill.json, skill.csv and cases.csv.gz
    (`forecast help skill`).
    """
    from forecast.data.drivers import Future, require_drivers
    from forecast.report.folder import SKILL, require_report_folder

    data = DataOptions(
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
    )
    driven = DriverOptions(drivers=drivers, driver_acts=driver_acts, driver_future=driver_future)

    if remake:
        from forecast.report.skill.page import write_skill_page
        from forecast.study.evaluation import Results

        page = write_skill_page(out)
        show_result(page, "skill.json", lambda: _print(Results.read(out), page), as_json=as_json)
        return
    from forecast.data.events.table import as_day
    from forecast.study.evaluation.executors import local
    from forecast.study.evaluation.tasks import RUN_FILE

    months, start = (
        parse_horizons(horizons),
        as_day(first, "--from", first=True).date().replace(day=1),
    )
    stop = as_day(last, "--to", first=True).date().replace(day=1) if last else None
    if together is not None and alone:
        raise SpecError("with, alone: choose one; --alone fits every dyad by itself")
    require_positive("improvement", improvement, MAX_POINTS, "points of share")
    require_drivers(driven.drivers, driven.driver_acts, driven.driver_future)
    future = cast(Future, driven.driver_future)
    # A run replaces its own page only: it rejects the folder of another run.
    resumed = (out / RUN_FILE).is_file()
    require_report_folder(out, SKILL, [*data.paths, driven.drivers], replace=replace or resumed)
    if scheduler is not None and processes is not None:
        raise SpecError(
            "scheduler, processes: choose one; with --scheduler the cluster's workers do the work"
        )
    executor = local(processes) if scheduler is None else forecast.Cluster(scheduler)
    with progress("reading the events") as tell:
        chosen = dataset or next(iter(named_datasets(data.datasets)), None)
        record = _record(data.source, dyads, chosen, eras, () if alone else dyads_of(together))
        forecasters = forecast.choose_forecasters(models, benchmarks)
        if driven.drivers is not None:
            from forecast.outlook.benchmarks import MODEL
            from forecast.study.evaluation.variants import VARIANTS, with_drivers

            if MODEL not in {forecaster.code for forecaster in forecasters}:
                forecasters.append(VARIANTS[MODEL])
            forecasters.append(with_drivers(driven.drivers, driven.driver_acts, future))
        origins = forecast.origins_between(start, stop or record.last_origin(min(months)), every)
        results = forecast.backtest(
            record,
            origins,
            horizons=months,
            forecasters=forecasters,
            out=out,
            improvement=improvement,
            seed=seed,
            batch=batch,
            executor=executor,
            progress=tell,
        )
        tell("writing the page", 0, 0)
        page = forecast.write_skill(results, out)
    show_result(page, "skill.json", lambda: _print(results, page), as_json=as_json)


def _record(
    source: "forecast.Source | None",
    dyads: list[str] | None,
    dataset: str | None,
    eras: str,
    others: tuple[str, ...] | None,
) -> "forecast.Record":
    """Read the record of dyads and of those that they are fitted with, by default the hierarchy."""
    from forecast.data.records import wanted_together
    from forecast.data.sources import open_source

    named = dyads_of(dyads, "DYAD")
    table = open_source(
        source or forecast.Source(), None if named is None else wanted_together(named, others)
    ).table
    together = "default" if others is None else others or "alone"
    return forecast.Record.of(table, dyads=named, dataset=dataset, eras=eras, together=together)


def _print(results: "Results", page: Path) -> None:
    from forecast.report.skill.findings import comparison, finding
    from forecast.report.skill.page import notes_on_data

    print_caveats(notes_on_data(results.skill).caveats)
    skill, horizons = results.skill, results.skill.choices["horizons"]
    scored = {
        model: [skill.row(horizon, model=model, period=skill.period) for horizon in horizons]
        for model in skill.models
    }
    rows = [
        [model, *(f"{row['crps']:.2f}" if row else "" for row in by_horizon)]
        for model, by_horizon in scored.items()
    ]
    console().print(table(["model", *((f"{horizon} months", True) for horizon in horizons)], rows))
    windows = [
        max(row["n"] if row else 0 for row in column)
        for column in zip(*scored.values(), strict=True)
    ]
    print_lines(
        "backtest",
        skill=skill,
        windows=dict(zip(horizons, windows, strict=True)),
        page=page,
        finding=finding(skill),
        headline=comparison(skill),
    )
