"""Scores by model, dyad, horizon and period, and how models compare: the rows of `skill.json`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecast.evaluation.rivals import REFERENCE
from forecast.evaluation.scores import COVERAGES, brier, brier_score, in_the_middle
from forecast.evaluation.skill import CHOSEN_ON, PERIODS, within
from forecast.pairs import paired
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 4
_PARTS = ("reliability", "resolution", "uncertainty", "within_bins", "discrimination")


def skill_rows(cases: "pd.DataFrame", subject: str) -> list[dict[str, Any]]:
    """Return scores by model, dyad (and all together), horizon, period and whether n is given.

    Differences are paired: over the cases that both predicted. Every model is compared with the reference and the
    best rival, and the subject with all others.
    """
    frame = cases.assign(year=cases["origin"].str[:4].astype(int))
    rows: list[dict[str, Any]] = []
    for _, part in frame.groupby(["horizon", "given_n"], sort=True):
        for period in PERIODS:
            rows += _rows_of_period(part, period, subject)
    return rows


def rounded(value: Any) -> Any:
    """Return a number with the decimals of the files; None where there is none."""
    return None if value is None or not np.isfinite(value) else round(float(value), _DIGITS)


def _rows_of_period(part: "pd.DataFrame", period: str, subject: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one horizon, knowledge of n and period."""
    everything, horizon = _Crps.of(part), int(part["horizon"].iloc[0])
    best = _best_rival(everything, sorted(part.loc[part["rival"], "model"].unique()), period)
    inside = part[within(part["year"], period)]
    for dyad in ["all", *sorted(inside["dyad"].unique())]:
        own = inside if dyad == "all" else inside[inside["dyad"] == dyad]
        crps = everything.select(within(everything.year, period) & ((dyad == "all") | (everything.dyad == dyad)))
        for code, scored in own.groupby("model", sort=True):
            others = _compared_with(crps.codes, best, everybody=code == subject)
            against = _against(str(code), crps, others, horizon)
            yield _summary(scored, str(code), dyad, period, against)


@dataclass(frozen=True)
class _Crps:
    """Scores of one horizon as arrays."""

    year: Index
    dyad: Any
    values: Float  # NaN where a model has not predicted
    codes: tuple[str, ...]  # The models

    @classmethod
    def of(cls, part: "pd.DataFrame") -> Self:
        table = part.pivot(index=["year", "dyad", "origin"], columns="model", values="crps")
        year, dyad = (table.index.get_level_values(name).to_numpy() for name in ("year", "dyad"))
        return cls(year, dyad, table.to_numpy(), tuple(map(str, table.columns)))

    def select(self, there: Bool) -> "_Crps":
        return _Crps(self.year[there], self.dyad[there], self.values[there], self.codes)

    def of_model(self, code: str) -> Float:
        return self.values[:, self.codes.index(code)]


def _summary(
    scored: "pd.DataFrame", code: str, dyad: str, period: str, against: list[dict[str, Any]]
) -> dict[str, Any]:
    first, logs = scored.iloc[0], scored["log_score"].dropna()
    asked = scored[scored["p_up"].notna()]
    moves: dict[str, Any] = {}
    for name in ("up", "down"):
        said, happened = asked[f"p_{name}"].to_numpy(dtype=float), asked[name].to_numpy(dtype=bool)
        moves[f"brier_{name}"] = rounded(brier_score(said, happened)) if len(asked) else None
        # The windows of one dyad are too few for ten bins.
        found = brier(said, happened) if len(asked) and dyad == "all" else None
        moves[f"{name}_parts"] = found and {part: rounded(getattr(found, part)) for part in _PARTS}
    return {
        "model": code, "rival": bool(first["rival"]), "dyad": dyad, "horizon": int(first["horizon"]), "period": period,
        "given_n": bool(first["given_n"]), "n": len(scored), "n_origins": int(scored["origin"].nunique()),
        "crps": rounded(scored["crps"].mean()), "log_score": rounded(logs.mean()) if len(logs) else None,
        "n_moves": len(asked), **moves,
        **{f"coverage_{100 * level:.0f}": rounded(scored[f"covered_{100 * level:.0f}"].mean()) for level in COVERAGES},
        **{f"pit_{100 * level:.0f}": rounded(in_the_middle(scored["pit"], level)) for level in COVERAGES},
        "against": against,
    }  # fmt: skip


def _best_rival(crps: _Crps, rivals: Sequence[str], period: str) -> tuple[str, str] | None:
    """Return the rival of the smallest CRPS over all dyads, and on which origins it was chosen."""
    if not rivals:
        return None
    values = np.column_stack([crps.of_model(code) for code in rivals])
    # Over the windows that all rivals predicted, so that nobody gains by leaving out the hard ones.
    common = np.isfinite(values).all(axis=1)
    for chosen_on in dict.fromkeys((CHOSEN_ON, period)):
        inside = values[common & within(crps.year, chosen_on)]
        if len(inside):
            return rivals[int(inside.mean(axis=0).argmin())], chosen_on
    return None


type _Other = tuple[str, str, str | None]
"""In what role a model is compared with, its code, and on which origins it was chosen."""


def _compared_with(codes: Sequence[str], best: tuple[str, str] | None, *, everybody: bool) -> list[_Other]:
    """Return with whom a model is compared: the ten-year base rate, the best rival, and everybody if asked for."""
    found: list[_Other] = [("reference", REFERENCE, None), *([("best rival", *best)] if best else [])]
    named = {code for _, code, _ in found}
    return found + [("other", code, None) for code in codes if everybody and code not in named]


def _against(code: str, crps: _Crps, others: Sequence[_Other], horizon: int) -> list[dict[str, Any]]:
    """Return the differences from other models, over the cases that both predicted."""
    found, own = [], crps.of_model(code)
    for role, other, chosen_on in others:
        if other == code or other not in crps.codes:
            continue
        both = np.isfinite(own) & np.isfinite(crps.of_model(other))
        if both.any():
            difference = paired(own[both], crps.of_model(other)[both], crps.year[both], horizon)
            found.append({
                "role": role, "rival": other, "chosen_on": chosen_on, "n": difference.n,
                "difference": rounded(difference.mean), "error": rounded(difference.error),
                "blocks": difference.blocks, "relative": rounded(difference.relative),
            })  # fmt: skip
    return found
