"""Answers to the claims of the theory (`claims.yaml`) from the numbers of an assessment."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import theory, wording
from forecast.outlook.assessment import Assessment, Claim
from forecast.outlook.frameworks import LASTING_YEARS
from forecast.outlook.level import printed_chances
from forecast.outlook.pendulum import Passage
from forecast.outlook.query import main_horizon
from forecast.outlook.summary import Estimate, NotDefined, Probability
from forecast.wording import chance, count, interval_in_words, number, percent, quantity

if TYPE_CHECKING:
    from jinja2 import Environment

_DECIMALS = {"points of share": 1, "months": 1}
_STATEMENTS = {one.code: one for one in vars(theory).values() if isinstance(one, theory.Statement)}


@cache
def _texts() -> dict[str, dict[str, Any]]:
    import yaml

    texts: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return texts


@cache
def _environment() -> "Environment":
    from jinja2 import ChainableUndefined, Environment

    found = Environment(undefined=ChainableUndefined)  # plain text: the page escapes it
    found.filters |= {"interval": _interval, "difference": _difference, "passage": _passage}
    names = ("chance", "join", "month", "number", "percent", "period", "signed")
    found.globals |= {"printed_chances": printed_chances, **{name: getattr(wording, name) for name in names}}
    return found


def claims(result: Assessment) -> tuple[Claim, ...]:
    """Answer the theory's claims from the numbers of an assessment."""
    known = _names(result)
    return tuple(_answer(result, code, texts, known) for code, texts in _texts().items())


def _names(result: Assessment) -> dict[str, Any]:
    """Return what the templates name."""
    resting = [(era, era.equilibrium) for era in result.frameworks.eras if isinstance(era.equilibrium, Estimate)]
    eras = resting or [(era, era.mean) for era in result.frameworks.eras]
    last, value = eras[-1]
    versus = result.contrast
    contrasted = None
    if not isinstance(versus, NotDefined):
        contrasted = versus.mean if isinstance(versus.equilibrium, NotDefined) else versus.equilibrium
    return {
        "r": result, "longest": result.horizons[-1], "main": main_horizon(result.horizons), "resting": resting,
        "now": wording.period(result.origin, weekly=result.weekly), "lasting_years": LASTING_YEARS,
        "points": count(result.smallest_improvement, "point"), "contrasted": contrasted,
        "past_eras": [f"{number(value.median, 0)} under “{era.name}”" for era, value in eras[:-1]],
        "present_era": f"{_interval(value)} under “{last.name}”",
        "by_era": {era.code: value.median for era, value in eras},
    }  # fmt: skip


def _answer(result: Assessment, code: str, texts: Mapping[str, Any], known: Mapping[str, Any]) -> Claim:
    title, statement = _filled(texts["title"], known), _STATEMENTS[code].about(result.dyad)
    about = _value(texts["about"], known) if "about" in texts else None
    if isinstance(about, NotDefined):
        return Claim(code, title, statement, f"Not defined here: {about.reason}.", {})
    numbers = {name: _number(_value(expression, known)) for name, (expression, *_) in texts["numbers"].items()}
    defined = known["by_era"] if code == theory.ERAS.code else {
        name: value for name, value in numbers.items() if value is not None
    }  # fmt: skip
    return Claim(code, title, statement, _filled(texts["sentence"], known), defined)


def _filled(text: str, known: Mapping[str, Any]) -> str:
    return " ".join(_environment().from_string(text).render(known).split())


def _value(expression: str, known: Mapping[str, Any]) -> Any:
    """Return the value of an expression; None if a part of it is not defined."""
    return _environment().compile_expression(expression)(**known)


def _number(value: Any) -> float | None:
    if isinstance(value, Estimate):
        return value.median
    if isinstance(value, Probability):
        return value.value
    return None if value is None or isinstance(value, NotDefined) else float(value)


def numbers_in_words(result: Assessment, claim: Claim) -> list[tuple[str, str]]:
    """Format the numbers of a claim with their names and units, and one decimal more than in the sentence."""
    described: dict[str, tuple[str, str]] = {
        name: (words, unit) for name, (_, words, unit) in _texts()[claim.code]["numbers"].items()
    }
    described |= {era.code: (f"under “{era.name}”", "points of share") for era in result.frameworks.eras}
    return [_describe(*described[name], value) for name, value in claim.numbers.items()]


def _describe(name: str, unit: str, value: float) -> tuple[str, str]:
    if unit == "chance":
        return f"chance: {name}", chance(value, 1)
    if unit == "year":
        return name, f"{value:.0f}"
    if unit == "percent":
        return name, percent(value / 100, 1)
    return name, quantity(value, "" if unit == "ratio" else unit, _DECIMALS.get(unit, 2))


def _interval(value: Estimate) -> str:
    return interval_in_words(value.median, value.low, value.high)


def _difference(value: Estimate) -> str:
    """Format a difference by its size and side: ``12 points more (90% interval 5 to 20)``."""
    sign, word = (1, "more") if value.median >= 0 else (-1, "less")
    low, high = sorted((sign * value.low, sign * value.high))
    return interval_in_words(sign * value.median, low, high, unit=f"points {word}")


def _passage(passage: Passage) -> str:
    if passage.median is None:
        return f"more than {passage.limit} months in most simulations"
    if round(passage.median) < 2:
        return "less than two months in half of the simulations"
    return f"up to {number(passage.median, 0)} months in half of the simulations"
