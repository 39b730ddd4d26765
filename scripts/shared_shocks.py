"""Energy scores of joint forecasts of dyads that share a state.

Independent, and joined by a Gaussian copula.

python scripts/shared_shocks.py RUN, where RUN is the folder of a backtest (docs/skill.md).
"""

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

DRAWS = 400
CORRELATIONS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
CHOICES_BEFORE = 2015


def quantile_function(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of a predicted distribution, percent, and its cumulative weights."""
    size, *pairs = case["free"]["weights"]
    places, weights = np.array(pairs).T
    return 100 * places / (size - 1), np.cumsum(weights) / weights.sum()


def energy_score(draws: np.ndarray, outcome: np.ndarray) -> float:
    """Return the energy score of draws (draw, 2), points."""
    off = np.linalg.norm(draws - outcome, axis=-1).mean()
    between = np.linalg.norm(draws[:, None] - draws, axis=-1).sum() / (
        len(draws) * (len(draws) - 1)
    )
    return float(off - between / 2)


def scores(first: dict[str, Any], second: dict[str, Any], rng: np.random.Generator) -> list[float]:
    """Return the energy score of two forecasts for each correlation of their ranks."""
    curves = [quantile_function(case) for case in (first, second)]
    outcome = np.array([100 * case["k"] / case["n"] for case in (first, second)])
    normal = rng.standard_normal((DRAWS, 2))
    energies = []
    for rho in CORRELATIONS:
        ranks = norm.cdf(
            np.c_[normal[:, 0], rho * normal[:, 0] + np.sqrt(1 - rho**2) * normal[:, 1]]
        )
        parts = [
            shares[np.searchsorted(cumulative, rank).clip(max=len(shares) - 1)]
            for (shares, cumulative), rank in zip(curves, ranks.T, strict=True)
        ]
        energies.append(energy_score(np.stack(parts, axis=1), outcome))
    return energies


def main(run: Path) -> None:
    """Print differences from independence, points, with their standard errors by years."""
    rng, rows = np.random.default_rng(1), list[tuple[int, int, list[float]]]()
    for path in sorted((run / "origins").glob("*.pendulum.json")):
        content = json.loads(path.read_text("utf-8"))
        for first, second in combinations(content["cases"], 2):
            shared = set(first["dyad"].split("-")) & set(second["dyad"].split("-"))
            if first["horizon"] == second["horizon"] and shared:
                rows.append(
                    (int(content["origin"][:4]), first["horizon"], scores(first, second, rng))
                )
    for early in (True, False):
        for horizon in sorted({row[1] for row in rows}):
            selected = [
                row for row in rows if row[1] == horizon and (row[0] < CHOICES_BEFORE) == early
            ]
            years, values = (
                np.array([row[0] for row in selected]),
                np.array([row[2] for row in selected]),
            )
            change = values - values[:, :1]
            by_year = np.array([change[years == year].mean(axis=0) for year in np.unique(years)])
            error = by_year.std(axis=0, ddof=1) / np.sqrt(len(by_year))
            print(
                "to 2014" if early else "from 2015",
                horizon,
                "months",
                len(selected),
                "pairs",
                values[:, 0].mean().round(2),
            )
            for rho, mean, spread in zip(CORRELATIONS, change.mean(axis=0), error, strict=True):
                print(f"    {rho:.2f} {mean:+.3f} ({spread:.3f})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
