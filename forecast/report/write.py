"""Writing of pages: all files are created first and then moved into place together."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.arguments import ASSESSMENT, ASSESSMENTS, FIT, GATE, PATH, POOLED, RECORDED, RESULTS, TEXT, checked
from forecast.events import write_rejects
from forecast.events.table import Recorded
from forecast.outlook import Assessment, Brief, NotDefined
from forecast.report.checks_page import checks_page
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
from forecast.report.ledger_page import track_record_page
from forecast.report.material import gather
from forecast.report.moved_page import change_page, moved_page
from forecast.report.page import illustrations, page
from forecast.report.provenance import GateLike, ReportedFit
from forecast.report.rendering import Page
from forecast.report.scenario_page import scenario_page
from forecast.report.skill import DyadSkill
from forecast.report.skill_page import skill_page

if TYPE_CHECKING:
    from forecast import evaluation
    from forecast.checks import Checks
    from forecast.hypotheses import PooledResults
    from forecast.model import Fit
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.comparison import Change
    from forecast.outlook.scenarios import Scenarios
    from forecast.questions import TrackRecord

_SKILL_FILES = ("skill.json", "skill.csv", "cases.csv.gz")


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

    def make() -> Page:
        exported = export or (Path(out) / EXPORT).is_dir()
        material = gather(fit, assessment, events, others, gate, skill)
        made = page(material, illustrations(material), exported=exported)
        rejects = {} if events is None else {"rejects.csv": partial(write_rejects, events)}
        return made.with_files(**rejects, **({fit_name: fit.save} if fit_name else {}))

    return publish(out, REPORT, make, subfolders=[SAVED_FIT, EXPORT])


@checked(results=POOLED, out=PATH)
def write_tests(results: "PooledResults", out: str | Path) -> Path:
    """Write the results of pooled tests: page, ``tests.json``, a table of all numbers and one figure per claim.

    A run that is killed leaves nothing half-written: the folder has the old page or the new one.

    Parameters
    ----------
    results : PooledResults
        Of `forecast.pooled_tests`.
    out : str or pathlib.Path
        Folder; files of an earlier page in it are replaced.

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
    >>> from forecast import write_tests
    >>> write_tests(results, "hypotheses")  # doctest: +SKIP
    """
    from forecast.report.claims_page import claims_page  # with the filter, which takes a second to load

    return publish(out, TESTS, lambda: claims_page(results))


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
    return publish(
        out, SKILL, lambda: skill_page(results), write=results.write, subfolders=["origins"], files=_SKILL_FILES
    )


@checked(fit=FIT, out=PATH)
def write_checks(fit: "Fit", found: "Checks", out: str | Path) -> Path:
    """Write the checks of a fit: page, ``checks.json`` and a table of all numbers."""
    return publish(out, CHECKS, lambda: checks_page(fit, found))


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
    return publish(out, SCENARIO, lambda: scenario_page(fit, found, gate or fit.gate))


@checked(out=PATH)
def write_track_record(record: "TrackRecord", out: str | Path, inputs: Sequence[str | Path] = ()) -> Path:
    """Write the track record of a ledger: page, ``track_record.json`` and a table of the decided questions."""
    return publish(out, TRACK_RECORD, lambda: track_record_page(record), inputs=inputs)


@checked(folder=PATH)
def write_skill_page(folder: str | Path) -> Path:
    """Write the page of a backtest again, from ``skill.json`` and ``cases.csv.gz`` in its folder."""
    from forecast.evaluation import Results

    require_report_folder(folder, SKILL)
    results = Results.read(folder)
    return publish(folder, SKILL, lambda: skill_page(results), subfolders=["origins"], files=_SKILL_FILES)


@checked(fit=FIT, out=PATH)
def write_moved(fit: "Fit", found: "Attribution", out: str | Path) -> Path:
    """Write what the events of the last months did: page, ``moved.json``, a table of the events and the figure."""
    return publish(out, MOVED, lambda: moved_page(fit, found))


@checked(out=PATH)
def write_change(
    fits: "tuple[Fit, Fit]", change: "Change", out: str | Path, *, events: "Attribution | None" = None
) -> Path:
    """Write what has changed between two days: page, ``change.json``, a table of the parts and the figure."""
    return publish(out, CHANGE, lambda: change_page(fits, change, events))
