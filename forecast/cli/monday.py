"""`forecast monday`: a week's work in one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forecast
from forecast.base import dates
from forecast.base.errors import NotConverged
from forecast.base.escaping import printable
from forecast.cli.data import AddedDataOptions
from forecast.cli.groups import SamplerOptions, WindowOptions, day_of, dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    QUESTIONS,
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
    EndMonthOption,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FolderOption,
    FormatOption,
    HorizonsOption,
    ImprovementOption,
    IndexOption,
    MappingOption,
    SchemeOption,
    SeedOption,
    TuneOption,
)
from forecast.cli.terminal import print_lines, progress, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.report.pairs_page import Pair
    from forecast.runs.monday import Monday


ADDED = Path("added")
"""Folder of added events, which is read if it is there."""


@with_examples("monday", "monday --covered-to USA-CHN:2026-06-21 --commit")
def monday(
    dyads: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pairs, such as USA-CHN USA-RUS. A single pair is fitted with those that "
            "`forecast dyads` lists as fitted together. Default: all of these, later those of the "
            "fit.",
            metavar="DYAD",
        ),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Fit a single pair without the others.")
    ] = False,
    day: Annotated[
        str | None,
        typer.Option("--day", help="Name of the week's folders, YYYY-MM-DD. Default: today."),
    ] = None,
    folder: FolderOption = QUESTIONS,
    export: Annotated[
        bool,
        typer.Option("--export", help="Also write figures and tables of each report as files."),
    ] = False,
    commit: Annotated[
        bool,
        typer.Option(
            "--commit",
            help="Commit what is new to the git repository of the folder, without the fits.",
        ),
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
    """Do a week's work in this folder: update, report, compare, answer, resolve, score, commit.

    Reads added/ and questions/, writes reports/DAY, changes/DAY and reports/index.html (`forecast
    help every-monday`). A second run on the same day continues the first. Exit code 1 if a part
    failed or an added row was rejected or a forecast has to be confirmed, 3 if a fit has not
    converged; what succeeded is kept.
    """
    from forecast.runs.monday import Monday

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
    sampler = SamplerOptions(seed=seed, draws=draws, tune=tune, chains=chains, cores=cores)
    window = WindowOptions(
        horizons=horizons, above=above, baseline=baseline, at=at, by=by, improvement=improvement
    )

    if not data.add and any(ADDED.glob("*.csv")):
        data.add = [ADDED]
    pairs = dyads_of(dyads, "DYAD")
    settings = forecast.ReportSettings(
        dyad=pairs[0] if pairs else None,
        alone=alone,
        source=data.given,
        export=export,
        hierarchy=pairs[1:] if pairs and len(pairs) > 1 else None,
        replace=True,
        **window.asked,
        **vars(sampler),
    )
    name = day_of(day, "day") or dates.today()
    with progress("loading the libraries") as tell:
        week = Monday(settings, name.isoformat(), folder, pairs, commit, tell, say)
        week.run()
    _print_week(week)


def _print_week(week: "Monday") -> None:
    """Print a line for each pair and question; end with 1 if a person has to mend something."""
    largest_change_first = sorted(
        week.pairs, key=lambda pair: (pair.moved is None, -abs(pair.moved or 0.0))
    )
    pairs = [(pair, _caveats_of(pair, week.gaps)) for pair in largest_change_first]
    print_lines("week", soft_wrap=True, week=week, pairs=pairs)
    print_lines("loud", soft_wrap=True, week=week)
    for part, error in week.tasks.failures.items():
        typer.echo(f"Failed: {part}: {printable(str(error))}", err=True)
    if week.tasks.failures or week.rejected or week.questions.doubts:
        raise typer.Exit(1)
    if not week.converged:
        raise NotConverged(
            "NOT CONVERGED: do not use the numbers of the pairs named so. Take more --draws and "
            "--tune"
        )


def _caveats_of(pair: "Pair", gaps: "Sequence[str]") -> list[str]:
    """Return the caveats of a pair without those that the lines on gaps repeat."""
    return [caveat for caveat in pair.caveats if not any(gap.startswith(caveat) for gap in gaps)]
