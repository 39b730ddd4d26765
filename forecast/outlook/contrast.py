"""Two dyads compared, from the same draws (S7)."""

from dataclasses import dataclass

from forecast.outlook.draws import NO_CYCLE, DyadDraws
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, probability
from forecast.typing import Float


@dataclass(frozen=True)
class DyadQuantity:
    """One quantity of two dyads.

    Attributes
    ----------
    name : str
        Which quantity.
    first, second : Estimate
        Of the two dyads.
    contrast : Estimate
        First less second, or first over second where `ratio`.
    ratio : bool
        Whether the contrast is a ratio.
    greater : Probability
        The first is greater.
    """

    name: str
    first: Estimate
    second: Estimate
    contrast: Estimate
    ratio: bool
    greater: Probability


@dataclass(frozen=True)
class Contrast:
    """A dyad in its era in force compared with another in a named era.

    Attributes
    ----------
    first, second : str
        Codes of the dyads.
    second_label : str
        The second dyad's name for readers.
    first_era, second_era : str
        Names of the eras compared.
    half_life : DyadQuantity or NotDefined
        Months; a ratio.
    equilibrium : DyadQuantity or NotDefined
        Of the two eras, points.
    mean : DyadQuantity
        Mean share over the two eras, points.
    month_noise : DyadQuantity or NotDefined
        Standard deviation of the month noise, log-odds.
    """

    first: str
    second: str
    second_label: str
    first_era: str
    second_era: str
    half_life: DyadQuantity | NotDefined
    equilibrium: DyadQuantity | NotDefined
    mean: DyadQuantity
    month_noise: DyadQuantity | NotDefined


def contrast(own: DyadDraws, other: DyadDraws, era: str, label: str) -> Contrast | NotDefined:
    """Compare a dyad in its era in force with another dyad in a named era."""
    codes = [known.code for known in other.eras]
    if era not in codes:
        return NotDefined(f"{label} has no era {era!r} in this panel (it has {', '.join(codes)})")
    then = codes.index(era)
    return Contrast(
        first=own.dyad,
        second=other.dyad,
        second_label=label,
        first_era=own.eras[-1].name,
        second_era=other.eras[then].name,
        half_life=_compare_both("half-life", _half_life(own), _half_life(other), NO_CYCLE),
        equilibrium=_compare_both("equilibrium of the era", own.rest(-1), other.rest(then), NO_CYCLE),
        mean=_compare("mean share over the era", own.mean(-1), other.mean(then)),
        month_noise=_compare_both(
            "month noise", own.scalars.get("tau"), other.scalars.get("tau"), "the model has no month noise"
        ),
    )


_UNITS = {"half-life": "months", "month noise": "log-odds"}


def _half_life(own: DyadDraws) -> Float | None:
    return own.scalars["cycle_half_life"] / own.clock.per_month if "cycle_half_life" in own.scalars else None


def _compare_both(name: str, first: Float | None, second: Float | None, otherwise: str) -> DyadQuantity | NotDefined:
    return NotDefined(otherwise) if first is None or second is None else _compare(name, first, second)


def _compare(name: str, first: Float, second: Float) -> DyadQuantity:
    unit, ratio = _UNITS.get(name, "points of share"), name == "half-life"
    return DyadQuantity(
        name=name,
        first=estimate(first, unit, f"{name} of the first dyad"),
        second=estimate(second, unit, f"{name} of the second dyad"),
        contrast=estimate(first / second, "ratio", f"{name}: first dyad over second")
        if ratio
        else estimate(first - second, unit, f"{name}: first dyad less second"),
        ratio=ratio,
        greater=probability(first > second, f"the {name} of the first dyad is greater"),
    )
