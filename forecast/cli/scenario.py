"""`forecast scenario`: the outlook given events that are assumed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forecast
from forecast.base.errors import DataError, QuestionError, SpecError
from forecast.base.limits import MAX_POINTS, require_positive
from forecast.base.progress import Progress
from forecast.base.wording import join
from forecast.cli.groups import WindowOptions
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    QUESTIONS,
    AboveOption,
    BaselineOption,
    ByMonthOption,
    DyadArgument,
    EndMonthOption,
    FolderOption,
    HorizonsOption,
    ImprovementOption,
    JsonOption,
    ReplaceOption,
    SeedOption,
    output_path,
)
from forecast.cli.terminal import progress, show, show_result

if TYPE_CHECKING:
    import xarray as xr

    from forecast.data.events import EventTable
    from forecast.desk.questions import AppliedQuestion, Question


SCENARIOS = Path("scenario")
"""Default folder of the pages."""


@with_examples("scenario USA-CHN --fit report/fit.zarr --assume meeting.csv")
def scenario(
    assume: Annotated[
        list[Path],
        typer.Option(
            "--assume",
            help="A CSV of events that are assumed. Repeat it for scenarios side by side.",
        ),
    ],
    fit: Annotated[Path, typer.Option("--fit", help="A saved fit, such as report/fit.zarr.")],
    dyad: DyadArgument = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the page. Default: scenario/DYAD-DAY, with a number if there is one "
            "of that name.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    replace: ReplaceOption = False,
    questions: Annotated[
        list[str] | None,
        typer.Option(
            "--question",
            help="A question of the ledger: its ID, or its file. Repeat it for several.",
            rich_help_panel="Question",
        ),
    ] = None,
    folder: FolderOption = QUESTIONS,
    followed: Annotated[
        bool,
        typer.Option(
            "--followed", help="Show what the chronology has recorded since, of an earlier fit."
        ),
    ] = False,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
    horizons: HorizonsOption = None,
    above: AboveOption = None,
    baseline: BaselineOption = 12,
    at: EndMonthOption = None,
    by: ByMonthOption = None,
    improvement: ImprovementOption = 5.0,
) -> None:
    """Compute the outlook given assumed events, and the outlook without them.

    Writes a page and scenario.json (`forecast help what-if`). Exit code 3 if the fit has not
    converged or a scenario is so improbable that its numbers may not be used.
    """
    from forecast.desk.questions.folder import QuestionFolder
    from forecast.report.folder import SCENARIO, chosen_folder, require_report_folder

    window = WindowOptions(
        horizons=horizons, above=above, baseline=baseline, at=at, by=by, improvement=improvement
    )

    require_positive("improvement", window.improvement, MAX_POINTS, "points of share")
    require_report_folder(out, SCENARIO, [fit, *assume], replace=replace, parent=SCENARIOS)
    chosen = [QuestionFolder(folder).find(text) for text in questions or ()]
    with progress("loading the fit") as tell:
        from forecast.data.events.dyads import choose_dyad, dyad_labels
        from forecast.outlook import reported
        from forecast.outlook.scenarios import read_scenarios
        from forecast.report.scenario_page import chances, finding, question_sentences

        tables = read_scenarios(assume)  # first: a broken file is found before anything takes time
        loaded = forecast.Fit.load(fit)
        code = choose_dyad(dyad, loaded.dyads)
        events, since = _chronology_of(loaded, code, tell, followed=followed)
        put = [_put(loaded, code, question, events, seed) for question in chosen]
        outlook = forecast.scenario(
            loaded,
            code,
            tables,
            labels=dyad_labels(),
            questions=put,
            events=events,
            followed=since,
            progress=tell,
            seed=seed,
            **window.asked,
        )
        tell("checking convergence", 0, 0)
        gate = loaded.gate_ahead(
            code, outlook=reported(outlook.unconditional).to_dataarray("quantity")
        )
        tell("writing the page", 0, 0)
        with chosen_folder(out, SCENARIOS, outlook.dyad, outlook.origin) as folder_of_page:
            page = forecast.write_scenarios(loaded, outlook, folder_of_page, gate=gate)
    usable = gate.passed and not any(assumed.fault for assumed in outlook.scenarios)
    said = [
        f"{assumed.name}: {' '.join([assumed.sentence, *question_sentences(outlook, assumed)])}"
        for assumed in outlook.scenarios
    ]
    warnings = [
        f"{assumed.name}: {warning}"
        for assumed in outlook.scenarios
        for warning in assumed.warnings
    ]
    title, parts = (
        f"{finding(outlook)} ({outlook.stamp})",
        ["By the model alone:", chances(outlook), *said],
    )
    show_result(
        page,
        "scenario.json",
        lambda: show(title, parts, page, warnings),
        as_json=as_json,
        converged=usable,
    )


def _chronology_of(
    fit: "forecast.Fit", dyad: str, tell: Progress, *, followed: bool
) -> "tuple[EventTable | None, xr.Dataset | None]":
    """Return the events behind a fit of the chronology, and the panel of what followed."""
    from forecast.data.events.adding import CHRONOLOGY

    if "dataset" not in fit.panel.coords or CHRONOLOGY not in fit.panel["dataset"].to_numpy():
        if not followed:
            return None, None
        raise SpecError(
            "followed: the fit is not of the chronology, so that what followed is not known; "
            "leave it out"
        )
    tell("reading the chronology", 0, 0)
    events = forecast.read_chronology(dyads=[dyad])
    since = (
        forecast.build_panel(events, dyads=[dyad], frequency=fit.panel.attrs["frequency"])
        if followed
        else None
    )
    return events, since


def _put(
    fit: "forecast.Fit", dyad: str, question: "Question", table: "EventTable | None", seed: int
) -> "AppliedQuestion":
    """Put a question to the fit, if it is about the dyad and open on the day of the fit."""
    from forecast.data.panel.record import last_known

    if question.dyads != (dyad,):
        only = f", or a scenario of {question.dyad}" if len(question.dyads) == 1 else " alone"
        raise QuestionError(
            f"{question.id}: it is about {join(question.dyads)}, and the scenario about {dyad}; "
            f"ask one of {dyad}{only}"
        )
    if closed := question.closed(last_known(fit.panel)):
        raise QuestionError(f"{question.id}: {closed}")
    try:
        return forecast.apply_question(fit, question, seed=seed, table=table)
    except DataError as error:
        raise QuestionError(
            f"{question.id}: the fit is not of the chronology as it comes with the package, in "
            "which its codes would be counted. Make the fit again, or ask in Python with its own "
            "events (apply_question)"
        ) from error
