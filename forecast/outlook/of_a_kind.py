"""Events of a kind up to a horizon: probability of so many, its base rate and calibration, and how it is resolved."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecast.outlook.base_rates import MIX_MONTHS
from forecast.outlook.kind_counts import far_apart, shifted
from forecast.outlook.kind_scores import calibration_of
from forecast.outlook.summary import TAILS, Estimate, NotDefined, Probability, certain, estimate, expected, probability
from forecast.outlook.windows import Baseline, DatasetRecord, Recording, class_codes, data_rule
from forecast.typing import Index
from forecast.wording import chance, count, day, percent


@dataclass(frozen=True)
class KindOutlook:
    """Number of events of a kind that the dataset records in the months up to a horizon."""

    kind: str  # Name of the class
    cooperative: bool  # Whether it is of the cooperative side
    months: int  # The horizon
    first: date  # First and last day of the window
    until: date
    at_least: int  # How many are asked for
    chance: Probability  # So many are recorded, by the past of the kind (`forecast.outlook.kind_counts`)
    simulated: Probability  # So many are recorded in the simulations, on which nothing but scenarios rests
    events: Estimate  # How many are recorded
    baseline: Baseline | NotDefined  # Those of the kind in as many months before
    base_rate: float | NotDefined  # In how many of the windows of the last ten years there were so many, 0 to 1
    far_from_base_rate: bool  # Whether it and the chance differ by a factor of two
    calibrated: bool | None  # Whether chances of the kind were calibrated; None if they have not been scored
    calibration: str  # What a reader has to know of that, in a sentence; empty if they were
    sentence: str  # The chance in a sentence
    rule: str  # How it is resolved


def kind_outlook(
    recording: Recording,
    kinds: Index,
    kind: str,
    months: int,
    at_least: int = 1,
    unconditional: KindOutlook | None = None,
) -> KindOutlook:
    """Compute how many events of a kind will be recorded up to a horizon.

    By the past of the kind; in a scenario, of which `unconditional` is the outlook without, the odds change as they do
    in the simulations.
    """
    terms = recording.record
    place, periods = terms.names.index(kind), terms.clock.periods(months)
    number = kinds[..., 1 : periods + 1, place].sum(axis=-1)
    words = f"of the kind “{kind}” are recorded in {terms.ahead(months)}"
    least, unit = f"at least {count(at_least, terms.noun)} {words}", f"{terms.noun}s"
    past = terms.counts[terms.covered][-terms.clock.periods(MIX_MONTHS) :, place]
    simulated, size = probability(number >= at_least, f"{least}, in the simulations"), number.shape[:2]
    if unconditional is None:
        rate = recording.rates[place].rate(terms.dyad, periods)
        value = certain(rate.at_least(at_least), least, size)
        events = expected(float(rate.mean.mean()), rate.quantiles(TAILS), unit, f"{unit} {words}", size)
    else:
        base = unconditional
        value = certain(shifted(base.chance.value, base.simulated.value, simulated.value), least, size)
        events = estimate(number, unit, f"{unit} {words}, in the simulations")
    base_rate, known = window_base_rate(past, periods, at_least), calibration_of(terms.dataset, terms.scale, kind)
    result = KindOutlook(
        kind=kind,
        cooperative=place >= terms.zero_cut,
        months=months,
        first=terms.first,
        until=terms.clock.last_day(months),
        at_least=at_least,
        chance=value,
        simulated=simulated,
        events=events,
        baseline=terms.baseline(months, place),
        base_rate=base_rate,
        far_from_base_rate=not isinstance(base_rate, NotDefined) and far_apart(value.value, base_rate),
        calibrated=known.passed,
        calibration=known.sentence,
        sentence="",
        rule="",
    )
    return replace(result, sentence=kind_sentence(terms, result), rule=kind_rule(terms, result))


def window_base_rate(counts: Index, periods: int, at_least: int = 1) -> float | NotDefined:
    """Return in how many of all windows of so many periods there was as much as asked for."""
    if len(counts) < periods:
        return NotDefined("the record of the last ten years is shorter than the window")
    windows = np.convolve(counts, np.ones(periods, dtype=np.int64), "valid")
    return float((windows >= at_least).mean())


def kind_sentence(terms: DatasetRecord, outlook: KindOutlook) -> str:
    """State the chance that so many events of a kind are recorded, with its base rate, and whether to rely on it."""
    before, last = outlook.baseline, ""
    if not isinstance(before, NotDefined):
        last = f", after {before.events:,} in {terms.before(outlook.months, before)}"
    least = f"at least {count(outlook.at_least, terms.noun)} of the kind “{outlook.kind}”"
    sentences = [
        f"The chance that {terms.source} records {least} between {terms.label} in {terms.ahead(outlook.months)} is "
        f"{chance(outlook.chance.value)}{last}.",
        ""
        if isinstance(outlook.base_rate, NotDefined)
        else base_rate_sentence(outlook.chance.value, outlook.base_rate),
        outlook.calibration,
    ]
    return " ".join(one for one in sentences if one)


def base_rate_sentence(value: float, base_rate: float) -> str:
    """State how often the same was so, and whether the chance is far from it."""
    far = ""
    if far_apart(value, base_rate):
        far = f", {'less than half' if base_rate < value else 'more than twice'} as often as forecast"
    return f"In windows of that length in the last ten years it was so in {percent(base_rate)}{far}."


def kind_rule(terms: DatasetRecord, outlook: KindOutlook) -> str:
    """State how it is resolved whether so many events of a kind are recorded."""
    codes = class_codes(terms.scale, terms.names.index(outlook.kind))
    kind = f"of the kind “{outlook.kind}”{f' ({codes})' if codes else ''}"
    window = f"Window: {day(terms.first)} to {day(outlook.until)}."
    yes = f"Yes: at least {count(outlook.at_least, terms.noun)} in it {kind}. Void: no such edition."
    data = data_rule(terms.dataset, terms.dyad, outlook.until, joint=terms.joint)
    return f"{data} {window} {yes}"
