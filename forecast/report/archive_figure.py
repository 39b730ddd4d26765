"""Figure of an archive's contents over time: days covered by files, and rows kept per month."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from forecast.archive.reading import ArchiveStatus, DatasetStatus
from forecast.errors import DataError
from forecast.report import style
from forecast.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_SAID = 3


def illustrate(status: ArchiveStatus) -> style.Illustration:
    """Draw the datasets of an archive one above the other."""
    shown = [one for one in status.datasets if one.spans]
    if not shown:
        raise DataError(f"{status.archive}: no file of it stands for a day, so that there is nothing to draw.")
    sentences = " ".join(one.sentence for one in shown)
    return style.illustrate(
        lambda layout: _draw(shown, layout),
        alt=f"Rows by month, with gaps shaded. {sentences}",
        caption=f"Rows kept of each month if all between two states are read; shaded: no file is there. {sentences}",
    )


def _draw(shown: list[DatasetStatus], layout: style.Layout) -> "Figure":
    figure, axes = style.subplots(layout, len(shown) * 1.7 + 0.3, len(shown), sharex=True)
    first, last = min(one.spans[0][0] for one in shown), max(one.spans[-1][1] for one in shown)
    margin = max((last - first) / 50, timedelta(days=20))
    for on, one in zip(axes, shown, strict=True):
        _draw_dataset(on, one, layout)
    axes[0].set_xlim(first - margin, last + margin)  # type: ignore[arg-type]
    return figure


def _draw_dataset(on: "Axes", one: DatasetStatus, layout: style.Layout) -> None:
    from matplotlib.ticker import MaxNLocator

    for gap in one.gaps:
        on.axvspan(gap.first, gap.last + timedelta(days=1), color=style.WORSE, alpha=0.25, linewidth=0)  # type: ignore[arg-type]
    months = [month for month in one.months if month.days and (month.covered or month.kept)]
    starts = [date.fromisoformat(f"{month.month}-01") for month in months]
    inside = [one.spans[0][0].replace(day=1) <= start <= one.spans[-1][1] for start in starts]
    places = [start for start, is_inside in zip(starts, inside, strict=True) if is_inside]
    heights = [month.kept for month, is_inside in zip(months, inside, strict=True) if is_inside]
    on.bar(places, heights, width=28, align="edge", color=style.LEVEL)  # type: ignore[arg-type]
    on.set_ylim(0, max([*heights, 1]) * 1.05)
    on.set_ylabel("rows", fontsize=layout.font - 1)
    on.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    on.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    on.set_title(_title(one), loc="left", fontsize=layout.font, color=style.INK)


def _title(one: DatasetStatus) -> str:
    missing = sum(gap.days for gap in one.gaps)
    if not missing:
        return f"{one.title}: no gap"
    longest = sorted(one.gaps, key=lambda gap: -gap.days)[:_MOST_SAID]
    named = ", ".join(f"{gap.first} to {gap.last}" for gap in sorted(longest))
    more = f" and {len(one.gaps) - len(longest)} more" if len(one.gaps) > len(longest) else ""
    return f"{one.title}: {count(missing, 'day')} missing ({named}{more})"
