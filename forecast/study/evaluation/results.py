"""Results of a backtest: every scored prediction, and the summary of the scores.

`gather` reads the finished origins of a run, scores their predictions and those of mixtures, and
returns `Results`. The tables of the summary are those of `score_tables` and `misses`.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Self

import pandas as pd

from forecast.base.described import described
from forecast.base.errors import DataError
from forecast.base.files import csv_text, write_bytes, write_csv, write_json
from forecast.base.wording import Card, Displayed, count, join, join_some
from forecast.outlook.benchmarks import MODEL, REFERENCE
from forecast.outlook.tone import TONE_UNIT, percent_to_tone, tone_to_percent
from forecast.study.evaluation.benchmarks import BENCHMARKS, ForecastRequest, Pooled
from forecast.study.evaluation.misses import worst_misses
from forecast.study.evaluation.score_tables import (
    COVERED_COLUMNS,
    DIGITS,
    reliability_rows,
    rounded,
    skill_rows,
    without_dyads,
)
from forecast.study.evaluation.scores import (
    COVERAGES,
    Prediction,
    covered,
    crps,
    log_score,
    mixed,
    pit,
)
from forecast.study.evaluation.skill import (
    BENCHMARKS_EQUAL,
    DERIVED,
    NO_CHANGE,
    POOL,
    POOL_WITHOUT_MODEL,
    Skill,
    subject_of,
)
from forecast.study.evaluation.tasks import RunFolder, Setup, read_finished
from forecast.study.evaluation.variants import VARIANTS, Variant

# Files of every scored prediction of every forecaster, of shares and of tones.
CASES = "cases.csv.gz"
TONE_CASES = "tone.csv.gz"
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
    *COVERED_COLUMNS,
)
_NUMBERS = ("share", "before", "mean", "low", "high", "crps", "log_score", "p_up", "p_down", "pit")
# Benchmarks of the published pool.
POOLED = tuple(code for code, kind in BENCHMARKS.items() if isinstance(kind, Pooled))
# What is predicted of a window, and whether its event count is known; the tone only where events
# have scores.
PREDICTED = (("share", True), ("share", False), ("tone", False))


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
        """Write ``skill.json``, ``skill.csv``, ``cases.csv.gz`` and ``tone.csv.gz`` into a folder.

        Return the path of ``skill.json``.
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
    """Read a table of scored predictions."""
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
    """Score the predictions of all forecasters at the finished origins of a run."""
    finished = folder.finished()
    scoring = _Scoring.of(setup, finished)
    by_origin = [_frame(scoring.score_origin(origin, files)) for origin, files in finished.items()]
    filled = [frame for frame in by_origin if len(frame)]
    scored = pd.concat(filled, ignore_index=True).infer_objects() if filled else _frame(())
    cases, tone = (
        scored[scored["measure"] == measure].drop(columns="measure").reset_index(drop=True)
        for measure in ("share", "tone")
    )
    pool = scoring.pool if POOL in set(cases["model"]) else ()
    subject = subject_of(scoring.benchmarks, pool)
    model = {**VARIANTS, **setup.forecasters}.get(next(iter(pool), subject))
    choices = {
        **setup.choices,
        **folder.commit,
        **setup.record.choices,
        "data": setup.record.digest,
        "data_by_dyad": setup.record.digests,
        "origins": [str(origin) for origin in finished],
        "spec": model.settings(setup.record.final) if isinstance(model, Variant) else None,
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
    """Return the cases of an origin as a table, which needs less memory than rows."""
    types: dict[str, Any] = {**dict.fromkeys(_NUMBERS, float), "up": object, "down": object}
    return pd.DataFrame(list(rows), columns=["measure", *_COLUMNS]).astype(types)


type WindowPredictions = tuple[Prediction, ...]
"""Predictions of one window by one forecaster, in the order of `PREDICTED`."""


@dataclass
class _Scoring:
    """Scoring of the predictions of forecasters and of their mixtures."""

    request: ForecastRequest
    words: dict[str, str]  # By forecaster
    benchmarks: dict[str, bool]  # Whether a forecaster is a benchmark
    everywhere: tuple[str, ...]  # Forecasters at every origin: mixtures are made of these
    # By forecaster, its files without predictions
    reports: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, setup: Setup, finished: Mapping[date, Mapping[str, Sequence[Path]]]) -> Self:
        """Read names and kinds of the forecasters of a run from one file of each."""
        path_by_code = {
            code: paths[0] for files in finished.values() for code, paths in files.items()
        }
        first_files = {code: read_finished(path) for code, path in path_by_code.items()}
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

    def mix(self, predictions: Mapping[str, WindowPredictions]) -> dict[str, WindowPredictions]:
        """Mix the predictions of a window: all benchmarks, and the pool with and without the model.

        A pool is missing if one of its members did not predict.
        """
        equal = [code for code in self.everywhere if self.benchmarks[code] and code in predictions]
        groups = {BENCHMARKS_EQUAL: equal, POOL: self.pool, POOL_WITHOUT_MODEL: POOLED}
        complete = {
            code: members
            for code, members in groups.items()
            if len(members) > 1 and {*members} <= predictions.keys()
        }
        mixtures = {}
        for code, members in complete.items():
            by_measure = zip(*(predictions[member] for member in members), strict=True)
            mixtures[code] = tuple(mixed(of_measure) for of_measure in by_measure)
        return mixtures

    def score_origin(
        self, origin: date, files: Mapping[str, Sequence[Path]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the scores of all forecasters at an origin, by dyad and horizon."""
        facts: dict[tuple[str, int], dict[str, Any]] = {}
        predictions: dict[tuple[str, int], dict[str, WindowPredictions]] = {}
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
            with_mixtures = predictions[key] | self.mix(predictions[key])
            no_change_rows = dict[tuple[str, bool], dict[str, Any]]()
            for code, of_window in with_mixtures.items():
                benchmark = self.benchmarks.get(code, code in DERIVED)
                for prediction, (measure, given_n) in zip(of_window, PREDICTED, strict=False):
                    named = {
                        "model": code,
                        "benchmark": benchmark,
                        "origin": origin.isoformat(),
                        "given_n": given_n,
                    }
                    scored = _scores(self.request, origin, facts[key], prediction, measure)
                    yield named | scored
                    if no_change := _score_no_change(scored):
                        no_change_rows[measure, given_n] = (
                            named | {"model": NO_CHANGE, "benchmark": True} | no_change
                        )
            yield from no_change_rows.values()

    def account(self) -> list[dict[str, Any]]:
        """Count origins, windows without a score, and fits, by forecaster."""
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
    baseline_and_moves, share, unit = facts, facts["k"] / facts["n"], 1.0
    if measure == "tone":
        baseline_and_moves = facts["tone"]
        share = tone_to_percent(facts["tone"]["recorded"]) / 100
        unit = TONE_UNIT
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
        "before": baseline_and_moves["before"],
        "crps": unit * crps(prediction, share),
        "log_score": log_score(prediction),
        "p_up": prediction.up,
        "p_down": prediction.down,
        "pit": pit(prediction, request.stream(origin, facts["dyad"], f"pit {facts['horizon']}")),
    }
    return {
        "measure": measure,
        "up": baseline_and_moves["up"],
        "down": baseline_and_moves["down"],
        **{name: facts[name] for name in ("dyad", "horizon", "n", "k")},
        **{name: rounded(value) for name, value in numbers.items()},
        **{
            name: covered(prediction, level)
            for name, level in zip(COVERED_COLUMNS, COVERAGES, strict=True)
        },
    }


def _score_no_change(scored: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the scores of the forecast of no change, from those of any forecaster of the window.

    None if there is no share before. The CRPS of a point is its absolute error, and an interval
    without width contains only the point.
    """
    before, share = scored["before"], scored["share"]
    if before is None:
        return None
    hit = abs(share - before) < 10**-DIGITS
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
        **dict.fromkeys(COVERED_COLUMNS, hit),
    }
