"""Two dyads side by side, from the same draws (S7)."""

from dataclasses import dataclass

from forecast.outlook.summary import Estimate, NotDefined, Probability


@dataclass(frozen=True)
class Comparison:
    """One quantity of two dyads.

    Attributes
    ----------
    name : str
    first, second : Estimate
    contrast : Estimate
        First less second, or first over second where `ratio`.
    ratio : bool
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
    """A dyad in its era in force against another in a named era.

    Attributes
    ----------
    first, second : str
        Codes of the dyads.
    first_era, second_era : str
        Names of the eras compared.
    half_life : Comparison or NotDefined
        Months; a ratio.
    equilibrium : Comparison or NotDefined
        Of the two eras, points.
    mean : Comparison
        Mean share over the two eras, points.
    month_noise : Comparison
        Standard deviation of a month's news, log-odds.
    """

    first: str
    second: str
    first_era: str
    second_era: str
    half_life: Comparison | NotDefined
    equilibrium: Comparison | NotDefined
    mean: Comparison
    month_noise: Comparison | NotDefined
