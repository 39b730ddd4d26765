"""Priors of the model, each with its reason; each cycle declares its own.

A pair is the mean and standard deviation of a normal prior, on the log-odds scale of the level or of a logarithm (see
docs/model.md). A single number that ends in dyads or eras is the typical standard deviation of these around their
population: the standard deviation itself has a log-normal prior. Priors share their names with posterior variables.
"""

import difflib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.errors import SpecError
from forecast.model.declarations import Prior, PriorValue
from forecast.model.dynamics import cycles

COMMON = (
    Prior("trend_mean", (0.3, 0.5), "slightly cooperative: states that talk at all record more talks than threats"),
    Prior("trend_mean_dyads", 1.0,
          "0.5 to 2 log-odds apart; the evidence that trends return depends on it", needs="mean"),
    Prior("trend_half_life", (math.log(180.0), 0.7), "months; 15 years, from 4 to 60", pace=1.0, needs="return"),
    Prior("trend_step", (-2.3, 0.3),
          "monthly step; 0.1 adds up to 1.1 in a decade, from an even share to 75 or 25", pace=-0.5, needs="path"),
    Prior("trend_step_dyads", 0.25, "some relations hardly move in a lifetime, others turn in a decade", needs="path"),
    Prior("trend_jump", 0.7, "17 points around the middle: named eras are turning points", needs="jumps"),
    Prior("trend_start", 1.4, "nearly flat over shares from 8 to 95", needs="path"),
    Prior("cycle_half_life", (math.log(4.0), 0.7),
          "months; news that lasts, from one month to sixteen", pace=1.0, needs="cycle"),
    Prior("cycle_half_life_dyads", 0.3, "dyads differ by a third", needs="cycle"),
    Prior("cycle_sd", (-0.5, 0.4),
          "0.6, from 0.3 to 1.2: two thirds of the time within 14 points of an even trend", needs="cycle"),
    Prior("cycle_sd_dyads", 0.3, "dyads are a third calmer or livelier", needs="cycle"),
    Prior("headroom", (1.0, 0.4),
          "ceiling less trend when an era begins: 2.7 log-odds, 1 to 8 are plausible; 1 is 23 points", needs="ceiling"),
    Prior("headroom_dyads", 0.3, "frameworks of one dyad resemble each other", needs="ceiling"),
    Prior("headroom_eras", 0.4, "eras of one dyad may differ by half", needs="ceiling"),
    Prior("noise", (-1.5, 0.3),
          "0.2 moves an even share by 5 points, in addition to the overdispersion of events", needs="noise"),
    Prior("noise_dyads", 0.3, "noise is similar across dyads", needs="noise"),
    Prior("concentration", (2.3, 0.5),
          "a month of ten events carries the information of four to seven", needs="scatter"),
    Prior("direction", 0.3, "one direction may be 7 points off the other", needs="events"),
    Prior("volume_effect", (-0.3, 0.4),
          "log-odds for a month e times as busy as usual: crises are busy, visits may be too", needs="volume"),
    Prior("volume_effect_dyads", 0.2, "dyads differ by two thirds of that", needs="volume"),
    Prior("dataset", 0.7, "two feeds may disagree on the share by 15 points and more", needs="events"),
    Prior("dataset_dyads", 0.3, "a feed is off for all dyads alike, give or take 7 points", needs="events"),
    Prior("dataset_drift", 0.15,
          "step of an offset in five years: 4 points, a fifth of what the trend moves", needs="events"),
    Prior("dataset_concentration", (3.0, 1.0),
          "a busy month carries the information of 20 events, or of 3, or of 150", needs="scatter"),
    Prior("kind_slope", (0.5, 0.5),
          "effect of the last year's log-odds on depth and severity: between none and all", needs="events"),
    Prior("kind_cut", (0.0, 1.5), "threshold between the two mildest kinds of a side: wide", needs="events"),
    Prior("kind_gap", (math.log(0.9), 0.5),
          "0.9 between neighbouring thresholds spreads the kinds plausibly", needs="events"),
    Prior("kind_concentration", (math.log(8.0), 0.7),
          "the kinds of ten events of a side carry the information of about five", needs="scatter"),
    Prior("kind_dyads", 0.5, "dyads differ by 12 points around the middle", needs="events"),
    Prior("kind_eras", 0.4, "eras of a dyad differ almost as much", needs="eras"),
    Prior("kind_drift", 0.3, "step in five years; a walk that moves as much in a decade", needs="years"),
    Prior("index_error", 0.5, "error of an index relative to its own spread", needs="index"),
    Prior("index_df", (2.0, 0.1),
          "Gamma shape and rate of the degrees of freedom above 1: mean 21, outliers allowed", needs="index"),
    Prior("driver_effects", 0.15,
          "0.15 per standard deviation moves an even share by 4 points; most candidates do nothing", needs="drivers"),
    Prior("driver_dyads", 0.5, "dyads differ by half of that spread", needs="drivers"),
)  # fmt: skip
"""Those that no cycle declares; in weeks half-lives are longer and steps smaller (`pace`)."""
OF_DATASETS = {"dataset_dyads", "dataset_drift", "dataset_concentration"}  # Of what several datasets have of their own
LONGEST, LONGEST_MONTHS = 240.0, {"trend_half_life": 2400.0}
"""The longest typical half-life that a prior may have, in months: a centre above its logarithm was meant in months."""


@dataclass(frozen=True, init=False, repr=False)
class Priors:
    """Centres and spreads, attributes by name; docs/model.md says why each stands where it stands.

    Parameters
    ----------
    **values : float or (float, float)
        The priors to change, by name, those that a cycle alone has (``band``, ``lean`` ...) among them.

    Examples
    --------
    >>> from forecast.model import Priors
    >>> Priors(lean=0.5).lean
    0.5
    """

    changed: tuple[tuple[str, PriorValue], ...] = ()  # Those that differ from their defaults, by name

    def __init__(self, **values: Any) -> None:
        given, known = {**dict(values.pop("changed", ())), **values}, all_priors()
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=3, cutoff=0.5)
            words = f"did you mean {' or '.join(near)}? Known are" if near else "known are"
            raise SpecError(f"priors: unknown {', '.join(unknown)}; {words} {', '.join(known)}")
        for name, value in given.items():
            _check(known[name], value)
        self._set(given)

    def _set(self, given: dict[str, Any]) -> None:
        known = all_priors()
        changed = tuple((name, value) for name, value in sorted(given.items()) if value != known[name].value)
        object.__setattr__(self, "changed", changed)

    def __repr__(self) -> str:
        """Return differences from the defaults, as they would be written."""
        changed = dict(self.changed)
        return f"Priors({', '.join(f'{name}={changed[name]!r}' for name in all_priors() if name in changed)})"

    def __getattr__(self, name: str) -> Any:
        known = all_priors()
        if name in known:
            return dict(self.changed).get(name, known[name].value)
        raise AttributeError(f"priors: no prior is called {name!r}; known are {', '.join(known)}")

    def paced(self, periods_a_month: float) -> "Priors":
        """Convert to periods of another length: half-lives are longer in weeks, and a walk's steps smaller."""
        now = {prior.name: (prior.pace, *getattr(self, prior.name)) for prior in all_priors().values() if prior.pace}
        step = np.log(periods_a_month)
        own = {name: (centre + float(pace * step), spread) for name, (pace, centre, spread) in now.items()}
        result = object.__new__(type(self))  # without the check of months: they may be in periods
        result._set(dict(self.changed) | own)
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; ``Priors(**values)`` is the inverse."""
        return {name: getattr(self, name) for name in all_priors()}


def all_priors() -> dict[str, Prior]:
    """Return every prior by name, those of cycles among them."""
    own = (prior for cycle in cycles() for prior in cycle.priors)
    return {prior.name: prior for prior in (*COMMON, *own)}


def _check(prior: Prior, value: Any) -> None:
    """Reject values of another form, and months where their logarithm is meant."""
    name, pair = prior.name, isinstance(prior.value, tuple)
    numbers = value if isinstance(value, tuple) else (value,)
    fitting = isinstance(value, tuple) == pair and len(numbers) == 1 + pair
    if not (fitting and all(isinstance(n, int | float) and np.isfinite(n) for n in numbers) and numbers[-1] > 0):
        form = "a pair of finite numbers, the second positive" if pair else "a positive finite number"
        raise SpecError(f"priors: {name} is {value!r}; expected {form}")
    longest = LONGEST_MONTHS.get(name, LONGEST)
    if prior.pace == 1.0 and numbers[0] > math.log(longest):
        centre, spread = numbers
        raise SpecError(
            f"priors: {name} is {value!r}, but its centre is the logarithm of months, and exp({centre:g}) = "
            f"{math.exp(min(centre, 99.0)):,.4g} months are more than {longest:g}. For {centre:g} months write "
            f"Priors({name}=(np.log({centre:g}), {spread:g}))"
        )
