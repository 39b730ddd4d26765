"""The outlook of one dyad as one record, and the answers to the theory's claims from its numbers (`claims.yaml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import theory, wording
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.kinds import KindSeries
from forecast.outlook.level import Break, Contrast, Standing, printed_chances
from forecast.outlook.pendulum import LASTING_YEARS, EquilibriumBand, Frameworks, Passage, Pendulum
from forecast.outlook.query import Prospect, main_horizon
from forecast.outlook.simulations import DriverOutlook
from forecast.outlook.summary import Estimate, NotDefined, Probability
from forecast.outlook.tone import KindScore, ToneOutlook
from forecast.outlook.windows import WindowOutlook, printed_changes
from forecast.panel.kinds import EVENTS
from forecast.wording import (
    Card,
    Displayed,
    chance,
    count,
    give_or_take,
    interval_in_words,
    join,
    month,
    number,
    percent,
    quantity,
)

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

SCHEMA = 2
_DECIMALS = {"points of share": 1, "months": 1}
_STATEMENTS = {one.code: one for one in vars(theory).values() if isinstance(one, theory.Statement)}


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
    kinds: Mapping[str, KindSeries] | NotDefined  # `depth` of cooperation and `severity` of conflict
    # Mean Goldstein score of what will be recorded, by horizon; not where the data hold no scores
    tone: Mapping[int, ToneOutlook] | NotDefined
    # Contribution of each kind to the tone of the baseline's months; empty where the data hold no scores
    tone_kinds: tuple[KindScore, ...]
    claims: tuple[Claim, ...] = ()  # The theory's claims
    # Name of the 0 to 100 scale: the share of cooperative actions, or the position of an index
    measure: str = EVENTS.measure
    scale: str = EVENTS.scale  # Meaning of 0, 50 and 100
    moving: bool = False  # The trend moves in every period
    # Weights of the forecasters behind `recorded` and `threshold`, by code; or the reason why these are of the
    # model alone
    pool: Mapping[str, float] | NotDefined
    drivers: tuple[DriverOutlook, ...] = ()  # Contributions of drivers
    datasets: tuple[DatasetOutlook, ...] = ()  # One per dataset; empty with one

    @property
    def brief(self) -> Brief:
        """Summary of the dyad for comparison with another one."""
        return Brief(
            self.dyad, self.label, self.origin, self.headline, self.standing.level,
            self.frameworks.eras[-1].equilibrium, self.pendulum.half_life, self.kinds,
        )  # fmt: skip

    def to_frame(self) -> "pd.DataFrame":
        """Return a row per horizon and outcome, of the observed share and of the expected one, the underlying level's.

        Returns
        -------
        pandas.DataFrame
            ``dyad``; ``share``, ``observed`` (absent for an index) or ``expected``; ``horizon``, months; ``until``, the
            last day of the window; ``outcome``, ``higher``, ``similar`` or ``lower`` than the baseline by the smallest
            improvement, and its ``probability``, of an observed share given at least three events; ``baseline``, the
            share of the preceding months, of the expected share its median; ``median``, ``low`` and ``high`` (90%
            interval) of the share in the window. Shares are percentages; NaN stands for what is not defined.

        Examples
        --------
        >>> from forecast import assess
        >>> frame = assess(fit, "USA-CHN", seed=1).to_frame()  # doctest: +SKIP
        >>> frame.pivot(index=["share", "horizon"], columns="outcome", values="probability")  # doctest: +SKIP
        """
        import pandas as pd

        windows = self.recorded.values() if isinstance(self.recorded, Mapping) else ()
        found = [("observed", one, (one.up, one.same, one.down), one.baseline, one.share) for one in windows] + [
            ("expected", one, (one.improvement, one.stability, one.deterioration), one.before, one.level)
            for one in self.improvement.values()
        ]
        return pd.DataFrame([
            {
                "dyad": self.dyad, "share": share, "horizon": one.months, "until": one.until, "outcome": outcome,
                "probability": getattr(chance, "value", None),
                "baseline": getattr(before, "share" if share == "observed" else "median", None),
                **{name: getattr(then, name, None) for name in ("median", "low", "high")},
            }
            for share, one, chances, before, then in found
            for outcome, chance in zip(("higher", "similar", "lower"), chances, strict=True)
        ]).astype(dict.fromkeys(("probability", "baseline", "median", "low", "high"), float))  # fmt: skip

    def _card(self) -> Card:
        windows = self.recorded.values() if isinstance(self.recorded, Mapping) else ()
        facts = [(f"recorded to {month(one.until, short=True)}", _changes(one)) for one in windows]
        level = self.standing.level
        facts.append(("level", give_or_take(level.median, level.low, level.high)))
        for one in self.improvement.values():
            better, worse, same = (printed_chances(one)[way] for way in ("improvement", "deterioration", "stability"))
            facts.append(
                (f"level by {month(one.until, short=True)}", f"higher {better}, similar {same}, lower {worse}")
            )
        if self.claims:
            facts.append(("claims", join(claim.code for claim in self.claims)))
        return Card(self.headline, tuple(facts))


def _changes(window: WindowOutlook) -> str:
    """Return the chances of a window in words."""
    if not (percents := printed_changes(window)):
        return "not defined"
    up, same, down = (chance(percent / 100) for percent in percents.values())
    return f"share higher {up}, similar {same}, lower {down}"


@cache
def _texts() -> dict[str, dict[str, Any]]:
    import yaml

    texts: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("claims.yaml").read_text("utf-8"))
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
