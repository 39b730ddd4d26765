"""Level by dataset: what each implies, their disagreement, and which one resolves.

No model is refitted. The data of each dataset are compared with those that the joint level implies
for it. Disagreement and the level without a dataset's last two years follow from a Gaussian
approximation at the posterior mean. A year disagrees if it is far from the prediction by the other
datasets and the dataset's other years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

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
from forecast.outlook.draws import FitLike, SpecLike, position, stream
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, DatasetRecord, main_dataset
from forecast.outlook.summary import Estimate, estimate, sentence

DRAWS = 400
"""Draws of the posterior, evenly spaced, under which records are simulated."""
YEARS_BACK = 30
"""The algebra is of so much of the record: earlier months hardly bear on the present, and all of
them take long."""
MIN_VARIANCE = 1e-12
"""Smallest variance of the present level: rounding may leave less than none."""
RECENT_MONTHS = 24
"""Last months of a dataset that inform the present level; earlier months inform its offset."""
DISAGREEMENT_SD = 2.0
"""Standard deviations from which a year counts as a disagreement: one year in twenty by chance."""


@dataclass(frozen=True)
class DatasetYear:
    """A calendar year of a dataset."""

    year: int  # Calendar year
    events: int  # Events
    share: float  # Per cent cooperative
    expected: float  # Median of simulations at the joint level, per cent
    low: float  # Lower end of their 90% interval
    high: float  # Upper end
    # Distance from what the other datasets and its own other years imply, in standard deviations;
    # None without other datasets and beyond thirty years
    residual: float | None


@dataclass(frozen=True)
class DatasetOutlook:
    """Level implied by one dataset."""

    name: str  # Of the dataset
    main: bool  # The outlook is about it
    first: date  # First covered day
    last: date  # Last covered day
    events: int  # Events recorded
    # Points by which it reads above the first dataset in its last covered period; None of the first
    offset: Estimate | None
    drift: Estimate | None  # Part of it since its first covered period, points
    # Independent events in a very busy month; None without overdispersion
    concentration: Estimate | None
    years: tuple[DatasetYear, ...]  # Those with at least three events
    disagrees: tuple[int, ...]  # Those with a residual beyond two standard deviations
    without: Estimate  # Present level, per cent, without its last two years (Gaussian algebra)
    with_all: Estimate  # The same with them
    # Per cent by which the standard deviation of the present level, in log-odds, grows without them
    worth: float
    sentence: str  # In words


@dataclass(frozen=True)
class _DatasetReading:
    """How a dataset reads the level of a dyad, with its record: thinned draws (draw, ...)."""

    record: DatasetRecord
    offset: Float
    concentration: Float | None
    # Knot of the drift before every period, and how far the period is on the way to the next
    knot: Index
    part: Float

    @property
    def ends(self) -> tuple[int, int]:
        months = np.flatnonzero(self.record.covered)
        return int(months[0]), int(months[-1])


def dataset_outlooks(fit: FitLike, dyad: str, *, seed: int = 1) -> tuple[DatasetOutlook, ...]:
    """Compute the level of a dyad by dataset; empty if fewer than two datasets cover it."""
    dyad_index = position(fit.panel, dyad)
    panel = fit.panel
    if panel.sizes.get("dataset", 1) < 2 or "dataset_drift" not in fit.posterior:
        return ()
    few = max(DRAWS // fit.posterior.sizes["chain"], 1)
    chosen = np.unique(np.linspace(0, fit.posterior.sizes["draw"] - 1, few).astype(int))
    draws = fit.posterior.isel(draw=chosen).isel(dyad=dyad_index)
    records = [DatasetRecord.of(panel, dyad, number) for number in range(panel.sizes["dataset"])]
    data = [
        _reading(panel, draws, dyad_index, record) for record in records if record.covered.any()
    ]
    if len(data) < 2:
        return ()
    level = flat(draws["level"])
    noise = flat(draws["tau"]) if "tau" in draws else np.zeros(len(level))
    era = panel["era_index"].isel(dyad=dyad_index).to_numpy()
    present, residuals = _present(
        fit, draws, era, level.mean(axis=0), float((noise**2).mean()), data
    )
    main = main_dataset(panel, dyad)
    outlooks = []
    for reading in data:
        number = reading.record.number
        rng = stream(seed, dyad, f"dataset {number}")
        years = _years(reading, level, noise, residuals[number], rng)
        outlooks.append(
            _outlook(
                fit, dyad_index, reading, years, present[number], present[None], main == number
            )
        )
    return tuple(outlooks)


def _outlook(
    fit: FitLike,
    dyad_index: int,
    reading: _DatasetReading,
    years: tuple[DatasetYear, ...],
    without: tuple[float, float],
    with_all: tuple[float, float],
    main: bool,
) -> DatasetOutlook:
    """Return the outlook by one dataset.

    `without` and `with_all` have mean and standard deviation of the present level, log-odds.
    """
    record, (first, last) = reading.record, reading.ends
    size = (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"])
    offset, drift = _offsets(fit, dyad_index, reading)
    odd = (
        each for each in years if each.residual is not None and abs(each.residual) > DISAGREEMENT_SD
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
        disagrees=tuple(each.year for each in odd),
        without=_as_estimate(
            without, "present level without the last two years of the dataset", size
        ),
        with_all=_as_estimate(with_all, "present level", size),
        worth=100.0 * (without[1] / with_all[1] - 1.0),
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
    odd = [
        f"{source_words(outlook.name)} in {join([str(year) for year in outlook.disagrees])}"
        for outlook in outlooks
        if outlook.disagrees
    ]
    return sentence("datasets", decisive, odd)


def _reading(
    panel: xr.Dataset, draws: xr.Dataset, dyad_index: int, record: DatasetRecord
) -> _DatasetReading:
    of_dataset = draws.isel(dataset=record.number)
    reports = (
        panel["counts"]
        .isel(dyad=dyad_index, dataset=record.number)
        .sum(["time", "class"])
        .to_numpy()
    )
    weight = reports / reports.sum() if reports.any() else np.full(len(reports), 1 / len(reports))
    knot, part = knots(panel)
    offset = (flat(of_dataset["direction_offset"]) @ weight)[:, None] + drift_between(
        flat(of_dataset["dataset_drift"]), knot, part
    )
    if "dataset_volume_effect" in of_dataset:
        busy = relative_counts(record.total, record.covered, record.clock.periods(1))
        offset = offset + flat(of_dataset["dataset_volume_effect"])[:, None] * busy
    return _DatasetReading(
        record,
        offset,
        flat(of_dataset["concentration"]) if "concentration" in of_dataset else None,
        knot,
        part,
    )


def _offsets(
    fit: FitLike, dyad_index: int, data: _DatasetReading
) -> tuple[Estimate | None, Estimate | None]:
    """Return how far a dataset reads above the first one at its end, and since its beginning."""
    number = data.record.number
    if number == 0:
        return None, None
    of_dataset = fit.posterior.isel(dyad=dyad_index, dataset=number)
    drift = (
        of_dataset["dataset_drift"].transpose("chain", "draw", "knot").to_numpy().astype(np.float64)
    )
    fixed = (
        of_dataset["direction_offset"]
        .mean("direction")
        .transpose("chain", "draw")
        .to_numpy()
        .astype(np.float64)
    )
    first, last = data.ends
    level = (
        fit.posterior["level"]
        .isel(dyad=dyad_index, time=last)
        .transpose("chain", "draw")
        .to_numpy()
        .astype(np.float64)
    )
    then, now = (
        fixed + drift_between(drift, int(data.knot[end]), float(data.part[end]))
        for end in (first, last)
    )
    words = f"points of share that {data.record.dataset} reads above the first dataset"
    offset = estimate(
        share(level + now) - share(level), "points", f"{words}, at the end of its record"
    )
    moved = estimate(
        share(level + now) - share(level + then),
        "points",
        f"{words}: at the end less at the beginning",
    )
    return offset, moved


def _years(
    data: _DatasetReading,
    level: Float,
    noise: Float,
    residuals: Mapping[int, float],
    rng: np.random.Generator,
) -> tuple[DatasetYear, ...]:
    """Add records simulated at the joint level to the years of a record.

    The level is read as the dataset reads it.
    """
    record = data.record
    month = level + data.offset + noise[:, None] * rng.standard_normal(level.shape)
    chance = share(month) / 100.0
    if data.concentration is not None:
        a = data.concentration[:, None]
        chance = rng.beta(np.maximum(a * chance, 1e-9), np.maximum(a * (1 - chance), 1e-9))
    simulated = rng.binomial(record.total, chance)
    of_period = record.clock.years
    years = []
    for year in np.unique(of_period[record.covered]).tolist():
        of_year = record.covered & (of_period == year)
        events = int(record.total[of_year].sum())
        if events < MIN_WINDOW_EVENTS:
            continue
        recorded = 100.0 * record.cooperative[of_year].sum() / events
        copies = 100.0 * simulated[:, of_year].sum(axis=1) / events
        low, middle, high = np.quantile(copies, (0.05, 0.5, 0.95))
        expected = float(middle), float(low), float(high)
        years.append(DatasetYear(year, events, float(recorded), *expected, residuals.get(year)))
    return tuple(years)


@dataclass(frozen=True)
class _Observations:
    """The months of a dataset as Gaussian observations of level and offset, in log-odds."""

    month: Index  # Which of the window
    value: Float  # Working response and its variance, as in iteratively reweighted least squares
    variance: Float
    shared: Float  # Covariance of what the dataset is off, constant and drifting; zero of the first

    @classmethod
    def of(cls, data: _DatasetReading, level: Float, window: slice, off: Float) -> "_Observations":
        """Linearise what was recorded around the mean level (time,).

        ``off`` (time, time) is the covariance of what the dataset is off.
        """
        record = data.record
        observed = record.covered & (record.total > 0)
        observed[: window.start] = False
        periods = np.flatnonzero(observed)
        total = record.total[periods]
        chance = share((level + data.offset.mean(axis=0))[periods]) / 100.0
        a = np.inf if data.concentration is None else float(data.concentration.mean())
        effective = total if np.isinf(a) else total * (a + 1.0) / (a + total)
        slope = chance * (1.0 - chance)
        away = (record.cooperative[periods] / total - chance) / slope
        shared = (
            off[np.ix_(periods, periods)]
            if record.number
            else np.zeros((len(periods), len(periods)))
        )
        return cls(periods - window.start, level[periods] + away, 1.0 / (effective * slope), shared)

    def before(self, month: int) -> "_Observations":
        """Return what was seen before a month of the window."""
        earlier = self.month < month
        return _Observations(
            self.month[earlier],
            self.value[earlier],
            self.variance[earlier],
            self.shared[np.ix_(earlier, earlier)],
        )


def _present(
    fit: FitLike,
    draws: xr.Dataset,
    era: Index,
    level: Float,
    news: float,
    data: Sequence[_DatasetReading],
) -> tuple[Mapping[int | None, tuple[float, float]], Mapping[int, Mapping[int, float]]]:
    """Solve for the present level in log-odds, and for the residuals by year.

    The level is (mean, standard deviation) by the dataset that is left out.

    The working responses have the mean reading of their dataset taken out, and its uncertainty is
    in their covariance. `era` (time,) has the place of each month's era, `level` (time,) is the
    posterior mean, `news` the month-specific variance.
    """
    clock = data[0].record.clock
    window = slice(max(len(level) - clock.periods(12 * YEARS_BACK), 0), len(level))
    moves, centre = _level_covariance(fit.spec, draws, era[window], float(level.mean()))
    steps = flat(draws["dataset_drift_sd"]).mean(axis=0)
    priors = getattr(fit.spec, "priors", None) or Priors()
    seen = {
        (number := reading.record.number): _Observations.of(
            reading,
            level,
            window,
            _offset_covariance(
                reading.knot + reading.part, priors, float(steps[max(number - 1, 0)])
            ),
        )
        for reading in data
    }
    recent = len(moves) - clock.periods(RECENT_MONTHS)
    solved: dict[int | None, tuple[float, float]] = {
        None: _solve(list(seen.values()), moves, news, centre)
    }
    for name in seen:
        parts = [part.before(recent) if number == name else part for number, part in seen.items()]
        solved[name] = _solve(parts, moves, news, centre)
    return solved, _residuals(seen, clock.years[window], moves, news, centre)


def _as_estimate(level: tuple[float, float], words: str, size: tuple[int, int]) -> Estimate:
    """Summarise a normal level in log-odds, percent.

    Draws, so many by chain and draw, are its quantiles.
    """
    number = size[0] * size[1]
    quantiles = level[0] + level[1] * ndtri((np.arange(number) + 0.5) / number)
    return estimate(share(quantiles).reshape(size), "per cent", f"{words}, by Gaussian algebra")


def _level_covariance(
    spec: SpecLike, draws: xr.Dataset, era: Index, mean: float
) -> tuple[Float, float]:
    """Return prior covariance (month, month) and mean of the level.

    Parameters are at the posterior's mean.
    """
    begins = np.diff(era, prepend=era[:1]) != 0

    def covariance(component: Component) -> tuple[Float, Motion]:
        means = {
            name: float(draws[name].mean()) for name in component.reads.values() if name in draws
        }
        motion = component.motion({"trend_start": Priors().trend_start, **means})
        return component.covariance(motion, begins), motion

    total = np.zeros((len(era), len(era)))
    if spec.cycle != "none":
        total += covariance(find_cycle(spec.cycle))[0]
    trend = find_trend(spec.trend)
    if not trend.moves:
        return total, mean
    of_trend, motion = covariance(trend)
    return total + of_trend, motion["mean"]


def _offset_covariance(knots_passed: Float, priors: Priors, step: float) -> Float:
    """Return the prior covariance of a dataset's offset in any two periods, (time, time).

    It has a constant part and one that drifts. `knots_passed` counts knots up to each period.
    """
    years = KNOT_YEARS * knots_passed
    walk = step**2 * np.minimum(years[:, None], years) / KNOT_YEARS
    # The drift has mean zero over the record.
    centred = walk - walk.mean(axis=0) - walk.mean(axis=1)[:, None] + walk.mean()
    return np.asarray(centred + priors.dataset**2 + priors.dataset_dyads**2)


def _solve(
    seen: Sequence[_Observations], moves: Float, news: float, centre: float
) -> tuple[float, float]:
    """Return mean and standard deviation of the last month's level, given some datasets."""
    month, value, covariance = _joint(seen, moves, news)
    with_last = moves[-1, month]
    weight = np.linalg.solve(covariance, with_last)
    mean = centre + float(weight @ (value - centre))
    variance = max(moves[-1, -1] - weight @ with_last, MIN_VARIANCE)
    return mean, float(np.sqrt(variance))


def _joint(seen: Sequence[_Observations], moves: Float, news: float) -> tuple[Index, Float, Float]:
    """Return month, value and covariance of what was seen, dataset by dataset."""
    month = np.concatenate([part.month for part in seen])
    value = np.concatenate([part.value for part in seen])
    covariance = moves[np.ix_(month, month)] + news * (month[:, None] == month)
    covariance += block_diag(*(part.shared for part in seen))
    covariance[np.diag_indices(len(month))] += np.concatenate([part.variance for part in seen])
    return month, value, covariance


def _residuals(
    seen: Mapping[int, _Observations], years: Index, moves: Float, news: float, centre: float
) -> dict[int, dict[int, float]]:
    """Return the deviation of each year of each dataset from its leave-one-out expectation.

    With the inverse P of the covariance of everything, what the rest makes expect of a part errs by
    P_part^-1 (P y)_part, and the covariance of that error is P_part^-1. A year is the mean of its
    months, weighted by their precision.
    """
    month, value, covariance = _joint(list(seen.values()), moves, news)
    precision = np.linalg.inv(covariance)
    off = precision @ (value - centre)
    variance = np.concatenate([part.variance for part in seen.values()])
    dataset_of_month = np.repeat(list(seen), [part.month.size for part in seen.values()])
    year = years[month]
    residuals: dict[int, dict[int, float]] = {part: {} for part in seen}
    for dataset, of in {(int(p), int(y)) for p, y in zip(dataset_of_month, year, strict=True)}:
        rows = np.flatnonzero((dataset_of_month == dataset) & (year == of))
        if not ((dataset_of_month != dataset) & (year == of)).any():
            continue
        spread = np.linalg.inv(precision[np.ix_(rows, rows)])
        weight = 1.0 / (variance[rows] + news)
        residuals[dataset][of] = float(
            weight @ spread @ off[rows] / np.sqrt(weight @ spread @ weight)
        )
    return residuals
