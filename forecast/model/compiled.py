"""Compiled models: each form is compiled once a process, and refilled with the data of the next panel."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import xarray as xr
from pymc.distributions.transforms import LogTransform

from forecast.model.arrays import PanelArrays
from forecast.model.form import Form, Part, model_data
from forecast.model.held import pack
from forecast.model.pendulum import OBSERVED, WHITE, PendulumModel
from forecast.model.spec import PendulumSpec

# A form takes 100 to 250 MB (one dyad, six of them); a comparison of models needs a handful at once, some of two parts.
KEPT_FORMS = 12
_COMPILED: "OrderedDict[Form, Compiled]" = OrderedDict()


@dataclass(frozen=True)
class Compiled:
    """A model ready to be sampled.

    Attributes
    ----------
    model : pymc.Model
        The model of the first panel of this form; its labels are that panel's.
    sampler : nutpie.CompiledModel
        Log-density and gradient.
    free : tuple of str
        Names of the sampled variables.
    derivation : Derivation
        What follows from them.
    """

    model: pm.Model
    sampler: Any
    free: tuple[str, ...]
    derivation: "Derivation"

    def filled(self, data: dict[str, Any]) -> "Compiled":
        """Return the same with another panel's data; the model and its derivation change with it."""
        packed = {name: value.astype(self.model[name].type.dtype) for name, value in pack(data).items()}
        for name, value in packed.items():
            self.model[name].set_value(value, borrow=False)
        read = {variable.name for variable in self.sampler.shared_var_keys}
        sampler = self.sampler.with_data(**{name: value for name, value in packed.items() if name in read})
        return Compiled(self.model, sampler, self.free, self.derivation)

    def derived_from(self, drawn: xr.Dataset) -> dict[str, Any]:
        """Every derived variable for every draw, arrays (chain, draw, ...)."""
        chains, draws = drawn.sizes["chain"], drawn.sizes["draw"]
        inputs = [
            np.ascontiguousarray(drawn[name].transpose("chain", "draw", ...).to_numpy(), dtype=np.float64)
            for name in self.free
        ]
        result: list[Any] = []
        for chain, draw in np.ndindex(chains, draws):
            values = self.derivation.of_draw(*(np.asarray(value[chain, draw]) for value in inputs))
            if not result:
                result = [np.empty((chains, draws, *np.shape(value))) for value in values]
            for kept, value in zip(result, values, strict=True):
                kept[chain, draw] = value
        return dict(zip(self.derivation.names, result, strict=True))


@dataclass(frozen=True)
class Derivation:
    """What follows from the sampled variables, compiled when it is first asked for: a sampler can run meanwhile.

    Attributes
    ----------
    inputs : list
        The sampled variables.
    outputs : dict of str to PyTensor variable
        What follows, by name; among it ``log_prior``, of the parameters and not of the path, and ``log_rest``, all of
        the sampler's log-density but the likelihood: which is the better part of the work, and the sampler has done it.
    """

    inputs: list[Any]
    outputs: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what follows."""
        return tuple(self.outputs)

    @cached_property
    def of_draw(self) -> Callable[..., list[Any]]:
        """From one draw of the sampled variables to what follows from it."""
        outputs = list(self.outputs.values())
        compiled: Callable[..., list[Any]] = pytensor.function(
            self.inputs, outputs, mode="NUMBA", on_unused_input="ignore"
        )
        return compiled

    def prepare(self) -> None:
        """Compile it now."""
        _ = self.of_draw


def compiled_model(
    panel: xr.Dataset, spec: PendulumSpec, arrays: PanelArrays, wanted: tuple[str, ...], part: Part = "whole"
) -> Compiled:
    """Compile the model of a panel, or a part of it; or refill the one compiled for a panel of the same form.

    ``wanted`` names the variables to derive, those that the model has.
    """
    form = Form.of(spec, arrays, part)
    if form in _COMPILED:
        _COMPILED.move_to_end(form)
        return _COMPILED[form].filled(model_data(spec, arrays, part=part))
    compiled = _compile(PendulumModel(spec).build(panel, part=part), wanted)
    _COMPILED[form] = compiled
    while len(_COMPILED) > KEPT_FORMS:
        _COMPILED.popitem(last=False)
    return compiled


def is_compiled(spec: PendulumSpec, arrays: PanelArrays, part: Part = "whole") -> bool:
    """Whether a panel of this form would need no compilation in this process."""
    return Form.of(spec, arrays, part) in _COMPILED


def _compile(model: pm.Model, wanted: tuple[str, ...]) -> Compiled:
    import nutpie

    # What follows from the sampled variables is computed afterwards: as part of the sampler it would slow it down.
    free = tuple(variable.name for variable in model.free_RVs)
    derived = {name: model[name] for name in wanted if name in model.named_vars and name not in free}
    parameters = [variable for variable in model.free_RVs if variable.name != WHITE]
    derived["log_prior"] = sum(pm.logp(variable, variable).sum() for variable in parameters)
    derived["log_rest"] = (
        derived["log_prior"]
        + _log_jacobian(parameters, model)
        + sum(potential for potential in model.potentials if potential.name not in OBSERVED)
    )
    sampler = nutpie.compile_pymc_model(model, var_names=list(free))
    return Compiled(model, sampler, free, Derivation([model[name] for name in free], derived))


def is_positive(variable: Any, model: pm.Model) -> bool:
    """Whether a variable is sampled by its logarithm."""
    return isinstance(model.rvs_to_transforms[variable], LogTransform)


def _log_jacobian(variables: list[Any], model: pm.Model) -> Any:
    """Logarithm of the change of variables to the sampler's coordinates; that of sums to zero is none."""
    return sum(pytensor.tensor.log(variable).sum() for variable in variables if is_positive(variable, model))
