"""Coefficients of the hazards, fitted to all pairs, by the day up to which they know the data.

``coefficients.npz`` is made by ``python scripts/fit_hazards.py``. It holds a fit as of the first of
January of every year since 2015 and one to all data, so that a forecast of the past uses none that
has seen what came after.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from forecast.base.errors import DataError
from forecast.base.files import write_bytes
from forecast.base.typing import Bool, Float, Index
from forecast.outlook.hazards.curve import HazardCurve, curve_of, summed
from forecast.outlook.hazards.fit import MIN_SET_EVENTS, Landmarks, Scaling, fit_hazards, fit_rates
from forecast.outlook.hazards.memories import (
    COVARIATES,
    LEADS,
    Covariates,
    PairRecord,
    day_number,
    day_of_number,
)
from forecast.outlook.hazards.wars import MAX_PAUSE_IN_A_WAR, WarLengths, published_lengths, wars_of

SCHEMA = 1
"""Version of the arrays of the file."""
FILE = Path(__file__).with_name("coefficients.npz")
"""Coefficients, written by scripts/fit_hazards.py."""
_OF_ALL = ""
"""Name under which the coefficients of all sets stand."""
_SINGLE = ("middle", "spread", "added", "shape", "overall", "wars")
"""Names of the arrays of which there are no draws."""


MAX_HAZARD = 20.0  # events per day; far beyond what any record has
COUNTED_LEADS = (2, 3, 5)  # places of 30, 90 and 365 days, whose counts give the shape
SHAPES = (0.15, 0.25, 0.4, 0.6, 0.9, 1.4, 2.2, 3.5, 6.0)


@dataclass(frozen=True)
class Coefficients:
    """Fits of the hazards of all sets, as of several days."""

    sets: tuple[str, ...]  # Names; the first, empty, stands for all sets
    dyads: tuple[str, ...]
    days: tuple[date, ...]  # Day up to which each fit knows the data; the last one knows all
    mean: Float  # (fit, set, lead, coefficient)
    draws: Float  # Of the last fit, less its mean: (draw, set, lead, coefficient)
    middle: Float  # Scaling of the covariates, (fit, covariate)
    spread: Float
    # To the expected number of events per day, by each memory's rate, (fit, set, lead, memory)
    added: Float
    shape: Float  # (fit, set)
    overall: Float  # Events per day of all pairs, (fit, set)
    wars: Float  # Middle and spread of the logarithm of lengths of wars, (fit, 2)
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
        size = len(COVARIATES)
        effect = values[..., size]
        if covariates.pair.dyad in self.dyads:
            effect = effect + values[..., size + 1 + self.dyads.index(covariates.pair.dyad)]
        scaling = Scaling(self.middle[fit], self.spread[fit])
        leads = [
            scaling.apply(covariates.at_lead(first, end)) @ values[..., lead, :size, None]
            for lead, (first, end) in enumerate(pairwise(LEADS))
        ]
        log = (
            np.stack([log_hazard[..., 0] for log_hazard in leads], axis=-2)
            + effect[..., None]
            + covariates.base
        )
        return np.exp(np.minimum(log, np.log(MAX_HAZARD)))

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
    stored = {
        "covariates",
        "sets",
        "dyads",
        "days",
        "digest",
        "mean",
        "draws",
        *_SINGLE,
    } <= arrays.keys()
    if (
        not stored
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


def fit_coefficients(
    by_set: Mapping[str, Landmarks],
    pairs: Sequence[PairRecord],
    days: Sequence[date],
    digest: str,
    *,
    draws: bool = True,
    progress: Callable[[str], None] = lambda words: None,
) -> Coefficients:
    """Fit the hazards as of several days, in order.

    Only sets with enough events at the last have their own.
    """
    enough = {
        name: landmarks
        for name, landmarks in by_set.items()
        if landmarks.counts[-1].sum() >= MIN_SET_EVENTS
    }
    names = (_OF_ALL, *enough)
    by_day: list[tuple[Scaling, Float, Float, Float, Float]] = []
    drawn = np.zeros((1, len(names), len(LEADS) - 1, 1))
    for number, day in enumerate(days):
        progress(f"fit as of {day}")
        last = number == len(days) - 1
        before = day_number(day) + 1
        scaling, fitted = fit_hazards(enough, len(pairs), before, draws=draws and last)
        mean = np.array([[lead.mean for lead in fitted[name]] for name in names])
        rates = fit_rates(enough, before)
        sizes = {name: _shape(landmarks, rates[name], before) for name, landmarks in enough.items()}
        sizes = {_OF_ALL: float(np.median(list(sizes.values()))), **sizes}
        rate = {
            name: float(landmarks.rates[-1][landmarks.days < before].mean())
            for name, landmarks in enough.items()
        }
        rate = {_OF_ALL: float(np.median(list(rate.values()))), **rate}
        added = np.array([rates[name] for name in names])
        shape, overall = (np.array([values[name] for name in names]) for values in (sizes, rate))
        by_day.append((scaling, mean, added, shape, overall))
        if draws and last:
            each = np.array([[lead.draws for lead in fitted[name]] for name in names])
            drawn = np.moveaxis(each, 2, 0) - mean
    scalings, means, every_added, shapes, every_overall = zip(*by_day, strict=True)
    return Coefficients(
        sets=names,
        dyads=tuple(pair.dyad for pair in pairs),
        days=tuple(days),
        mean=np.array(means),
        draws=drawn,
        middle=np.array([scaling.middle for scaling in scalings]),
        spread=np.array([scaling.spread for scaling in scalings]),
        added=np.array(every_added),
        shape=np.array(shapes),
        overall=np.array(every_overall),
        wars=np.array([_war_lengths(pairs, day) for day in days]),
        digest=digest,
    )


def _war_lengths(pairs: Sequence[PairRecord], day: date) -> tuple[float, float]:
    """Return the parameters of the lengths of wars, of those that had ended by a day."""
    now = day_number(day) + 1
    every = [war for pair in pairs for war in wars_of(pair.context["violence"], now)]
    ended = [war.length for war in every if now - war.last > MAX_PAUSE_IN_A_WAR]
    lengths = WarLengths.of(ended, published_lengths(day))
    return lengths.middle, lengths.spread


def _shape(landmarks: Landmarks, added: Float, before: int) -> float:
    """Return the shape under which the numbers of events that did occur are likeliest."""
    mean = []
    number = []
    for lead in COUNTED_LEADS:
        days = float(LEADS[lead + 1])
        whole: Bool = (landmarks.days + days <= np.minimum(landmarks.end, before)) & (
            landmarks.counts[lead] > 0
        )
        daily = landmarks.rates[:, whole].T @ added.T
        mean.append(np.maximum(summed(daily, np.array([days]))[:, 0], 1e-6))
        number.append(landmarks.counts[lead, whole])
    fits = [
        _log_truncated(np.concatenate(number), np.concatenate(mean), shape).sum()
        for shape in SHAPES
    ]
    return SHAPES[int(np.argmax(fits))]


def _log_truncated(number: Float | Index, mean: Float, shape: float) -> Float:
    """Return the log-probability of numbers of events, given at least one.

    The distribution is negative binomial.
    """
    from scipy.special import gammaln

    combinations = gammaln(number + shape) - gammaln(shape) - gammaln(number + 1)
    none = -shape * np.log1p(mean / shape)
    log = combinations + none + number * np.log(mean / (mean + shape))
    return np.asarray(log - np.log(-np.expm1(none)))
