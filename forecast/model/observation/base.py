"""Base class of observation models: the distribution of the data given the level.

To add a kind, derive a class from `Observation` in its own module and name it in `forecast.model.observation`, or
`register` it from outside the package. A new kind of panel is a `forecast.panel.kinds.PanelKind`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.random import Generator

from forecast.errors import DataError
from forecast.panel.kinds import panel_kind
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model.arrays import PanelArrays
    from forecast.model.declarations import Variable
    from forecast.model.spec import PendulumSpec

type Own = dict[str, Any]
"""Parameters of an observation by name: PyTensor variables, values to whiten at, or draws of a fit (draw, ...)."""


class Observation:
    """A kind of observation."""

    name: ClassVar[str]  # As `PendulumSpec.observation` has it
    panel: ClassVar[str]  # Name of the kind of panel it is read from (`forecast.panel.kinds`)
    noun: ClassVar[str]  # With its article, for messages: `an index`
    words: ClassVar[str]  # What the report says was observed
    # Those of the posterior that join the table of `forecast.model.variables`.
    variables: "ClassVar[tuple[Variable, ...]]" = ()

    def unused_priors(self, spec: "PendulumSpec") -> dict[str, str]:
        """Return the priors that it does not use under a spec, and why."""
        return {}

    def required(self, spec: "PendulumSpec") -> tuple[str, ...]:
        """Return the names of its variables that every fit of a spec has."""
        return tuple(variable.name for variable in self.variables)

    def together(self) -> tuple[tuple[str, ...], ...]:
        """Return groups of its variables of which a fit has all or none."""
        return ()

    def uses_eras(self, spec: "PendulumSpec") -> bool:
        """Return whether it has parameters by era."""
        return False

    def places_of(self, panel: "xr.Dataset", dyad: int, spec: "PendulumSpec") -> Mapping[str, Index]:
        """Return where the parameters of one dyad stand on dims of this observation's own, by name of the dim."""
        return {}

    def check_panel(self, panel: "xr.Dataset") -> None:
        """Make sure that a panel is of the kind that this observation reads."""
        kind = panel_kind(panel).name
        if kind != self.panel:
            raise DataError(
                f"panel: it holds {kind}, and the spec says observation={self.name!r}, which reads {self.panel}. Leave "
                "the spec out, so that it follows from the panel, or choose another observation"
            )

    def read(self, panel: "xr.Dataset", node_of: Index, kind_drift: str) -> Any:
        """Read what was observed as plain arrays."""
        raise NotImplementedError

    def of_level(self, observed: Any) -> Any:
        """Return what of the observations tells of the level: all of them, unless a part is about something else."""
        return observed

    def has_aside(self, observed: Any) -> bool:
        """Return whether part of the observations tells nothing of the level, so that it is fitted separately."""
        return False

    def alike(self, panel: "xr.Dataset") -> Index:
        """Return a number for every class of a panel; classes with the same tell the same of the level, (class,)."""
        return np.arange(panel.sizes["class"])

    def number(self, observed: Any) -> int:
        """Count the observations in what `read` returned."""
        raise NotImplementedError

    def shape(self, observed: Any) -> tuple[int, ...]:
        """Return the sizes that are built into a compiled model."""
        return ()

    def coordinates(self, panel: "xr.Dataset") -> dict[str, Any]:
        """Return the coordinates of the model's dims besides dyad, time and era."""
        return {}

    def add_parameters(self, spec: "PendulumSpec", arrays: "PanelArrays", pool: bool) -> Own:
        """Add the parameters between level and data to the PyMC model on the context stack."""
        return {}

    def add_aside(self, spec: "PendulumSpec", arrays: "PanelArrays", data: Mapping[str, Any] | None = None) -> Own:
        """Add the parameters of what tells nothing of the level, with its data, or such as can be drawn from priors."""
        return {}

    def data(self, spec: "PendulumSpec", arrays: "PanelArrays", reference: Own) -> dict[str, Any]:
        """Return the arrays that the model reads, by the names of its data; names must not clash with the path's."""
        raise NotImplementedError

    def aside_data(self, spec: "PendulumSpec", arrays: "PanelArrays") -> dict[str, Any]:
        """Return the arrays of what tells nothing of the level."""
        return {}

    def log_likelihood(self, spec: "PendulumSpec", level: Any, own: Own, data: Mapping[str, Any]) -> Any:
        """Return the log-likelihood of what tells of the level, as a PyTensor expression of the level at the nodes."""
        raise NotImplementedError

    def aside_log_likelihood(self, own: Own, data: Mapping[str, Any]) -> Any:
        """Return the log-likelihood of what tells nothing of the level, as a PyTensor expression."""
        return 0.0

    def reference(self, spec: "PendulumSpec", arrays: "PanelArrays") -> Own:
        """Return the centres of the priors, by the names of the parameters."""
        raise NotImplementedError

    def derivatives(
        self, spec: "PendulumSpec", level: Float, reference: Own, arrays: "PanelArrays"
    ) -> tuple[Float, Float]:
        """Return slope and averaged negative curvature of each node's log-likelihood in its level, (node,)."""
        raise NotImplementedError

    def anchor_weight(self, weight: Any, own: Own, data: Mapping[str, Any]) -> Any:
        """Return the weight of the whitening's pseudo-observations, as it follows the parameters in the graph."""
        return weight

    def anchor_shift(self, own: Own, data: Mapping[str, Any]) -> Any:
        """Return how far the parameters move the pseudo-observations from where they are whitened, (node,) or 0."""
        return 0.0

    def draws(self, posterior: "xr.Dataset") -> Own:
        """Take the parameters out of the posterior of a fit, (draw, ...), chains one after the other."""
        raise NotImplementedError

    def log_likelihood_of_draws(
        self, spec: "PendulumSpec", level: Float, own: Own, arrays: "PanelArrays", node: int
    ) -> Float:
        """Return the log-likelihood of one node's data at levels (draw, particle) of every draw."""
        raise NotImplementedError

    def simulate(
        self, spec: "PendulumSpec", panel: "xr.Dataset", level: Float, parameters: "xr.Dataset", rng: Generator
    ) -> "xr.Dataset":
        """Return the panel with data simulated at a level (dyad, time), as many as it holds."""
        raise NotImplementedError

    def on_scale_of(self, first: "xr.Dataset", panel: "xr.Dataset") -> "xr.Dataset":
        """Return a later panel on the scale of an earlier one, where data are standardised."""
        return panel

    def integration_worth(self, spec: "PendulumSpec", posterior: "xr.Dataset", arrays: "PanelArrays") -> float:
        """Return the effective sample size fraction of draws under a finer integral over the month-specific noise."""
        return 1.0
