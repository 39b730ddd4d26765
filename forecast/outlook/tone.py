"""Tone: the mean Goldstein score of a window's events, -10 to 10, from its two sides and the kinds within them.

The share takes a strike for a protest. The tone tells them apart: Goldstein gives violence -10, and a protest -5. How
many events of a window are of either side is what the forecasts of the share say. What the events of a side score on
average continues the dyad's mean of the last 1, 2, 5 or 10 years, equally likely, in which the mean of all dyads counts
as a few events. Windows scatter around it as those of all dyads have, and single events by the kinds of the side.
Other forms and the scores: docs/research/tone.md.

References
----------
Goldstein (1992), A conflict-cooperation scale for WEIS events data, doi:10.1177/0022002792036002007
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, overload

import numpy as np

from forecast.dates import periods_a_month
from forecast.outlook.kind_counts import MEMORIES
from forecast.outlook.summary import NotDefined
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

LOWEST, HIGHEST = -10.0, 10.0
"""Ends of the Goldstein scale."""
WORTH = 10.0
"""Events that the mean of all dyads is worth."""
SCATTER = 1.5
"""Standard deviation of a window's mean score of a side around what is remembered, points."""
WITHIN = 1.3
"""Standard deviation of the scores of one kind: the root of the mean square in the chronology is 1.27."""
SMALLEST_CHANGE = 0.5
"""Points of tone that count as a change."""
NO_SCORES = NotDefined("the data hold no Goldstein scores")


@overload
def tone_to_percent(tone: float) -> float: ...
@overload
def tone_to_percent(tone: Float) -> Float: ...
def tone_to_percent(tone: float | Float) -> float | Float:
    """Return a tone on a scale from 0 to 100."""
    return 100 * (tone - LOWEST) / (HIGHEST - LOWEST)


def percent_to_tone(percent: float) -> float:
    """Return the tone that such a number stands for."""
    return LOWEST + percent * (HIGHEST - LOWEST) / 100


@dataclass(frozen=True)
class SideScores:
    """Scores of a dyad's events of either side, hostile and cooperative, as they are remembered."""

    means: Float  # (side, memory)
    spread: Float  # Standard deviation of single events, (side,)

    @classmethod
    def of(cls, panel: "xr.Dataset", dyad: str, dataset: int = 0) -> "Self | NotDefined":
        """Read them from a panel of scored events."""
        if "goldstein" not in panel:
            return NO_SCORES
        sums, counts = (
            panel[name].isel(dataset=dataset).sum("direction").transpose("dyad", "time", "class").to_numpy()
            for name in ("goldstein", "counts")
        )
        place, cut = panel["dyad"].to_numpy().tolist().index(dyad), int(panel.attrs["zero_cut"])
        seen = panel["covered"].isel(dataset=dataset).sel(dyad=dyad).to_numpy()
        by_kind = counts.sum(axis=(0, 1)), sums.sum(axis=(0, 1))
        means, spread = [], []
        for side in (slice(0, cut), slice(cut, None)):
            number, total = (values[side] for values in by_kind)
            mean = total.sum() / max(number.sum(), 1)
            kinds = total / np.maximum(number, 1)
            variance = WITHIN**2 + number @ (kinds - mean) ** 2 / max(number.sum(), 1)
            own = [values[place, seen][:, side].sum(axis=1)[::-1] for values in (sums, counts)]
            recent = [round(months * periods_a_month(panel)) for months in MEMORIES]
            means.append([(own[0][:one].sum() + WORTH * mean) / (own[1][:one].sum() + WORTH) for one in recent])
            spread.append(np.sqrt(variance))
        return cls(np.array(means), np.array(spread))

    def simulate(self, total: Index, cooperative: Index, rng: np.random.Generator) -> Float:
        """Draw the sums of scores of periods, given their events and how many are cooperative, (..., period)."""
        size = total.shape[:-1]
        memory = rng.integers(self.means.shape[1], size=size)
        found = np.zeros(total.shape)
        for side, number in enumerate((total - cooperative, cooperative)):
            mean = self.means[side, memory] + SCATTER * rng.standard_normal(size)
            found += number * mean[..., None] + self.spread[side] * np.sqrt(number) * rng.standard_normal(total.shape)
        return np.clip(found, LOWEST * total, HIGHEST * total)
