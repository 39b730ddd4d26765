"""Writing of pages: all files are created first and then moved into place together."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast.arguments import ASSESSMENT, ASSESSMENTS, FIT, GATE, PATH, RECORDED, RESULTS, TEXT, checked
from forecast.events import write_rejects
from forecast.events.table import Recorded
from forecast.files import write_csv, write_json, write_text
from forecast.outlook import Assessment, Brief, NotDefined
from forecast.report.checks_page import checks_json, checks_page
from forecast.report.export import summary, write_export
from forecast.report.folder import (
    CHANGE,
    CHECKS,
    EXPORT,
    MOVED,
    REPORT,
    SAVED_FIT,
    SCENARIO,
    SKILL,
    TESTS,
    TRACK_RECORD,
    publish,
    require_report_folder,
)
from forecast.report.jsonfile import levels_table, report_json
from forecast.report.ledger_page import cases_table, track_record_page
from forecast.report.material import gather
from forecast.report.moved_page import (
    change_figure,
    change_json,
    change_page,
    change_rows,
    moved_figure,
    moved_json,
    moved_page,
    moved_rows,
)
from forecast.report.page import illustrations, page
from forecast.report.provenance import GateLike, ReportedFit
from forecast.report.rendering import Page
from forecast.report.scenario_page import scenario_json, scenario_page
from forecast.report.skill import DyadSkill
from forecast.report.skill_page import skill_page
from forecast.report.tests_page import results_figures, results_json, results_page, results_table

if TYPE_CHECKING:
    from forecast import evaluation
    from forecast.checks import Checks
    from forecast.hypotheses import Results
    from forecast.model import Fit
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.comparison import Change
    from forecast.outlook.scenarios import Scenarios
    from forecast.questions import TrackRecord

_SKILL_FILES = ("skill.json", "skill.csv", "cases_shown.csv")


@checked(fit=FIT, assessment=ASSESSMENT, out=PATH, events=RECORDED, others=ASSESSMENTS, gate=GATE, fit_name=TEXT)
def write_report(
    fit: ReportedFit,
    assessment: Assessment,
    *,
    out: str | Path,
    events: Recorded | None = None,
    others: Sequence[Assessment | Brief] = (),
    gate: GateLike | None = None,
    skill: DyadSkill | NotDefined | None = None,
    fit_name: str | None = None,
    export: bool = False,
) -> Path:
    """Write the report of a dyad: page, JSON, levels, main figure, summary, rejected rows and, if asked for, the fit.

    A run that is killed leaves nothing half-written: the folder has the old report or the new one.

    Parameters
    ----------
    fit : ReportedFit
        What the assessments were made from.
    assessment : Assessment
        Of the report's dyad.
    out : str or pathlib.Path
        Folder; files of an earlier report in it are replaced.
    events : EventTable, CountTable or IndexTable, optional
        What was read; without single events none is named or listed.
    others : sequence of Assessment or Brief
        Of the other dyads of the fit, for comparison.
    gate : GateLike, optional
        The verdict on convergence; the fit's own without it.
    skill : DyadSkill or NotDefined, optional
        What a backtest says of such forecasts, by `find_skill`; by default the one that comes with the package.
    fit_name : str, optional
        Save the fit in the same folder under this name, such as ``fit.nc``.
    export : bool
        Write every figure as SVG, PNG and PDF, and every table as CSV and for LaTeX, into its folder ``export``. One
        that an earlier report left there is always written again, so that it is never of another report.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    SpecError
        If the other assessments are not of the same moment.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report import write_report
    >>> write_report(fit, assessment, events=table, out="report")  # doctest: +SKIP
    """

    def write(new: Path) -> Page:
        material = gather(fit, assessment, events, others, gate, skill)
        figures = illustrations(material)
        numbers = report_json(material)
        write_json(new / "forecast.json", numbers)
        write_csv(new / "levels.csv", levels_table(fit, {one.dyad: one.kinds for one in (assessment, *others)}))
        write_text(new / "pendulum.svg", figures["pendulum"].wide)
        write_text(new / "summary.md", summary(material))
        if export or (Path(out) / EXPORT).is_dir():
            write_export(new / EXPORT, material, figures, numbers)
        if events is not None:
            write_rejects(events, new / "rejects.csv")
        if fit_name:
            fit.save(new / fit_name)
        return page(material, figures)

    return publish(out, REPORT, write, subfolders=[SAVED_FIT, EXPORT])


@checked(results=RESULTS, out=PATH)
def write_tests(results: "Results", out: str | Path) -> Path:
    """Write the report of a run of tests: page, JSON, a table of all numbers, the plan and a figure a claim.

    A run that is killed leaves nothing half-written: the folder has the old report or the new one.

    Parameters
    ----------
    results : Results
        Of `forecast.hypotheses.run_tests`.
    out : str or pathlib.Path
        Folder; files of an earlier report in it are replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report import write_tests
    >>> write_tests(results, "tests")  # doctest: +SKIP
    """
    from forecast.hypotheses.plan import write_plan

    def write(new: Path) -> Page:
        figures = results_figures(results)
        write_json(new / "tests.json", results_json(results))
        write_csv(new / "tests.csv", results_table(results))
        write_plan(new / "plan.yaml", results.plan)
        for code, figure in figures.items():
            write_text(new / f"{code}.svg", figure.wide)
        return results_page(results, figures)

    return publish(out, TESTS, write, subfolders=[SAVED_FIT])


@checked(results=RESULTS, out=PATH)
def write_skill(results: "evaluation.Results", out: str | Path) -> Path:
    """Write the results of a backtest: page, ``skill.json``, and tables of its rows and of the cases.

    Parameters
    ----------
    results : Results
        Of `forecast.evaluation.backtest`.
    out : str or pathlib.Path
        Folder, such as that of the run; files of an earlier page in it are replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report import write_skill
    >>> write_skill(results, "skill")  # doctest: +SKIP
    """

    def write(new: Path) -> Page:
        results.write(new)
        return skill_page(results)

    return publish(out, SKILL, write, subfolders=["origins"], files=_SKILL_FILES)


@checked(fit=FIT, out=PATH)
def write_checks(fit: "Fit", found: "Checks", out: str | Path) -> Path:
    """Write the checks of a fit: page, ``checks.json`` and a table of all numbers."""

    def write(new: Path) -> Page:
        write_json(new / "checks.json", checks_json(fit, found))
        write_csv(new / "checks.csv", found.table)
        return checks_page(fit, found)

    return publish(out, CHECKS, write)


@checked(fit=FIT, out=PATH, gate=GATE)
def write_scenarios(fit: ReportedFit, found: "Scenarios", out: str | Path, gate: GateLike | None = None) -> Path:
    """Write scenarios: page and ``scenario.json``.

    Parameters
    ----------
    fit : ReportedFit
    found : Scenarios
        Of `forecast.scenario`.
    out : str or pathlib.Path
        Folder; files of earlier scenarios in it are replaced.
    gate : GateLike, optional
        The result of the convergence checks; the fit's own without it.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report import write_scenarios
    >>> write_scenarios(fit, forecast.scenario(fit, "USA-CHN", "whatif.csv"), "scenario")  # doctest: +SKIP
    """
    judged = gate or fit.gate

    def write(new: Path) -> Page:
        write_json(new / "scenario.json", scenario_json(fit, found, judged))
        return scenario_page(fit, found, judged)

    return publish(out, SCENARIO, write)


@checked(out=PATH)
def write_track_record(record: "TrackRecord", out: str | Path, inputs: Sequence[str | Path] = ()) -> Path:
    """Write the track record of a ledger: page, ``track_record.json`` and a table of the decided questions."""

    def write(new: Path) -> Page:
        write_json(new / "track_record.json", record.to_dict(), by_record=True)
        write_csv(new / "questions.csv", cases_table(record))
        return track_record_page(record)

    return publish(out, TRACK_RECORD, write, inputs=inputs)


@checked(folder=PATH)
def write_skill_page(folder: str | Path) -> Path:
    """Write the page of a backtest again, from ``skill.json`` and ``cases_shown.csv`` in its folder."""
    from forecast.evaluation import Results

    require_report_folder(folder, SKILL)
    results = Results.read(folder)
    return publish(folder, SKILL, lambda _: skill_page(results), subfolders=["origins"], files=_SKILL_FILES)


@checked(fit=FIT, out=PATH)
def write_moved(fit: "Fit", found: "Attribution", out: str | Path) -> Path:
    """Write what the events of the last months did: page, ``moved.json``, a table of the events and the figure."""

    def write(new: Path) -> Page:
        figure = moved_figure(found)
        write_json(new / "moved.json", moved_json(found))
        write_csv(new / "moved.csv", pd.DataFrame(moved_rows(found)))
        write_text(new / "moved.svg", figure.wide)
        return moved_page(fit, found, figure)

    return publish(out, MOVED, write)


@checked(out=PATH)
def write_change(
    fits: "tuple[Fit, Fit]", change: "Change", out: str | Path, *, events: "Attribution | None" = None
) -> Path:
    """Write what has changed between two days: page, ``change.json``, a table of the parts and the figure."""

    def write(new: Path) -> Page:
        figure = change_figure(change)
        write_json(new / "change.json", change_json(change, events))
        write_csv(new / "change.csv", pd.DataFrame(change_rows(change)))
        write_text(new / "change.svg", figure.wide)
        return change_page(fits, change, events, figure)

    return publish(out, CHANGE, write)
