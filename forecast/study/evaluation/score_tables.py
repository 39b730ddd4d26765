"""Tables of `skill.json`: scores of a backtest by model, dyad, horizon and period.

They are computed from the scored predictions of `results`: `skill_rows` has the scores and paired
differences, `reliability_rows` the calibration of probabilities, and `without_dyads` the
differences with each dyad left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.base.numeric import paired
from forecast.base.typing import Float, Index
from forecast.outlook.benchmarks import REFERENCE
from forecast.study.evaluation.scores import COVERAGES, brier_parts, brier_score, in_the_middle
from forecast.study.evaluation.skill import (
    BENCHMARKS_EQUAL,
    CHOSEN_ON,
    NO_CHANGE,
    PERIODS,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    within,
)

DIGITS = 4  # decimals of the numbers in files
COVERED_COLUMNS = tuple(f"covered_{100 * level:.0f}" for level in COVERAGES)
# Columns that identify the windows of a horizon; `place` is the dyad also where `dyad` is "all".
_WINDOW = ["year", "place", "origin"]
# Names of the outcomes by their columns: `up` is the outcome, `p_up` its probability.
_OUTCOMES = {"up": "higher", "down": "lower"}
# Edges of the bins of probabilities; a probability on an edge belongs to the higher bin.
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def rounded(value: Any) -> Any:
    """Round a number to the decimals of the files; None if it is missing or not finite."""
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)


def skill_rows(cases: pd.DataFrame, subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Return scores by model, dyad (and all together), horizon, period and whether n is given.

    Every model is compared with the reference and the best benchmark, and the subjects with all
    other models. Differences are over the cases that both models predicted.
    """
    frame = cases.assign(year=cases["origin"].str[:4].astype(int), place=cases["dyad"])
    best = _best_benchmarks(frame)
    by_period = pd.concat(
        [frame[within(frame["year"], period)].assign(period=period) for period in PERIODS]
    )
    by_period = pd.concat([by_period.assign(dyad="all"), by_period])
    order = {"period": PERIODS, "dyad": ["all", *sorted(frame["place"].unique())]}
    by_period = by_period.assign(
        **{name: pd.Categorical(by_period[name], values) for name, values in order.items()}
    )
    rows: list[dict[str, Any]] = []
    groups = by_period.groupby(["horizon", "given_n", "period", "dyad"], observed=True)
    for (horizon, given_n, period, dyad), group in groups:
        crps = _ScoresByModel.of(group.pivot(index=_WINDOW, columns="model", values="crps"))
        error = (group["mean"] - group["share"]).abs()
        absolute, squared = (
            _ScoresByModel.of(
                group.assign(loss=loss).pivot(index=_WINDOW, columns="model", values="loss")
            )
            for loss in (error, error**2)
        )
        # Role, code, and the period on which it was chosen
        benchmarks = [("reference", REFERENCE, None), *best.get((horizon, given_n, period), [])]
        codes_of_benchmarks = {code for _, code, _ in benchmarks}
        others = [
            ("other", code, None) for code in crps.of_model if code not in codes_of_benchmarks
        ]
        for code, scored in group.groupby("model"):
            against = []
            for role, other, chosen_on in benchmarks + (others if code in subjects else []):
                if other == code:
                    continue
                if difference := crps.difference(str(code), other, int(horizon)):
                    against.append(
                        {"role": role, "model": other, "chosen_on": chosen_on, **difference}
                    )
            errors = _errors(absolute, squared, str(code), int(horizon), compare=dyad == "all")
            rows.append(
                {
                    **_summary(scored, str(code), str(dyad), str(period)),
                    **errors,
                    "against": against,
                }
            )
    return rows


def _errors(
    absolute: "_ScoresByModel", squared: "_ScoresByModel", code: str, horizon: int, *, compare: bool
) -> dict[str, Any]:
    """Return mean absolute and root mean square errors, and their differences from no change.

    The differences are None unless `compare`: one dyad has too few windows for them.
    """
    errors = {
        "mae": rounded(np.nanmean(absolute.of_model[code])),
        "rmse": rounded(np.sqrt(np.nanmean(squared.of_model[code]))),
    }
    for name, scores in (("mae", absolute), ("mse", squared)):
        less = scores.difference(code, NO_CHANGE, horizon) if compare and code != NO_CHANGE else {}
        errors |= {
            f"{name}_less_no_change": less.get("difference"),
            f"{name}_low": less.get("low"),
            f"{name}_high": less.get("high"),
        }
    return errors


def _best_benchmarks(frame: pd.DataFrame) -> dict[Any, list[tuple[str, str, str | None]]]:
    """Return the benchmark with the smallest CRPS, by horizon, `given_n` and period.

    A benchmark is its role, its code, and the period of the origins on which it was chosen.
    """
    best: dict[Any, list[tuple[str, str, str | None]]] = {}
    # No change is a point forecast: its score is an absolute error, and it is missing if the months
    # before are void.
    is_benchmark = frame["benchmark"].astype(bool) & (frame["model"] != NO_CHANGE)
    for key, group in frame[is_benchmark].groupby(["horizon", "given_n"]):
        # Over the windows that all benchmarks predicted, so that none gains by leaving out the hard
        # ones.
        common = group.pivot(index=_WINDOW, columns="model", values="crps").dropna()
        year = common.index.get_level_values("year")
        for period in PERIODS:
            for chosen_on in (CHOSEN_ON, period):
                selected = common[within(year, chosen_on)]
                if len(selected):
                    code = str(selected.mean().idxmin())
                    best[*key, period] = [("best benchmark", code, chosen_on)]
                    break
    return best


def _summary(scored: pd.DataFrame, code: str, dyad: str, period: str) -> dict[str, Any]:
    """Return the scores of one model on the windows of one horizon, period and dyad."""
    first, logs = scored.iloc[0], scored["log_score"].dropna()
    horizon = int(first["horizon"])
    # Clustered by years and dyads, as the differences are.
    bias = paired(scored["mean"], scored["share"], scored["year"], horizon, scored["place"])
    with_moves = scored[scored["p_up"].notna()]
    moves: dict[str, Any] = {}
    for name, word in _OUTCOMES.items():
        probability = with_moves[f"p_{name}"].to_numpy(dtype=float)
        happened = with_moves[name].to_numpy(dtype=bool)
        moves[f"brier_{name}"] = (
            rounded(brier_score(probability, happened)) if len(with_moves) else None
        )
        # One dyad has too few windows for ten bins.
        parts = brier_parts(probability, happened) if len(with_moves) and dyad == "all" else None
        moves[f"{name}_parts"] = parts and {part: rounded(value) for part, value in parts.items()}
        moves[f"{word}_said"] = rounded(probability.mean()) if len(with_moves) else None
        moves[f"{word}_happened"] = int(happened.sum()) if len(with_moves) else None
    return {
        "model": code,
        "benchmark": bool(first["benchmark"]),
        "dyad": dyad,
        "horizon": horizon,
        "period": period,
        "given_n": bool(first["given_n"]),
        "n": len(scored),
        "n_origins": int(scored["origin"].nunique()),
        "crps": rounded(scored["crps"].mean()),
        "bias": rounded(bias.mean),
        "bias_low": rounded(bias.low),
        "bias_high": rounded(bias.high),
        "sharpness": rounded((scored["high"] - scored["low"]).mean()),
        "log_score": rounded(logs.mean()) if len(logs) else None,
        "n_moves": len(with_moves),
        **moves,
        **{
            name.replace("covered", "coverage"): rounded(scored[name].mean())
            for name in COVERED_COLUMNS
        },
        **{
            f"pit_{100 * level:.0f}": rounded(in_the_middle(scored["pit"], level))
            for level in COVERAGES
        },
    }


def reliability_rows(cases: pd.DataFrame, code: str) -> list[dict[str, Any]]:
    """Return how often the share rose and fell, by the real-time probability of a forecaster.

    There is a row per period, outcome, horizon (None for all together) and bin of probabilities;
    the first row of each group is of all bins. The gap is the mean probability less the frequency,
    with its 90% interval. All horizons together have blocks of two years.
    """
    of_model = cases[
        (cases["model"] == code) & ~cases["given_n"].astype(bool) & cases["p_up"].notna()
    ]
    year = of_model["origin"].str[:4].astype(int)
    horizons = sorted(of_model["horizon"].unique().tolist())
    rows: list[dict[str, Any]] = []
    for period, (name, word), horizon in product(PERIODS[:2], _OUTCOMES.items(), (None, *horizons)):
        of_period = of_model[
            within(year, period) & (True if horizon is None else of_model["horizon"] == horizon)
        ]
        edges = [(FIFTHS[0], FIFTHS[-1]), *pairwise(FIFTHS)]
        for low, high in edges:
            probability = of_period[f"p_{name}"].astype(float)
            part = of_period[(probability >= low) & ((probability < high) | (high == FIFTHS[-1]))]
            if part.empty:
                continue
            happened = part[name].astype(bool).to_numpy(dtype=float)
            gap = paired(
                part[f"p_{name}"],
                happened,
                year[part.index],
                horizon or max(horizons),
                part["dyad"],
            )
            rows.append(
                {
                    "period": period,
                    "outcome": word,
                    "horizon": horizon,
                    "low": low,
                    "high": high,
                    "n": len(part),
                    "said": rounded(part[f"p_{name}"].mean()),
                    "happened": int(happened.sum()),
                    "frequency": rounded(happened.mean()),
                    "gap": rounded(gap.mean),
                    "gap_low": rounded(gap.low),
                    "gap_high": rounded(gap.high),
                }
            )
    return rows


@dataclass(frozen=True)
class _ScoresByModel:
    """Scores of several models over the same windows, NaN where a model did not predict."""

    of_model: dict[str, Float]
    year: Index
    dyad: NDArray[Any]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        """Read a table with a row per window and a column per model."""
        year, dyad = (table.index.get_level_values(name).to_numpy() for name in ("year", "place"))
        return cls({str(code): table[code].to_numpy(dtype=float) for code in table}, year, dyad)

    def difference(
        self, code: str, other: str, horizon: int, without: str | None = None
    ) -> dict[str, Any]:
        """Return the difference of two models over the windows that both predicted.

        ``without`` is a dyad that is left out. The difference is empty without such windows.
        """
        if code not in self.of_model or other not in self.of_model:
            return {}
        first, second = self.of_model[code], self.of_model[other]
        both = ~(np.isnan(first) | np.isnan(second)) & (self.dyad != without)
        if not both.any():
            return {}
        difference = paired(first[both], second[both], self.year[both], horizon, self.dyad[both])
        names = ("error", "low", "high", "relative")
        return {
            "n": difference.n,
            "difference": rounded(difference.mean),
            "blocks": difference.blocks,
            **{name: rounded(getattr(difference, name)) for name in names},
        }


def without_dyads(cases: pd.DataFrame, subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Return the real-time differences of the subjects, with each dyad left out.

    The differences are from the reference and from the mean of the pool's benchmarks; if one of
    these is missing, from the mean of all benchmarks.
    """
    free = cases[~cases["given_n"].astype(bool)]
    free = free.assign(year=free["origin"].str[:4].astype(int), place=free["dyad"])
    period = next(
        candidate for candidate in (REPORTED_ON, CHOSEN_ON) if within(free["year"], candidate).any()
    )
    rows: list[dict[str, Any]] = []
    for horizon, group in free[within(free["year"], period)].groupby("horizon"):
        table = _ScoresByModel.of(
            group.pivot(index=["place", "origin", "year"], columns="model", values="crps")
        )
        dyads = sorted(set(table.dyad))
        mean = POOL_WITHOUT_MODEL if POOL_WITHOUT_MODEL in table.of_model else BENCHMARKS_EQUAL
        for code, other in product(subjects, (REFERENCE, mean)):
            if code == other or not {code, other} <= set(table.of_model):
                continue
            for dyad in dyads if len(dyads) > 1 else ():
                numbers = table.difference(code, other, int(horizon), without=dyad)
                where = {"period": period, "horizon": int(horizon), "without": dyad}
                rows.append({"model": code, "against": other, **where, **numbers})
    return rows
