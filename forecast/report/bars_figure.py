"""Chances of the level by horizon: worse, about the same, better."""

from forecast.outlook import Assessment, printed_chances, printed_percents
from forecast.report import style
from forecast.report.bars import Bar, draw
from forecast.report.words import COLUMNS, period
from forecast.wording import chance, count


def illustrate(result: Assessment) -> style.Illustration:
    """Draw the chances of the level at each horizon."""
    change = count(result.smallest_improvement, "point")
    bars, said = [], []
    for outlook in result.improvement.values():
        chances, percents = printed_chances(outlook), printed_percents(outlook)
        until = period(result, outlook.until)
        bars.append(Bar(count(outlook.months, "month"), until, {name: percents[name] for name in COLUMNS}))
        said.append(
            f"by {until}: better {chances['improvement']} (technical {chances['technical']}, structural "
            f"{chances['structural']}), about the same {chances['stability']}, worse {chances['deterioration']}"
        )
    last = list(result.improvement.values())[-1]
    return style.illustrate(
        lambda layout: draw(bars, COLUMNS, layout),
        alt=f"Stacked bars of chances for {result.label}. {'; '.join(said)}.",
        caption=(
            f"Chances that the {result.measure} is at least {change} lower, about the same, or at least "
            f"{change} higher than in {period(result, result.origin)}. Technical: under the framework in force; "
            f"structural: under a new one (chance of one by {period(result, last.until)}: "
            f"{chance(last.new_framework.value)}). The percents of a bar add up to 100."
        ),
    )
