"""Chances of what will be recorded by horizon: lower, about the same, higher."""

from forecast.outlook import Assessment, NotDefined, printed_changes
from forecast.report import style
from forecast.report.bars import Bar, draw
from forecast.report.tables import CHANGES
from forecast.report.words import period
from forecast.wording import chance, count


def illustrate(result: Assessment) -> style.Illustration | None:
    """Draw the chances at each horizon; none if they are defined at none."""
    if isinstance(result.recorded, NotDefined):
        return None
    bars, said = [], []
    for months, window in result.recorded.items():
        percents, until = printed_changes(window), period(result, window.until)
        if percents:
            bars.append(Bar(count(months, "month"), f"to {until}", {name: percents[name] for name in CHANGES}))
            parts = ", ".join(f"{words.lower()} {chance(percents[name] / 100)}" for name, words in CHANGES.items())
            said.append(f"{count(months, 'month')} to {until}: {parts}")
    if not bars:
        return None
    change = count(result.smallest_improvement, "point")
    return style.illustrate(
        lambda layout: draw(bars, CHANGES, layout),
        alt=f"Stacked bars of chances for what will be recorded of {result.label}. {'; '.join(said)}.",
        caption=(
            f"Chances that the cooperative share of what is recorded in the months ahead is at least {change} lower, "
            f"about the same, or at least {change} higher than in as many months before."
        ),
    )
