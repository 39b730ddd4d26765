"""Coefficients of the hazards, fitted to all pairs, by the day up to which they know the data.

``coefficients.npz`` is made by ``python scripts/fit_hazards.py``. It holds a fit as of the first of
January of every year since 2015 and one to all data, so that a forecast of the past uses none that
has seen what came after.
"""

import functools
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from forecast.base.errors import DataError
from forecast.base.files import write_bytes
from forecast.base.typing import Float
from forecast.outlook.hazards.curve import HazardCurve, curve_of
from forecast.outlook.hazards.landmarks import LEVEL, Scaling
from forecast.outlook.hazards.memories import (
    COVARIATES,
    LEADS,
    Covariates,
    day_number,
    day_of_number,
)

SCHEMA = 1
"""Version of the arrays of the file."""
FILE = Path(__file__).with_name("coefficients.npz")
"""Coefficients, written by scripts/fit_hazards.py."""
_SINGLE = ("middle", "spread", "added", "shape", "overall", "wars")
"""Names of the arrays of which there are no draws."""
_NAMES = {"covariates", "sets", "dyads", "days", "digest", "mean", "draws", *_SINGLE}
"""Names of all arrays of the file without its version."""
MAX_HAZARD = 20.0  # events per day; far beyond what any record has


@dataclass(frozen=True)
class Coefficients:
    """Fits of the hazards of all sets, as of several days."""

    sets: tuple[str, ...]  # Names; the first, empty, stands for all sets
    dyads: tuple[str, ...]
    days: tuple[date, ...]  # Day up to which each fit knows the data; the last one knows all
    mean: Float  # (fit, set, lead, coefficient)
    draws: Float  # Of the last fit, less its mean: (draw, set, lead, coefficient)
    middle: Float  # Mean of each covariate, (fit, covariate)
    spread: Float  # Standard deviation of each covariate, (fit, covariate)
    # To the expected number of events per day, by each memory's rate, (fit, set, lead, memory)
    added: Float
    shape: Float  # Of the gamma distribution of rates, (fit, set)
    overall: Float  # Events per day of all pairs, (fit, set)
    wars: Float  # Mean and standard deviation of the logarithm of lengths of wars, (fit, 2)
    digest: str  # SHA-256 of the events that were fitted

    def latest_fit(self, as_of: date) -> tuple[int, bool]:
        """Return the latest fit that knows nothing after a day, and whether there is one.

        Else the first.
        """
        fits = [fit for fit, day in enumerate(self.days) if day <= as_of]
        return (fits[-1], True) if fits else (0, False)

    def set_index(self, name: str) -> int:
        """Return the place of a set; of one without coefficients that of all sets."""
        return self.sets.index(name) if name in self.sets else 0

    def curve(
        self, covariates: Covariates, name: str, fit: int, *, draws: bool = False
    ) -> HazardCurve:
        """Return the curve of a pair and set on its only day of forecast.

        With `draws` one for each draw.
        """
        of_set = self.set_index(name)
        values = self.mean[fit, of_set] + (self.draws[:, of_set] if draws else 0.0)
        hazard = self.hazards(covariates, values, fit)
        return curve_of(
            hazard[..., 0],
            covariates.held[:, 0],
            covariates.exposure[:, 0],
            self.added[fit, of_set],
            self.shape[fit, of_set],
        )

    def curves(self, covariates: Covariates, name: str, fit: int) -> HazardCurve:
        """Return the curves of a pair and set on all its days of forecast, by one of the fits."""
        of_set = self.set_index(name)
        hazard = self.hazards(covariates, self.mean[fit, of_set], fit)
        return curve_of(
            hazard.T,
            covariates.held.T,
            covariates.exposure.T,
            self.added[fit, of_set],
            self.shape[fit, of_set],
        )

    def hazards(self, covariates: Covariates, values: Float, fit: int) -> Float:
        """Return events per day, (..., lead, day).

        `values` has the coefficients, (..., lead, coefficient).
        """
        level = values[..., LEVEL]
        dyad = covariates.pair.dyad
        if dyad in self.dyads:
            level = level + values[..., LEVEL + 1 + self.dyads.index(dyad)]
        scaling = Scaling(self.middle[fit], self.spread[fit])
        effects = [
            scaling.apply(covariates.at_lead(first, end)) @ values[..., lead, :LEVEL, None]
            for lead, (first, end) in enumerate(pairwise(LEADS))
        ]
        effect = np.stack([of_lead[..., 0] for of_lead in effects], axis=-2)
        log_hazard = effect + level[..., None] + covariates.base
        return np.exp(np.minimum(log_hazard, np.log(MAX_HAZARD)))

    def write(self, path: Path) -> None:
        """Write the coefficients, rounded to three digits."""
        import io

        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            schema=np.array(SCHEMA),
            sets=np.array(self.sets),
            dyads=np.array(self.dyads),
            covariates=np.array(COVARIATES),
            days=np.array([day_number(day) for day in self.days]),
            mean=self.mean.astype(np.float16),
            draws=self.draws.astype(np.float16),
            digest=np.array(self.digest),
            **{name: getattr(self, name).astype(np.float32) for name in _SINGLE},
        )
        write_bytes(path, buffer.getvalue())


@functools.cache
def read_coefficients(path: Path = FILE) -> Coefficients:
    """Read the coefficients; by default those of the package."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = dict(file)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: no coefficients can be read ({error}); run scripts/fit_hazards.py"
        ) from error
    if (
        not arrays.keys() >= _NAMES
        or int(arrays.get("schema", 0)) != SCHEMA
        or tuple(arrays["covariates"]) != COVARIATES
    ):
        raise DataError(f"{path}: coefficients of another version; run scripts/fit_hazards.py")
    return Coefficients(
        sets=tuple(map(str, arrays["sets"])),
        dyads=tuple(map(str, arrays["dyads"])),
        days=tuple(day_of_number(day) for day in arrays["days"]),
        digest=str(arrays["digest"]),
        **{name: arrays[name].astype(np.float64) for name in ("mean", "draws", *_SINGLE)},
    )
