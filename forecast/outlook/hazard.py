"""How often strategic frameworks end: a Gamma posterior from the eras seen.

Frameworks are taken to end at a constant rate, the same for all dyads of the panel: a dyad alone sees only
two to seven eras, too few to say anything about its own rate. With breaks counted over months of exposure a
Gamma prior gives a Gamma posterior. The prior, Gamma(1, 240 months), weighs as much as twenty years of one
dyad and expects one new framework in them; with six dyads since 1945 the data outweigh it twenty to one.
Breaks that come to several dyads at once (1989-91) are counted as if they were separate, so the posterior is
somewhat too narrow.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from forecast.clock import Clock
from forecast.typing import Float

PRIOR_BREAKS = 1.0
PRIOR_MONTHS = 240.0


@dataclass(frozen=True)
class StructuralHazard:
    """Gamma posterior of the rate, a month, at which new frameworks come.

    Attributes
    ----------
    breaks : int
        New frameworks seen, over all dyads of the panel.
    exposure : float
        Months over which they could be seen.
    """

    breaks: int
    exposure: float

    @property
    def shape(self) -> float:
        """Shape of the Gamma posterior."""
        return PRIOR_BREAKS + self.breaks

    @property
    def rate(self) -> float:
        """Rate of the Gamma posterior, months."""
        return PRIOR_MONTHS + self.exposure

    def draws(self, size: tuple[int, int], seed: int) -> Float:
        """Draw the rate a month, (chain, draw): the same for every dyad of one seed."""
        rng = np.random.default_rng(np.random.SeedSequence(seed))
        return rng.gamma(self.shape, 1 / self.rate, size)


def structural_hazard(panel: xr.Dataset) -> StructuralHazard:
    """Count the new frameworks of a panel and the months over which they could be seen.

    A dyad is observed from the start of its first era, or of the panel if that is later, to the panel's end.

    Examples
    --------
    With 22 breaks over 5 000 dyad-months the posterior mean is 23 / 5240 a month, one in 19 years:

    >>> from forecast.outlook import StructuralHazard
    >>> hazard = StructuralHazard(breaks=22, exposure=5000.0)
    >>> round(hazard.rate / hazard.shape / 12)
    19
    """
    index = panel["era_index"].transpose("dyad", "time").to_numpy()
    starts = panel["era_start"].to_numpy().astype("datetime64[D]")[index[:, 0]]
    periods = Clock.of(panel)
    seen = (periods.times >= starts[:, None].astype("datetime64[M]")).sum()
    return StructuralHazard(int((np.diff(index, axis=1) != 0).sum()), float(seen) / periods.per_month)
