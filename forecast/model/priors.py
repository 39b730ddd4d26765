"""Priors of the model, each with its reason; each cycle declares its own.

A pair is the mean and standard deviation of a normal prior, on the log-odds scale of the level or of a logarithm (see
docs/model.md). A single number that ends in dyads or eras is the typical standard deviation of these around their
population: the standard deviation itself has a log-normal prior. Priors share their names with posterior variables.
"""

import difflib
import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from forecast.errors import SpecError
from forecast.model.declarations import Prior, PriorValue
from forecast.model.dynamics import PACKAGED, Cycle, cycles

COMMON_PACE = {"cycle_half_life": 1.0, "trend_half_life": 1.0, "trend_step": -0.5}
"""As `Prior.pace`, of the priors that no cycle declares: in weeks half-lives are longer and steps smaller."""
OF_DATASETS = ("dataset_dyads", "dataset_drift", "dataset_concentration")
"""Those of what several datasets have of their own, by sides."""
LONGEST_MONTHS = {"trend_half_life": 2400.0}
LONGEST = 240.0
"""The longest typical half-life that a prior may have, in months: of the trend 200 years, of anything else 20.

Nothing slower can be told from a walk; and a centre above the logarithm was meant in months.
"""


@dataclass(frozen=True, init=False, repr=False)
class Priors:
    """Centres and spreads; `reasons` says why each stands where it stands.

    Parameters
    ----------
    **values : float or (float, float)
        The priors to change, by name: those below, and those that a cycle alone has (``band``, ``lean`` ...), which are
        attributes as well.

    Examples
    --------
    >>> from forecast.model import Priors
    >>> Priors(lean=0.5).lean
    0.5
    """

    trend_mean: tuple[float, float] = (0.3, 0.5)
    trend_mean_dyads: float = 1.0
    trend_half_life: tuple[float, float] = (float(np.log(180.0)), 0.7)
    trend_step: tuple[float, float] = (-2.3, 0.3)
    trend_step_dyads: float = 0.25
    trend_jump: float = 0.7
    trend_start: float = 1.4
    cycle_half_life: tuple[float, float] = (float(np.log(4.0)), 0.7)
    cycle_half_life_dyads: float = 0.3
    cycle_sd: tuple[float, float] = (-0.5, 0.4)
    cycle_sd_dyads: float = 0.3
    headroom: tuple[float, float] = (1.0, 0.4)
    headroom_dyads: float = 0.3
    headroom_eras: float = 0.4
    noise: tuple[float, float] = (-1.5, 0.3)
    noise_dyads: float = 0.3
    concentration: tuple[float, float] = (2.3, 0.5)
    direction: float = 0.3
    volume_effect: tuple[float, float] = (-0.3, 0.4)
    volume_effect_dyads: float = 0.2
    dataset: float = 0.7
    dataset_dyads: float = 0.3
    dataset_drift: float = 0.15
    dataset_concentration: tuple[float, float] = (3.0, 1.0)
    kind_slope: tuple[float, float] = (0.5, 0.5)
    kind_cut: tuple[float, float] = (0.0, 1.5)
    kind_gap: tuple[float, float] = (float(np.log(0.9)), 0.5)
    kind_concentration: tuple[float, float] = (float(np.log(8.0)), 0.7)
    kind_dyads: float = 0.5
    kind_eras: float = 0.4
    kind_drift: float = 0.3
    index_error: float = 0.5
    index_df: tuple[float, float] = (2.0, 0.1)
    driver_effects: float = 0.15
    driver_dyads: float = 0.5
    of_cycles: tuple[tuple[str, PriorValue], ...] = ()
    """Those of cycles that differ from what the cycle declares, by name."""

    def __init__(self, **values: Any) -> None:
        given = {**dict(values.pop("of_cycles", ())), **values}
        unknown = sorted(given.keys() - known_priors().keys())
        if unknown:
            near = difflib.get_close_matches(unknown[0], known_priors(), n=3, cutoff=0.5)
            known = f"did you mean {' or '.join(near)}? Known are" if near else "known are"
            raise SpecError(f"priors: unknown {', '.join(unknown)}; {known} {', '.join(known_priors())}")
        for name, value in given.items():
            _check(name, value, known_priors()[name])
            _check_months(name, value)
        self._set(given)

    def _set(self, given: dict[str, Any]) -> None:
        for name, default in _common().items():
            object.__setattr__(self, name, given.pop(name, default))
        changed = [(name, value) for name, value in sorted(given.items()) if value != known_priors()[name]]
        object.__setattr__(self, "of_cycles", tuple(changed))

    def __repr__(self) -> str:
        """Return differences from the defaults, as they would be written."""
        values = known_priors() | self.to_dict()
        changed = [f"{name}={values[name]!r}" for name, default in known_priors().items() if values[name] != default]
        return f"Priors({', '.join(changed)})"

    def __getattr__(self, name: str) -> Any:
        own = dict(self.of_cycles)
        if name in own:
            return own[name]
        if name in (declared := _declared()):
            return declared[name].value
        raise AttributeError(f"priors: no prior is called {name!r}; known are {', '.join(known_priors())}")

    def paced(self, periods_a_month: float) -> "Priors":
        """Convert to periods of another length: half-lives are longer in weeks, and a walk's steps smaller."""
        pace = COMMON_PACE | {name: prior.pace for name, prior in _declared().items() if prior.pace}
        now = {name: getattr(self, name) for name in pace}
        by = {name: float(exponent * np.log(periods_a_month)) for name, exponent in pace.items()}
        return self._with({name: (centre + by[name], spread) for name, (centre, spread) in now.items()})

    def _with(self, changes: dict[str, Any]) -> "Priors":
        """Return the same with changes, without the check of months: they may be in periods."""
        changed = object.__new__(type(self))
        changed._set({name: getattr(self, name) for name in _common()} | dict(self.of_cycles) | changes)
        return changed

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Priors":
        """Rebuild from plain values (lists where a pair stands), rejecting names it does not know."""
        return cls(**{name: tuple(v) if isinstance(v, (list, tuple)) else v for name, v in values.items()})

    def to_dict(self, cycle: Cycle | None = None) -> dict[str, Any]:
        """Return plain values, ready for JSON.

        Parameters
        ----------
        cycle : Cycle, optional
            One from outside of the package, whose priors are listed too.
        """
        listed = (*PACKAGED, *([] if cycle is None else [cycle]))
        of_cycles = {prior.name: getattr(self, prior.name) for one in listed for prior in one.priors}
        return {name: getattr(self, name) for name in _common()} | of_cycles | dict(self.of_cycles)


def known_priors() -> dict[str, PriorValue]:
    """Return every prior with its default, by name."""
    return _common() | {name: prior.value for name, prior in _declared().items()}


def reasons() -> dict[str, str]:
    """Return why each prior stands where it stands, by name."""
    return REASONS | {name: prior.reason for name, prior in _declared().items()}


def _common() -> dict[str, PriorValue]:
    """Return the priors that no cycle declares."""
    return {f.name: getattr(Priors, f.name) for f in fields(Priors) if f.name != "of_cycles"}


def _declared() -> dict[str, Prior]:
    return {prior.name: prior for cycle in cycles() for prior in cycle.priors}


def _check(name: str, value: Any, default: PriorValue) -> None:
    pair = isinstance(default, tuple)
    numbers = value if isinstance(value, tuple | list) else (value,)
    fitting = isinstance(value, tuple | list) == pair and len(numbers) == 1 + pair
    if not (fitting and all(isinstance(n, int | float) and np.isfinite(n) for n in numbers) and numbers[-1] > 0):
        form = "a pair of finite numbers, the second positive" if pair else "a positive finite number"
        raise SpecError(f"priors: {name} is {value!r}; expected {form}")


def _check_months(name: str, value: Any) -> None:
    """Reject months where their logarithm is meant."""
    pace = COMMON_PACE | {declared.name: declared.pace for declared in _declared().values()}
    longest = LONGEST_MONTHS.get(name, LONGEST)
    if pace.get(name) == 1.0 and value[0] > math.log(longest):
        centre, spread = value
        raise SpecError(
            f"priors: {name} is {value!r}, but its centre is the logarithm of months, and exp({centre:g}) = "
            f"{math.exp(min(centre, 99.0)):,.4g} months are more than {longest:g}. For {centre:g} months write "
            f"Priors({name}=(np.log({centre:g}), {spread:g}))"
        )


REASONS = {
    "trend_mean": "slightly cooperative: states that talk at all record more talks than threats",
    "trend_mean_dyads": "0.5 to 2 log-odds apart; the evidence that trends return depends on it",
    "trend_half_life": "months; 15 years, from 4 to 60",
    "trend_step": "monthly step; 0.1 adds up to 1.1 in a decade, from an even share to 75 or 25",
    "trend_step_dyads": "some relations hardly move in a lifetime, others turn in a decade",
    "trend_jump": "17 points around the middle: named eras are turning points",
    "trend_start": "nearly flat over shares from 8 to 95",
    "cycle_half_life": "months; news that lasts, from one month to sixteen",
    "cycle_half_life_dyads": "dyads differ by a third",
    "cycle_sd": "0.6, from 0.3 to 1.2: two thirds of the time within 14 points of an even trend",
    "cycle_sd_dyads": "dyads are a third calmer or livelier",
    "headroom": "ceiling less trend at the start of an era: 2.7 log-odds, 1 to 8 are plausible; 1 is 23 points",
    "headroom_dyads": "frameworks of one dyad resemble each other",
    "headroom_eras": "eras of one dyad may differ by half",
    "noise": "0.2 moves an even share by 5 points, in addition to the overdispersion of events",
    "noise_dyads": "noise is similar across dyads",
    "concentration": "a month of ten events carries the information of four to seven",
    "direction": "one direction may be 7 points off the other",
    "volume_effect": "log-odds for a month e times as busy as usual: crises are busy, visits may be too",
    "volume_effect_dyads": "dyads differ by two thirds of that",
    "dataset": "two feeds may disagree on the share by 15 points and more",
    "dataset_dyads": "a feed is off for all dyads alike, give or take 7 points",
    "dataset_drift": "step of an offset in five years: 4 points, a fifth of what the trend moves",
    "dataset_concentration": "a busy month carries the information of 20 events, or of 3, or of 150",
    "kind_slope": "effect of the last year's log-odds on depth and severity: between none and all",
    "kind_cut": "threshold between the two mildest kinds of a side: wide",
    "kind_gap": "0.9 between neighbouring thresholds spreads the kinds plausibly",
    "kind_concentration": "the kinds of ten events of a side carry the information of about five",
    "kind_dyads": "dyads differ by 12 points around the middle",
    "kind_eras": "eras of a dyad differ almost as much",
    "kind_drift": "step in five years; a walk that moves as much in a decade",
    "index_error": "error of an index relative to its own spread",
    "index_df": "Gamma shape and rate of the degrees of freedom above 1: mean 21, outliers allowed",
    "driver_effects": "0.15 per standard deviation moves an even share by 4 points; most candidates do nothing",
    "driver_dyads": "dyads differ by half of that spread",
}
