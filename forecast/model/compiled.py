"""Log-densities compiled from the PyMC graph, for the forms that no kernel has.

Compiling a graph takes longer than sampling it, some twenty seconds. A form is compiled once per
process and reused with the data of the next panel.
"""

import ctypes
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from threading import Lock
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr
from pymc.distributions.transforms import LogTransform

from forecast.base.progress import Progress
from forecast.base.typing import Bool, Float
from forecast.model.arrays import PanelArrays
from forecast.model.inputs import NODE_PATHS, WHITE
from forecast.model.pendulum import OBSERVED, build_on, node_capacity, pack
from forecast.model.variables import sampled_variables

# A form takes 100 to 250 MB (one dyad, six of them); a comparison of models needs a handful at
# once, some of two parts.
KEPT_FORMS = 12
# Sums are taken in the order that is written. Otherwise a function that numba compiles has other
# last digits than the same one read from its cache, and a first fit other draws than a second.
IN_ORDER = {"numba__fastmath": False}
_COMPILED: "OrderedDict[tuple[Any, ...], Compiled]" = OrderedDict()
# All panels of one form share the data of the compiled model; a filled sampler has its own.
_LOCK = Lock()


def compiled_density(arrays: PanelArrays, data: dict[str, Any], report: Progress) -> "Compiled":
    """Return the density of a panel's model; its form is compiled if it is new."""
    form = form_of(arrays)
    with _LOCK:
        if form not in _COMPILED:
            report("compiling", 0, 0)
            _COMPILED[form] = _compile(build_on(arrays, data))
            while len(_COMPILED) > KEPT_FORMS:
                _COMPILED.popitem(last=False)
        _COMPILED.move_to_end(form)
        return _COMPILED[form].filled(pack(data))


def form_of(arrays: PanelArrays) -> tuple[Any, ...]:
    """Return all that the compiled model of a panel has built in; the rest is data."""
    spec = arrays.spec
    shape = (
        arrays.dyads,
        *spec.observation_model.shape(arrays.observed),
        node_capacity(arrays.nodes),
    )
    by_era = spec.has_ceiling or not spec.moves
    eras = tuple(arrays.era_dyad.tolist()) if by_era else ()
    return spec, eras, shape, arrays.periods_a_month


@dataclass(frozen=True)
class Compiled:
    """A density compiled from the graph of a PyMC model."""

    model: pm.Model  # The model of the first panel of this form; its labels are that panel's
    sampler: Any  # Log-density and gradient
    # Compiles, once, what follows from a draw of the free variables
    derivation: Callable[[], Callable[..., list[Any]]]
    derived_names: tuple[str, ...]
    data: dict[str, Any]  # Of the panel whose density it is

    def filled(self, data: dict[str, Any]) -> "Compiled":
        """Return the same with another panel's packed data."""
        packed = {name: value.astype(self.model[name].type.dtype) for name, value in data.items()}
        read = {variable.name for variable in self.sampler.shared_var_keys}
        sampler = self.sampler.with_data(
            **{name: value for name, value in packed.items() if name in read}
        )
        return replace(self, sampler=sampler, data=packed)

    @cached_property
    def white(self) -> Bool:
        """Coordinates near white noise."""
        sizes = [(name, np.size(value)) for name, value in self.model.initial_point().items()]
        return np.concatenate([np.full(size, name == WHITE) for name, size in sizes])

    @property
    def unnormalised(self) -> int:
        """Number of coordinates whose prior is written without its constant."""
        return int(self.white.sum())

    def points(self, drawn: xr.Dataset) -> Float:
        """Return draws in the sampler's coordinates."""
        parts = []
        for variable in self.model.free_RVs:
            values = (
                drawn[variable.name].transpose("chain", "draw", ...).to_numpy().astype(np.float64)
            )
            if is_positive(variable, self.model):
                values = np.log(values)
            elif (
                transform := self.model.rvs_to_transforms[variable]
            ) is not None:  # values that sum to zero
                values = transform.forward(pt.as_tensor(values)).eval()
            parts.append(values.reshape(*values.shape[:2], -1))
        return np.concatenate(parts, axis=2)

    def log_density(self, point: Float) -> float:
        """Return the log-density of a point, as the sampler itself evaluates it."""
        call = self.sampler.compiled_logp_func.ctypes
        number = self.sampler.n_dim
        value, gradient = ctypes.c_double(), np.empty(number)
        held = np.ascontiguousarray(point, dtype=np.float64)
        pointer = ctypes.POINTER(ctypes.c_double)
        failed = call(
            ctypes.c_uint64(number),
            held.ctypes.data_as(pointer),
            gradient.ctypes.data_as(pointer),
            ctypes.byref(value),
            ctypes.c_void_p(self.sampler.user_data.ctypes.data),
        )
        return -np.inf if failed else value.value

    def derived(self, drawn: xr.Dataset) -> dict[str, Float]:
        """Return the variables of the posterior, those that were drawn among them.

        See `Assembled.derived`.
        """
        chains, draws = drawn.sizes["chain"], drawn.sizes["draw"]
        names = [variable.name for variable in self.model.free_RVs]
        arrays = (drawn[name].transpose("chain", "draw", ...).to_numpy() for name in names)
        inputs = [np.ascontiguousarray(array, dtype=np.float64) for array in arrays]
        of_draw, result = self.derivation(), list[Any]()
        with _LOCK:
            for name, value in self.data.items():
                self.model[name].set_value(value, borrow=False)
            for chain, draw in np.ndindex(chains, draws):
                values = of_draw(*(np.asarray(value[chain, draw]) for value in inputs))
                result = result or [np.empty((chains, draws, *np.shape(value))) for value in values]
                for stored, value in zip(result, values, strict=True):
                    stored[chain, draw] = value
        return dict(zip(names, inputs, strict=True)) | dict(
            zip(self.derived_names, result, strict=True)
        )


def _compile(model: pm.Model) -> Compiled:
    free = [variable.name for variable in model.free_RVs]
    wanted = (*sampled_variables(), *NODE_PATHS)
    derived = {
        name: model[name] for name in wanted if name in model.named_vars and name not in free
    }
    parameters = [variable for variable in model.free_RVs if variable.name != WHITE]
    derived["log_prior"] = sum(pm.logp(variable, variable).sum() for variable in parameters)
    # Of the change of variables to the sampler's coordinates; that of sums to zero is none.
    log_jacobian = sum(
        pt.log(variable).sum() for variable in parameters if is_positive(variable, model)
    )
    potentials = sum(potential for potential in model.potentials if potential.name != OBSERVED)
    derived["log_rest"] = derived["log_prior"] + log_jacobian + potentials
    with pytensor.config.change_flags(**IN_ORDER):
        sampler = nutpie.compile_pymc_model(model, var_names=free)

    @cache
    def derivation() -> Any:  # after sampling, because that is faster
        with pytensor.config.change_flags(**IN_ORDER):
            return pytensor.function(
                model.free_RVs, list(derived.values()), mode="NUMBA", on_unused_input="ignore"
            )

    return Compiled(model, sampler, derivation, tuple(derived), {})


def is_positive(variable: Any, model: pm.Model) -> bool:
    """Return whether a variable is sampled by its logarithm."""
    return isinstance(model.rvs_to_transforms[variable], LogTransform)
