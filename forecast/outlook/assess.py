"""Complete outlook of a dyad from one set of simulations, in numbers and words, with the claims of the theory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.base import wording
from forecast.base.arguments import checked
from forecast.base.dates import LONGEST_HORIZON, Day, months_between, optional_day
from forecast.base.described import described
from forecast.base.errors import SpecError
from forecast.base.limits import whole_seed
from forecast.base.typing import Dyad, Months, Seed
from forecast.base.wording import Card, Displayed, count, number
from forecast.data.panel import observed_periods, panel_kind
from forecast.data.panel.kinds import EVENTS
from forecast.outlook import theory
from forecast.outlook.benchmarks import WEIGHTS, pooled
from forecast.outlook.datasets import DatasetOutlook, dataset_outlooks
from forecast.outlook.draws import FitLike, dyad_draws, stream
from forecast.outlook.level import (
    LASTING_YEARS,
    Break,
    Contrast,
    Frameworks,
    Standing,
    contrast,
    equilibrium,
    frameworks,
    last_break,
    present,
    standing,
)
from forecast.outlook.observed import observe
from forecast.outlook.pendulum import (
    INSIDE,
    EquilibriumBand,
    Pendulum,
    band,
    half_life,
    horizon_outlook,
    pendulum,
    printed_chances,
    printed_percents,
)
from forecast.outlook.query import Query, main_horizon
from forecast.outlook.recorded import main_record
from forecast.outlook.signposts import Signpost, signposts_of
from forecast.outlook.simulations import (
    BASELINE_MONTHS,
    DriverOutlook,
    driver_outlooks,
    simulate,
    simulate_from,
    structural_hazard,
)
from forecast.outlook.summary import SENTENCES, Estimate, NotDefined, Probability, sentence
from forecast.outlook.tone import (
    KindScore,
    KindSeries,
    ToneOutlook,
    kind_scores,
    kind_series,
    tone_outlooks,
)
from forecast.outlook.windows import (
    Prospect,
    ThresholdOutlook,
    WindowOutlook,
    printed_changes,
    prospect,
    window_outlook,
)

LATE_MONTHS = 2
"""Months by which the data may end before the forecast date without it being said in the title."""
SMALL_DEVIATION = 1.5
"""Points: a smaller deviation from the trend is none."""
SCHEMA = 2
_DECIMALS = {"points of share": 1, "months": 1}


@dataclass(frozen=True)
class Claim:
    """One claim, answered."""

    code: str  # `S1` to `S9`, or `S13`
    title: str  # In short
    statement: str  # Wording; about the US and China for them alone
    sentence: str  # The answer
    numbers: Mapping[str, float]  # Numbers of the sentence, unrounded


@dataclass(frozen=True)
class Brief:
    """Summary of a dyad for comparison with another one."""

    dyad: str  # Code
    label: str  # Name for readers
    origin: date  # Last day of the current period
    headline: str  # One sentence
    level: Estimate  # Share now
    equilibrium: Estimate | NotDefined  # Share at which the trend stands
    half_life: Estimate | NotDefined  # Months until half of a deviation is gone
    kinds: Mapping[str, KindSeries] | NotDefined  # Depth of cooperation and severity of conflict

    @property
    def brief(self) -> "Brief":
        """Itself, as an `Assessment` has it."""
        return self


@described("an Assessment, such as assess(fit, 'USA-CHN') returns")
@dataclass(frozen=True, repr=False, kw_only=True)
class Assessment(Displayed, Prospect):
    """Everything said about one dyad: the forecast, and what else is known of it.

    Examples
    --------
    >>> assessment.dyad, assessment.horizons  # assessment = assess(fit, "USA-CHN")
    ('USA-CHN', (3, 6, 12, 24))
    >>> 0 < assessment.recorded[12].up.value < 1
    True
    """

    schema: int  # Version of this page
    dyad: str  # Code
    label: str  # Name for readers
    origin: date  # Last day of the current period; horizons count from it
    weekly: bool  # Periods are weeks
    horizons: tuple[int, ...]  # Months
    baseline_months: int  # Months up to the present that every horizon is compared with
    smallest_improvement: float  # Points of share that count as a change
    seed: int  # Seed
    draws: int  # Posterior draws of all chains
    simulations: int  # Simulations of all draws
    title: str = ""  # The chances in at most 15 words, the likeliest first
    headline: str = ""  # The same in a sentence that says what is compared with what
    verdict: str = ""  # What is expected, and why
    standing: Standing  # The present level compared with the past, S1
    last_break: Break | NotDefined  # The change when the current era began, S2
    frameworks: Frameworks  # Eras, headroom, next framework, S3 and S4
    pendulum: Pendulum  # Half-life, return, hostile zone, S5
    contrast: Contrast | NotDefined  # Another dyad in a named era, S7
    band: EquilibriumBand | NotDefined  # The equilibrium band, S8
    kinds: (
        Mapping[str, KindSeries] | NotDefined
    )  # `depth` of cooperation and `severity` of conflict
    # Mean Goldstein score of what will be recorded, by horizon; not where the data hold no scores
    tone: Mapping[int, ToneOutlook] | NotDefined
    # Contribution of each kind to the tone of the baseline's months; empty where the data hold no
    # scores
    tone_kinds: tuple[KindScore, ...]
    claims: tuple[Claim, ...] = ()  # The theory's claims
    # Name of the 0 to 100 scale: the share of cooperative actions, or the position of an index
    measure: str = EVENTS.measure
    scale: str = EVENTS.scale  # Meaning of 0, 50 and 100
    moving: bool = False  # The trend moves in every period
    # Weights of the forecasters behind `recorded` and `threshold`, by code; or the reason why these
    # are of the model alone
    pool: Mapping[str, float] | NotDefined
    # Up to three kinds of events of the next three months that would move the chance of a higher
    # share most: `Signpost`
    signposts: tuple[Signpost, ...] | NotDefined = ()
    drivers: tuple[DriverOutlook, ...] = ()  # Contributions of drivers
    datasets: tuple[DatasetOutlook, ...] = ()  # One per dataset; empty with one

    @property
    def brief(self) -> Brief:
        """Summary of the dyad for comparison with another one."""
        return Brief(
            self.dyad,
            self.label,
            self.origin,
            self.headline,
            self.standing.level,
            self.frameworks.eras[-1].equilibrium,
            self.pendulum.half_life,
            self.kinds,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per horizon and outcome, of the observed share and of the expected one, the underlying level's.

        Returns
        -------
        pandas.DataFrame
            ``dyad``; ``share``, ``observed`` (absent for an index) or ``expected``; ``horizon``,
            months; ``until``, the last day of the window; ``outcome``, ``higher``, ``similar`` or
            ``lower`` than the baseline by the smallest improvement, and its ``probability``, of an
            observed share given at least three events; ``baseline``, the share of the preceding
            months, of the expected share its median; ``median``, ``low`` and ``high`` (90%
            interval) of the share in the window. Shares are percentages; NaN stands for what is not
            defined.

        Examples
        --------
        >>> from forecast import assess
        >>> frame = assess(fit, "USA-CHN", seed=1).to_frame()  # doctest: +SKIP
        >>> frame.pivot(index=["share", "horizon"], columns="outcome", values="probability")  # doctest: +SKIP
        """
        windows = self.recorded.values() if isinstance(self.recorded, Mapping) else ()
        found = [
            ("observed", one, (one.up, one.same, one.down), one.baseline, one.share)
            for one in windows
        ] + [
            (
                "expected",
                one,
                (one.improvement, one.stability, one.deterioration),
                one.before,
                one.level,
            )
            for one in self.improvement.values()
        ]
        return pd.DataFrame(
            [
                {
                    "dyad": self.dyad,
                    "share": share,
                    "horizon": one.months,
                    "until": one.until,
                    "outcome": outcome,
                    "probability": getattr(chance, "value", None),
                    "baseline": getattr(before, "share" if share == "observed" else "median", None),
                    **{name: getattr(then, name, None) for name in ("median", "low", "high")},
                }
                for share, one, chances, before, then in found
                for outcome, chance in zip(("higher", "similar", "lower"), chances, strict=True)
            ]
        ).astype(dict.fromkeys(("probability", "baseline", "median", "low", "high"), float))

    def _card(self) -> Card:
        facts, level = [], self.standing.level
        for window in self.recorded.values() if isinstance(self.recorded, Mapping) else ():
            percents = {
                name: wording.chance(percent / 100)
                for name, percent in printed_changes(window).items()
            }
            said = "share higher {up}, similar {same}, lower {down}" if percents else "not defined"
            facts.append(
                (f"recorded to {wording.month(window.until, short=True)}", said.format(**percents))
            )
        facts.append(("level", wording.give_or_take(level.median, level.low, level.high)))
        for one in self.improvement.values():
            better, worse, same = (
                printed_chances(one)[way] for way in ("improvement", "deterioration", "stability")
            )
            facts.append(
                (
                    f"level by {wording.month(one.until, short=True)}",
                    f"higher {better}, similar {same}, lower {worse}",
                )
            )
        if self.claims:
            facts.append(("claims", wording.join(claim.code for claim in self.claims)))
        return Card(self.headline, tuple(facts))


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
    own, names, kind = dyad_draws(fit, dyad), dict(labels or {}), panel_kind(fit.panel)
    seen = np.flatnonzero(observed_periods(fit.panel, dyad))
    query = Query.of(fit.panel, dyad, horizons, above=above, at=at, by=by, baseline=baseline_months)
    if not INSIDE < extreme_share < 100:
        raise SpecError(
            f"extreme_share: {extreme_share:g} is not between {INSIDE:g} and 100 points of share."
        )
    record, hazard = (
        main_record(fit.panel, dyad, names.get(dyad, dyad)),
        structural_hazard(fit.panel),
    )
    streams = partial(stream, seed, dyad)
    simulations = simulate(
        fit, own, LONGEST_HORIZON, seed, simulations_per_draw, baseline_months=baseline_months
    )
    released = simulate_from(
        own,
        extreme_share - INSIDE,
        simulations.share.shape[-1] - 1,
        simulations_per_draw,
        streams("release"),
    )
    observed = observe(fit, simulations, query.reach, record, seed=seed)
    pool = pooled(observed, query.windows, seed=seed)
    published = {} if isinstance(pool, NotDefined) else pool
    ahead = prospect(simulations, observed, query, improvement, published)
    main = main_horizon(query.horizons)
    signposts: tuple[Signpost, ...] | NotDefined
    if isinstance(observed, NotDefined):
        signposts = observed
    else:
        before = observed.record.baseline(baseline_months)
        signposts = signposts_of(
            published.get(main, observed), main, before, improvement, seed=seed
        )
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
        smallest_improvement=improvement,
        seed=seed,
        draws=own.size[0] * own.size[1],
        simulations=own.size[0] * own.size[1] * simulations_per_draw,
        standing=standing(own, since),
        last_break=last_break(own, improvement),
        contrast=contrast(fit, own, contrast_with, contrast_era, names),
        frameworks=frameworks(
            own, hazard, hazard.draws(own.size, seed), arrives, streams("headroom"), band_mass
        ),
        pendulum=pendulum(own, simulations, released, query.horizons, extreme_share),
        band=band(own, simulations, query.horizons, band_mass),
        kinds=kind_series(fit.panel, record, own.size),
        tone=tone_outlooks(fit.panel, observed, query, published, streams),
        tone_kinds=kind_scores(record, baseline_months),
        measure=kind.measure,
        scale=kind.scale,
        moving=simulations.moving,
        pool=pool if isinstance(pool, NotDefined) else WEIGHTS,
        signposts=signposts,
        drivers=driver_outlooks(fit, dyad),
        datasets=dataset_outlooks(fit, dyad, seed=seed),
    )
    data_through = own.clock.end_of(own.clock.times[seen[-1] if seen.size else -1].item())
    recorded = {} if isinstance(ahead.recorded, NotDefined) else ahead.recorded
    return replace(
        result,
        title=title(result, data_through),
        headline=headline(result),
        verdict=sentence(
            "verdict", result, result.improvement[main], recorded.get(main), SMALL_DEVIATION
        ),
        claims=claims(result),
    )


def brief(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    improvement: float = 5.0,
    labels: Mapping[str, str] | None = None,
    at: date | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> Brief:
    """Compute the summary of a dyad for comparison: as `assess` does, from simulations to the headline's horizon."""
    own, label = dyad_draws(fit, dyad), dict(labels or {}).get(dyad, dyad)
    months = main_horizon(Query.of(fit.panel, dyad, horizons, at=at).horizons)
    simulations = simulate(fit, own, months, seed, baseline_months=baseline_months)
    record, level, window = main_record(fit.panel, dyad, label), present(own), None
    observed = observe(fit, simulations, months, record, seed=seed)
    if not isinstance(observed, NotDefined):
        pool = pooled(observed, (months,), seed=seed)
        seen = (observed if isinstance(pool, NotDefined) else pool[months]).ahead(months)
        before = observed.record.baseline(baseline_months)
        window = window_outlook(observed.record, seen, months, before, improvement, baseline_months)
    if window is None or isinstance(window.up, NotDefined):
        outlook = horizon_outlook(simulations, months, improvement)
        words = sentence(
            "change",
            outlook,
            level,
            printed_chances(outlook),
            label,
            own.clock.last_day(),
            improvement,
            own.clock.weekly,
            baseline_months,
        )
    else:
        words = window.sentence
    return Brief(
        dyad,
        label,
        own.clock.last_day(),
        words,
        level,
        equilibrium(own),
        half_life(own),
        kind_series(fit.panel, record, own.size),
    )


def title(result: Assessment, data_through: date) -> str:
    """Return the chances of the main window, the likeliest first, and the end of the data if it is long before."""
    level, asked = result.improvement[main_horizon(result.horizons)], quoted(result)
    if recorded := isinstance(asked, WindowOutlook):
        chances = dict(
            zip(("more", "similar", "less"), printed_changes(asked).values(), strict=True)
        )
    else:
        percents, ways = printed_percents(level), ("improvement", "stability", "deterioration")
        chances = {
            name: percents[way]
            for name, way in zip(("higher", "similar", "lower"), ways, strict=True)
        }
    ranked = sorted(chances.items(), key=lambda one: -one[1])
    ended = data_through if months_between(data_through, result.origin) > LATE_MONTHS else None
    return sentence("title", result, level, asked, ranked, recorded, ended)


def headline(result: Assessment) -> str:
    """Return the outlook in one sentence: of what is recorded where that is defined, else of the level."""
    if (question := quoted(result)) is not None:
        return question.sentence
    outlook = result.improvement[main_horizon(result.horizons)]
    return sentence(
        "change",
        outlook,
        result.standing.level,
        printed_chances(outlook),
        result.label,
        result.origin,
        result.smallest_improvement,
        result.weekly,
        result.baseline_months,
    )


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
    return sentence("level", result.standing.level, result.weekly)


@cache
def _claims() -> dict[str, dict[str, Any]]:
    """Return the texts of the claims by code, with templates and expressions compiled."""
    import yaml

    templates = wording.environment()
    texts: dict[str, dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_name("claims.yaml").read_text("utf-8")
    )
    for one in texts.values():
        one |= {part: templates.from_string(one[part]) for part in ("title", "sentence")}
        one["about"] = templates.compile_expression(one.get("about", "none"))
        one["numbers"] = {
            name: (templates.compile_expression(value), *words)
            for name, (value, *words) in one["numbers"].items()
        }
    return texts


def claims(result: Assessment) -> tuple[Claim, ...]:
    """Answer the theory's claims from the numbers of an assessment."""
    known, statements = _names(result), {one.code: one.about(result.dyad) for one in theory.THEORY}

    def answer(code: str, texts: Mapping[str, Any]) -> Claim:
        title, about = " ".join(texts["title"].render(known).split()), texts["about"](**known)
        if isinstance(about, NotDefined):
            return Claim(code, title, statements[code], f"Not defined here: {about.reason}.", {})
        numbers = {name: _number(value(**known)) for name, (value, *_) in texts["numbers"].items()}
        defined = {name: value for name, value in numbers.items() if value is not None}
        sentence = " ".join(texts["sentence"].render(known).split())
        return Claim(
            code,
            title,
            statements[code],
            sentence,
            known["by_era"] if code == theory.ERAS.code else defined,
        )

    return tuple(answer(code, texts) for code, texts in _claims().items())


def _names(result: Assessment) -> dict[str, Any]:
    """Return what the templates name."""
    resting = [
        (era, era.equilibrium)
        for era in result.frameworks.eras
        if isinstance(era.equilibrium, Estimate)
    ]
    eras = resting or [(era, era.mean) for era in result.frameworks.eras]
    (last, value), words = eras[-1], wording.macros(SENTENCES)
    versus, contrasted = result.contrast, None
    if not isinstance(versus, NotDefined):
        contrasted = (
            versus.mean if isinstance(versus.equilibrium, NotDefined) else versus.equilibrium
        )
    return {
        "r": result,
        "longest": result.horizons[-1],
        "main": main_horizon(result.horizons),
        "resting": resting,
        "now": wording.period(result.origin, weekly=result.weekly),
        "lasting_years": LASTING_YEARS,
        "points": count(result.smallest_improvement, "point"),
        "contrasted": contrasted,
        "past_eras": [f"{number(value.median, 0)} under “{era.name}”" for era, value in eras[:-1]],
        "present_era": f"{words.interval(value)} under “{last.name}”",
        "by_era": {era.code: value.median for era, value in eras},
        "words": words,
        "printed_chances": printed_chances,
    }


def _number(value: Any) -> float | None:
    """Return a number of a claim, by its median if it is an estimate; None if it is not defined."""
    if isinstance(value, Estimate):
        return value.median
    if isinstance(value, Probability):
        return value.value
    return None if value is None or isinstance(value, NotDefined) else float(value)


def numbers_in_words(result: Assessment, claim: Claim) -> list[tuple[str, str]]:
    """Format the numbers of a claim with their names and units, and one decimal more than in the sentence."""
    described: dict[str, tuple[str, str]] = {
        name: (words, unit) for name, (_, words, unit) in _claims()[claim.code]["numbers"].items()
    }
    described |= {
        era.code: (f"under “{era.name}”", "points of share") for era in result.frameworks.eras
    }

    def described_as(name: str, unit: str, value: float) -> tuple[str, str]:
        if unit == "chance":
            return f"chance: {name}", wording.chance(value, 1)
        if unit == "year":
            return name, f"{value:.0f}"
        if unit == "percent":
            return name, wording.percent(value / 100, 1)
        return name, wording.quantity(
            value, "" if unit == "ratio" else unit, _DECIMALS.get(unit, 2)
        )

    return [described_as(*described[name], value) for name, value in claim.numbers.items()]
