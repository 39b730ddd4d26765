"""Observation model of an existing index, standardised, with Student-t error around the level."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special
from numpy.random import Generator

from forecast.base.typing import Float, Index
from forecast.model.observation.base import (
    ModelChoices,
    Observation,
    ObservationParameters,
    PanelNodes,
)
from forecast.model.posterior import flat
from forecast.model.process.declarations import variables_of

if TYPE_CHECKING:
    import xarray as xr


class IndexObservation(Observation):
    """An index: its arrays are its standardised values at the nodes, (node,), NaN where missing."""

    name = "index"
    panel = "index"
    words = "a published index, with Student-t error"
    variables = variables_of("index")

    def read(self, panel: "xr.Dataset", node_of: Index) -> Float:
        return standardised_index(panel)[node_of >= 0]

    def add_parameters(self, arrays: PanelNodes) -> ObservationParameters:
        import pymc as pm

        error = pm.HalfNormal("index_error", arrays.spec.priors.index_error)
        df = pm.Deterministic(
            "index_df", 1.0 + pm.Gamma("index_df_excess", *arrays.spec.priors.index_df)
        )
        return {"error": error, "df": df}

    def data(self, arrays: PanelNodes, reference: ObservationParameters) -> dict[str, Any]:
        seen = np.flatnonzero(np.isfinite(arrays.observed))
        return {"seen": seen, "index_seen": arrays.observed[seen]}

    def log_likelihood(
        self,
        spec: ModelChoices,
        level: Any,
        parameters: ObservationParameters,
        data: Mapping[str, Any],
    ) -> Any:
        import pytensor.tensor as pt

        error = (level[data["seen"]] - data["index_seen"]) / parameters["error"]
        return (
            student_log_density(error, parameters["df"], pt) - pt.log(parameters["error"])
        ).sum()

    def reference(self, arrays: PanelNodes) -> ObservationParameters:
        return {"error": arrays.spec.priors.index_error}

    def derivatives(
        self, level: Float, reference: ObservationParameters, arrays: PanelNodes
    ) -> tuple[Float, Float]:
        index = arrays.observed
        precision = 1.0 / reference["error"] ** 2
        seen = np.isfinite(index)
        slope = np.where(seen, precision * (np.nan_to_num(index) - level), 0.0)
        return slope, np.where(seen, precision, 0.0)

    def draws(self, posterior: "xr.Dataset") -> ObservationParameters:
        return {"error": flat(posterior["index_error"]), "df": flat(posterior["index_df"])}

    def log_likelihood_of_draws(
        self, level: Float, parameters: ObservationParameters, arrays: PanelNodes, node: int
    ) -> Float:
        scale = parameters["error"][:, None]
        df = parameters["df"][:, None]
        error = (arrays.observed[node] - level) / scale
        return np.asarray(student_log_density(error, df) - np.log(scale))

    def simulate(
        self,
        spec: ModelChoices,
        panel: "xr.Dataset",
        level: Float,
        parameters: "xr.Dataset",
        rng: Generator,
    ) -> "xr.Dataset":
        values = level + float(parameters["index_error"]) * rng.standard_t(
            float(parameters["index_df"]), level.shape
        )
        seen = np.isfinite(panel["index"].transpose("dyad", "time").to_numpy())
        simulated = panel.copy(deep=True).assign(
            index=(("dyad", "time"), np.where(seen, values, np.nan))
        )
        # Standardised by its own record it would be another one's data.
        unit = np.ones(panel.sizes["dyad"])
        return simulated.assign_coords(index_mean=("dyad", 0.0 * unit), index_spread=("dyad", unit))

    def on_scale_of(self, first: "xr.Dataset", panel: "xr.Dataset") -> "xr.Dataset":
        mean, spread = index_scale(first)
        return panel.assign_coords(index_mean=("dyad", mean), index_spread=("dyad", spread))


def index_scale(panel: "xr.Dataset") -> tuple[Float, Float]:
    """Return mean and spread that standardise an index, (dyad,): the panel's or each dyad's."""
    if "index_mean" in panel:  # of an updated fit, or simulated
        return panel["index_mean"].to_numpy(), panel["index_spread"].to_numpy()
    index = panel["index"].astype(np.float64)
    mean = index.mean("time").fillna(0.0)
    spread = index.std("time").fillna(0.0)
    return mean.to_numpy(), spread.where(spread > 0, 1.0).to_numpy()


def standardised_index(panel: "xr.Dataset") -> Float:
    """Return the index of a panel, (dyad, time), less its mean and divided by its spread.

    NaN where there is none.
    """
    raw = panel["index"].transpose("dyad", "time").to_numpy().astype(np.float64)
    mean, spread = index_scale(panel)
    return np.asarray((raw - mean[:, None]) / spread[:, None])


def student_log_density(value: Any, df: Any, backend: Any = np) -> Any:
    """Compute the log-density of Student-t values of unit scale."""
    gammaln = scipy.special.gammaln if backend is np else backend.gammaln
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * backend.log(np.pi * df)
    return constant - 0.5 * (df + 1) * backend.log1p(value**2 / df)
