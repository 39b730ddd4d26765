"""Scored predictions of a backtest, their scores by model, dyad, horizon and period, and the worst misses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecast.dates import add_months
from forecast.errors import DataError
from forecast.evaluation.benchmarks import BENCHMARKS, MIXTURES, REFERENCE, Mixture, stacking_weights
from forecast.evaluation.forecaster import Asked
from forecast.evaluation.prediction import Prediction, mixed
from forecast.evaluation.scores import COVERAGES, brier, brier_score, covered, crps, in_the_middle, log_score, pit
from forecast.evaluation.skill import CHOSEN_ON, PERIODS, REPORTED_ON, SPLIT, Skill, subject_of, within
from forecast.evaluation.tasks import RunFolder, Setup, read_finished
from forecast.evaluation.variants import DEFAULT, PENDULUM, VARIANTS, Variant
from forecast.events.codebook import read_scale
from forecast.events.table import CountTable, EventTable
from forecast.files import write_csv, write_json
from forecast.pairs import paired
from forecast.panel import happenings
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 4
_PARTS = ("reliability", "resolution", "uncertainty", "within_bins", "discrimination")


def skill_rows(cases: "pd.DataFrame", subject: str) -> list[dict[str, Any]]:
    """Return scores by model, dyad (and all together), horizon, period and whether n is given.

    Differences are paired: over the cases that both predicted. Every model is compared with the reference and the
    best benchmark, and the subject with all others.
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
    best = _best_benchmark(everything, sorted(part.loc[part["benchmark"], "model"].unique()), period)
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
        "model": code, "benchmark": bool(first["benchmark"]), "dyad": dyad,
        "horizon": int(first["horizon"]), "period": period, "given_n": bool(first["given_n"]), "n": len(scored),
        "n_origins": int(scored["origin"].nunique()),
        "crps": rounded(scored["crps"].mean()), "log_score": rounded(logs.mean()) if len(logs) else None,
        "n_moves": len(asked), **moves,
        **{f"coverage_{100 * level:.0f}": rounded(scored[f"covered_{100 * level:.0f}"].mean()) for level in COVERAGES},
        **{f"pit_{100 * level:.0f}": rounded(in_the_middle(scored["pit"], level)) for level in COVERAGES},
        "against": against,
    }  # fmt: skip


def _best_benchmark(crps: _Crps, benchmarks: Sequence[str], period: str) -> tuple[str, str] | None:
    """Return the benchmark of the smallest CRPS over all dyads, and on which origins it was chosen."""
    if not benchmarks:
        return None
    values = np.column_stack([crps.of_model(code) for code in benchmarks])
    # Over the windows that all benchmarks predicted, so that nobody gains by leaving out the hard ones.
    common = np.isfinite(values).all(axis=1)
    for chosen_on in dict.fromkeys((CHOSEN_ON, period)):
        inside = values[common & within(crps.year, chosen_on)]
        if len(inside):
            return benchmarks[int(inside.mean(axis=0).argmin())], chosen_on
    return None


type _Other = tuple[str, str, str | None]
"""In what role a model is compared with, its code, and on which origins it was chosen."""


def _compared_with(codes: Sequence[str], best: tuple[str, str] | None, *, everybody: bool) -> list[_Other]:
    """Return with whom a model is compared: the ten-year base rate, the best benchmark, and everybody if asked for."""
    found: list[_Other] = [("reference", REFERENCE, None), *([("best benchmark", *best)] if best else [])]
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
                "role": role, "model": other, "chosen_on": chosen_on, "n": difference.n,
                "difference": rounded(difference.mean), "error": rounded(difference.error),
                "blocks": difference.blocks, "relative": rounded(difference.relative),
            })  # fmt: skip
    return found


MOST = 8
"""Misses of each period."""
MOST_EVENTS = 3
SCALE = "commitment"
"""Of kinds of events."""
FEWEST_HAPPENINGS = 10
"""In a window with fewer, chance alone moves the share by tens of points."""
RULE = (
    f"The largest CRPS among windows with at least {FEWEST_HAPPENINGS} happenings (of all windows, if there are none); "
    "of windows of one dyad that overlap, only the worst. Named are the events on the side on which the prediction "
    f"was wrong, at most {MOST_EVENTS}: first those of the strongest kind, then those of the largest Goldstein value, "
    "a code once."
)


def worst_misses(
    cases: "pd.DataFrame", reference: "pd.DataFrame", table: EventTable | CountTable
) -> list[dict[str, Any]]:
    """Return the worst predictions of one forecaster, the worst first, for each period."""
    free = cases[~cases["given_n"].astype(bool)]
    counted = free[free["n"] >= FEWEST_HAPPENINGS]
    order = ["crps", "dyad", "origin", "horizon"]
    ranked = (free if counted.empty else counted).sort_values(order, ascending=[False, True, True, True])
    found: dict[str, list[_Row]] = {REPORTED_ON: [], CHOSEN_ON: []}
    for _, case in ranked.iterrows():
        chosen = found[REPORTED_ON if int(case["origin"][:4]) >= SPLIT else CHOSEN_ON]
        if len(chosen) < MOST and not any(_overlap(case, other) for other in chosen):
            chosen.append(case)
    beside = {_place_of(case): case for _, case in reference[~reference["given_n"].astype(bool)].iterrows()}
    return [_miss(case, period, beside, table) for period, chosen in found.items() for case in chosen]


type _Row = "pd.Series[Any]"


def _window(case: _Row) -> tuple[date, date]:
    """Return the first day of a window, and the first day after it."""
    first = date.fromisoformat(case["origin"])
    return first, add_months(first, int(case["horizon"]))


def _overlap(one: _Row, other: _Row) -> bool:
    (start, stop), (first, last) = _window(one), _window(other)
    return bool(one["dyad"] == other["dyad"]) and start < last and first < stop


def _place_of(case: _Row) -> tuple[str, str, int]:
    return case["dyad"], case["origin"], int(case["horizon"])


def _miss(
    case: _Row, period: str, reference: Mapping[tuple[str, str, int], _Row], table: EventTable | CountTable
) -> dict[str, Any]:
    other = reference.get(_place_of(case))
    return {
        "period": period, "dyad": case["dyad"], "origin": case["origin"],
        **{name: int(case[name]) for name in ("horizon", "n", "k")}, "share": float(case["share"]),
        **_predicted(case), "reference": None if other is None else _predicted(other),
        "events": _telling_events(case, table.events) if isinstance(table, EventTable) else [],
    }  # fmt: skip


def _predicted(case: _Row) -> dict[str, float]:
    return {name: float(case[name]) for name in ("mean", "low", "high", "crps")}


def _telling_events(case: _Row, events: "pd.DataFrame") -> list[dict[str, str]]:
    """Return the strongest events of a window on the side on which the prediction was wrong; a joint act once."""
    import pandas as pd

    first, stop = map(pd.Timestamp, _window(case))
    scale, sign = read_scale(SCALE), 1 if case["share"] > case["mean"] else -1
    here = events[(events["dyad"] == case["dyad"]) & (events["date"] >= first) & (events["date"] < stop)]
    here = here[happenings(here) > 0]
    place = here["cameo"].map(scale.class_of)
    strong = here.assign(
        kind=[scale.classes[one] for one in place],
        strength=sign * (place - scale.zero_cut + 0.5),
        value=sign * here["goldstein"],
    )
    ranked = strong[strong["strength"] > 0].sort_values(
        ["strength", "value", "date", "event_id"], ascending=[False, False, True, True]
    )
    chosen = ranked.drop_duplicates("cameo").head(MOST_EVENTS).sort_values("date", kind="stable")
    names = ("source", "target", "actor", "kind", "summary", "reference")
    return [
        {"date": row["date"].date().isoformat(), **{name: str(row[name]) for name in names}}
        for _, row in chosen.iterrows()
    ]


SHOWN = "cases_shown.csv"
"""The cases of the subject and of the reference alone: all that a page needs beside `skill.json`."""
_COLUMNS = (
    "model", "benchmark", "dyad", "origin", "horizon", "given_n", "n", "k", "share", "before", "mean", "low", "high",
    "crps", "log_score", "p_up", "up", "p_down", "down", "pit", *(f"covered_{100 * level:.0f}" for level in COVERAGES),
)  # fmt: skip
_NUMBERS = ("share", "before", "mean", "low", "high", "crps", "log_score", "p_up", "p_down", "pit")


@dataclass(frozen=True)
class Results:
    """What a backtest found.

    Attributes
    ----------
    cases : pandas.DataFrame
        A row a prediction: ``model``, ``benchmark``, ``dyad``, ``origin``, ``horizon``, ``given_n``, ``n``, ``k``,
        ``share``, ``before``, ``mean`` (predicted share), ``low``, ``high``, ``crps``, ``log_score``, ``p_up``, ``up``,
        ``p_down``, ``down``, ``pit``, ``covered_50``, ``covered_80``, ``covered_90``; docs/schema/skill-json.md.
    skill : Skill
        What they say.
    """

    cases: "pd.DataFrame" = field(repr=False)
    skill: Skill

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The scores by model, dyad, horizon and period."""
        return self.skill.rows

    @property
    def choices(self) -> dict[str, Any]:
        """What was asked."""
        return self.skill.choices

    @property
    def account(self) -> list[dict[str, Any]]:
        """By forecaster what was counted."""
        return self.skill.account

    @property
    def shown(self) -> "pd.DataFrame":
        """The cases of the subject and of the reference."""
        return self.cases[self.cases["model"].isin([self.skill.subject, REFERENCE])].reset_index(drop=True)

    def write(self, out: str | Path) -> Path:
        """Write ``skill.json``, ``skill.csv`` (its rows), ``cases.csv`` and ``cases_shown.csv``; return the first."""
        import pandas as pd

        out = Path(out)
        write_csv(out / "cases.csv", self.cases)
        write_csv(out / SHOWN, self.shown)
        flat = [{name: value for name, value in row.items() if name != "against"} for row in self.rows]
        write_csv(out / "skill.csv", pd.DataFrame(flat))
        write_json(out / "skill.json", self.skill.to_dict(), by_record=True)
        return out / "skill.json"

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read what a run has written: ``skill.json``, and of the cases those of ``cases_shown.csv``.

        Raises
        ------
        DataError
            If they are not there, or are none of a run.
        """
        skill = Skill.read(Path(folder) / "skill.json")
        return cls(_read_cases(Path(folder) / SHOWN), skill)


def _read_cases(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        cases = pd.read_csv(path, engine="pyarrow", dtype={"model": str, "dyad": str, "origin": str})
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}. Write it with forecast backtest.") from error
    if missing := [name for name in _COLUMNS if name not in cases]:
        raise DataError(f"{path}: {', '.join(missing)} is missing. Write it with forecast backtest.")
    return cases


def gather(setup: Setup, folder: RunFolder) -> Results:
    """Score everything that the finished origins of a run hold, by whomever."""
    import pandas as pd

    finished = folder.finished()
    scoring = _Scoring.of(setup, finished)
    by_origin = [_frame(scoring.scored(origin, files)) for origin, files in finished.items()]
    filled = [frame for frame in by_origin if len(frame)]
    cases = pd.concat(filled, ignore_index=True).infer_objects() if filled else _frame(())
    subject = subject_of(scoring.benchmarks)
    about = {**VARIANTS, **setup.forecasters}.get(subject)
    choices = {
        **setup.choices, **setup.record.choices, "data": setup.record.digest,
        "data_by_dyad": setup.record.digests,
        "origins": [str(origin) for origin in finished],
        "spec": about.settings(setup.record.final) if isinstance(about, Variant) else None,
    }  # fmt: skip
    own, reference = (cases[cases["model"] == code] for code in (subject, REFERENCE))
    misses = worst_misses(own, reference, setup.record.predicted)
    earned = scoring.earned()
    account = [one.to_dict() | earned.get(code, {}) for code, one in scoring.accounts.items()]
    return Results(cases, Skill(subject, choices, account, misses, skill_rows(cases, subject)))


def _frame(rows: Iterable[dict[str, Any]]) -> "pd.DataFrame":
    """Arrange the cases of an origin: the table of all grows without holding them as rows."""
    import pandas as pd

    types: dict[str, Any] = {**dict.fromkeys(_NUMBERS, float), "up": object, "down": object}
    return pd.DataFrame(list(rows), columns=list(_COLUMNS)).astype(types)


@dataclass
class _Case:
    """What was recorded of a window, and what each forecaster said of it: given n, and not."""

    origin: date
    facts: dict[str, Any]
    said: dict[str, tuple[Prediction, Prediction]] = field(default_factory=dict)


@dataclass
class _Account:
    code: str
    words: str
    origins: int = 0
    void: int = 0
    unfinished: int = 0
    fits: int = 0
    fitted: dict[str, int] = field(default_factory=dict)
    not_converged: int = 0

    def add(self, contents: Sequence[Mapping[str, Any]]) -> None:
        """Count what there is of an origin, batch by batch."""
        self.origins += any(content["cases"] or content["void"] or content["unfinished"] for content in contents)
        for content in contents:
            self.void += content["void"]
            self.unfinished += content["unfinished"]
            for fit in content["notes"].get("fits", ()):
                self.fits += 1
                self.not_converged += not fit["converged"]
                if fit["fitted"]:
                    self.fitted[fit["fitted"]] = self.fitted.get(fit["fitted"], 0) + 1

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "model": self.code, "words": self.words, "origins": self.origins, "void": self.void,
            "unfinished": self.unfinished,
        }  # fmt: skip
        if not self.fits:
            return plain
        share = sum(self.fitted.values()) / self.fits
        return plain | {
            "fits": self.fits,
            "fitted_share": share,
            "fitted": self.fitted,
            "not_converged": self.not_converged,
        }


type _Key = tuple[str, int]


@dataclass
class _Past:
    """Probabilities of what was recorded in windows that were over at an origin, by horizon."""

    windows: dict[int, list[tuple[date, dict[str, float]]]] = field(default_factory=dict)
    _weights: dict[tuple[date, int, tuple[str, ...]], np.ndarray] = field(default_factory=dict)

    def add(self, origin: date, cases: Mapping[_Key, _Case]) -> None:
        for (_, horizon), case in sorted(cases.items()):
            density = {code: given.density or 0.0 for code, (given, _) in case.said.items()}
            self.windows.setdefault(horizon, []).append((add_months(origin, horizon), density))

    def stacked(self, origin: date, horizon: int, codes: Sequence[str]) -> np.ndarray:
        """Return the weights of forecasters at an origin, the same for every dyad."""
        key = origin, horizon, tuple(codes)
        if key not in self._weights:
            self._weights[key] = self._learned(origin, horizon, codes)
        return self._weights[key]

    def _learned(self, origin: date, horizon: int, codes: Sequence[str]) -> np.ndarray:
        over = [
            [density[code] for code in codes]
            for end, density in self.windows.get(horizon, [])
            if end <= origin and all(code in density for code in codes)
        ]
        return stacking_weights(np.array(over).reshape(-1, len(codes)))


@dataclass
class _Scoring:
    """Scores origins in order, for mixtures learn from those before."""

    asked: Asked
    benchmarks: dict[str, bool]  # Whether a forecaster is a benchmark, by code
    # Forecasters that predicted from every origin: only these take part in mixtures, which would else change what
    # they are from origin to origin.
    everywhere: set[str]
    accounts: dict[str, _Account]  # By forecaster
    past: _Past = field(default_factory=_Past)

    @classmethod
    def of(cls, setup: Setup, finished: Mapping[date, Mapping[str, Sequence[Path]]]) -> Self:
        """Look into one file of each forecaster of a run."""
        one_each = {code: paths[0] for files in finished.values() for code, paths in files.items()}
        there = {code: read_finished(path) for code, path in one_each.items()}
        known = dict.fromkeys((*setup.forecasters, *VARIANTS, *BENCHMARKS, *sorted(there)))
        codes = [code for code in known if code in there]
        present = [set(files) for files in finished.values()]
        accounts = {code: _Account(code, there[code]["words"]) for code in codes}
        return cls(
            setup.asked, {code: there[code]["rival"] for code in codes}, set(codes).intersection(*present), accounts
        )

    def scored(self, origin: date, files: Mapping[str, Sequence[Path]]) -> Iterator[dict[str, Any]]:
        """Yield the scores of what all forecasters said at an origin, by dyad and horizon."""
        cases = self._cases(origin, files)
        for (_, horizon), case in sorted(cases.items()):
            for code, said in case.said.items():
                yield from self._rows(case, code, said, benchmark=self.benchmarks[code])
            for mixture, weights in self._mixtures(origin, horizon, case):
                parts = [case.said[code] for code in weights]
                given, free = (mixed(side, list(weights.values())) for side in zip(*parts, strict=True))
                yield from self._rows(case, mixture.code, (given, free), benchmark=mixture.benchmark)
        self.past.add(origin, cases)

    def earned(self) -> dict[str, dict[str, Any]]:
        """Return the weights that all windows together earn each forecaster, by horizon, for its account.

        Where the pendulum alone takes part the default, which is a mixture with it, does not.
        """
        averaged = {DEFAULT} if PENDULUM in self.everywhere else set()
        codes = [code for code in self.benchmarks if code in self.everywhere - averaged]
        found: dict[str, dict[str, Any]] = {code: {} for code in codes}
        for horizon in self.past.windows:
            for code, weight in zip(codes, self.past.stacked(date.max, horizon, codes).tolist(), strict=True):
                found[code][str(horizon)] = round(weight, 4)
        return {code: {"earned": weights} for code, weights in found.items() if len(codes) > 1}

    def _rows(
        self, case: _Case, code: str, said: tuple[Prediction, Prediction], *, benchmark: bool
    ) -> Iterator[dict[str, Any]]:
        for prediction, given_n in zip(said, (True, False), strict=True):
            yield _row(self.asked, case, code, benchmark, prediction, given_n=given_n)

    def _cases(self, origin: date, files: Mapping[str, Sequence[Path]]) -> dict[_Key, _Case]:
        """Arrange what all forecasters said at an origin by dyad and horizon."""
        cases: dict[_Key, _Case] = {}
        for code in (code for code in self.benchmarks if code in files):
            contents = [read_finished(path) for path in files[code]]
            self.accounts[code].add(contents)
            for found in (case for content in contents for case in content["cases"]):
                given, free = (Prediction.from_dict(found.pop(name)) for name in ("given", "free"))
                case = cases.setdefault((found["dyad"], found["horizon"]), _Case(origin, found))
                case.said[code] = (given, free)
        return cases

    def _mixtures(self, origin: date, horizon: int, case: _Case) -> Iterator[tuple[Mixture, dict[str, float]]]:
        """Yield the mixtures that make sense of a case, with the weights of those that take part."""
        there = [code for code in case.said if code in self.everywhere]
        for mixture in MIXTURES:
            codes = [code for code in there if mixture.models or self.benchmarks[code]]
            own = any(not self.benchmarks[code] for code in codes)
            if len(codes) < 2 or mixture.models != own:
                continue
            alike = np.full(len(codes), 1 / len(codes))
            values = self.past.stacked(origin, horizon, codes) if mixture.stacked else alike
            yield mixture, dict(zip(codes, values.tolist(), strict=True))


def _row(asked: Asked, case: _Case, code: str, benchmark: bool, said: Prediction, *, given_n: bool) -> dict[str, Any]:
    facts = case.facts
    share = facts["k"] / facts["n"]
    rng = asked.stream(case.origin, facts["dyad"], f"pit {facts['horizon']}")
    low, high = said.interval(0.9)
    numbers = {
        "share": 100 * share, "before": facts["before"], "mean": 100 * float(said.weights @ said.support),
        "low": 100 * low, "high": 100 * high, "crps": crps(said, share), "log_score": log_score(said),
        "p_up": said.up, "p_down": said.down, "pit": pit(said, rng),
    }  # fmt: skip
    return {
        "model": code, "benchmark": benchmark, "dyad": facts["dyad"], "origin": case.origin.isoformat(),
        "horizon": facts["horizon"], "given_n": given_n, "n": facts["n"], "k": facts["k"],
        "up": facts["up"], "down": facts["down"],
        **{name: rounded(value) for name, value in numbers.items()},
        **{f"covered_{100 * level:.0f}": covered(said, level) for level in COVERAGES},
    }  # fmt: skip
