"""What a model reads of its panel as data, and what is built into it: panels of one form share a compilation."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from forecast.model.arrays import PanelArrays
from forecast.model.driving import driving_data
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import Reference, anchor_path, prior_reference, transition_pairs

type Part = Literal["whole", "path", "aside"]
"""Of a model: all of it; the path and what tells of the level; or what tells nothing of it, and is fitted apart."""


@dataclass(frozen=True)
class Form:
    """All that a compiled model has built in; two panels with one form differ in data only.

    Where the structure walks nothing has a parameter an era, unless the observation does.
    """

    spec: PendulumSpec
    era_dyad: tuple[int, ...]
    shape: tuple[int, ...]
    periods_a_month: float
    part: Part = "whole"

    @classmethod
    def of(cls, spec: PendulumSpec, arrays: PanelArrays, part: Part = "whole") -> "Form":
        """Return the form of a panel, or of a part of its model, under a spec."""
        shape = (arrays.dyads, *arrays.observation.shape(arrays.observed), node_capacity(arrays.nodes))
        eras = () if spec.two_scales and not arrays.observation.uses_eras(spec) else tuple(arrays.era_dyad.tolist())
        return cls(spec, eras, shape, arrays.periods_a_month, part)


def node_capacity(nodes: int) -> int:
    """Round a number of nodes up to the next for which paths are compiled: to an eighth of a power of two, or to 128.

    The coordinates to spare are white noise of their own, so that a few more months need no new compilation.
    """
    step = max(128, 2 ** (int(np.ceil(np.log2(max(nodes, 2)))) - 3))
    return int(-(-nodes // step) * step)


def parts_of(arrays: PanelArrays) -> tuple[Part, ...]:
    """Return the parts in which the model of a panel can be fitted: they share no parameter."""
    return ("path", "aside") if arrays.observation.has_aside(arrays.observed) else ("whole",)


def spec_of(spec: PendulumSpec, part: Part) -> PendulumSpec:
    """Return a spec that says of a part what the given one says, and of all else what is usual.

    Models that differ only elsewhere have this part in common: its posterior, its evidence and its compilation.
    """
    if part == "path":
        return replace(spec, ceiling=(*filter(None, [spec.level_ceiling]), "trend"))
    if part == "aside":
        return PendulumSpec(
            ceiling=tuple(filter(None, [spec.threshold])), observation=spec.observation,
            overdispersion=spec.overdispersion, pooling=spec.pooling, priors=spec.priors,
        )  # fmt: skip
    return spec


def model_data(
    spec: PendulumSpec, arrays: PanelArrays, reference: Reference | None = None, part: Part = "whole"
) -> dict[str, Any]:
    """Arrays that a model, or a part of it, reads of a panel, by the names of its data.

    The path is whitened at ``reference``, by default at the priors' centres.
    """
    aside = {} if part == "path" else spec.observation_model.aside_data(spec, arrays)
    if part == "aside":
        return aside
    return _path_data(spec, arrays, reference or prior_reference(spec, arrays)) | aside


def _path_data(spec: PendulumSpec, arrays: PanelArrays, reference: Reference) -> dict[str, Any]:
    """Arrays of the path and of what tells of its level."""
    anchor = anchor_path(reference, arrays, spec)
    data = {
        **transition_pairs(arrays),
        "node_era": arrays.node_era,
        "starts": arrays.starts,
        "anchor_state": anchor.state,
        "anchor_weight": anchor.weight,
        "anchor_level": anchor.level,
    }
    if spec.two_scales:
        data["node_era"] = np.zeros_like(arrays.node_era)  # the swing knows one equilibrium: none
    else:
        del data["pair_new_era"]
    if not spec.pull.jumps:
        data |= {"node_dyad": arrays.node_dyad, "node_gap": arrays.node_gap}
        if not spec.two_scales:
            data = {name: value for name, value in data.items() if not name.startswith("pair_")}
    if spec.level_ceiling:
        data["anchor_room"] = np.exp(-anchor.state / spec.ceiling_softness)
    if arrays.driving is not None:
        data |= driving_data(arrays.driving, spec, arrays.node_dyad, arrays.node_time, arrays.periods_a_month)
    return data | spec.observation_model.data(spec, arrays, reference.observed)
