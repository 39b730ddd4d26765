"""Settings of a report, and the checks that need no data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forecast.base.arguments import check
from forecast.base.dates import Day, read_day, reject_future
from forecast.base.errors import SpecError
from forecast.base.limits import MAX_POINTS, require_positive, require_sampler
from forecast.data.drivers import Future, require_drivers
from forecast.data.panel.spans import Frequency
from forecast.data.sources import Source

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
        The dyads to fit together with this one; by default those of
        `forecast.data.events.hierarchy`.
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
            day = getattr(self, name)
            if day is not None:  # text and Timestamps become days
                check(name, day, Day)
                object.__setattr__(self, name, read_day(day, name, first=name == "since"))


def check_settings(settings: ReportSettings) -> None:
    """Raise SpecError if settings contradict each other or are out of range."""
    from forecast.outlook.query import require_consistent

    if settings.since is not None:
        reject_future(settings.since, "since")
    require_positive("improvement", settings.improvement, MAX_POINTS, "points of share")
    require_consistent(settings.above, settings.at, settings.by, settings.baseline_months)
    if settings.eras not in ERAS and not settings.eras.lower().endswith(".csv"):
        raise SpecError(
            f"eras: got {settings.eras!r}; expected {', '.join(ERAS)} or the path of a CSV file"
        )
    if settings.alone and settings.hierarchy is not None:
        raise SpecError("alone, hierarchy: a dyad alone has no others; leave out one of them")
    fixed_by_a_saved_fit = {
        "hierarchy: a saved fit has its own dyads": settings.hierarchy is not None,
        "drivers: a saved fit has its own drivers, or none": settings.drivers is not None,
        "eras: a saved fit has its own eras": settings.eras != "given",
        "model (trend, cycle, ceiling, priors): a saved fit has its own": bool(
            settings.model.keys() - {"nodes"}
        ),
    }
    for reason, chosen in fixed_by_a_saved_fit.items():
        if settings.fit_path and chosen:
            raise SpecError(f"{reason}; leave the choice out, or fit again")
    require_drivers(settings.drivers, settings.driver_acts, settings.driver_future)
    require_sampler(
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=settings.cores,
        seed=settings.seed,
    )


def is_updated(settings: ReportSettings) -> bool:
    """Return whether a saved fit is to be updated, so that a new one must be saved."""
    return bool(settings.as_of or (settings.source and settings.source.additions))
