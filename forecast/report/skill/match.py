"""Reasons why a backtest is not of such forecasts as those of a report."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from forecast.base.errors import ForecastError
from forecast.base.wording import join
from forecast.data.events.table import CountTable, EventTable, Recorded
from forecast.data.panel import panel_kind
from forecast.outlook import Assessment, NotDefined
from forecast.outlook.benchmarks import MODEL
from forecast.report.skill.sentences import PERIOD_WORDS
from forecast.study.evaluation.skill import POOL, REPORTED_ON, Skill

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.study.evaluation import Record


def untestable(fit: "Fit", assessment: Assessment) -> str:
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


def tested_record(
    fit: "Fit", events: Recorded | None, choices: Mapping[str, Any]
) -> "Record | None":
    """Return the record of the report's dyads as the run would have it; None if that cannot be."""
    from forecast.study.evaluation import Record

    if not isinstance(events, EventTable | CountTable):
        return None
    together = choices["together"]
    if not isinstance(together, str):
        together = tuple(together)
    try:
        return Record.of(events, dyads=fit.dyads, dataset=choices["dataset"], together=together)
    except ForecastError:  # another dataset, or dyads that are not there
        return None


def mismatch(fit: "Fit", assessment: Assessment, skill: Skill, record: "Record | None") -> str:
    """Describe why a backtest is not of such forecasts; an empty text if it is."""
    return (
        _other_datasets(fit, assessment, skill)
        or _other_forecasters(skill)
        or _no_window(assessment, skill)
        or _other_dyads(fit, assessment, skill, record)
    )


def _other_datasets(fit: "Fit", assessment: Assessment, skill: Skill) -> str:
    """Describe in which datasets, read or predicted, report and backtest differ."""
    choices = skill.choices
    reported = sorted(str(name) for name in fit.panel["dataset"].to_numpy())
    tested = choices.get("datasets", [choices["dataset"]])
    if reported != tested:
        return f"the backtest is of the dataset {join(tested)}, and this report of {join(reported)}"
    assert not isinstance(assessment.recorded, NotDefined)  # or there were no pool
    predicted = next(iter(assessment.recorded.values())).dataset
    if predicted != choices["dataset"]:
        return (
            f"the backtest predicts the dataset {choices['dataset']}, and this report {predicted}"
        )
    return ""


def _other_forecasters(skill: Skill) -> str:
    """Describe a backtest of other forecasters than the published ones, or of other eras."""
    published = (skill.subject, skill.model) == (POOL, MODEL)
    if published and skill.choices["eras"] == "given":
        return ""
    return "the backtest is not of the published pool with the given eras"


def _no_window(assessment: Assessment, skill: Skill) -> str:
    """Describe a backtest without a scored window of the report's dyad."""
    rows = [skill.row(horizon, dyad=assessment.dyad) for horizon in skill.choices["horizons"]]
    if any(row is not None for row in rows):
        return ""
    return f"the backtest has no scored window of {assessment.label}, {PERIOD_WORDS[REPORTED_ON]}"


def _other_dyads(fit: "Fit", assessment: Assessment, skill: Skill, record: "Record | None") -> str:
    """Describe to which other dyads the tested model was fitted."""
    if record is None:
        return ""
    tested = list(record.fitted_with(assessment.dyad, skill.choices["dyads"]))
    if sorted(fit.dyads) == sorted(tested):
        return ""
    return (
        f"the backtest is of the model fitted to {join(tested)}, and this one is fitted to "
        f"{join(fit.dyads)}"
    )


def remedy(fit: "Fit") -> str:
    """Describe how to find out how good forecasts such as those of a fit have been."""
    command = f"forecast backtest {' '.join(fit.dyads)} --out skill"
    return (
        f"To find out: {command}, on the same data, then report again with --skill skill/skill.json"
    )
