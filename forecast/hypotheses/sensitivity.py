"""Other choices of a test: other widths of priors, parts of the record, and windows ahead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from forecast.hypotheses.claims.claim import Ahead, Claim
from forecast.hypotheses.engine import Engine, Reading
from forecast.hypotheses.filter import likelihoods
from forecast.hypotheses.outcome import UNTESTED, Choice
from forecast.hypotheses.record import turned_back

WIDTHS = {"with priors half as wide": 0.5, "with priors twice as wide": 2.0}
WINDOWS = {"months 13 to 24": (12, 24), "months 25 to 60": (24, 60), "months 61 to 120": (60, 120)}
FIRST_ORIGIN = 180
"""Months of the record before the first window ahead."""
FEWEST = 4
"""Dyads of a record that can be split by how far they turned back."""


@dataclass(frozen=True)
class Parts:
    """Parts of the record of an engine, each with what it has computed."""

    engine: Engine

    @cached_property
    def engines(self) -> dict[str, Engine]:
        """Engines of each half of the record, and of the dyads that turned back least and most, by name."""
        return self._halves() | self._by_turning()

    def _halves(self) -> dict[str, Engine]:
        """Return engines of the record to its middle month with events, and from there."""
        record, end = self.engine.record, self.engine.record.events.shape[1]
        middle = int(np.median(np.repeat(np.arange(end), (record.events != 0).sum(axis=0))))
        return {
            name: replace(self.engine, record=record.between(*ends), brief=True, centres={}, kept={}, variants={})
            for name, ends in (
                (f"in the first half of the record (to {record.time[middle - 1]})", (0, middle)),
                (f"in the second half of the record (from {record.time[middle]})", (middle, end)),
            )
        }

    def _by_turning(self) -> dict[str, Engine]:
        size = len(self.engine.record.dyads)
        if size < FEWEST:
            return {}
        order = [int(at) for at in np.argsort(-turned_back(self.engine.record), kind="stable")]
        most, least = (tuple(sorted(part)) for part in (order[: size // 2], order[size // 2 :]))
        return {
            f"without the {len(most)} dyads that turned back most": replace(self.engine, only=least, brief=True),
            "with those dyads alone": replace(self.engine, only=most, brief=True),
        }

    def sensitivity(self, claim: Claim) -> dict[str, Any]:
        """Test a claim with other widths of priors (`priors`) and on `parts`, and score `windows` ahead."""
        priors = {name: _choice(claim, replace(self.engine, width=width, brief=True)) for name, width in WIDTHS.items()}
        parts = {name: _choice(claim, engine) for name, engine in self.engines.items()}
        ahead = {} if claim.ahead is None else windows(self.engine, claim.ahead)
        return {"priors": priors, "parts": parts, "windows": ahead}


def _choice(claim: Claim, engine: Engine) -> Choice:
    if claim.lacks(engine.record):
        return Choice(np.nan, np.nan, np.nan, UNTESTED)
    found = claim.test(engine)
    return Choice(found.log_bayes_factor, found.least, found.most, found.answer)


def windows(engine: Engine, ahead: Ahead) -> dict[str, tuple[float, float]]:
    """Score windows ahead with the months between left out: mean difference of log predictions, standard error.

    The claim's predictions are those of its readings, each as likely before the data.
    """
    claim, rival = ahead(engine)
    found: dict[str, tuple[float, float]] = {}
    for name, (first, last) in WINDOWS.items():
        start, stop = int(engine.record.first.min()), int(engine.record.stop.max())
        origins = range(start + FIRST_ORIGIN, stop - last, last)
        gains = np.array(
            [_gain(origin, first, last, claim) - _gain(origin, first, last, [rival]) for origin in origins]
        )
        if len(gains) > 1:
            found[name] = float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))
    return found


def _gain(origin: int, first: int, last: int, readings: Sequence[Reading]) -> float:
    """Return the log predictive density of a window, summed over dyads."""

    def total(ahead: bool) -> float:
        logs = []
        for reading in readings:
            month = np.arange(reading.record.events.shape[1])
            out = month >= origin
            if ahead:
                out &= (month < origin + first) | (month >= origin + last)
            record = reading.record.without_months(np.broadcast_to(out, reading.record.events.shape))
            logs.append(likelihoods(record.steps, reading.point)[..., 0].sum())
        return float(np.logaddexp.reduce(logs))

    return total(True) - total(False)
