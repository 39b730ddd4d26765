"""Compiled models: each form is compiled once a process, and refilled with the data of the next panel."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import xarray as xr

from forecast.model.arrays import PanelArrays
from forecast.model.form import Form, model_data
from forecast.model.held import pack
from forecast.model.pendulum import WHITE, PendulumModel
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import prior_reference

# A form takes 100 to 250 MB (one dyad, six of them); a comparison of models needs a handful at once.
KEPT_FORMS = 8
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
    free, derived : tuple of str
        Names of the sampled variables, and of what follows from them; ``log_prior`` (of the parameters, not of the
        path) and ``log_likelihood_total`` among them.
    derive : callable
        From one draw of the free variables to the derived ones.
    """

    model: pm.Model
    sampler: Any
    free: tuple[str, ...]
    derived: tuple[str, ...]
    derive: Any

    def filled(self, data: dict[str, Any]) -> "Compiled":
        """Return the same with another panel's data; the model and ``derive`` change with it."""
        packed = {name: value.astype(self.model[name].type.dtype) for name, value in pack(data).items()}
        for name, value in packed.items():
            self.model[name].set_value(value, borrow=False)
        read = {variable.name for variable in self.sampler.shared_var_keys}
        sampler = self.sampler.with_data(**{name: value for name, value in packed.items() if name in read})
        return Compiled(self.model, sampler, self.free, self.derived, self.derive)

    def derived_from(self, drawn: xr.Dataset) -> dict[str, Any]:
        """Every derived variable for every draw, arrays (chain, draw, ...)."""
        chains, draws = drawn.sizes["chain"], drawn.sizes["draw"]
        inputs = [
            np.ascontiguousarray(drawn[name].transpose("chain", "draw", ...).to_numpy(), dtype=np.float64)
            for name in self.free
        ]
        result: list[Any] = []
        for chain, draw in np.ndindex(chains, draws):
            values = self.derive(*(np.asarray(value[chain, draw]) for value in inputs))
            if not result:
                result = [np.empty((chains, draws, *np.shape(value))) for value in values]
            for kept, value in zip(result, values, strict=True):
                kept[chain, draw] = value
        return dict(zip(self.derived, result, strict=True))


def compiled_model(panel: xr.Dataset, spec: PendulumSpec, arrays: PanelArrays, wanted: tuple[str, ...]) -> Compiled:
    """Compile the model of a panel, or refill the one compiled for a panel of the same form.

    ``wanted`` names the variables to derive, those that the model has.
    """
    form = Form.of(spec, arrays)
    if form in _COMPILED:
        _COMPILED.move_to_end(form)
        return _COMPILED[form].filled(model_data(spec, arrays, prior_reference(spec, arrays)))
    compiled = _compile(PendulumModel(spec).build(panel), wanted)
    _COMPILED[form] = compiled
    while len(_COMPILED) > KEPT_FORMS:
        _COMPILED.popitem(last=False)
    return compiled


def is_compiled(spec: PendulumSpec, arrays: PanelArrays) -> bool:
    """Whether a panel of this form would need no compilation in this process."""
    return Form.of(spec, arrays) in _COMPILED


def _compile(model: pm.Model, wanted: tuple[str, ...]) -> Compiled:
    import nutpie

    # What follows from the sampled variables is computed afterwards: as part of the sampler it would slow it down.
    free = tuple(variable.name for variable in model.free_RVs)
    derived = {name: model[name] for name in wanted if name in model.named_vars and name not in free}
    parameters = [variable for variable in model.free_RVs if variable.name != WHITE]
    derived["log_prior"] = sum(pm.logp(variable, variable).sum() for variable in parameters)
    derived["log_likelihood_total"] = model["events"]
    sampler = nutpie.compile_pymc_model(model, var_names=list(free))
    inputs = [model[name] for name in free]
    derive = pytensor.function(inputs, list(derived.values()), mode="NUMBA", on_unused_input="ignore")
    return Compiled(model, sampler, free, tuple(derived), derive)
