"""The whole outlook of a dyad, from one set of simulated futures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from forecast.arguments import AT_LEAST, DATE, DYAD, FIT, HORIZONS, MAPPING, NUMBER, TEXT, checked, whole
from forecast.dates import LONGEST_HORIZON
from forecast.outlook.assessment import SCHEMA, Assessment, Brief
from forecast.outlook.band import band
from forecast.outlook.claims import change_sentence, claims, headline
from forecast.outlook.contrast import Contrast, contrast
from forecast.outlook.draws import DyadDraws, FitLike, dyad_draws
from forecast.outlook.frameworks import Frameworks, change, equilibrium, framework, headroom
from forecast.outlook.futures import simulate_futures
from forecast.outlook.happenings import Recording, window_outlook
from forecast.outlook.hazard import structural_hazard
from forecast.outlook.improvement import horizon_outlook
from forecast.outlook.kinds import kind_series
from forecast.outlook.observed import observe
from forecast.outlook.pendulum import half_life, pendulum
from forecast.outlook.prospect import prospect
from forecast.outlook.query import AtLeast, Query, main_horizon
from forecast.outlook.record import last_break, present, standing
from forecast.outlook.summary import NotDefined
from forecast.panel import panel_kind


@checked(
    fit=FIT,
    dyad=DYAD,
    horizons=HORIZONS,
    seed=whole(0),
    since=DATE,
    smallest_improvement=NUMBER,
    contrast_with=DYAD,
    contrast_era=TEXT,
    labels=MAPPING,
    futures_per_draw=whole(1),
    extreme_share=NUMBER,
    band_mass=NUMBER,
    above=NUMBER,
    at=DATE,
    by=DATE,
    at_least=AT_LEAST,
)
def assess(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    since: date | None = None,
    smallest_improvement: float = 5.0,
    contrast_with: str = "USA-RUS",
    contrast_era: str = "confrontation",
    labels: Mapping[str, str] | None = None,
    futures_per_draw: int = 4,
    extreme_share: float = 30.0,
    band_mass: float = 0.5,
    above: float | None = None,
    at: date | None = None,
    by: date | None = None,
    at_least: Sequence[AtLeast] = (),
) -> Assessment:
    """Compute the outlook of a dyad from one set of simulated futures.

    The futures reach ten years, so that passage times can be estimated; the horizons are read from the same futures.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
        Code.
    horizons : sequence of int
        Months, 1 to 120.
    seed : int
        The same seed gives the same numbers, whatever else is assessed.
    since : datetime.date, optional
        From when the record counts (the dyad's reference date); the panel's start if not given.
    smallest_improvement : float
        Points of share that count as a change.
    contrast_with, contrast_era : str
        Dyad and era to compare with.
    labels : mapping of str to str, optional
        Names of dyads for readers, by code.
    futures_per_draw : int
        Simulated futures a posterior draw.
    extreme_share : float
        Upper edge of the hostile zone, points of share.
    band_mass : float
        Part of the stationary distribution inside the equilibrium band.
    above : float, optional
        A share, per cent: the chance that what is recorded reaches it is in `Assessment.threshold`, by horizon.
    at : datetime.date, optional
        In place of horizons: a day of the month with which the window ahead ends.
    by : datetime.date, optional
        With `above`: the share of the preceding months is to reach it at the end of any month up to this one. These
        are as many months as the horizon nearest to a year.
    at_least : sequence of AtLeast
        Numbers of happenings of a kind, such as ``AtLeast("violence", 3, 12)``: their chances are in
        `Assessment.at_least`.

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
    own, kind = dyad_draws(fit, dyad), panel_kind(fit.panel)
    query = Query.of(fit.panel, dyad, horizons, above=above, at=at, by=by, at_least=at_least)
    ordered = query.horizons
    futures = simulate_futures(fit, dyad, LONGEST_HORIZON, seed=seed, futures_per_draw=futures_per_draw)
    hazard = structural_hazard(fit.panel)
    observed = observe(fit, futures, query.reach, seed=seed)
    names = dict(labels or {})
    ahead = prospect(fit, futures, observed, query, names.get(dyad, dyad), smallest_improvement)
    expected = {months: outlook.new_framework for months, outlook in ahead.improvement.items()}
    result = Assessment(
        schema=SCHEMA,
        dyad=dyad,
        label=names.get(dyad, dyad),
        origin=own.clock.last_day(),
        weekly=own.clock.weekly,
        horizons=ordered,
        smallest_improvement=smallest_improvement,
        seed=seed,
        draws=own.size[0] * own.size[1],
        futures=own.size[0] * own.size[1] * futures_per_draw,
        headline="",
        recorded=ahead.recorded,
        threshold=ahead.threshold,
        of_a_kind=ahead.of_a_kind,
        at_least=ahead.at_least,
        improvement=ahead.improvement,
        standing=standing(own, since),
        last_break=last_break(own, smallest_improvement),
        frameworks=Frameworks(
            eras=tuple(framework(own, era, seed=seed, band_mass=band_mass) for era in range(len(own.eras))),
            headroom=headroom(own, seed=seed),
            change=change(hazard, hazard.draws(own.size, seed), expected),
        ),
        pendulum=pendulum(own, futures, ordered, seed=seed, extreme_share=extreme_share),
        contrast=_contrast(fit, own, contrast_with, contrast_era, names),
        band=band(own, futures, ordered, band_mass),
        kinds=kind_series(fit, dyad),
        fan=ahead.fan,
        claims=(),
        measure=kind.measure,
        scale=kind.scale,
        moving=futures.moving,
        record_weight=float(fit.spec.record_weight),
    )
    return replace(result, headline=headline(result), claims=claims(result))


def brief(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    smallest_improvement: float = 5.0,
    labels: Mapping[str, str] | None = None,
    at: date | None = None,
) -> Brief:
    """Compute what is said of a dyad beside another one: as `assess` does, from futures as long as the headline's.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
        Code.
    horizons, seed, smallest_improvement, labels, at
        As for `assess`.

    Returns
    -------
    Brief
        That of the whole assessment.

    Raises
    ------
    SpecError, UnknownDyadError
        As `assess` does.

    Examples
    --------
    >>> from forecast.outlook import brief
    >>> print(brief(fit, "USA-RUS").headline)  # doctest: +SKIP
    """
    own, label = dyad_draws(fit, dyad), dict(labels or {}).get(dyad, dyad)
    months = main_horizon(Query.of(fit.panel, dyad, horizons, at=at).horizons)
    futures = simulate_futures(fit, dyad, months, seed=seed)
    observed, level = observe(fit, futures, months, seed=seed), present(own)
    window = None
    if not isinstance(observed, NotDefined):
        window = window_outlook(Recording.of(fit, futures, observed, label), months, smallest_improvement)
    if window is None or isinstance(window.up, NotDefined):
        sentence = change_sentence(
            horizon_outlook(futures, months, smallest_improvement), level, label, own.clock.last_day(),
            improvement=smallest_improvement, weekly=own.clock.weekly,
        )  # fmt: skip
    else:
        sentence = window.sentence
    return Brief(
        dyad, label, own.clock.last_day(), sentence, level, equilibrium(own), half_life(own), kind_series(fit, dyad)
    )


def _contrast(fit: FitLike, own: DyadDraws, other: str, era: str, labels: Mapping[str, str]) -> Contrast | NotDefined:
    if other == own.dyad:
        return NotDefined("the dyad is the one that others are compared with")
    if other not in fit.panel["dyad"].to_numpy():
        return NotDefined(f"{labels.get(other, other)} is not part of this fit")
    return contrast(own, dyad_draws(fit, other), era, labels.get(other, other))
