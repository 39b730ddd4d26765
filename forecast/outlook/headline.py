"""First words of a report: title, headline and verdict of an assessment.

| on the page | field | function |
|---|---|---|
| heading (h1), at most 15 words | `Assessment.title` | `title` |
| the sentence below it | `Assessment.headline` | `headline` |
| what is expected, and why | `Assessment.verdict` | `verdict` |

All three quote one result (`quoted`): the share that was asked for, else the chances of the window
nearest to a year, else those of the level. `forecast.outlook.windows` computes and words the first
two, which are of the published pool; `forecast.outlook.pendulum` computes the level.
"""

from collections.abc import Mapping
from datetime import date

from forecast.base.dates import months_between
from forecast.outlook.assessment import Assessment
from forecast.outlook.pendulum import HorizonOutlook, printed_chances, printed_percents
from forecast.outlook.query import main_horizon
from forecast.outlook.summary import Estimate, NotDefined, sentence
from forecast.outlook.windows import ThresholdOutlook, WindowOutlook, printed_changes

LATE_MONTHS = 2
"""Months by which the data may end before the forecast date without a word of it in the title."""
SMALL_DEVIATION = 1.5
"""Points of share: a smaller deviation from the trend is worded as none."""


def title(result: Assessment, data_through: date) -> str:
    """Return the heading of the page: the chances of the main window, the likeliest first.

    It also says when the data end, if that is long before the forecast date.
    """
    level = result.improvement[main_horizon(result.horizons)]
    question = quoted(result)
    recorded = isinstance(question, WindowOutlook)
    if isinstance(question, WindowOutlook):
        percents = printed_changes(question)
        chances = {"more": percents["up"], "similar": percents["same"], "less": percents["down"]}
    else:
        percents = printed_percents(level)
        chances = {
            "higher": percents["improvement"],
            "similar": percents["stability"],
            "lower": percents["deterioration"],
        }
    ranked = sorted(chances.items(), key=lambda outcome: -outcome[1])
    late = months_between(data_through, result.origin) > LATE_MONTHS
    ended = data_through if late else None
    return sentence("title", result, level, question, ranked, recorded, ended)


def headline(result: Assessment) -> str:
    """Return the outlook in one sentence: of the observed share, or of the level."""
    question = quoted(result)
    if question is not None:
        return question.sentence
    return change_of_level(
        result.improvement[main_horizon(result.horizons)],
        result.standing.level,
        label=result.label,
        origin=result.origin,
        improvement=result.smallest_improvement,
        weekly=result.weekly,
        baseline_months=result.baseline_months,
    )


def change_of_level(
    outlook: HorizonOutlook,
    level: Estimate,
    *,
    label: str,
    origin: date,
    improvement: float,
    weekly: bool,
    baseline_months: int,
) -> str:
    """Word the chances that the level is higher or lower at a horizon."""
    return sentence(
        "change",
        outlook,
        level,
        printed_chances(outlook),
        label,
        origin,
        improvement,
        weekly,
        baseline_months,
    )


def verdict(result: Assessment) -> str:
    """Return what is expected at the main horizon, and why."""
    main = main_horizon(result.horizons)
    recorded = {} if isinstance(result.recorded, NotDefined) else result.recorded
    return sentence(
        "verdict", result, result.improvement[main], recorded.get(main), SMALL_DEVIATION
    )


def quoted(result: Assessment) -> WindowOutlook | ThresholdOutlook | None:
    """Return the result that title and headline quote, with its rule.

    That is the chance of the share that was asked for, else of a change in the main window; None if
    neither is defined, and they quote the level.
    """
    if isinstance(result.threshold, Mapping):
        return result.threshold[main_horizon(result.threshold)]
    if isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    return None if isinstance(window.up, NotDefined) else window


def level_sentence(result: Assessment) -> str:
    """Return the present level in one sentence, as what it is: an estimate."""
    return sentence("level", result.standing.level, result.weekly)
