"""Fit the hazards of sets of events to the chronology.

This writes forecast/outlook/hazards/coefficients.npz.

    python scripts/fit_hazards.py            about ten minutes on one core

Run it again when the data, the sets or the covariates have changed; then scripts/hazards_skill.py.
"""

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd

from forecast.data.events import read_chronology
from forecast.data.events.even_coverage import read_coverage
from forecast.data.events.sets import read_sets
from forecast.outlook.hazards.coefficients import FILE
from forecast.outlook.hazards.landmarks import Landmarks
from forecast.outlook.hazards.memories import PairRecord, day_number
from forecast.outlook.hazards.yearly_fits import fit_coefficients

FIRST_FIT = 2015  # years before are for choices alone


def pairs_of(events: pd.DataFrame) -> tuple[list[PairRecord], list[int]]:
    """Return the records of all covered pairs, and the day after each one's coverage."""
    covered = read_coverage().set_index("dyad")
    pairs = [
        PairRecord.of(str(dyad), row.start.date(), events[events["dyad"] == dyad])
        for dyad, row in covered.iterrows()
    ]
    return pairs, [day_number(last.date()) + 1 for last in covered["last_even"]]


def digest_of(events: pd.DataFrame) -> str:
    """Return the SHA-256 of the events that are fitted."""
    text = events[["date", "source", "target", "cameo", "event_id"]].to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    """Fit as of every year and to all data."""
    events = read_chronology().events
    pairs, ends = pairs_of(events)
    landmarks = {name: Landmarks.of(pairs, ends, wanted) for name, wanted in read_sets().items()}
    latest = max(read_coverage()["last_even"]).date()
    days = [*(date(year - 1, 12, 31) for year in range(FIRST_FIT, latest.year + 1)), latest]
    coefficients = fit_coefficients(
        landmarks, pairs, days, digest_of(events), progress=lambda words: print(words, flush=True)
    )
    coefficients.write(FILE)
    print(
        f"{FILE.relative_to(Path.cwd())}: {len(coefficients.sets) - 1} sets, {len(days)} fits, "
        f"data to {latest}"
    )


if __name__ == "__main__":
    main()
