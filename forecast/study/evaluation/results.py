"""Scored predictions of a backtest: table, scores by model, dyad and period, and largest misses."""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise, product
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.base.dates import add_months
from forecast.base.described import described
from forecast.base.errors import DataError
from forecast.base.files import csv_text, write_bytes, write_csv, write_json
from forecast.base.numeric import paired
from forecast.base.typing import Float, Index
from forecast.base.wording import Card, Displayed, count, join, join_some
from forecast.data.events.codebook import read_scale
from forecast.data.events.table import CountTable, EventTable, event_counts
from forecast.outlook.benchmarks import MODEL, REFERENCE
from forecast.outlook.tone import TONE_UNIT, percent_to_tone, tone_to_percent
from forecast.study.evaluation.benchmarks import BENCHMARKS, ForecastRequest, Pooled
from forecast.study.evaluation.scores import (
    COVERAGES,
    Prediction,
    brier_parts,
    brier_score,
    covered,
    crps,
    in_the_middle,
    log_score,
    mixed,
    pit,
)
from forecast.study.evaluation.skill import (
    BENCHMARKS_EQUAL,
    CHOSEN_ON,
    DERIVED,
    NO_CHANGE,
    PERIODS,
    POOL,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    SPLIT,
    Skill,
    subject_of,
    within,
)
from forecast.study.evaluation.tasks import RunFolder, Setup, read_finished
from forecast.study.evaluation.variants import VARIANTS, Variant

CASES, TONE_CASES = "cases.csv.gz", "tone.csv.gz"
"""Every scored prediction of every forecaster, of shares and of tones: what a page needs with
`skill.json`."""
_COVERED = tuple(f"covered_{100 * level:.0f}" for level in COVERAGES)
_COLUMNS = (
    "model",
    "benchmark",
    "dyad",
    "origin",
    "horizon",
    "given_n",
    "n",
    "k",
    "share",
    "before",
    "mean",
    "low",
    "high",
    "crps",
    "log_score",
    "p_up",
    "up",
    "p_down",
    "down",
    "pit",
    *_COVERED,
)
_NUMBERS = ("share", "before", "mean", "low", "high", "crps", "log_score", "p_up", "p_down", "pit")
_WINDOW = ["year", "place", "origin"]
"""Columns that tell the windows of a horizon apart."""
_DIGITS = 4
POOLED = tuple(code for code, kind in BENCHMARKS.items() if isinstance(kind, Pooled))
"""Benchmarks of the published pool."""
_OUTCOMES = {"up": "higher", "down": "lower"}
MAX_MISSES = 8  # of each period that a page tells of
MAX_EVENTS = 3  # that are named for a miss
SCALE = "commitment"
"""Scale of the kinds of events."""
# events of a window; with fewer, chance alone moves the share by tens of points
MIN_EVENTS_OF_A_MISS = 10
RULE = (
    f"The largest CRPS among windows with at least {MIN_EVENTS_OF_A_MISS} events (of all windows, "
    "if there are none); of windows of one dyad that overlap, only the worst. Named are the events "
    f"on the side on which the prediction was wrong, at most {MAX_EVENTS}: first those of the "
    "strongest kind, then those of the largest Goldstein value, a code once."
)


PREDICTED = (("share", True), ("share", False), ("tone", False))
"""What is predicted of a window, and whether its event count is known; the tone only where there
are scores."""
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Edges of the bins of probabilities; one on an edge belongs to the higher bin."""


@described("Results, such as backtest() returns")
@dataclass(frozen=True, repr=False)
class Results(Displayed):
    """Results of a backtest."""

    # One row per prediction: `model`, `benchmark`, `dyad`, `origin`, `horizon`, `given_n`, `n`,
    # `k`, `share`, `before`, `mean` (predicted share), `low`, `high`, `crps`, `log_score`, `p_up`,
    # `up`, `p_down`, `down`, `pit`, `covered_50`, `covered_80`, `covered_90`;
    # docs/schema/skill-json.md.
    cases: pd.DataFrame = field(repr=False)
    skill: Skill  # Their scores, what was asked, and what was counted by forecaster
    # The same of tones, in points of the Goldstein scale, without event counts; empty where the
    # data hold no scores.
    tone: pd.DataFrame = field(repr=False)

    def _card(self) -> Card:
        choices, cases = self.skill.choices, self.cases
        facts = (
            ("predictions", f"{len(cases):,} by {count(cases['model'].nunique(), 'forecaster')}"),
            ("dyads", join_some([str(dyad) for dyad in cases["dyad"].unique()])),
            (
                "origins",
                f"{min(choices['origins'])} to {max(choices['origins'])}"
                if choices["origins"]
                else "none",
            ),
            ("horizons", f"{join(map(str, choices['horizons']))} months"),
            ("tables", ".skill.to_frame(), .cases"),
        )
        return Card("Results of a backtest", facts)

    def write(self, out: str | Path) -> Path:
        """Write ``skill.json``, ``skill.csv`` (its rows), ``cases.csv.gz`` and ``tone.csv.gz``.

        Return the first.
        """
        out = Path(out)
        for name, cases in ((CASES, self.cases), (TONE_CASES, self.tone)):
            write_bytes(out / name, gzip.compress(csv_text(cases).encode(), mtime=0))
        write_csv(out / "skill.csv", self.skill.to_frame())
        write_json(out / "skill.json", self.skill.to_dict(), by_record=True)
        return out / "skill.json"

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read what a run has written: ``skill.json``, ``cases.csv.gz`` and ``tone.csv.gz``."""
        skill = Skill.read(Path(folder) / "skill.json")
        return cls(_read_cases(Path(folder) / CASES), skill, _read_cases(Path(folder) / TONE_CASES))


def _read_cases(path: Path) -> pd.DataFrame:
    try:
        cases = pd.read_csv(
            path, engine="pyarrow", dtype={"model": str, "dyad": str, "origin": str}
        )
    except (OSError, EOFError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {error}. Write it with forecast backtest."
        ) from error
    if missing := [name for name in _COLUMNS if name not in cases]:
        raise DataError(
            f"{path}: {', '.join(missing)} is missing. Write it with forecast backtest."
        )
    return cases


def gather(setup: Setup, folder: RunFolder) -> Results:
    """Score everything that the finished origins of a run hold, by all forecasters."""
    finished = folder.finished()
    scoring = _Scoring.of(setup, finished)
    by_origin = [_frame(scoring.scored(origin, files)) for origin, files in finished.items()]
    filled = [frame for frame in by_origin if len(frame)]
    every = pd.concat(filled, ignore_index=True).infer_objects() if filled else _frame(())
    cases, tone = (
        every[every["measure"] == measure].drop(columns="measure").reset_index(drop=True)
        for measure in ("share", "tone")
    )
    pool = scoring.pool if POOL in set(cases["model"]) else ()
    subject = subject_of(scoring.benchmarks, pool)
    about = {**VARIANTS, **setup.forecasters}.get(next(iter(pool), subject))
    choices = {
        **setup.choices,
        **folder.commit,
        **setup.record.choices,
        "data": setup.record.digest,
        "data_by_dyad": setup.record.digests,
        "origins": [str(origin) for origin in finished],
        "spec": about.settings(setup.record.final) if isinstance(about, Variant) else None,
    }
    of_subject, reference = (cases[cases["model"] == code] for code in (subject, REFERENCE))
    misses = worst_misses(of_subject, reference, setup.record.predicted)
    compared = tuple(dict.fromkeys((subject, *pool[:1])))
    rows, without = skill_rows(cases, compared), without_dyads(cases, compared)
    weights = dict.fromkeys(pool, 1 / max(len(pool), 1))
    skill = Skill(
        subject,
        choices,
        scoring.account(),
        misses,
        weights,
        without,
        rows,
        skill_rows(tone, compared),
        reliability_rows(cases, subject),
    )
    return Results(cases, skill, tone)


def _frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Arrange the cases of an origin: the table of all grows without holding them as rows."""
    types: dict[str, Any] = {**dict.fromkeys(_NUMBERS, float), "up": object, "down": object}
    return pd.DataFrame(list(rows), columns=["measure", *_COLUMNS]).astype(types)


type Said = tuple[Prediction, ...]
"""Predictions of a window, those of `PREDICTED`."""


@dataclass
class _Scoring:
    """Scores of forecasters and of their mixtures."""

    request: ForecastRequest
    words: dict[str, str]  # By forecaster
    benchmarks: dict[str, bool]  # Whether a forecaster is a benchmark
    everywhere: tuple[str, ...]  # Those that forecast at every origin, of whom mixtures are made
    # By forecaster, its files without predictions
    reports: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, setup: Setup, finished: Mapping[date, Mapping[str, Sequence[Path]]]) -> Self:
        """Read one file of each forecaster of a run."""
        one_each = {code: paths[0] for files in finished.values() for code, paths in files.items()}
        first_files = {code: read_finished(path) for code, path in one_each.items()}
        order = dict.fromkeys((*setup.forecasters, *VARIANTS, *BENCHMARKS, *sorted(first_files)))
        codes = [code for code in order if code in first_files]
        words, benchmarks = (
            {code: first_files[code][name] for code in codes} for name in ("words", "rival")
        )
        everywhere = tuple(
            code for code in codes if all(code in files for files in finished.values())
        )
        return cls(setup.request, words, benchmarks, everywhere)

    @property
    def pool(self) -> tuple[str, ...]:
        """Members of the pool, the model first; empty without a model."""
        models = [
            code
            for code in (MODEL, *self.everywhere)
            if code in self.everywhere and not self.benchmarks[code]
        ]
        return (models[0], *POOLED) if models else ()

    def mixed(self, predictions: Mapping[str, Said]) -> dict[str, Said]:
        """Return the mean of the benchmarks and the pool with and without the model.

        The pool is there if all members forecast.
        """
        equal = [code for code in self.everywhere if self.benchmarks[code] and code in predictions]
        groups = {BENCHMARKS_EQUAL: equal, POOL: self.pool, POOL_WITHOUT_MODEL: POOLED}
        complete = {
            code: members
            for code, members in groups.items()
            if len(members) > 1 and {*members} <= predictions.keys()
        }
        parts = {
            code: [predictions[member] for member in members] for code, members in complete.items()
        }
        return {
            code: tuple(map(mixed, zip(*members, strict=True))) for code, members in parts.items()
        }

    def scored(self, origin: date, files: Mapping[str, Sequence[Path]]) -> Iterator[dict[str, Any]]:
        """Yield the scores of what all forecasters said at an origin, by dyad and horizon."""
        facts: dict[tuple[str, int], dict[str, Any]] = {}
        predictions: dict[tuple[str, int], dict[str, Said]] = {}
        for code in (code for code in self.benchmarks if code in files):
            for content in map(read_finished, files[code]):
                for case in content["cases"]:
                    key = case["dyad"], case["horizon"]
                    parts = [
                        case.pop("given"),
                        case.pop("free"),
                        *([case["tone"].pop("said")] if case["tone"] else []),
                    ]
                    facts.setdefault(key, case)
                    predictions.setdefault(key, {})[code] = tuple(map(Prediction.from_dict, parts))
                self.reports.setdefault(code, []).append(content | {"cases": len(content["cases"])})
        for key in sorted(facts):
            everyone, unchanged = (
                predictions[key] | self.mixed(predictions[key]),
                dict[tuple[str, bool], dict[str, Any]](),
            )
            for code, both in everyone.items():
                benchmark = self.benchmarks.get(code, code in DERIVED)
                for prediction, (measure, given_n) in zip(both, PREDICTED, strict=False):
                    named = {
                        "model": code,
                        "benchmark": benchmark,
                        "origin": origin.isoformat(),
                        "given_n": given_n,
                    }
                    scored = _scores(self.request, origin, facts[key], prediction, measure)
                    yield named | scored
                    if no_change := _unchanged(scored):
                        unchanged[measure, given_n] = (
                            named | {"model": NO_CHANGE, "benchmark": True} | no_change
                        )
            yield from unchanged.values()

    def account(self) -> list[dict[str, Any]]:
        """Count origins, windows without a score and fits by forecaster."""
        rows: list[dict[str, Any]] = []
        for code, words in self.words.items():
            reports = self.reports.get(code, [])
            predicted = {
                report["origin"]
                for report in reports
                if report["cases"] or report["void"] or report["unfinished"]
            }
            void, unfinished = (
                sum(report[name] for report in reports) for name in ("void", "unfinished")
            )
            fits = [fit for report in reports for fit in report["notes"].get("fits", ())]
            fitted = (
                {"fits": len(fits), "not_converged": sum(not fit["converged"] for fit in fits)}
                if fits
                else {}
            )
            counts = {"origins": len(predicted), "void": void, "unfinished": unfinished}
            rows.append({"model": code, "words": words, **counts, **fitted})
        return rows


def _scores(
    request: ForecastRequest,
    origin: date,
    facts: Mapping[str, Any],
    prediction: Prediction,
    measure: str,
) -> dict[str, Any]:
    """Score one prediction by what was recorded of its window."""
    before_and_moves, share, unit = facts, facts["k"] / facts["n"], 1.0
    if measure == "tone":
        before_and_moves, share, unit = (
            facts["tone"],
            tone_to_percent(facts["tone"]["recorded"]) / 100,
            TONE_UNIT,
        )
    low, high = prediction.interval(0.9)
    shown = {
        "share": share,
        "mean": float(prediction.weights @ prediction.support),
        "low": low,
        "high": high,
    }
    shown = {
        name: percent_to_tone(100 * percent) if measure == "tone" else 100 * percent
        for name, percent in shown.items()
    }
    numbers = shown | {
        "before": before_and_moves["before"],
        "crps": unit * crps(prediction, share),
        "log_score": log_score(prediction),
        "p_up": prediction.up,
        "p_down": prediction.down,
        "pit": pit(prediction, request.stream(origin, facts["dyad"], f"pit {facts['horizon']}")),
    }
    return {
        "measure": measure,
        "up": before_and_moves["up"],
        "down": before_and_moves["down"],
        **{name: facts[name] for name in ("dyad", "horizon", "n", "k")},
        **{name: rounded(value) for name, value in numbers.items()},
        **{
            name: covered(prediction, level)
            for name, level in zip(_COVERED, COVERAGES, strict=True)
        },
    }


def _unchanged(scored: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the scores of no change in a window, from those of any forecaster.

    None without a share before.

    The CRPS of a point is its absolute error. An interval without width contains only the point.
    """
    before, share = scored["before"], scored["share"]
    if before is None:
        return None
    hit = abs(share - before) < 10**-_DIGITS
    return {
        **scored,
        "mean": before,
        "low": before,
        "high": before,
        "crps": rounded(abs(share - before)),
        "log_score": None,
        "p_up": 0.0,
        "p_down": 0.0,
        "pit": 0.5 if hit else float(share > before),
        **dict.fromkeys(_COVERED, hit),
    }


def rounded(value: Any) -> Any:
    """Return a number with the decimals of the files; None where there is none."""
    return None if value is None or not np.isfinite(value) else round(float(value), _DIGITS)


def skill_rows(cases: pd.DataFrame, subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Return scores by model, dyad (and all together), horizon, period and whether n is given.

    Differences are paired: over the cases that both predicted. Every model is compared with the
    reference and the best benchmark, and the subjects with all others.
    """
    frame = cases.assign(year=cases["origin"].str[:4].astype(int), place=cases["dyad"])
    best = _best_benchmarks(frame)
    every = pd.concat(
        [frame[within(frame["year"], period)].assign(period=period) for period in PERIODS]
    )
    every = pd.concat([every.assign(dyad="all"), every])
    order = {"period": PERIODS, "dyad": ["all", *sorted(frame["place"].unique())]}
    every = every.assign(
        **{name: pd.Categorical(every[name], values) for name, values in order.items()}
    )
    rows: list[dict[str, Any]] = []
    for key, part in every.groupby(["horizon", "given_n", "period", "dyad"], observed=True):
        table = _Scores.of(part.pivot(index=_WINDOW, columns="model", values="crps"))
        off = (part["mean"] - part["share"]).abs()
        absolute, squared = (
            _Scores.of(part.assign(off=loss).pivot(index=_WINDOW, columns="model", values="off"))
            for loss in (off, off**2)
        )
        others = [("reference", REFERENCE, None), *best.get(key[:3], [])]
        rest = [
            ("other", code, None)
            for code in table.of_model
            if code not in {code for _, code, _ in others}
        ]
        for code, scored in part.groupby("model"):
            against = [
                {"role": role, "model": other, "chosen_on": chosen_on, **numbers}
                for role, other, chosen_on in others + (rest if code in subjects else [])
                if other != code and (numbers := table.difference(str(code), other, int(key[0])))
            ]
            errors = _errors(absolute, squared, str(code), int(key[0]), compare=key[3] == "all")
            rows.append(
                {
                    **_summary(scored, str(code), str(key[3]), str(key[2])),
                    **errors,
                    "against": against,
                }
            )
    return rows


def _errors(
    absolute: "_Scores", squared: "_Scores", code: str, horizon: int, *, compare: bool
) -> dict[str, Any]:
    """Return the errors of mean forecasts, and their differences from no change.

    Errors are mean absolute and root mean square ones.

    The windows of one dyad are too few for that: of one dyad the differences are None.
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
    """Return the benchmark of the smallest CRPS, and the origins it was chosen on.

    There is one by horizon, `given_n` and period.
    """
    best: dict[Any, list[tuple[str, str, str | None]]] = {}
    # No change is a point: its score is an error, and it is missing where the months before are
    # void.
    for key, part in frame[frame["benchmark"].astype(bool) & (frame["model"] != NO_CHANGE)].groupby(
        ["horizon", "given_n"]
    ):
        # Over the windows that all benchmarks predicted, so that none gains by leaving out the hard
        # ones.
        common = part.pivot(index=_WINDOW, columns="model", values="crps").dropna()
        year = common.index.get_level_values("year")
        for period in PERIODS:
            on = next(
                (chosen_on for chosen_on in (CHOSEN_ON, period) if within(year, chosen_on).any()),
                None,
            )
            if on is not None:
                code = str(common[within(year, on)].mean().idxmin())
                best[*key, period] = [("best benchmark", code, on)]
    return best


def _summary(scored: pd.DataFrame, code: str, dyad: str, period: str) -> dict[str, Any]:
    first, logs = scored.iloc[0], scored["log_score"].dropna()
    horizon = int(first["horizon"])
    # Clustered by years and dyads, as the differences are.
    bias = paired(scored["mean"], scored["share"], scored["year"], horizon, scored["place"])
    with_moves = scored[scored["p_up"].notna()]
    moves: dict[str, Any] = {}
    for name, word in _OUTCOMES.items():
        probability, happened = (
            with_moves[f"p_{name}"].to_numpy(dtype=float),
            with_moves[name].to_numpy(dtype=bool),
        )
        moves[f"brier_{name}"] = (
            rounded(brier_score(probability, happened)) if len(with_moves) else None
        )
        # The windows of one dyad are too few for ten bins.
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
        **{name.replace("covered", "coverage"): rounded(scored[name].mean()) for name in _COVERED},
        **{
            f"pit_{100 * level:.0f}": rounded(in_the_middle(scored["pit"], level))
            for level in COVERAGES
        },
    }


def reliability_rows(cases: pd.DataFrame, code: str) -> list[dict[str, Any]]:
    """Return how often a higher and a lower share happened by a forecaster's real-time probability.

    Rows are by period, outcome, horizon (None for all together) and bin; the first row of each has
    all bins. The gap is the mean probability less the frequency, with its 90% interval, from blocks
    of two years where all horizons are together.
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
class _Scores:
    """Scores of models over the same windows, NaN where one did not predict."""

    of_model: dict[str, Float]
    year: Index
    dyad: NDArray[Any]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        """Take them from a table of windows by model."""
        year, dyad = (table.index.get_level_values(name).to_numpy() for name in ("year", "place"))
        return cls({str(code): table[code].to_numpy(dtype=float) for code in table}, year, dyad)

    def difference(
        self, code: str, other: str, horizon: int, without: str | None = None
    ) -> dict[str, Any]:
        """Return the difference of two models over the windows that both predicted, if any."""
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
    """Return the differences of subjects from the others without each dyad.

    They are real-time ones, from the reference and from the pool's benchmarks.

    Without one of the pool's benchmarks it is the mean of all benchmarks.
    """
    free = cases[~cases["given_n"].astype(bool)]
    free = free.assign(year=free["origin"].str[:4].astype(int), place=free["dyad"])
    period = next(
        candidate for candidate in (REPORTED_ON, CHOSEN_ON) if within(free["year"], candidate).any()
    )
    rows: list[dict[str, Any]] = []
    for horizon, part in free[within(free["year"], period)].groupby("horizon"):
        table = _Scores.of(
            part.pivot(index=["place", "origin", "year"], columns="model", values="crps")
        )
        dyads = sorted(set(table.dyad))
        mean = POOL_WITHOUT_MODEL if POOL_WITHOUT_MODEL in table.of_model else BENCHMARKS_EQUAL
        pairs = product(subjects, (REFERENCE, mean))
        for code, other in [
            pair for pair in pairs if set(pair) <= set(table.of_model) and pair[0] != pair[1]
        ]:
            for dyad in dyads if len(dyads) > 1 else ():
                numbers = table.difference(code, other, int(horizon), without=dyad)
                where = {"period": period, "horizon": int(horizon), "without": dyad}
                rows.append({"model": code, "against": other, **where, **numbers})
    return rows


def worst_misses(
    cases: pd.DataFrame, reference: pd.DataFrame, table: EventTable | CountTable
) -> list[dict[str, Any]]:
    """Return the worst predictions of one forecaster, the worst first, for each period."""
    keys = ["dyad", "origin", "horizon"]
    free, other = (frame[~frame["given_n"].astype(bool)] for frame in (cases, reference))
    counted = free[free["n"] >= MIN_EVENTS_OF_A_MISS]
    ranked = (free if counted.empty else counted).sort_values(
        ["crps", *keys], ascending=[False, True, True, True]
    )
    chosen: dict[str, list[dict[Any, Any]]] = {REPORTED_ON: [], CHOSEN_ON: []}
    for case in ranked.to_dict("records"):
        (start, stop), period = (
            _window(case),
            REPORTED_ON if int(case["origin"][:4]) >= SPLIT else CHOSEN_ON,
        )
        overlap = (
            earlier["dyad"] == case["dyad"] and start < last and first < stop
            for earlier in chosen[period]
            for first, last in [_window(earlier)]
        )
        if len(chosen[period]) < MAX_MISSES and not any(overlap):
            chosen[period].append(case)
    others = {tuple(case[key] for key in keys): case for case in other.to_dict("records")}
    numbers = ("mean", "low", "high", "crps")

    def predicted(case: Mapping[Any, Any] | None) -> dict[str, float] | None:
        return None if case is None else {name: float(case[name]) for name in numbers}

    return [
        {
            "period": period,
            "dyad": case["dyad"],
            "origin": case["origin"],
            **{name: int(case[name]) for name in ("horizon", "n", "k")},
            "share": float(case["share"]),
            **(predicted(case) or {}),
            "reference": predicted(others.get(tuple(case[key] for key in keys))),
            "events": _telling_events(case, table.events) if isinstance(table, EventTable) else [],
        }
        for period, cases_of_period in chosen.items()
        for case in cases_of_period
    ]


def _window(case: Mapping[Any, Any]) -> tuple[date, date]:
    """Return the first day of a window, and the first day after it."""
    first = date.fromisoformat(case["origin"])
    return first, add_months(first, int(case["horizon"]))


def _telling_events(case: Mapping[Any, Any], events: pd.DataFrame) -> list[dict[str, str]]:
    """Return the strongest events of a window on the side on which the prediction was wrong.

    A two-sided one once.
    """
    first, stop = map(pd.Timestamp, _window(case))
    scale, sign = read_scale(SCALE), 1 if case["share"] > case["mean"] else -1
    here = events[
        (events["dyad"] == case["dyad"]) & (events["date"] >= first) & (events["date"] < stop)
    ]
    here = here[event_counts(here) > 0]
    classes = here["cameo"].map(scale.class_of)
    strong = here.assign(
        kind=[scale.classes[class_of_event] for class_of_event in classes],
        strength=sign * (classes - scale.zero_cut + 0.5),
        value=sign * here["goldstein"],
    )
    ranked = strong[strong["strength"] > 0].sort_values(
        ["strength", "value", "date", "event_id"], ascending=[False, False, True, True]
    )
    chosen = ranked.drop_duplicates("cameo").head(MAX_EVENTS).sort_values("date", kind="stable")
    names = ("source", "target", "actor", "kind", "summary", "reference")
    return [
        {"date": row["date"].date().isoformat(), **{name: str(row[name]) for name in names}}
        for _, row in chosen.iterrows()
    ]
