"""Score the model on a published index half-yearly, against simple benchmarks.

The mean of the months ahead.

    python scripts/index_skill.py risk.csv risk.yaml --from 1996-01 --to 2024-07

File and mapping are those of ``forecast report --index`` (docs/events.md), with the dyad as a
column where there are several. Every dyad is fitted alone at every origin, to the values of the
months before it; an index that was revised since is taken as it is. Scores are in standard
deviations of the index in the months before the origin, so that dyads can be averaged.
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast import build_index_panel, fit, read_index  # noqa: E402
from forecast.model.spec import spec_for  # noqa: E402
from forecast.outlook import simulate_ahead  # noqa: E402
from forecast.study.evaluation import origins_between  # noqa: E402
from forecast.study.evaluation.benchmarks import MIN_AUTOMATIC_WINDOWS, automatic, laplace  # noqa: E402

type Float = NDArray[np.float64]
type Forecast = dict[int, Float]
"""By horizon, draws of the mean of the months ahead."""

HORIZONS = (3, 6, 12, 24)
DRAWS = 2000
SAMPLER = {"draws": 250, "tune": 200, "chains": 4}
MIN_ORIGIN_MONTHS = 120
"""Months of record before an origin."""
VARIATION_MONTHS = 240
LAST_CHOSEN = 2014
"""Up to this year choices may be made; skill is reported on later origins."""


@dataclass(frozen=True)
class Past:
    """An index as known on a day.

    Its months as they are, and standardised by their own mean and spread.
    """

    day: date
    frame: pd.DataFrame
    values: Float
    dyad: str
    seed: int

    def windows(self, months: int) -> Float:
        """Return the means of windows that follow one another; the last ends with the record."""
        whole = len(self.values) // months * months
        return self.values[len(self.values) - whole :].reshape(-1, months).mean(axis=1)

    @property
    def rng(self) -> np.random.Generator:
        """Return a stream of random numbers of the dyad and origin."""
        return np.random.default_rng([self.seed, len(self.values), *self.dyad.encode()])


def pendulum(past: Past) -> Forecast:
    """Fit the default model of an index, and add the error of each month."""
    panel = build_index_panel(past.frame, as_of=past.day)
    fitted = fit(panel, spec_for(panel), seed=past.seed, cores=1, **SAMPLER)
    simulations = simulate_ahead(
        fitted, past.dyad, max(HORIZONS), seed=past.seed, simulations_per_draw=2
    )
    level = simulations.level[..., 1:].reshape(-1, max(HORIZONS))
    posterior = fitted.posterior
    scale, freedom = (
        np.repeat(posterior[name].to_numpy().ravel(), 2)[:, None]
        for name in ("index_error", "index_df")
    )
    months = level + scale * past.rng.standard_t(np.broadcast_to(freedom, level.shape))
    return {horizon: months[:, :horizon].mean(axis=1) for horizon in HORIZONS}


def base_rate(past: Past, months: int | None) -> Forecast:
    """Draw from the windows of the past, overlapping ones."""
    recent = past.values if months is None else past.values[-months:]
    forecasts = {}
    for horizon in HORIZONS:
        means = np.convolve(recent, np.full(horizon, 1 / horizon), mode="valid")
        forecasts[horizon] = past.rng.choice(means, DRAWS)
    return forecasts


def last_window(past: Past) -> Forecast:
    """Change the last window as much as windows have changed."""
    forecasts = {}
    for horizon in HORIZONS:
        means = past.windows(horizon)[-(VARIATION_MONTHS // horizon) :]
        change = np.sqrt(np.mean(np.diff(means) ** 2))
        forecasts[horizon] = means[-1] + change * past.rng.standard_normal(DRAWS)
    return forecasts


def state_space(past: Past, **form: Any) -> Forecast:
    """Simulate a level with news on top, by maximum likelihood (statsmodels)."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a search that stops at a bound is no news here
        fitted = UnobservedComponents(past.values, irregular=True, **form).fit(
            disp=False, maxiter=200
        )
    months = fitted.simulate(max(HORIZONS), anchor="end", repetitions=DRAWS, rng=past.rng)
    months = np.asarray(months).reshape(max(HORIZONS), DRAWS)
    return {horizon: months[:horizon].mean(axis=0) for horizon in HORIZONS}


def next_window(past: Past, step: Callable[[Float], tuple[float, float]]) -> Forecast:
    """Forecast the next window from those before, by a general forecaster."""
    windows = {}
    for horizon in HORIZONS:
        if len(past.windows(horizon)) < MIN_AUTOMATIC_WINDOWS:
            continue
        mean, variance = step(past.windows(horizon))
        windows[horizon] = mean + np.sqrt(variance) * past.rng.standard_normal(DRAWS)
    return windows


FORECASTERS: dict[str, Callable[[Past], Forecast]] = {
    "pendulum": pendulum,
    "base rate, all": partial(base_rate, months=None),
    "base rate, ten years": partial(base_rate, months=120),
    "last window": last_window,
    "local level": partial(state_space, level="llevel"),
    "AR(1) plus noise": partial(state_space, level="fixed intercept", autoregressive=1),
    "AutoETS": partial(next_window, step=partial(automatic, "AutoETS")),
    "AutoARIMA": partial(next_window, step=partial(automatic, "AutoARIMA")),
    "Laplace ensemble": partial(next_window, step=laplace),
}


def scores(frame: pd.DataFrame, origin: date, seed: int) -> list[dict[str, Any]]:
    """Score every forecaster on the windows of one dyad from an origin."""
    import scoringrules

    before = frame["time"] < pd.Timestamp(origin)
    rows_before = frame[before]
    values_ahead = frame.loc[~before, "value"].to_numpy()
    if len(rows_before) < MIN_ORIGIN_MONTHS:
        return []
    mean, spread = rows_before["value"].mean(), rows_before["value"].std(ddof=0)
    past = Past(
        origin - timedelta(days=1),
        rows_before,
        (rows_before["value"].to_numpy() - mean) / spread,
        str(frame["dyad"].iloc[0]),
        seed,
    )
    windows = {
        months: (values_ahead[:months].mean() - mean) / spread
        for months in HORIZONS
        if len(values_ahead) >= months
    }
    rows = []
    for name, forecaster in FORECASTERS.items():
        said = forecaster(past)
        for months, recorded in windows.items():
            if months not in said:
                continue
            low, high = np.quantile(said[months], [0.05, 0.95])
            score = float(scoringrules.crps_ensemble(recorded, said[months]))
            row = {
                "model": name,
                "dyad": past.dyad,
                "origin": origin,
                "months": months,
                "crps": score,
            }
            rows.append(row | {"held": bool(low <= recorded <= high)})
    return rows


def table(cases: pd.DataFrame) -> str:
    """Return mean scores, differences to the pendulum with errors by years, and coverage."""
    lines = ["| | " + " | ".join(f"{months} months" for months in HORIZONS) + " |"]
    for name in FORECASTERS:
        cells = []
        for months in HORIZONS:
            part = cases[cases["months"] == months].pivot(
                index=["dyad", "origin"], columns="model", values="crps"
            )
            if name not in part:
                cells.append("")
                continue
            less = (part["pendulum"] - part[name]).dropna()
            years = [day.year for day in less.index.get_level_values("origin")]
            by_year = less.groupby(years).agg(["sum", "size"])
            off = by_year["sum"] - by_year["size"] * less.mean()
            error = np.sqrt((off**2).sum() * len(off) / (len(off) - 1)) / len(less)
            compared = "" if name == "pendulum" else f": {less.mean():+.3f} ({error:.3f})"
            cells.append(f"{part[name].mean():.3f}{compared}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    held = cases[cases["model"] == "pendulum"].groupby("months")["held"].mean()
    lines.append(
        "90% intervals of the pendulum held "
        + ", ".join(f"{100 * held[months]:.0f}%" for months in HORIZONS)
    )
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, and print a table for choosing and one for reporting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path, help="the values")
    parser.add_argument("mapping", type=Path, help="where its fields stand")
    parser.add_argument("--from", dest="first", required=True, help="first origin, YYYY-MM")
    parser.add_argument("--to", dest="last", required=True, help="last origin, YYYY-MM")
    parser.add_argument("--every", type=int, default=6, help="months between origins")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    frame = (
        read_index(chosen.index, chosen.mapping)
        .dropna(subset="value")
        .sort_values(["dyad", "time"])
    )
    first, last = (date.fromisoformat(f"{month}-01") for month in (chosen.first, chosen.last))
    tasks = [
        (rows, origin, chosen.seed)
        for origin in origins_between(first, last, every=chosen.every)
        for _, rows in frame.groupby("dyad")
    ]
    with ProcessPoolExecutor(chosen.processes) as pool:
        cases = pd.DataFrame(
            [row for rows in pool.map(scores, *zip(*tasks, strict=True)) for row in rows]
        )
    early = cases["origin"].map(lambda day: day.year <= LAST_CHOSEN)
    for words, part in (("up to 2014", cases[early]), ("from 2015 on", cases[~early])):
        if len(part):
            print(
                f"\nOrigins {words}, {part.groupby(['dyad', 'origin']).ngroups} windows a horizon "
                f"at most\n"
            )
            print(table(part))


if __name__ == "__main__":
    main()
