"""Calibrate what is published.

Data sets on the real layout of dyads and months are fitted a year before the end.

    python scripts/calibrate_published.py --panels 100 --out calibration

Each truth is drawn from the prior. Ranked among the draws of its posterior are the share of the
twelve months ahead (at their event counts), trend, ceiling and level at the forecast date, and
parameters; the chances of a higher and a lower share are compared with what happened. No new
framework begins in the year ahead, and no simulation repeats base rates. Finished data sets are
kept in the folder, so that an interrupted run continues.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import kstest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast import build_panel, fit, read_chronology  # noqa: E402
from forecast.base.files import write_text  # noqa: E402
from forecast.data.events import hierarchy  # noqa: E402
from forecast.data.panel import recounted  # noqa: E402
from forecast.model.arrays import first_eras  # noqa: E402
from forecast.model.simulation import prior_draws, simulate_panel, simulate_trend  # noqa: E402
from forecast.model.spec import spec_for  # noqa: E402
from forecast.outlook import simulate_ahead  # noqa: E402
from forecast.outlook.observed import reading, relative_count, simulate_chances, simulate_months  # noqa: E402
from forecast.outlook.recorded import DatasetRecord  # noqa: E402
from forecast.study.evaluation.variants import two_classes  # noqa: E402

AHEAD = 12
END = "2026-05"
CUT = "2025-05"
AMONG = 100
POINTS = 5.0
PARAMETERS = (
    "trend_mean",
    "trend_half_life",
    "trend_step",
    "trend_jump",
    "cycle_half_life",
    "cycle_sd",
    "concentration",
)
SAMPLER = {"draws": 400, "tune": 300, "chains": 2, "cores": 1}


def main() -> None:
    """Rank what is not done, then print the table of all that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    left = [
        place for place in range(options.panels) if not (options.out / f"{place}.json").exists()
    ]
    with ProcessPoolExecutor(options.processes) as pool:
        for place in pool.map(partial(calibrated, folder=options.out), left):
            print(f"data set {place + 1} of {options.panels}", flush=True)
    found = [json.loads(path.read_text()) for path in sorted(options.out.glob("*.json"))]
    table = pd.concat([ranks_table(found), chances_table(found)])
    print(table.to_string(index=False))
    table.to_csv(options.out / "calibration.csv", index=False)


def calibrated(place: int, folder: Path) -> int:
    """Simulate and fit one data set, and keep its ranks and chances."""
    events = read_chronology(dyads=hierarchy("USA-CHN", read_chronology().dyads))
    whole, known = (two_classes(build_panel(events, end=end)) for end in (END, CUT))
    spec, months = spec_for(known), known.sizes["time"]
    truth = prior_draws(known, spec, draws=1, seed=1000 + place).isel(draw=0)
    era = known["era_index"].to_numpy()
    longer = whole.assign(
        era_index=(("dyad", "time"), np.pad(era, ((0, 0), (0, AHEAD)), mode="edge"))
    )
    layout = longer.drop_dims("era").assign_coords(
        {name: known[name] for name in known.coords if "era" in known[name].dims}
    )
    simulated, level = simulate_panel(layout, truth, spec, seed=place)
    counts = simulated["counts"]
    panel = recounted(
        known.assign(counts=counts.isel(time=slice(months)).assign_coords(time=known["time"]))
    )
    fitted = fit(panel, spec, seed=place, **SAMPLER)
    first = first_eras(layout)
    trend = simulate_trend(
        truth, layout["era_index"].to_numpy(), spec, np.random.default_rng(place), first
    )
    result: dict[str, Any] = {"converged": fitted.gate.passed, "ranks": {}, "chances": []}
    for name in PARAMETERS:
        result["ranks"][name] = ranks(truth[name], fitted.posterior[name])
    for number, dyad in enumerate(known["dyad"].to_numpy().tolist()):
        at = (number, months - 1)
        now = {
            "level": (level.to_numpy()[at], fitted.posterior["level"].isel(dyad=number, time=-1))
        }
        now["trend"] = (trend[at], fitted.posterior["trend"].isel(dyad=number, time=-1))
        if "ceiling" in fitted.posterior:
            current = int(era[at])
            now["ceiling"] = (
                true_ceiling(truth, trend, era, number, first[number]),
                fitted.posterior["ceiling"].isel(era=current),
            )
        for name, (true, drawn) in now.items():
            result["ranks"].setdefault(name, []).extend(ranks(xr.DataArray(true), drawn))
        ahead = counts.isel(
            dataset=0, dyad=number, direction=0, time=slice(months, None)
        ).to_numpy()
        rank, chances = year_ahead(fitted, dyad, ahead, place)
        result["ranks"].setdefault("share of the year ahead", []).extend(rank)
        result["chances"].extend(chances)
    write_text(folder / f"{place}.json", json.dumps(result))
    return place


def true_ceiling(
    truth: xr.Dataset, trend: np.ndarray, era: np.ndarray, dyad: int, first_era: int
) -> float:
    """Return the ceiling of a dyad's current era: a headroom above the trend where that begins."""
    current = era[dyad, -1]
    headroom = float(truth["headroom"].to_numpy()[current])
    begins = int(np.argmax(era[dyad] == current))
    return float(trend[dyad, max(begins, first_era)] + headroom)


def year_ahead(
    fitted: Any, dyad: str, ahead: np.ndarray, seed: int
) -> tuple[list[int], list[dict[str, float]]]:
    """Rank the share of the year ahead, and return the chances of higher and lower.

    With them goes what happened.
    """
    rng = np.random.default_rng([seed, *dyad.encode()])
    total, cooperative = ahead.sum(1), int(ahead[:, 1].sum())
    if not total.sum():
        return [], []
    level = simulate_ahead(
        fitted, dyad, AHEAD, seed=seed, simulations_per_draw=4, hazard=0.0
    ).month_level[..., 1:]
    kept = rng.permutation(level[..., 0].size)[:2000]
    record = DatasetRecord.of(fitted.panel, dyad, 0)
    read = reading(fitted, record).of_draws(kept // 4)
    month = simulate_months(level.reshape(1, -1, AHEAD)[:, kept], read, rng)
    chance = simulate_chances(month, read, rng, relative_count(record, total))[0]
    drawn = rng.binomial(total, chance).sum(1)
    below, same = (drawn < cooperative).sum(), (drawn == cooperative).sum()
    rank = int((below + rng.uniform() * (same + 1)) / (len(drawn) + 1) * (AMONG + 1))
    before = (
        fitted.panel["counts"]
        .isel(dataset=0, direction=0)
        .sel(dyad=dyad)
        .to_numpy()[-AHEAD:]
        .sum(0)
    )
    if not before.sum():
        return [rank], []
    base = 100 * before[1] / before.sum()
    shares, happened = 100 * drawn / total.sum(), 100 * cooperative / total.sum()
    return [rank], [
        {
            "higher": float((shares >= base + POINTS).mean()),
            "was_higher": float(happened >= base + POINTS),
            "lower": float((shares <= base - POINTS).mean()),
            "was_lower": float(happened <= base - POINTS),
        }
    ]


def ranks(true: xr.DataArray, drawn: xr.DataArray) -> list[int]:
    """Rank every number of a quantity among its draws, ties at random."""
    values = drawn.stack(all=("chain", "draw")).transpose("all", ...).to_numpy()
    values = values[np.linspace(0, len(values) - 1, AMONG).round().astype(int)].reshape(AMONG, -1)
    return [int(one) for one in (values < np.ravel(true.to_numpy())).sum(0)]


def ranks_table(found: list[dict[str, Any]]) -> pd.DataFrame:
    """Coverage of central intervals, and a test of uniformity of their means.

    Coverage has standard errors over data sets.
    """
    rows = []
    for name in found[0]["ranks"]:
        each = [np.array(one["ranks"][name]) for one in found if one["ranks"].get(name)]
        row: dict[str, Any] = {
            "quantity": name,
            "data sets": len(each),
            "numbers": sum(map(len, each)),
        }
        for mass in (0.5, 0.8, 0.9):
            inside = np.array(
                [(np.abs(one - AMONG / 2) <= AMONG * mass / 2).mean() for one in each]
            )
            row |= {
                f"{mass:.0%}": inside.mean(),
                f"{mass:.0%} s.e.": inside.std(ddof=1) / np.sqrt(len(inside)),
            }
        first = (np.array([one[0] for one in each]) + 0.5) / (AMONG + 1)
        rows.append(row | {"uniform, p": kstest(first, "uniform").pvalue})
    return pd.DataFrame(rows).round(3)


def chances_table(found: list[dict[str, Any]]) -> pd.DataFrame:
    """Mean chance and frequency of higher and lower, by fifth of the chance."""
    cases = pd.DataFrame([case for one in found for case in one["chances"]])
    rows = []
    for name in ("higher", "lower"):
        for fifth, own in cases.groupby(
            pd.cut(cases[name], np.linspace(0, 1, 6), include_lowest=True), observed=True
        ):
            rows.append(
                {
                    "quantity": f"{name}, chance {fifth}",
                    "numbers": len(own),
                    "chance": own[name].mean(),
                    "happened": own[f"was_{name}"].mean(),
                }
            )
    return pd.DataFrame(rows).round(3)


if __name__ == "__main__":
    main()
