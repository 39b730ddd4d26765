"""A year of an archive, day by day, with kills, corrections and repeats.

Prints what was seen as JSON.

Run as ``python -m tests.archive.growing WORK DAYS``. On each day the files of that day are
imported; every third import is killed, some of them several times, before it is run again. What the
archive says as of a day is noted on that day. At the end it says the same of every day, as does an
archive that takes all files at once, in another order.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from forecast.base.errors import DataError
from forecast.data.archive import import_files, read_archive
from forecast.data.events.codebook import read_codes, state_names
from forecast.data.feeds import FeedSettings
from tests.archive.killing import child, ended_well
from tests.feeds.made import ICEWS_HEADER, gdelt_row, icews_row, written, zipped

FIRST = date(2018, 1, 1)
STATES = {"USA": "United States", "CHN": "China", "JPN": "Japan", "RUS": "Russian Federation"}
CODES = ("010", "042", "046", "057", "111", "112", "138", "173", "190")
SETTINGS = FeedSettings(sectors="all", one_a_day=False, list_filtered=True)


class Feeds:
    """Two feeds as they are published, day by day.

    What was published before is corrected and repeated.
    """

    def __init__(self, folder, seed=1):
        self.folder, self.rng = folder, random.Random(seed)
        self.icews, self.gdelt, self.number = {}, [], 0
        folder.mkdir()

    def publish(self, day):
        """Write the files of a day, and return their paths."""
        rng, stamp = self.rng, f"{day:%Y%m%d}"
        files = []
        if rng.random() > 0.03:  # else the day is missing
            files.append(
                written(self.folder / f"{stamp}-icews-events.tab", self._release(day), ICEWS_HEADER)
            )
        if day.day == 17 and day.month % 2 == 0:
            rows = [self._icews(number, *own) for number, own in self._corrected(day).items()]
            files.append(
                written(self.folder / f"events.{day.year}.{stamp}084805.tab", rows, ICEWS_HEADER)
            )
        if rng.random() > 0.03:
            name = f"{stamp}.export.CSV"
            rows = self._added(stamp, day)
            whole = rng.random() < 0.5
            files.append(
                written(self.folder / name, rows)
                if whole
                else zipped(self.folder / f"{name}.zip", {name: "\n".join([*rows, ""])})
            )
        if (
            files and rng.random() < 0.1 and files[-1].suffix != ".zip"
        ):  # inside a zip archive the name is the same
            again = (
                self.folder / f"again-{stamp}{files[-1].suffix}"
            )  # a file once more, under a name that says nothing
            files.append(Path(shutil.copyfile(files[-1], again)))
        return files

    def _pair(self):
        return self.rng.sample(sorted(STATES), 2)

    def _icews(self, number, day, source, target, code):
        return icews_row(number, day, STATES[source], STATES[target], code)

    def _release(self, day):
        rng, rows = self.rng, []
        for _ in range(rng.randint(1, 4)):
            self.number += 1
            own = (
                str(day - timedelta(days=rng.choice((0, 0, 1, 6)))),
                *self._pair(),
                rng.choice(CODES),
            )
            self.icews[self.number] = own
            rows.append(self._icews(self.number, *own))
        for number in rng.sample(sorted(self.icews)[-40:], min(2, len(self.icews))):
            stated, source, target, code = self.icews[number]
            code = rng.choice((code, rng.choice(CODES)))  # repeated, or corrected
            self.icews[number] = (stated, source, target, code)
            rows.append(self._icews(number, stated, source, target, code))
        return [*rows, "broken\trow"] if rng.random() < 0.1 else rows

    def _corrected(self, day):
        """Return the events of an edition: some are gone, and some are others."""
        own = {number: one for number, one in self.icews.items() if one[0] >= f"{day.year}-01-01"}
        for number in self.rng.sample(sorted(own), len(own) // 10):
            del own[number]
        for number in self.rng.sample(sorted(own), len(own) // 10):
            own[number] = (*own[number][:3], self.rng.choice(CODES))
        return own

    def _added(self, stamp, day):
        rng, rows = self.rng, []
        for _ in range(rng.randint(1, 4)):
            self.number += 1
            past = day - timedelta(days=rng.choice((0, 0, 1, 30, 365)))
            self.gdelt.append((self.number, f"{past:%Y%m%d}", *self._pair(), rng.choice(CODES)))
            rows.append(self.gdelt[-1])
        rows += [
            (*one[:4], rng.choice(CODES))
            for one in rng.sample(self.gdelt[-40:], min(2, len(self.gdelt)))
        ]
        return [gdelt_row(*one, added=stamp) for one in rows]


def says(archive, day):
    """Return what an archive says as of a day, as text."""
    try:
        table = read_archive(archive, as_of=day, settings=SETTINGS)
    except DataError as error:
        assert "No event is left" in str(error)
        return "nothing"
    accounts = [
        (one.feed, one.files, one.filtered_by, one.duplicates.to_csv()) for one in table.accounts
    ]
    for one in table.accounts:
        for file in one.files:
            assert file.rows == file.kept + file.rejected + file.filtered + file.duplicates
    return repr(
        (table.events.to_csv(), table.rejects.to_csv(), accounts, table.covered, table.files)
    )


def days_that_differ(archive, days, notes):
    """Return the days of which an archive does not say what was noted."""
    return [str(day) for day in days if says(archive, day) != (notes / str(day)).read_text("utf-8")]


def main(work, number):
    """Grow an archive for some days, and compare."""
    read_codes(), state_names()
    feeds, notes, archive, rng = (
        Feeds(work / "feeds"),
        work / "notes",
        work / "archive",
        random.Random(2),
    )
    notes.mkdir()
    days = [FIRST + timedelta(days=one) for one in range(number)]
    killed, takes, files = 0, 0.2, []

    def import_and_note(new, day):
        import_files(new, archive)
        (notes / str(day)).write_text(says(archive, day), "utf-8")

    for place, day in enumerate(days):
        new = feeds.publish(day)
        files += new
        if not new and not archive.exists():
            days = days[1:]
            continue
        for _ in range(rng.choice((1, 1, 2, 3)) if place % 3 == 0 and new else 0):
            victim = child(lambda new=new: import_files(new, archive))
            time.sleep(rng.uniform(0, 1.1) * takes)
            os.kill(victim, signal.SIGKILL)
            killed += not ended_well(victim)
        start = time.monotonic()
        assert ended_well(
            child(lambda new=new or files[-1:], day=day: import_and_note(new, day))
        ), day
        takes = 0.8 * takes + 0.2 * (time.monotonic() - start) / 2  # half of it is reading
    rng.shuffle(files)
    assert ended_well(child(lambda: import_files(files, work / "at-once")))
    differ = work / "differ.json"

    def compare():
        found = [
            days_that_differ(archive, days, notes),
            days_that_differ(work / "at-once", days[::9], notes),
        ]
        differ.write_text(json.dumps(found), "utf-8")

    assert ended_well(child(compare))
    grown, at_once = json.loads(differ.read_text("utf-8"))
    print(
        json.dumps(
            {
                "days": len(days),
                "files": len(files),
                "killed": killed,
                "grown": grown,
                "at once": at_once,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
