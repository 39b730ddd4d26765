"""Backtest the hazards of sets of events.

This writes forecast/outlook/hazards/skill.csv and docs/research/event-sets.md.

    python scripts/hazards_skill.py            about twenty minutes on one core

Weekly forecast dates from 2015 on, fifteen pairs, six windows, both sides together and each alone.
Every forecast has coefficients that know the data to the end of the year before. Run
scripts/fit_hazards.py first.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.base.files import write_text
from forecast.base.numeric import paired
from forecast.base.typing import Bool, Float, Index
from forecast.base.wording import number, percent
from forecast.data.events import read_chronology
from forecast.data.events.sets import EventSet, read_sets
from forecast.outlook.hazards.coefficients import Coefficients, read_coefficients
from forecast.outlook.hazards.curve import HazardCurve
from forecast.outlook.hazards.landmarks import Landmarks
from forecast.outlook.hazards.memories import (
    Covariates,
    EventDays,
    PairRecord,
    day_number,
    day_of_number,
)
from forecast.outlook.hazards.skill import ALL, COLUMNS, FILE, HAZARD, REPORTED, SIMPLE, model_names
from forecast.outlook.hazards.skill import QUIET as QUIET_ROWS
from forecast.outlook.hazards.wars import WAR_SETS, WarLengths, in_war, war_now

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fit_hazards import pairs_of

PAGE = Path("docs/research/event-sets.md")
WINDOWS = (7, 14, 30, 90, 180, 365)  # days ahead
FIRST = date(2015, 1, 1)
STEP = 7  # days between forecast dates
# days of record before a forecast date, so that a ten-year rate is one of five years at least
FULL_RECORD = 1825
LOGISTIC_STEP = 3  # years between fits of the logistic regression
RIDGE = 2e-4  # of the logistic regression
EDGE = 0.002  # probabilities are kept so far from 0 and 1, in every model
RATE_PRIOR = 0.3  # events that a simple rate has before any
BINS = 10  # of a reliability table
QUIET = (
    (14, 14),
    (14, 30),
    (30, 30),
    (30, 90),
)  # quiet days in a row, and the window that has them
QUIET_STEP = 14  # days between forecast dates of quiet days in wars
PEACE_EVERY = 6  # of these dates enter in peace, for speed


@dataclass(frozen=True)
class Case:
    """Forecast dates of a set and pair."""

    at: Index
    pair: int
    war: Bool
    happened: Mapping[int, Float]  # By window, NaN where it is not covered
    chances: Mapping[str, Mapping[int, Float]]  # By model and window


def main() -> None:
    """Score all sets and write the table and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", help="names, separated by commas; by default all")
    parser.add_argument("--plain", action="store_true", help="without the logistic regression")
    chosen = parser.parse_args()
    sets = {
        name: wanted
        for name, wanted in read_sets().items()
        if not chosen.sets or name in chosen.sets.split(",")
    }
    events = read_chronology().events
    pairs, ends = pairs_of(events)
    stored = read_coefficients()
    tables, summaries = [], []
    for name, wanted in sets.items():
        print(name, flush=True)
        scores = scored(cases(name, wanted, pairs, ends, stored, plain=chosen.plain))
        scores = scores.assign(set=pd.Categorical([name] * len(scores), list(sets)))
        summaries.append(summarised(scores))
        tables.append(scores[scores["who"] == "both"])
    table, summary = pd.concat(tables, ignore_index=True), pd.concat(summaries, ignore_index=True)
    kept = summary[
        (summary["days"] == ALL) | ((summary["state"] == ALL) & (summary["who"] == "both"))
    ]
    quiet = quiet_summary(quiet_days(pairs, ends, stored))
    kept = pd.concat([kept, quiet], ignore_index=True)
    text = kept[list(COLUMNS)].to_csv(index=False, float_format="%.4f", lineterminator="\n")
    write_text(FILE, text)
    write_text(PAGE, page(table, summary, stored) + quiet_page(quiet))
    print(f"{FILE.name} and {PAGE}")


def cases(
    name: str,
    wanted: EventSet,
    pairs: list[PairRecord],
    ends: list[int],
    stored: Coefficients,
    *,
    plain: bool,
) -> Iterator[tuple[str, Case]]:
    """Return the forecasts of a set by who acts: both sides, and each alone."""
    logistic = None if plain else Logistic(wanted, pairs, ends)
    constant = frequencies(wanted, pairs, ends)
    for position, (pair, end) in enumerate(zip(pairs, ends, strict=True)):
        start = max(day_number(FIRST), pair.start + FULL_RECORD)
        at = np.arange(start + (-start) % STEP, end - min(WINDOWS), STEP)
        if not at.size:
            continue
        war = war_on(position, pair, at)
        for who, by in (("both", None), ("one side", pair.dyad[:3]), ("one side", pair.dyad[4:])):
            events = pair.of_set(wanted, by=by)
            happened = {
                days: np.where(at + days <= end, events.between(at, at + days) > 0, np.nan)
                for days in WINDOWS
            }
            chances = {
                HAZARD: hazard(pair, events, at, name, stored, war),
                **simple(pair, events, at),
            }
            if by is None:
                chances |= constant(at)
                chances |= logistic(position, events, at) if logistic else {}
            yield who, Case(at, position, war, happened, chances)


KNOWN_WARS: dict[tuple[int, int], bool] = {}
"""Whether a pair is at war on a day: the same for all sets."""


def war_on(position: int, pair: PairRecord, days: Index) -> Bool:
    """Return on which days a pair is at war."""
    for day in days.tolist():
        if (position, day) not in KNOWN_WARS:
            KNOWN_WARS[position, day] = war_now(pair.context["violence"], day) is not None
    return np.array([KNOWN_WARS[position, day] for day in days.tolist()])


def hazard(
    pair: PairRecord, events: EventDays, at: Index, name: str, stored: Coefficients, war: Bool
) -> dict[int, Float]:
    """Return the chances of the hazard by window, each by the fit of its day."""
    fits = np.array([stored.latest_fit(day_of_number(day))[0] for day in at])
    chances_ahead = {days: np.full(len(at), np.nan) for days in WINDOWS}
    for fit in np.unique(fits):
        some = fits == fit
        overall = float(stored.overall[fit, stored.set_index(name)])
        curves = stored.curves(Covariates.of(pair, events, at[some], overall), name, int(fit))
        none = curves.none(np.array(WINDOWS, dtype=np.float64))
        for position, days in enumerate(WINDOWS):
            chances_ahead[days][some] = 1 - none[:, position]
    for position in np.flatnonzero(war).tolist() if name in WAR_SETS else ():
        curve = curve_on(pair, events, int(at[position]), name, stored)
        for days in WINDOWS:
            chances_ahead[days][position] = float(curve.at_least(1, 0, days))
    return chances_ahead


def curve_on(
    pair: PairRecord, events: EventDays, day: int, name: str, stored: Coefficients
) -> HazardCurve:
    """Return the curve of a set on a day, within a war with the rate of that war."""
    fit = stored.latest_fit(day_of_number(day))[0]
    overall = float(stored.overall[fit, stored.set_index(name)])
    curve = stored.curve(Covariates.of(pair, events, np.array([day]), overall), name, fit)
    lengths = WarLengths(*map(float, stored.wars[fit]))
    return in_war(curve, name, events, war_now(pair.context["violence"], day), day, lengths)


def quiet_days(pairs: list[PairRecord], ends: list[int], stored: Coefficients) -> pd.DataFrame:
    """Return forecasts of quiet days in a row from 2015 on, of sets whose events come with war."""
    rows = []
    for position, (pair, end) in enumerate(zip(pairs, ends, strict=True)):
        start = max(day_number(FIRST), pair.start + FULL_RECORD)
        every = np.arange(start, end, QUIET_STEP)
        war = war_on(position, pair, every)
        chosen = every[war | (np.arange(len(every)) % PEACE_EVERY == 0)]
        for name in sorted(WAR_SETS & set(stored.sets)):
            events = pair.of_set(read_sets()[name])
            for day in chosen.tolist():
                curve = curve_on(pair, events, day, name, stored)
                for quiet, window in QUIET:
                    if day + window <= end:
                        seen = events.days[(events.days >= day) & (events.days < day + window)]
                        longest = np.diff([day - 1, *seen, day + window]).max() - 1
                        chance = curve.quiet(quiet, 0, window)
                        rows.append(
                            (
                                f"{quiet} in {window}",
                                KNOWN_WARS[position, day],
                                chance,
                                longest >= quiet,
                            )
                        )
    return pd.DataFrame(rows, columns=["days", "war", "chance", "yes"])


def quiet_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean scores of quiet days, in the form of the table of scores."""
    inside = np.clip(table["chance"], EDGE, 1 - EDGE)
    scored = table.assign(
        log_score=-np.where(table["yes"], np.log(inside), np.log1p(-inside)),
        brier=(table["chance"] - table["yes"]) ** 2,
        state=np.where(table["war"], "war", "peace"),
    )
    parts = []
    for days, rows in (*scored.groupby("days"), (ALL, scored)):
        by = rows.groupby("state")
        mean = by.agg(
            windows=("yes", "size"),
            log_score=("log_score", "mean"),
            brier=("brier", "mean"),
            forecast=("chance", "mean"),
            happened=("yes", "mean"),
        ).reset_index()
        parts.append(mean.assign(days=str(days)))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(set="wars", who=QUIET_ROWS, period=REPORTED, model=HAZARD)


def simple(pair: PairRecord, events: EventDays, at: Index) -> dict[str, dict[int, Float]]:
    """Return the chances by simple rates: of one and ten years, and of three memories."""
    chances_ahead: dict[str, dict[int, Float]] = {}
    for model, years in zip(SIMPLE, (1, 10), strict=False):
        rate = (events.between(at - 365 * years, at) + RATE_PRIOR) / (365 * years)
        chances_ahead[model] = {days: -np.expm1(-days * rate) for days in WINDOWS}
    held, exposure = events.remembered(at)[3:], pair.exposure(at)[3:]
    chances_ahead[SIMPLE[2]] = {
        days: 1 - ((1 + days / exposure) ** -(held + 0.5)).mean(axis=0) for days in WINDOWS
    }
    return chances_ahead


def frequencies(wanted: EventSet, pairs: list[PairRecord], ends: list[int]) -> Any:
    """Return a function.

    The share of windows of all pairs, up to the end of the year before, with an event.
    """
    landmarks = Landmarks.of(pairs, ends, wanted)

    def chances(at: Index) -> dict[str, dict[int, Float]]:
        years = np.array([day_of_number(day).year for day in at])
        result = {days: np.zeros(len(at)) for days in WINDOWS}
        for year in np.unique(years):
            before = day_number(date(int(year), 1, 1))
            for days in WINDOWS:
                complete = landmarks.days + days <= np.minimum(landmarks.end, before)
                result[days][years == year] = (landmarks.wait[complete] < days).mean()
        return {"constant": result}

    return chances


class Logistic:
    """Logistic regression on the same memories, by window: one more benchmark."""

    def __init__(self, wanted: EventSet, pairs: list[PairRecord], ends: list[int]) -> None:
        """Fit it as of every third year."""
        self.pairs, self.found = pairs, Landmarks.of(pairs, ends, wanted)
        self.fits = {
            year: {days: self._fit(days, day_number(date(year, 1, 1))) for days in WINDOWS}
            for year in range(FIRST.year, day_of_number(max(ends)).year + 1, LOGISTIC_STEP)
        }

    def _fit(self, days: int, before: int) -> tuple[Float, Float, Float]:
        import statsmodels.api as sm

        complete = self.found.days + days <= np.minimum(self.found.end, before)
        design = self.found.covariates[0][complete]
        middle, spread = design.mean(axis=0), design.std(axis=0) + 1e-9
        model = sm.GLM(
            self.found.wait[complete] < days,
            sm.add_constant((design - middle) / spread),
            family=sm.families.Binomial(),
        )
        return (
            middle,
            spread,
            np.asarray(model.fit_regularized(alpha=RIDGE, L1_wt=0.0, maxiter=100).params),
        )

    def __call__(self, pair: int, own: EventDays, at: Index) -> dict[str, dict[int, Float]]:
        """Return the chances of a pair."""
        design = Covariates.of(self.pairs[pair], own, at, 1e-3).at_lead(0, 7)
        years = np.array([day_of_number(day).year for day in at])
        used = FIRST.year + (years - FIRST.year) // LOGISTIC_STEP * LOGISTIC_STEP
        found = {days: np.zeros(len(at)) for days in WINDOWS}
        for year in np.unique(used):
            for days in WINDOWS:
                middle, spread, values = self.fits[int(year)][days]
                log_odds = values[0] + (design[used == year] - middle) / spread @ values[1:]
                found[days][used == year] = 1 / (1 + np.exp(-log_odds))
        return {"logistic regression": found}


def scored(cases_by_set: Iterator[tuple[str, Case]]) -> pd.DataFrame:
    """Return a row per forecast date, window and model."""
    parts = []
    for who, case in cases_by_set:
        for model, by_window in case.chances.items():
            for days, chance in by_window.items():
                happened = case.happened[days]
                both = ~np.isnan(happened) & ~np.isnan(chance)
                inside = np.clip(chance[both], EDGE, 1 - EDGE)
                yes = happened[both]
                parts.append(
                    pd.DataFrame(
                        {
                            "who": who,
                            "pair": np.int16(case.pair),
                            "at": case.at[both].astype(np.int32),
                            "war": case.war[both],
                            "model": model,
                            "days": np.int16(days),
                            "chance": inside.astype(np.float32),
                            "yes": yes.astype(np.int8),
                            "log": -np.where(yes > 0, np.log(inside), np.log1p(-inside)).astype(
                                np.float32
                            ),
                        }
                    )
                )
    table = pd.concat(parts, ignore_index=True)
    models = pd.CategoricalDtype(model_names())
    return table.astype({"who": pd.CategoricalDtype(["both", "one side"]), "model": models})


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean scores by set, who acts, state, window and model; `all` windows count alike."""
    table = table.assign(square=(table["chance"] - table["yes"]) ** 2)
    parts = []
    for state, own in (
        ("all", table),
        ("war", table[table["war"]]),
        ("peace", table[~table["war"]]),
    ):
        by = own.groupby(["set", "who", "days", "model"], observed=True)
        mean = by.agg(
            windows=("yes", "size"),
            log_score=("log", "mean"),
            brier=("square", "mean"),
            forecast=("chance", "mean"),
            happened=("yes", "mean"),
        ).reset_index()
        every = mean.groupby(["set", "who", "model"], observed=True)
        overall = every[["log_score", "brier", "forecast", "happened"]].mean().reset_index()
        overall = overall.assign(days=ALL, windows=every["windows"].sum().to_numpy())
        parts.append(
            pd.concat([mean.astype({"days": str}), overall], ignore_index=True).assign(state=state)
        )
    found = pd.concat(parts, ignore_index=True).assign(period=REPORTED)
    return found.astype({"set": str, "who": str, "model": str})


def difference(table: pd.DataFrame, days: int, other: str) -> str:
    """Return the hazard's log score less another model's, with a 90% interval by pair and year."""
    keys = ["set", "pair", "at"]
    rows = table[(table["days"] == days) & (table["who"] == "both")]
    hazard_rows = rows[rows["model"] == HAZARD].set_index(keys)
    two = rows[rows["model"] == other].set_index(keys)
    both = hazard_rows.join(two[["log"]], how="inner", rsuffix="_other").reset_index()
    years = pd.to_datetime(both["at"], unit="D").dt.year
    gap = paired(both["log"], both["log_other"], years, max(days // 30, 1), both["pair"])
    if gap.low is None or gap.high is None:
        return number(gap.mean, 4)
    return f"{number(gap.mean, 4)} ({number(gap.low, 4)} to {number(gap.high, 4)})"


def page(table: pd.DataFrame, summary: pd.DataFrame, stored: Coefficients) -> str:
    """Return the page of scores."""
    both = summary[(summary["who"] == "both") & (summary["state"] == "all")]
    models = [name for name in model_names() if name in set(both["model"].astype(str))]
    lines = [
        "# Scores of the sets of events",
        "",
        "<!-- Written by scripts/hazards_skill.py. -->",
        "",
        f"Weekly forecast dates from 2015 on, fifteen pairs, {both['set'].nunique()} sets. Each "
        f"forecast knows the "
        "data to its day, and coefficients fitted to the end of the year before. Smaller is "
        "better. The choices of the model were made on 2005 to 2014.",
        "",
        "## Log score by window",
        "",
        "Mean over sets and forecast dates.",
        "",
        _table(both, models, "log_score"),
        "",
        "## Brier score by window",
        "",
        _table(both, models, "brier"),
        "",
        "## Difference in log score",
        "",
        "Of the hazard from another model, with 90% intervals clustered by pair and year. Below "
        "zero the hazard is better; it is called better only if the interval excludes zero.",
        "",
        "| days | " + " | ".join(model for model in models if model != HAZARD) + " |",
        "|---|" + "---|" * (len(models) - 1),
    ]
    for days in WINDOWS:
        cells = [difference(table, days, model) for model in models if model != HAZARD]
        lines.append(f"| {days} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## Within and outside wars",
        "",
        "Violent sets and truces, all windows alike.",
        "",
    ]
    lines += _states(summary)
    lines += [
        "",
        "## Each set",
        "",
        "All windows alike. Where a simple rate is better, the answer says so.",
        "",
    ]
    lines += _sets(both)
    lines += ["", "## Reliability", "", "All sets, by window and tenth of the forecast.", ""]
    lines += _reliability(table)
    lines += [
        "",
        "## One side alone",
        "",
        "Events by one of the two states, with the same coefficients.",
        "",
    ]
    alone = summary[(summary["who"] == "one side") & (summary["state"] == "all")]
    lines += [_table(alone, [HAZARD, *SIMPLE], "log_score")]
    return "\n".join(lines) + "\n"


def quiet_page(quiet: pd.DataFrame) -> str:
    """Return the part on quiet days."""
    lines = [
        "",
        "## Quiet days",
        "",
        "Days in a row without an event, of the sets whose events come with war. Within wars most "
        "forecasts are of the war of 2022 on.",
        "",
        "| quiet days in window | state | forecasts | log score | forecast | happened |",
        "|---|---|---|---|---|---|",
    ]
    for row in quiet.itertuples():
        lines.append(
            f"| {row.days} | {row.state} | {row.windows:,} | {number(row.log_score, 3)} | "
            f"{percent(row.forecast)} | "
            f"{percent(row.happened)} |"
        )
    return "\n".join(lines) + "\n"


def _table(summary: pd.DataFrame, models: list[str], score: str) -> str:
    """Return a table of mean scores by window and model."""
    lines = ["| days | " + " | ".join(models) + " |", "|---|" + "---|" * len(models)]
    for days in WINDOWS:
        scores = summary[summary["days"] == str(days)].groupby("model", observed=True)[score].mean()
        cells = [number(scores[model], 4) if model in scores.index else "–" for model in models]
        lines.append(f"| {days} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _states(summary: pd.DataFrame) -> list[str]:
    lines = [
        "| set | state | windows | hazard | " + " | ".join(SIMPLE) + " | forecast | happened |",
        "|---|" + "---|" * 8,
    ]
    rows = summary[(summary["who"] == "both") & (summary["days"] == ALL)]
    for name in ("violence", "strike", "clash", "truce", "talks", "visit"):
        for state in ("war", "peace"):
            row_of_model = rows[(rows["set"] == name) & (rows["state"] == state)].set_index("model")
            if HAZARD in row_of_model.index:
                scores = " | ".join(
                    number(row_of_model.loc[model, "log_score"], 3) for model in (HAZARD, *SIMPLE)
                )
                row = row_of_model.loc[HAZARD]
                lines.append(
                    f"| {name} | {state} | {row['windows']:,} | {scores} | "
                    f"{percent(row['forecast'])} | "
                    f"{percent(row['happened'])} |"
                )
    return lines


def _sets(both: pd.DataFrame) -> list[str]:
    lines = [
        "| set | hazard | " + " | ".join(SIMPLE) + " | forecast | happened |",
        "|---|" + "---|" * 6,
    ]
    for name in dict.fromkeys(both["set"]):
        rows = both[(both["set"] == name) & (both["days"] == ALL)].set_index("model")
        scores = [rows.loc[model, "log_score"] for model in (HAZARD, *SIMPLE)]
        best = min(scores)
        cells = [
            f"**{number(score, 4)}**" if score == best else number(score, 4) for score in scores
        ]
        row = rows.loc[HAZARD]
        lines.append(
            f"| {name} | "
            + " | ".join(cells)
            + f" | {percent(row['forecast'])} | {percent(row['happened'])} |"
        )
    return lines


def _reliability(table: pd.DataFrame) -> list[str]:
    rows = table[(table["model"] == HAZARD) & (table["who"] == "both")]
    tenth = np.minimum((rows["chance"] * BINS).astype(int), BINS - 1)
    heads = [f"{10 * tenth}–{10 * tenth + 10}%" for tenth in range(BINS)]
    lines = ["| days | " + " | ".join(heads) + " |", "|---|" + "---|" * BINS]
    for days in WINDOWS:
        cells = []
        for position in range(BINS):
            some = rows[(rows["days"] == days) & (tenth == position)]
            cells.append(
                f"{percent(some['chance'].mean())}: {percent(some['yes'].mean())}"
                if len(some) > 50
                else "–"
            )
        lines.append(f"| {days} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
