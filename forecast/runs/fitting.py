"""The fit of a report: a new one, or a saved one updated to its day."""

from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.base.errors import SpecError
from forecast.base.progress import Steps
from forecast.base.wording import count
from forecast.data.calendar_drivers import drivers_for
from forecast.data.drivers import add_drivers
from forecast.data.events.additions import last_covered
from forecast.data.panel.record import last_known, require_record
from forecast.data.panel.spans import chosen_eras
from forecast.runs.job import Job, check_query, reported_dyads
from forecast.runs.settings import ReportSettings
from forecast.runs.wording import describe_update

if TYPE_CHECKING:
    from forecast.model import Fit


def load_fit(settings: ReportSettings, steps: Steps) -> "Fit":
    """Load the saved fit that the settings name."""
    with steps.step("loading the fit"):
        from forecast.model.fitted import Fit

        fit = Fit.load(settings.fit_path or "")
        if settings.alone and len(fit.dyads) > 1:
            raise SpecError(
                f"alone: {settings.fit_path} is a fit of {count(len(fit.dyads), 'dyad')}; give one "
                "of a dyad alone, or leave the choice out"
            )
    return fit


def fit_records(job: Job) -> tuple["Fit", tuple[str, ...]]:
    """Fit the records as of the day; return the fit with what a reader has to know of them."""
    settings, steps = job.settings, job.steps
    eras, words = chosen_eras(settings.eras, job.dyad)
    with steps.step("building the panel"):
        panel = job.records.panel(job.together, job.as_of, settings.frequency, eras=eras)
        if job.every:
            dyads, _ = reported_dyads(panel)
        else:
            dyads = [job.dyad]
            require_record(panel, job.dyad, job.as_of)
        drivers = {}
        if settings.drivers is not None:
            table = drivers_for(settings.drivers, [str(dyad) for dyad in panel["dyad"].to_numpy()])
            panel = add_drivers(panel, table, future=settings.driver_future)
            drivers["drivers"] = table.acting(settings.driver_acts)
        for dyad in dyads:
            check_query(panel, dyad, settings)
    with steps.step("fitting"):
        from forecast.model import fit as fit_panel
        from forecast.model.spec import spec_for

        sampler = {
            "draws": settings.draws,
            "tune": settings.tune,
            "chains": settings.chains,
            "cores": settings.cores,
        }
        options: dict[str, Any] = {
            name: value for name, value in sampler.items() if value is not None
        }
        spec = spec_for(panel, **{**settings.model, **drivers})
        fit = fit_panel(panel, spec, seed=settings.seed, progress=steps.progress, **options)
    return (fit.noting(eras=words), (words,)) if words else (fit, ())


def update_saved_fit(job: Job, saved: "Fit") -> tuple["Fit", tuple[str, ...]]:
    """Bring a saved fit to the day asked for, or that added events need.

    Return it with how it came there.
    """
    settings, day = job.settings, day_of_update(job, saved)
    if day is None:
        return saved, tuple(
            str(saved.provenance[name]) for name in ("eras",) if name in saved.provenance
        )
    if "eras" in saved.provenance:
        raise SpecError(
            "as_of: the eras of the saved fit are not the given ones, and are not known to an "
            "update. Fit again with --eras, or leave out the day and what is added"
        )
    with job.steps.step("updating the fit"):
        from forecast.model import update

        new_data = job.records.events or job.records.panel(
            saved.dyads, day, saved.panel.attrs["frequency"]
        )
        fit = update(saved, new_data, as_of=day, seed=settings.seed, progress=job.steps.progress)
    if fit is saved:
        return fit, ()
    if not job.every:  # where each dyad gets a report, those with too short a record are left out
        require_record(fit.panel, job.dyad, day)
    return fit, describe_update(fit)


def day_of_update(job: Job, saved: "Fit") -> date | None:
    """Return the day to which a saved fit is to be updated; None if it is not."""
    # By default it stays as of its own day, but goes on to the last of what is added to its dyads:
    # an event, or a day to which their coverage is extended.
    table = job.records.events
    if job.settings.as_of is not None or table is None or not table.additions:
        return job.settings.as_of
    added = {event.event_id for addition in table.additions for event in addition.events}
    rows = table.events[
        table.events["event_id"].isin(added) & table.events["dyad"].isin(saved.dyads)
    ]
    covered = last_covered(table.additions, saved.dyads)
    ends = [job.records.last_day(dyad) for dyad in rows["dyad"].unique()]
    days = [last_known(saved.panel)]
    if ends:
        last_known_at: date = rows["known_at"].max().date()
        days.append(min(last_known_at, max(ends)))
    return max(days if covered is None else [*days, covered])
