"""The whole pipeline in one call: data -> panel -> fit -> outlook -> report."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.arguments import checked
from forecast.base.errors import SpecError
from forecast.base.progress import Progress, Steps, side_by_side, silent
from forecast.base.wording import Card, Displayed, fitted_together
from forecast.data.events.dyads import dyad_labels, read_dyads
from forecast.data.panel.record import last_known
from forecast.data.records import wanted_together
from forecast.data.sources import Source, open_source
from forecast.runs.fitting import fit_records, load_fit, update_saved_fit
from forecast.runs.job import Job, check_query, chosen_dyad, reported_dyads, require_near
from forecast.runs.settings import ReportSettings, check_settings, is_updated
from forecast.runs.wording import describe_added, describe_end, describe_update

if TYPE_CHECKING:
    from forecast.model import Fit, Gate
    from forecast.outlook import Assessment, Brief, NotDefined
    from forecast.report.skill.dyad import DyadSkill


# Number of dyads simulated together: each takes some hundred megabytes
MAX_REPORTS_AT_ONCE = 4


REPORTS = Path("report")
"""Default parent folder of reports."""


SAVED_FIT = "fit.zarr"
"""Name of a fit in the folder of its reports."""


LEDGER = Path("questions/ledger.jsonl")
"""Ledger in the working folder, whose prices a report shows if it is there."""


@dataclass(frozen=True, repr=False)
class Report(Displayed):
    """A finished report."""

    page: Path  # The page
    assessment: "Assessment"  # What it says
    gate: "Gate"  # Whether it may be used
    seconds: dict[str, float]  # How long each step took
    warnings: tuple[str, ...]  # What a reader has to know of the data or the fit, in sentences
    dyads: tuple[str, ...]  # Those that were fitted together
    skill: "DyadSkill | NotDefined"  # How good such forecasts have been

    def _card(self) -> Card:
        from forecast.report.skill.box import skill_sentence

        facts = [
            ("page", str(self.page)),
            ("skill", skill_sentence(self.skill)),
            ("hierarchy", fitted_together(self.assessment.dyad, self.dyads)),
            ("converged", "yes" if self.gate.passed else "NO: do not use these numbers"),
            *(("driver", driver.sentence) for driver in self.assessment.drivers),
            *(("warning", words) for words in self.warnings),
            ("took", f"{sum(self.seconds.values()):.0f} s"),
        ]
        return Card(self.assessment.headline, tuple(facts))


@checked
def make_report(settings: ReportSettings, *, progress: Progress | None = None) -> Report:
    """Make the report of a dyad.

    Parameters
    ----------
    settings : ReportSettings
        What it is about and how it is made.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Report
        The page, the assessment behind it, its convergence checks, warnings, and seconds by step.

    Raises
    ------
    UnknownDyadError, SpecError, DataError, FitFileError, OutputError
        If what is asked for makes no sense; before any long work where that can be seen.

    Examples
    --------
    >>> from forecast import ReportSettings, make_report
    >>> make_report(ReportSettings(dyad="USA-CHN", alone=True)).page  # doctest: +SKIP
    PosixPath('report/USA-CHN-2026-06-13/index.html')
    """
    from forecast.report.folder import REPORT, chosen_folder

    check_place(settings, REPORT)
    prepared = prepare_reports(settings, progress=progress)
    (dyad,) = prepared.dyads
    fit_name = SAVED_FIT if settings.save_fit and not prepared.unchanged else None
    with chosen_folder(settings.out, REPORTS, dyad, last_known(prepared.fit.panel)) as out:
        return prepared.write(dyad, out, fit_name=fit_name)


def prepare_reports(
    settings: ReportSettings, *, every: bool = False, progress: Progress | None = None
) -> "PreparedReports":
    """Fit, or update a saved fit, and assess its dyad or every dyad whose record is long enough."""
    from forecast.report.skill.dyad import read_skill

    check_settings(settings)
    steps = Steps(progress or silent)
    saved = load_fit(settings, steps) if settings.fit_path else None
    with steps.step("reading the data"):
        job = _start_job(settings, steps, saved, every=every)
        tested = read_skill(settings.skill)  # a broken file is found before long work
    if saved and not is_updated(settings):
        check_query(saved.panel, job.dyad, settings)
    fit, notes = update_saved_fit(job, saved) if saved else fit_records(job)
    dyads, skipped = reported_dyads(fit.panel) if every else ([job.dyad], {})
    prepared = _assess(job, fit, dyads)
    if saved and fit is not saved and _needs_new_fit(fit, prepared):
        fit = _fit_again(job, saved, fit, prepared)
        notes = describe_update(fit)
        prepared = _assess(job, fit, dyads)
    if not saved and settings.draws is None and not prepared.worst.passed:
        fit, note = _sample_longer(job, fit, prepared)
        notes = (*notes, note)
        prepared = _assess(job, fit, dyads)
    return replace(
        prepared,
        fit=_with_facts(fit, steps),
        unchanged=fit is saved,
        notes=notes,
        skipped=skipped,
        tested=tested,
    )


def _start_job(settings: ReportSettings, steps: Steps, saved: "Fit | None", *, every: bool) -> Job:
    """Open the data, choose the dyad, and reject what cannot be answered before long work."""
    named = None if saved or settings.dyad is None else [settings.dyad]  # a fit has its own dyads
    wanted = named and wanted_together(named, () if settings.alone else settings.hierarchy)
    records = open_source(settings.source or Source(), wanted, settings.as_of)
    dyad = chosen_dyad(settings, saved.dyads if saved else records.dyads, every)
    job = Job(settings, records, dyad, steps, every)
    if settings.since is not None and not settings.fit_path and settings.since >= job.as_of:
        raise SpecError(
            f"since: {settings.since} is not before {job.as_of}, the day of the report; give an "
            "earlier day"
        )
    if settings.as_of is not None and not every:
        require_near(records, dyad, settings.as_of)
    return job


def _needs_new_fit(fit: "Fit", prepared: "PreparedReports") -> bool:
    """Return whether the sampler converged, but the weights of an update leave too few draws."""
    from forecast.model.gate import R_HAT_LIMIT

    missed = [gate for gate in prepared.gates.values() if not gate.passed]
    return bool(fit.updates) and any(gate.table["r_hat"].max() <= R_HAT_LIMIT for gate in missed)


def _fit_again(job: Job, saved: "Fit", fit: "Fit", prepared: "PreparedReports") -> "Fit":
    """Sample the model again on the panel of an updated fit."""
    with job.steps.step("fitting again"):
        from forecast.model.updating import sampled_again

        return sampled_again(saved, fit.panel, prepared.worst.reasons[0], job.steps.progress)


def _sample_longer(job: Job, fit: "Fit", prepared: "PreparedReports") -> tuple["Fit", str]:
    """Sample twice as long; return the fit, and a sentence on it."""
    from forecast.model.updating import sampled_longer

    reason = prepared.worst.reasons[0]
    with job.steps.step("sampling twice as long"):
        fit = sampled_longer(fit, reason, job.steps.progress, job.settings.cores)
    draws = fit.posterior.sizes["draw"]
    return fit, f"Sampled again with {draws:,} draws per chain, because at first {reason}."


def _with_facts(fit: "Fit", steps: Steps) -> "Fit":
    """Note in a fit what later updates need: duration, convergence checks, R-hat of the sampler."""
    facts: dict[str, Any] = {
        "seconds": fit.provenance["seconds"] | steps.seconds,
        "gate": fit.gate.diagnostics,
    }
    if not fit.updates:
        facts["r_hat"] = fit.gate.r_hats
    return fit.noting(**facts)


@dataclass(frozen=True)
class PreparedReports:
    """Reports on some dyads of one fit, to be written."""

    job: Job
    fit: "Fit"
    assessments: "dict[str, Assessment]"
    gates: "dict[str, Gate]"
    briefs: "dict[str, Brief]"  # Of the other dyads
    unchanged: bool = False  # Whether the fit is the saved one
    notes: tuple[str, ...] = ()  # How the fit came about
    # Dyads of the fit without a report, and why
    skipped: dict[str, str] = field(default_factory=dict)
    tested: Any = None  # What a backtest says of forecasts

    @property
    def dyads(self) -> list[str]:
        """Dyads with a report."""
        return list(self.assessments)

    @property
    def worst(self) -> "Gate":
        """The verdict on a dyad that misses a convergence check, if there is one."""
        return min(self.gates.values(), key=lambda gate: gate.passed)

    def write(
        self,
        dyad: str,
        out: Path,
        fit_name: str | None = None,
        links: Mapping[str, str] | None = None,
        ledger: Path = LEDGER,
    ) -> Report:
        """Write the report of a dyad, with links to other pages and prices of a ledger."""
        from forecast.report.page import write_report
        from forecast.report.skill.dyad import find_skill

        job, fit = self.job, self.fit
        assessment, gate = self.assessments[dyad], self.gates[dyad]
        briefs = {code: result.brief for code, result in self.assessments.items()} | self.briefs
        with job.steps.step("writing the report"):
            fitted = (
                set(map(str, fit.panel["dataset"].to_numpy()))
                if "dataset" in fit.panel.coords
                else set()
            )
            datasets = job.records.datasets  # a saved fit may be of others
            same_data = fitted == datasets or fitted & datasets
            shown = job.records.table_of(fit.dyads) if same_data else None
            skill = find_skill(fit, assessment, shown, self.tested)
            page = write_report(
                fit,
                assessment,
                out=out,
                events=shown,
                others=[briefs[code] for code in fit.dyads if code != dyad],
                gate=gate,
                skill=skill,
                fit_name=fit_name,
                export=job.settings.export,
                links=links,
                ledger=ledger if ledger.exists() else None,
            )
        of_record = () if self.unchanged else describe_end(fit.panel, dyad, last_known(fit.panel))
        warnings = (*describe_added(job.records, fit), *self.notes, *of_record)
        return Report(page, assessment, gate, job.steps.seconds, warnings, tuple(fit.dyads), skill)


def check_place(settings: ReportSettings, names: str) -> None:
    """Raise OutputPathError if pages cannot be written or would replace others."""
    from forecast.report.folder import require_report_folder

    replaced = settings.fit_path if settings.save_fit and is_updated(settings) else None
    read = [
        *(settings.source.files if settings.source else ()),
        settings.drivers,
        settings.skill,
        replaced,
    ]
    require_report_folder(settings.out, names, read, replace=settings.replace, parent=REPORTS)


def _assess(job: Job, fit: "Fit", dyads: "Sequence[str]") -> PreparedReports:
    """Assess some dyads, the others in brief, and check the convergence of all numbers."""
    from forecast.outlook import assess, brief, reported

    settings = job.settings
    origin = last_known(fit.panel)
    # A record as of a day before its reference date is compared with all of itself.
    since = {
        code: day.date()
        for code, day in read_dyads()["reference_date"].items()
        if day.date() < origin
    }
    common: dict[str, Any] = {
        "horizons": settings.horizons,
        "at": settings.at,
        "seed": settings.seed,
        "labels": dyad_labels(),
        "improvement": settings.improvement,
        "baseline_months": settings.baseline_months,
    }
    tasks: dict[str, Callable[[], Any]] = {
        "gate": lambda: fit.gate,
        **{
            code: partial(
                assess,
                fit,
                code,
                **common,
                since=settings.since or since.get(code),
                above=settings.above,
                by=settings.by,
            )
            for code in dyads
        },
        **{code: partial(brief, fit, code, **common) for code in fit.dyads if code not in dyads},
    }
    with job.steps.step("simulating"):
        threads = min(settings.cores or os.cpu_count() or 1, MAX_REPORTS_AT_ONCE)
        results = dict(side_by_side(lambda task, _: (task[0], task[1]()), tasks.items(), threads))
    assessments = {code: results[code] for code in dyads}
    with job.steps.step("checking convergence"):
        gates = {
            code: fit.gate_with(outlook=reported(assessment).to_dataarray("quantity"))
            for code, assessment in assessments.items()
        }
    briefs = {code: results[code] for code in fit.dyads if code not in dyads}
    return PreparedReports(job, fit, assessments, gates, briefs)
