"""The whole pipeline in one call: data -> panel -> fit -> outlook -> report."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.arguments import check, checked
from forecast.base.dates import Clock, Day, months_between, read_day, reject_future, today
from forecast.base.errors import DataError, SpecError
from forecast.base.limits import MOST_POINTS, require_positive, require_sampler
from forecast.base.progress import Progress, Steps, side_by_side, silent
from forecast.base.wording import Card, Displayed, count, day, fitted_together, month, sentences
from forecast.data.calendar_drivers import drivers_for
from forecast.data.drivers import Future, add_drivers, require_drivers
from forecast.data.events import describe_additions
from forecast.data.events.dyads import (
    additions_of,
    choose_dyad,
    dyad_labels,
    find_dyad,
    hierarchy,
    last_covered,
    read_dyads,
)
from forecast.data.panel.record import last_known, observed_periods, partly_known, require_record
from forecast.data.panel.spans import Frequency, chosen_eras
from forecast.data.records import Records, wanted_together
from forecast.data.sources import Source, open_source

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model import Fit, Gate
    from forecast.outlook import Assessment, Brief, NotDefined
    from forecast.report.skill import DyadSkill

MOST_AT_ONCE = 4
"""Number of dyads simulated together: each takes some hundred megabytes."""
MOST_MONTHS_BEHIND = 12
"""Months that the day of a report may lie after its data; then nothing is left of the year that it
compares with."""
REPORTS = Path("report")
"""Default parent folder of reports."""
SAVED_FIT = "fit.zarr"
"""Name of a fit in the folder of its reports."""
LEDGER = Path("questions/ledger.jsonl")
"""Ledger in the working folder, whose prices a report shows if it is there."""
ERAS = ("given", "none")
"""Sources of the eras of the dyad."""


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """Subject of a report, and settings for making it.

    Attributes
    ----------
    dyad : str, optional
        In either order and any case. A saved fit, or data, of one dyad need not name it.
    as_of : datetime.date, optional
        Only events that the data date, or publish, by that day count; by default the coverage end
        of the dyad, or of a saved fit its own day.
    horizons, above, at, by, baseline_months, improvement
        What is asked, as of `forecast.assess`.
    out : pathlib.Path, optional
        Folder of the report; by default one with dyad and day in ``report``, with a number if there
        is one of that name.
    replace : bool
        Whether an earlier report in that folder may be replaced.
    source : Source, optional
        Where the data come from, and which events are added; the embedded chronology by default.
    frequency : {"month", "week"}
        Periods of the panel; counts bring their own.
    seed : int
        The same seed gives the same numbers.
    alone : bool
        Fit this dyad without the others.
    hierarchy : tuple of str, optional
        The dyads to fit together with this one; by default those of `forecast.data.events.hierarchy`.
    eras : {"given", "none"} or path of a CSV file
        The dyad's eras: those of ``data/eras.csv``, one for the whole record, or those of a file
        with the columns of ``data/eras.csv``. Other dyads keep the given ones.
    since : datetime.date, optional
        Where the record to compare with begins; by default the dyad's reference date
        (data/dyads.csv).
    model : mapping
        Choices of the model by the fields of `PendulumSpec`; what is left out suits the data.
    drivers, driver_acts, driver_future
        Covariates (docs/drivers.md): a file, or ``"calendar"``; what they act on, such as ``month``
        or ``name=cycle,other=month``; and what is assumed of the months ahead: given, carried or
        simulated.
    fit_path : pathlib.Path, optional
        A saved fit to forecast from instead of fitting; it is updated to ``as_of``, and with events
        that are added.
    save_fit : bool
        Whether the fit is saved in the report's folder, if it is not the one given.
    export : bool
        Whether figures and tables are written as files of their own, for other texts.
    skill : pathlib.Path, optional
        ``skill.json`` of a backtest to quote; by default the one that comes with the package.
    draws, tune, chains, cores : int, optional
        Of the sampler; its own defaults without them.

    Examples
    --------
    >>> from forecast import ReportSettings
    >>> ReportSettings(dyad="USA-CHN", as_of="2023-10", alone=True).as_of
    datetime.date(2023, 10, 31)
    """

    dyad: str | None = None
    as_of: date | None = None
    horizons: tuple[int, ...] = (3, 6, 12, 24)
    above: float | None = None
    at: date | None = None
    by: date | None = None
    out: Path | None = None
    replace: bool = False
    source: Source | None = None
    frequency: Frequency = "month"
    seed: int = 1
    alone: bool = False
    hierarchy: tuple[str, ...] | None = None
    eras: str = "given"
    since: date | None = None
    baseline_months: int = 12
    improvement: float = 5.0
    model: Mapping[str, Any] = field(default_factory=dict)
    drivers: "Path | str | None" = None
    driver_acts: str | None = None
    driver_future: Future = "given"
    fit_path: Path | None = None
    save_fit: bool = True
    export: bool = False
    skill: Path | None = None
    draws: int | None = None
    tune: int | None = None
    chains: int | None = None
    cores: int | None = None

    def __post_init__(self) -> None:
        for name in ("as_of", "at", "by", "since"):
            given = getattr(self, name)
            if given is not None:  # text and Timestamps become days
                check(name, given, Day)
                object.__setattr__(self, name, read_day(given, name, first=name == "since"))


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
        from forecast.report.skill import skill_sentence

        facts = [
            ("page", str(self.page)),
            ("skill", skill_sentence(self.skill)),
            ("hierarchy", fitted_together(self.assessment.dyad, self.dyads)),
            ("converged", "yes" if self.gate.passed else "NO: do not use these numbers"),
            *(("driver", one.sentence) for one in self.assessment.drivers),
            *(("warning", words) for words in self.warnings),
            ("took", f"{sum(self.seconds.values()):.0f} s"),
        ]
        return Card(self.assessment.headline, tuple(facts))


@dataclass(frozen=True)
class _Job:
    """A report being made: what was asked for, the data, and the steps so far."""

    settings: ReportSettings
    records: Records
    dyad: str
    steps: Steps
    every: bool = False  # Whether it is made of all dyads that are fitted together

    @property
    def as_of(self) -> date:
        """The day asked for, else the coverage end: of several dyads the last one."""
        if self.settings.as_of is not None or not self.every or self.settings.alone:
            return self.settings.as_of or self.records.last_day(self.dyad)
        return max(
            map(
                self.records.last_day,
                self.records.hierarchy(self.dyad, today(), self.settings.hierarchy),
            )
        )

    @property
    def together(self) -> list[str]:
        """The dyads that are fitted together."""
        if self.settings.alone:
            return [self.dyad]
        return self.records.hierarchy(self.dyad, self.as_of, self.settings.hierarchy)


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
    made = prepare_reports(settings, progress=progress)
    (dyad,) = made.dyads
    with chosen_folder(settings.out, REPORTS, dyad, last_known(made.fit.panel)) as out:
        return made.write(
            dyad, out, fit_name=SAVED_FIT if settings.save_fit and not made.unchanged else None
        )


def prepare_reports(
    settings: ReportSettings, *, every: bool = False, progress: Progress | None = None
) -> "PreparedReports":
    """Fit, or update a saved fit, and assess its dyad or every dyad whose record is long enough."""
    from forecast.report.skill import read_skill

    _check_settings(settings)
    steps = Steps(progress or silent)
    saved = _load_fit(settings, steps) if settings.fit_path else None
    with steps.step("reading the data"):
        # A saved fit has its own dyads.
        own = None if saved or settings.dyad is None else [settings.dyad]
        wanted = own and wanted_together(own, () if settings.alone else settings.hierarchy)
        records = open_source(settings.source or Source(), wanted, settings.as_of)
        dyad = _choose_dyad(settings, saved.dyads if saved else records.dyads, every)
        job = _Job(settings, records, dyad, steps, every)
        if settings.since is not None and not settings.fit_path and settings.since >= job.as_of:
            raise SpecError(
                f"since: {settings.since} is not before {job.as_of}, the day of the report; give an earlier day"
            )
        if settings.as_of is not None and not every:
            _require_near(records, dyad, settings.as_of)
        tested = read_skill(settings.skill)  # a broken file is found before long work
    if saved and not _is_updated(settings):
        _check_query(saved.panel, job.dyad, settings)
    fit, notes = _update_saved_fit(job, saved) if saved else _fit_records(job)
    dyads, skipped = _reported(fit.panel) if every else ([job.dyad], {})
    made = _assess(job, fit, dyads)
    from forecast.model.gate import R_HAT_LIMIT

    missed = [gate for gate in made.gates.values() if not gate.passed]
    # Where the sampler converged, but the weights of an update leave too few draws, a new fit has
    # enough.
    if (
        saved
        and fit is not saved
        and fit.updates
        and any(gate.table["r_hat"].max() <= R_HAT_LIMIT for gate in missed)
    ):
        with steps.step("fitting again"):
            from forecast.model.updating import sampled_again

            fit = sampled_again(saved, fit.panel, made.worst.reasons[0], steps.progress)
        notes = _describe_update(fit)
        made = _assess(job, fit, dyads)
    if not saved and settings.draws is None and not made.worst.passed:
        from forecast.model.updating import sampled_longer

        reason = made.worst.reasons[0]
        with steps.step("sampling twice as long"):
            fit = sampled_longer(fit, reason, steps.progress, settings.cores)
        draws = fit.posterior.sizes["draw"]
        notes = (
            *notes,
            f"Sampled again with {draws:,} draws per chain, because at first {reason}.",
        )
        made = _assess(job, fit, dyads)
    # For later updates: the duration, the convergence checks, and the sampler's convergence.
    facts: dict[str, Any] = {
        "seconds": fit.provenance["seconds"] | steps.seconds,
        "gate": fit.gate.diagnostics,
    }
    if not fit.updates:
        facts["r_hat"] = fit.gate.r_hats
    return replace(
        made,
        fit=fit.noting(**facts),
        unchanged=fit is saved,
        notes=notes,
        skipped=skipped,
        tested=tested,
    )


@dataclass(frozen=True)
class PreparedReports:
    """Reports on some dyads of one fit, to be written."""

    job: _Job
    fit: "Fit"
    assessments: "dict[str, Assessment]"
    gates: "dict[str, Gate]"
    briefs: "dict[str, Brief]"  # Of the other dyads
    unchanged: bool = False  # Whether the fit is the saved one
    notes: tuple[str, ...] = ()  # How the fit came about
    skipped: dict[str, str] = field(
        default_factory=dict
    )  # Dyads of the fit without a report, and why
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
        """Write the report of a dyad, with links to other pages, and prices that a ledger has of questions about it."""
        from forecast.report.page import write_report
        from forecast.report.skill import find_skill

        job, fit, assessment, gate = self.job, self.fit, self.assessments[dyad], self.gates[dyad]
        briefs = {code: one.brief for code, one in self.assessments.items()} | self.briefs
        with job.steps.step("writing the report"):
            fitted = (
                set(map(str, fit.panel["dataset"].to_numpy()))
                if "dataset" in fit.panel.coords
                else set()
            )
            read = job.records.datasets  # of which a saved fit need not have been made
            shown = job.records.table_of(fit.dyads) if fitted == read or fitted & read else None
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
        of_record = () if self.unchanged else _describe_end(fit.panel, dyad, last_known(fit.panel))
        warnings = (*_describe_added(job.records, fit), *self.notes, *of_record)
        return Report(page, assessment, gate, job.steps.seconds, warnings, tuple(fit.dyads), skill)


def _reported(panel: "xr.Dataset") -> tuple[list[str], dict[str, str]]:
    """Return the dyads of a panel whose records are long enough, and why others have none."""
    found, skipped = list[str](), dict[str, str]()
    for dyad in map(str, panel["dyad"].to_numpy()):
        try:
            require_record(panel, dyad, last_known(panel))
            found.append(dyad)
        except DataError as error:
            skipped[dyad] = str(error)
    if not found:
        raise DataError(
            f"dyads: no record is long enough for a report: {'; '.join(skipped.values())}"
        )
    return found, skipped


def check_place(settings: ReportSettings, names: str) -> None:
    """Make sure, before any work, that pages with some files can be written and that nothing is lost by it."""
    from forecast.report.folder import require_report_folder

    replaced = settings.fit_path if settings.save_fit and _is_updated(settings) else None
    read = [
        *(settings.source.files if settings.source else ()),
        settings.drivers,
        settings.skill,
        replaced,
    ]
    require_report_folder(settings.out, names, read, replace=settings.replace, parent=REPORTS)


def _is_updated(settings: ReportSettings) -> bool:
    """Return whether a saved fit is to be updated, so that a new one must be saved."""
    return bool(settings.as_of or (settings.source and settings.source.additions))


def _words(name: str, **named: Any) -> tuple[str, ...]:
    return tuple(sentences(Path(__file__).with_name("sentences.j2"), name, **named))


def _describe_added(records: Records, fit: "Fit") -> tuple[str, ...]:
    """Describe the events added to the data, and how many of them are in a fit."""
    if records.events is None:
        return ()
    given, counted = (
        sum(len(one.events) for one in some)
        for some in (records.events.additions, additions_of(fit.panel.attrs))
    )
    left_out = (
        _words("added", given=given, counted=counted, day=last_known(fit.panel))
        if given > counted
        else ()
    )
    return (*describe_additions(records.events), *left_out)


def _check_settings(settings: ReportSettings) -> None:
    from forecast.outlook.query import require_consistent

    if settings.since is not None:
        reject_future(settings.since, "since")
    require_positive("improvement", settings.improvement, MOST_POINTS, "points of share")
    require_consistent(settings.above, settings.at, settings.by, settings.baseline_months)
    if settings.eras not in ERAS and not settings.eras.lower().endswith(".csv"):
        raise SpecError(
            f"eras: got {settings.eras!r}; expected {', '.join(ERAS)} or the path of a CSV file"
        )
    if settings.alone and settings.hierarchy is not None:
        raise SpecError(
            "alone, hierarchy (--alone, --with): a dyad alone has no others; leave out one of them"
        )
    own = {
        "hierarchy (--with): a saved fit has its own dyads": settings.hierarchy is not None,
        "drivers: a saved fit has its own drivers, or none": settings.drivers is not None,
        "eras: a saved fit has its own eras": settings.eras != "given",
        "model (trend, cycle, ceiling, priors): a saved fit has its own": bool(
            settings.model.keys() - {"nodes"}
        ),
    }
    for words, chosen in own.items():
        if settings.fit_path and chosen:
            raise SpecError(f"{words}; leave the choice out, or fit again")
    require_drivers(settings.drivers, settings.driver_acts, settings.driver_future)
    require_sampler(
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=settings.cores,
        seed=settings.seed,
    )


def _require_near(records: "Records", dyad: str, as_of: date) -> None:
    """Reject, before long work, a day so long after the data that nothing is known of the months before it."""
    last = records.last_day(dyad)
    behind = months_between(last, as_of)
    if behind > MOST_MONTHS_BEHIND:
        raise DataError(
            f"as-of: {dyad} is recorded to {last}, {behind} months before {as_of}; at most {MOST_MONTHS_BEHIND} are "
            "extrapolated. Choose an earlier day, or add what has happened since (--add, --covered-to)"
        )


def _fit_records(job: _Job) -> tuple["Fit", tuple[str, ...]]:
    """Fit the records as of the day; return the fit with what a reader has to know of them."""
    settings, steps = job.settings, job.steps
    eras, words = chosen_eras(settings.eras, job.dyad)
    with steps.step("building the panel"):
        panel = job.records.panel(job.together, job.as_of, settings.frequency, eras=eras)
        if job.every:
            dyads, _ = _reported(panel)
        else:
            dyads = [job.dyad]
            require_record(panel, job.dyad, job.as_of)
        drivers = {}
        if settings.drivers is not None:
            table = drivers_for(settings.drivers, [str(dyad) for dyad in panel["dyad"].to_numpy()])
            panel = add_drivers(panel, table, future=settings.driver_future)
            drivers["drivers"] = table.acting(settings.driver_acts)
        for dyad in dyads:
            _check_query(panel, dyad, settings)
    with steps.step("fitting"):
        from forecast.model import fit as fit_panel
        from forecast.model.spec import spec_for

        given = {
            "draws": settings.draws,
            "tune": settings.tune,
            "chains": settings.chains,
            "cores": settings.cores,
        }
        options: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        spec = spec_for(panel, **{**settings.model, **drivers})
        fit = fit_panel(panel, spec, seed=settings.seed, progress=steps.progress, **options)
    return (fit.noting(eras=words), (words,)) if words else (fit, ())


def _describe_end(panel: "xr.Dataset", dyad: str, as_of: date) -> tuple[str, ...]:
    """Describe the end of a record, if it is long before a day, or its last month is known only in part."""
    import numpy as np

    last = (
        panel["time"]
        .to_numpy()[np.flatnonzero(observed_periods(panel, dyad))[-1]]
        .astype("datetime64[D]")
        .item()
    )
    clock, known = Clock.of(panel), partly_known(panel, dyad)
    return _words(
        "end",
        dyad=dyad,
        last=month(last),
        day=as_of,
        behind=months_between(last, as_of),
        known=known and day(known),
        unit=clock.unit,
        ahead=day(clock.last_day() + timedelta(days=1)),
    )


def _check_query(panel: "xr.Dataset", dyad: str, settings: ReportSettings) -> None:
    """Reject what the panel cannot answer, before anything is fitted."""
    from forecast.outlook.query import Query

    Query.of(panel, dyad, settings.horizons, above=settings.above, at=settings.at, by=settings.by)


def _choose_dyad(settings: ReportSettings, known: Sequence[str], every: bool) -> str:
    """Return the dyad asked for.

    Where each gets a report, one that is fitted together with the others will do.
    """
    if settings.dyad is None and every and settings.hierarchy:
        return find_dyad(settings.hierarchy[0], known)
    if settings.dyad is None and every and not settings.alone:
        return max(known, key=lambda code: len(hierarchy(code, known)))
    return choose_dyad(settings.dyad, known)


def _load_fit(settings: ReportSettings, steps: Steps) -> "Fit":
    with steps.step("loading the fit"):
        from forecast.model.fitted import Fit

        fit = Fit.load(settings.fit_path or "")
        if settings.alone and len(fit.dyads) > 1:
            raise SpecError(
                f"alone: {settings.fit_path} is a fit of {count(len(fit.dyads), 'dyad')}; give one of a dyad alone, or "
                "leave the choice out"
            )
    return fit


def _update_saved_fit(job: _Job, saved: "Fit") -> tuple["Fit", tuple[str, ...]]:
    """Bring a saved fit to the day asked for, or that added events need.

    Return it with how it came there.
    """
    settings, day = job.settings, _day_of_update(job, saved)
    if day is None:
        return saved, tuple(
            str(saved.provenance[name]) for name in ("eras",) if name in saved.provenance
        )
    if "eras" in saved.provenance:
        raise SpecError(
            "as-of: the eras of the saved fit are not the given ones, and are not known to an update. Fit again with "
            "--eras, or leave out the day and what is added"
        )
    with job.steps.step("updating the fit"):
        from forecast.model import update

        known = job.records.events or job.records.panel(
            saved.dyads, day, saved.panel.attrs["frequency"]
        )
        fit = update(saved, known, as_of=day, seed=settings.seed, progress=job.steps.progress)
    if fit is saved:
        return fit, ()
    if not job.every:  # where each dyad gets a report, those with too short a record are left out
        require_record(fit.panel, job.dyad, day)
    return fit, _describe_update(fit)


def _day_of_update(job: _Job, saved: "Fit") -> date | None:
    """Return the day to which a saved fit is to be updated; None if it is not."""
    # By default it stays as of its own day, but goes on to the last of what is added to its dyads:
    # an event, or a day to which their coverage is extended.
    table = job.records.events
    if job.settings.as_of is not None or table is None or not table.additions:
        return job.settings.as_of
    added = {event.event_id for one in table.additions for event in one.events}
    own = table.events[
        table.events["event_id"].isin(added) & table.events["dyad"].isin(saved.dyads)
    ]
    covered = last_covered(table.additions, saved.dyads)
    ends = [job.records.last_day(dyad) for dyad in own["dyad"].unique()]
    days = [last_known(saved.panel)]
    if ends:
        known: date = own["known_at"].max().date()
        days.append(min(known, max(ends)))
    return max(days if covered is None else [*days, covered])


def _describe_update(fit: "Fit") -> tuple[str, ...]:
    """Describe how a saved fit came to its new day."""
    sizes = fit.posterior.sizes
    return _words(
        "update",
        last=fit.updates[-1] if fit.updates else None,
        draws=sizes["chain"] * sizes["draw"],
        day=last_known(fit.panel),
        reason=fit.provenance.get("refitted", {}).get("reason"),
    )


def _assess(job: _Job, fit: "Fit", dyads: "Sequence[str]") -> PreparedReports:
    """Assess some dyads, the others in brief, and check the convergence of everything stated of them."""
    from forecast.outlook import assess, brief, reported

    settings, known = job.settings, read_dyads()
    origin = last_known(fit.panel)
    # A record as of a day before its reference date is compared with all of itself.
    since = {
        code: day.date() for code, day in known["reference_date"].items() if day.date() < origin
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
        threads = min(settings.cores or os.cpu_count() or 1, MOST_AT_ONCE)
        found = dict(side_by_side(lambda task, _: (task[0], task[1]()), tasks.items(), threads))
    assessments = {code: found[code] for code in dyads}
    with job.steps.step("checking convergence"):
        gates = {
            code: fit.gate_with(outlook=reported(one).to_dataarray("quantity"))
            for code, one in assessments.items()
        }
    briefs = {code: found[code] for code in fit.dyads if code not in dyads}
    return PreparedReports(job, fit, assessments, gates, briefs)
