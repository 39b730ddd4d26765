"""Scores of the hazards by set (``skill.csv``), and the warning of a set that did badly.

``python scripts/hazards_skill.py`` makes the table.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.base.wording import percent
from forecast.data.events.codebook import read_small_csv

if TYPE_CHECKING:
    import pandas as pd

FILE = Path(__file__).with_name("skill.csv")
"""Scores, written by scripts/hazards_skill.py."""
COLUMNS = (
    "set",
    "who",
    "state",
    "period",
    "days",
    "model",
    "windows",
    "log_score",
    "brier",
    "forecast",
    "happened",
)
"""Columns of the scores."""
MAX_CALIBRATION_ERROR = 0.05
"""Difference of forecast and frequency beyond which a set is called miscalibrated."""
REPORTED = "2015-"
"""Period whose scores are reported: later than the choices of the model."""
ALL = "all"
"""Row over all states, or over all lengths of windows."""
HAZARD = "hazard"
"""Model of this package in the scores."""
SIMPLE = ("one-year rate", "ten-year rate", "memories")
"""Simple rates that it is compared with."""
QUIET = "quiet"
"""In the column `who` of the table: scores of quiet days in a row, of all sets whose events come
with war."""


@dataclass(frozen=True)
class SetSkill:
    """Scores of a set from 2015 on, over all windows."""

    name: str
    log_score: float
    best_simple: str
    best_log_score: float
    forecast: float
    happened: float

    @property
    def calibrated(self) -> bool:
        """Return whether mean forecast and frequency agree."""
        return abs(self.forecast - self.happened) <= MAX_CALIBRATION_ERROR

    @property
    def ahead(self) -> bool:
        """Return whether its log score is better than that of every simple rate."""
        return self.log_score < self.best_log_score

    @property
    def warning(self) -> str:
        """What a reader has to know; empty of a set that did well."""
        warnings = []
        if not self.ahead:
            warnings.append(
                f"For “{self.name}” the {self.best_simple} did at least as well from 2015 on (log "
                f"score {self.best_log_score:.3f} against {self.log_score:.3f})."
            )
        if not self.calibrated:
            warnings.append(
                f"“{self.name}” was not calibrated from 2015 on: forecast {percent(self.forecast)} "
                f"on average, happened {percent(self.happened)}."
            )
        return " ".join(warnings)


def model_names() -> tuple[str, ...]:
    """Return the names of all models that are scored, the hazard first."""
    return (HAZARD, *SIMPLE, "logistic regression", "constant")


@functools.cache
def _scores() -> "pd.DataFrame":
    """Read the scores, once."""
    return read_small_csv(FILE, COLUMNS)


@functools.cache
def quiet_skill() -> str:
    """Return in a sentence how quiet days within wars were forecast, and came.

    Empty if that was not scored.
    """
    if not FILE.exists():
        return ""
    table = _scores()
    scored = table[(table["who"] == QUIET) & (table["state"] == "war") & (table["model"] == HAZARD)]
    scored = scored[scored["days"] == ALL]
    if scored.empty:
        return ""
    row = scored.iloc[0]
    return (
        f"Within wars, quiet days were forecast {percent(float(row['forecast']))} of the time from "
        f"2015 on, and came {percent(float(row['happened']))} of the time ({int(row['windows']):,} "
        "forecasts, most of one war)."
    )


@functools.cache
def set_skill(name: str) -> SetSkill | None:
    """Return the scores of a set; None if it was not scored."""
    if not FILE.exists():
        return None
    table = _scores()
    scored = table[(table["set"] == name) & (table["who"] == "both") & (table["state"] == ALL)]
    scored = scored[(scored["period"] == REPORTED) & (scored["days"] == ALL)]
    if scored.empty:
        return None
    scores = scored.set_index("model")
    best = min(SIMPLE, key=lambda model: float(scores["log_score"][model]))
    return SetSkill(
        name,
        float(scores["log_score"][HAZARD]),
        best,
        float(scores["log_score"][best]),
        float(scores["forecast"][HAZARD]),
        float(scores["happened"][HAZARD]),
    )
