"""Add the pool's seven benchmarks alone, and no change, to the record of skill, without a fit.

    python scripts/benchmark_pool.py RUN

RUN is a folder for the finished forecast dates of the seven benchmarks, about five minutes of work;
an interrupted run continues. The benchmarks are run again at every date of reports/skill, with the
same data, draws and seed. Their mean scores must be those of the record within 0.02 points. Then
their equal pool joins the cases, all scores are computed from the cases again, and the page is
written.
"""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forecast import read_chronology, write_skill  # noqa: E402
from forecast.study.evaluation import Processes, Record, Results, backtest, choose_forecasters  # noqa: E402
from forecast.study.evaluation.results import POOLED  # noqa: E402
from forecast.study.evaluation.score_tables import (  # noqa: E402
    reliability_rows,
    skill_rows,
    without_dyads,
)
from forecast.study.evaluation.skill import NO_CHANGE, POOL_WITHOUT_MODEL  # noqa: E402

FOLDER = ROOT / "reports" / "skill"
CLOSE = 0.02
"""Points by which a mean score may differ from that of the record: libraries of optimisers
change."""
ADDED = (POOL_WITHOUT_MODEL, NO_CHANGE)


def main(run: Path) -> None:
    """Forecast, compare and write."""
    old = Results.read(FOLDER)
    choices, record = old.skill.choices, Record.of(read_chronology())
    if record.digest != choices["data"]:
        raise SystemExit("the data are not those of the record of skill")
    new = backtest(
        record,
        [date.fromisoformat(origin) for origin in choices["origins"]],
        horizons=choices["horizons"],
        forecasters=choose_forecasters("no", ",".join(POOLED)),
        out=run,
        improvement=choices["improvement"],
        draws=choices["draws"],
        seed=choices["seed"],
        executor=Processes(1),
    )
    farthest = {name: farthest_score(*both) for name, both in pairs(old, new).items()}
    print("largest difference of a mean score of the benchmarks, points:", farthest)
    if max(farthest.values()) > CLOSE:
        raise SystemExit(
            f"the benchmarks' scores are not those of the record within {CLOSE} points"
        )
    cases, tone = (joined(*both) for both in pairs(old, new).values())
    skill = old.skill
    subjects = tuple(dict.fromkeys((skill.subject, skill.model)))
    skill = replace(
        skill,
        rows=skill_rows(cases, subjects),
        tone=skill_rows(tone, subjects),
        without=without_dyads(cases, subjects),
        reliability=reliability_rows(cases, skill.subject),
    )
    require_same(old.skill.rows, skill.rows)
    require_same(old.skill.tone, skill.tone)
    write_skill(Results(cases, skill, tone), FOLDER)


def pairs(old: Results, new: Results) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the cases of the record and those made again, of shares and of tones."""
    return {"share": (old.cases, new.cases), "tone": (old.tone, new.tone)}


def farthest_score(old: pd.DataFrame, new: pd.DataFrame) -> float:
    """Return the largest difference of the benchmarks' mean scores by horizon and counts."""
    keys = ["model", "horizon", "given_n"]
    means = [
        frame[frame["model"].isin(POOLED)].groupby(keys)["crps"].agg(["mean", "size"])
        for frame in (old, new)
    ]
    if not means[0].index.equals(means[1].index) or (means[0]["size"] != means[1]["size"]).any():
        raise SystemExit("the windows are not those of the record")
    return float(np.abs(means[0]["mean"] - means[1]["mean"]).max())


def joined(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the cases of the record with those of the added forecasters."""
    return pd.concat(
        [old[~old["model"].isin(ADDED)], new[new["model"].isin(ADDED)]], ignore_index=True
    )


def require_same(old: list[dict[str, object]], new: list[dict[str, object]]) -> None:
    """Make sure that the scores of everyone else are unchanged."""
    keys = ("model", "dyad", "horizon", "period", "given_n")
    remade = {tuple(row[key] for key in keys): row for row in new}
    for row in old:
        again = remade[tuple(row[key] for key in keys)]
        if differing := [name for name in row if name != "against" and again[name] != row[name]]:
            raise SystemExit(f"{row['model']}, {row['dyad']}: {', '.join(differing)} would change")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
