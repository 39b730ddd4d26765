"""Base class of observation models: the distribution of the data given the level.

To add a kind, derive a class from `Observation` in its own module and name it in
`forecast.model.observation`, or `register` it from outside the package. A new kind of panel is a
`forecast.data.panel.kinds.PanelKind`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.random import Generator

from forecast.base.errors import DataError
from forecast.base.typing import Float, Index
from forecast.data.panel.kinds import panel_kind
from forecast.model.process.declarations import PriorValues, Variable

if TYPE_CHECKING:
    import xarray as xr


type ObservationParameters = dict[str, Any]
"""Parameters of an observation by name: PyTensor variables, values to whiten at, or draws of a fit
(draw, ...)."""


WHITENING_INFORMATION = 0.3
"""Rough Fisher information of an event about the level, where the path is whitened: it moves the
sampler's coordinates and no posterior."""


class ModelChoices:
    """Choices of a model that a kind of observation reads; `forecast.PendulumSpec` has them."""

    pooling: bool  # Whether dyads share population distributions, if there are several
    month_noise: bool  # Whether events of a month share noise that does not move the level
    volume_effect: bool  # Whether a busier month may be more hostile at the same level
    overdispersion: bool  # Whether counts are beta-binomial
    nodes: int  # Quadrature nodes for the month-specific noise
    priors: PriorValues  # In periods of a month


class PanelNodes:
    """Panel as a kind of observation reads it: the base of `forecast.model.arrays.PanelArrays`."""

    spec: ModelChoices  # For which the panel was read
    era_index: Index  # Era of every period, (dyad, time)
    node_dyad: Index  # Dyad of every node
    node_time: Index  # Period of every node
    observed: Any  # What `Observation.read` returned

    @property
    def dyads(self) -> int:
        """Number of dyads."""
        return int(self.era_index.shape[0])

    @property
    def pool(self) -> bool:
        """Return whether the dyads share population distributions."""
        return self.spec.pooling and self.dyads > 1


class Observation:
    """A kind of observation."""

    name: ClassVar[str]  # As `PendulumSpec.observation` has it
    panel: ClassVar[str]  # Name of the kind of panel it is read from (`forecast.data.panel.kinds`)
    words: ClassVar[str]  # What the report says was observed
    # Those of the posterior that join the table of `forecast.model.variables`.
    variables: ClassVar[tuple[Variable, ...]] = ()

    def check_panel(self, panel: "xr.Dataset") -> None:
        """Make sure that a panel is of the kind that this observation reads."""
        kind = panel_kind(panel).name
        if kind != self.panel:
            raise DataError(
                f"panel: it holds {kind}, and the spec says observation={self.name!r}, which reads "
                f"{self.panel}. Leave the spec out, so that it follows from the panel, or choose "
                "another observation"
            )

    def read(self, panel: "xr.Dataset", node_of: Index) -> Any:
        """Read what tells of the level as plain arrays."""
        raise NotImplementedError

    def shape(self, observed: Any) -> tuple[int, ...]:
        """Return the sizes that are built into a compiled model."""
        return ()

    def add_parameters(self, arrays: PanelNodes) -> ObservationParameters:
        """Add the parameters between level and data to the PyMC model on the context stack."""
        return {}

    def data(self, arrays: PanelNodes, reference: ObservationParameters) -> dict[str, Any]:
        """Return the arrays that the model reads, by the names of its data.

        Names must not clash with the path's.
        """
        raise NotImplementedError

    def log_likelihood(
        self,
        spec: ModelChoices,
        level: Any,
        parameters: ObservationParameters,
        data: Mapping[str, Any],
    ) -> Any:
        """Return the log-likelihood of the data, given the level at the nodes.

        Both are PyTensor expressions.
        """
        raise NotImplementedError

    def reference(self, arrays: PanelNodes) -> ObservationParameters:
        """Return the centres of the priors, by the names of the parameters."""
        raise NotImplementedError

    def derivatives(
        self, level: Float, reference: ObservationParameters, arrays: PanelNodes
    ) -> tuple[Float, Float]:
        """Return slope and averaged negative curvature of the log-likelihood of each node, (node,).

        Both are in the level of the node.
        """
        raise NotImplementedError

    def anchor(
        self, weight: Any, parameters: ObservationParameters, data: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return weight and shift of the whitening's pseudo-observations, as terms of the graph."""
        return weight, 0.0

    def draws(self, posterior: "xr.Dataset") -> ObservationParameters:
        """Take the parameters out of a posterior, (draw, ...), chain after chain."""
        raise NotImplementedError

    def log_likelihood_of_draws(
        self, level: Float, parameters: ObservationParameters, arrays: PanelNodes, node: int
    ) -> Float:
        """Return the log-likelihood of one node's data at levels (draw, particle) of every draw."""
        raise NotImplementedError

    def simulate(
        self,
        spec: ModelChoices,
        panel: "xr.Dataset",
        level: Float,
        parameters: "xr.Dataset",
        rng: Generator,
    ) -> "xr.Dataset":
        """Return the panel with data simulated at a level (dyad, time), as many as it holds."""
        raise NotImplementedError

    def simulate_sides(
        self, panel: "xr.Dataset", level: Float, parameters: "xr.Dataset", rng: Generator
    ) -> "tuple[tuple[Index, Index, Index, Index], Index]":
        """Return the places of reports, and their simulated hostile and cooperative events.

        Levels are (..., dyad, time).
        """
        raise DataError(
            f"observation {self.name!r} simulates no sides of events; take the cells "
            "(monthly=False)"
        )

    def on_scale_of(self, first: "xr.Dataset", panel: "xr.Dataset") -> "xr.Dataset":
        """Return a later panel on the scale of an earlier one, where data are standardised."""
        return panel

    def quadrature_ess_fraction(self, posterior: "xr.Dataset", arrays: PanelNodes) -> float:
        """Return the effective sample size fraction of draws under a finer quadrature.

        The quadrature is over the month-specific noise.
        """
        return 1.0
