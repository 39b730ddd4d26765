"""Model specification: all choices in one frozen, printable object, and defaults for a panel."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import xarray as xr

from forecast.base.dates import periods_a_month
from forecast.base.errors import SpecError
from forecast.data.panel import panel_kind, validate_panel
from forecast.model.driving import check_drivers, parse_drivers
from forecast.model.observation import Observation, find_observation, observations
from forecast.model.observation.base import ModelChoices
from forecast.model.process.ceiling import CEILINGS, Ceiling
from forecast.model.process.cycle import Cycle, cycles, find_cycle
from forecast.model.process.declarations import Declared
from forecast.model.process.priors import COMMON, OF_DATASETS, Priors
from forecast.model.process.process import Process
from forecast.model.process.trend import Trend, find_trend, trends

NO_CYCLE = "none"
DENSE_EVENTS_PER_MONTH = 30.0  # From here on a record is a feed's; the chronology has two


@dataclass(frozen=True, repr=False)
class PendulumSpec(ModelChoices):
    """Choices of the pendulum model: the underlying level is trend plus cycle.

    Attributes
    ----------
    trend : {"reverting", "walk", "constant"}, or a registered trend
        Slow component: a walk that returns to the dyad's long-run mean, with an estimated
        half-life; a walk that does not; or one value per dyad (with jumps, per era).
    cycle : {"linear", "band", "cubic", "none"}, or a registered cycle
        Mean-reverting deviation from the trend: in proportion to it; outside of a band; more than
        in proportion; or none. Formulas: :mod:`forecast.model.process.cycle`.
    ceiling : {"framework", "none"}, optional
        Whether each era's framework bounds the trend softly from above
        (:mod:`forecast.model.process.ceiling`). By default it does where the trend moves and events
        are observed; :func:`spec_for` leaves it out where no dyad has two eras.
    jumps : bool
        Whether the trend jumps where an era begins.
    month_noise : bool
        Whether events of a month share noise that does not move the level.
    volume_effect : bool
        Whether a month busier than usual for its dyad may be more hostile, or less, at the same
        level; with ``observation="sides"``.
    overdispersion : bool
        Whether a month's counts are beta-binomial (true) or binomial around their probability.
    observation : {"sides", "index"}, or a registered kind
        Coded events as cooperative or hostile; or an existing index with Student-t error.
    pooling : bool
        Whether dyads share population distributions. A panel of one dyad never pools.
    nodes : int
        Quadrature nodes for the month-specific noise.
    drivers : mapping of str to str, or pairs
        Covariates of the panel (`forecast.data.drivers.add_drivers`) by name, and what each acts
        on: ``month`` (that month alone), ``cycle`` (what the cycle reverts to) or ``trend``.
    priors : Priors
        Centres and spreads of all priors. A prior that these choices do not use must keep its
        default.

    Examples
    --------
    >>> PendulumSpec().trend
    'reverting'
    >>> PendulumSpec(trend="walk", cycle="none").dense
    False
    """

    trend: str = "reverting"
    cycle: str = "linear"
    ceiling: str = ""
    jumps: bool = True
    month_noise: bool = True
    volume_effect: bool = True
    overdispersion: bool = True
    observation: str = "sides"
    pooling: bool = True
    nodes: int = 7
    drivers: tuple[tuple[str, str], ...] = ()
    priors: Priors = field(default_factory=Priors)

    def __repr__(self) -> str:
        """Return the choices, and the priors that differ from their defaults."""
        values = {choice.name: repr(getattr(self, choice.name)) for choice in fields(self)} | {
            "priors": self.priors.differences
        }
        return f"PendulumSpec({', '.join(f'{name}={value}' for name, value in values.items())})"

    def __post_init__(self) -> None:
        if not isinstance(self.priors, Priors):
            raise SpecError(
                f"priors: got an object of type {type(self.priors).__name__}; expected Priors, "
                "such as Priors(cycle_half_life=(np.log(24), 0.5)), or Priors(**values) of a dict"
            )
        find_trend(self.trend)
        if not self.ceiling:
            bounds = self.moves and self.observation == "sides"
            object.__setattr__(self, "ceiling", "framework" if bounds else "none")
        known_cycles = (*(cycle.name for cycle in cycles()), NO_CYCLE)
        choices = {"cycle": known_cycles, "ceiling": CEILINGS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise SpecError(
                    f"{name}: got {getattr(self, name)!r}; expected one of {', '.join(allowed)}"
                )
        find_observation(self.observation)
        self._check_components()
        object.__setattr__(self, "drivers", parse_drivers(self.drivers))
        linear = self.has_cycle and self.cycle_model.exact_over_periods
        check_drivers(self.drivers, moving=self.moves, linear=linear)
        if not (isinstance(self.nodes, int) and 1 <= self.nodes <= 64):
            raise SpecError(f"nodes: got {self.nodes!r}; expected 1 to 64 quadrature nodes")
        unused = self._unused_priors()
        for name, _ in self.priors.changed:
            if name in unused:
                raise SpecError(
                    f"priors: {name} was changed, but {unused[name]}; leave it out, or change the "
                    "spec"
                )

    def _check_components(self) -> None:
        """Reject what no data can tell apart from a simpler spec."""
        if not self.has_cycle and self.reverts:
            raise SpecError(
                f"cycle: 'none' with trend={self.trend!r} is one reverting component, which no "
                "data can tell apart from a cycle around a constant; use trend='constant', "
                "cycle='linear', or trend='walk', cycle='none'"
            )
        if not self.has_cycle and not self.moves:
            raise SpecError(
                "cycle: 'none' with trend='constant' leaves nothing that moves; use trend='walk' "
                "or a cycle"
            )
        if self.has_ceiling and not self.moves:
            raise SpecError(
                "ceiling: 'framework' bounds a trend that moves, and trend='constant' does not; "
                "use trend='reverting' or 'walk', or ceiling='none'"
            )

    def _unused_priors(self) -> dict[str, str]:
        """Return the priors that these choices do not use, and why."""
        no_events = (
            "it belongs to events, and this is an index" if self.observation == "index" else ""
        )
        no_index = (
            "it belongs to an index, and these are events" if self.observation == "sides" else ""
        )
        missing = {
            "mean": ""
            if self.trend_model.has_mean
            else f"trend={self.trend!r} has no long-run mean",
            "return": "" if self.reverts else f"trend={self.trend!r} does not return",
            "path": "" if self.moves else f"trend={self.trend!r} has no path",
            "jumps": "" if self.jumps else "jumps=False has no jump",
            "cycle": "" if self.has_cycle else "cycle='none' has no cycle",
            "ceiling": "" if self.has_ceiling else "ceiling='none' has no headroom",
            "drivers": "" if self.drivers else "there are no drivers",
            "index": no_index,
            "events": no_events,
            "noise": no_events or ("" if self.month_noise else "month_noise=False has no noise"),
            "volume": no_events
            or ("" if self.volume_effect else "volume_effect=False has no such effect"),
            "scatter": no_events
            or ("" if self.overdispersion else "overdispersion=False has no concentration"),
        }
        kinds = [("trend", component, self.trend) for component in trends()] + [
            ("cycle", component, self.cycle) for component in cycles()
        ]
        unused = {
            prior.name: f"it belongs to {field}={component.name!r}"
            for field, component, chosen in kinds
            if component.name != chosen
            for prior in component.priors
        }
        return unused | {
            prior.name: missing[prior.needs] for prior in COMMON if missing.get(prior.needs)
        }

    @property
    def moves(self) -> bool:
        """Return whether the trend varies over time."""
        return self.trend_model.moves

    @property
    def reverts(self) -> bool:
        """Return whether the trend returns to a long-run mean."""
        return self.trend_model.reverts

    @property
    def has_cycle(self) -> bool:
        """Return whether there is a cycle around the trend."""
        return self.cycle != NO_CYCLE

    @property
    def has_ceiling(self) -> bool:
        """Return whether frameworks bound the trend."""
        return self.ceiling == "framework"

    @property
    def trend_model(self) -> Trend:
        """The trend that `trend` names."""
        return find_trend(self.trend)

    @property
    def cycle_model(self) -> Cycle:
        """The cycle that `cycle` names; a linear one where there is none."""
        return find_cycle(self.cycle if self.has_cycle else "linear")

    @property
    def ceiling_model(self) -> Ceiling | None:
        """The ceiling of the trend; None without one."""
        return Ceiling() if self.has_ceiling else None

    def declare_process(self, priors: Priors, pool: bool) -> Declared:
        """Declare the parameters of trend, cycle and ceiling; priors in periods."""
        ceiling = self.ceiling_model
        return {
            **self.trend_model.declare(priors, pool, self.jumps),
            **(self.cycle_model.declare(priors, pool) if self.has_cycle else {}),
            **(ceiling.declare(priors, pool) if ceiling is not None else {}),
        }

    def process(self, parameters: Mapping[str, Any]) -> Process:
        """Return the process with its parameters, which have the names of the posterior."""
        cycle = self.cycle_model if self.has_cycle else None
        given = {"trend_start": self.priors.trend_start, **parameters}
        return Process(self.trend_model, cycle, self.ceiling_model, given)

    @property
    def observation_model(self) -> Observation:
        """The kind of observation that `observation` names."""
        return find_observation(self.observation)

    @property
    def components(self) -> int:
        """Number of components that have a path, 1 or 2."""
        return self.moves + self.has_cycle

    @property
    def dense(self) -> bool:
        """Return whether every period needs a node: a nonlinear component skips no empty period."""
        moving = [self.trend_model] * self.moves + [self.cycle_model] * self.has_cycle
        return not all(component.exact_over_periods for component in moving)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; :meth:`from_dict` is the inverse."""
        left_out = {*self._unused_priors(), *(OF_DATASETS - dict(self.priors.changed).keys())}
        priors = {
            name: value for name, value in self.priors.to_dict().items() if name not in left_out
        }
        return {**asdict(self), "drivers": dict(self.drivers), "priors": priors}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PendulumSpec":
        """Rebuild a spec, rejecting fields it does not know."""
        names = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - names)
        if unknown:
            raise SpecError(
                f"spec: unknown field {', '.join(unknown)}; known are {', '.join(sorted(names))}"
            )
        return cls(**{**values, "priors": Priors(**values.get("priors", {}))})


def spec_for(panel: xr.Dataset, **choices: Any) -> PendulumSpec:
    """Return the default spec for a panel, with some choices made otherwise.

    Frameworks bound the trend where a dyad has two or more eras. The overdispersion of a record of
    thirty events per month or more is unknown beforehand, so it has the wide prior of a further
    dataset.
    """
    validate_panel(panel)
    kind = panel_kind(panel)
    suits: dict[str, Any] = {
        "observation": next(
            observation.name for observation in observations() if observation.panel == kind.name
        )
    }
    if panel.sizes["era"] == panel.sizes["dyad"]:
        suits["ceiling"] = "none"
    if kind.coded and is_dense(panel) and choices.get("overdispersion", True):
        suits["priors"] = Priors(concentration=Priors().dataset_concentration)
    return PendulumSpec(**suits | choices)


def is_dense(panel: xr.Dataset) -> bool:
    """Return whether the first dataset is dense: thirty events per covered month or more.

    The events are those of all its dyads together.
    """
    first = panel.isel(dataset=0)
    months = int(first["covered"].sum()) / periods_a_month(panel)
    return months > 0 and float(first["counts"].sum()) / months >= DENSE_EVENTS_PER_MONTH
