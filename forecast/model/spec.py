"""What kind of pendulum is fitted: every choice of the model in one frozen, printable record."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Self

from forecast.errors import SpecError
from forecast.model.driving import PRIORS, check_drivers, parse_drivers
from forecast.model.dynamics import Pull, find_pull
from forecast.model.observation import Observation, find_observation
from forecast.model.priors import OF_DATASETS, Priors, known_priors
from forecast.model.structure import STRUCTURES

CEILINGS = ("constant", "era", "depth", "trend")
# Forms that move the threshold to the deepest class instead of bounding the level.
THRESHOLDS = ("depth", "trend")
SHOCKS = ("normal", "student")
ONE_SCALE: Mapping[str, Any] = MappingProxyType(
    {
        "structure": "eras",
        "observation": "events",
        "ceiling": ("era", "depth"),
        "volume_effect": False,
        "record_weight": 0.0,
    }
)
"""Of the pendulum of one scale, in what it differs from the default."""


def parse_ceiling(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Ceiling forms from text or a sequence: ``"none"``, ``"era"``, ``"era+depth"``, ``("constant", "depth")``."""
    parts = value.replace(",", "+").split("+") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise SpecError(f"ceiling: got {value!r}; expected a text such as 'era+depth', or a sequence of forms")
    forms = tuple(str(part).strip() for part in parts if str(part).strip() not in ("", "none"))
    unknown = [form for form in forms if form not in CEILINGS]
    if unknown or len(set(forms)) < len(forms):
        raise SpecError(
            f"ceiling: got {value!r}; expected 'none' or a combination of {', '.join(CEILINGS)}, each at most once, "
            "joined by '+', such as 'era+depth'"
        )
    if {"constant", "era"} <= set(forms):
        raise SpecError("ceiling: 'constant' and 'era' are two forms of the same bound; choose one of them")
    if set(THRESHOLDS) <= set(forms):
        raise SpecError("ceiling: 'depth' and 'trend' both move the threshold to the deepest class; choose one of them")
    return tuple(sorted(forms, key=CEILINGS.index))


@dataclass(frozen=True)
class PendulumSpec:
    """Choices of the pendulum model.

    Attributes
    ----------
    dynamics : {"linear", "none", "band", "cubic", "oscillator"}, or a registered pull
        The pull towards the equilibrium: linear mean reversion; none (a random walk: no pendulum); none within a band
        and full outside; growing with the displacement; or with momentum, so that it swings over. Formulas:
        :mod:`forecast.model.dynamics`.
    ceiling : tuple of str or str
        Forms of the structural ceiling: ``era`` or ``constant`` (soft bound of the level, per era or one per
        dyad), ``depth`` (the threshold to the deepest class moves with the era) or its rival ``trend`` (it drifts with
        the years, whatever the era); combined as ``"era+depth"``.
    ceiling_softness : float
        Width of the bend under the ceiling, in log-odds.
    structure : {"walk", "eras"}
        What the pendulum swings around: a slow random walk, which may jump where an era begins, so that the pull acts
        on a quick swing around it; or the equilibrium of its era, the same in all its months.
    shocks : {"normal", "student"}
        Distribution of the monthly shocks to the pendulum.
    month_noise : bool
        Whether a month's news moves its events without moving the pendulum.
    volume_effect : bool
        Whether a month busier than usual for its dyad may be more hostile, or less, at the same level; with
        ``observation="sides"``.
    overdispersion : bool
        Whether a month's classes are Dirichlet-multinomial (true) or multinomial around their probabilities.
    record_weight : float
        Share of the futures of what is recorded that follow no pendulum but the record alone
        (`forecast.outlook.repeats`), 0 to 1: an average over hypotheses. It changes no fit.
    observation : {"sides", "events", "index"}, or a registered kind
        Coded events as cooperative or hostile, with their kinds in a part of their own; coded events in ordered
        classes, all of which follow the level; or an existing index with Student-t error.
    pooling : bool
        Whether dyads share population distributions. A panel of one dyad never pools.
    nodes : int
        Quadrature nodes for the month noise.
    drivers : mapping of str to str, or pairs
        Covariates of the panel (`forecast.drivers.add_drivers`) by name, and what each acts on: ``month`` (that month
        alone), ``swing`` (what the swing is pulled to) or ``structure`` (which moves with the driver's change).
    priors : Priors
        Centres and spreads of all priors.

    Examples
    --------
    >>> PendulumSpec().structure
    'walk'
    >>> PendulumSpec.one_scale(ceiling="constant+depth").ceiling
    ('constant', 'depth')
    """

    dynamics: str = "linear"
    ceiling: tuple[str, ...] = ("trend",)
    ceiling_softness: float = 0.5
    structure: str = "walk"
    shocks: str = "normal"
    month_noise: bool = True
    volume_effect: bool = True
    record_weight: float = 0.3
    overdispersion: bool = True
    observation: str = "sides"
    pooling: bool = True
    nodes: int = 7
    drivers: tuple[tuple[str, str], ...] = ()
    priors: Priors = field(default_factory=Priors)

    def __post_init__(self) -> None:
        if not isinstance(self.priors, Priors):
            raise SpecError(
                f"priors: got an object of type {type(self.priors).__name__}; expected Priors, such as "
                "Priors(half_life=(np.log(24), 0.5)), or a dict through Priors.from_dict"
            )
        find_pull(self.dynamics)
        find_observation(self.observation)
        if self.shocks not in SHOCKS:
            raise SpecError(f"shocks: got {self.shocks!r}; expected one of {', '.join(SHOCKS)}")
        object.__setattr__(self, "ceiling", parse_ceiling(self.ceiling))
        if self.structure not in STRUCTURES:
            raise SpecError(f"structure: got {self.structure!r}; expected one of {', '.join(STRUCTURES)}")
        self._check_two_scales()
        object.__setattr__(self, "drivers", parse_drivers(self.drivers))
        check_drivers(self.drivers, two_scales=self.two_scales, linear=self.pull.jumps)
        self.observation_model.check(self)
        if not (isinstance(self.ceiling_softness, int | float) and 0 < self.ceiling_softness < float("inf")):
            raise SpecError(f"ceiling_softness: got {self.ceiling_softness!r}; expected a positive number of log-odds")
        if not (isinstance(self.record_weight, int | float) and 0 <= self.record_weight <= 1):
            raise SpecError(f"record_weight: got {self.record_weight!r}; expected a number from 0 to 1")
        if not (isinstance(self.nodes, int) and 1 <= self.nodes <= 64):
            raise SpecError(f"nodes: got {self.nodes!r}; expected 1 to 64 quadrature nodes")

    def _check_two_scales(self) -> None:
        if not self.two_scales:
            return
        if not self.pull.has_equilibrium:
            raise SpecError(
                f"structure: {self.structure!r} with dynamics={self.dynamics!r} would be two random walks, which no "
                "data can tell apart; use structure='eras' for a walk alone"
            )
        if self.level_ceiling:
            raise SpecError(
                f"ceiling: {self.level_ceiling!r} bounds a level whose equilibrium is that of its era; with "
                f"structure={self.structure!r} use 'depth', 'trend' or 'none'"
            )

    @classmethod
    def one_scale(cls, **choices: Any) -> Self:
        """Return the pendulum of one scale: the whole level is pulled to the equilibrium of its era.

        Every kind of happening follows the level, in ordered classes, under a bound on the level and on its depth that
        the era sets.

        Parameters
        ----------
        **choices
            Fields that are to differ.

        Examples
        --------
        >>> PendulumSpec.one_scale(dynamics="none", ceiling="depth").structure
        'eras'
        """
        return cls(**{**ONE_SCALE, **choices})

    @property
    def two_scales(self) -> bool:
        """Whether the level is the sum of a structure that moves and a swing around it."""
        return self.structure != "eras"

    @property
    def pull(self) -> Pull:
        """The pull that `dynamics` names."""
        return find_pull(self.dynamics)

    @property
    def observation_model(self) -> Observation:
        """The kind of observation that `observation` names."""
        return find_observation(self.observation)

    @property
    def threshold(self) -> str:
        """Form of the ceiling that moves the threshold to the deepest class, or an empty text."""
        return next((form for form in self.ceiling if form in THRESHOLDS), "")

    @property
    def level_ceiling(self) -> str:
        """Form of the bound on the level: ``era``, ``constant`` or an empty text for none."""
        return next((form for form in self.ceiling if form not in THRESHOLDS), "")

    @property
    def has_depth(self) -> bool:
        """Whether the threshold to the deepest class moves with the era."""
        return "depth" in self.ceiling

    @property
    def has_trend(self) -> bool:
        """Whether the threshold to the deepest class drifts with the years."""
        return "trend" in self.ceiling

    @property
    def dense(self) -> bool:
        """Whether every period needs a coordinate of its own: only a linear pull with normal shocks can jump a gap."""
        return self.shocks != "normal" or not self.pull.jumps

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON, drivers only if there are any; :meth:`from_dict` is its inverse."""
        priors, own = self.priors.to_dict(self.pull), {"drivers": dict(self.drivers)}
        if not self.drivers:  # the account of a model without drivers is as it was before there were any
            priors, own = {name: value for name, value in priors.items() if name not in PRIORS}, {}
        known = known_priors()  # nor does that of a single dataset speak of several, unless their priors were chosen
        priors = {name: value for name, value in priors.items() if name not in OF_DATASETS or value != known[name]}
        values = {name: value for name, value in asdict(self).items() if name != "drivers"}
        return {**values, **own, "priors": priors}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PendulumSpec":
        """Rebuild a spec, rejecting fields it does not know."""
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SpecError(f"spec: unknown field {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        priors = Priors.from_dict(values.get("priors", {}))
        given = {**ONE_SCALE, **values}  # what is kept without a choice is from before there was one
        return cls(**{**given, "ceiling": tuple(given["ceiling"]), "priors": priors})
