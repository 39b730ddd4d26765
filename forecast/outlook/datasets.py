"""Level implied by each dataset, disagreement of datasets, and their weight in the present level.

No model is refitted. The data of each dataset are compared with those that the joint level implies
for it. Disagreement and the level without a dataset's last two years follow from a Gaussian
approximation at the posterior mean. A year disagrees if it is far from the prediction by the other
datasets and the dataset's other years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.linalg import block_diag
from scipy.special import ndtri

from forecast.base.numeric import share
from forecast.base.typing import Float, Index
from forecast.base.wording import join, source_words
from forecast.data.panel.relative_counts import relative_counts
from forecast.model.observation.readings import KNOT_YEARS, drift_between, knots
from forecast.model.posterior import flat
from forecast.model.process.component import Component, Motion
from forecast.model.process.cycle import find_cycle
from forecast.model.process.priors import Priors
from forecast.model.process.trend import find_trend
from forecast.outlook.draws import TAILS, FitLike, SpecLike, index_of_dyad, stream
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, DatasetRecord, main_dataset
from forecast.outlook.summary import Estimate, estimate, sentence

# Posterior draws, evenly spaced, under which event data are simulated: enough for a 90% interval
DRAWS = 400
# Years of the record that the algebra uses: earlier months hardly inform the present level, and
# the time to solve grows with the cube of the months
YEARS_BACK = 30
# Smallest variance of the present level, log-odds squared: rounding may leave a negative one
MIN_VARIANCE = 1e-12
# Smallest parameter of a beta distribution: rounding may leave zero, which cannot be drawn from
MIN_BETA = 1e-9
# Last months of a dataset that inform the present level; earlier months inform its offset
RECENT_MONTHS = 24
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


@dataclass(frozen=True)
class _DatasetReading:
    """Event data of a dataset and its deviation from the level of a dyad, by thinned draw."""

    record: DatasetRecord
    offset: Float  # Log-odds added to the level in each period, (draw, time)
    concentration: Float | None  # (draw,); None without overdispersion
    knot: Index  # Last knot of the drift up to each period, (time,)
    part: Float  # Part of the way from that knot to the next one, (time,)

    @property
    def ends(self) -> tuple[int, int]:
        """First and last covered period."""
        periods = np.flatnonzero(self.record.covered)
        return int(periods[0]), int(periods[-1])


class _NormalLevel(NamedTuple):
    """Normal distribution of the present level, log-odds."""

    mean: float
    sd: float


def dataset_outlooks(fit: FitLike, dyad: str, *, seed: int = 1) -> tuple[DatasetOutlook, ...]:
    """Compute the level of a dyad by dataset; empty if fewer than two datasets cover it."""
    dyad_index = index_of_dyad(fit.panel, dyad)
    panel = fit.panel
    if panel.sizes.get("dataset", 1) < 2 or "dataset_drift" not in fit.posterior:
        return ()
    draws = _thinned(fit.posterior).isel(dyad=dyad_index)
    records = [DatasetRecord.of(panel, dyad, number) for number in range(panel.sizes["dataset"])]
    readings = [
        _reading(panel, draws, dyad_index, record) for record in records if record.covered.any()
    ]
    if len(readings) < 2:
        return ()
    level = flat(draws["level"])
    noise = flat(draws["tau"]) if "tau" in draws else np.zeros(len(level))
    era = panel["era_index"].isel(dyad=dyad_index).to_numpy()
    algebra = _GaussianAlgebra.of(
        fit, draws, era, level.mean(axis=0), float((noise**2).mean()), readings
    )
    residuals = algebra.residuals()
    with_all = algebra.present_level()
    main = main_dataset(panel, dyad)
    outlooks = []
    for reading in readings:
        number = reading.record.number
        rng = stream(seed, dyad, f"dataset {number}")
        years = _years(reading, level, noise, residuals[number], rng)
        without = algebra.present_level(without_recent=number)
        outlooks.append(
            _outlook(fit, dyad_index, reading, years, without, with_all, main == number)
        )
    return tuple(outlooks)


def _thinned(posterior: xr.Dataset) -> xr.Dataset:
    """Return about `DRAWS` draws, evenly spaced within each chain."""
    draws_per_chain = max(DRAWS // posterior.sizes["chain"], 1)
    spaced = np.linspace(0, posterior.sizes["draw"] - 1, draws_per_chain).astype(int)
    return posterior.isel(draw=np.unique(spaced))


def _outlook(
    fit: FitLike,
    dyad_index: int,
    reading: _DatasetReading,
    years: tuple[DatasetYear, ...],
    without: _NormalLevel,
    with_all: _NormalLevel,
    main: bool,
) -> DatasetOutlook:
    """Return the outlook by one dataset, with the present level without and with it."""
    record = reading.record
    first, last = reading.ends
    size = (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"])
    offset, drift = _offset_and_drift(fit, dyad_index, reading)
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


def datasets_finding(outlooks: Sequence[DatasetOutlook]) -> str:
    """Return in words which dataset decides the present level, and where they disagree."""
    decisive = max(outlooks, key=lambda outlook: outlook.worth)
    disagreements = [
        f"{source_words(outlook.name)} in {join([str(year) for year in outlook.disagrees])}"
        for outlook in outlooks
        if outlook.disagrees
    ]
    return sentence("datasets", decisive, disagreements)


def _reading(
    panel: xr.Dataset, draws: xr.Dataset, dyad_index: int, record: DatasetRecord
) -> _DatasetReading:
    """Return the data of a dataset with its deviation from the level, by draw.

    The deviations of the two directions are weighted by their counts.
    """
    of_dataset = draws.isel(dataset=record.number)
    counts = (
        panel["counts"]
        .isel(dyad=dyad_index, dataset=record.number)
        .sum(["time", "class"])
        .to_numpy()
    )
    weight = counts / counts.sum() if counts.any() else np.full(len(counts), 1 / len(counts))
    knot, part = knots(panel)
    drift = drift_between(flat(of_dataset["dataset_drift"]), knot, part)
    offset = (flat(of_dataset["direction_offset"]) @ weight)[:, None] + drift
    if "dataset_volume_effect" in of_dataset:
        volume = relative_counts(record.total, record.covered, record.clock.periods(1))
        offset = offset + flat(of_dataset["dataset_volume_effect"])[:, None] * volume
    concentration = flat(of_dataset["concentration"]) if "concentration" in of_dataset else None
    return _DatasetReading(record, offset, concentration, knot, part)


def _offset_and_drift(
    fit: FitLike, dyad_index: int, reading: _DatasetReading
) -> tuple[Estimate | None, Estimate | None]:
    """Return the offset from the first dataset in the last covered period, and its drift.

    The drift is the change of the offset since the first covered period. Both are in points of
    share at the present level, and None for the first dataset.
    """
    number = reading.record.number
    if number == 0:
        return None, None
    of_dataset = fit.posterior.isel(dyad=dyad_index, dataset=number)
    drift = _double(of_dataset["dataset_drift"].transpose("chain", "draw", "knot"))
    constant = _double(of_dataset["direction_offset"].mean("direction").transpose("chain", "draw"))
    first, last = reading.ends
    level = _double(
        fit.posterior["level"].isel(dyad=dyad_index, time=last).transpose("chain", "draw")
    )

    def share_at(period: int) -> Float:
        """Share that the dataset shows in a period if the level is that of the last one."""
        knot, part = int(reading.knot[period]), float(reading.part[period])
        return share(level + (constant + drift_between(drift, knot, part)))

    words = f"points of share that {reading.record.dataset} reads above the first dataset"
    offset = estimate(share_at(last) - share(level), "points", f"{words}, at the end of its record")
    change = estimate(
        share_at(last) - share_at(first), "points", f"{words}: at the end less at the beginning"
    )
    return offset, change


def _double(values: xr.DataArray) -> Float:
    """Return values in double precision."""
    return values.to_numpy().astype(np.float64)


def _years(
    reading: _DatasetReading,
    level: Float,
    noise: Float,
    residuals: Mapping[int, float],
    rng: np.random.Generator,
) -> tuple[DatasetYear, ...]:
    """Return the years of a dataset with the shares of records simulated at the joint level.

    `level` is (draw, time), and `noise`, the standard deviation of the month-specific noise,
    (draw,), both in log-odds.
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
    simulated = rng.binomial(record.total, chance)
    year_of_period = record.clock.years
    years = []
    for year in np.unique(year_of_period[record.covered]).tolist():
        in_year = record.covered & (year_of_period == year)
        events = int(record.total[in_year].sum())
        if events < MIN_WINDOW_EVENTS:
            continue
        observed_share = 100.0 * record.cooperative[in_year].sum() / events
        simulated_shares = 100.0 * simulated[:, in_year].sum(axis=1) / events
        low, median, high = np.quantile(simulated_shares, TAILS)
        years.append(
            DatasetYear(
                year=year,
                events=events,
                share=float(observed_share),
                expected=float(median),
                low=float(low),
                high=float(high),
                residual=residuals.get(year),
            )
        )
    return tuple(years)


@dataclass(frozen=True)
class _Observations:
    """The months of a dataset as Gaussian observations of the level, in log-odds."""

    month: Index  # Period of each observation, counted from the start of the window
    value: Float  # Working response, as in iteratively reweighted least squares
    variance: Float  # Its sampling variance
    offset_covariance: Float  # Of the dataset's constant and drifting offset; zero for the first

    @classmethod
    def of(
        cls, reading: _DatasetReading, level: Float, window: slice, offset_covariance: Float
    ) -> "_Observations":
        """Linearise the observed counts around the mean level (time,).

        `offset_covariance` (time, time) is the prior covariance of the dataset's offset.
        """
        record = reading.record
        observed = record.covered & (record.total > 0)
        observed[: window.start] = False
        periods = np.flatnonzero(observed)
        total = record.total[periods]
        chance = share((level + reading.offset.mean(axis=0))[periods]) / 100.0
        # With overdispersion `total` events are worth fewer independent ones.
        effective = total
        if reading.concentration is not None:
            concentration = float(reading.concentration.mean())
            effective = total * (concentration + 1.0) / (concentration + total)
        slope = chance * (1.0 - chance)
        deviation = (record.cooperative[periods] / total - chance) / slope
        covariance = np.zeros((len(periods), len(periods)))
        if record.number:
            covariance = offset_covariance[np.ix_(periods, periods)]
        return cls(
            month=periods - window.start,
            value=level[periods] + deviation,
            variance=1.0 / (effective * slope),
            offset_covariance=covariance,
        )

    def before(self, month: int) -> "_Observations":
        """Return the observations before a month of the window."""
        earlier = self.month < month
        return _Observations(
            self.month[earlier],
            self.value[earlier],
            self.variance[earlier],
            self.offset_covariance[np.ix_(earlier, earlier)],
        )


@dataclass(frozen=True)
class _GaussianAlgebra:
    """Gaussian approximation of the level and of the datasets' observations, in log-odds.

    The posterior mean offset of each dataset is subtracted from its working responses; the
    uncertainty of the offset is part of their covariance.
    """

    observations: Mapping[int, _Observations]  # By number of the dataset
    level_covariance: Float  # Prior covariance of the level, (month, month)
    prior_mean: float
    noise_variance: float  # Of the month-specific noise
    years: Index  # Calendar year of each month, (month,)
    recent: int  # First of the last `RECENT_MONTHS`

    @classmethod
    def of(
        cls,
        fit: FitLike,
        draws: xr.Dataset,
        era: Index,
        level: Float,
        noise_variance: float,
        readings: Sequence[_DatasetReading],
    ) -> "_GaussianAlgebra":
        """Linearise all datasets around the posterior mean of the level, (time,).

        `era` (time,) is the number of each period's era.
        """
        clock = readings[0].record.clock
        window = slice(max(len(level) - clock.periods(12 * YEARS_BACK), 0), len(level))
        covariance, prior_mean = _level_prior(fit.spec, draws, era[window], float(level.mean()))
        drift_sd = flat(draws["dataset_drift_sd"]).mean(axis=0)
        priors = getattr(fit.spec, "priors", None) or Priors()
        observations = {}
        for reading in readings:
            number = reading.record.number
            # The first dataset has no drift: `_Observations.of` does not use its covariance.
            sd = float(drift_sd[max(number - 1, 0)])
            offset_covariance = _offset_covariance(reading.knot + reading.part, priors, sd)
            observations[number] = _Observations.of(reading, level, window, offset_covariance)
        return cls(
            observations=observations,
            level_covariance=covariance,
            prior_mean=prior_mean,
            noise_variance=noise_variance,
            years=clock.years[window],
            recent=len(covariance) - clock.periods(RECENT_MONTHS),
        )

    def present_level(self, without_recent: int | None = None) -> _NormalLevel:
        """Return the level of the last month, without a dataset's recent months if it is named."""
        chosen = [
            of_dataset.before(self.recent) if number == without_recent else of_dataset
            for number, of_dataset in self.observations.items()
        ]
        month, value, covariance = self._joint(chosen)
        covariance_with_last = self.level_covariance[-1, month]
        weight = np.linalg.solve(covariance, covariance_with_last)
        mean = self.prior_mean + float(weight @ (value - self.prior_mean))
        variance = max(self.level_covariance[-1, -1] - weight @ covariance_with_last, MIN_VARIANCE)
        return _NormalLevel(mean, float(np.sqrt(variance)))

    def _joint(self, observations: Sequence[_Observations]) -> tuple[Index, Float, Float]:
        """Return month, value and covariance of observations, dataset by dataset."""
        month = np.concatenate([of_dataset.month for of_dataset in observations])
        value = np.concatenate([of_dataset.value for of_dataset in observations])
        sampling = np.concatenate([of_dataset.variance for of_dataset in observations])
        covariance = self.level_covariance[np.ix_(month, month)]
        # Datasets share the noise of a month.
        covariance = covariance + self.noise_variance * (month[:, None] == month)
        covariance += block_diag(*(of_dataset.offset_covariance for of_dataset in observations))
        covariance[np.diag_indices(len(month))] += sampling
        return month, value, covariance

    def residuals(self) -> dict[int, dict[int, float]]:
        """Return the standardised residual of each year of each dataset.

        A year is predicted from all other data. With y the deviations from the prior mean and P the
        inverse of their covariance, the error of the prediction of some of them is
        P_part^-1 (P y)_part, and its covariance is P_part^-1. The residual of a year is the mean
        error of its months, weighted by their precision, over its standard deviation. Years
        without events of another dataset have none.
        """
        month, value, covariance = self._joint(list(self.observations.values()))
        precision = np.linalg.inv(covariance)
        precision_times_value = precision @ (value - self.prior_mean)
        variance = np.concatenate(
            [of_dataset.variance for of_dataset in self.observations.values()]
        )
        dataset = np.repeat(
            list(self.observations),
            [of_dataset.month.size for of_dataset in self.observations.values()],
        )
        year = self.years[month]
        residuals: dict[int, dict[int, float]] = {number: {} for number in self.observations}
        pairs = sorted({(int(d), int(y)) for d, y in zip(dataset, year, strict=True)})
        for this_dataset, this_year in pairs:
            in_year = year == this_year
            if not (in_year & (dataset != this_dataset)).any():
                continue
            rows = np.flatnonzero(in_year & (dataset == this_dataset))
            error_covariance = np.linalg.inv(precision[np.ix_(rows, rows)])
            weight = 1.0 / (variance[rows] + self.noise_variance)
            weighted_error = weight @ error_covariance @ precision_times_value[rows]
            weighted_sd = np.sqrt(weight @ error_covariance @ weight)
            residuals[this_dataset][this_year] = float(weighted_error / weighted_sd)
        return residuals


def _as_estimate(level: _NormalLevel, words: str, size: tuple[int, int]) -> Estimate:
    """Summarise a normal level as a share, percent.

    In place of draws, `size` (chain, draw) of them, its evenly spaced quantiles are summarised.
    """
    number = size[0] * size[1]
    quantiles = level.mean + level.sd * ndtri((np.arange(number) + 0.5) / number)
    return estimate(share(quantiles).reshape(size), "per cent", f"{words}, by Gaussian algebra")


def _level_prior(spec: SpecLike, draws: xr.Dataset, era: Index, mean: float) -> tuple[Float, float]:
    """Return prior covariance (month, month) and prior mean of the level, log-odds.

    Parameters are at their posterior mean. `mean` is that of the level over the record, returned if
    the trend has no mean of its own.
    """
    begins = np.diff(era, prepend=era[:1]) != 0

    def covariance_and_motion(component: Component) -> tuple[Float, Motion]:
        means = {
            name: float(draws[name].mean()) for name in component.reads.values() if name in draws
        }
        motion = component.motion({"trend_start": Priors().trend_start, **means})
        return component.covariance(motion, begins), motion

    covariance = np.zeros((len(era), len(era)))
    if spec.cycle != "none":
        of_cycle, _ = covariance_and_motion(find_cycle(spec.cycle))
        covariance += of_cycle
    trend = find_trend(spec.trend)
    if not trend.moves:
        return covariance, mean
    of_trend, motion = covariance_and_motion(trend)
    return covariance + of_trend, motion["mean"]


def _offset_covariance(knots_passed: Float, priors: Priors, drift_sd: float) -> Float:
    """Return the prior covariance of a dataset's offset in any two periods, (time, time).

    It has a constant part and a random walk with a standard deviation of `drift_sd` per knot.
    `knots_passed` counts knots up to each period.
    """
    years = KNOT_YEARS * knots_passed
    walk = drift_sd**2 * np.minimum(years[:, None], years) / KNOT_YEARS
    # The drift has mean zero over the record.
    centred = walk - walk.mean(axis=0) - walk.mean(axis=1)[:, None] + walk.mean()
    return np.asarray(centred + priors.dataset**2 + priors.dataset_dyads**2)
