"""Level implied by each dataset, disagreement of datasets, and their weight in the present level.

No model is refitted. The data of each dataset are compared with those that the joint level implies
for it. Disagreement and the level without a dataset's last two years follow from a Gaussian
approximation at the posterior mean. A year disagrees if it is far from the prediction by the other
datasets and the dataset's other years.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import xarray as xr
from scipy.special import ndtri

from forecast.base.numeric import share
from forecast.base.typing import Bool, Float
from forecast.base.wording import join, source_words
from forecast.model.posterior import flat
from forecast.outlook.dataset_algebra import GaussianAlgebra, NormalLevel
from forecast.outlook.dataset_reading import DatasetReading
from forecast.outlook.draws import TAILS, FitLike, index_of_dyad, stream
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, DatasetRecord, main_dataset
from forecast.outlook.summary import Estimate, estimate, sentence

# Posterior draws, evenly spaced, under which event data are simulated: enough for a 90% interval
DRAWS = 400
# Smallest parameter of a beta distribution: rounding may leave zero, which cannot be drawn from
MIN_BETA = 1e-9
# Standard deviations beyond which a year counts as a disagreement: one year in twenty by chance
DISAGREEMENT_SD = 2.0


@dataclass(frozen=True)
class DatasetYear:
    """A calendar year of a dataset."""

    year: int  # Calendar year
    events: int  # Number of events
    share: float  # Cooperative share, per cent
    expected: float  # Median share of simulations at the joint level, per cent
    low: float  # Lower end of their 90% interval
    high: float  # Upper end
    # Distance from the prediction by the other datasets and the dataset's own other years, in
    # standard deviations; None if no other dataset has events in the year, or it is over thirty
    # years back
    residual: float | None


@dataclass(frozen=True)
class DatasetOutlook:
    """Level implied by one dataset."""

    name: str  # Name of the dataset
    main: bool  # Whether the outlook is about this dataset
    first: date  # First covered day
    last: date  # Last covered day
    events: int  # Number of events
    # Points by which its share exceeds that of the first dataset in its last covered period; None
    # for the first dataset
    offset: Estimate | None
    drift: Estimate | None  # Part of the offset that arose since its first covered period, points
    # Number of independent events that a very busy month amounts to; None without overdispersion
    concentration: Estimate | None
    years: tuple[DatasetYear, ...]  # Years with at least three events
    disagrees: tuple[int, ...]  # Years with a residual beyond two standard deviations
    without: Estimate  # Present level, per cent, without its last two years (Gaussian algebra)
    with_all: Estimate  # Present level, per cent, from all data (Gaussian algebra)
    # Per cent by which the standard deviation of the present level, in log-odds, grows without its
    # last two years
    worth: float
    sentence: str  # Offset and drift in words


def dataset_outlooks(fit: FitLike, dyad: str, *, seed: int = 1) -> tuple[DatasetOutlook, ...]:
    """Compute the level of a dyad by dataset; empty if fewer than two datasets cover it."""
    dyad_index = index_of_dyad(fit.panel, dyad)
    panel = fit.panel
    if panel.sizes.get("dataset", 1) < 2 or "dataset_drift" not in fit.posterior:
        return ()
    draws = _thinned(fit.posterior).isel(dyad=dyad_index)
    records = [DatasetRecord.of(panel, dyad, number) for number in range(panel.sizes["dataset"])]
    readings = [
        DatasetReading.of(panel, draws, dyad_index, record)
        for record in records
        if record.covered.any()
    ]
    if len(readings) < 2:
        return ()
    level = flat(draws["level"])
    noise = flat(draws["tau"]) if "tau" in draws else np.zeros(len(level))
    algebra = GaussianAlgebra.of(
        fit.spec,
        draws,
        panel["era_index"].isel(dyad=dyad_index).to_numpy(),
        level.mean(axis=0),
        float((noise**2).mean()),
        readings,
    )
    residuals = algebra.residuals()
    with_all = algebra.present_level()
    main = main_dataset(panel, dyad)
    outlooks = []
    for reading in readings:
        number = reading.record.number
        rng = stream(seed, dyad, f"dataset {number}")
        shares = _simulated_shares(reading, level, noise, rng)
        years = tuple(
            _year(reading, year, simulated, residuals[number].get(year))
            for year, simulated in shares.items()
        )
        without = algebra.present_level(without_recent=number)
        outlooks.append(
            _outlook(fit, dyad_index, reading, years, without, with_all, main == number)
        )
    return tuple(outlooks)


def datasets_finding(outlooks: Sequence[DatasetOutlook]) -> str:
    """Return in words which dataset decides the present level, and where they disagree."""
    decisive = max(outlooks, key=lambda outlook: outlook.worth)
    disagreements = [
        f"{source_words(outlook.name)} in {join([str(year) for year in outlook.disagrees])}"
        for outlook in outlooks
        if outlook.disagrees
    ]
    return sentence("datasets", decisive, disagreements)


def _thinned(posterior: xr.Dataset) -> xr.Dataset:
    """Return about `DRAWS` draws, evenly spaced within each chain."""
    draws_per_chain = max(DRAWS // posterior.sizes["chain"], 1)
    spaced = np.linspace(0, posterior.sizes["draw"] - 1, draws_per_chain).astype(int)
    return posterior.isel(draw=np.unique(spaced))


def _outlook(
    fit: FitLike,
    dyad_index: int,
    reading: DatasetReading,
    years: tuple[DatasetYear, ...],
    without: NormalLevel,
    with_all: NormalLevel,
    main: bool,
) -> DatasetOutlook:
    """Return the outlook by one dataset, with the present level without and with it."""
    record = reading.record
    first, last = reading.ends
    size = (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"])
    offset, drift = reading.offset_and_drift(fit, dyad_index)
    disagrees = tuple(
        year.year
        for year in years
        if year.residual is not None and abs(year.residual) > DISAGREEMENT_SD
    )
    return DatasetOutlook(
        name=record.dataset,
        main=main,
        first=record.clock.times[first].item(),
        last=record.clock.end_of(record.clock.times[last].item()),
        events=int(record.total[record.covered].sum()),
        offset=offset,
        drift=drift,
        concentration=_concentration(fit, record.number),
        years=years,
        disagrees=disagrees,
        without=_as_estimate(
            without, "present level without the last two years of the dataset", size
        ),
        with_all=_as_estimate(with_all, "present level", size),
        worth=100.0 * (without.sd / with_all.sd - 1.0),
        sentence=sentence("reading", record.dataset, offset, drift),
    )


def _concentration(fit: FitLike, number: int) -> Estimate | None:
    """Return the number of independent events that a very busy month amounts to.

    None without overdispersion.
    """
    if "concentration" not in fit.posterior:
        return None
    of_dataset = fit.posterior["concentration"].isel(dataset=number).transpose("chain", "draw")
    words = "independent events that a very busy month is worth"
    return estimate(of_dataset.to_numpy() + 1.0, "events", words)


def _as_estimate(level: NormalLevel, words: str, size: tuple[int, int]) -> Estimate:
    """Summarise a normal level as a share, percent.

    In place of draws, `size` (chain, draw) of them, its evenly spaced quantiles are summarised.
    """
    number = size[0] * size[1]
    quantiles = level.mean + level.sd * ndtri((np.arange(number) + 0.5) / number)
    return estimate(share(quantiles).reshape(size), "per cent", f"{words}, by Gaussian algebra")


def _simulated_shares(
    reading: DatasetReading, level: Float, noise: Float, rng: np.random.Generator
) -> dict[int, Float]:
    """Return shares of records simulated at the joint level, per cent, (draw,), by year.

    `level` is (draw, time), and `noise`, the standard deviation of the month-specific noise,
    (draw,), both in log-odds. Years with too few events for a share are left out.
    """
    record = reading.record
    log_odds = level + reading.offset + noise[:, None] * rng.standard_normal(level.shape)
    chance = share(log_odds) / 100.0
    if reading.concentration is not None:
        concentration = reading.concentration[:, None]
        chance = rng.beta(
            np.maximum(concentration * chance, MIN_BETA),
            np.maximum(concentration * (1 - chance), MIN_BETA),
        )
    cooperative = rng.binomial(record.total, chance)
    shares = {}
    for year in np.unique(record.clock.years[record.covered]).tolist():
        in_year = _covered_in(record, year)
        events = int(record.total[in_year].sum())
        if events >= MIN_WINDOW_EVENTS:
            shares[year] = 100.0 * cooperative[:, in_year].sum(axis=1) / events
    return shares


def _year(
    reading: DatasetReading, year: int, simulated: Float, residual: float | None
) -> DatasetYear:
    """Compare the share of a year with the simulated ones, (draw,)."""
    record = reading.record
    in_year = _covered_in(record, year)
    events = int(record.total[in_year].sum())
    low, median, high = np.quantile(simulated, TAILS)
    return DatasetYear(
        year=year,
        events=events,
        share=float(100.0 * record.cooperative[in_year].sum() / events),
        expected=float(median),
        low=float(low),
        high=float(high),
        residual=residual,
    )


def _covered_in(record: DatasetRecord, year: int) -> Bool:
    """Mark the covered periods of a calendar year, (time,)."""
    return np.asarray(record.covered & (record.clock.years == year))
