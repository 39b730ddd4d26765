"""Results of pooled tests in words, a few lines per claim."""

import math
from collections.abc import Iterable, Sequence

from forecast.hypotheses.pooled.claims import FACTORS, Outcome
from forecast.hypotheses.pooled.run import PooledResults, PooledVerdict, Rate
from forecast.theory import DECLINE
from forecast.wording import chance, interval_in_words, join, number

DOUBTS = (
    "Doubts: the embedded dyads were chosen because they turned, and their eras were named with hindsight. The data",
    "were seen before (exploratory). Shocks that dyads share are ignored, which overstates evidence.",
)
SHOWN_YEARS = (4.0, 8.0, 16.0, 32.0, 64.0)


def lines(results: PooledResults) -> list[str]:
    """Return the results as lines for a terminal."""
    found = [
        f"{len(results.dyads)} dyads, {results.first} to {results.last}, {results.months:,} months with events.",
        "LBF: natural log Bayes factor. Intervals are 90%.",
    ]
    for one in results.verdicts:
        found += [headline(one), *(f"    {line}" for line in _details(one))]
    return [*found, *results.notes, *DOUBTS]


def headline(verdict: PooledVerdict) -> str:
    """Return a claim with its answer."""
    factor, error = number(verdict.outcome.log_bayes_factor, 1), number(verdict.integration_error, 1)
    limit = number(math.log(FACTORS[verdict.code]), 1)
    rule = f"supported from {limit}, rejected from -{limit}"
    return f"{verdict.code} {verdict.claim}: {verdict.outcome.answer}, LBF {factor} ± {error} (integration; {rule})"


def _details(verdict: PooledVerdict) -> list[str]:
    outcome = verdict.outcome
    own = {DECLINE.code: _jumps, "S5a": _fading, "S5b": _returning}[verdict.code](outcome)
    (dyad, least), (state, fewest) = outcome.without_dyad, outcome.without_state
    return [
        *own,
        f"leave-one-out, least: {number(least, 1)} without {dyad}, {number(fewest, 1)} without {state}'s dyads",
        *power_lines(verdict.rates),
    ]


def _fading(outcome: Outcome) -> list[str]:
    low, middle, high = outcome.details["half_life_months"]
    news = chance(outcome.details["probability_news"])
    return [
        "a cycle around a walk against a walk; half-life of deviations "
        f"{interval_in_words(middle, low, high, 1)} months, below two months (news) {news}"
    ]


def _returning(outcome: Outcome) -> list[str]:
    low, middle, high = outcome.details["half_life_years"]
    spreads = _pairs(outcome.details["by_spread_of_means"].items())
    years = outcome.details["by_half_life_years"]
    return [
        f"LBF by spread of dyads' long-run means in log-odds: {spreads}; the least decides",
        f"half-life of the trend's return {interval_in_words(middle, low, high, 1)} years; LBF by years: "
        f"{_pairs((year, years[year]) for year in SHOWN_YEARS)}",
    ]


def _jumps(outcome: Outcome) -> list[str]:
    details = outcome.details
    sets = details["placebos"]
    shares = details["placebos_as_good"].items()
    placebos = join([f"{round(share * sets)} of {sets} {kind} placebo sets" for kind, share in shares])
    without = number(details["without_first_two_months"], 1)
    return [
        f"{details['eras']} era starts, jumps of {number(details['jump_sd'], 1)} log-odds; as good: {placebos}",
        f"at fixed parameters LBF {number(details['at_one_point'], 1)}, without the first two months of eras {without}",
    ]


def _pairs(items: Iterable[tuple[float, float]]) -> str:
    return ", ".join(f"{name:g}: {number(one, 1)}" for name, one in items)


def power_lines(rates: Sequence[Rate]) -> list[str]:
    """Describe how often a claim was supported on simulated record sets."""
    if not rates:
        return ["power and false alarms were not simulated"]
    false, true = ([rate for rate in rates if rate.true is here] for here in (False, True))
    worst = max(false, key=lambda rate: rate.supported / rate.sets)
    total = f"{sum(rate.supported for rate in false)} of {sum(rate.sets for rate in false)}"
    alarms = f"false alarms {total} (at most {worst.supported} of {worst.sets}: {worst.truth})"
    least = min(true, key=lambda rate: rate.supported / rate.sets)
    return [f"simulated: {alarms}; found in at least {least.supported} of {least.sets} ({least.truth})"]
