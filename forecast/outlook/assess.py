"""Complete outlook of a dyad from one set of simulations, with the results on the claims of the theory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from forecast.arguments import checked, whole_seed
from forecast.dates import LONGEST_HORIZON, months_between
from forecast.outlook.assessment import SCHEMA, Assessment, Brief, claims
from forecast.outlook.benchmarks import WEIGHTS, pooled
from forecast.outlook.datasets import dataset_outlooks
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.outlook.kinds import kind_series
from forecast.outlook.level import (
    HorizonOutlook,
    contrast,
    horizon_outlook,
    last_break,
    present,
    printed_chances,
    printed_percents,
    standing,
)
from forecast.outlook.observed import observe
from forecast.outlook.pendulum import band, equilibrium, frameworks, half_life, pendulum
from forecast.outlook.query import AtLeast, Query, kind_outlooks, main_horizon, prospect
from forecast.outlook.recorded import Baseline, main_record
from forecast.outlook.simulations import (
    BASELINE_MONTHS,
    driver_outlooks,
    simulate_ahead,
    simulate_particles,
    structural_hazard,
)
from forecast.outlook.summary import Estimate, NotDefined, Probability
from forecast.outlook.tone import kind_scores, tone_outlooks
from forecast.outlook.windows import ThresholdOutlook, WindowOutlook, printed_changes, window_outlook
from forecast.panel import panel_kind
from forecast.typing import Seed
from forecast.wording import about, chance, count, give_or_take, month, number, percent, period

LATE_MONTHS = 2
"""Months by which the data may end before the forecast date without it being said in the title."""
SMALL_DEVIATION = 1.5
"""Points: a smaller deviation from the trend is none."""


def title(result: Assessment, data_through: date) -> str:
    """Return the chances of the main window, the likeliest first, and the end of the data if it is long before."""
    behind = months_between(data_through, result.origin)
    return _chances(result) + (f" (data through {month(data_through)})" if behind > LATE_MONTHS else "")


def _chances(result: Assessment) -> str:
    """Return the chances of the main window in at most 15 words, the likeliest first."""
    months = main_horizon(result.horizons)
    asked, level = quoted(result), result.improvement[months]
    unit = "week" if result.weekly else "month"
    length = {12: "year", 24: "two years"}.get(months) if not result.weekly else None
    until = period((asked or level).until, weekly=result.weekly)
    if isinstance(asked, ThresholdOutlook) and isinstance(asked.chance, Probability):
        when = f"by {until}" if asked.rolling else f"{length or count(months, 'month')} to {until}"
        return (
            f"{result.label}, {when}: {chance(asked.chance.value)} chance of at least {asked.threshold:g}% cooperative"
        )
    if isinstance(asked, WindowOutlook):
        parts, what = printed_changes(asked), " cooperative"
        chances = {"more": parts["up"], "similar": parts["same"], "less": parts["down"]}
    else:
        percents, what = printed_percents(level), ""
        chances = {
            "higher": percents["improvement"], "similar": percents["stability"], "lower": percents["deterioration"],
        }  # fmt: skip
    ranked = sorted(chances.items(), key=lambda one: -one[1])
    named = next(name for name, _ in ranked if name != "similar")
    words = [f"{chance(percents / 100)} {name}{what * (name == named)}" for name, percents in ranked]
    return f"{result.label}, {length or count(months, unit)} to {until}: {', '.join(words)}"


def verdict(result: Assessment) -> str:
    """Return what is expected and why: where the level stood, how fast deviations fade, and the ceiling."""
    months, pendulum = main_horizon(result.horizons), result.pendulum
    before, ahead = (count(span, "month") for span in (result.baseline_months, months))
    level, gap, trend = result.improvement[months], pendulum.deviation.median, number(pendulum.trend.median, 0)
    where = "near" if abs(gap) < SMALL_DEVIATION else "above" if gap > 0 else "below"
    noise = "week" if result.weekly else "month"
    reasons = [
        f"Without the noise of single {noise}s the last {before} stood at {number(level.before.median, 0)}, "
        f"{where} its trend of {trend}"
    ]
    if not isinstance(pendulum.half_life, NotDefined):
        reasons.append(f"half of a deviation fades in {count(round(pendulum.half_life.median), 'month')}")
    ceiling = result.frameworks.eras[-1].ceiling
    if isinstance(ceiling, Estimate) and not result.frameworks.ceiling_assumed:
        reasons.append(f"the current framework limits the trend to about {number(ceiling.median, 0)}")
    return f"{_expected(result, before, ahead)} {'; '.join(reasons)}."


def _expected(result: Assessment, before: str, ahead: str) -> str:
    """Return the expected share of the main window, after that of the baseline; of an index, the level."""
    months = main_horizon(result.horizons)
    window = None if isinstance(result.recorded, NotDefined) else result.recorded[months]
    if window is None or isinstance(window.share, NotDefined):
        level = result.improvement[months].level
        return f"The expected level of the next {ahead} is {about(level.median, level.low, level.high)}."
    after = ""
    if isinstance(window.baseline, Baseline) and window.baseline.share is not None:
        after = f", after {percent(window.baseline.share / 100)} in the last {before}"
    ends = f"{number(window.share.low, 0)} to {number(window.share.high, 0)}"
    return (
        f"In the next {ahead} {percent(window.share.median / 100)} of events are expected to be cooperative (90% "
        f"interval {ends}){after}."
    )


def headline(result: Assessment) -> str:
    """Return the outlook in one sentence: of what is recorded where that is defined, else of the level."""
    if (question := quoted(result)) is not None:
        return question.sentence
    outlook = result.improvement[main_horizon(result.horizons)]
    return change_sentence(
        outlook, result.standing.level, result.label, result.origin,
        improvement=result.smallest_improvement, weekly=result.weekly, baseline_months=result.baseline_months,
    )  # fmt: skip


def quoted(result: Assessment) -> WindowOutlook | ThresholdOutlook | None:
    """Return what the headline quotes, with its rule: the share that was asked for, else the change of the window.

    None if neither is defined: then it quotes the level.
    """
    if isinstance(result.threshold, Mapping):
        return result.threshold[main_horizon(result.threshold)]
    if isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    return None if isinstance(window.up, NotDefined) else window


def level_sentence(result: Assessment) -> str:
    """Return the present level in one sentence, as what it is: an estimate."""
    level, periods = result.standing.level, "weeks" if result.weekly else "months"
    return (
        f"The level of relations, which leaves out the news of single {periods}, is "
        f"{give_or_take(level.median, level.low, level.high)}."
    )


def change_sentence(
    outlook: HorizonOutlook,
    now: Estimate,
    label: str,
    origin: date,
    *,
    improvement: float,
    weekly: bool,
    baseline_months: int,
) -> str:
    """Return how likely the level is to change until a horizon, and where it stands, in one sentence."""
    chances, points = printed_chances(outlook), count(improvement, "point")
    then, today = (period(last, weekly=weekly) for last in (outlook.until, origin))
    window = f"the {count(outlook.months, 'month')} to {then}"
    return (
        f"The chance that {label} relations are at least {points} higher in {window} than in the "
        f"{count(baseline_months, 'month')} to {today} is {chances['improvement']}, and that they are at least "
        f"{points} lower {chances['deterioration']}; they now stand at {about(now.median, now.low, now.high)} on a "
        "scale of 0 to 100."
    )


@checked
def assess(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: Seed = 1,
    since: date | None = None,
    smallest_improvement: float = 5.0,
    contrast_with: str | None = None,
    contrast_era: str | None = None,
    labels: Mapping[str, str] | None = None,
    simulations_per_draw: int = 4,
    extreme_share: float = 30.0,
    band_mass: float = 0.5,
    above: float | None = None,
    at: date | None = None,
    by: date | None = None,
    at_least: Sequence[AtLeast] = (),
    baseline_months: int = BASELINE_MONTHS,
) -> Assessment:
    """Compute the outlook of a dyad from one set of simulations.

    They reach ten years, so that passage times can be estimated; the horizons are read from the same simulations.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
        Code.
    horizons : sequence of int
        Months, 1 to 120.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers, whatever else is assessed.
    since : datetime.date, optional
        From when the record counts (the dyad's reference date); the panel's start if not given.
    smallest_improvement : float
        Points of share that count as a change.
    contrast_with, contrast_era : str, optional
        Dyad and era to compare with; by default US-Russia in its confrontation for US-China, and none for other dyads.
    labels : mapping of str to str, optional
        Names of dyads for readers, by code.
    simulations_per_draw : int
        Simulations per posterior draw.
    extreme_share : float
        Upper edge of the hostile zone, points of share.
    band_mass : float
        Part of the stationary distribution inside the equilibrium band.
    above : float, optional
        A share, percent: the chance that what is recorded reaches it is in `Assessment.threshold`, by horizon.
    at : datetime.date, optional
        In place of horizons: a day of the month with which the window ahead ends.
    by : datetime.date, optional
        With `above`: the share of the preceding months is to reach it at the end of any month up to this one. These
        are as many months as the horizon nearest to a year.
    at_least : sequence of AtLeast
        Numbers of events of a kind, such as ``AtLeast("violence", 3, 12)``: their chances are in
        `Assessment.at_least`.
    baseline_months : int
        Months up to the present that every horizon is compared with, of what is recorded and of the level.

    Returns
    -------
    Assessment

    Raises
    ------
    SpecError
        If a setting makes no sense.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast.outlook import assess
    >>> print(assess(fit, "USA-CHN", seed=1).headline)  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    own, kind, names = dyad_draws(fit, dyad), panel_kind(fit.panel), dict(labels or {})
    query = Query.of(fit.panel, dyad, horizons, above=above, at=at, by=by, at_least=at_least, baseline=baseline_months)
    record, hazard = main_record(fit.panel, dyad, names.get(dyad, dyad)), structural_hazard(fit.panel)
    rate = hazard.draws(own.size, seed)
    simulations = simulate_particles(
        fit, own, rate, LONGEST_HORIZON, simulations_per_draw, seed=seed, baseline_months=baseline_months
    )
    observed = observe(fit, simulations, query.reach, record, seed=seed, kinds=True)
    pool, kinds = pooled(observed, query.windows, seed=seed), kind_outlooks(fit.panel, observed, query)
    published = None if isinstance(pool, NotDefined) else pool
    ahead = prospect(simulations, observed, query, kinds, smallest_improvement, published=published)
    arrives = {months: outlook.new_framework for months, outlook in ahead.improvement.items()}
    result = Assessment(
        **vars(ahead),
        schema=SCHEMA,
        dyad=dyad,
        label=names.get(dyad, dyad),
        origin=own.clock.last_day(),
        weekly=own.clock.weekly,
        horizons=query.horizons,
        baseline_months=baseline_months,
        smallest_improvement=smallest_improvement,
        seed=seed,
        draws=own.size[0] * own.size[1],
        simulations=own.size[0] * own.size[1] * simulations_per_draw,
        standing=standing(own, since),
        last_break=last_break(own, smallest_improvement),
        contrast=contrast(fit, own, contrast_with, contrast_era, names),
        frameworks=frameworks(own, hazard, rate, arrives, seed=seed, band_mass=band_mass),
        pendulum=pendulum(own, simulations, query.horizons, seed=seed, extreme_share=extreme_share),
        band=band(own, simulations, query.horizons, band_mass),
        kinds=kind_series(fit, record),
        tone=tone_outlooks(fit.panel, observed, query, published or {}, seed=seed),
        tone_kinds=kind_scores(record, baseline_months),
        measure=kind.measure,
        scale=kind.scale,
        moving=simulations.moving,
        pool=pool if isinstance(pool, NotDefined) else WEIGHTS,
        drivers=driver_outlooks(fit, dyad),
        datasets=dataset_outlooks(fit, dyad, seed=seed),
    )
    periods = np.flatnonzero(kind.observed_periods(fit.panel, dyad))
    data_through = own.clock.end_of(own.clock.times[periods[-1] if periods.size else -1].item())
    return replace(
        result,
        title=title(result, data_through),
        headline=headline(result),
        verdict=verdict(result),
        claims=claims(result),
    )


def brief(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    smallest_improvement: float = 5.0,
    labels: Mapping[str, str] | None = None,
    at: date | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> Brief:
    """Compute the summary of a dyad for comparison: as `assess` does, from simulations to the headline's horizon."""
    own, label = dyad_draws(fit, dyad), dict(labels or {}).get(dyad, dyad)
    months = main_horizon(Query.of(fit.panel, dyad, horizons, at=at).horizons)
    simulations = simulate_ahead(fit, dyad, months, seed=seed, baseline_months=baseline_months)
    record, level, window = main_record(fit.panel, dyad, label), present(own), None
    observed = observe(fit, simulations, months, record, seed=seed)
    if not isinstance(observed, NotDefined):
        pool = pooled(observed, (months,), seed=seed)
        seen = (observed if isinstance(pool, NotDefined) else pool[months]).ahead(simulations.at(months))
        window = window_outlook(observed.record, seen, months, smallest_improvement, baseline_months)
    if window is None or isinstance(window.up, NotDefined):
        sentence = change_sentence(
            horizon_outlook(simulations, months, smallest_improvement), level, label, own.clock.last_day(),
            improvement=smallest_improvement, weekly=own.clock.weekly, baseline_months=baseline_months,
        )  # fmt: skip
    else:
        sentence = window.sentence
    return Brief(
        dyad, label, own.clock.last_day(), sentence, level, equilibrium(own), half_life(own), kind_series(fit, record)
    )
