"""Calibrate the variants of the model, and write reports/calibration: ranks, a table and a figure.

Ranks are those of true parameters among the draws of fits to data simulated from them (Talts et al.
2018, Validating Bayesian inference algorithms with simulation-based calibration,
https://doi.org/10.48550/arXiv.1804.06788). Each form is kept when it is done (ranks/FORM.csv), so
that an interrupted run goes on with the next.
"""

import argparse
import io
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from scipy.stats import kstest

from forecast.base.errors import SpecError
from forecast.base.files import write_csv, write_text
from forecast.base.progress import Progress
from forecast.base.typing import Index
from forecast.model import PendulumSpec, fit, prior_draws, simulate_panel
from forecast.model.spec import spec_for
from forecast.model.variables import all_variables, sampled_variables

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.made import make_panel  # noqa: E402  (the shapes are those of the tests)

SHAPE = {"dyads": 2, "periods": 100, "events": 3.0, "empty": 0.1, "seed": 5}
FORMS: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "default": ({}, {}, "headroom"),
    "no-ceiling": ({"ceiling": "none"}, {}, "trend_half_life"),
    "walk": ({"trend": "walk"}, {}, "trend_jump"),
    "constant": ({"trend": "constant"}, {}, "trend_jump"),
    "band": ({"cycle": "band"}, {}, "band"),
    "cubic": ({"cycle": "cubic"}, {}, "stiffening"),
    "no-cycle": ({"trend": "walk", "cycle": "none"}, {}, "trend_jump"),
    "datasets": ({}, {"datasets": 2}, "concentration"),
    "index": ({"observation": "index"}, {"index": True}, "index_error"),
}
"""Choices of the model, what differs in the panel, and the variable that the figure shows in its
last column."""

COLUMNS = ("level", "cycle_half_life", "cycle_sd", "trend_step", "own")


type Ranks = Index

AMONG = 100
"""Draws that a truth is ranked among, spread over the chains so that they are nearly
independent."""
MONTHS_APART = 13


def calibrate(
    panel: xr.Dataset,
    spec: PendulumSpec | None = None,
    *,
    panels: int = 100,
    draws: int = 300,
    tune: int = 400,
    chains: int = 2,
    seed: int = 1,
    cores: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Draw truths from the prior, simulate a panel of each, and fit it.

    The truth is ranked among the posterior's draws.
    """
    spec, cores = spec or spec_for(panel), cores or os.cpu_count() or 1
    if draws * chains < AMONG:
        raise SpecError(
            f"draws: {chains} x {draws} are fewer than the {AMONG} that a truth is ranked among; "
            "take more"
        )
    truths = prior_draws(panel, spec, draws=panels, seed=seed)
    seeds = [int(one >> 1) for one in np.random.SeedSequence(seed).generate_state(panels)]
    sampler: dict[str, Any] = {
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "cores": 1 if cores > 1 else chains,
    }
    work, found = partial(_ranks, panel, spec, sampler), []
    tasks = [truths.isel(draw=i) for i in range(panels)], seeds
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        # Each process compiles its model once.
        for ranks in (
            map(work, *tasks) if cores == 1 or panels < 2 * cores else pool.map(work, *tasks)
        ):
            found.append(ranks)
            if progress:
                progress("ranking truths", len(found), panels)
    rows = {name: np.array([ranks[name] for ranks in found]) for name in found[0]}
    return xr.Dataset(
        {name: (("panel", f"{name}_number"), ranks) for name, ranks in rows.items() if ranks.size}
    )


def _ranks(
    panel: xr.Dataset, spec: PendulumSpec, sampler: dict[str, Any], truth: xr.Dataset, seed: int
) -> dict[str, Ranks]:
    """Fit one simulated panel, and rank every number that varies."""
    simulated, level = simulate_panel(panel, truth, spec, seed=seed)
    posterior = fit(simulated, spec, seed=seed, **sampler).posterior
    shared = [name for name in sampled_variables() if name in posterior and name in truth]
    every = slice(None, None, MONTHS_APART)
    found = {name: _below(truth[name], posterior[name]) for name in shared}
    return found | {"level": _below(level.isel(time=every), posterior["level"].isel(time=every))}


def _below(truth: xr.DataArray, drawn: xr.DataArray) -> Ranks:
    """Count the draws below each number of a quantity.

    One that is pinned, such as a cutpoint at zero, has no rank.
    """
    values = drawn.stack(all=("chain", "draw")).transpose("all", ...).to_numpy()
    values = values[np.linspace(0, len(values) - 1, AMONG).round().astype(int)]
    varies = np.ravel(values.std(0) > 0)
    return np.asarray(np.ravel((values < truth.to_numpy()).sum(0))[varies], dtype=np.int64)


def coverage(ranks: Ranks, mass: float = 0.9) -> float:
    """Share of ranks inside the central interval of so much mass.

    Its expectation is a little above ``mass``.

    Of the ``AMONG + 1`` ranks those from ``AMONG (1 - mass) / 2`` to ``AMONG (1 + mass) / 2`` lie
    inside.
    """
    low, high = AMONG * (1 - mass) / 2, AMONG * (1 + mass) / 2
    return float(((ranks >= low) & (ranks <= high)).mean())


def main() -> None:
    """Calibrate what is not done, then write table and figure of all that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=60)
    parser.add_argument("--forms", nargs="+", default=list(FORMS), choices=list(FORMS))
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "calibration")
    options = parser.parse_args()
    for form in options.forms:
        path = options.out / "ranks" / f"{form}.csv"
        if not path.exists():
            choices, shape, _ = FORMS[form]
            ranks = calibrate(
                make_panel(**SHAPE | shape), PendulumSpec(**choices), panels=options.panels, seed=11
            )
            write_csv(path, as_table(ranks))
        print(f"{form}: {path}", flush=True)
    kept = {
        form: pd.read_csv(path)
        for form in FORMS
        if (path := options.out / "ranks" / f"{form}.csv").exists()
    }
    table = pd.concat([summary(form, ranks) for form, ranks in kept.items()], ignore_index=True)
    write_csv(options.out / "calibration.csv", table)
    write_text(options.out / "calibration.svg", figure(kept))


def as_table(ranks: xr.Dataset) -> pd.DataFrame:
    """Put ranks into rows: quantity, number, panel, rank."""
    parts = []
    for name, values in ranks.items():
        panel, number = np.indices(values.shape)
        columns = {
            "number": number.ravel(),
            "panel": panel.ravel(),
            "rank": values.to_numpy().ravel(),
        }
        parts.append(pd.DataFrame({"quantity": name, **columns}))
    return pd.concat(parts, ignore_index=True)


def summary(form: str, ranks: pd.DataFrame) -> pd.DataFrame:
    """Coverage of central intervals, and the smallest Kolmogorov-Smirnov p.

    Coverage has standard errors over panels.
    """
    rows = []
    for name, own in ranks.groupby("quantity", sort=False):
        by_panel = {
            mass: own.groupby("panel")["rank"].apply(lambda r, m=mass: coverage(r.to_numpy(), m))
            for mass in (0.5, 0.9)
        }
        ps = [
            kstest((r + 0.5) / (AMONG + 1), "uniform").pvalue
            for _, r in own.groupby("number")["rank"]
        ]
        panels = own["panel"].nunique()
        rows.append(
            {
                "form": form,
                "quantity": name,
                "numbers": own["number"].nunique(),
                "panels": panels,
                **{
                    f"coverage_{100 * mass:.0f}": round(float(found.mean()), 3)
                    for mass, found in by_panel.items()
                },
                "coverage_90_error": round(float(by_panel[0.9].std(ddof=1) / np.sqrt(panels)), 3),
                "smallest_ks_p": round(float(min(ps)), 4),
            }
        )
    return pd.DataFrame(rows)


def figure(kept: dict[str, pd.DataFrame]) -> str:
    """Draw the cumulative ranks less the diagonal, a row a form.

    The band holds 95% of such curves whole.
    """
    with mpl.rc_context({"svg.hashsalt": "calibration", "font.size": 8}):
        drawing = Figure(figsize=(9.5, 1.45 * len(kept) + 0.6), layout="constrained")
        axes = drawing.subplots(len(kept), len(COLUMNS), sharex=True, sharey=True, squeeze=False)
        for row, (form, ranks) in zip(axes, kept.items(), strict=True):
            edge = band(int(ranks["panel"].nunique()))
            for at, column in zip(row, COLUMNS, strict=True):
                name = FORMS[form][-1] if column == "own" else column
                own = ranks[ranks["quantity"] == name]
                if not len(own):
                    at.set_axis_off()
                    continue
                at.fill_between(edge["at"], -edge["width"], edge["width"], color="#d9dde3", lw=0)
                for _, one in own.groupby("number"):
                    at.plot(
                        edge["at"],
                        excess(one["rank"].to_numpy()),
                        color="#0a4f8f",
                        lw=0.7,
                        alpha=0.7,
                    )
                at.set_title(all_variables()[name].label, fontsize=8, loc="left")
            row[0].set_ylabel(form)
        for at in axes[-1]:
            at.set_xlabel("rank of the truth, 0 to 1")
        text = io.StringIO()
        drawing.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def excess(ranks: np.ndarray) -> np.ndarray:
    """Share of ranks up to each possible one, less what is expected of uniform ranks."""
    possible = np.arange(AMONG + 1)
    return np.searchsorted(np.sort(ranks), possible, side="right") / ranks.size - (possible + 1) / (
        AMONG + 1
    )


def band(panels: int, curves: int = 4000) -> dict[str, np.ndarray]:
    """Half-width of a band that holds 95% of the curves of uniform ranks.

    It holds them from end to end, by simulation.
    """
    rng = np.random.default_rng(1)
    simulated = np.array([excess(rng.integers(0, AMONG + 1, panels)) for _ in range(curves)])
    at = (np.arange(AMONG + 1) + 1) / (AMONG + 1)
    spread = np.sqrt(at * (1 - at) / panels)
    reach = np.quantile(np.max(np.abs(simulated[:, :-1]) / spread[:-1], axis=1), 0.95)
    return {"at": at, "width": reach * spread}


if __name__ == "__main__":
    main()
