"""A posterior without a sampler: plausible draws around made-up truths, by the posterior contract."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.model.observation.readings import FIRST_YEAR, KNOT_YEARS, KNOTS
from forecast.model.process.trend import era_means
from forecast.model.variables import all_variables
from forecast.outlook import assess
from tests.model.panels import consistent

ERAS = {
    "USA-CHN": (("containment", -40), ("engagement", 60), ("competition", 210)),
    "USA-RUS": (("confrontation", 0), ("partnership", 130)),
    "CHN-RUS": (("alliance", 0), ("split", 80), ("alignment", 200)),
}
MU = {"containment": -1.0, "engagement": 1.0, "competition": -0.2, "confrontation": -0.9}


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
        make_panel(dyads, months, frequency, eras or ERAS, directed),
        Spec(trend, cycle, ceiling),
        (chains, draws),
    )
    parts = [_dyad_posterior(panel, dyad, spec, size, spread, seed) for dyad in dyads]
    own = {
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
    posterior = xr.Dataset(own).assign(shared)
    coords = {name: panel[name].to_numpy() for name in ("dyad", "time", "era")}
    return MadeFit(posterior.assign_coords(coords), panel, spec)


def _dims(part):
    return {name: "era" if "era" in values.dims else "dyad" for name, values in part.items()}


def make_panel(dyads, months, frequency, eras, directed=False):
    freq = "MS" if frequency == "month" else "W-MON"
    time = pd.date_range("2000-01-01", periods=months, freq=freq)
    index = np.zeros((len(dyads), months), dtype=np.int16)
    codes, places, names, starts = [], [], [], []
    for place, dyad in enumerate(dyads):
        for code, begin in eras[dyad]:
            index[place, max(0, begin) :] = len(codes)
            codes.append(f"{dyad}:{code}")
            places.append(place)
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
            "era_dyad": ("era", np.array(places, dtype=np.int16)),
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


@pytest.fixture(scope="session")
def fit():
    return make_fit()


@pytest.fixture(scope="session")
def assessment(fit):
    return assess(fit, "USA-CHN", seed=1)


@pytest.fixture(scope="session")
def alike():
    """A fit whose draws are all the same, so that simulations differ by their shocks alone."""
    return make_fit(spread=0.0)


@pytest.fixture(scope="session")
def make():
    """The function that makes fits."""
    return make_fit


def with_feed(made, *, off=-1.0, drift=0.0, ends=None):
    """The same fit with a feed as a second dataset: ten times as many events, `off` log-odds below the first.

    The drift rises by so much in five years, and is zero in 2012; the feed's record ends before the
    month `ends`.
    """
    panel, rng = made.panel, np.random.default_rng(3)
    level = made.posterior["level"].mean(("chain", "draw")).transpose("dyad", "time").to_numpy()
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
    size = made.posterior.sizes["chain"], made.posterior.sizes["draw"]
    rising = np.zeros((*size, panel.sizes["dyad"], 2, KNOTS))
    rising[..., 1, :] = drift * (np.arange(KNOTS) - (2012 - FIRST_YEAR) / KNOT_YEARS)
    own = {
        "direction_offset": np.broadcast_to([0.0, off], (*size, panel.sizes["dyad"], 1, 2)),
        "concentration": np.broadcast_to([6.0, 80.0], (*size, 2)),
        "dataset_drift": rising,
        "dataset_drift_sd": np.full((*size, 1), 0.15),
    }
    old = made.posterior.drop_vars([*own, "dataset"], errors="ignore")
    table = all_variables()
    new = {
        name: (("chain", "draw", *table[name].dims), np.array(values))
        for name, values in own.items()
    }
    names = {"dataset": ["chronology", "feed"]}
    return replace(
        made, posterior=old.assign(new).assign_coords(names), panel=panel.assign_coords(names)
    )
