"""`forecast scenario` and `forecast check`: conditional forecasts and checks of a saved fit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.arguments import MOST_POINTS, require_positive, require_whole
from forecast.cli.options import Dyad, Horizons, Improvement, Json, Replace, Seed, day_of, own_folder, show_result
from forecast.cli.question import FOLDER, Folder
from forecast.cli.terminal import console, escape, progress, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast.checks import Checks
    from forecast.outlook import NotDefined, Probability
    from forecast.outlook.scenarios import Scenarios

SCENARIOS = Path("scenario")
"""Default folder of the pages."""
UNUSABLE = 3


def scenario(
    events: Annotated[
        list[Path],
        typer.Option("--events", help="A CSV of events that are assumed. Repeat it for scenarios side by side."),
    ],
    fit: Annotated[Path, typer.Option("--fit", help="A saved fit, such as report/fit.zarr.")],
    dyad: Dyad = "USA-CHN",
    out: Annotated[Path | None, own_folder("scenario")] = None,
    replace: Replace = False,
    horizons: Horizons = None,
    above: Annotated[float | None, typer.Option("--above", help="A share in per cent to be reached.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="In place of --horizons: a month, YYYY-MM.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="With --above: a month, YYYY-MM.")] = None,
    at_least: Annotated[
        list[str] | None, typer.Option("--at-least", help="KIND, KIND:NUMBER or KIND:NUMBER:MONTHS.")
    ] = None,
    questions: Annotated[
        list[str] | None,
        typer.Option("--question", help="A question of the ledger: its ID, or its file. Repeat it for several."),
    ] = None,
    folder: Folder = FOLDER,
    improvement: Improvement = 5.0,
    followed: Annotated[
        bool, typer.Option("--followed", help="Show what the chronology has recorded since, of an earlier fit.")
    ] = False,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Compute the outlook given events that are assumed, not predicted, beside the outlook without them.

    Writes a page and scenario.json (docs/what-if.md). Exit code 3 if the fit has not converged or a scenario is so
    improbable that its numbers may not be used.
    """
    from forecast.dates import parse_horizons
    from forecast.errors import SpecError
    from forecast.outlook.query import AtLeast
    from forecast.questions.ledger import QuestionFolder
    from forecast.report.folder import SCENARIO, chosen_folder, require_place

    require_whole("seed", seed)
    require_positive("improvement", improvement, MOST_POINTS, "points of share")
    require_place(out, SCENARIOS, SCENARIO, [fit, *events], replace=replace)
    if horizons and at:
        raise SpecError("--horizons, --at: both say how far ahead; leave out one of them")
    months = parse_horizons(horizons) if horizons else (3, 6, 12, 24)
    asked = [QuestionFolder(folder).find(text) for text in questions or ()]
    with progress() as tell:
        tell("loading the fit", 0, 0)
        from forecast.report import write_scenarios
        from forecast.whatif import run_scenarios

        loaded, found, gate = run_scenarios(
            fit, dyad, events, months, seed=seed, smallest_improvement=improvement, above=above, at=day_of(at, "at"),
            by=day_of(by, "by"), at_least=[AtLeast.parse(text) for text in at_least or ()], questions=asked,
            followed=followed, progress=tell,
        )  # fmt: skip
        tell("writing the page", 0, 0)
        with chosen_folder(out, SCENARIOS, found.dyad, found.origin) as folder:
            page = write_scenarios(loaded, found, folder, gate=gate)
    show_result(page, "scenario.json", lambda: _print(found, page), as_json=as_json)
    if not gate.passed or any(one.fault for one in found.scenarios):
        raise typer.Exit(UNUSABLE)


def _print(found: "Scenarios", page: Path) -> None:
    from forecast.outlook import NotDefined, Probability
    from forecast.report.scenario_page import question_sentences
    from forecast.wording import DASH, chance, period

    out = console()
    out.print(f"[bold]{escape(found.label)}: {escape(found.stamp)}[/]\n")
    prospects = [found.unconditional, *(one.prospect for one in found.scenarios)]

    def cells(chances: "Iterable[Probability | NotDefined]") -> list[str]:
        return [chance(one.value) if isinstance(one, Probability) else DASH for one in chances]

    rows = []
    for months, outlook in found.unconditional.improvement.items():
        windows = [
            own.recorded if isinstance(own.recorded, NotDefined) else own.recorded[months].up for own in prospects
        ]
        rows.append([period(outlook.until, weekly=found.weekly), *cells(windows)])
    for place, question in enumerate(found.unconditional.questions):
        rows.append([question.id, *cells(own.questions[place].chance for own in prospects)])
    out.print(table(["higher share to", "without", *(one.name for one in found.scenarios)], rows))
    for one in found.scenarios:
        out.print(f"\n{escape(one.name)}: {escape(' '.join([one.sentence, *question_sentences(found, one)]))}")
        for warning in one.warnings:
            out.print(f"[yellow]{escape(warning)}[/]")
    out.print(f"\n{escape(str(page))}")


SHOWN = 8
CHECKED = Path("checks")
"""Default folder of the pages."""


def check(
    fit: Annotated[Path, typer.Argument(help="A saved fit, such as report/fit.zarr.")],
    out: Annotated[Path | None, own_folder("checks")] = None,
    replace: Replace = False,
    records: Annotated[int, typer.Option("--records", help="How many records are simulated.")] = 400,
    backtest: Annotated[
        Path | None,
        typer.Option("--backtest", help="Folder of a backtest of the same form of model, for months it had not seen."),
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Compare a fit's record with records that the fit makes: posterior predictive checks.

    Writes a page, checks.json and checks.csv (docs/checks.md). Exit code 3 if the fit has not converged.
    """
    from forecast.report.folder import CHECKS, chosen_folder, require_place

    require_whole("records", records)
    require_whole("seed", seed)
    require_place(out, CHECKED, CHECKS, [fit, backtest], replace=replace)
    with progress() as tell:
        tell("loading the fit", 0, 0)
        from forecast.checks import check_fit
        from forecast.model import Fit
        from forecast.panel.record import last_known
        from forecast.report import write_checks

        loaded = Fit.load(fit)
        tell("simulating records", 0, 0)
        found = check_fit(loaded, records=records, seed=seed, backtest=backtest)
        tell("writing the page", 0, 0)
        with chosen_folder(out, CHECKED, name_of(loaded.dyads), last_known(loaded.panel)) as folder:
            page = write_checks(loaded, found, folder)
    show_result(page, "checks.json", lambda: _print_checks(found, page), as_json=as_json)
    if not loaded.gate.passed:
        raise typer.Exit(3)


def name_of(dyads: list[str]) -> str:
    """Return what the folder of a fit of some dyads is called."""
    return dyads[0] if len(dyads) == 1 else f"{len(dyads)}-dyads"


def _print_checks(found: "Checks", page: Path) -> None:
    out = console()
    out.print(f"[bold]{escape(found.finding)}[/]\n")
    rows = [
        [str(name), f"{kind['numbers']:.0f}", f"{kind['misses']:.0f}", f"{kind['expected']:g}"]
        for name, kind in found.summary.iterrows()
    ]
    out.print(table(["check", ("numbers", True), ("misses", True), ("expected", True)], rows))
    for one in found.ahead:
        out.print(f"\n{escape(one.sentence)}")
    worst = found.misses.head(SHOWN)
    if len(worst):
        out.print("\nThe farthest:")
        for row in worst.to_dict("records"):
            where = row["era"] or row["dyad"]
            told = f"observed {row['observed']:.1f}, simulated {row['mean']:.1f} [{row['low']:.1f}, {row['high']:.1f}]"
            out.print(escape(f"  {where}: {row['what']}: {told}"))
    out.print(f"\n{escape(str(page))}")
