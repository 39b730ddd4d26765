"""Claims about effects of high-level visits (S10) and of scheduled occasions (S12).

S10: a visit moves relations beyond what the visit itself tells. In the model a visit is a
cooperative event like others; the claim is that it also adds an impulse to the cycle in the month
after. The placebo is the same impulse a year later. S12: scheduled elections, congresses and
summits predict relations. All other parameters are fixed at the mode of a reverting trend with a
cycle.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp

from forecast.base.errors import DataError
from forecast.base.typing import Bool, Float
from forecast.data.calendar_drivers import calendar_drivers
from forecast.data.events.codebook import VISIT
from forecast.data.events.table import EventTable
from forecast.outlook.theory import REASONS, VISITS
from forecast.study.hypotheses.engine import Engine, ModelPoint, PooledClaim, dyad_bars
from forecast.study.hypotheses.filter.inputs import COLUMN
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import RETURN_CYCLE
from forecast.study.hypotheses.occasions import occasions_of
from forecast.study.hypotheses.outcome import LIMIT, FactorRange, Outcome, Picture, Series
from forecast.study.hypotheses.record import PooledRecord

# Sizes of an effect over which its likelihood is integrated, log-odds; zero is in the middle.
SIZES = np.linspace(-0.8, 0.8, 33)
PRIOR_SD = 0.3  # of an effect, log-odds, around none
POINTS = 25.0  # of share per log-odds at an even share
# High-level visitors: heads of state and government, their deputies, ministers and equivalent
# ranks.
HIGH_RANKS = re.compile(
    r"\b(?:President|Premier|Prime Minister|Chairman|Chancellor|General Secretary|Secretary"
    r"|Minister|State Councillor|National Security Adviser|Leader|King|Shah|Emperor|Crown Prince)\b"
)
LOWER_RANKS = re.compile(
    r"\b(?:Deputy(?! Premier| Prime)|Assistant|Under|Vice(?! President| Premier| Chairman)"
    r"|Permanent|[Ff]ormer|[Ee]x-)"
)
MIN_VISIT_MONTHS = 20  # months with a visit, over all dyads; fewer cannot show an effect
PLACEBO_DELAY = 12  # months by which the placebo follows a visit
OCCASION = "occasion"


@dataclass(frozen=True)
class Effect:
    """An effect: its log-likelihood at every size."""

    log: Float  # (size, dyad)

    def factor(self, dyads: list[int] | None = None, width: float = 1.0) -> float:
        """Return the log Bayes factor of an effect, normal around zero, against none."""
        log = (self.log if dyads is None else self.log[:, dyads]).sum(axis=1)
        none = log[len(SIZES) // 2]
        return float(logsumexp(log + np.log(_prior(width))) - none)

    @property
    def points(self) -> tuple[float, float]:
        """Mean and standard deviation of the effect, points of an even share."""
        log = self.log.sum(axis=1)
        weights = np.exp(log - log.max()) * _prior()
        weights /= weights.sum()
        mean = float(weights @ SIZES)
        return POINTS * mean, POINTS * float(np.sqrt(weights @ (SIZES - mean) ** 2))

    def smallest_detected(self, limit: float) -> float:
        """Return the smallest estimate, in points, whose log Bayes factor would reach a limit."""
        sd = min(self.points[1] / POINTS, 0.999 * PRIOR_SD)
        # Variance of the estimate without the prior.
        error2 = 1.0 / (1.0 / sd**2 - 1.0 / PRIOR_SD**2)
        z2 = (
            2.0
            * (limit + 0.5 * np.log1p(PRIOR_SD**2 / error2))
            * (PRIOR_SD**2 + error2)
            / PRIOR_SD**2
        )
        return float(POINTS * np.sqrt(z2 * error2))


def with_months(record: PooledRecord, months: Float, column: str) -> PooledRecord:
    """Return the record without eras, with impulses (``push``) or occasions in some months."""
    without_eras = record.without_eras()
    if column == "push":
        return replace(without_eras, impulse=months)
    return replace(without_eras, occasion=months)


def effect_of(engine: Engine, months: Float, column: str) -> Effect:
    """Return the effect of impulses (``push``) or occasions in some months."""
    steps = with_months(engine.record, months, column).steps
    point = RETURN_CYCLE.points(engine.posterior_mode(RETURN_CYCLE).values[None])
    points = np.repeat(point, len(SIZES), axis=0)
    points[:, COLUMN[column]] = SIZES
    return Effect(likelihoods(steps, points, engine.cores)[..., 0])


def held_out_models(
    engine: Engine, months: Mapping[str, Float], column: str
) -> tuple[list[ModelPoint], ModelPoint]:
    """Return models that predict with the estimated effects, and without any.

    ``months`` are those of each kind of effect.
    """
    estimates = {
        kind: effect_of(engine, months_of_kind, column).points[0] / POINTS
        for kind, months_of_kind in months.items()
    }
    added = np.sum([estimate * months[kind] for kind, estimate in estimates.items()], axis=0)
    plain = engine.model_point(RETURN_CYCLE)
    with_effect = plain.point.copy()
    with_effect[:, COLUMN[column]] = 1.0
    return [ModelPoint(with_months(engine.record, added, column), with_effect)], plain


def _prior(width: float = 1.0) -> Float:
    """Return the prior probabilities of the sizes of an effect."""
    mass = np.exp(-0.5 * (SIZES / (width * PRIOR_SD)) ** 2)
    return np.asarray(mass / mass.sum())


def test_visits(engine: Engine) -> Outcome:
    """Test S10: compare an impulse after visits with none, and with the same impulse later."""
    record, visits = engine.record, _visits(engine.record)
    effect = effect_of(engine, visits, "push")
    placebo = effect_of(engine, _placebo_months(record), "push")

    def factor_range(dyads: list[int] | None) -> FactorRange:
        dyads = engine.dyads_to_count(dyads)
        factor = effect.factor(dyads, engine.width)
        return FactorRange(min(factor, factor - placebo.factor(dyads, engine.width)), factor)

    factor = factor_range(None).most
    details: dict[str, Any] = {
        "visits": int(visits.sum()),
        "effect_points": effect.points,
        "placebo_points": placebo.points,
        "smallest_found_points": effect.smallest_detected(LIMIT),
        "placebo_log_bayes_factor": placebo.factor(),
    }
    by_dyad = {dyad: effect.factor([position]) for position, dyad in enumerate(record.dyads)}
    picture = dyad_bars("Evidence of an impulse after visits, by dyad alone", by_dyad)
    return engine.outcome("visits", factor_range, factor, picture, details)


def _visits(record: PooledRecord) -> Float:
    """Return 1 for a month with a visit, else 0, (dyad, month)."""
    assert record.visits is not None, "checked by what the claim lacks"
    return record.visits.astype(np.float64)


def _placebo_months(record: PooledRecord) -> Float:
    """Return 1 for a month a year after a visit, else 0, (dyad, month)."""
    shifted = np.pad(_visits(record)[:, :-PLACEBO_DELAY], ((0, 0), (PLACEBO_DELAY, 0)))
    return np.asarray(shifted * (np.arange(shifted.shape[1]) < record.stop[:, None]))


def visits_of(events: EventTable, panel: xr.Dataset) -> Bool:
    """Find the months of a panel with a high-level visit, (dyad, month).

    A dyad none of whose visits names a high rank has visits of any rank instead: its source gives
    no titles.
    """
    time = panel["time"].to_numpy().astype("datetime64[D]")
    last = pd.Timestamp(str(panel.attrs.get("as_of") or time[-1] + np.timedelta64(31, "D")))
    rows = events.events[(events.events["cameo"] == VISIT) & (events.events["known_at"] <= last)]
    visits = np.zeros((panel.sizes["dyad"], len(time)), dtype=bool)
    for row, dyad in enumerate(panel["dyad"].to_numpy()):
        of_dyad = rows[rows["dyad"] == dyad]
        high = of_dyad["actor"].map(is_high_level).astype(bool)
        high_level = of_dyad[high] if high.any() else of_dyad
        days = high_level["date"].to_numpy().astype("datetime64[D]")
        months = np.searchsorted(time, days, side="right") - 1
        visits[row, months[months >= 0]] = True
    return visits


def is_high_level(title: str) -> bool:
    """Check whether a visitor's title is that of a high rank."""
    return bool(HIGH_RANKS.search(title)) and not LOWER_RANKS.search(title)


def _lacks_visits(record: PooledRecord) -> str:
    """Describe what a record lacks for a test of visits; empty if nothing."""
    if record.visits is None:
        return (
            "visits are found among single events; give the events of the panel as well (`events`)"
        )
    months = int(record.visits.sum())
    if months >= MIN_VISIT_MONTHS:
        return ""
    return f"{months} months have a high-level visit, and {MIN_VISIT_MONTHS} are needed"


def test_calendar(engine: Engine) -> Outcome:
    """Test S12: compare independent effects of each kind of occasion with none."""
    effects = {
        name: effect_of(engine, months, OCCASION)
        for name, months in occasions_of(engine.record).items()
    }

    def factor_range(dyads: list[int] | None) -> FactorRange:
        dyads = engine.dyads_to_count(dyads)
        total = sum(effect.factor(dyads, engine.width) for effect in effects.values())
        return FactorRange(total, total)

    log_bayes_factor = factor_range(None).least
    points = {name: effect.points for name, effect in effects.items()}
    details: dict[str, Any] = {
        "effects_points": points,
        "log_bayes_factors": {name: effect.factor() for name, effect in effects.items()},
    }
    names = tuple(name.replace("_", " ") for name in points)
    mean, sd = np.array(list(points.values())).T
    series = Series(
        "effect", names, tuple(mean), tuple(mean - 1.645 * sd), tuple(mean + 1.645 * sd)
    )
    picture = Picture("What scheduled occasions add", "", "points of share", "intervals", (series,))
    return engine.outcome("calendar", factor_range, log_bayes_factor, picture, details)


def _lacks_calendar(record: PooledRecord) -> str:
    """Describe what the calendar lacks for the dyads of a record; empty if nothing."""
    try:
        calendar_drivers(list(record.dyads))
    except DataError as error:
        return str(error)
    return ""


VISITING = PooledClaim(
    VISITS.code,
    "Do high-level visits move relations?",
    "high-level visits move relations",
    test_visits,
    _lacks_visits,
    lambda engine: held_out_models(engine, {"visits": _visits(engine.record)}, "push"),
)
CALENDAR = PooledClaim(
    REASONS.code,
    "Do scheduled occasions predict relations?",
    "scheduled occasions predict relations",
    test_calendar,
    _lacks_calendar,
    lambda engine: held_out_models(engine, occasions_of(engine.record), OCCASION),
    usual=False,
)
