"""What a fit of its spec has and a saved one lacks, or holds in another form."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from forecast.data.panel import panel_kind, validate_panel
from forecast.model.arrays import SHARED
from forecast.model.spec import PendulumSpec
from forecast.model.variables import all_variables, required_variables

# Faults of one saved fit that a message names; the first ones mostly explain the others
MAX_FAULTS_NAMED = 5
# Sampler statistics that every fit has, with the kinds of their dtype
STATISTICS = {"diverging": "b", "energy": "f", "step_size": "f", "n_steps": "iu"}


def find_faults(
    attributes: Mapping[Any, Any], posterior: xr.Dataset, statistics: xr.Dataset, panel: xr.Dataset
) -> str:
    """Describe how a saved fit differs from what its own spec asks for; empty if it does not."""
    try:
        spec = PendulumSpec.from_dict(json.loads(attributes["spec"]))
        provenance = json.loads(attributes["provenance"])
        if not isinstance(provenance, dict):
            raise TypeError(f"provenance is {type(provenance).__name__}, not a mapping")
    except Exception as error:  # whatever a foreign text holds
        return f"spec or provenance cannot be read ({error!s:.200}); save the fit again"
    try:
        validate_panel(panel)
        faults = [
            *_panel_faults(panel, spec, provenance),
            *_draws_faults(posterior, statistics, panel, spec),
        ]
    except Exception as error:  # a panel so altered that it cannot even be looked into
        return f"the panel is not one ({error!s:.300}); save the fit again"
    if not faults:
        return ""
    return f"{'; '.join(faults[:MAX_FAULTS_NAMED])}; damaged or altered, save the fit again"


def _panel_faults(
    panel: xr.Dataset, spec: PendulumSpec, provenance: dict[str, Any]
) -> Iterator[str]:
    kind = panel_kind(panel)
    if kind.name != spec.observation_model.panel:
        yield f"the spec is of {spec.observation}, and the panel holds {kind.name}"
    if not kind.number(panel) or not all(panel.sizes.get(name, 1) for name in SHARED):
        yield "the panel holds no observation"
    if panel.attrs.get("unit", "event") not in ("event", "row"):
        yield (
            f"the panel counts by {panel.attrs['unit']!r:.40}; expected event or row: "
            "fit again with this version"
        )
    if provenance.get("data_digest") != panel.attrs["digest"]:
        yield "the panel's digest is not that of the data fitted"


def _draws_faults(
    posterior: xr.Dataset, statistics: xr.Dataset, panel: xr.Dataset, spec: PendulumSpec
) -> Iterator[str]:
    """Describe missing variables, and those of another form than the table of variables has."""
    wanted = required_variables(spec)
    yield from (f"posterior: {name} is missing" for name in wanted if name not in posterior)
    yield from (f"sample_stats: {name} is missing" for name in STATISTICS if name not in statistics)
    table, by_draw = all_variables(), ("chain", "draw")
    size = tuple(posterior.sizes.get(name) for name in by_draw)
    draws = {str(name): (values, "f") for name, values in posterior.items()}
    dims = {name: (*by_draw, *table[name].dims) for name in draws.keys() & table.keys()}
    draws |= {
        str(name): (values, STATISTICS.get(str(name), "biuf"))
        for name, values in statistics.items()
    }
    for name, (values, types) in draws.items():
        shaped = values.dims == dims.get(name, values.dims) and values.dims[:2] == by_draw
        if (
            not shaped
            or (name in statistics and values.ndim != 2)
            or values.dtype.kind not in types
        ):
            yield f"{name} is {values.dtype} {values.dims}"
        elif not values.size or values.shape[:2] != size or not np.isfinite(values).all():
            yield f"{name} holds no number, or one that is none"
    for name in SHARED:
        if name in posterior.dims and not (
            name in posterior.coords and posterior[name].equals(panel[name].reset_coords(drop=True))
        ):
            yield f"posterior: {name} is not that of the panel"
    names = [name for name, _ in spec.drivers]
    if names and "driver" in posterior.dims and posterior["driver"].to_numpy().tolist() != names:
        yield f"posterior: drivers are not {', '.join(names)}, those of the spec"
