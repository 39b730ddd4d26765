"""Page of all pairs that were reported together: chances, changes, links.

Changes are those since the time before, and links lead to the reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from markupsafe import Markup

from forecast.base.wording import DASH, chance, signed, whole_percents
from forecast.base.wording import day as words_of_day
from forecast.data.events.editions import Edition
from forecast.data.panel.notes import DataNotes, labelled, read_edition
from forecast.outlook.query import main_horizon
from forecast.report.folder import PAIRS
from forecast.report.publishing import Page, publish
from forecast.report.saved_report import read_numbers
from forecast.report.table import Table, link
from forecast.report.words import sentence

if TYPE_CHECKING:
    from forecast.desk.questions.track_record import OpenQuestion

LAST_QUESTION = "– (last week’s question)"
"""Words for a change of another window, with a link to the page that follows last week's
question."""
WEEK = timedelta(days=7)
SCHEMA = 1
CHANCES = ("up", "same", "down")
COMPARED = (
    "dyad",
    "months",
    "first",
    "until",
    "baseline_first",
    "baseline_months",
    "smallest_improvement",
)
"""What is the same where the chances of two days are compared: a new month has another window."""


@dataclass(frozen=True)
class Pair:
    """What the page says of a pair."""

    dyad: str  # As in `forecast.json` of its report
    label: str
    title: str
    as_of: str
    converged: bool
    # What is asked: months of the window, months it is compared with, points that count as a change
    months: int
    # First and last day of the window, and first day of its baseline; null if not defined
    first: str | None
    until: str | None
    baseline_first: str | None
    baseline_months: int
    smallest_improvement: float
    # Chances that the share is higher, similar and lower; null where they are not defined
    up: float | None
    same: float | None
    down: float | None
    # `up` the time before; null if there was no report, it asked of another window, or one of the
    # two has not converged
    before: float | None = None
    # Addresses of the report and of the page of its change, relative to the page; empty if there is
    # none
    link: str = ""
    change: str = ""
    # What readers have to know of the data on the pair
    caveats: tuple[str, ...] = ()
    edition: Edition | None = None

    @classmethod
    def read(cls, folder: Path, link: str, earlier: "Pair | None" = None, change: str = "") -> Self:
        """Read a pair from the folder of its report, with its chance the time before."""
        numbers = read_numbers(folder)
        windows = numbers["recorded"] if isinstance(numbers["recorded"], list) else []
        months = main_horizon([horizon["months"] for horizon in numbers["horizons"]])
        window: dict[str, Any] = next(
            (candidate for candidate in windows if candidate["months"] == months), {}
        )
        chances = {name: window.get(name, {}).get("value") for name in CHANCES}
        facts = (
            "dyad",
            "label",
            "title",
            "as_of",
            "converged",
            "baseline_months",
            "smallest_improvement",
        )
        said: dict[str, Any] = {
            "caveats": tuple(numbers["caveats"]),
            "edition": read_edition(numbers.get("edition")),
        }
        stated = {name: numbers[name] for name in facts}
        span: dict[str, Any] = {name: window.get(name) for name in ("first", "until")}
        span["baseline_first"] = (window.get("baseline") or {}).get("first")
        pair = cls(**stated, months=months, **span, **chances, link=link, change=change, **said)
        if earlier is None or not (earlier.converged and pair.converged):
            return pair
        same = all(getattr(pair, name) == getattr(earlier, name) for name in COMPARED)
        return replace(pair, before=earlier.up) if same else pair

    @property
    def plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | DataNotes(self.caveats, self.edition).facts

    @property
    def printed(self) -> list[str]:
        """Chances in whole percents that add up to 100, as its report prints them."""
        values = [value for value in (self.up, self.same, self.down) if value is not None]
        if len(values) < len(CHANCES):
            return [DASH] * len(CHANCES)
        return [chance(whole / 100) for whole in whole_percents(values, 100)]

    @property
    def cell(self) -> str:
        """Title of its report, with a link to it."""
        unsure = Markup("<small>NOT CONVERGED: do not use these numbers</small>")
        return link(self.link, self.title, "" if self.converged else unsure)

    @property
    def change_cell(self) -> str:
        """By how much the chance of a higher share has changed.

        It has a link to the page of the change.
        """
        if self.change:
            return link(self.change, LAST_QUESTION if self.moved is None else signed(self.moved, 0))
        return DASH if self.moved is None else signed(self.moved, 0)

    @property
    def moved(self) -> float | None:
        """By how many points the chance of a higher share has changed."""
        return None if self.up is None or self.before is None else 100 * (self.up - self.before)


def write_pairs(
    pairs: Sequence[Pair],
    out: str | Path,
    missing: Mapping[str, str],
    days: tuple[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    questions: "Sequence[OpenQuestion]" = (),
) -> Path:
    """Write the page of all pairs and pairs.json.

    Pairs are sorted by their change between two days, if there are two.

    `missing` says of other pairs why they have no report; `questions` are the open ones of the
    ledger.
    """
    ordered = sorted(
        pairs, key=lambda pair: (pair.moved is None, -abs(pair.moved or 0.0), pair.label)
    )
    heads = ("Pair", "higher", "similar", "lower", "change of “higher”")
    table = Table.of(heads, [(pair.cell, *pair.printed, pair.change_cell) for pair in ordered])
    headline = sentence("pairs", ordered=ordered, compared=days is not None)
    content = {
        "pairs": table,
        "missing": dict(missing),
        "days": days,
        "headline": headline,
        "questions": questions_table(questions, None if days is None else days[1]),
    }
    caveats = tuple(labelled(pair.dyad, text) for pair in pairs for text in pair.caveats)
    notes = DataNotes(caveats, next((pair.edition for pair in pairs if pair.edition), None))
    values = {
        "schema": SCHEMA,
        "days": days,
        "pairs": [pair.plain for pair in ordered],
        "missing": dict(missing),
    }
    page = Page("pairs.html.j2", content, files={"pairs.json": values | notes.facts}, notes=notes)
    return publish(out, PAIRS, lambda: page, links=links)


def questions_table(questions: "Sequence[OpenQuestion]", day: str | None) -> Table:
    """Arrange the open questions, with their last forecast and its change.

    It is the change from the one before in the week before a day.

    A question keeps its window, so that its forecasts can be compared from week to week.
    """
    since = None if day is None else (date.fromisoformat(day) - WEEK).isoformat()
    rows = []
    for question in questions:
        fresh = since is not None and question.as_of is not None and question.as_of >= since
        moved = DASH
        if (
            fresh
            and question.chance is not None
            and question.before is not None
            and not question.doubts
        ):
            moved = signed(100 * (question.chance - question.before), 0)
        stated = "to be confirmed" if question.doubts else chance(question.chance)
        rows.append(
            [
                question.question,
                (question.sentence, question.note) if question.note else question.sentence,
                stated,
                moved,
                words_of_day(date.fromisoformat(question.due)),
            ]
        )
    return Table.of(["question", "asked", "forecast", "change", "due"], rows, (0, 1))
