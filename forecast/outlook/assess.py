"""Complete outlook of a dyad, in numbers and words, from one set of simulations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Day, optional_day
from forecast.base.errors import SpecError
from forecast.base.limits import whole_seed
from forecast.base.typing import Dyad, Months, Seed
from forecast.data.panel import observed_periods, panel_kind
from forecast.outlook.assessment import Assessment, Brief
from forecast.outlook.benchmarks import WEIGHTS, pool_simulations
from forecast.outlook.datasets import dataset_outlooks
from forecast.outlook.draws import DyadDraws, FitLike, dyad_draws, stream
from forecast.outlook.drivers import driver_outlooks
from forecast.outlook.headline import change_of_level, headline, title, verdict
from forecast.outlook.kinds import kind_series
from forecast.outlook.level import (
    contrast,
    equilibrium,
    frameworks,
    last_break,
    present,
    standing,
)
from forecast.outlook.observed import SimulatedEvents, observe
from forecast.outlook.pendulum import ZONE_DEPTH, band, half_life, horizon_outlook, pendulum
from forecast.outlook.query import Query, main_horizon
from forecast.outlook.recorded import main_record
from forecast.outlook.signposts import Signpost, signposts_of
from forecast.outlook.simulations import (
    BASELINE_MONTHS,
    simulate,
    simulate_from,
    structural_hazard,
)
from forecast.outlook.statements import claims
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import kind_scores, tone_outlooks
from forecast.outlook.windows import WindowOutlook, prospect, window_outlook

SCHEMA = 2
"""Version of the fields of an assessment (docs/schema/outlook.md)."""


@checked
def assess(
    fit: FitLike,
    dyad: Dyad,
    horizons: Sequence[Months] = (3, 6, 12, 24),
    *,
    seed: Seed = 1,
    since: Day | None = None,
    improvement: float = 5.0,
    contrast_with: Dyad | None = None,
    contrast_era: str | None = None,
    labels: Mapping[str, str] | None = None,
    simulations_per_draw: int = 4,
    extreme_share: float = 30.0,
    band_mass: float = 0.5,
    above: float | None = None,
    at: Day | None = None,
    by: Day | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> Assessment:
    """Compute the outlook of a dyad from one set of simulations.

    They reach ten years, so that passage times can be estimated; the horizons are read from the
    same simulations.

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
    since : str or datetime.date, optional
        From when the record counts (the dyad's reference date); the panel's start if not given.
    improvement : float
        Points of share that count as a change.
    contrast_with, contrast_era : str, optional
        Dyad and era to compare with; by default US-Russia in its confrontation for US-China, and
        none for other dyads.
    labels : mapping of str to str, optional
        Names of dyads for readers, by code.
    simulations_per_draw : int
        Simulations per posterior draw.
    extreme_share : float
        Upper edge of the hostile zone, points of share.
    band_mass : float
        Part of the stationary distribution inside the equilibrium band.
    above : float, optional
        A share, percent: the chance that what is recorded reaches it is in `Assessment.threshold`,
        by horizon.
    at : str or datetime.date, optional
        In place of horizons: a day of the month with which the window ahead ends.
    by : str or datetime.date, optional
        With `above`: the share of the preceding months is to reach it at the end of any month up to
        this one. These are as many months as the horizon nearest to a year.
    baseline_months : int
        Months up to the present that every horizon is compared with, of what is recorded and of the
        level.

    Returns
    -------
    Assessment
        Chances are 0 to 1, shares and the level points from 0 to 100, half-lives and horizons
        months. Each `Probability` and `Estimate` keeps its draws (chain, draw), from which its
        Monte Carlo error comes.

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
    since = optional_day(since, "since", first=True)
    at = optional_day(at, "at")
    by = optional_day(by, "by")
    seed = whole_seed(seed)
    draws = dyad_draws(fit, dyad)
    names = dict(labels or {})
    kind = panel_kind(fit.panel)
    label = names.get(dyad, dyad)
    query = Query.of(fit.panel, dyad, horizons, above=above, at=at, by=by, baseline=baseline_months)
    if not ZONE_DEPTH < extreme_share < 100:
        raise SpecError(
            f"extreme_share: {extreme_share:g} is not between {ZONE_DEPTH:g} and 100 points of "
            "share."
        )
    record = main_record(fit.panel, dyad, label)
    hazard = structural_hazard(fit.panel)
    rate = hazard.draws(draws.size, seed)
    streams = partial(stream, seed, dyad)
    simulations = simulate(
        fit,
        draws,
        MAX_HORIZON,
        seed,
        simulations_per_draw,
        hazard=rate,
        baseline_months=baseline_months,
    )
    released = simulate_from(
        draws,
        extreme_share - ZONE_DEPTH,
        simulations.share.shape[-1] - 1,
        simulations_per_draw,
        streams("release"),
    )
    observed = observe(fit, simulations, query.reach, record, seed=seed)
    pool = pool_simulations(observed, query.windows, seed=seed)
    published = {} if isinstance(pool, NotDefined) else pool
    ahead = prospect(simulations, observed, query, improvement, published)
    arrives = {months: outlook.new_framework for months, outlook in ahead.improvement.items()}
    chains, draws_per_chain = draws.size
    result = Assessment(
        **vars(ahead),
        schema=SCHEMA,
        dyad=dyad,
        label=label,
        origin=draws.clock.last_day(),
        weekly=draws.clock.weekly,
        horizons=query.horizons,
        baseline_months=baseline_months,
        smallest_improvement=improvement,
        seed=seed,
        draws=chains * draws_per_chain,
        simulations=chains * draws_per_chain * simulations_per_draw,
        standing=standing(draws, since),
        last_break=last_break(draws, improvement),
        contrast=contrast(fit, draws, contrast_with, contrast_era, names),
        frameworks=frameworks(draws, hazard, rate, arrives, streams("headroom"), band_mass),
        pendulum=pendulum(draws, simulations, released, query.horizons, extreme_share),
        band=band(draws, simulations, query.horizons, band_mass),
        kinds=kind_series(fit.panel, record, draws.size),
        tone=tone_outlooks(fit.panel, observed, query, published, streams),
        tone_kinds=kind_scores(record, baseline_months),
        measure=kind.measure,
        scale=kind.scale,
        moving=simulations.moving,
        pool=pool if isinstance(pool, NotDefined) else WEIGHTS,
        signposts=_signposts(observed, published, query, improvement, seed),
        drivers=driver_outlooks(fit, dyad),
        datasets=dataset_outlooks(fit, dyad, seed=seed),
    )
    return replace(
        result,
        title=title(result, _data_through(fit, draws)),
        headline=headline(result),
        verdict=verdict(result),
        claims=claims(result),
    )


def _signposts(
    observed: SimulatedEvents | NotDefined,
    published: Mapping[int, SimulatedEvents],
    query: Query,
    improvement: float,
    seed: int,
) -> tuple[Signpost, ...] | NotDefined:
    """Return the kinds of events that would move the chance of the main window most."""
    if isinstance(observed, NotDefined):
        return observed
    main = main_horizon(query.horizons)
    baseline = observed.record.baseline(query.baseline)
    return signposts_of(published.get(main, observed), main, baseline, improvement, seed=seed)


def _data_through(fit: FitLike, draws: DyadDraws) -> date:
    """Return the last day of the last period that is observed; of all if none is."""
    seen = np.flatnonzero(observed_periods(fit.panel, draws.dyad))
    last = seen[-1] if seen.size else -1
    return draws.clock.end_of(draws.clock.times[last].item())


def brief(
    fit: FitLike,
    dyad: Dyad,
    horizons: Sequence[Months] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    improvement: float = 5.0,
    labels: Mapping[str, str] | None = None,
    at: date | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> Brief:
    """Compute the summary of a dyad for comparison.

    It is computed as by `assess`, from simulations to the headline's horizon.

    Returns
    -------
    Brief
        Numbers equal to those of `assess` with the same seed.
    """
    draws = dyad_draws(fit, dyad)
    label = dict(labels or {}).get(dyad, dyad)
    months = main_horizon(Query.of(fit.panel, dyad, horizons, at=at).horizons)
    simulations = simulate(fit, draws, months, seed, baseline_months=baseline_months)
    record = main_record(fit.panel, dyad, label)
    level = present(draws)
    observed = observe(fit, simulations, months, record, seed=seed)
    window = _published_window(observed, months, improvement, baseline_months, seed)
    if window is None or isinstance(window.up, NotDefined):
        words = change_of_level(
            horizon_outlook(simulations, months, improvement),
            level,
            label=label,
            origin=draws.clock.last_day(),
            improvement=improvement,
            weekly=draws.clock.weekly,
            baseline_months=baseline_months,
        )
    else:
        words = window.sentence
    return Brief(
        dyad,
        label,
        draws.clock.last_day(),
        words,
        level,
        equilibrium(draws),
        half_life(draws),
        kind_series(fit.panel, record, draws.size),
    )


def _published_window(
    observed: SimulatedEvents | NotDefined,
    months: int,
    improvement: float,
    baseline_months: int,
    seed: int,
) -> WindowOutlook | None:
    """Return the published outlook of a window; None where no events are counted."""
    if isinstance(observed, NotDefined):
        return None
    pool = pool_simulations(observed, (months,), seed=seed)
    published = observed if isinstance(pool, NotDefined) else pool[months]
    baseline = observed.record.baseline(baseline_months)
    return window_outlook(
        observed.record, published.ahead(months), months, baseline, improvement, baseline_months
    )
