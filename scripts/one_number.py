"""Compare every published number on the pages of a folder.

The same question on the same day has one number.

python scripts/one_number.py [FOLDER...]

Read are reports, pages of all pairs, explanations, changes, scenarios and ledgers, in JSON and in
HTML: chances of shares and of sets of events. Chances of the model alone, which stand in folds, are
not compared, nor is a ledger that is kept on a page that says what it was (`about`). Two pages are
compared if their manifests state the same digest of the data, or one states none. Every difference
is named with both pages. Exit code 1 if there is one.
"""

import html
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast.base.dates import add_months, month_end  # noqa: E402
from forecast.base.wording import chance  # noqa: E402
from forecast.desk.questions import Ledger  # noqa: E402
from forecast.desk.questions.event_question import EventQuestion  # noqa: E402
from forecast.outlook.question import Question  # noqa: E402
from forecast.outlook.question_types import ShareQuestion  # noqa: E402
from forecast.report.sets import DAYS  # noqa: E402

FOLDERS = ("reports",)
ROUNDED = 1e-6
"""Probability: a ledger rounds to six decimals, and pages with the same seed agree in all
others."""
WAYS = {"up": "higher", "same": "similar", "down": "lower"}

type Key = tuple[str, ...]
"""What is asked, and the day whose knowledge answers it."""


@dataclass(frozen=True)
class Stated:
    """A published number on a page."""

    key: Key
    value: float
    page: Path

    def contradicts(self, other: "Stated") -> bool:
        """Return whether two numbers of the same data, or of data that are not stated, differ."""
        data = {_digest_of_data(stated.page.parent) for stated in (self, other)} - {""}
        if len(data) > 1:
            return False
        return abs(self.value - other.value) > ROUNDED

    @property
    def words(self) -> str:
        """The number and the page."""
        return f"{chance(self.value, 2)} in {self.page}"


@cache
def _digest_of_data(folder: Path) -> str:
    """Return the digest of the edition that the manifest of a page states; empty without one."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return ""
    return str((_read(manifest).get("edition") or {}).get("digest", ""))


def numbers_in(folder: Path) -> list[Stated]:
    """Return the published numbers of all pages in a folder and its subfolders."""
    found: list[Stated] = []
    for name, read in READERS.items():
        for path in sorted(folder.rglob(name)):
            found += read(path)
    return found


def differences(stated: list[Stated]) -> list[str]:
    """Return in words where two pages state different numbers for the same question and day."""
    by_key = defaultdict[Key, list[Stated]](list)
    for number in stated:
        by_key[number.key].append(number)
    return [
        f"{', '.join(key)}: {first.words}, and {second.words}"
        for key, same in by_key.items()
        for first, second in combinations(same, 2)
        if first.contradicts(second)
    ]


def _window_key(dyad: str, as_of: str, window: Mapping[str, Any], points: float, way: str) -> Key:
    before = window["baseline"]
    asked = f"{WAYS[way]} by {points:g} than from {before['first']}"
    return dyad, asked, f"{window['first']} to {window['until']}", f"as of {as_of}"


def _of_windows(page: Path, facts: Mapping[str, Any], windows: Any, as_of: str) -> Iterator[Stated]:
    """Yield the chances of windows of a share; none where they are not defined."""
    listed = list(windows.values()) if isinstance(windows, Mapping) else windows
    for window in listed if isinstance(listed, list) else ():
        if not isinstance(window, Mapping) or "first" not in (window.get("baseline") or {}):
            continue
        for way in WAYS:
            value = window[way].get("value")
            if value is not None:
                key = _window_key(facts["dyad"], as_of, window, facts["smallest_improvement"], way)
                yield Stated(key, value, page)


def _set_key(dyad: str, events: str, first: Any, last: Any, as_of: str) -> Key:
    return dyad, f"at least 1 “{events}”", f"{first} to {last}", f"as of {as_of}"


def _of_sets(path: Path, facts: Mapping[str, Any]) -> Iterator[Stated]:
    """Yield the chances of sets of events; none where they are not defined."""
    as_of = date.fromisoformat(facts["as_of"])
    sets = facts.get("sets")
    for row in sets if isinstance(sets, list) else ():
        for days, likely in zip(DAYS, row["chances"], strict=True):
            first, last = as_of + timedelta(days=1), as_of + timedelta(days=days)
            key = _set_key(facts["dyad"], row["set"], first, last, facts["as_of"])
            yield Stated(key, likely, path)


def _of_report(path: Path) -> Iterator[Stated]:
    facts = _read(path)
    yield from _of_windows(path, facts, facts["recorded"], facts["as_of"])
    yield from _of_sets(path, facts)
    _require_title(path, facts["title"])


def _of_pairs(path: Path) -> Iterator[Stated]:
    for pair in _read(path)["pairs"]:
        if pair.get("first") is None:
            continue
        window = {
            "first": pair["first"],
            "until": pair["until"],
            "baseline": {"first": pair["baseline_first"]},
        }
        for way in WAYS:
            if pair[way] is not None:
                points = pair["smallest_improvement"]
                key = _window_key(pair["dyad"], pair["as_of"], window, points, way)
                yield Stated(key, pair[way], path)


def _of_explanation(path: Path) -> Iterator[Stated]:
    facts = _read(path)
    # Pages of earlier editions state the chance of the model as if it were the published one.
    now = facts["now"] if facts.get("published") is None else facts["published"]["now"]
    if facts["horizon"] is not None and "first" in (facts["baseline"] or {}):
        window = _ahead(facts["last"], facts["horizon"]) | {"baseline": facts["baseline"]}
        as_of = facts.get("as_of", facts["last"])
        for way in WAYS:
            key = _window_key(facts["dyad"], as_of, window, facts["smallest_improvement"], way)
            yield Stated(key, now[way]["value"], path)
    posed = facts.get("posed")
    if posed is not None and facts.get("answer") is not None:
        yield Stated((posed["sentence"], f"as of {facts['as_of']}"), facts["answer"], path)
    _require_title(path, facts["finding"])


def _of_change(path: Path) -> Iterator[Stated]:
    facts = _read(path)
    asked = facts["asked"]
    for place, moment in enumerate(("before", "now")):
        as_of = facts["days"][place]
        if isinstance(asked, str):
            yield Stated((asked, f"as of {as_of}"), facts[moment]["yes"]["value"], path)
            continue
        known, _ = asked["windows"][place]
        window = _ahead(known, asked["horizon"]) | {"baseline": asked["baselines"][place]}
        for way in WAYS:
            key = _window_key(facts["dyad"], as_of, window, asked["smallest_improvement"], way)
            yield Stated(key, facts[moment][way]["value"], path)
    _require_title(path, facts["sentences"][0])


def _of_scenario(path: Path) -> Iterator[Stated]:
    facts = _read(path)
    windows = facts.get("published", facts["unconditional"]["recorded"])
    yield from _of_windows(path, facts, windows, facts.get("as_of", facts["origin"]))


def _of_ledger(path: Path) -> Iterator[Stated]:
    record = path.with_name("track_record.json")
    if record.exists() and _read(record).get("about"):
        return  # kept on a page that says what it was
    for history in Ledger.read(path).histories.values():
        for answer in history.answers:
            if answer.chance is not None:
                for key in _question_keys(history.question, answer.as_of):
                    yield Stated(key, answer.chance, path)


def _question_keys(question: Question, as_of: str) -> Iterator[Key]:
    """Yield the keys of a question: its sentence, and that of a report's window or kind."""
    day = f"as of {as_of}"
    yield question.sentence, day
    if isinstance(question, EventQuestion) and question.at_least == 1:
        yield _set_key(question.dyad, question.set, question.first, question.last, as_of)
    if (
        isinstance(question, ShareQuestion)
        and question.kind == "share"
        and question.baseline is not None
    ):
        fixed = {
            "first": question.first,
            "until": question.last,
            "baseline": {"first": question.baseline.first},
        }
        # Only a report of the day it was asked compares with the same months.
        if as_of == str(question.asked):
            way = "up" if question.compare == "at least" else "down"
            yield _window_key(question.dyad, as_of, fixed, question.baseline.points, way)


def _of_track_record(path: Path) -> Iterator[Stated]:
    facts = _read(path)
    for question in [] if facts.get("about") else facts["waiting"]:
        if question["chance"] is not None:
            key = question["sentence"], f"as of {question['as_of']}"
            yield Stated(key, question["chance"], path)


READERS: dict[str, Callable[[Path], Iterator[Stated]]] = {
    "forecast.json": _of_report,
    "pairs.json": _of_pairs,
    "explain.json": _of_explanation,
    "change.json": _of_change,
    "scenario.json": _of_scenario,
    "ledger.jsonl": _of_ledger,
    "track_record.json": _of_track_record,
}
"""Files with published numbers, and what reads each."""


def _ahead(last: str, months: int) -> dict[str, str]:
    """Return the window of so many months after a day."""
    first = date.fromisoformat(last) + timedelta(days=1)
    return {"first": str(first), "until": str(month_end(add_months(first, months - 1)))}


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")))


def _require_title(path: Path, title: str) -> None:
    """Make sure that the page next to a file opens as the file states.

    It opens with the title or finding that the file has.
    """
    page = path.with_name("index.html")
    opening = re.search(
        "<header>(.*?)</header>", page.read_text("utf-8") if page.exists() else "", re.DOTALL
    )
    shown = " ".join(html.unescape(re.sub("<[^>]*>", "", opening[1])).split()) if opening else ""
    if " ".join(title.split()) not in shown:
        raise SystemExit(
            f"{page}: its opening is {shown!r}, and {path.name} states {title!r}; make the page "
            "again"
        )


def main(*folders: str) -> int:
    """Compare; return the exit code."""
    stated = [number for folder in folders or FOLDERS for number in numbers_in(Path(folder))]
    found = differences(stated)
    print("\n".join(found))
    keys = len({one.key for one in stated})
    print(
        f"{len(stated):,} published numbers of {keys:,} questions and days: {len(found):,} "
        "differences"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
