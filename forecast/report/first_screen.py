"""First screen of a report: what a reader asks first, each in a line or two.

With each answer goes what can be copied.

How likely, since when, why it changed, what would change it most, how right before, what a market
says, how to cite.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.base import wording
from forecast.base.errors import DataError, LedgerError
from forecast.base.wording import chance
from forecast.data.events.codebook import read_codes
from forecast.data.events.table import event_counts
from forecast.data.panel.notes import DataNotes
from forecast.outlook import Assessment, NotDefined, quoted
from forecast.outlook.question import Question
from forecast.outlook.question_types import ShareQuestion
from forecast.outlook.windows import WindowOutlook, printed_changes
from forecast.plots.dots import dot_counts, plot_dots
from forecast.plots.style import BETTER, INK, MUTED, bare, note, year_of
from forecast.report.illustration import Draw, Illustration, PageFormat, plotted, subplots
from forecast.report.rendering import worded
from forecast.report.saved_report import read_numbers
from forecast.report.skill.dyad import DyadSkill

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecast.desk.questions.history import History

_SENTENCES = Path(__file__).parent / "templates" / "first_screen.j2"
sentence = partial(wording.sentence, _SENTENCES)
MIN_HISTORY_DAYS = 3
"""Days of a history from which on it is drawn; two are a sentence."""
# Prices that are shown, the latest first
MAX_PRICES = 3
# Corrected rows, and rejected ones, that are named; the others are counted
MAX_CORRECTIONS_NAMED = 3
HALF = 4.2
"""Inches of a figure next to text: its letters are then as large as those of figures over the whole
width."""


@dataclass(frozen=True)
class Earlier:
    """What an earlier report said of the same window."""

    as_of: date
    higher: float  # Published chance of a higher share, 0 to 1
    printed: int  # The same in whole percents, as the report prints it
    model: float | None  # Part of it that the model's own simulations add
    additions: tuple[Mapping[str, Any], ...] = ()  # Files of added events, as its provenance states


@dataclass(frozen=True)
class Price:
    """Price of a question about the pair that was asked elsewhere."""

    text: str  # The question
    price: float  # Probability of yes
    source: str
    as_of: str  # Day of the price


@dataclass(frozen=True)
class Answers:
    """Answers of the first screen; one that does not apply is empty."""

    likely: str  # In dots
    lean: str  # Mean error of such forecasts, next to the chance
    since: str
    why: str
    now: int  # The chance of a higher share in whole percents, as the title has it
    watch: tuple[str, ...]  # What it would be instead, a line for each kind of events
    right: str
    prices: tuple[str, ...]
    corrected: str  # Added rows that say something else than in the last report, or are gone
    rejected: str  # Added rows that could not be used
    cite: str


def earlier_reports(
    out: Path, result: Assessment, day: date, ledger: Path | None = None
) -> tuple[Earlier, ...]:
    """Return what reports and a ledger said before a day of the window of a result, in order.

    Reports stand next to the folder (`report/USA-CHN-2026-06-13`) or, of a weekly page, in the
    folders of other days (`reports/2026-06-15/USA-CHN`). Of a day that has both, the report counts.
    """
    window = quoted(result)
    if not isinstance(window, WindowOutlook):
        return ()
    folder = out.resolve()
    pages = {
        *folder.parent.glob("*/forecast.json"),
        *folder.parents[1].glob(f"*/{folder.name}/forecast.json"),
    }
    reports = [
        _read_earlier(page.parent, result, window) for page in pages if page.parent != folder
    ]
    by_day = {
        earlier.as_of: earlier
        for earlier in (*_in_ledger(ledger, result, window), *reports)
        if earlier is not None and earlier.as_of < day
    }
    return tuple(by_day[day] for day in sorted(by_day))


def _in_ledger(ledger: Path | None, result: Assessment, window: WindowOutlook) -> Iterator[Earlier]:
    """Yield the forecasts in a ledger of a question about the same window and the same baseline."""
    for history in _histories(ledger):
        question = history.question
        if not _asks_the_same(question, result, window):
            continue
        for answer in history.answers:
            if answer.chance is not None:
                day = date.fromisoformat(answer.as_of)
                yield Earlier(day, answer.chance, round(100 * answer.chance), None)


def _asks_the_same(question: Question, result: Assessment, window: WindowOutlook) -> bool:
    """Return whether a question asks for the higher share of a window."""
    if not isinstance(question, ShareQuestion) or question.baseline is None:
        return False
    if isinstance(window.baseline, NotDefined):
        return False
    return (
        question.dyad == result.dyad
        and question.dataset == window.dataset
        and question.compare == "at least"
        and (question.first, question.last) == (window.first, window.until)
        and question.baseline.first == window.baseline.first
        and question.baseline.points == result.smallest_improvement
    )


def _histories(ledger: Path | None) -> "Iterable[History]":
    """Return the questions of a ledger; none of one that is missing or cannot be read."""
    if ledger is None or not ledger.exists():
        return ()
    from forecast.desk.questions.ledger import Ledger

    try:
        return Ledger.read(ledger).histories.values()
    except LedgerError:  # commands on questions say what is wrong with it
        return ()


def corrected_rows(
    before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]], dyad: str
) -> list[str]:
    """Return which added rows on a dyad an earlier report counted that say something else now.

    A row that is gone is one of them. Files are compared as the provenance of reports states them.
    """
    counted = {(file["file"], *_content(event)) for file in now for event in file["events"]}
    return [
        f"{file['file']}, line {event['line']} "
        f"({wording.day(date.fromisoformat(event['date']))}, {event['summary']})"
        for file in before
        for event in file["events"]
        if event["dyad"] == dyad and (file["file"], *_content(event)) not in counted
    ]


def _content(event: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a row says, apart from its line."""
    return tuple(event[name] for name in ("date", "source", "target", "cameo", "n", "summary"))


def _read_earlier(folder: Path, result: Assessment, window: WindowOutlook) -> Earlier | None:
    """Return what a report said of a window; None if it asked something else, or is none."""
    try:
        numbers = read_numbers(folder)
        same_window = next(
            stated
            for stated in numbers["recorded"]
            if (stated["until"], stated["dataset"]) == (window.until.isoformat(), window.dataset)
        )
        same = (numbers["dyad"], numbers["baseline_months"], numbers["smallest_improvement"]) == (
            result.dyad,
            result.baseline_months,
            result.smallest_improvement,
        )
        if not (same and numbers["converged"] and same_window["first"] == window.first.isoformat()):
            return None
        model = (same_window.get("simulated_by_model") or {}).get("value")
        return Earlier(
            date.fromisoformat(numbers["as_of"]),
            same_window["up"]["value"],
            same_window["percent"]["up"],
            model,
            tuple(numbers["provenance"]["additions"]),
        )
    except (DataError, KeyError, TypeError, ValueError, StopIteration):
        return None


def prices_of(ledger: Path | None, dyad: str, day: date) -> tuple[Price, ...]:
    """Return prices of open questions about a pair that were known on a day, the latest first."""
    if ledger is None:  # a report alone does without the desk
        return ()
    from forecast.desk.questions.outside import OutsideQuestion

    prices = []
    for history in _histories(ledger):
        question = history.question
        if (
            not isinstance(question, OutsideQuestion)
            or question.dyad != dyad
            or history.resolution is not None
        ):
            continue
        by_then = [price for price in history.prices if price.as_of <= day.isoformat()]
        if by_then and question.closes >= day:
            last = by_then[-1]
            prices.append(Price(question.text, last.price, last.source, last.as_of))
    return tuple(sorted(prices, key=lambda price: price.as_of, reverse=True)[:MAX_PRICES])


def answers_of(
    result: Assessment,
    skill: DyadSkill | NotDefined,
    notes: DataNotes,
    provenance: Mapping[str, Any],
    *,
    as_of: date,
    events: pd.DataFrame,
    earlier: Sequence[Earlier] = (),
    prices: Sequence[Price] = (),
    rejected: Sequence[str] = (),
) -> Answers | None:
    """Answer what a reader asks first.

    None where the title is not about a change of the observed share.
    """
    window = quoted(result)
    if not isinstance(window, WindowOutlook) or isinstance(window.up, NotDefined):
        return None
    now = Earlier(as_of, window.up.value, printed_changes(window)["up"], _model_value(window))
    watch = () if isinstance(result.signposts, NotDefined) else result.signposts
    corrected: list[str] = []
    if earlier:
        additions = provenance.get("additions", ())
        corrected = corrected_rows(earlier[-1].additions, additions, result.dyad)
    return Answers(
        likely=sentence("likely", result, window, dot_counts(window), len(window.dots)),
        lean="" if isinstance(skill, NotDefined) else skill.lean,
        since=sentence("since", earlier, now, window, result),
        why=_why(result, earlier, now, events),
        now=now.printed,
        watch=tuple(sentence("watch", signpost) for signpost in watch),
        right=sentence("unknown") if isinstance(skill, NotDefined) else skill.plain,
        prices=tuple(sentence("price", price, date.fromisoformat(price.as_of)) for price in prices),
        corrected=sentence("corrected", _some(corrected), earlier[-1].as_of) if corrected else "",
        rejected=sentence("rejected", _some(rejected)) if rejected else "",
        cite=cited_line(result, window, notes, str(provenance["data"].get("digest", "")), as_of),
    )


def _some(rows: Sequence[str]) -> str:
    """Return the first of some rows in words, and how many more there are."""
    return wording.join_some(rows, MAX_CORRECTIONS_NAMED)


def _model_value(window: WindowOutlook) -> float | None:
    part = window.simulated_by_model
    return None if part is None else part.value


def _why(result: Assessment, earlier: Sequence[Earlier], now: Earlier, rows: pd.DataFrame) -> str:
    """Split the change since the last report between the model and the benchmarks.

    The events since then are counted.
    """
    if not earlier:
        return ""
    last = earlier[-1]
    change, model = 100 * (now.higher - last.higher), None
    if now.model is not None and last.model is not None:
        model = 100 * (now.model - last.model)
    since = rows[rows["date"] > pd.Timestamp(last.as_of)] if len(rows) else rows
    events = cooperative = 0
    if len(since) and {"n", "dyad", "dataset"} <= set(since.columns):
        counts = event_counts(since)
        events = int(counts.sum())
        cooperative = int(counts[since["cameo"].map(read_codes()["quad"]).isin([1, 2])].sum())
    return sentence("why", last, change, model, events, cooperative)


def cited_line(
    result: Assessment, window: WindowOutlook, notes: DataNotes, digest: str, as_of: date
) -> str:
    """Return a line by which a text cites the forecast, with what it was made from."""
    from importlib.metadata import version

    return sentence(
        "cite", result, window, notes.edition, digest[:12], as_of, version("pendulum-forecast")
    )


def dots(result: Assessment) -> Illustration | None:
    """Draw the main window as fifty dots; none where its share or its baseline is not defined."""
    window = quoted(result)
    if (
        not isinstance(window, WindowOutlook)
        or not window.dots
        or isinstance(window.up, NotDefined)
    ):
        return None
    draw = plotted(lambda on: plot_dots(result, ax=on), heights=(2.9, 2.6), legend=(3, 3))
    facts = {
        "result": result,
        "window": window,
        "counts": dot_counts(window),
        "many": len(window.dots),
    }
    return worded("first_screen.j2", "dots", _at_half(draw), facts)


def _half(layout: PageFormat) -> PageFormat:
    return PageFormat(HALF, layout.font, wide=False) if layout.wide else layout


def _at_half(draw: Draw) -> Draw:
    """Return a drawing for half of a wide page."""

    def smaller(layout: PageFormat) -> "Figure":
        return draw(_half(layout))

    return smaller


def history(result: Assessment, earlier: Sequence[Earlier], as_of: date) -> Illustration | None:
    """Draw the published chance of the main window over the days of its reports.

    None of fewer than three days.
    """
    window = quoted(result)
    if not isinstance(window, WindowOutlook) or isinstance(window.up, NotDefined):
        return None
    if len(earlier) + 1 < MIN_HISTORY_DAYS:
        return None
    days = [year_of(report.as_of) for report in earlier] + [year_of(as_of)]
    chances = [*(report.printed for report in earlier), printed_changes(window)["up"]]

    def draw(layout: PageFormat) -> "Figure":
        figure, (on,) = subplots(_half(layout), 1.1)
        on.plot(
            days, chances, color=BETTER, marker="o", markersize=3.5, linewidth=1.4, clip_on=False
        )
        on.set_ylim(0, 100)
        on.set_yticks([0, 50, 100])
        bare(on, "x")
        for index, side in ((0, "left"), (-1, "right")):
            day = earlier[0].as_of if index == 0 else as_of
            note(
                on,
                wording.day(day),
                (days[index], 0),
                (0, -10),
                ha=side,
                color=MUTED,
                fontsize=layout.font - 1,
            )
            text = chance(chances[index] / 100)
            note(
                on,
                text,
                (days[index], chances[index]),
                (0, 5),
                ha=side,
                color=INK,
                fontweight="bold",
            )
        return figure

    facts = {
        "result": result,
        "window": window,
        "earlier": earlier,
        "now": printed_changes(window)["up"],
    }
    return worded("first_screen.j2", "history", draw, facts)
