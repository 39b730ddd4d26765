"""Skill in words: backtest results for the kind of forecasts that a report contains."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.arguments import checked
from forecast.base.errors import ForecastError
from forecast.base.numeric import INTERVAL, Lead, holm, lead, p_value
from forecast.base.resources import skill_file
from forecast.base.wording import DASH, count, join, number, percent
from forecast.base.wording import interval as bracketed
from forecast.data.events.table import CountTable, EventTable, Recorded
from forecast.data.panel import panel_kind
from forecast.outlook import Assessment, NotDefined
from forecast.outlook.benchmarks import MODEL, REFERENCE
from forecast.outlook.query import main_horizon
from forecast.report.table import Cell, Table
from forecast.report.words import sentence, sentences
from forecast.study.evaluation.skill import (
    CHOSEN_ON,
    NO_CHANGE,
    POOL,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    SPLIT,
    Row,
    Skill,
    forecaster_name,
)

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.study.evaluation import Record

PERIODS = {
    REPORTED_ON: f"forecast dates from {SPLIT} on",
    CHOSEN_ON: f"forecast dates up to {SPLIT - 1}",
    "all": "all forecast dates",
}
_VERDICTS: dict[Lead, str] = {
    "other": "worse than",
    "this": "better than",
    "undecided": "not distinguishable from",
    "unknown": "tested over too few years to be compared with",
}
SHORT_VERDICTS: dict[Lead, str] = {
    "other": "worse",
    "this": "better",
    "undecided": "not distinguishable",
    "unknown": "too few years to compare",
}
DIGITS = 2
COIN = 0.25
"""Brier score of always saying 50%."""
_MANY = 0.1
"""Share of fits that had not converged from which on that is said."""


@dataclass(frozen=True)
class Compared:
    """Comparison of two forecasters in mean CRPS on the windows that both predicted."""

    code: str  # Of the benchmark
    name: str  # Name for readers
    chosen_on: str | None  # Forecast dates on which it was chosen; null for the reference
    n: int  # Windows that both predicted
    difference: float  # Mean CRPS less the benchmark's; negative is better
    low: float | None  # Lower end of its 90% interval, blocks of years; null with fewer than three
    high: float | None  # Upper end
    # `this`, `other`, `undecided` (the interval includes zero or, of one dyad, no difference is
    # left by Holm's correction), or `unknown` without an interval
    ahead: Lead
    corrected: float | None = None  # Of one dyad: p by Holm over all dyads and horizons of the run

    @property
    def digits(self) -> int:
        """Decimals that show which side of zero an interval is on."""
        if self.low is None or self.high is None or self.ahead == "undecided":
            return DIGITS
        return DIGITS + int(min(abs(self.low), abs(self.high)) < 0.5 * 10**-DIGITS)


def versus(skill: Skill, code: str | None, horizon: int, **where: Any) -> Compared | None:
    """Compare the subject with another forecaster; None if there is nothing to compare."""
    difference = skill.against(code, horizon, **where) if code else None
    ahead = skill.lead(code, horizon, **where) if code else None
    if code is None or difference is None or ahead is None:
        return None
    same = {name: difference[name] for name in ("chosen_on", "n", "difference", "low", "high")}
    p = skill.corrected(code, horizon, **where) if where.get("dyad", "all") != "all" else None
    return Compared(code, forecaster_name(code), **same, ahead=ahead, corrected=p)


def cell(compared: Compared | None) -> str:
    """Format a comparison for a table: the difference with its interval, or a dash."""
    return (
        DASH
        if compared is None
        else bracketed(compared.difference, compared.low, compared.high, compared.digits)
    )


def numbers(compared: Compared, other: str) -> str:
    """Describe by how much a forecaster is ahead of another, which is named as `other`."""
    if compared.low is None or compared.high is None:
        difference = number(compared.difference, DIGITS)
        return f"a difference of {difference} points from {other} (too few years for an interval)"
    if compared.ahead == "undecided":
        difference = bracketed(compared.difference, compared.low, compared.high, DIGITS)
        return f"not distinguishable from {other} ({difference} points)"
    side, (near, far) = (
        "better" if compared.ahead == "this" else "worse",
        sorted((abs(compared.low), abs(compared.high))),
    )
    by = f"{number(abs(compared.difference), compared.digits)} points {side} than {other}"
    return (
        f"{by} (90% interval {number(near, compared.digits)} to {number(far, compared.digits)} "
        f"{side})"
    )


def subject_words(skill: Skill) -> str:
    """Name the subject for a sentence."""
    plain = skill.subject in (MODEL, POOL) or skill.models[skill.subject]
    return f"the {'' if plain else 'model with '}{forecaster_name(skill.subject)}"


def bias(row: Row | None) -> str:
    """Format a mean error with its interval, or a dash."""
    return DASH if row is None else bracketed(row["bias"], row["bias_low"], row["bias_high"], 1)


def bias_sentence(skill: Skill, horizon: int) -> str:
    """State the mean error of forecasts of a horizon, over all dyads."""
    rows = {period: skill.row(horizon, period=period) for period in (REPORTED_ON, CHOSEN_ON)}
    errors = [
        f"{bias(row)} for {PERIODS[period]}" for period, row in rows.items() if row is not None
    ]
    return sentence("bias", errors=errors, ahead=count(horizon, "month"))


def named_pair(
    reference: Compared | None, own_benchmarks: Compared | None, best: Compared | None
) -> list[tuple[Compared, str]]:
    """Return the comparisons that a headline makes, each with what the other is.

    A pool is compared with its own benchmarks, any other subject with the best one.
    """
    if own_benchmarks is not None:
        pairs = [
            (reference, "the ten-year base rate"),
            (own_benchmarks, f"the {own_benchmarks.name}"),
        ]
    elif reference is None or best is None or reference.code != best.code:
        pairs = [(reference, "the ten-year base rate"), (best, "the best benchmark")]
    else:
        pairs = [(reference, "the ten-year base rate (the best benchmark)")]
    return [(compared, other) for compared, other in pairs if compared is not None]


def model_worth(skill: Skill, period: str = REPORTED_ON) -> str:
    """Describe whether the model makes the pool better, worse or neither, by Holm.

    Empty if the run has no pool, or not its benchmarks alone.
    """
    if skill.subject != POOL:
        return ""
    by_horizon = {
        months: versus(skill, POOL_WITHOUT_MODEL, months, period=period)
        for months in skill.choices["horizons"]
    }
    pairs = {months: compared for months, compared in by_horizon.items() if compared is not None}
    if not pairs:
        return ""
    p = _corrected_over_horizons(skill, pairs, period)
    leads: dict[Lead, list[int]] = {"this": [], "other": []}
    for months, value in p.items():
        if value < 1 - INTERVAL:
            leads["this" if pairs[months].difference < 0 else "other"].append(months)
    alone = [months for months, compared in pairs.items() if compared.ahead in leads]
    return sentence(
        "model_worth",
        horizons=list(pairs),
        shown=list(map(cell, pairs.values())),
        better=leads["this"],
        worse=leads["other"],
        alone=alone,
        tested=bool(p),
        origins=PERIODS[period],
    )


def _corrected_over_horizons(skill: Skill, pairs: Iterable[int], period: str) -> dict[int, float]:
    """Return the corrected p of the pool's differences from its benchmarks, by horizon."""
    values: dict[int, float] = {}
    for months in pairs:
        difference = skill.against(POOL_WITHOUT_MODEL, months, period=period)
        p = (
            p_value(
                difference["difference"],
                difference["low"],
                difference["high"],
                difference["blocks"],
            )
            if difference
            else None
        )
        if p is not None:
            values[months] = p
    return dict(zip(values, holm(list(values.values())), strict=True))


def errors_sentence(skill: Skill, months: int, period: str = REPORTED_ON) -> str:
    """State mean absolute and root mean square errors of the subject, and of no change."""
    subject_row, other = (
        skill.row(months, model=model, period=period) for model in (None, NO_CHANGE)
    )
    if subject_row is None or other is None or subject_row.get("mae") is None:
        return ""
    leads = {
        name: lead(subject_row[f"{name}_low"], subject_row[f"{name}_high"])
        for name in ("mae", "mse")
    }
    return sentence(
        "errors",
        own=subject_row,
        other=other,
        leads=leads,
        verdicts=SHORT_VERDICTS,
        subject=subject_words(skill),
        months=months,
        shown=bracketed(
            subject_row["mae_less_no_change"], subject_row["mae_low"], subject_row["mae_high"], 1
        ),
    )


def verdicts(pairs: Sequence[tuple[Compared, str]]) -> str:
    """Describe which is better than which, without numbers, those that are ahead first."""
    if not pairs:
        return "compared with no benchmark"
    phrases = []
    for ahead, words in _VERDICTS.items():
        if named := [other for compared, other in pairs if compared.ahead == ahead]:
            phrases.append(f"{words} {join(named)}")
    return join(phrases)


def ahead_words(others: Iterable[Compared]) -> str:
    """Describe how many of the others are better.

    A lead that an interval does not decide is none.
    """
    leads = [compared.ahead for compared in others]
    return f"{leads.count('other') or 'none'} of {len(leads)}"


@dataclass(frozen=True)
class HorizonSkill:
    """Scores of a dyad at one horizon, event counts unknown."""

    months: int  # Length of the window ahead
    n: int  # Windows scored
    crps: float  # Mean CRPS of the share, points
    n_moves: int  # Windows with a baseline
    brier_up: float | None  # Brier score of higher; null without such windows
    brier_down: float | None  # The same of lower
    coverage_80: float  # How often the 80% interval contained the outcome, 0 to 1
    mae: float | None  # Mean absolute error of the mean forecast, points; null in earlier files
    no_change_mae: float | None  # The same of no change: the share of the last 12 months
    # Mean probability of higher; null without windows with a baseline, and in earlier files
    higher_said: float | None
    higher_happened: int | None  # In how many of these windows the share was higher
    lower_said: float | None  # The same of lower
    lower_happened: int | None
    reference: Compared | None  # Against the ten-year base rate; null without one
    own_benchmarks: Compared | None  # Against the seven benchmarks of the pool without the model
    # Against the benchmark that scored best on earlier forecast dates
    best_benchmark: Compared | None


@dataclass(frozen=True)
class DyadSkill:
    """Backtest results for the forecasts of a dyad."""

    # How often higher and lower happened to this dyad, by their mean probability, at that horizon;
    # empty if unknown
    record: str
    sentence: str  # Who scored better
    model_worth: str  # What the model adds to the pool, over all dyads; empty if unknown
    bias: str  # Mean error of forecasts of that horizon, over all dyads
    # Over all dyads at that horizon: whether better than the best benchmark, and for how many dyads
    # nearer than the ten-year base rate
    plain: str
    lean: str  # The mean error where its interval excludes zero; else empty
    caveats: tuple[str, ...]  # Differences between backtest and report
    dyad: str  # Code
    dataset: str  # Dataset predicted
    period: str  # Years of the forecast dates, `2015-`
    given_n: bool  # Event counts known: false
    months: int  # Horizon of the sentence
    horizons: tuple[HorizonSkill, ...]  # By horizon
    improvement: float  # Points that count as higher or lower
    first: date  # First forecast date
    last: date  # Last one
    same_data: bool | None  # Events, eras and coverage are those of the report; null if unknown
    version: str  # Package version of the run


@checked
def read_skill(path: str | Path | None = None) -> Skill | None:
    """Read the skill that a backtest found, by default that which comes with the package.

    None if none does.

    Parameters
    ----------
    path : path-like, optional
        A file ``skill.json``; by default that which comes with the package.

    Returns
    -------
    Skill or None
        Scores by model, dyad and horizon; shares in points. None if no backtest comes with the
        package.

    Examples
    --------
    >>> from forecast import read_skill
    >>> read_skill().to_frame()  # doctest: +SKIP
    """
    file = Path(path) if path is not None else skill_file()
    return None if file is None else Skill.read(file)


def find_skill(
    fit: "Fit", assessment: Assessment, events: Recorded | None = None, skill: Skill | None = None
) -> DyadSkill | NotDefined:
    """Return the backtest results for a report's forecasts, or why there are none."""
    skill = skill or read_skill()
    if why := _untestable(fit, assessment):
        return NotDefined(why)
    if skill is None:
        return NotDefined(f"no backtest comes with this package. {_remedy(fit)}")
    record = _record(fit, events, skill.choices)
    if why := _mismatch(fit, assessment, skill, record):
        return NotDefined(f"{why}. {_remedy(fit)}")
    if differing := skill.other_choices(
        dict(fit.spec.to_dict() if hasattr(fit.spec, "to_dict") else vars(fit.spec))
    ):
        return NotDefined(
            f"the backtest is of the default model, and this one differs in {join(differing)}"
        )
    horizons = tuple(
        _at_horizon(skill, assessment.dyad, months, row)
        for months in skill.choices["horizons"]
        if (row := skill.row(months, dyad=assessment.dyad))
    )
    main = main_horizon(horizon.months for horizon in horizons)
    origins = sorted(date.fromisoformat(origin) for origin in skill.choices["origins"])
    ran_on = skill.choices["data_by_dyad"]  # By dyad the digest of events, eras and coverage
    same_data = (
        None
        if record is None
        else all(record.digests[dyad] == ran_on.get(dyad) for dyad in record.dyads)
    )
    quoted = next(horizon for horizon in horizons if horizon.months == main)
    return DyadSkill(
        record=_record_sentence(assessment.label, quoted, skill),
        sentence=_sentence(assessment.label, quoted),
        model_worth=model_worth(skill),
        bias=bias_sentence(skill, main),
        plain=plain_verdict(skill, main),
        lean=_lean(skill, main),
        caveats=tuple(_caveats(assessment, skill, same_data)),
        dyad=assessment.dyad,
        dataset=skill.choices["dataset"],
        period=REPORTED_ON,
        given_n=False,
        months=main,
        horizons=horizons,
        improvement=skill.choices["improvement"],
        first=origins[0],
        last=origins[-1],
        same_data=same_data,
        version=skill.choices["version"],
    )


def plain_verdict(skill: Skill, months: int) -> str:
    """Describe in a sentence how the forecasts of all dyads compare with simple ones."""
    best = versus(skill, skill.best_benchmark(months), months)
    pairs = [versus(skill, REFERENCE, months, dyad=dyad) for dyad in skill.choices["dyads"]]
    scored = [compared for compared in pairs if compared is not None]
    nearer = sum(compared.difference < 0 for compared in scored)
    return sentence("plain", "unknown" if best is None else best.ahead, nearer, len(scored))


def _lean(skill: Skill, months: int) -> str:
    """Describe the mean error of the forecasts of all dyads.

    Empty where its interval includes zero.
    """
    row = skill.row(months)
    if (
        row is None
        or None in (row["bias_low"], row["bias_high"])
        or row["bias_low"] <= 0 <= row["bias_high"]
    ):
        return ""
    ends = sorted(abs(row[name]) for name in ("bias_low", "bias_high"))
    return sentence("lean", row["bias"], *ends, months)


def skill_sentence(skill: DyadSkill | NotDefined) -> str:
    """Describe in a line how good such forecasts have been, or why that is not known."""
    if isinstance(skill, NotDefined):
        return f"How good such forecasts have been is not known: {skill.reason}."
    return " ".join(filter(None, (skill.sentence, skill.model_worth, *skill.caveats)))


def brier_note(skill: DyadSkill) -> str:
    """State what a Brier score is compared with, and which are worse than that."""
    worse = [
        f"“{word}” at {count(horizon.months, 'month')}"
        for horizon in skill.horizons
        for word, score in (("higher", horizon.brier_up), ("lower", horizon.brier_down))
        if score is not None and score > COIN
    ]
    return (
        "Always saying 50% has a Brier score of "
        f"{COIN:g}{f'; {join(worse)} did worse' if worse else ''}."
    )


def skill_table(skill: DyadSkill) -> Table:
    """Arrange the scores by horizon."""
    horizons = skill.horizons
    rows: dict[str, list[Cell]] = {
        "CRPS, points": [
            (number(horizon.crps, DIGITS), count(horizon.n, "window")) for horizon in horizons
        ],
        "against the base rate": [
            tuple(cell(horizon.reference).split(" ", 1)) for horizon in horizons
        ],
        "Absolute error, points": [number(horizon.mae, 1) for horizon in horizons],
        "of no change": [number(horizon.no_change_mae, 1) for horizon in horizons],
        "against the pool's benchmarks": [
            tuple(cell(horizon.own_benchmarks).split(" ", 1)) for horizon in horizons
        ],
        "against the best benchmark": [
            tuple(cell(horizon.best_benchmark).split(" ", 1)) for horizon in horizons
        ],
        "the best benchmark": [
            ("", horizon.best_benchmark.name if horizon.best_benchmark else DASH)
            for horizon in horizons
        ],
        "Higher: forecast, happened": [
            _frequency(horizon.higher_said, horizon.higher_happened, horizon.n_moves)
            for horizon in horizons
        ],
        "Lower: forecast, happened": [
            _frequency(horizon.lower_said, horizon.lower_happened, horizon.n_moves)
            for horizon in horizons
        ],
        "Brier, higher": [number(horizon.brier_up, 3) for horizon in horizons],
        "Brier, lower": [number(horizon.brier_down, 3) for horizon in horizons],
        "80% interval contains": [percent(horizon.coverage_80) for horizon in horizons],
    }
    return Table.of(
        ["", *(count(horizon.months, "month") for horizon in horizons)],
        [(name, *row) for name, row in rows.items()],
    )


def _frequency(said: float | None, happened: int | None, n: int) -> Cell:
    return DASH if said is None or happened is None else (percent(said), f"{happened} of {n}")


def _record(fit: "Fit", events: Recorded | None, choices: Mapping[str, Any]) -> "Record | None":
    """Return the record of the report's dyads as the run would have it; None if that cannot be."""
    from forecast.study.evaluation import Record

    if not isinstance(events, EventTable | CountTable):
        return None
    together = (
        choices["together"] if isinstance(choices["together"], str) else tuple(choices["together"])
    )
    try:
        return Record.of(events, dyads=fit.dyads, dataset=choices["dataset"], together=together)
    except ForecastError:  # another dataset, or dyads that are not there
        return None


def _untestable(fit: "Fit", assessment: Assessment) -> str:
    """Describe why no backtest could be of such forecasts; an empty text if one could."""
    if panel_kind(fit.panel).name == "index":
        return "an index records no events by which forecasts could be scored"
    if assessment.weekly:
        return "backtests are by month, and this report is by week"
    if fit.provenance.get("eras"):
        return "the eras of this report are not the given ones, with which the model was tested"
    if isinstance(assessment.pool, NotDefined):
        return f"this report is of the model alone: {assessment.pool.reason}"
    return ""


def _mismatch(fit: "Fit", assessment: Assessment, skill: Skill, record: "Record | None") -> str:
    """Describe why a backtest is not of such forecasts; an empty text if it is."""
    choices, dyads = skill.choices, fit.dyads
    names = [str(name) for name in fit.panel["dataset"].to_numpy()]
    tested = choices.get("datasets", [choices["dataset"]])
    if sorted(names) != tested:
        return (
            f"the backtest is of the dataset {join(tested)}, and this report of "
            f"{join(sorted(names))}"
        )
    assert not isinstance(assessment.recorded, NotDefined)  # or there were no pool
    dataset = next(iter(assessment.recorded.values())).dataset
    if dataset != choices["dataset"]:
        return f"the backtest predicts the dataset {choices['dataset']}, and this report {dataset}"
    if (skill.subject, skill.model) != (POOL, MODEL) or choices["eras"] != "given":
        return "the backtest is not of the published pool with the given eras"
    if all(skill.row(months, dyad=assessment.dyad) is None for months in choices["horizons"]):
        return f"the backtest has no scored window of {assessment.label}, {PERIODS[REPORTED_ON]}"
    tested = (
        dyads if record is None else list(record.fitted_with(assessment.dyad, choices["dyads"]))
    )
    if sorted(dyads) != sorted(tested):
        return (
            f"the backtest is of the model fitted to {join(tested)}, and this one is fitted to "
            f"{join(dyads)}"
        )
    return ""


def _remedy(fit: "Fit") -> str:
    """Describe how to find out how good forecasts such as those of a fit have been."""
    command = f"forecast backtest {' '.join(fit.dyads)} --out skill"
    return (
        f"To find out: {command}, on the same data, then report again with --skill skill/skill.json"
    )


def _at_horizon(skill: Skill, dyad: str, months: int, row: Row) -> HorizonSkill:
    codes = (REFERENCE, POOL_WITHOUT_MODEL, skill.best_benchmark(months))
    reference, benchmarks_of_pool, best = (versus(skill, code, months, dyad=dyad) for code in codes)
    unchanged = skill.row(months, model=NO_CHANGE, dyad=dyad)
    names = ("n", "crps", "n_moves", "brier_up", "brier_down", "coverage_80")
    # earlier files lack them
    later = (
        "mae",
        "higher_said",
        "higher_happened",
        "lower_said",
        "lower_happened",
    )
    numbers: dict[str, Any] = {name: row[name] for name in names} | {
        name: row.get(name) for name in later
    }
    return HorizonSkill(
        months=months,
        **numbers,
        no_change_mae=None if unchanged is None else unchanged["crps"],
        reference=reference,
        own_benchmarks=benchmarks_of_pool,
        best_benchmark=best,
    )


def _record_sentence(label: str, horizon: HorizonSkill, skill: Skill) -> str:
    """State how often higher and lower happened to a dyad by their mean probability.

    Empty if that is not known.
    """
    if horizon.higher_said is None or horizon.lower_said is None:
        return ""
    return sentence(
        "record",
        one=horizon,
        label=label,
        origins=PERIODS[REPORTED_ON],
        points=skill.choices["improvement"],
    )


def _sentence(label: str, horizon: HorizonSkill) -> str:
    """Describe in plain words how such forecasts have compared.

    That a simple benchmark has been better comes first.
    """
    pairs = named_pair(horizon.reference, horizon.own_benchmarks, horizon.best_benchmark)
    others = (horizon.reference, horizon.own_benchmarks, horizon.best_benchmark)
    simpler, verdict = (
        any(each is not None and each.ahead == "other" for each in others),
        verdicts(pairs),
    )
    return sentence(
        "compared",
        one=horizon,
        label=label,
        simpler=simpler,
        verdict=verdict,
        origins=PERIODS[REPORTED_ON],
    )


def _caveats(assessment: Assessment, skill: Skill, same_data: bool | None) -> list[str]:
    from importlib.metadata import version

    choices = skill.choices
    account: Mapping[str, Any] = next(
        (row for row in skill.account if row["model"] == skill.model), {}
    )
    return sentences(
        "caveats",
        same_data=same_data,
        choices=choices,
        version=version("pendulum-forecast"),
        own=account,
        many=account.get("not_converged", 0) > _MANY * account.get("fits", 0),
        improvement=assessment.smallest_improvement,
        later=bool(choices["origins"])
        and date.fromisoformat(max(choices["origins"])) > assessment.origin,
    )
