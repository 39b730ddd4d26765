"""Coefficients of the hazards: what was fitted to all pairs, by the day up to which it knows the data.

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
from forecast.outlook.hazards.curve import Curve, curve_of, summed
from forecast.outlook.hazards.fit import FEWEST_EVENTS, Landmarks, Scaling, fit_hazards, fit_rates
from forecast.outlook.hazards.memories import (
    COVARIATES,
    LEADS,
    Covariates,
    PairRecord,
    day_number,
    day_of_number,
)
from forecast.outlook.hazards.wars import LONGEST_PAUSE, WarLengths, published_lengths, wars_of

SCHEMA = 1
FILE = Path(__file__).with_name("coefficients.npz")
HIGHEST_HAZARD = 20.0  # events per day; far beyond what any record has
COUNTED_LEADS = (2, 3, 5)  # places of 30, 90 and 365 days, whose counts give the shape
SHAPES = (0.15, 0.25, 0.4, 0.6, 0.9, 1.4, 2.2, 3.5, 6.0)
_OF_ALL = ""


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

    def place(self, as_of: date) -> tuple[int, bool]:
        """Return the latest fit that knows nothing after a day, and whether there is one.

        Else the first.
        """
        known = [place for place, day in enumerate(self.days) if day <= as_of]
        return (known[-1], True) if known else (0, False)

    def set_place(self, name: str) -> int:
        """Return the place of a set; of one without coefficients that of all sets."""
        return self.sets.index(name) if name in self.sets else 0

    def curve(self, found: Covariates, name: str, fit: int, *, draws: bool = False) -> Curve:
        """Return the curve of a pair and set on its only day of forecast.

        With `draws` one for each draw.
        """
        own = self.set_place(name)
        values = self.mean[fit, own] + (self.draws[:, own] if draws else 0.0)
        hazard = self.hazards(found, values, fit)
        return curve_of(
            hazard[..., 0],
            found.held[:, 0],
            found.exposure[:, 0],
            self.added[fit, own],
            self.shape[fit, own],
        )

    def curves(self, found: Covariates, name: str, fit: int) -> Curve:
        """Return the curves of a pair and set on all its days of forecast, by one of the fits."""
        own = self.set_place(name)
        hazard = self.hazards(found, self.mean[fit, own], fit)
        return curve_of(
            hazard.T, found.held.T, found.exposure.T, self.added[fit, own], self.shape[fit, own]
        )

    def hazards(self, found: Covariates, values: Float, fit: int) -> Float:
        """Return events per day, (..., lead, day).

        `values` has the coefficients, (..., lead, coefficient).
        """
        size = len(COVARIATES)
        effect = values[..., size]
        if found.pair.dyad in self.dyads:
            effect = effect + values[..., size + 1 + self.dyads.index(found.pair.dyad)]
        scaling = Scaling(self.middle[fit], self.spread[fit])
        leads = [
            scaling.apply(found.at_lead(first, end)) @ values[..., lead, :size, None]
            for lead, (first, end) in enumerate(pairwise(LEADS))
        ]
        log = np.stack([one[..., 0] for one in leads], axis=-2) + effect[..., None] + found.base
        return np.exp(np.minimum(log, np.log(HIGHEST_HAZARD)))

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


_SINGLE = ("middle", "spread", "added", "shape", "overall", "wars")


@functools.cache
def read_coefficients(path: Path = FILE) -> Coefficients:
    """Read the coefficients; by default those of the package."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found: dict[str, Any] = dict(file)
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
    } <= found.keys()
    if (
        not stored
        or int(found.get("schema", 0)) != SCHEMA
        or tuple(found["covariates"]) != COVARIATES
    ):
        raise DataError(f"{path}: coefficients of another version; run scripts/fit_hazards.py")
    return Coefficients(
        sets=tuple(map(str, found["sets"])),
        dyads=tuple(map(str, found["dyads"])),
        days=tuple(day_of_number(day) for day in found["days"]),
        digest=str(found["digest"]),
        **{name: found[name].astype(np.float64) for name in ("mean", "draws", *_SINGLE)},
    )


def fit_coefficients(
    found: Mapping[str, Landmarks],
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
    enough = {name: one for name, one in found.items() if one.counts[-1].sum() >= FEWEST_EVENTS}
    names = (_OF_ALL, *enough)
    made: list[tuple[Scaling, Float, Float, Float, Float]] = []
    drawn = np.zeros((1, len(names), len(LEADS) - 1, 1))
    for place, day in enumerate(days):
        progress(f"fit as of {day}")
        last = place == len(days) - 1
        before = day_number(day) + 1
        scaling, fitted = fit_hazards(enough, len(pairs), before, draws=draws and last)
        mean = np.array([[lead.mean for lead in fitted[name]] for name in names])
        rates = fit_rates(enough, before)
        sizes = {name: _shape(one, rates[name], before) for name, one in enough.items()}
        sizes = {_OF_ALL: float(np.median(list(sizes.values()))), **sizes}
        rate = {name: float(one.rates[-1][one.at < before].mean()) for name, one in enough.items()}
        rate = {_OF_ALL: float(np.median(list(rate.values()))), **rate}
        added = np.array([rates[name] for name in names])
        shape, overall = (np.array([values[name] for name in names]) for values in (sizes, rate))
        made.append((scaling, mean, added, shape, overall))
        if draws and last:
            each = np.array([[lead.draws for lead in fitted[name]] for name in names])
            drawn = np.moveaxis(each, 2, 0) - mean
    scalings, means, every_added, shapes, every_overall = zip(*made, strict=True)
    return Coefficients(
        sets=names,
        dyads=tuple(pair.dyad for pair in pairs),
        days=tuple(days),
        mean=np.array(means),
        draws=drawn,
        middle=np.array([one.middle for one in scalings]),
        spread=np.array([one.spread for one in scalings]),
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
    ended = [war.length for war in every if now - war.last > LONGEST_PAUSE]
    lengths = WarLengths.of(ended, published_lengths(day))
    return lengths.middle, lengths.spread


def _shape(found: Landmarks, added: Float, before: int) -> float:
    """Return the shape under which the numbers of events that did occur are likeliest."""
    mean, number = [], []
    for lead in COUNTED_LEADS:
        days = float(LEADS[lead + 1])
        whole: Bool = (found.at + days <= np.minimum(found.end, before)) & (found.counts[lead] > 0)
        daily = found.rates[:, whole].T @ added.T
        mean.append(np.maximum(summed(daily, np.array([days]))[:, 0], 1e-6))
        number.append(found.counts[lead, whole])
    fits = [
        _log_truncated(np.concatenate(number), np.concatenate(mean), shape).sum()
        for shape in SHAPES
    ]
    return SHAPES[int(np.argmax(fits))]


def _log_truncated(number: Float | Index, mean: Float, shape: float) -> Float:
    """Return the log-probability of numbers of events, given at least one, by a negative binomial distribution."""
    from scipy.special import gammaln

    ways = gammaln(number + shape) - gammaln(shape) - gammaln(number + 1)
    none = -shape * np.log1p(mean / shape)
    log = ways + none + number * np.log(mean / (mean + shape))
    return np.asarray(log - np.log(-np.expm1(none)))
