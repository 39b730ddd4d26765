"""Densities ready for sampling: assembled from kernels where possible, otherwise compiled from the PyMC graph.

A graph takes some twenty seconds to compile, so each form is compiled once per process and reused with the data of the
next panel.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.model.assembled import NODE_PATHS, WHITE, Assembled, assemble, is_usual
from forecast.model.inputs import Form, Part, model_data, pack
from forecast.typing import Bool, Float

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from forecast.model.arrays import PanelArrays
    from forecast.model.spec import PendulumSpec

# A form takes 100 to 250 MB (one dyad, six of them); a comparison of models needs a handful at once, some of two parts.
KEPT_FORMS = 12
_COMPILED: "OrderedDict[Form, Compiled]" = OrderedDict()
# All panels of one form share the data of the compiled model; a filled sampler has its own.
_LOCK = Lock()


def density_of(panel: "xr.Dataset", spec: "PendulumSpec", arrays: "PanelArrays", part: Part = "path") -> "Density":
    """Return the density of the model of a panel, or of a part of it."""
    if is_usual(spec, arrays, part):
        return assemble(spec, arrays, part)
    form = Form.of(spec, arrays, part)
    with _LOCK:
        if form not in _COMPILED:
            from forecast.model.pendulum import PendulumModel

            _COMPILED[form] = _compile(PendulumModel(spec).build(panel, part=part))
            while len(_COMPILED) > KEPT_FORMS:
                _COMPILED.popitem(last=False)
        _COMPILED.move_to_end(form)
        return _COMPILED[form].filled(pack(model_data(spec, arrays, part=part)))


def start_sampler(density: "Density", trees: tuple[float, int], **settings: Any) -> Any:
    """Begin to sample a density in threads of its own, at an acceptance rate, with so many doublings of a tree."""
    import nutpie

    return nutpie.sample(
        density.sampler, **settings, save_warmup=False, progress_bar=False, blocking=False,
        target_accept=trees[0], maxdepth=trees[1], exact_normal_trajectory=True,
    )  # fmt: skip


def is_ready(spec: "PendulumSpec", arrays: "PanelArrays", part: Part = "path") -> bool:
    """Return whether the density of a panel needs no further compilation in this process."""
    return is_usual(spec, arrays, part) or Form.of(spec, arrays, part) in _COMPILED


@dataclass(frozen=True)
class Compiled:
    """A density compiled from the graph of a PyMC model."""

    model: "pm.Model"  # The model of the first panel of this form; its labels are that panel's
    sampler: Any  # Log-density and gradient
    derivation: Callable[[], Callable[..., list[Any]]]  # Compiles, once, what follows from a draw of the free variables
    derived_names: tuple[str, ...]
    data: dict[str, Any]  # Of the panel whose density it is

    def filled(self, data: dict[str, Any]) -> "Compiled":
        """Return the same with another panel's packed data."""
        packed = {name: value.astype(self.model[name].type.dtype) for name, value in data.items()}
        read = {variable.name for variable in self.sampler.shared_var_keys}
        sampler = self.sampler.with_data(**{name: value for name, value in packed.items() if name in read})
        return replace(self, sampler=sampler, data=packed)

    @cached_property
    def white(self) -> Bool:
        """Coordinates near white noise."""
        sizes = [(name, np.size(value)) for name, value in self.model.initial_point().items()]
        return np.concatenate([np.full(size, name == WHITE) for name, size in sizes])

    @property
    def unnormalised(self) -> int:
        """Number of coordinates whose prior is written without its constant: of the path and of those to spare."""
        return int(self.white.sum())

    def prepare(self) -> None:
        """Compile what `derived` needs."""
        self.derivation()

    def points(self, drawn: "xr.Dataset") -> Float:
        """Return draws in the sampler's coordinates."""
        import pytensor.tensor as pt

        parts = []
        for variable in self.model.free_RVs:
            values = drawn[variable.name].transpose("chain", "draw", ...).to_numpy().astype(np.float64)
            if is_positive(variable, self.model):
                values = np.log(values)
            elif (transform := self.model.rvs_to_transforms[variable]) is not None:  # values that sum to zero
                values = transform.forward(pt.as_tensor(values)).eval()
            parts.append(values.reshape(*values.shape[:2], -1))
        return np.concatenate(parts, axis=2)

    def log_density(self, point: Float) -> float:
        """Return the log-density of a point, as the sampler itself evaluates it."""
        import ctypes

        call, number = self.sampler.compiled_logp_func.ctypes, self.sampler.n_dim
        value, gradient = ctypes.c_double(), np.empty(number)
        held, pointer = np.ascontiguousarray(point, dtype=np.float64), ctypes.POINTER(ctypes.c_double)
        failed = call(
            ctypes.c_uint64(number), held.ctypes.data_as(pointer), gradient.ctypes.data_as(pointer),
            ctypes.byref(value), ctypes.c_void_p(self.sampler.user_data.ctypes.data),
        )  # fmt: skip
        return -np.inf if failed else value.value

    def derived(self, drawn: "xr.Dataset") -> dict[str, Float]:
        """Return the variables of the posterior, those that were drawn among them; see `Assembled.derived`."""
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
                for kept, value in zip(result, values, strict=True):
                    kept[chain, draw] = value
        return dict(zip(names, inputs, strict=True)) | dict(zip(self.derived_names, result, strict=True))


type Density = Assembled | Compiled  # The log-density of a model, or of a part of it, in the sampler's coordinates


def _compile(model: "pm.Model") -> Compiled:
    import nutpie
    import pymc as pm
    import pytensor
    import pytensor.tensor as pt

    from forecast.model.pendulum import OBSERVED
    from forecast.model.variables import sampled_variables

    free = [variable.name for variable in model.free_RVs]
    wanted = (*sampled_variables(), *NODE_PATHS)
    derived = {name: model[name] for name in wanted if name in model.named_vars and name not in free}
    parameters = [variable for variable in model.free_RVs if variable.name != WHITE]
    derived["log_prior"] = sum(pm.logp(variable, variable).sum() for variable in parameters)
    # Of the change of variables to the sampler's coordinates; that of sums to zero is none.
    log_jacobian = sum(pt.log(variable).sum() for variable in parameters if is_positive(variable, model))
    potentials = sum(potential for potential in model.potentials if potential.name not in OBSERVED)
    derived["log_rest"] = derived["log_prior"] + log_jacobian + potentials
    sampler = nutpie.compile_pymc_model(model, var_names=free)

    @cache
    def derivation() -> Any:  # after sampling, because that is faster
        return pytensor.function(model.free_RVs, list(derived.values()), mode="NUMBA", on_unused_input="ignore")

    return Compiled(model, sampler, derivation, tuple(derived), {})


def is_positive(variable: Any, model: "pm.Model") -> bool:
    """Return whether a variable is sampled by its logarithm."""
    from pymc.distributions.transforms import LogTransform

    return isinstance(model.rvs_to_transforms[variable], LogTransform)
