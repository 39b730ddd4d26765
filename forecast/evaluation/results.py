"""Results of a backtest: the table of all scored predictions, and what it says by model, dyad, horizon and period."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.dates import add_months
from forecast.evaluation.forecaster import Asked
from forecast.evaluation.prediction import Prediction, mixed
from forecast.evaluation.rivals import REFERENCE
from forecast.evaluation.rivals.mixtures import MIXTURES, Mixture, stacking_weights
from forecast.evaluation.scores import COVERAGES, brier, covered, crps, log_score, paired, pit
from forecast.evaluation.tasks import Setup, file_name
from forecast.files import write_csv, write_json

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
SPLIT = 2015
"""Choices are made on origins before this year, and reported on origins from it on."""
PERIODS = (f"-{SPLIT - 1}", f"{SPLIT}-", "all")
CHOSEN_ON = PERIODS[0]
_DIGITS = 6


@dataclass(frozen=True)
class Results:
    """What a backtest found.

    Attributes
    ----------
    cases : pandas.DataFrame
        A row a prediction: ``model``, ``rival``, ``dyad``, ``origin``, ``horizon``, ``given_n``, ``n``, ``k``,
        ``share``, ``before``, ``mean`` (predicted share), ``crps``, ``log_score``, ``p_up``, ``up``, ``p_down``,
        ``down``, ``pit``, ``covered_50``, ``covered_80``, ``covered_90``; docs/schema/skill-json.md.
    choices : dict
        What was asked.
    account : list of dict
        By forecaster: origins, windows that are void or not over, and of a form of the model how often and why it was
        fitted again, and how often it converged.
    """

    cases: "pd.DataFrame" = field(repr=False)
    choices: dict[str, Any]
    account: list[dict[str, Any]] = field(repr=False)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The scores by model, dyad, horizon and period, as `skill.json` has them."""
        return skill_rows(self.cases)

    def headline(self) -> tuple[str, list[dict[str, Any]]]:
        """Return the rows for all dyads together given n, and their period: that for reports, if there is any."""
        rows = [row for row in self.rows if row["dyad"] == "all" and row["given_n"]]
        period = next((one for one in (PERIODS[1], PERIODS[0]) if any(row["period"] == one for row in rows)), "all")
        return period, [row for row in rows if row["period"] == period]

    def account_lines(self) -> list[str]:
        """Describe for each form of the model how often it was fitted, and how often it had not converged."""
        return [
            f"{one['model']}: fitted at {sum(one['fitted'].values())} of {one['origins']} origins and updated at the "
            f"others; not converged at {one['not_converged']}"
            for one in self.account
            if "fitted" in one
        ]

    def write(self, out: str | Path) -> Path:
        """Write ``skill.json``, ``skill.csv`` (its rows) and ``cases.csv`` to a folder, and return the first."""
        import pandas as pd

        out, rows = Path(out), self.rows
        write_csv(out / "cases.csv", self.cases)
        flat = [{name: value for name, value in row.items() if name != "against"} for row in rows]
        write_csv(out / "skill.csv", pd.DataFrame(flat))
        content = {
            "schema": SCHEMA, "chosen_on": CHOSEN_ON, "reported_on": PERIODS[1], "choices": self.choices,
            "account": self.account, "rows": rows,
        }  # fmt: skip
        write_json(out / "skill.json", content)
        return out / "skill.json"


def gather(setup: Setup, origins: Sequence[date], folder: Path) -> Results:
    """Score everything that the files of finished origins hold, origin by origin."""
    import pandas as pd

    account = {code: _Account(code) for code in setup.forecasters}
    rows: list[dict[str, Any]] = []
    past = _Past()
    for origin in sorted(origins):
        cases = _cases_of(setup, origin, folder, account)
        for key, case in sorted(cases.items()):
            rows += _scored(setup, case, past.weights(setup, origin, key[1], case.said))
        past.add(origin, cases)
    choices = {**setup.choices, "data": setup.record.digest, "origins": [str(origin) for origin in sorted(origins)]}
    return Results(pd.DataFrame(rows), choices, [one.to_dict() for one in account.values()])


@dataclass
class _Case:
    """What was recorded of a window, and what each forecaster said of it: given n, and not."""

    origin: date
    facts: dict[str, Any]
    said: dict[str, tuple[Prediction, Prediction]] = field(default_factory=dict)


@dataclass
class _Account:
    code: str
    origins: int = 0
    void: int = 0
    unfinished: int = 0
    fitted: dict[str, int] = field(default_factory=dict)
    not_converged: int = 0
    model: bool = False

    def add(self, content: Mapping[str, Any]) -> None:
        self.origins += bool(content["cases"] or content["void"] or content["unfinished"])
        self.void += content["void"]
        self.unfinished += content["unfinished"]
        notes = content["notes"]
        if "fitted" in notes:
            self.model = True
            self.not_converged += not notes["converged"]
            if notes["fitted"]:
                self.fitted[notes["fitted"]] = self.fitted.get(notes["fitted"], 0) + 1

    def to_dict(self) -> dict[str, Any]:
        plain = {"model": self.code, "origins": self.origins, "void": self.void, "unfinished": self.unfinished}
        if not self.model:
            return plain
        share = sum(self.fitted.values()) / self.origins if self.origins else None
        return plain | {"fitted_share": share, "fitted": self.fitted, "not_converged": self.not_converged}


type _Key = tuple[str, int]


def _cases_of(setup: Setup, origin: date, folder: Path, account: Mapping[str, _Account]) -> dict[_Key, _Case]:
    """Read what all forecasters said at an origin, by dyad and horizon."""
    cases: dict[_Key, _Case] = {}
    for code in setup.forecasters:
        content = json.loads((folder / file_name(origin, code)).read_text(encoding="utf-8"))
        account[code].add(content)
        for found in content["cases"]:
            given, free = (Prediction.from_dict(found.pop(name)) for name in ("given", "free"))
            case = cases.setdefault((found["dyad"], found["horizon"]), _Case(origin, found))
            case.said[code] = (given, free)
    return cases


@dataclass
class _Past:
    """Probabilities of what was recorded in windows that were over at an origin, by horizon."""

    windows: dict[int, list[tuple[date, dict[str, float]]]] = field(default_factory=dict)

    def add(self, origin: date, cases: Mapping[_Key, _Case]) -> None:
        for (_, horizon), case in sorted(cases.items()):
            density = {code: given.density or 0.0 for code, (given, _) in case.said.items()}
            self.windows.setdefault(horizon, []).append((add_months(origin, horizon), density))

    def weights(
        self, setup: Setup, origin: date, horizon: int, said: Mapping[str, Any]
    ) -> Iterator[tuple[Mixture, dict[str, float]]]:
        """Yield the mixtures that make sense at an origin, with the weights of those that take part."""
        for mixture in MIXTURES:
            codes = [code for code in said if mixture.models or setup.forecasters[code].rival]
            own = any(not setup.forecasters[code].rival for code in codes)
            if len(codes) < 2 or mixture.models != own:
                continue
            values = np.full(len(codes), 1 / len(codes))
            if mixture.stacked:
                values = self._stacked(origin, horizon, codes)
            yield mixture, dict(zip(codes, values.tolist(), strict=True))

    def _stacked(self, origin: date, horizon: int, codes: Sequence[str]) -> np.ndarray:
        over = [
            [density[code] for code in codes]
            for end, density in self.windows.get(horizon, [])
            if end <= origin and all(code in density for code in codes)
        ]
        return stacking_weights(np.array(over).reshape(-1, len(codes)))


def _scored(
    setup: Setup, case: _Case, mixtures: Iterator[tuple[Mixture, dict[str, float]]]
) -> Iterator[dict[str, Any]]:
    for code, (given, free) in case.said.items():
        rival = setup.forecasters[code].rival
        yield _row(setup.asked, case, code, rival, given, given_n=True)
        yield _row(setup.asked, case, code, rival, free, given_n=False)
    for mixture, weights in mixtures:
        for place, given_n in enumerate((True, False)):
            parts = [case.said[code][place] for code in weights]
            blend = mixed(parts, list(weights.values()))
            yield _row(setup.asked, case, mixture.code, mixture.rival, blend, given_n=given_n)


def _row(asked: Asked, case: _Case, code: str, rival: bool, said: Prediction, *, given_n: bool) -> dict[str, Any]:
    facts = case.facts
    share = facts["k"] / facts["n"]
    rng = asked.stream(case.origin, facts["dyad"], f"pit {facts['horizon']}")
    return {
        "model": code, "rival": rival, "dyad": facts["dyad"], "origin": case.origin.isoformat(),
        "horizon": facts["horizon"], "given_n": given_n, "n": facts["n"], "k": facts["k"], "share": 100 * share,
        "before": facts["before"], "mean": 100 * float(said.weights @ said.support), "crps": crps(said, share),
        "log_score": log_score(said), "p_up": said.up, "up": facts["up"], "p_down": said.down, "down": facts["down"],
        "pit": pit(said, rng), **{f"covered_{100 * level:.0f}": covered(said, level) for level in COVERAGES},
    }  # fmt: skip


def skill_rows(cases: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return scores by model, dyad (and all together), horizon, period and whether n is given.

    Differences are paired: over the cases that both predicted.
    """
    if cases.empty:
        return []
    rows = []
    frame = cases.assign(year=cases["origin"].str[:4].astype(int))
    for _, part in frame.groupby(["horizon", "given_n"], sort=True):
        horizon = int(part["horizon"].iloc[0])
        crps = part.pivot(index=["year", "dyad", "origin"], columns="model", values="crps")
        rivals = sorted(part.loc[part["rival"], "model"].unique())
        for period in PERIODS:
            inside, crps_inside = (
                part[_within(part["year"], period)],
                crps[_within(crps.index.get_level_values(0), period)],
            )
            best = _best_rival(crps[rivals], period)
            for dyad in ["all", *sorted(inside["dyad"].unique())]:
                own = inside if dyad == "all" else inside[inside["dyad"] == dyad]
                crps_own = crps_inside if dyad == "all" else crps_inside[crps_inside.index.get_level_values(1) == dyad]
                for code, scored in own.groupby("model", sort=True):
                    against = _against(str(code), crps_own, best, horizon)
                    rows.append(_summary(scored, str(code), dyad, period, against))
    return rows


def _summary(
    scored: "pd.DataFrame", code: str, dyad: str, period: str, against: list[dict[str, Any]]
) -> dict[str, Any]:
    first = scored.iloc[0]
    asked = scored[scored["p_up"].notna()]
    moves = {}
    for name in ("up", "down"):
        found = brier(asked[f"p_{name}"], asked[name].astype(bool)) if len(asked) else None
        moves[f"brier_{name}"] = None if found is None else _rounded(found.score)
        moves[f"{name}_parts"] = None if found is None else {
            part: _rounded(getattr(found, part))
            for part in ("reliability", "resolution", "uncertainty", "within_bins", "discrimination")
        }  # fmt: skip
    logs = scored["log_score"].dropna()
    return {
        "model": code, "rival": bool(first["rival"]), "dyad": dyad, "horizon": int(first["horizon"]), "period": period,
        "given_n": bool(first["given_n"]), "n": len(scored), "n_origins": int(scored["origin"].nunique()),
        "crps": _rounded(scored["crps"].mean()), "log_score": _rounded(logs.mean()) if len(logs) else None,
        "n_moves": len(asked), **moves,
        **{f"coverage_{100 * level:.0f}": _rounded(scored[f"covered_{100 * level:.0f}"].mean()) for level in COVERAGES},
        "against": against,
    }  # fmt: skip


def _best_rival(crps: "pd.DataFrame", period: str) -> tuple[str, str] | None:
    """Return the rival of the smallest CRPS over all dyads, and on which origins it was chosen."""
    # Over the windows that all rivals predicted, so that nobody gains by leaving out the hard ones.
    common = crps.dropna()
    for chosen_on in dict.fromkeys((CHOSEN_ON, period)):
        inside = common[_within(common.index.get_level_values(0), chosen_on)]
        if inside.size:
            return str(inside.mean().idxmin()), chosen_on
    return None


def _against(code: str, crps: "pd.DataFrame", best: tuple[str, str] | None, horizon: int) -> list[dict[str, Any]]:
    """Return the differences from the ten-year base rate and from the best rival."""
    wanted = [("reference", REFERENCE, None), *([("best rival", *best)] if best else [])]
    found = []
    for role, rival, chosen_on in wanted:
        if rival == code or rival not in crps:
            continue
        both = crps[[code, rival]].dropna()
        if len(both):
            difference = paired(both[code], both[rival], both.index.get_level_values(0), horizon)
            found.append({
                "role": role, "rival": rival, "chosen_on": chosen_on, "n": difference.n,
                "difference": _rounded(difference.mean), "error": _rounded(difference.error),
                "blocks": difference.blocks, "relative": _rounded(difference.relative),
            })  # fmt: skip
    return found


def _within(year: Any, period: str) -> Any:
    """Select the years that belong to a period."""
    if period == PERIODS[0]:
        return year < SPLIT
    return year >= SPLIT if period == PERIODS[1] else year > 0


def _rounded(value: Any) -> Any:
    return None if value is None or not np.isfinite(value) else round(float(value), _DIGITS)
