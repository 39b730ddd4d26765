"""A posterior without a sampler: plausible draws around made-up truths, by the posterior contract."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.model.observation.readings import FIRST_YEAR, KNOT_YEARS, KNOTS
from forecast.model.variables import all_variables
from forecast.outlook import assess
from forecast.scale import soft_ceiling
from tests.model.panels import consistent

SOFTNESS = 0.25
ERAS = {
    "USA-CHN": (("containment", -40), ("engagement", 60), ("competition", 210)),
    "USA-RUS": (("confrontation", 0), ("partnership", 130)),
    "CHN-RUS": (("alliance", 0), ("split", 80), ("alignment", 200)),
}
MU = {"containment": -1.0, "engagement": 1.0, "competition": -0.2, "confrontation": -0.9}


@dataclass(frozen=True)
class Spec:
    dynamics: str = "linear"
    ceiling_softness: float = SOFTNESS
    record_weight: float = 0.0


@dataclass(frozen=True)
class MadeFit:
    posterior: xr.Dataset
    panel: xr.Dataset
    spec: Spec

    def __post_init__(self):
        object.__setattr__(self, "panel", consistent(self.panel))


def make_fit(
    dyads=("USA-CHN", "USA-RUS", "CHN-RUS"),
    *,
    dynamics="linear",
    ceiling="era",
    depth=True,
    months=300,
    chains=2,
    draws=150,
    frequency="month",
    eras=None,
    spread=1.0,
    student=False,
    directed=False,
    seed=1,
):
    """Make a fit; `spread` = 0 makes all draws alike."""
    # One stream a dyad: a dyad's draws do not depend on which others there are.
    panel = make_panel(dyads, months, frequency, eras or ERAS, directed)
    parts = [_dyad_posterior(panel, dyad, dynamics, ceiling, depth, (chains, draws), spread, seed) for dyad in dyads]
    own = {name: xr.concat([part[name] for part in parts], dim=part_dim) for name, part_dim in _dims(parts[0]).items()}
    rng = np.random.default_rng(seed)
    size = chains, draws

    def common(centre, sd):
        return ("chain", "draw"), np.exp(np.log(centre) + spread * sd * rng.standard_normal(size))

    classes = panel.sizes["class"]
    cut = np.broadcast_to((np.arange(classes - 1.0) - 3) * 0.9, (*size, 1, classes - 1))
    shared = {
        "cutpoint": (("chain", "draw", "dataset", "cut"), cut.copy()),
        "concentration": (("chain", "draw", "dataset"), np.full((*size, 1), 6.0)),
        "direction_offset": (
            ("chain", "draw", "dyad", "direction", "dataset"),
            np.zeros((*size, len(dyads), panel.sizes["direction"], 1)),
        ),
    }
    if dynamics != "none":
        shared["mu_era_sd"] = common(0.7, 0.2)
    if ceiling == "era":
        shared["headroom_era_sd"] = common(0.3, 0.2)
    if depth:
        shared["depth_sd"] = common(0.5, 0.2)
    if student:
        shared["shock_df"] = ("chain", "draw"), np.full(size, 5.0)
    posterior = xr.Dataset(own).assign(shared)
    coords = {name: panel[name].to_numpy() for name in ("dyad", "time", "era")}
    return MadeFit(posterior.assign_coords(coords), panel, Spec(dynamics))


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
    counts = np.stack([np.random.default_rng([7, *dyad.encode()]).poisson(0.6, size) for dyad in dyads])
    covered = np.ones((1, len(dyads), months), dtype=bool)
    return xr.Dataset(
        {
            "counts": (("dataset", "dyad", "time", "direction", "class"), counts[None].astype(np.int32)),
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
            "unit": "happening",
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


def _dyad_posterior(panel, dyad, dynamics, ceiling, depth, size, spread, seed):
    rng = np.random.default_rng([seed, *dyad.encode()])
    era_of = panel["era_index"].sel(dyad=dyad).to_numpy()
    eras = np.unique(era_of)
    codes = [str(code).rpartition(":")[2] for code in panel["era"].to_numpy()[eras]]

    def normal(*shape):
        return spread * rng.standard_normal((*size, *shape))

    def by_dyad(values):
        return ("chain", "draw", "dyad"), values[..., None]

    half_life = np.exp(np.log(30.0) + 0.3 * normal())
    phi = 0.5 ** (1 / half_life) if dynamics != "none" else np.ones(size)
    sd = np.exp(np.log(0.6) + 0.15 * normal())
    sigma = sd * np.sqrt(1 - phi**2) if dynamics != "none" else np.exp(np.log(0.12) + 0.15 * normal())
    mu = np.array([MU.get(code, 0.4) for code in codes]) + 0.25 * normal(len(codes))
    headroom = np.exp(0.1 + 0.3 * normal(len(codes)))
    if dynamics == "none":
        mu, headroom = np.zeros_like(mu), headroom + 1.5
    if ceiling == "constant":
        top = mu.max(axis=-1, keepdims=True) + headroom[..., :1]
        headroom = top - mu
    limit = mu + headroom if ceiling else None

    months = len(era_of)
    era_at = era_of - eras[0]
    truth = np.empty(months)
    centre = np.array([MU.get(code, 0.4) for code in codes])[era_at]
    path_rng = np.random.default_rng([99, *dyad.encode()])
    truth[0] = centre[0]
    for t in range(1, months):
        truth[t] = centre[t] + 0.97 * (truth[t - 1] - centre[t]) + 0.12 * path_rng.standard_normal()
    wobble = np.empty((*size, months))
    wobble[..., 0] = 0.3 * normal()
    for t in range(1, months):
        wobble[..., t] = 0.95 * wobble[..., t - 1] + 0.09 * normal()
    state = truth + wobble
    level = soft_ceiling(state, None if limit is None else limit[..., era_at], SOFTNESS)
    tau = np.exp(np.log(0.5) + 0.2 * normal())
    values = {
        "level": (("chain", "draw", "dyad", "time"), level[:, :, None, :].astype(np.float32)),
        "state": by_dyad(state[..., -1]),
        "sigma": by_dyad(sigma),
        "tau": by_dyad(tau),
    }
    if dynamics != "none":
        values |= {"phi": by_dyad(phi), "half_life": by_dyad(half_life), "sd": by_dyad(sd)}
        values |= {"mu": (("chain", "draw", "era"), mu), "mu_dyad": by_dyad(0.1 + 0.2 * normal())}
    if ceiling:
        values |= {
            "headroom": (("chain", "draw", "era"), headroom),
            "ceiling": (("chain", "draw", "era"), limit),
            "headroom_dyad": by_dyad(0.1 + 0.2 * normal()),
        }
    if depth:
        values["depth"] = ("chain", "draw", "era"), 0.9 * np.expm1(0.4 * normal(len(codes)))
    return xr.Dataset(values)


@pytest.fixture(scope="session")
def fit():
    return make_fit()


@pytest.fixture(scope="session")
def assessment(fit):
    return assess(fit, "USA-CHN", seed=1)


@pytest.fixture(scope="session")
def alike():
    """A fit whose draws are all the same, so that futures differ by their shocks alone."""
    return make_fit(spread=0.0)


@pytest.fixture(scope="session")
def make():
    """The function that makes fits."""
    return make_fit


def with_feed(made, *, off=-1.0, drift=0.0, ends=None):
    """The same fit with a feed as a second dataset: ten times as many happenings, `off` log-odds below the first.

    The drift rises by so much in five years, and is zero in 2012; the feed's record ends before the month `ends`.
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
    if "cutpoint" in made.posterior:
        own["cutpoint"] = made.posterior["cutpoint"].to_numpy().repeat(2, axis=2)
    old = made.posterior.drop_vars([*own, "dataset"], errors="ignore")
    table = all_variables()
    new = {name: (("chain", "draw", *table[name].dims), np.array(values)) for name, values in own.items()}
    names = {"dataset": ["chronology", "feed"]}
    return replace(made, posterior=old.assign(new).assign_coords(names), panel=panel.assign_coords(names))
