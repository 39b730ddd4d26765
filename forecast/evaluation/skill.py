"""Contents of `skill.json`: the scores of a backtest by model, dyad, horizon and period."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NotRequired, Self, TypedDict

from forecast.errors import DataError, SpecError
from forecast.files import read_bytes
from forecast.outlook.benchmarks import MODEL, REFERENCE

SCHEMA = 3
POOL, BENCHMARKS_EQUAL = "pool", "mixture_equal"
"""Codes of the mixtures: the published pool of the model and simple benchmarks; all benchmarks alike."""
SPLIT = 2015
"""Choices are made on origins before this year, and reported on origins from it on."""
PERIODS = (f"-{SPLIT - 1}", f"{SPLIT}-", "all")
CHOSEN_ON, REPORTED_ON, _ALL = PERIODS
LONGEST = 100_000_000
"""Bytes of a file of skill."""

type Row = Mapping[str, Any]


class _Difference(TypedDict):
    model: str
    n: int
    difference: float
    error: float | None
    low: float | None
    high: float | None
    relative: float
    blocks: int  # fmt: skip


class _Compared(_Difference):
    role: str
    chosen_on: str | None


class _Scored(TypedDict):
    model: str
    benchmark: bool
    dyad: str
    horizon: int
    period: str
    given_n: bool
    n: int
    n_origins: int
    crps: float
    bias: float
    bias_low: float | None
    bias_high: float | None
    sharpness: float
    n_moves: int
    brier_up: float | None
    brier_down: float | None
    up_parts: dict[str, float | None] | None
    down_parts: dict[str, float | None] | None
    coverage_50: float
    coverage_80: float
    coverage_90: float
    pit_50: NotRequired[float]
    pit_80: NotRequired[float]
    pit_90: NotRequired[float]
    against: list[_Compared]  # fmt: skip


class _Choices(TypedDict):
    dataset: str
    datasets: NotRequired[list[str]]
    vintaged: NotRequired[list[str]]
    dyads: list[str]
    horizons: list[int]
    improvement: float
    version: str
    commit: NotRequired[str]
    eras: str
    together: str | list[str]
    data: str
    data_by_dyad: dict[str, str]
    origins: list[date]
    spec: dict[str, Any] | None  # fmt: skip


class _Account(TypedDict):
    model: str
    words: str
    origins: int
    void: int
    unfinished: int


class _Happened(TypedDict):
    date: date
    source: str
    target: str
    actor: str
    kind: str
    summary: str
    reference: str  # fmt: skip


class _Predicted(TypedDict):
    mean: float
    low: float
    high: float
    crps: float


class _Miss(TypedDict):
    period: str
    dyad: str
    origin: date
    horizon: int
    n: int
    k: int
    share: float
    mean: float
    low: float
    high: float
    crps: float
    reference: _Predicted | None
    events: list[_Happened]  # fmt: skip


class _Without(_Difference):
    against: str
    period: str
    horizon: int
    without: str


class _File(TypedDict):
    subject: str
    choices: _Choices
    account: list[_Account]
    misses: list[_Miss]
    pool: dict[str, float]
    without: list[_Without]
    rows: list[_Scored]  # fmt: skip


@dataclass(frozen=True)
class Skill:
    """Contents of `skill.json`; docs/schema/skill-json.md describes the fields."""

    subject: str  # Code of the forecaster that is compared with every other one: the pool if it takes part
    choices: dict[str, Any]  # What was asked
    # By forecaster: origins, windows that are void or not over, and of a model variant how often and why it was
    # fitted again, and how often it converged.
    account: list[dict[str, Any]] = field(repr=False)
    misses: list[dict[str, Any]] = field(repr=False)  # The subject's worst predictions, and what happened
    pool: dict[str, float]  # Weights of the pool by forecaster, the model first; empty without one
    without: list[dict[str, Any]] = field(repr=False)  # Differences with each dyad left out
    # Scores by model, dyad (and all together), horizon, period and whether n is given.
    rows: list[dict[str, Any]] = field(repr=False)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file of skill."""
        from pydantic import TypeAdapter, ValidationError

        try:
            content = json.loads(read_bytes(path, LONGEST), parse_constant=_number, parse_float=_number)
            if not isinstance(content, dict) or content.get("schema") != SCHEMA:
                raise ValueError(f"it is no file of skill of schema {SCHEMA}")
            TypeAdapter(_File).validate_python(content)
            if not any(row["model"] == content["subject"] for row in content["rows"]):
                raise ValueError(f"its subject, {content['subject']}, has no scores")
        except ValidationError as error:
            first = error.errors()[0]
            raise _unreadable(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
        return cls(**{name: content[name] for name in _File.__annotations__})

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `skill.json`."""
        return {
            "schema": SCHEMA, "chosen_on": CHOSEN_ON, "reported_on": REPORTED_ON, "subject": self.subject,
            "choices": self.choices, "account": self.account, "misses": self.misses, "pool": self.pool,
            "without": self.without, "rows": self.rows,
        }  # fmt: skip

    @cached_property
    def _places(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        names = ("model", "horizon", "dyad", "period", "given_n")
        return {tuple(row[name] for name in names): row for row in self.rows}

    @property
    def models(self) -> dict[str, bool]:
        """Codes of all scored models, and whether each is a benchmark: forecasters in their order, then mixtures."""
        scored = {str(row["model"]): bool(row["benchmark"]) for row in self.rows}
        ordered = [one["model"] for one in self.account if one["model"] in scored]
        return {code: scored[code] for code in dict.fromkeys((*ordered, *scored))}

    @property
    def model(self) -> str:
        """Code of the model of the pool; without a pool, of the subject."""
        return next(iter(self.pool), self.subject)

    @property
    def period(self) -> str:
        """The period of reports, if the run has origins in it; else that of choices."""
        there = {row["period"] for row in self.rows}
        return next((period for period in (REPORTED_ON, CHOSEN_ON) if period in there), _ALL)

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
        """Compare the subject with another model on common predictions: one of a row's `against`."""
        row = self.row(horizon, **where)
        return row and next((one for one in row["against"] if one["model"] == other), None)

    def other_choices(self, spec: Mapping[str, Any]) -> list[str]:
        """Return the names of the choices in which a model, by its spec, is not the one that was tested."""
        own, tested = json.loads(json.dumps(spec, default=str)), self.choices["spec"] or {}
        return [name.replace("_", " ") for name in own if own[name] != tested.get(name)]

    @property
    def refits(self) -> list[str]:
        """By model variant, how often it was fitted and how often it had not converged."""
        return [
            f"{one['model']}: {sum(one['fitted'].values())} of {one['fits']} fits sampled and the others updated; "
            f"{one['not_converged']} not converged"
            for one in self.account
            if "fitted" in one
        ]

    def best_benchmark(self, horizon: int, *, given_n: bool = False) -> str | None:
        """Return the benchmark that was best on the origins on which choices are made, if any was."""
        row = self.row(horizon, period=self.period, given_n=given_n)
        found = [one["model"] for one in row["against"] if one["role"] == "best benchmark"] if row else []
        return str(found[0]) if found else None


def subject_of(benchmarks: Mapping[str, bool], pool: Sequence[str] = ()) -> str:
    """Return the subject of a backtest: the pool, the model, its first variant, the reference, or the first."""
    if pool:
        return POOL
    own = [code for code, benchmark in benchmarks.items() if not benchmark]
    for wanted, there in ((MODEL, own), (REFERENCE, list(benchmarks))):
        if there:
            return wanted if wanted in there else there[0]
    raise SpecError("backtest: there is no forecaster")


def within(year: Any, period: str) -> Any:
    """Return whether years, or each of an array of them, belong to a period."""
    if period == CHOSEN_ON:
        return year < SPLIT
    return year >= SPLIT if period == REPORTED_ON else year > 0


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of JSON")
    return value


def _unreadable(path: str | Path, reason: str) -> DataError:
    return DataError(f"{path} is no skill.json of a backtest: {reason}. Write it with forecast backtest.")
