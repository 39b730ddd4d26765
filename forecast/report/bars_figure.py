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
            f"{change} higher than in {period(result, result.origin)}. {_parts(result, change)} (chance of a new "
            f"framework by {period(result, last.until)}: {chance(last.new_framework.value)}). The percents of a bar "
            "add up to 100."
        ),
    )


def _parts(result: Assessment, change: str) -> str:
    """Describe what of an improvement is technical, and what structural."""
    if result.moving:
        return f"Structural: the trend has risen by {change} too; technical: it has not"
    return "Technical: under the framework in force; structural: under a new one"
