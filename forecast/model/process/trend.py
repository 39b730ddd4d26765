"""Trends: the slow component of the level, one class per trend.

The trend returns to the dyad's long-run mean, walks, or has one value per era. Its transition over
many periods is known; its step in the first period of an era is larger. To add a trend, derive a
class from `Trend` with a name, words, its own parameters and `retention`, or `next` and `moments`,
and `register_trend` it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from forecast.base.typing import Bool, Float, Index
from forecast.model.process.ceiling import step_below
from forecast.model.process.component import Component, Motion, Transitions
from forecast.model.process.declarations import (
    ByDyad,
    Declared,
    Free,
    PriorValues,
    Registry,
    spread_around,
)
from forecast.model.process.transition import (
    accumulated_variance,
    drift,
    expected_value,
    retention_of,
    retention_over,
    trend_variance,
)


class Trend(Component):
    """A slow component, which may return to the dyad's long-run mean.

    Its methods read ``mean``, the long-run mean, or the centre of where it starts; ``step``, the
    standard deviation of a period's step; ``jump``, that of what the beginning of an era adds;
    ``start``, that of the first value around the mean; ``retention``, the fraction of a
    deviation from the mean that remains after a period; and what a class of its own declares.

    Examples
    --------
    >>> from forecast import Trend
    >>> class Fading(Trend):
    ...     name = "fading"
    ...     words = "loses a tenth of its distance from the long-run mean in every period"
    ...     reverts = True
    ...
    ...     def retention(self, values):
    ...         return 0.9
    >>> Fading().next(1.0, {"mean": 0.0, "retention": 0.9})
    0.9
    """

    exact_over_periods: ClassVar[bool] = True
    # Whether it varies within an era
    moves: ClassVar[bool] = True
    # Whether it returns to its mean, so that it is a cycle if there is no other
    reverts: ClassVar[bool] = False
    # Whether it has a long-run mean of its own; else it starts around the prior's
    has_mean: ClassVar[bool] = True

    @property
    def reads(self) -> dict[str, str]:
        """Variables of the posterior that shape the motion, by the names that the methods read."""
        return {
            name: f"trend_{name}" for name in ("mean", "step", "retention", "jump", "start")
        } | super().reads

    def motion(self, parameters: Mapping[str, Any]) -> Motion:
        """Take the parameters of the motion out of a posterior's; jumps are zero without any."""
        return {"jump": 0.0, **super().motion(parameters)}

    def declare(self, priors: PriorValues, pool: bool, jumps: bool) -> Declared:
        """Declare the parameters; priors in periods."""
        declared: Declared = {}
        if self.has_mean:
            declared["trend_mean"] = ByDyad(
                "trend_mean", priors.trend_mean, priors.trend_mean_dyads, pool
            )
        if self.moves:
            step = ByDyad(
                "log_trend_step", priors.trend_step, priors.trend_step_dyads, pool, positive=True
            )
            declared["trend_step"] = step
        if jumps:
            declared["trend_jump"] = spread_around("trend_jump", priors.trend_jump)
        return declared

    def retention(self, values: Mapping[str, Any]) -> Any:
        """Return the fraction of a deviation from the mean that remains after a period.

        `values` are the declared parameters by role.
        """
        return 1.0

    def add_motion(self, priors: PriorValues, pool: bool, jumps: bool) -> Motion:
        """Add the parameters of a moving trend to the PyMC model on the context stack.

        Priors in periods.
        """
        import pymc as pm
        import pytensor.tensor as pt

        values = {
            role: parameter.add() for role, parameter in self.declare(priors, pool, jumps).items()
        }
        prior_mean = pt.full(pm.modelcontext(None).dim_lengths["dyad"], priors.trend_mean[0])
        mean = pm.Deterministic("trend_mean", values.pop("trend_mean", prior_mean), dims="dyad")
        step = pm.Deterministic("trend_step", values.pop("trend_step"), dims="dyad")
        retention = self.retention(values)
        reported = pm.Deterministic("trend_retention", pt.as_tensor(retention, dtype="float64"))
        jump = values.pop("trend_jump", 0.0)
        return {
            **values,
            "mean": mean,
            "step": step,
            "jump": jump,
            "start": priors.trend_start,
            # A number stays one: the graph of a walk has no power of 1.
            "retention": retention if isinstance(retention, float) else reported,
        }

    def add_levels(self, priors: PriorValues, pool: bool, jumps: bool, era_dyad: Index) -> Any:
        """Add the values of eras, (era,), to the PyMC model.

        A trend that moves within eras has none.
        """
        raise NotImplementedError

    def centre(self, priors: PriorValues, dyads: int, jumps: bool) -> Motion:
        """Return the motion at the centres of the priors, which are in periods."""
        values = {
            role: _central(parameter)
            for role, parameter in self.declare(priors, pool=False, jumps=jumps).items()
        }
        return {
            **values,
            "mean": np.full(dyads, priors.trend_mean[0]),
            "step": np.full(dyads, np.exp(priors.trend_step[0])),
            "jump": priors.trend_jump if jumps else 0.0,
            "start": priors.trend_start,
            "retention": float(self.retention(values)),
        }

    def start(self, p: Motion) -> tuple[Any, Any]:
        return p["mean"], p["start"]

    def next(self, x: Any, p: Motion, backend: Any = np) -> Any:
        return expected_value(x, p["mean"], p["retention"])

    def shock(self, p: Motion, begins: Any = 0.0, backend: Any = np) -> Any:
        return backend.sqrt(trend_variance(p["step"], 1.0, p["jump"], begins))

    def moments(self, p: Motion, periods: Any, begins: Any = 0.0, backend: Any = np) -> Transitions:
        retention = retention_over(p["retention"], periods)
        unit_variance = accumulated_variance(p["retention"], periods, backend)
        variance = trend_variance(p["step"], unit_variance, p["jump"], begins)
        return Transitions(drift(p["mean"], retention), retention, backend.sqrt(variance))

    def step(
        self,
        x: Float,
        p: Motion,
        rng: np.random.Generator,
        begins: Bool | bool = False,
        ceiling: Float | None = None,
    ) -> Float:
        """Draw the next values, softly below a ceiling if there is one.

        An era may begin in the period.
        """
        return step_below(self.next(x, p), self.shock(p, begins), ceiling, rng)

    def begin(
        self,
        x: Float,
        p: Motion,
        begins: Bool | bool,
        rng: np.random.Generator,
        level: Float | None = None,
    ) -> Float:
        """Return the values after some eras began.

        A trend that moves is where its step led; `level` is for one that does not.
        """
        return x


def _central(parameter: Free | ByDyad) -> Any:
    """Return the centre of a parameter's prior."""
    return np.exp(parameter.prior[0]) if parameter.positive else parameter.prior[0]


class Reverting(Trend):
    """A walk that returns to the dyad's long-run mean, with a half-life that all dyads share."""

    name = "reverting"
    hint = "to the dyad's long-run mean"
    words = "a walk that returns to the dyad's long-run mean, with an estimated half-life"
    reverts = True

    def declare(self, priors: PriorValues, pool: bool, jumps: bool) -> Declared:
        half_life = Free("trend_half_life", priors.trend_half_life, positive=True)
        return super().declare(priors, pool, jumps) | {"trend_half_life": half_life}

    def retention(self, values: Mapping[str, Any]) -> Any:
        return retention_of(values["trend_half_life"])


class Walk(Trend):
    """A random walk, which starts around the centre of the prior of long-run means."""

    name = "walk"
    words = "a walk, without a mean to return to"
    has_mean = False


class Constant(Trend):
    """One value per dyad; with jumps, per era around it."""

    name = "constant"
    words = "one value for each era, or for the dyad"
    moves = False

    def declare(self, priors: PriorValues, pool: bool, jumps: bool) -> Declared:
        raw: Declared = {"trend_jump_raw": Free("trend_jump_raw", dims=("era",))} if jumps else {}
        return super().declare(priors, pool, jumps) | raw

    def add_levels(self, priors: PriorValues, pool: bool, jumps: bool, era_dyad: Index) -> Any:
        import pymc as pm

        declared = self.declare(priors, pool, jumps)
        mean = pm.Deterministic("trend_mean", declared["trend_mean"].add(), dims="dyad")[era_dyad]
        if jumps:
            mean = mean + declared["trend_jump"].add() * declared["trend_jump_raw"].add()
        return pm.Deterministic("mu", mean, dims="era")

    def start(self, p: Motion) -> tuple[Any, Any]:
        return p["mean"], p["jump"]

    def step(
        self,
        x: Float,
        p: Motion,
        rng: np.random.Generator,
        begins: Bool | bool = False,
        ceiling: Float | None = None,
    ) -> Float:
        return x

    def begin(
        self,
        x: Float,
        p: Motion,
        begins: Bool | bool,
        rng: np.random.Generator,
        level: Float | None = None,
    ) -> Float:
        """Return the values of eras that begin, drawn around the dyad's if they are not given."""
        if level is None:
            level = np.asarray(p["mean"] + p["jump"] * rng.standard_normal(np.shape(x)))
        return np.where(begins, level, x)


PACKAGED: tuple[Trend, ...] = (Reverting(), Walk(), Constant())
_TRENDS = Registry[Trend]("trend", *PACKAGED)
find_trend = _TRENDS.find
trends = _TRENDS.all
unregister_trend = _TRENDS.unregister


def register_trend(kind: type[Trend]) -> type[Trend]:
    """Make a trend known under its name.

    It joins the table of variables and `Priors`, and help and report name it.

    A model with a trend of your own leaves the fast kernels: it is compiled from the PyMC graph,
    which takes some twenty seconds.

    Parameters
    ----------
    kind : type
        Class derived from `Trend`, with a name that no other trend has.

    Returns
    -------
    type
        The class, as it was given.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast import Prior, Trend, Variable, register_trend
    >>> from forecast.model.process.component import Transitions
    >>> from forecast.model.process.declarations import Free
    >>> class Drifting(Trend):
    ...     name = "drifting"
    ...     words = "a walk that rises or falls by the same amount in every period on average"
    ...     has_mean = False
    ...     priors = (Prior("drift", (0.0, 0.002), "a quarter of a log-odds in a decade"),)
    ...     variables = (Variable("drift", (), "log-odds", "Mean step.", reported="drift"),)
    ...
    ...     def declare(self, priors, pool, jumps):
    ...         return super().declare(priors, pool, jumps) | {"drift": Free("drift", priors.drift)}
    ...
    ...     def next(self, x, p, backend=np):
    ...         return x + p["drift"]
    ...
    ...     def moments(self, p, periods, begins=0.0, backend=np):
    ...         _, retention, scale = super().moments(p, periods, begins, backend)
    ...         return Transitions(p["drift"] * periods, retention, scale)
    >>> Drifting().next(0.25, {"drift": 0.5})
    0.75
    >>> register_trend(Drifting)  # doctest: +SKIP
    """
    return _TRENDS.register(kind)


def era_means(trend: Float, era_index: Index, eras: Index) -> Float:
    """Return the mean of one dyad's trend (..., time) over each of some eras, (..., era).

    NaN without a period.
    """
    means = np.full((*trend.shape[:-1], len(eras)), np.nan)
    for index, era in enumerate(eras):
        inside = era_index == era
        if inside.any():
            means[..., index] = trend[..., inside].mean(axis=-1)
    return means
