"""Gaussian approximation of a level and of the datasets that observe it, at the posterior mean.

It gives the present level with and without the last months of a dataset, and by how much each year
of a dataset deviates from the prediction by all other data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.linalg import block_diag

from forecast.base.numeric import share
from forecast.base.typing import Float, Index
from forecast.model.observation.readings import KNOT_YEARS
from forecast.model.posterior import flat
from forecast.model.process.component import Component, Motion
from forecast.model.process.cycle import find_cycle
from forecast.model.process.priors import Priors
from forecast.model.process.trend import find_trend
from forecast.outlook.dataset_reading import DatasetReading
from forecast.outlook.draws import SpecLike

# Years of the record that the algebra uses: earlier months hardly inform the present level, and
# the time to solve grows with the cube of the months
YEARS_BACK = 30
# Smallest variance of the present level, log-odds squared: rounding may leave a negative one
MIN_VARIANCE = 1e-12
# Last months of a dataset that inform the present level; earlier months inform its offset
RECENT_MONTHS = 24


class NormalLevel(NamedTuple):
    """Normal distribution of the present level, log-odds."""

    mean: float
    sd: float


@dataclass(frozen=True)
class Observations:
    """The months of a dataset as Gaussian observations of the level, in log-odds."""

    month: Index  # Period of each observation, counted from the start of the window
    value: Float  # Working response, as in iteratively reweighted least squares
    variance: Float  # Its sampling variance
    offset_covariance: Float  # Of the dataset's constant and drifting offset; zero for the first

    @classmethod
    def of(
        cls, reading: DatasetReading, level: Float, window: slice, offset_covariance: Float
    ) -> "Observations":
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

    def before(self, month: int) -> "Observations":
        """Return the observations before a month of the window."""
        earlier = self.month < month
        return Observations(
            self.month[earlier],
            self.value[earlier],
            self.variance[earlier],
            self.offset_covariance[np.ix_(earlier, earlier)],
        )


@dataclass(frozen=True)
class GaussianAlgebra:
    """Gaussian approximation of the level and of the datasets' observations, in log-odds.

    The posterior mean offset of each dataset is subtracted from its working responses; the
    uncertainty of the offset is part of their covariance.
    """

    observations: Mapping[int, Observations]  # By number of the dataset
    level_covariance: Float  # Prior covariance of the level, (month, month)
    prior_mean: float
    noise_variance: float  # Of the month-specific noise
    years: Index  # Calendar year of each month, (month,)
    recent: int  # First of the last `RECENT_MONTHS`

    @classmethod
    def of(
        cls,
        spec: SpecLike,
        draws: xr.Dataset,
        era: Index,
        level: Float,
        noise_variance: float,
        readings: Sequence[DatasetReading],
    ) -> "GaussianAlgebra":
        """Linearise all datasets around the posterior mean of the level, (time,).

        `era` (time,) is the number of each period's era.
        """
        clock = readings[0].record.clock
        window = slice(max(len(level) - clock.periods(12 * YEARS_BACK), 0), len(level))
        priors = getattr(spec, "priors", None) or Priors()
        covariance, prior_mean = _level_prior(spec, priors, draws, era[window], float(level.mean()))
        drift_sd = flat(draws["dataset_drift_sd"]).mean(axis=0)
        observations = {}
        for reading in readings:
            number = reading.record.number
            # The first dataset has no drift: `Observations.of` does not use its covariance.
            sd = float(drift_sd[max(number - 1, 0)])
            offset_covariance = drifting_offset_covariance(reading.knot + reading.part, priors, sd)
            observations[number] = Observations.of(reading, level, window, offset_covariance)
        return cls(
            observations=observations,
            level_covariance=covariance,
            prior_mean=prior_mean,
            noise_variance=noise_variance,
            years=clock.years[window],
            recent=len(covariance) - clock.periods(RECENT_MONTHS),
        )

    def present_level(self, without_recent: int | None = None) -> NormalLevel:
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
        return NormalLevel(mean, float(np.sqrt(variance)))

    def _joint(self, observations: Sequence[Observations]) -> tuple[Index, Float, Float]:
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
        observations = list(self.observations.values())
        month, value, covariance = self._joint(observations)
        precision = np.linalg.inv(covariance)
        precision_times_value = precision @ (value - self.prior_mean)
        variance = np.concatenate([of_dataset.variance for of_dataset in observations])
        year_of_row = self.years[month]
        dataset_of_row = np.repeat(
            list(self.observations), [of_dataset.month.size for of_dataset in observations]
        )
        residuals: dict[int, dict[int, float]] = {number: {} for number in self.observations}
        for number, by_year in residuals.items():
            of_dataset = dataset_of_row == number
            for year in np.unique(year_of_row[of_dataset]).tolist():
                in_year = year_of_row == year
                if not (in_year & ~of_dataset).any():
                    continue
                rows = np.flatnonzero(in_year & of_dataset)
                error_covariance = np.linalg.inv(precision[np.ix_(rows, rows)])
                weight = 1.0 / (variance[rows] + self.noise_variance)
                weighted_error = weight @ error_covariance @ precision_times_value[rows]
                weighted_sd = np.sqrt(weight @ error_covariance @ weight)
                by_year[year] = float(weighted_error / weighted_sd)
        return residuals


def _level_prior(
    spec: SpecLike, priors: Priors, draws: xr.Dataset, era: Index, mean: float
) -> tuple[Float, float]:
    """Return prior covariance (month, month) and prior mean of the level, log-odds.

    Parameters are at their posterior mean. `mean` is that of the level over the record, returned if
    the trend has no mean of its own.
    """
    begins = np.diff(era, prepend=era[:1]) != 0

    def covariance_and_motion(component: Component) -> tuple[Float, Motion]:
        means = {
            name: float(draws[name].mean()) for name in component.reads.values() if name in draws
        }
        motion = component.motion({"trend_start": priors.trend_start, **means})
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


def drifting_offset_covariance(knots_passed: Float, priors: Priors, drift_sd: float) -> Float:
    """Return the prior covariance of a dataset's offset in any two periods, (time, time).

    It has a constant part and a random walk with a standard deviation of `drift_sd` per knot.
    `knots_passed` counts knots up to each period.
    """
    years = KNOT_YEARS * knots_passed
    walk = drift_sd**2 * np.minimum(years[:, None], years) / KNOT_YEARS
    # The drift has mean zero over the record.
    centred = walk - walk.mean(axis=0) - walk.mean(axis=1)[:, None] + walk.mean()
    return np.asarray(centred + priors.dataset**2 + priors.dataset_dyads**2)
