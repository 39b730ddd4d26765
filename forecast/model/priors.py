"""Every prior of the model in one place, each with its reason; those of a pull alone are declared by the pull.

A pair is the centre and spread of a normal prior, on the log-odds scale of the level or of a logarithm (see
docs/model.md). A single number that ends in dyads or eras is the typical spread of these around their population:
the spread itself is log-normal around it, for no two dyads or eras are quite the same.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from forecast.errors import SpecError
from forecast.model.declarations import Prior, PriorValue
from forecast.model.dynamics import PACKAGED, Pull, pulls

COMMON_PACE = {"half_life": 1.0, "swing_half_life": 1.0, "structure_step": -0.5}
"""As `Prior.pace`, of the priors that no pull declares: weeks make half-lives longer and a walk's steps smaller."""
OF_DATASETS = ("dataset_dyads", "dataset_drift", "dataset_concentration")
"""Those of what several datasets have of their own, by sides."""
LONGEST_MONTHS = 240.0
"""The longest typical half-life or period that a prior may have.

In a record of some decades a pull that takes over twenty years cannot be told from none, nor a swing from a drift; and
a centre above the logarithm of this, 5.48, was meant in months: read as a logarithm, 6 would be 403 months.
"""


@dataclass(frozen=True, init=False, repr=False)
class Priors:
    """Centres and spreads; `reasons` says why each stands where it stands.

    Parameters
    ----------
    **values : float or (float, float)
        The priors to change, by name: those below, and those that a pull alone has (``band``, ``period`` ...), which
        are attributes as well.

    Examples
    --------
    >>> from forecast.model import Priors
    >>> Priors(lean=0.5).lean
    0.5
    """

    half_life: tuple[float, float] = (float(np.log(24.0)), 0.5)
    half_life_dyads: float = 0.3
    sd: tuple[float, float] = (float(np.log(0.8)), 0.4)
    sd_dyads: float = 0.2
    noise: tuple[float, float] = (float(np.log(0.6)), 0.5)
    noise_dyads: float = 0.3
    equilibrium: tuple[float, float] = (0.3, 0.5)
    equilibrium_dyads: float = 0.3
    equilibrium_eras: float = 0.5
    swing_half_life: tuple[float, float] = (float(np.log(4.0)), 0.7)
    swing_half_life_dyads: float = 0.3
    swing_sd: tuple[float, float] = (-0.5, 0.2)
    swing_sd_dyads: float = 0.1
    side_noise: tuple[float, float] = (-1.5, 0.3)
    side_concentration: tuple[float, float] = (1.6, 0.15)
    structure_step: tuple[float, float] = (-2.3, 0.3)
    structure_step_dyads: float = 0.25
    structure_jump: float = 0.4
    structure_start: float = 1.4
    structure_half_life: float = 240.0
    headroom: tuple[float, float] = (float(np.log(1.3)), 0.4)
    headroom_walk: tuple[float, float] = (float(np.log(2.5)), 0.4)
    headroom_dyads: float = 0.1
    headroom_eras: float = 0.5
    depth_eras: float = 0.5
    depth_trend: float = 0.25
    gap: tuple[float, float] = (float(np.log(0.9)), 0.5)
    concentration: tuple[float, float] = (float(np.log(8.0)), 0.7)
    direction: float = 0.3
    volume_effect: tuple[float, float] = (-0.3, 0.4)
    volume_effect_dyads: float = 0.2
    dataset: float = 0.7
    dataset_dyads: float = 0.3
    dataset_drift: float = 0.15
    dataset_concentration: tuple[float, float] = (3.0, 1.0)
    kind_slope: tuple[float, float] = (0.5, 0.5)
    kind_cut: tuple[float, float] = (0.0, 1.5)
    kind_dyads: float = 0.5
    kind_eras: float = 0.4
    kind_drift: float = 0.3
    shock_df: tuple[float, float] = (2.0, 0.1)
    index_error: float = 0.5
    index_df: tuple[float, float] = (2.0, 0.1)
    driver_effects: float = 0.15
    driver_dyads: float = 0.5
    of_pulls: tuple[tuple[str, PriorValue], ...] = ()
    """Those of pulls that differ from what the pull declares, by name."""

    def __init__(self, **values: Any) -> None:
        given = {**dict(values.pop("of_pulls", ())), **values}
        unknown = sorted(given.keys() - known_priors().keys())
        if unknown:
            raise SpecError(f"priors: unknown {', '.join(unknown)}; known are {', '.join(known_priors())}")
        for name, value in given.items():
            _check(name, value, known_priors()[name])
            _check_months(name, value)
        self._set(given)

    def _set(self, given: dict[str, Any]) -> None:
        for name, default in _common().items():
            object.__setattr__(self, name, given.pop(name, default))
        changed = [(name, value) for name, value in sorted(given.items()) if value != known_priors()[name]]
        object.__setattr__(self, "of_pulls", tuple(changed))

    def __repr__(self) -> str:
        """Return what differs from the defaults, as it would be written."""
        values = known_priors() | self.to_dict()
        changed = [f"{name}={values[name]!r}" for name, default in known_priors().items() if values[name] != default]
        return f"Priors({', '.join(changed)})"

    def __getattr__(self, name: str) -> Any:
        own = dict(self.of_pulls)
        if name in own:
            return own[name]
        if name in (declared := _declared()):
            return declared[name].value
        raise AttributeError(f"priors: there is none of {name!r}; known are {', '.join(known_priors())}")

    def paced(self, periods_a_month: float) -> "Priors":
        """Convert to periods of another length: half-lives are longer in weeks, and a walk's steps smaller."""
        pace = COMMON_PACE | {name: prior.pace for name, prior in _declared().items() if prior.pace}
        now = {name: getattr(self, name) for name in pace}
        by = {name: float(exponent * np.log(periods_a_month)) for name, exponent in pace.items()}
        half_life = {"structure_half_life": self.structure_half_life * periods_a_month}
        return self._with({name: (centre + by[name], spread) for name, (centre, spread) in now.items()} | half_life)

    def of_swing(self) -> "Priors":
        """Return those of a pendulum that swings around a structure: its half-life and spread are the swing's."""
        names = ("half_life", "half_life_dyads", "sd", "sd_dyads")
        return self._with({name: getattr(self, f"swing_{name}") for name in names})

    def of_sides(self) -> "Priors":
        """Return those of events read as sides: the noise and concentration are the sides'."""
        return self._with({name: getattr(self, f"side_{name}") for name in ("noise", "concentration")})

    def _with(self, changes: dict[str, Any]) -> "Priors":
        """Return the same with changes, without the check of months: they may be in periods."""
        changed = object.__new__(type(self))
        changed._set({name: getattr(self, name) for name in _common()} | dict(self.of_pulls) | changes)
        return changed

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Priors":
        """Rebuild from plain values (lists where a pair stands), rejecting names it does not know."""
        return cls(**{name: tuple(v) if isinstance(v, (list, tuple)) else v for name, v in values.items()})

    def to_dict(self, pull: Pull | None = None) -> dict[str, Any]:
        """Return plain values, ready for JSON.

        Parameters
        ----------
        pull : Pull, optional
            One from outside of the package, whose priors are listed too.
        """
        listed = (*PACKAGED, *([] if pull is None else [pull]))
        of_pulls = {prior.name: getattr(self, prior.name) for one in listed for prior in one.priors}
        return {name: getattr(self, name) for name in _common()} | of_pulls | dict(self.of_pulls)


def known_priors() -> dict[str, PriorValue]:
    """Return every prior with its default, by name."""
    return _common() | {name: prior.value for name, prior in _declared().items()}


def reasons() -> dict[str, str]:
    """Return why each prior stands where it stands, by name."""
    return REASONS | {name: prior.reason for name, prior in _declared().items()}


def _common() -> dict[str, PriorValue]:
    """Return the priors that no pull declares."""
    return {f.name: getattr(Priors, f.name) for f in fields(Priors) if f.name != "of_pulls"}


def _declared() -> dict[str, Prior]:
    return {prior.name: prior for pull in pulls() for prior in pull.priors}


def _check(name: str, value: Any, default: PriorValue) -> None:
    pair = isinstance(default, tuple)
    numbers = value if isinstance(value, tuple | list) else (value,)
    fitting = isinstance(value, tuple | list) == pair and len(numbers) == 1 + pair
    if not (fitting and all(isinstance(n, int | float) and np.isfinite(n) for n in numbers) and numbers[-1] > 0):
        form = "a pair of finite numbers, the second positive" if pair else "a positive finite number"
        raise SpecError(f"priors: {name} is {value!r}; expected {form}")


def _check_months(name: str, value: Any) -> None:
    """Reject months where their logarithm is meant."""
    declared = _declared()
    in_months = name in ("half_life", "swing_half_life") or (name in declared and declared[name].pace == 1.0)
    if in_months and value[0] > math.log(LONGEST_MONTHS):
        centre, spread = value
        raise SpecError(
            f"priors: {name} is {value!r}, but its centre is the logarithm of months, and exp({centre:g}) = "
            f"{math.exp(min(centre, 99.0)):,.4g} months are more than {LONGEST_MONTHS:g}. For {centre:g} months write "
            f"Priors({name}=(np.log({centre:g}), {spread:g}))"
        )


REASONS = {
    "half_life": "months; centred on two years because a free half-life is drawn to the news cycle (under two months) "
    "when month noise is left out; 95 % between 9 and 64 months leaves room for both sides",
    "half_life_dyads": "dyads differ by a third: enough to see a contrast, little enough to share strength",
    "sd": "spread of the pendulum around its equilibrium in the long run: at 0.8 two thirds of the time lie between "
    "shares of 31 and 69 around an even equilibrium",
    "sd_dyads": "dyads are a fifth calmer or livelier than the typical one",
    "noise": "news of the month: 0.6 moves an even share to 65 or 35 in one month out of three",
    "noise_dyads": "news is similar across dyads",
    "equilibrium": "slightly cooperative, since states that talk at all record more talks than threats",
    "equilibrium_dyads": "friends and rivals differ by about 7 points of share around the middle",
    "equilibrium_eras": "eras of one dyad differ more than dyads do: alliance and split are one pair of states",
    "swing_half_life": "months; a swing around a moving structure is news that lasts: from one month to sixteen",
    "swing_half_life_dyads": "dyads differ by a third",
    "swing_sd": "at 0.6 two thirds of the time lie within 14 points of an even structure; wider ones take every "
    "quarter of one-sided news for a swing, and predicted worse before 2015",
    "swing_sd_dyads": "dyads are a tenth calmer or livelier: records of a dyad say little of its own",
    "side_noise": "news of a month beside that of its events: 0.2 moves an even share by 5 points; more belongs to the "
    "events of a month, which are news of each other",
    "side_concentration": "a month of ten events carries the information of four: what predicted best before 2015",
    "structure_step": "monthly step of the structure: 0.1 adds up to 1.1 in a decade, from an even share to 75 or 25",
    "structure_step_dyads": "some relations hardly move in a lifetime, others turn in a decade",
    "structure_jump": "what the beginning of an era adds: 10 points around the middle",
    "structure_start": "where the structure starts: nearly flat over shares from 8 to 95",
    "structure_half_life": "months; given, not estimated: a generation forgets half, so that no structure walks out of "
    "the world; 20 years predicted a little better before 2015 than none and than ten",
    "headroom": "in units of the long-run spread: at 1.3 a pendulum left alone would press against its ceiling one "
    "month in seven",
    "headroom_walk": "without an equilibrium the ceiling is counted from an even share and stands near 92",
    "headroom_dyads": "the chronology says little about it: kept near the population",
    "headroom_eras": "eras may differ by half: a narrow prior here ties the equilibrium to where a flat record has its "
    "ceiling",
    "depth_eras": "an era typically stretches or shrinks the way to the deepest class by half",
    "depth_trend": "a decade: over a record of seventy years it stretches the way as much as eras typically do",
    "gap": "distance between neighbouring cutpoints: 0.9 spreads eight classes over a plausible range",
    "concentration": "a month of ten events carries the information of about five",
    "direction": "who acts matters less than when: a direction may be 7 points off",
    "volume_effect": "what a month e times as busy as usual adds to the log-odds of cooperation: crises are busy, but "
    "a busy month may also be one of visits",
    "volume_effect_dyads": "dyads differ by two thirds of that",
    "dataset": "two feeds may disagree on the share by 15 points and more",
    "dataset_dyads": "by sides: what a feed is off, it is off for all dyads, give or take 7 points for each",
    "dataset_drift": "by sides: step in five years of what a dataset other than the first is off: 0.15 is 4 points, a "
    "fifth of what the structure moves in that time, so that what they share in the long run is the relation's",
    "dataset_concentration": "by sides, of every dataset but the first: a busy month carries the information of 20 "
    "happenings, or of 3, or of 150; nobody knows how good a feed is before seeing it",
    "kind_slope": "what the log-odds of the last year add to depth or take from severity: between nothing and all",
    "kind_cut": "the threshold between the two mildest kinds of a side: wide, for the data decide it",
    "kind_dyads": "dyads differ in how deep they cooperate and how severely they clash by 12 points around the middle",
    "kind_eras": "eras of a dyad differ almost as much",
    "kind_drift": "step in five years, of a walk that reaches the same in a decade",
    "shock_df": "Gamma shape and rate of the degrees of freedom above 2: mean 22, heavy tails allowed",
    "index_error": "error of an index relative to its own spread",
    "index_df": "Gamma shape and rate of the degrees of freedom above 1: mean 21, outliers allowed",
    "driver_effects": "scale of the half-normal spread of the effects of drivers around zero, by standard deviation of "
    "a driver: 0.15 moves an even share by 4 points; most candidates do nothing, and are shrunk together",
    "driver_dyads": "dyads differ in the effect of a driver by half of that spread",
}
