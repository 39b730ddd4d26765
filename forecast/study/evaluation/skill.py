"""Contents of `skill.json`: the scores of a backtest by model, dyad, horizon and period."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import pandas as pd
from pydantic import ValidationError, create_model

from forecast.base.described import described
from forecast.base.errors import DataError, SpecError
from forecast.base.numeric import INTERVAL, Lead, holm, lead, p_value
from forecast.base.reading import read_bytes
from forecast.outlook.benchmarks import MODEL, REFERENCE

SCHEMA = 4
POOL, POOL_WITHOUT_MODEL, BENCHMARKS_EQUAL = "pool", "pool_without_model", "mixture_equal"
"""Codes of the mixtures: the published pool of the model and seven benchmarks; these seven alone;
all benchmarks."""
NO_CHANGE = "no_change"
"""Code of the point forecast that the share of the last 12 months continues; its CRPS is its
absolute error."""
DERIVED = (POOL_WITHOUT_MODEL, BENCHMARKS_EQUAL, NO_CHANGE)
"""Benchmarks that are made of what a run predicts anyway: nothing is run for them."""
_NAMES = {
    MODEL: "model",
    "no_return": "no return of the trend",
    "no_volume": "no effect of volume",
    "base_rate_all": "base rate of the whole record",
    REFERENCE: "ten-year base rate",
    "base_rate_5y": "five-year base rate",
    "base_rate_2y": "two-year base rate",
    "ar_noise": "AR(1) plus noise",
    "auto_ets": "AutoETS",
    "auto_arima": "AutoARIMA",
    "laplace": "Laplace ensemble",
    BENCHMARKS_EQUAL: "mean of all benchmarks",
    POOL_WITHOUT_MODEL: "pool's seven benchmarks",
    NO_CHANGE: "no change",
    POOL: "pool of model and benchmarks",
}
"""Names of forecasters by their codes, where the code does not say it."""
SPLIT = 2015
"""Choices are made on origins before this year, and reported on origins from it on."""
PERIODS = (f"-{SPLIT - 1}", f"{SPLIT}-", "all")
CHOSEN_ON, REPORTED_ON, _ALL = PERIODS
MAX_SKILL_FILE = 100_000_000  # bytes of a `skill.json`; a larger file is not read

type Row = Mapping[str, Any]


def _form(
    name: str, fields: Mapping[Any, str], optional: Mapping[Any, str] = MappingProxyType({})
) -> Any:
    """Return a model that validates an object of JSON.

    ``fields`` are names, separated by spaces, by their type; ``optional`` ones may be missing.
    """
    declared: dict[str, Any] = {
        field: (kind, ...) for kind, names in fields.items() for field in names.split()
    }
    declared |= {field: (kind, None) for kind, names in optional.items() for field in names.split()}
    return create_model(name, **declared)


ERRORS = (
    "mae",
    "rmse",
    "mae_less_no_change",
    "mae_low",
    "mae_high",
    "mse_less_no_change",
    "mse_low",
    "mse_high",
    "higher_said",
    "lower_said",
)
"""Fields of a row on errors of the mean and on probabilities, which earlier files lack."""
_list: Any = list  # Of forms, which are no types to a type checker
_DIFFERENCE = {
    str: "model",
    int: "n blocks",
    float: "difference relative",
    float | None: "error low high",
}
_COMPARED = _form("Compared", _DIFFERENCE | {str: "model role", str | None: "chosen_on"})
_WITHOUT = _form(
    "Without", _DIFFERENCE | {str: "model against period without", int: "n blocks horizon"}
)
_SCORED = _form(
    "Scored",
    {
        str: "model dyad period",
        bool: "benchmark given_n",
        int: "horizon n n_origins n_moves",
        float: "crps bias sharpness coverage_50 coverage_80 coverage_90",
        float | None: "bias_low bias_high brier_up brier_down",
        dict[str, float | None] | None: "up_parts down_parts",
        _list[_COMPARED]: "against",
    },
    {
        float: "pit_50 pit_80 pit_90",
        float | None: " ".join(ERRORS),
        int | None: "higher_happened lower_happened",
    },
)
_CHOICES = _form(
    "Choices",
    {
        str: "dataset version eras data",
        list[str]: "dyads",
        list[int]: "horizons",
        float: "improvement",
        str | list[str]: "together",
        dict[str, str]: "data_by_dyad",
        list[date]: "origins",
        dict[str, Any] | None: "spec",
    },
    {list[str]: "datasets vintaged", str: "commit", dict[str, Any]: "edition"},
)
_ACCOUNT = _form("Account", {str: "model words", int: "origins void unfinished"})
_EVENT = _form("Event", {date: "date", str: "source target actor kind summary reference"})
_PREDICTED = {float: "mean low high crps"}
_MISS = _form(
    "Miss",
    {
        str: "period dyad",
        date: "origin",
        int: "horizon n k",
        float: f"share {_PREDICTED[float]}",
        _form("Predicted", _PREDICTED) | None: "reference",
        _list[_EVENT]: "events",
    },
)
_BIN = _form(
    "Bin",
    {
        str: "outcome period",
        int: "n happened",
        float: "low high said frequency",
        int | None: "horizon",
        float | None: "gap gap_low gap_high",
    },
)
_FILE = _form(
    "File",
    {
        str: "subject",
        _CHOICES: "choices",
        _list[_ACCOUNT]: "account",
        _list[_MISS]: "misses",
        dict[str, float]: "pool",
        _list[_WITHOUT]: "without",
        _list[_SCORED]: "rows tone",
    },
    {_list[_BIN]: "reliability"},
)
"""Required content of a `skill.json`; more is allowed."""


@described("a Skill, such as Skill.read('skill.json') of forecast.study.evaluation.skill returns")
@dataclass(frozen=True)
class Skill:
    """Contents of `skill.json`; docs/schema/skill-json.md describes the fields."""

    # Code of the forecaster that is compared with every other one: the pool if it takes part
    subject: str
    choices: dict[str, Any]  # What was asked
    # By forecaster: origins, windows that are void or not over, and of a model variant how many
    # fits it had, and how many had not converged.
    account: list[dict[str, Any]] = field(repr=False)
    # The subject's worst predictions, and what happened
    misses: list[dict[str, Any]] = field(repr=False)
    pool: dict[str, float]  # Weights of the pool by forecaster, the model first; empty without one
    without: list[dict[str, Any]] = field(repr=False)  # Differences with each dyad left out
    # Scores by model, dyad (and all together), horizon, period and whether n is given.
    rows: list[dict[str, Any]] = field(repr=False)
    # The same of the tone, in points of the Goldstein scale, n unknown; empty where the data hold
    # no scores.
    tone: list[dict[str, Any]] = field(repr=False)
    # How often a higher and a lower share happened by the subject's probability, real-time; empty
    # in earlier files.
    reliability: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file of skill."""
        try:
            content = json.loads(
                read_bytes(path, MAX_SKILL_FILE), parse_constant=_number, parse_float=_number
            )
            if not isinstance(content, dict) or content.get("schema") != SCHEMA:
                raise ValueError(f"it is no file of skill of schema {SCHEMA}")
            _FILE.model_validate(content)
            if not any(row["model"] == content["subject"] for row in content["rows"]):
                raise ValueError(f"its subject, {content['subject']}, has no scores")
        except ValidationError as error:
            first = error.errors()[0]
            raise _unreadable(
                path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
        return cls(**{name: content[name] for name in _FILE.model_fields if name in content})

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `skill.json`."""
        about = {"schema": SCHEMA, "chosen_on": CHOSEN_ON, "reported_on": REPORTED_ON}
        return about | {name: getattr(self, name) for name in _FILE.model_fields}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per model, dyad, horizon, period and knowledge of event counts.

        The content of ``skill.csv``.

        Returns
        -------
        pandas.DataFrame
            Scores (``crps``, ``bias``, ``brier_up``, ``coverage_90`` ...), as
            docs/schema/skill-json.md describes the ``rows``, without comparisons (`against`).

        Examples
        --------
        >>> from forecast.study.evaluation.skill import Skill
        >>> frame = Skill.read("skill/skill.json").to_frame()  # doctest: +SKIP
        >>> columns = ["model", "horizon", "period", "crps"]
        >>> frame.query("dyad == 'all' and not given_n")[columns]  # doctest: +SKIP
        """
        return pd.DataFrame(self.rows).drop(columns="against", errors="ignore")

    @cached_property
    def _places(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        names = ("model", "horizon", "dyad", "period", "given_n")
        return {tuple(row[name] for name in names): row for row in self.rows}

    @property
    def models(self) -> dict[str, bool]:
        """Codes of all scored models, and whether each is a benchmark.

        Forecasters in their order, then mixtures.
        """
        scored = {str(row["model"]): bool(row["benchmark"]) for row in self.rows}
        ordered = [entry["model"] for entry in self.account if entry["model"] in scored]
        return {code: scored[code] for code in dict.fromkeys((*ordered, *scored))}

    @property
    def model(self) -> str:
        """Code of the model of the pool; without a pool, of the subject."""
        return next(iter(self.pool), self.subject)

    @property
    def period(self) -> str:
        """The period of reports, if the run has origins in it; else that of choices."""
        periods = {row["period"] for row in self.rows}
        return next((period for period in (REPORTED_ON, CHOSEN_ON) if period in periods), _ALL)

    def row(
        self,
        horizon: int,
        *,
        model: str | None = None,
        dyad: str = "all",
        period: str = REPORTED_ON,
        given_n: bool = False,
    ) -> Row | None:
        """Return the scores of a model, by default the subject, if there are any."""
        return self._places.get((model or self.subject, horizon, dyad, period, given_n))

    def against(self, other: str, horizon: int, **where: Any) -> Row | None:
        """Return the comparison of the subject with another model, from a row's `against`."""
        row = self.row(horizon, **where)
        return row and next(
            (comparison for comparison in row["against"] if comparison["model"] == other), None
        )

    @cached_property
    def _corrected(self) -> dict[tuple[Any, ...], float]:
        """Corrected p-values of the differences of single dyads (`corrected`)."""
        families: dict[tuple[Any, ...], dict[tuple[Any, ...], float]] = {}
        for row in self.rows:
            for comparison in row["against"] if row["dyad"] != "all" else ():
                p = p_value(
                    comparison["difference"],
                    comparison["low"],
                    comparison["high"],
                    comparison["blocks"],
                )
                if p is not None:
                    family = (row["model"], comparison["model"], row["period"], row["given_n"])
                    families.setdefault(family, {})[row["dyad"], row["horizon"]] = p
        return {
            (*family, *where): p
            for family, p_values in families.items()
            for where, p in zip(p_values, holm(list(p_values.values())), strict=True)
        }

    def lead(self, other: str, horizon: int, *, dyad: str = "all", **where: Any) -> Lead | None:
        """Return which of the subject and another model is better, by the 90% interval.

        None if they were not compared. For a single dyad the difference must also remain after
        Holm's correction over all dyads and horizons, because there are dozens of them.
        """
        comparison = self.against(other, horizon, dyad=dyad, **where)
        if comparison is None:
            return None
        ahead = lead(comparison["low"], comparison["high"])
        if dyad == "all" or ahead not in ("this", "other"):
            return ahead
        p = self.corrected(other, horizon, dyad=dyad, **where)
        return ahead if p is not None and p < 1 - INTERVAL else "undecided"

    def corrected(
        self,
        other: str,
        horizon: int,
        *,
        dyad: str,
        model: str | None = None,
        period: str = REPORTED_ON,
        given_n: bool = False,
    ) -> float | None:
        """Return the p-value of a difference of one dyad, by Holm over all dyads and horizons.

        None without an interval.
        """
        return self._corrected.get((model or self.subject, other, period, given_n, dyad, horizon))

    def other_choices(self, spec: Mapping[str, Any]) -> list[str]:
        """Return the names of the choices in which a model's spec differs from the tested one.

        Choices that only the tested model has, such as priors of former parts, make no difference.
        """
        choices = json.loads(json.dumps(spec, default=str))
        tested = self.choices["spec"] or {}
        return [
            name.replace("_", " ")
            for name in choices
            if not _agrees(choices[name], tested.get(name))
        ]

    @property
    def refits(self) -> list[str]:
        """Number of fits of each model variant, and of those that did not converge, in words."""
        fitted = [row for row in self.account if "fits" in row]
        return [
            f"{row['model']}: {row['fits']} fits, {row['not_converged']} not converged"
            for row in fitted
        ]

    def best_benchmark(self, horizon: int, *, given_n: bool = False) -> str | None:
        """Return the benchmark that was best in the period of choices, if any."""
        row = self.row(horizon, period=self.period, given_n=given_n)
        for comparison in row["against"] if row else ():
            if comparison["role"] == "best benchmark":
                return str(comparison["model"])
        return None


def _agrees(given: Any, tested: Any) -> bool:
    """Return whether a choice, or each of several choices by name, is the tested one."""
    if isinstance(given, dict) and isinstance(tested, dict):
        return all(tested.get(name) == value for name, value in given.items())
    return bool(given == tested)


def forecaster_name(code: str) -> str:
    """Return the name of a forecaster for readers; without one, its code in words."""
    return _NAMES.get(code, code.replace("_", " "))


def subject_of(benchmarks: Mapping[str, bool], pool: Sequence[str] = ()) -> str:
    """Return the code of the forecaster that is compared with all others.

    This is the pool; else the model, or its first variant; else the reference, or the first
    benchmark.
    """
    if pool:
        return POOL
    models = [code for code, benchmark in benchmarks.items() if not benchmark]
    for wanted, present in ((MODEL, models), (REFERENCE, list(benchmarks))):
        if present:
            return wanted if wanted in present else present[0]
    raise SpecError("backtest: there is no forecaster")


def within(year: Any, period: str) -> Any:
    """Return whether years, or each of an array of them, belong to a period."""
    if period == CHOSEN_ON:
        return year < SPLIT
    return year >= SPLIT if period == REPORTED_ON else year > 0


def _number(text: str) -> float:
    """Parse a number of JSON, and reject NaN and infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of JSON")
    return value


def _unreadable(path: str | Path, reason: str) -> DataError:
    return DataError(
        f"{path} is no skill.json of a backtest: {reason}. Write it with forecast backtest."
    )
