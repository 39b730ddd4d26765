"""`forecast scenario` and `forecast check`: conditional forecasts and checks of a saved fit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from forecast.arguments import MOST_POINTS, require_positive
from forecast.cli.options import Window, arg, grouped, opt, own_folder, shared, show_result, whole
from forecast.cli.question import folder_option
from forecast.cli.terminal import console, escape, progress, table
from forecast.errors import DataError, QuestionError, SpecError
from forecast.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast.checks import Checks
    from forecast.events import EventTable
    from forecast.model import Fit, Gate
    from forecast.outlook import NotDefined, Probability
    from forecast.outlook.scenarios import Scenarios
    from forecast.questions import PutQuestion, Question

SCENARIOS = Path("scenario")
"""Default folder of the pages."""
UNUSABLE = 3


@grouped
def scenario(
    window: Window,
    events: list[Path] = opt("A CSV of events that are assumed. Repeat it for scenarios side by side.", ...),
    fit: Path = opt("A saved fit, such as report/fit.zarr.", ...),
    dyad: str = shared.dyad(),
    out: Path | None = own_folder("scenario"),
    replace: bool = shared.replace(),
    questions: list[str] | None = opt(
        "A question of the ledger: its ID, or its file. Repeat it for several.", name="--question"
    ),
    folder: Path = folder_option(),
    improvement: float = shared.improvement(),
    followed: bool = opt("Show what the chronology has recorded since, of an earlier fit.", False),
    seed: int = shared.seed(),
    as_json: bool = shared.json(),
) -> None:
    """Compute the outlook given events that are assumed, not predicted, and the outlook without them.

    Writes a page and scenario.json (docs/what-if.md). Exit code 3 if the fit has not converged or a scenario is so
    improbable that its numbers may not be used.
    """
    from forecast.questions.ledger import QuestionFolder
    from forecast.report.folder import SCENARIO, chosen_folder, require_place

    require_positive("improvement", improvement, MOST_POINTS, "points of share")
    require_place(out, SCENARIOS, SCENARIO, [fit, *events], replace=replace)
    asked = window.asked
    put = [QuestionFolder(folder).find(text) for text in questions or ()]
    with progress() as tell:
        tell("loading the fit", 0, 0)
        from forecast.report.scenario_page import write_scenarios

        loaded, found, gate = _computed(
            fit, dyad, events, put, tell, followed=followed, seed=seed, smallest_improvement=improvement, **asked
        )
        tell("writing the page", 0, 0)
        with chosen_folder(out, SCENARIOS, found.dyad, found.origin) as own:
            page = write_scenarios(loaded, found, own, gate=gate)
    show_result(page, "scenario.json", lambda: _print(found, page), as_json=as_json)
    if not gate.passed or any(one.fault for one in found.scenarios):
        raise typer.Exit(UNUSABLE)


def _computed(
    path: Path,
    dyad: str,
    files: Sequence[Path],
    questions: "Sequence[Question]",
    tell: Progress,
    *,
    followed: bool,
    seed: int,
    **asked: Any,
) -> "tuple[Fit, Scenarios, Gate]":
    """Compute scenarios from a saved fit.

    Which part of its class a code is, is taken from the embedded chronology if the fit was made of it.
    """
    from forecast.events import find_dyad, read_chronology
    from forecast.events.additions import CHRONOLOGY
    from forecast.events.dyads import dyad_labels
    from forecast.model.fitted import Fit
    from forecast.outlook import reported
    from forecast.outlook.scenarios import read_scenarios, scenario

    tables = read_scenarios(files)  # first: a broken file is found before anything takes time
    fit = Fit.load(path)
    code = find_dyad(dyad, fit.dyads)
    names = [str(name) for name in fit.panel["dataset"].to_numpy()] if "dataset" in fit.panel.coords else []
    events = since = None
    if CHRONOLOGY in names:
        tell("reading the chronology", 0, 0)
        events = read_chronology(dyads=[code])
    elif followed:
        raise SpecError("followed: the fit is not of the chronology, so that what followed is not known; leave it out")
    if followed and events is not None:
        from forecast.panel import build_panel

        since = build_panel(events, dyads=[code], frequency=fit.panel.attrs["frequency"])
    found = scenario(
        fit, code, tables, labels=dyad_labels(), questions=[_put(fit, code, one, events, seed) for one in questions],
        events=events, followed=since, progress=tell, seed=seed, **asked,
    )  # fmt: skip
    tell("checking convergence", 0, 0)
    stated = reported(found.unconditional).to_dataarray("quantity")
    return fit, found, fit.gate_ahead(code, outlook=stated)


def _put(fit: "Fit", dyad: str, question: "Question", table: "EventTable | None", seed: int) -> "PutQuestion":
    """Put a question to the fit, if it is about the dyad and open on the day of the fit."""
    from forecast.panel.record import last_known
    from forecast.questions import put_question

    if question.dyad != dyad:
        raise QuestionError(
            f"{question.id}: it is about {question.dyad}, and the scenario about {dyad}; ask one of {dyad}, or give "
            f"--dyad {question.dyad}"
        )
    if closed := question.closed(last_known(fit.panel)):
        raise QuestionError(f"{question.id}: {closed}")
    try:
        return put_question(fit, question, seed=seed, table=table)
    except DataError as error:
        raise QuestionError(
            f"{question.id}: the fit is not of the chronology as it comes with the package, in which its codes would "
            "be counted. Make the fit again, or ask in Python with its own events (put_question)"
        ) from error


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


@grouped
def check(
    fit: Path = arg("A saved fit, such as report/fit.zarr.", ...),
    out: Path | None = own_folder("checks"),
    replace: bool = shared.replace(),
    records: int = whole("How many records are simulated.", "records", 400),
    backtest: Path | None = opt("Folder of a backtest of the same form of model, for months it had not seen."),
    seed: int = shared.seed(),
    as_json: bool = shared.json(),
) -> None:
    """Compare a fit's record with records that the fit makes: posterior predictive checks.

    Writes a page, checks.json and checks.csv (docs/checks.md). Exit code 3 if the fit has not converged.
    """
    from forecast.report.folder import CHECKS, chosen_folder, require_place

    require_place(out, CHECKED, CHECKS, [fit, backtest], replace=replace)
    with progress() as tell:
        tell("loading the fit", 0, 0)
        from forecast.checks import check_fit
        from forecast.model import Fit
        from forecast.panel.record import last_known
        from forecast.report.checks_page import write_checks

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
            values = (
                f"observed {row['observed']:.1f}, simulated {row['mean']:.1f} [{row['low']:.1f}, {row['high']:.1f}]"
            )
            out.print(escape(f"  {where}: {row['what']}: {values}"))
    out.print(f"\n{escape(str(page))}")
