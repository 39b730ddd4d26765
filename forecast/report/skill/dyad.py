"""Backtest results for the forecasts of a report's dyad."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.arguments import checked
from forecast.base.resources import skill_file
from forecast.base.wording import join
from forecast.data.events.table import Recorded
from forecast.outlook import Assessment, NotDefined
from forecast.outlook.benchmarks import REFERENCE
from forecast.outlook.query import main_horizon
from forecast.report.skill.comparison import Compared, headline_pairs, versus
from forecast.report.skill.match import mismatch, remedy, tested_record, untestable
from forecast.report.skill.sentences import (
    PERIOD_WORDS,
    bias_sentence,
    lean_sentence,
    model_worth,
    plain_verdict,
    verdict_words,
)
from forecast.report.words import sentence, sentences
from forecast.study.evaluation.skill import (
    NO_CHANGE,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    Row,
    Skill,
)

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.study.evaluation import Record

MAX_UNCONVERGED = 0.1  # Share of a backtest's fits that had not converged; of more a caveat tells


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
    if why := untestable(fit, assessment):
        return NotDefined(why)
    if skill is None:
        return NotDefined(f"no backtest comes with this package. {remedy(fit)}")
    record = tested_record(fit, events, skill.choices)
    if why := mismatch(fit, assessment, skill, record):
        return NotDefined(f"{why}. {remedy(fit)}")
    spec = fit.spec.to_dict() if hasattr(fit.spec, "to_dict") else vars(fit.spec)
    if differing := skill.other_choices(dict(spec)):
        return NotDefined(
            f"the backtest is of the default model, and this one differs in {join(differing)}"
        )
    return _skill_of_dyad(skill, assessment, _is_same_data(skill, record))


def _is_same_data(skill: Skill, record: "Record | None") -> bool | None:
    """Return whether events, eras and coverage are those of the run; None if that is unknown."""
    if record is None:
        return None
    digests_of_run = skill.choices["data_by_dyad"]
    return all(record.digests[dyad] == digests_of_run.get(dyad) for dyad in record.dyads)


def _skill_of_dyad(skill: Skill, assessment: Assessment, same_data: bool | None) -> DyadSkill:
    """Collect the scores of a dyad, with their sentences at the main horizon."""
    choices, dyad = skill.choices, assessment.dyad
    horizons = tuple(
        _skill_at_horizon(skill, dyad, months, row)
        for months in choices["horizons"]
        if (row := skill.row(months, dyad=dyad))
    )
    main = main_horizon(horizon.months for horizon in horizons)
    quoted = next(horizon for horizon in horizons if horizon.months == main)
    origins = sorted(date.fromisoformat(origin) for origin in choices["origins"])
    return DyadSkill(
        record=_record_sentence(assessment.label, quoted, choices["improvement"]),
        sentence=_verdict_sentence(assessment.label, quoted),
        model_worth=model_worth(skill),
        bias=bias_sentence(skill, main),
        plain=plain_verdict(skill, main),
        lean=lean_sentence(skill, main),
        caveats=tuple(_caveats(assessment, skill, same_data)),
        dyad=dyad,
        dataset=choices["dataset"],
        period=REPORTED_ON,
        given_n=False,
        months=main,
        horizons=horizons,
        improvement=choices["improvement"],
        first=origins[0],
        last=origins[-1],
        same_data=same_data,
        version=choices["version"],
    )


def _skill_at_horizon(skill: Skill, dyad: str, months: int, row: Row) -> HorizonSkill:
    """Collect the scores of a dyad at a horizon from their row and its comparisons."""
    no_change = skill.row(months, model=NO_CHANGE, dyad=dyad)
    return HorizonSkill(
        months=months,
        n=row["n"],
        crps=row["crps"],
        n_moves=row["n_moves"],
        brier_up=row["brier_up"],
        brier_down=row["brier_down"],
        coverage_80=row["coverage_80"],
        # earlier files lack these five
        mae=row.get("mae"),
        higher_said=row.get("higher_said"),
        higher_happened=row.get("higher_happened"),
        lower_said=row.get("lower_said"),
        lower_happened=row.get("lower_happened"),
        no_change_mae=None if no_change is None else no_change["crps"],
        reference=versus(skill, REFERENCE, months, dyad=dyad),
        own_benchmarks=versus(skill, POOL_WITHOUT_MODEL, months, dyad=dyad),
        best_benchmark=versus(skill, skill.best_benchmark(months), months, dyad=dyad),
    )


def _record_sentence(label: str, horizon: HorizonSkill, improvement: float) -> str:
    """State how often higher and lower happened to a dyad by their mean probability.

    Empty if that is not known.
    """
    if horizon.higher_said is None or horizon.lower_said is None:
        return ""
    return sentence(
        "record",
        one=horizon,
        label=label,
        origins=PERIOD_WORDS[REPORTED_ON],
        points=improvement,
    )


def _verdict_sentence(label: str, horizon: HorizonSkill) -> str:
    """Describe in plain words how such forecasts have compared.

    That a simple benchmark has been better comes first.
    """
    others = (horizon.reference, horizon.own_benchmarks, horizon.best_benchmark)
    return sentence(
        "compared",
        one=horizon,
        label=label,
        simpler=any(compared is not None and compared.ahead == "other" for compared in others),
        verdict=verdict_words(headline_pairs(*others)),
        origins=PERIOD_WORDS[REPORTED_ON],
    )


def _caveats(assessment: Assessment, skill: Skill, same_data: bool | None) -> list[str]:
    """Describe in what the backtest and the report differ."""
    from importlib.metadata import version

    choices = skill.choices
    account: Mapping[str, Any] = next(
        (row for row in skill.account if row["model"] == skill.model), {}
    )
    unconverged, fits = account.get("not_converged", 0), account.get("fits", 0)
    last_origin = max(map(date.fromisoformat, choices["origins"]), default=assessment.origin)
    return sentences(
        "caveats",
        same_data=same_data,
        choices=choices,
        version=version("pendulum-forecast"),
        own=account,
        many=unconverged > MAX_UNCONVERGED * fits,
        improvement=assessment.smallest_improvement,
        later=last_origin > assessment.origin,
    )
