"""Panels and fits of any shape for tests, made without a sampler, and numerical tools.

- `make_panel` makes a panel of any shape.
- `unobserved` is a fit of a panel of which nothing was observed: the posterior is the prior, and
  draws of it are exact. `leave_out_sampling` lets commands make such fits.
- `make_fit` is a fit around made-up truths, with plausible draws by the contract of posteriors.

Every test imports them from here, so that what they keep is made once in a process.
"""

import json
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from forecast.data.panel import recounted, validate_panel
from forecast.model.fitted import Fit
from forecast.model.observation.readings import FIRST_YEAR, KNOT_YEARS, KNOTS
from forecast.model.process.trend import era_means
from forecast.model.spec import spec_for
from forecast.model.storage import KIND, SCHEMA
from forecast.model.variables import all_variables

NAMES = (
    "USA-CHN",
    "USA-RUS",
    "CHN-RUS",
    "CHN-JPN",
    *(f"AA{letter}-BB{letter}" for letter in "ABCDEFGHIJ"),
)
ERAS = {
    "USA-CHN": (("containment", -40), ("engagement", 60), ("competition", 210)),
    "USA-RUS": (("confrontation", 0), ("partnership", 130)),
    "CHN-RUS": (("alliance", 0), ("split", 80), ("alignment", 200)),
}
MU = {"containment": -1.0, "engagement": 1.0, "competition": -0.2, "confrontation": -0.9}
_UNSAMPLED = {}
"""Fits that `unsampled` has made, by the dyads and length of their panel."""


def make_panel(
    dyads=1,
    periods=24,
    *,
    eras=2,
    datasets=1,
    directions=1,
    classes=8,
    zero_cut=4,
    events=1.5,
    empty=0.4,
    index=False,
    frequency="month",
    seed=0,
    first_era=0,
):
    """A panel with `events` expected a report, `empty` of the months left empty and `eras` a dyad.

    The first of them begins in period `first_era`.
    """
    rng = np.random.default_rng(seed)
    begins = np.linspace(0, periods, eras, endpoint=False).astype(int)
    era_of_time = np.searchsorted(begins, np.arange(periods), side="right") - 1
    freq = {"month": "MS", "week": "W-MON"}[frequency]
    years = periods / {"month": 12, "week": 52.17}[frequency]
    first = next(
        year for year in (2000, 1945, 1760) if year + years <= 2026
    )  # nothing is in the future
    time = pd.date_range(f"{first}-01-01", periods=periods, freq=freq).as_unit("ns")
    codes = [f"{NAMES[d]}:{e}" for d in range(dyads) for e in range(eras)]
    shared = {
        "era_index": (
            ("dyad", "time"),
            (era_of_time + eras * np.arange(dyads)[:, None]).astype(np.int16),
        )
    }
    coords = {
        "dyad": list(NAMES[:dyads]),
        "time": time,
        "era": codes,
        "era_dyad": ("era", np.repeat(np.arange(dyads), eras).astype(np.int16)),
        "era_name": ("era", [code.rpartition(":")[2] for code in codes]),
        "era_start": (
            "era",
            pd.DatetimeIndex(np.tile(time[np.maximum(begins, first_era)], dyads)).as_unit("ns"),
        ),
    }
    attrs = {"schema": 1, "frequency": frequency, "as_of": "", "digest": "made", "late": 0}
    seen = rng.random((dyads, periods)) >= empty
    seen[:, 0] = True
    if index:
        values = np.where(seen, rng.standard_normal((dyads, periods)).cumsum(axis=1), np.nan)
        panel = xr.Dataset(shared | {"index": (("dyad", "time"), values)}, coords, attrs)
        validate_panel(panel)
        return panel
    counts = (
        rng.poisson(events / classes, (datasets, dyads, periods, directions, classes))
        * seen[..., None, None]
    )
    counts[0, :, 0, 0, -1] += 1
    coords |= {
        "dataset": [f"feed{q}" for q in range(datasets)],
        "direction": ["first", "second"] if directions == 2 else ["both"],
        "class": np.arange(classes),
        "class_name": ("class", [f"class {j}" for j in range(classes)]),
    }
    attrs |= {
        "scale": "made",
        "unit": "event",
        "zero_cut": zero_cut,
        "counted": int(counts.sum()),
        "paired": 0,
        "outside_coverage": "{}",
        "outside_span": 0,
    }
    dims = ("dataset", "dyad", "time", "direction", "class")
    variables = {
        "counts": (dims, counts.astype(np.int32)),
        "covered": (dims[:3], np.ones((datasets, dyads, periods), dtype=bool)),
    }
    panel = xr.Dataset(shared | variables, coords, attrs)
    validate_panel(panel)
    return panel


def consistent(panel):
    """A panel that a test has changed by hand, as a panel of such counts and coverage would be.

    What is not covered holds no counts, and how many there are is said.
    """
    if "counts" not in panel:
        return panel
    counts = panel["counts"] * panel["covered"].astype(panel["counts"].dtype)
    return recounted(panel.assign(counts=counts.transpose(*panel["counts"].dims)))


def numerical_gradient(function, point, step=1e-3):
    """Gradient by the five-point stencil: errors of the order of step**4, and 1e-13 by rounding."""
    point = np.asarray(point, dtype=float)
    gradient = np.empty(point.shape)
    for coordinate in np.ndindex(point.shape):
        shift = np.zeros(point.shape)
        shift[coordinate] = step * max(1.0, abs(point[coordinate]))
        near = function(point + shift) - function(point - shift)
        far = function(point + 2 * shift) - function(point - 2 * shift)
        gradient[coordinate] = (8 * near - far) / (12 * shift[coordinate])
    return gradient


def python_mode():
    """PyTensor without compilation.

    Building a function takes a tenth of a second instead of ten.
    """
    from pytensor.compile.mode import Mode

    return Mode(linker="py", optimizer=None)


def unobserved(panel, spec, *, chains=1, draws=1000, seed=1):
    """The fit of a panel of which nothing was observed: no counts, or an index without values."""
    # Made panels serve processes that are to import no PyMC.
    from forecast.model.simulation import prior_draws, simulate_path

    panel = panel.copy(deep=True)
    blank = "counts" if "counts" in panel else "index"
    panel[blank] = (
        xr.zeros_like(panel[blank]) if blank == "counts" else xr.full_like(panel[blank], np.nan)
    )
    panel = recounted(panel)
    prior = prior_draws(panel, spec, draws=chains * draws, seed=seed)
    if "index_error" in prior:
        # The prior allows errors of next to nothing, which make weights without a variance.
        prior["index_error"] = prior["index_error"] + 0.3
    era, rng = panel["era_index"].to_numpy(), np.random.default_rng(seed)
    path = simulate_path(prior, era, spec, rng)
    trend, level = path.trend, path.level
    if spec.has_ceiling:
        numbers, first = np.unique(era, return_index=True)
        dyad, start = np.unravel_index(first, era.shape)
        ceiling = np.full((len(trend), numbers[-1] + 1), np.nan)
        ceiling[:, numbers] = trend[:, dyad, start] + prior["headroom"].to_numpy()[:, numbers]
        prior["ceiling"] = (("draw", "era"), np.where(np.isnan(ceiling), 0.0, ceiling))
    means = [era_means(trend[:, d], eras, np.unique(eras)) for d, eras in enumerate(era)]
    posterior = prior.drop_attrs().assign(
        level=(("draw", "dyad", "time"), level.astype(np.float32)),
        trend=(("draw", "dyad", "time"), trend.astype(np.float32)),
        mu=(("draw", "era"), np.concatenate(means, axis=1)),
    )
    in_chains = {
        name: (
            ("chain", "draw", *values.dims[1:]),
            values.to_numpy().reshape(chains, draws, *values.shape[1:]),
        )
        for name, values in posterior.items()
    }
    named = ("dyad", "time", "era", "dataset", "direction")
    coords = {name: panel[name].to_numpy() for name in named if name in panel.coords}
    noise = np.random.default_rng(seed + 1).standard_normal((chains, draws))
    steps = np.ones(noise.shape, dtype=np.int64)
    stats = {"diverging": noise > 9, "energy": noise, "step_size": noise, "n_steps": steps}
    provenance = {
        "seed": seed,
        "sampler": "nutpie",
        "draws": draws,
        "tune": 1,
        "chains": chains,
        "cores": 1,
        "data_digest": panel.attrs["digest"],
        "versions": {},
        "python": "",
        "seconds": {},
    }
    attributes = {
        "kind": KIND,
        "schema": SCHEMA,
        "spec": json.dumps(spec.to_dict()),
        "provenance": json.dumps(provenance),
    }
    groups = {
        "posterior": xr.Dataset(
            in_chains, {"chain": np.arange(chains), "draw": np.arange(draws), **coords}
        ),
        "sample_stats": xr.Dataset(
            {name: (("chain", "draw"), values) for name, values in stats.items()}
        ),
        "constant_data": panel,
    }
    return Fit({"/": xr.Dataset(attrs=attributes), **groups})


def unsampled(panel, spec=None, *, seed=1, per_chain=100, **_):
    """Fit a panel without looking at it: independent draws of the prior, which pass every check."""
    key = (per_chain, panel.sizes["time"], *panel["dyad"].to_numpy().tolist(), seed)
    if key not in _UNSAMPLED:
        _UNSAMPLED[key] = unobserved(panel, spec_for(panel), chains=2, draws=per_chain, seed=seed)
    tree = _UNSAMPLED[key].tree
    groups = {name: tree[name].to_dataset() for name in ("posterior", "sample_stats")}
    fit = Fit({"/": tree.to_dataset(), **groups, "constant_data": panel})
    return fit.noting(data_digest=panel.attrs["digest"])


def leave_out_sampling(patch, per_chain=100):
    """Let commands make such fits.

    The draws are few, and the limits of convergence as much lower.
    """
    for name_of_fit in ("forecast.model.sampling.fit", "forecast.model.fit"):
        patch.setattr(name_of_fit, partial(unsampled, per_chain=per_chain))
    for name, limit in (
        ("gate.ESS_LIMIT", 50),
        ("particles.ESS_LIMIT", 50),
        ("gate.R_HAT_LIMIT", 1.3),
    ):
        patch.setattr(f"forecast.model.{name}", limit)


@dataclass(frozen=True)
class Spec:
    trend: str = "reverting"
    cycle: str = "linear"
    ceiling: str = "framework"

    @property
    def moves(self):
        return self.trend != "constant"


@dataclass(frozen=True)
class MadeFit:
    posterior: xr.Dataset
    panel: xr.Dataset
    spec: Spec

    def __post_init__(self):
        object.__setattr__(self, "panel", consistent(self.panel))

    @property
    def dyads(self):
        return list(map(str, self.panel["dyad"].to_numpy()))


def make_fit(
    dyads=("USA-CHN", "USA-RUS", "CHN-RUS"),
    *,
    trend="reverting",
    cycle="linear",
    ceiling="framework",
    months=300,
    chains=2,
    draws=150,
    frequency="month",
    eras=None,
    spread=1.0,
    directed=False,
    seed=1,
):
    """Make a fit; `spread` = 0 makes all draws alike."""
    # One stream a dyad: a dyad's draws do not depend on which others there are.
    panel, spec, size = (
        panel_with_eras(dyads, months, frequency, eras or ERAS, directed),
        Spec(trend, cycle, ceiling),
        (chains, draws),
    )
    parts = [_dyad_posterior(panel, dyad, spec, size, spread, seed) for dyad in dyads]
    by_part = {
        name: xr.concat([part[name] for part in parts], dim=part_dim)
        for name, part_dim in _dims(parts[0]).items()
    }
    rng = np.random.default_rng(seed)

    def common(centre, sd):
        return ("chain", "draw"), np.exp(np.log(centre) + spread * sd * rng.standard_normal(size))

    shared = {
        "concentration": (("chain", "draw", "dataset"), np.full((*size, 1), 6.0)),
        "direction_offset": (
            ("chain", "draw", "dyad", "direction", "dataset"),
            np.zeros((*size, len(dyads), panel.sizes["direction"], 1)),
        ),
        "trend_jump": common(0.5, 0.2),
    }
    if trend == "reverting":
        shared["trend_half_life"] = common(120.0, 0.3)
    if spec.moves:
        half_lives = shared["trend_half_life"][1] if trend == "reverting" else np.inf
        shared["trend_retention"] = (
            ("chain", "draw"),
            np.broadcast_to(0.5 ** (1.0 / half_lives), size).copy(),
        )
    if ceiling == "framework":
        shared["headroom_era_sd"] = common(0.3, 0.2)
    posterior = xr.Dataset(by_part).assign(shared)
    coords = {name: panel[name].to_numpy() for name in ("dyad", "time", "era")}
    return MadeFit(posterior.assign_coords(coords), panel, spec)


def _dims(part):
    return {name: "era" if "era" in values.dims else "dyad" for name, values in part.items()}


def panel_with_eras(dyads, months, frequency, eras, directed=False):
    """Make a panel of the chronology's form, with named eras."""
    freq = "MS" if frequency == "month" else "W-MON"
    time = pd.date_range("2000-01-01", periods=months, freq=freq)
    index = np.zeros((len(dyads), months), dtype=np.int16)
    codes, era_dyads, names, starts = [], [], [], []
    for number, dyad in enumerate(dyads):
        for code, begin in eras[dyad]:
            index[number, max(0, begin) :] = len(codes)
            codes.append(f"{dyad}:{code}")
            era_dyads.append(number)
            names.append(code.capitalize())
            starts.append(time[0] + pd.DateOffset(months=begin) if begin < 0 else time[begin])
    directions = ["first", "second"] if directed else ["both"]
    size = months, len(directions), 8
    counts = np.stack(
        [np.random.default_rng([7, *dyad.encode()]).poisson(0.6, size) for dyad in dyads]
    )
    covered = np.ones((1, len(dyads), months), dtype=bool)
    return xr.Dataset(
        {
            "counts": (
                ("dataset", "dyad", "time", "direction", "class"),
                counts[None].astype(np.int32),
            ),
            "covered": (("dataset", "dyad", "time"), covered),
            "era_index": (("dyad", "time"), index),
        },
        coords={
            "dataset": ["chronology"],
            "dyad": list(dyads),
            "time": time.as_unit("ns"),
            "direction": directions,
            "class": np.arange(8),
            "class_name": ("class", [f"class {j}" for j in range(8)]),
            "era": codes,
            "era_dyad": ("era", np.array(era_dyads, dtype=np.int16)),
            "era_name": ("era", names),
            "era_start": ("era", pd.DatetimeIndex(starts).as_unit("ns")),
        },
        attrs={
            "schema": 1,
            "scale": "commitment",
            "unit": "event",
            "frequency": frequency,
            "zero_cut": 4,
            "as_of": "",
            "digest": "",
            "late": 0,
            "counted": int(counts.sum()),
            "paired": 0,
            "outside_coverage": "{}",
            "outside_span": 0,
        },
    )


def _dyad_posterior(panel, dyad, spec, size, spread, seed):
    rng = np.random.default_rng([seed, *dyad.encode()])
    era_of = panel["era_index"].sel(dyad=dyad).to_numpy()
    eras, begins, era_at = np.unique(era_of, return_index=True, return_inverse=True)
    codes = [str(code).rpartition(":")[2] for code in panel["era"].to_numpy()[eras]]

    def normal(*shape):
        return spread * rng.standard_normal((*size, *shape))

    def by_dyad(values):
        return ("chain", "draw", "dyad"), values[..., None]

    def by_time(values):
        return ("chain", "draw", "dyad", "time"), values[:, :, None, :].astype(np.float32)

    half_life = np.exp(np.log(30.0) + 0.3 * normal())
    phi = 0.5 ** (1 / half_life)
    sd = np.exp(np.log(0.6) + 0.15 * normal())
    tau = np.exp(np.log(0.5) + 0.2 * normal())
    step = np.exp(np.log(0.04) + 0.2 * normal())
    headroom = np.exp(0.1 + 0.3 * normal(len(codes)))
    path_rng = np.random.default_rng([99, *dyad.encode()])
    news, wander = (path_rng.standard_normal(len(era_of)) for _ in range(2))
    swings = _reverting(news, 0.97, 0.12) + _reverting(normal(len(era_of)), 0.95, 0.09)
    free = (np.array([MU.get(code, 0.4) for code in codes]) + 0.25 * normal(len(codes)))[
        ..., era_at
    ]
    if spec.moves:
        free = free + 0.02 * wander.cumsum()
    if spec.cycle == "none":
        free, swings = free + swings, 0.0
    limit = free[..., begins] + headroom if spec.ceiling == "framework" else None
    trend = free if limit is None else np.minimum(free, limit[..., era_at] - 0.05)
    values = {
        "level": by_time(trend + swings),
        "trend": by_time(trend),
        "mu": (("chain", "draw", "era"), era_means(trend, era_at, np.arange(len(codes)))),
        "trend_mean": by_dyad(0.1 + 0.2 * normal()),
        "tau": by_dyad(tau),
    }
    if spec.moves:
        values["trend_step"] = by_dyad(step)
    if spec.cycle != "none":
        values |= {
            "phi": by_dyad(phi),
            "cycle_half_life": by_dyad(half_life),
            "cycle_sd": by_dyad(sd),
        }
        values["sigma"] = by_dyad(sd * np.sqrt(1 - phi**2))
    if limit is not None:
        values |= {
            "headroom": (("chain", "draw", "era"), headroom),
            "ceiling": (("chain", "draw", "era"), limit),
            "headroom_dyad": by_dyad(0.1 + 0.2 * normal()),
        }
    return xr.Dataset(values)


def _reverting(shocks, kept, step):
    """A path (..., time) that reverts to zero, in its stationary state from the start."""
    path = step * shocks
    path[..., 0] = path[..., 0] / np.sqrt(1 - kept**2)
    for t in range(1, path.shape[-1]):
        path[..., t] += kept * path[..., t - 1]
    return path


def with_feed(fit, *, off=-1.0, drift=0.0, ends=None):
    """The same fit with a feed as a second dataset.

    Ten times as many events, `off` log-odds below the first.

    The drift rises by so much in five years, and is zero in 2012; the feed's record ends before the
    month `ends`.
    """
    panel, rng = fit.panel, np.random.default_rng(3)
    level = fit.posterior["level"].mean(("chain", "draw")).transpose("dyad", "time").to_numpy()
    side = rng.binomial(40, 1 / (1 + np.exp(-(level + off))))
    counts = np.zeros_like(panel["counts"].to_numpy())
    counts[0, :, :ends, 0, 4], counts[0, :, :ends, 0, 3] = side[:, :ends], 40 - side[:, :ends]
    both = np.concatenate([panel["counts"].to_numpy(), counts])
    covered = np.repeat(panel["covered"].to_numpy(), 2, axis=0)
    if ends is not None:
        covered[1, :, ends:] = False
    dims = {name: panel[name].dims for name in ("counts", "covered")}
    panel = panel.drop_vars(["counts", "covered", "dataset"]).assign(
        counts=(dims["counts"], both), covered=(dims["covered"], covered)
    )
    size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    rising = np.zeros((*size, panel.sizes["dyad"], 2, KNOTS))
    rising[..., 1, :] = drift * (np.arange(KNOTS) - (2012 - FIRST_YEAR) / KNOT_YEARS)
    of_feed = {
        "direction_offset": np.broadcast_to([0.0, off], (*size, panel.sizes["dyad"], 1, 2)),
        "concentration": np.broadcast_to([6.0, 80.0], (*size, 2)),
        "dataset_drift": rising,
        "dataset_drift_sd": np.full((*size, 1), 0.15),
    }
    without_feed = fit.posterior.drop_vars([*of_feed, "dataset"], errors="ignore")
    table = all_variables()
    new = {
        name: (("chain", "draw", *table[name].dims), np.array(values))
        for name, values in of_feed.items()
    }
    names = {"dataset": ["chronology", "feed"]}
    return replace(
        fit,
        posterior=without_feed.assign(new).assign_coords(names),
        panel=panel.assign_coords(names),
    )
