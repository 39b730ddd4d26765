"""Kinds of events within a side, from mildest to strongest: depth of cooperation, severity of conflict.

They depend on the recorded share of the last year, by a slope, and on a shift that varies by era or drifts between
five-year periods.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.dates import periods_a_month
from forecast.model.observation.base import Own
from forecast.model.observation.readings import INFORMATION
from forecast.model.observation.side import (
    LAYOUT,
    ORDER,
    Counted,
    count_sides,
    count_sparsely,
    log_likelihood_of_draws,
    ordered_kinds,
)
from forecast.process.declarations import FLAT, Declared, Free, spread_around
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model.arrays import PanelArrays
    from forecast.model.spec import PendulumSpec

RECENT_MONTHS = 12
SPAN_YEARS, FIRST_YEAR, SPANS = 5, 1945, 20
"""A drifting depth or severity has one value for a span of years: its length, the first year of all, and how many."""
QUADRATURE = np.zeros(1), np.ones(1)  # The month-specific noise is the side's alone
PARTS = ("slope", "shift", "cutpoint", "concentration")  # Parameters of the kinds of a side
TOWARDS = {"depth": 1.0, "severity": -1.0}  # Depth grows with the recent share, severity as it falls


@dataclass(frozen=True)
class Kinds:
    """The kinds of one side."""

    name: str  # Of cooperation, of conflict
    counted: Counted  # Ordered from the mildest kind to the strongest
    record: Float  # Weights that average over the spans of years of a record, dyad by dyad within a dataset
    information: Float  # Of the data on the kinds in every span, in the inverse square of log-odds

    @property
    def cuts(self) -> int:
        """Thresholds between them."""
        return self.counted.classes - 1

    def dyads_of(self, dataset: int) -> Index:
        """Return the dyads that differ in a dataset, (dyad,): of another than the first those of which it has kinds."""
        information = self.information.reshape(self.counted.datasets, -1, SPANS).sum(axis=2)
        return np.flatnonzero(information[dataset] > 0.0) if dataset else np.arange(information.shape[1])


@dataclass(frozen=True)
class Aside:
    """The kinds of events within the sides, which tell nothing of the level and are fitted separately."""

    kinds: tuple[Kinds, ...]  # Of the sides that have more than one kind
    place_of_node: Index  # Place of a node's depth and severity: its era, or five years of its dyad
    places: int
    recent: Float  # Log-odds of cooperation in the twelve months that end with the node's; (node, dataset) of several

    @classmethod
    def of(cls, panel: "xr.Dataset", node_of: Index, kind_drift: str) -> "Aside | None":
        """Read the kinds of a panel; ``node_of`` (dyad, period) is -1 off the nodes. None without any kinds."""
        counts, there = panel["counts"].transpose(*ORDER).to_numpy(), node_of >= 0
        ordered = {name: counts[..., ordered_kinds(name, panel)] for name in TOWARDS}
        kinds = tuple(
            Kinds(name, count_sparsely(own, node_of), *spans_of(own.sum(axis=(2, 4)), panel))
            for name, own in ordered.items()
            if own.shape[-1] > 1
        )
        if not kinds:
            return None
        place, places = places_of(panel, kind_drift)
        recent = recent_log_odds(count_sides(panel).sum(axis=2), panel)[there]
        return cls(kinds, place[there], places, recent if recent.shape[1] > 1 else recent[:, 0])

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes that are built into a compiled model."""
        differing = (dyad for one in self.kinds for q in range(one.counted.datasets) for dyad in (-1, *one.dyads_of(q)))
        return self.places, *(one.cuts for one in self.kinds), *(int(dyad) for dyad in differing)


def span_of(panel: "xr.Dataset") -> Index:
    """Return the span of years of every period, (time,)."""
    return np.asarray(np.clip((panel["time"].dt.year.to_numpy() - FIRST_YEAR) // SPAN_YEARS, 0, SPANS - 1))


def places_of(panel: "xr.Dataset", kind_drift: str) -> tuple[Index, int]:
    """Return the place of every dyad's period, (dyad, time), and how many there are."""
    era = panel["era_index"].transpose("dyad", "time").to_numpy().astype(np.int64)
    if kind_drift != "years":
        return era, int(panel.sizes["era"])
    return span_of(panel) + SPANS * np.arange(len(era))[:, None], SPANS * len(era)


def places_of_dyad(panel: "xr.Dataset", eras: Index, dyad: int, kind_drift: str) -> dict[str, Index]:
    """Return the places of one dyad, whose eras are given, in every dataset, by dim."""
    own = SPANS * dyad + np.arange(SPANS) if kind_drift == "years" else eras
    apart = places_of(panel, kind_drift)[1] * np.arange(panel.sizes.get("dataset", 1))
    return {f"{name}_place": (own + apart[:, None]).ravel() for name in TOWARDS}


def log_odds(name: str, slope: Any, recent: Any, shift: Any) -> Any:
    """Return where the kinds of a side stand on their own scale, for arrays and PyTensor variables alike."""
    return TOWARDS[name] * slope * recent + shift


def recent_log_odds(sides: Index, panel: "xr.Dataset") -> Float:
    """Return the recorded log-odds of cooperation over twelve months, (dyad, time, dataset), of sides (..., side)."""
    total = np.concatenate([np.zeros_like(sides[:, :1]), sides.cumsum(axis=1)], axis=1)
    ends = np.arange(1, total.shape[1])
    begins = np.maximum(ends - round(RECENT_MONTHS * periods_a_month(panel)), 0)
    hostile, cooperative = np.moveaxis(total[:, ends] - total[:, begins], -1, 0)
    return np.asarray(np.log((cooperative + 1.0) / (hostile + 1.0)))


def aside_data(aside: Aside, spec: "PendulumSpec") -> dict[str, Any]:
    """Return the arrays that a model reads of the kinds, by the names of its data."""
    layouts = {f"{one.name}_{part}": one.counted.layout[part] for one in aside.kinds for part in LAYOUT}
    places = {"place_of_node": aside.place_of_node, "recent": aside.recent}
    if spec.kind_drift != "years":
        return layouts | places
    walks = [(f"{one.name}_walk", walk_of_white(one, spec.priors.kind_drift)) for one in aside.kinds]
    return layouts | places | dict(walks)


def add_aside(arrays: "PanelArrays", aside: Aside, data: Mapping[str, Any] | None = None) -> Own:
    """Add the parameters of the kinds to the PyMC model on the context stack; without data as priors can be drawn."""
    import pytensor.tensor as pt

    side = aside.kinds[0].counted
    own: Own = {}
    for kinds in aside.kinds:
        own |= add_kinds(arrays, kinds, data)
    return own | {"kinds_offset": pt.zeros((arrays.dyads, side.directions, side.datasets))}


def aside_log_likelihood(own: Own, data: Mapping[str, Any]) -> Any:
    """Return the log-likelihood of the kinds, as a PyTensor expression; datasets are apart where there are several."""
    import pytensor.tensor as pt

    from forecast.model.kernels.ops import EventLikelihood

    recent, place, offset, total = data["recent"], data["place_of_node"], own["kinds_offset"], 0
    noise, rule = pt.zeros(offset.shape[0]), [pt.constant(one) for one in QUADRATURE]
    for name in (name for name in TOWARDS if f"{name}_slope" in own):
        slope, shift, cutpoint, concentration = (own[f"{name}_{part}"] for part in PARTS)
        layout = [data[f"{name}_{part}"] for part in LAYOUT]
        if recent.ndim == 1:
            at, by_dataset = log_odds(name, slope, recent, shift[place]), pt.zeros((0, 0))
        else:
            by_dataset = log_odds(name, slope, recent, shift.reshape((cutpoint.shape[0], -1))[:, place].T)
            at = pt.zeros(by_dataset.shape[0])
        total += EventLikelihood()(at, offset, cutpoint, concentration, noise, by_dataset, *layout, *rule)[0]
    return total


def with_kinds_of_draws(total: Float, aside: Aside, node: int, own: Own) -> Float:
    """Add to a log-likelihood (draw, particle) that of the kinds of one node under every draw, whatever the level."""
    place, still = aside.place_of_node[node], np.zeros_like(own["noise"])
    for kinds in (one for one in aside.kinds if one.counted.cell_of_node[node] >= 0):
        name, slope = kinds.name, own[f"{kinds.name}_slope"]
        at, offset = np.zeros((len(total), 1)), np.zeros_like(own["offset"])
        if aside.recent.ndim == 1:
            at = log_odds(name, slope, aside.recent[node], own[f"{name}_shift"][:, place])[:, None]
        else:
            shift = own[f"{name}_shift"].reshape(*offset.shape[::3], -1)[..., place]
            offset = offset + log_odds(name, slope, aside.recent[node], shift)[:, None, None, :]
        here = own | {"offset": offset, "noise": still}
        where = np.broadcast_to(at, total.shape)
        total = total + log_likelihood_of_draws(kinds.counted, node, where, here, QUADRATURE, f"{name}_")
    return total


def declare_kinds(spec: "PendulumSpec", kinds: Kinds) -> Declared:
    """Declare slope, thresholds and concentration of one side's kinds."""
    name, priors, datasets = kinds.name, spec.priors, kinds.counted.datasets
    declared: Declared = {
        "slope": Free(f"{name}_slope", priors.kind_slope),
        "cut": Free(f"{name}_first_cut", priors.kind_cut, (datasets, 1)),
    }
    if kinds.cuts > 1:
        declared["gap"] = Free(f"{name}_gap", priors.kind_gap, (datasets, kinds.cuts - 1), positive=True)
    if spec.overdispersion:
        scatter = Free(f"{name}_concentration", priors.kind_concentration, ("dataset",), positive=True)
        declared["concentration"] = scatter
    return declared


def declare_shift(arrays: "PanelArrays", kinds: Kinds, dataset: int = 0) -> Declared:
    """Declare the shifts of kinds by dataset; that dyads sum to zero is not declared here."""
    spec, priors, name = arrays.spec, arrays.spec.priors, f"{kinds.name}_{dataset}" if dataset else kinds.name
    declared: Declared = {}
    if len(kinds.dyads_of(dataset)) > 1:  # the thresholds say where the dyads stand together
        declared["dyad_sd"] = spread_around(f"{name}_dyad_sd", priors.kind_dyads)
    if spec.kind_drift == "years":
        declared["step"] = spread_around(f"{name}_drift", priors.kind_drift)
        declared["white"] = Free(f"{name}_drift_white", FLAT, (arrays.dyads, SPANS))
    if spec.kind_drift == "eras":
        declared["step"] = spread_around(f"{name}_era_sd", priors.kind_eras)
        declared["raw"] = Free(f"{name}_era_raw", dims=("era",))
    return declared


def add_kinds(arrays: "PanelArrays", kinds: Kinds, data: Mapping[str, Any] | None) -> Own:
    """Add slope, shifts, thresholds and concentration of one side's kinds."""
    import pymc as pm
    import pytensor.tensor as pt

    spec, name, datasets = arrays.spec, kinds.name, kinds.counted.datasets
    declared = declare_kinds(spec, kinds)
    slope: Any = declared["slope"].add()
    shifts = [_add_shift(arrays, kinds, data, 0)]
    if datasets > 1:  # the kinds of another dataset are its own affair
        others = pm.Normal(f"{name}_other_slope", *spec.priors.kind_slope, shape=datasets - 1)
        slope = pm.Deterministic(f"dataset_{name}_slope", pt.concatenate([slope[None], others]), dims="dataset")
        shifts += [_add_shift(arrays, kinds, data, q) for q in range(1, datasets)]
    shift = pm.Deterministic(f"{name}_shift", pt.concatenate(shifts))
    cutpoint = first = declared["cut"].add()
    if kinds.cuts > 1:
        cutpoint = pt.concatenate([first, first + pt.cumsum(declared["gap"].add(), axis=1)], axis=1)
    cutpoint = pm.Deterministic(f"{name}_cutpoint", cutpoint)
    concentration: Any = declared["concentration"].add() if spec.overdispersion else pt.zeros(datasets)
    found = (slope, shift, cutpoint, concentration)
    return {f"{name}_{part}": value for part, value in zip(PARTS, found, strict=True)}


def _add_shift(arrays: "PanelArrays", kinds: Kinds, data: Mapping[str, Any] | None, dataset: int) -> Any:
    """Add the shift of every place, (place,): the dyad's, around which eras vary or years drift."""
    import pymc as pm
    import pytensor.tensor as pt

    name = f"{kinds.name}_{dataset}" if dataset else kinds.name
    declared = declare_shift(arrays, kinds, dataset)
    dyad: Any = pt.zeros(arrays.dyads)
    differing = kinds.dyads_of(dataset)
    if "dyad_sd" in declared:
        spread = declared["dyad_sd"].add()
        own = pm.ZeroSumNormal(f"{name}_dyad", spread, shape=len(differing))  # by itself: each has hundreds of events
        dyad = own if len(differing) == arrays.dyads else dyad[differing].set(own)
    if arrays.spec.kind_drift == "years":
        step = declared["step"].add()
        rows = slice(dataset * arrays.dyads, (dataset + 1) * arrays.dyads)
        if data is None:
            steps = pm.Normal(f"{name}_drift_raw", 0.0, 1.0, shape=(arrays.dyads, SPANS))
            walk = pt.cumsum(steps, axis=1)
            walk = walk - (walk * kinds.record[rows]).sum(axis=1, keepdims=True)
        else:
            white, made_of_white = declared["white"].add()[:, None, :], data[f"{kinds.name}_walk"][rows]
            step_of_white = made_of_white[:, :SPANS]
            steps = pm.Deterministic(f"{name}_drift_raw", (step_of_white * white).sum(axis=2))
            log_det = pt.log(pt.diagonal(step_of_white, axis1=1, axis2=2)).sum()
            constant = 0.5 * arrays.dyads * SPANS * np.log(2.0 * np.pi)
            pm.Potential(f"{name}_drift_prior", log_det - 0.5 * (steps**2).sum() - constant)
            walk = (made_of_white[:, SPANS:] * white).sum(axis=2)
        return (dyad[:, None] + step * walk).ravel()
    if arrays.spec.kind_drift == "eras":
        return dyad[arrays.era_dyad] + declared["step"].add() * declared["raw"].add()
    return dyad[arrays.era_dyad]


def walk_of_white(kinds: Kinds, step: float) -> Float:
    """Return what makes a walk's steps of white noise, and below it its walk, (dataset * dyad, 2 span, span).

    Hundreds of events leave steps far from white; noise of about their covariance is sampled for the same posterior.
    """
    made = np.empty((len(kinds.record), 2 * SPANS, SPANS))
    for both, record, information in zip(made, kinds.record, kinds.information, strict=True):
        walk = np.tril(np.ones((SPANS, SPANS)))
        centred = walk - record @ walk
        precision = np.eye(SPANS) + step**2 * centred.T @ (information[:, None] * centred)
        both[:SPANS] = np.linalg.inv(np.linalg.cholesky(precision)).T
        both[SPANS:] = centred @ both[:SPANS]
    return made


def spans_of(counts: Index, panel: "xr.Dataset") -> tuple[Float, Float]:
    """Return weights over the spans of a record, and the information on them, of counts (dyad, time, dataset)."""
    span, dyads, _, datasets = span_of(panel), *counts.shape
    record, information = np.zeros((2, datasets, dyads, SPANS))
    for dataset, dyad in np.ndindex(datasets, dyads):
        events = counts[dyad, :, dataset]
        seen = span[events > 0] if events.any() else np.array([0, SPANS - 1])
        record[dataset, dyad, seen.min() : seen.max() + 1] = 1.0 / (seen.max() + 1 - seen.min())
        information[dataset, dyad] = INFORMATION * np.bincount(span, events, SPANS)
    return record.reshape(-1, SPANS), information.reshape(-1, SPANS)


def stronger_log_odds(
    name: str, stronger: int, panel: "xr.Dataset", posterior: "xr.Dataset", at: tuple[int, int], kind_drift: str
) -> NDArray[np.float32]:
    """Compute log-odds that an event of a side is expected to be of its strongest kinds, (chain, draw, time)."""
    dyad, dataset = at

    def draws(variable: str) -> NDArray[np.float32]:
        return np.asarray(posterior[variable].transpose("chain", "draw", ...).to_numpy(), dtype=np.float32)

    several = f"dataset_{name}_slope" in posterior
    slope = draws(f"dataset_{name}_slope")[..., dataset] if several else draws(f"{name}_slope")
    place, places = places_of(panel, kind_drift)
    shift = draws(f"{name}_shift")[..., place[dyad] + places * dataset]
    highest = draws(f"{name}_cutpoint")[:, :, dataset, -stronger, None]
    recent = recent_log_odds(count_sides(panel).sum(axis=2), panel)[dyad, :, dataset].astype(np.float32)
    return np.asarray(log_odds(name, slope[..., None], recent, shift - highest))
