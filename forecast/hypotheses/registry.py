"""Which claims can be tested, against what, and where each test is; none is imported before it is asked for."""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from forecast.errors import ForecastError, SpecError

if TYPE_CHECKING:
    from forecast.hypotheses.verdict import Verdict

PLACE = "forecast.hypotheses"


@dataclass(frozen=True)
class Entry:
    """A claim that can be tested.

    Attributes
    ----------
    module, function : str
        Where its test is.
    title : str
        The claim in a few words.
    models : tuple of str
        What is set against each other, the claim's own first.
    needs : {"panel", "classes", "events", "dyads"}
        The least it asks of the data, see `OFFERS`.
    decides : tuple of str
        Names of the numbers of the verdict that decide.
    how : str
        What is special about the decision, in sentences; ``{half_life}`` stands for the rule's.
    """

    module: str
    function: str
    title: str
    models: tuple[str, ...]
    needs: Literal["panel", "classes", "events", "dyads"] = "panel"
    decides: tuple[str, ...] = ("log_bayes_factor", "ahead_difference")
    how: str = ""


CLAIMS = {
    "S2": Entry(
        "break_test",
        "test_break",
        "a break in the equilibrium",
        ("one break", "no break"),
        decides=("log_bayes_factor", "ahead_difference", "probability_drop", "break_date"),
        how="That is one of three parts, and the claim fails with any: the equilibrium must also have fallen by the "
        "smallest effect of interest, by the rule's probability, and the interval of the break's date must hold the "
        "beginning of the era in force.",
    ),
    "S4": Entry(
        "ceiling_test",
        "test_ceiling",
        "a ceiling set by the framework",
        ("level: era, constant, none", "depth: by era, trend in time, none"),
        needs="classes",
        decides=("log_bayes_factor_depth_none", "log_bayes_factor_depth_trend"),
        how="Depth by era is set against one depth for all time and against a trend, and the less favourable answer "
        "counts. The bound on the level decides nothing.",
    ),
    "S5": Entry(
        "reversion",
        "test_reversion",
        "a pull back",
        ("linear pull", "none: random walk"),
        how="A pull whose half-life is above {half_life} months counts as none, whatever the evidence.",
    ),
    "S6": Entry(
        "extremes",
        "test_extremes",
        "a pull that grows",
        ("cubic pull", "band", "linear pull"),
        how="The pull that grows decides; the band stands beside.",
    ),
    "S7": Entry(
        "contrast_test",
        "test_contrast",
        "a contrast of dyads",
        ("hierarchy of all dyads",),
        needs="dyads",
        decides=("equilibrium_difference_above_rope",),
        how="Decided by the equilibrium of the era in force less that of the US-Soviet relation of 1948 to 1991.",
    ),
    "S8": Entry(
        "band_test",
        "test_band",
        "a middle ground",
        ("linear pull", "none: random walk"),
        decides=("probability_more_than_walk",),
        how="Decided by how much more of its time the record is near its own mean than random walks fitted to it.",
    ),
    "S10": Entry(
        "visits",
        "test_visits",
        "a response to visits",
        ("months after visits", "matched months"),
        needs="events",
        decides=("response_above_rope",),
        how="Decided by the response over the twelve months after, whose error is learnt from visits moved in time.",
    ),
}
"""In the order of the theory; S3 is answered with S2, and S9 with S4."""

WITH = {"S3": "S2", "S9": "S4"}
OFFERS = {
    "panel": "any panel",
    "classes": "events counted by class, at least two of them cooperative",
    "events": "single events",
    "dyads": "events of several dyads",
}
"""What data can offer a test, the least first, each with what came before."""


def parse_claims(text: str) -> tuple[str, ...]:
    """Read codes of claims, separated by commas, and put them in the order of the theory.

    Raises
    ------
    SpecError
        If there is none, or one is unknown.

    Examples
    --------
    >>> from forecast.hypotheses.registry import parse_claims
    >>> parse_claims("s9, S2")
    ('S2', 'S4')
    """
    codes = [code for word in text.split(",") if (code := word.strip().upper())]
    unknown = [code for code in codes if code not in CLAIMS and code not in WITH]
    if unknown or not codes:
        what = f"there is no test of {', '.join(unknown)}" if unknown else "none is given"
        raise SpecError(f"claims: {what}. Choose among {', '.join(CLAIMS)}, separated by commas, such as S5,S6")
    asked = {WITH.get(code, code) for code in codes}
    return tuple(code for code in CLAIMS if code in asked)


def answerable(offers: str) -> tuple[str, ...]:
    """Return the claims that data can answer, by the most they offer.

    Examples
    --------
    >>> from forecast.hypotheses.registry import answerable
    >>> answerable("panel")
    ('S2', 'S5', 'S6', 'S8')
    """
    ranks = list(OFFERS)
    return tuple(code for code, entry in CLAIMS.items() if ranks.index(entry.needs) <= ranks.index(offers))


def need_other_dyads(claims: Iterable[str]) -> bool:
    """Tell whether any of the claims asks for events of other dyads."""
    return any(CLAIMS[code].needs == "dyads" for code in claims)


def find_test(code: str) -> "Callable[[Any], Verdict]":
    """Import the test of a claim.

    Raises
    ------
    ForecastError
        If this installation does not have it.
    """
    entry = CLAIMS[code]
    test: Callable[[Any], Verdict] = find(entry.module, entry.function, f"the test of {code}")
    return test


def find(module: str, function: str, what: str) -> Any:
    """Import a function of this step; `what` is what an error calls it.

    Raises
    ------
    ForecastError
        If this installation does not have it.
    """
    place = f"{PLACE}.{module}"
    try:
        return getattr(importlib.import_module(place), function)
    except ModuleNotFoundError as error:
        if error.name != place:
            raise
    except AttributeError:
        pass
    raise ForecastError(f"This installation does not have {what} ({place}.{function}). Install the package again")
