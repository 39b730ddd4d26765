"""The page and the figure on records that others coded.

They are made from the numbers that `scripts/outsiders.py` keeps.
"""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np

from forecast.study.hypotheses.power_tables import Rate, rates_of

CLAIMS = ("S5a", "S5b", "S8")
DWELLING = "S5c"
SIZE = 0.05  # of unit-root tests
LIMIT = 2.3  # log Bayes factor from which a claim is supported: a factor of 10
ROW_HEIGHT, FIGURE_WIDTH, MARGINS = 0.55, 9.5, 1.6  # inches
MARKS = {"walk": "o", "reverting": "s", "bounded": "^", "long memory": "D"}
FREQUENCY_NAMES = {"month": "monthly", "week": "weekly"}

type Row = Mapping[str, Any]


def page(kept: Mapping[str, Any], figure: str) -> str:
    """Return the page."""
    records = kept["records"]
    trends = list(records[0]["alike"])
    sizes = [
        (
            row["name"],
            row["dyads"],
            f"{row['months']:,}",
            row["events"] or "index",
            interval(row["half_life"], 1),
            interval(row["order"], 2),
        )
        for row in records
    ]
    alike = [(row["name"], *(f"{row['alike'][trend]:.1f}" for trend in trends)) for row in records]
    verdicts = [(row["name"], *(row["verdicts"][code] for code in CLAIMS)) for row in records]
    levels = [
        (
            row["dyad"],
            row["record"],
            row["months"],
            f"{row['levels']:.2f}",
            f"{row['changes']:.2f}",
        )
        for row in kept["agreements"]
    ]
    return WORDS.format(
        figure=figure,
        memory=memory_words(records),
        sizes=table(
            "record",
            "dyads",
            "months",
            "events",
            "half-life of deviations, months",
            "d of long memory",
            rows=sizes,
        ),
        alike=table("record", *trends, rows=alike),
        verdicts=table("record", *CLAIMS, rows=verdicts),
        levels=table("dyad", "record", "months", "levels", "monthly changes", rows=levels),
        extremes=extremes_table(kept["extremes"]),
        changes=changes_table(kept["extremes"]),
        power=dwell_power_words(rates_of(DWELLING)),
        roots=roots_table(kept["roots"]),
        worst=worst_words(kept["roots"]),
        significant=significant_words(kept["roots"]),
        answers=answers_table(kept["answers"]),
        answers_power=answers_power_table(kept["answers_power"]),
        answers_words=answers_words(kept["answers_power"]),
    )


def table(*heads: str, rows: Sequence[Sequence[Any]]) -> str:
    """Return a table of Markdown."""
    lines = [f"| {' | '.join(str(cell) for cell in line)} |" for line in (heads, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(heads)}", *lines[1:]])


def interval(ends: Sequence[float], decimals: int) -> str:
    """Format a median with its 90% interval."""
    low, middle, high = ends
    return f"{middle:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"


def memory_words(records: Sequence[Row]) -> str:
    """Say in how many records a cycle is supported around long memory."""
    clear = [row["name"] for row in records if row["alike"]["long memory"] > LIMIT]
    return (
        f"Around long memory a cycle is favoured by more than {LIMIT} in {len(clear)} of "
        f"{len(records)} records ({'; '.join(clear)})."
    )


def extremes_table(rows: Sequence[Row]) -> str:
    """Return slopes of the hazard of leaving an extreme."""
    cells = [
        (
            row["name"],
            row["dyads"],
            f"{row['left']} of {row['at_risk']}",
            f"{row['slope']:.2f}",
            interval(row["slope_of_walks"], 2),
            f"{100 * row['walks_as_large']:.0f}%",
            f"{row['answer']} ({row['log_bayes_factor']:.1f})",
        )
        for row in rows
    ]
    heads = ("record", "dyads", "left", "slope", "slope in walks alike", "walks as large", "S5c")
    return table(*heads, rows=cells)


def changes_table(rows: Sequence[Row]) -> str:
    """Return slopes of realised on predicted changes."""
    cells = []
    for row in rows:
        changes = row["changes"]
        low, high = changes["interval"]
        cells.append(
            (
                row["name"],
                changes["first"],
                changes["changes"],
                f"{changes['slope']:.2f} ({low:.2f} to {high:.2f})",
                interval(changes["walks"], 2),
                f"{100 * changes['walks_as_large']:.0f}%",
            )
        )
    heads = ("record", "from", "changes", "slope", "slope in walks alike", "walks as large")
    return table(*heads, rows=cells)


def dwell_power_words(rates: Sequence[Rate]) -> str:
    """Describe power and false alarms of the claim on extremes."""
    true, false = (
        [f"{rate.supported} of {rate.sets} ({rate.truth})" for rate in rates if rate.true is wanted]
        for wanted in (True, False)
    )
    return (
        "In simulated records like the embedded one the claim is supported in "
        f"{'; '.join(true)}, where it is true, and in {'; '.join(false)}, where it is not."
    )


def roots_table(rows: Sequence[Row]) -> str:
    """Return unit-root tests with their critical values."""
    cells = [
        (
            row["name"],
            row["dyads"],
            test["name"],
            f"{test['statistic']:.2f}",
            f"{test['critical']:.2f}",
            f"{test['p_value']:.2f}",
            f"{test['p_value_alike']:.2f}",
            f"{test['textbook']:.2f}",
            f"{100 * test['textbook_rejects']:.0f}%",
        )
        for row in rows
        for test in row["tests"]
    ]
    heads = (
        "record",
        "dyads",
        "test",
        "statistic",
        "5% point, walks like it",
        "p",
        "p, walks alike",
        "5% point without error",
        "pure walks it rejects",
    )
    return table(*heads, rows=cells)


def worst_words(rows: Sequence[Row]) -> str:
    """Say how often textbook values reject pure walks in the shape of the embedded record."""
    parts = [f"{test['name']} {100 * test['textbook_rejects']:.0f}%" for test in rows[0]["tests"]]
    return f"{', '.join(parts)} in the shape of the {rows[0]['name']}"


def significant_words(rows: Sequence[Row]) -> str:
    """Say which tests reject a unit root by both p values."""
    tests = [(row["name"], test) for row in rows for test in row["tests"]]
    low = [
        f"{test['name']} of {name}"
        for name, test in tests
        if max(test["p_value"], test["p_value_alike"]) <= SIZE
    ]
    return (
        f"{len(low)} of {len(tests)} tests reject a unit root at 5% by both, without any "
        f"correction for their number{': ' if low else ''}{'; '.join(low)}."
    )


def answers_table(rows: Sequence[Row]) -> str:
    """Return tests of answers."""
    cells = [
        (
            row["name"],
            FREQUENCY_NAMES[row["frequency"]],
            row["pairs"],
            f"{row['answer']} ({row['log_bayes_factor']:.1f})",
            f"{row['answers_alone']:.1f}",
            interval([100 * end for end in row["share"]], 0),
        )
        for row in rows
    ]
    heads = (
        "record",
        "periods",
        "pairs",
        "S5d",
        "LBF of answers alone",
        "share of the half-life, %",
    )
    return table(*heads, rows=cells)


def answers_power_table(rates: Sequence[Row]) -> str:
    """Return power and false alarms of the test of answers."""
    cells = [
        (
            rate["shape"],
            rate["truth"],
            f"{100 * rate['true_share']:.0f}",
            rate["sets"],
            rate["supported"],
            rate["below"],
            interval([100 * end for end in rate["share"]], 0),
            rate["contained"],
        )
        for rate in rates
    ]
    heads = (
        "shape",
        "truth",
        "true share, %",
        "sets",
        "supported",
        "below -2.3",
        "median estimate, %",
        "intervals that contain it",
    )
    return table(*heads, rows=cells)


def answers_words(rates: Sequence[Row]) -> str:
    """Say what the test of answers can tell in each shape."""
    parts = []
    for shape in dict.fromkeys(rate["shape"] for rate in rates):
        strong, weak, *false = (rate for rate in rates if rate["shape"] == shape)
        alarms = sum(rate["supported"] for rate in false)
        parts.append(
            f"in the shape of {shape} strong answers are supported in {strong['supported']} of "
            f"{strong['sets']} sets, weak ones in {weak['supported']} of {weak['sets']}, and "
            f"answers that are absent in {alarms} of {sum(rate['sets'] for rate in false)}"
        )
    return (
        f"So {'; '.join(parts)}. Shares are too near 0, because the prior is around none: where "
        "strong answers are not found, the share and its interval are mostly the prior."
    )


WORDS = """\
# Records that others coded

This page has the same [tests](../hypotheses.md) of the embedded record and of records that people
outside this project coded. The records are not part of the package; `scripts/outsiders.py` makes
this page where they are at hand. All results are exploratory. The dyads of a record of events are
all pairs of states with at least 300 events and 96 months from first to last. ICEWS' counts are
of acts of conflict alone: their level is the share of words among them. The risk index is what US
newspapers report of a country, read as that country's relation with the United States, on a
logarithmic scale; each of its dyads has its own noise.

Deviations halve within months in all records. {memory} In the others the data do not tell apart
fading within months and memory that fades ever more slowly.

![Half-life of deviations, and evidence of a cycle by trend]({figure})

## Half-life and memory

Medians with 90% intervals. The half-life is that of deviations from the trend, averaged over
trends by their evidence. The order of integration d is that of a trend with long memory and no
cycle.

{sizes}

## A cycle against none, under the same trend

Log Bayes factors (2.3 is a factor of 10). Under long memory, none is the better of none and of
noise of each month.

{alike}

## Answers to the claims

Each with its least log Bayes factor and the dyads that are long enough for the claim (S5b and S8
need twenty years).

{verdicts}

## Time spent in extremes

The claim S5c: the longer a dyad has been in an extreme, the likelier it leaves. A dyad's extremes
are the quarter of its half-years with the lowest and the quarter with the highest shares. The
slope is that of the log-odds of leaving in the next half-year on the logarithm of the time
already spent there. Walks have negative slopes, because a walk that has been in an extreme for
long is deep in it. So the recorded slope is compared with that of walks that turned back as these
dyads did; a larger one is half-normal with a standard deviation of 0.35 before the data.

{extremes}

**The test has hardly any power.** {power} Being undecided says nothing about extremes.

## Realised on predicted changes

A reverting trend with a cycle, fitted to the first half of a record by months with events,
predicts how the level of each dyad changes in the next 24 months, at dates that are 24 months
apart in the second half. The slope of realised on predicted changes is 1 if predictions are right
on average. An error of the level at the forecast date is part of both changes, so that levels
revert by arithmetic, and cycles fade in walks too. So the slope in walks that turned back alike
is next to it. Intervals of 90% are by resampling dyads, those of walks over 200 simulated sets.

{changes}

## Unit-root tests of panels

Means over dyads of augmented Dickey-Fuller statistics of quarterly log-odds, with four lags: as they are (IPS), with
averages over dyads (CIPS), and against a smooth transition (KSS, ESTAR); see [what the field
says](../literature.md). Lower values speak against a unit root. The critical values of textbooks are for series that
are seen without error. **With counts they are worthless**: the error of a quarter's share is gone in the next
quarter, and of pure walks that are seen through these counts they reject the share in the last column
({worst}).
So p is the share of simulated walks with a cycle that have as low a statistic, with the parameters and event counts
of the record, and with turns alike.

{significant}

{roots}

## Who answers whom

The question S5d: do deviations last because each side answers the other? Both directions of a pair share a walking
trend and have each a cycle. Answers are what a side does in a period after what the other did one period earlier;
within a period they cannot be told from common shocks. The log Bayes factor is of answers with own persistence
against own persistence alone, summed over pairs. Answers alone are without own persistence. The claim is supported
from 2.3 if answers make deviations longer. Below -2.3 it is rejected only by month, and only if none of 40 simulated
sets with strong answers in the shape of the record has as low a value: many sparse pairs add up small penalties of a
prior that they cannot inform. The share is that by which the half-life
of deviations is shorter without answers, averaged over models with and without answers (median with its 90%
interval, of the mean over pairs). It is a limit of what answers carry only where the test has power.

{answers}

Simulated months, with deviations that halve in three months, in the shapes of a sparse and of a dense record:

{answers_power}

{answers_words}

## Levels in two codings

Correlation of smoothed monthly levels of a dyad in the embedded record and in another, and of
their monthly changes.

{levels}

Levels are smoothed means at the parameters that fit each record best. Trends dominate their
correlation.
"""


def draw(kept: Mapping[str, Any]) -> Any:
    """Draw half-lives with their intervals, and evidence of a cycle by trend."""
    from matplotlib import pyplot, rc_context

    from forecast.plots import style

    rows = kept["records"][::-1]
    heights = np.arange(len(rows))
    look: Any = style.STYLE
    with rc_context(look):
        size = (FIGURE_WIDTH, ROW_HEIGHT * len(rows) + MARGINS)
        figure, (left, right) = pyplot.subplots(1, 2, figsize=size, sharey=True)
        low, middle, high = np.array([row["half_life"] for row in rows]).T
        errors = (middle - low, high - middle)
        left.errorbar(middle, heights, xerr=errors, fmt="o", color=style.LEVEL, capsize=3)
        left.set_xscale("log")
        left.set_xticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
        left.minorticks_off()
        left.set_xlabel("half-life, months (90% interval)")
        names = [f"{row['name']}\n{row['dyads']} dyads, {row['months']:,} months" for row in rows]
        left.set_yticks(heights, names)
        for trend, mark in MARKS.items():
            value = [row["alike"][trend] for row in rows]
            right.plot(value, heights, mark, label=trend, markersize=5.5, alpha=0.85)
        right.set_xscale("symlog", linthresh=5)
        right.axvline(0.0, color=style.MUTED, linewidth=0.8)
        right.axvline(LIMIT, color=style.INK, linewidth=0.9, linestyle=(0, (4, 3)))
        ticks = [-5, 0, LIMIT, 5, 20, 60]
        largest = max(max(row["alike"].values()) for row in rows)
        ticks += [tick for tick in (200, 600, 2000) if tick < 1.5 * largest]
        right.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        right.minorticks_off()
        right.set_xlabel("LBF of a cycle against none")
        right.legend(
            title="under the trend",
            fontsize=8,
            title_fontsize=8,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
        left.margins(y=0.12)
        for on in (left, right):
            on.grid(axis="x", color=style.GRID, linewidth=0.6)
            on.set_axisbelow(True)
        figure.tight_layout()
    return figure


def svg(figure: Any) -> str:
    """Return a figure as SVG, without the day on which it was drawn."""
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
