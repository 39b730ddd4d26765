"""Priors of the model, as priors.toml states them with their reasons, and as a user changes them.

A pair is the mean and standard deviation of a normal prior, on the log-odds scale of the level or
of a logarithm (see docs/model.md). A single number that ends in dyads or eras is the typical
standard deviation of these around their population: the standard deviation itself has a log-normal
prior. Priors share their names with posterior variables.
"""

import difflib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.base.errors import SpecError
from forecast.model.process.cycle import cycles
from forecast.model.process.declarations import Prior, PriorValue, priors_of
from forecast.model.process.trend import trends

# Priors that no trend and no cycle declares; by week half-lives are longer and steps smaller
# (`pace`)
COMMON = priors_of("common")
# Priors of quantities that only several datasets have
OF_DATASETS = {"dataset_dyads", "dataset_drift", "dataset_concentration"}
# Months of a typical half-life; a centre is its logarithm, and a larger one was given in months
MAX_HALF_LIFE = 240.0
# Months of a typical half-life of slower quantities, by prior
MAX_HALF_LIFE_BY_PRIOR = {"trend_half_life": 2400.0}


@dataclass(frozen=True, init=False, repr=False)
class Priors:
    """Centres and spreads, attributes by name.

    ``forecast/model/process/priors.toml`` says why each stands where it stands.

    Parameters
    ----------
    **values : float or (float, float)
        The priors to change, by name, those that a trend or a cycle alone has (``band``, ``lean``
        ...) among them.

    Examples
    --------
    >>> from forecast.model import Priors
    >>> Priors(lean=0.5).lean
    0.5
    >>> print(repr(Priors(lean=0.5)).splitlines()[0])
    Priors(
    """

    # Those that differ from their defaults, by name
    changed: tuple[tuple[str, PriorValue], ...] = ()

    def __init__(self, **values: Any) -> None:
        given = {**dict(values.pop("changed", ())), **values}
        priors = all_priors()
        given = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
        }
        unknown = sorted(given.keys() - priors.keys())
        if unknown:
            near = difflib.get_close_matches(unknown[0], priors, n=3, cutoff=0.5)
            words = f"did you mean {' or '.join(near)}? Known are" if near else "known are"
            raise SpecError(f"priors: unknown {', '.join(unknown)}; {words} {', '.join(priors)}")
        for name, value in given.items():
            _check(priors[name], value)
        self._set(given)

    def _set(self, given: dict[str, Any]) -> None:
        priors = all_priors()
        changed = tuple(
            (name, value) for name, value in sorted(given.items()) if value != priors[name].value
        )
        object.__setattr__(self, "changed", changed)

    def __repr__(self) -> str:
        """Return all priors, one per line, as they are written; a changed one with its default."""
        changed = dict(self.changed)
        lines = []
        for name, prior in all_priors().items():
            default = f"  # default {prior.value!r}" if name in changed else ""
            lines.append(f"    {name}={getattr(self, name)!r},{default}")
        return "\n".join(["Priors(", *lines, ")"])

    @property
    def differences(self) -> str:
        """Those that differ from the defaults, as they would be written."""
        changed = dict(self.changed)
        written = [f"{name}={changed[name]!r}" for name in all_priors() if name in changed]
        return f"Priors({', '.join(written)})"

    def __getattr__(self, name: str) -> Any:
        priors = all_priors()
        if name in priors:
            return dict(self.changed).get(name, priors[name].value)
        raise AttributeError(f"priors: no prior is called {name!r}; known are {', '.join(priors)}")

    def rescale_time(self, periods_a_month: float) -> "Priors":
        """Convert to periods of another length.

        In weeks half-lives are longer, and the steps of a walk smaller.
        """
        log_periods = np.log(periods_a_month)
        rescaled = {}
        for prior in all_priors().values():
            if prior.pace:
                centre, spread = getattr(self, prior.name)
                rescaled[prior.name] = (centre + float(prior.pace * log_periods), spread)
        result = object.__new__(type(self))  # without the check of months: they may be in periods
        result._set(dict(self.changed) | rescaled)
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; ``Priors(**values)`` is the inverse."""
        return {name: getattr(self, name) for name in all_priors()}


def all_priors() -> dict[str, Prior]:
    """Return every prior by name, those of trends and cycles among them."""
    of_components = (prior for component in (*trends(), *cycles()) for prior in component.priors)
    return {prior.name: prior for prior in (*COMMON, *of_components)}


def _check(prior: Prior, value: Any) -> None:
    """Reject values of another form, and months where their logarithm is meant."""
    name, pair = prior.name, isinstance(prior.value, tuple)
    numbers = value if isinstance(value, tuple) else (value,)
    fitting = isinstance(value, tuple) == pair and len(numbers) == 1 + pair
    if not (
        fitting
        and all(isinstance(n, int | float) and np.isfinite(n) for n in numbers)
        and numbers[-1] > 0
    ):
        form = (
            "a pair of finite numbers, the second positive" if pair else "a positive finite number"
        )
        raise SpecError(f"priors: {name} is {value!r}; expected {form}")
    longest = MAX_HALF_LIFE_BY_PRIOR.get(name, MAX_HALF_LIFE)
    if prior.pace == 1.0 and numbers[0] > math.log(longest):
        centre, spread = numbers
        raise SpecError(
            f"priors: {name} is {value!r}, but its centre is the logarithm of months, and "
            f"exp({centre:g}) = {math.exp(min(centre, 99.0)):,.4g} months are more than "
            f"{longest:g}. For {centre:g} months write Priors({name}=(np.log({centre:g}), "
            f"{spread:g}))"
        )
