"""Event data of a dataset, and their deviation from the level of a dyad, by posterior draw."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from forecast.base.numeric import share
from forecast.base.typing import Float, Index
from forecast.data.panel.relative_counts import relative_counts
from forecast.model.observation.readings import drift_between, knots
from forecast.model.posterior import flat
from forecast.outlook.draws import FitLike
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.summary import Estimate, estimate


@dataclass(frozen=True)
class DatasetReading:
    """Event data of a dataset and its deviation from the level of a dyad, by thinned draw."""

    record: DatasetRecord
    offset: Float  # Log-odds added to the level in each period, (draw, time)
    concentration: Float | None  # (draw,); None without overdispersion
    knot: Index  # Last knot of the drift up to each period, (time,)
    part: Float  # Part of the way from that knot to the next one, (time,)

    @classmethod
    def of(
        cls, panel: xr.Dataset, draws: xr.Dataset, dyad_index: int, record: DatasetRecord
    ) -> "DatasetReading":
        """Return the data of a dataset with its deviation from the level, by draw.

        The deviations of the two directions are weighted by their counts.
        """
        of_dataset = draws.isel(dataset=record.number)
        counts = panel["counts"].isel(dyad=dyad_index, dataset=record.number)
        by_direction = counts.sum(["time", "class"]).to_numpy()
        if by_direction.any():
            weight = by_direction / by_direction.sum()
        else:
            weight = np.full(len(by_direction), 1 / len(by_direction))
        knot, part = knots(panel)
        drift = drift_between(flat(of_dataset["dataset_drift"]), knot, part)
        offset = (flat(of_dataset["direction_offset"]) @ weight)[:, None] + drift
        if "dataset_volume_effect" in of_dataset:
            volume = relative_counts(record.total, record.covered, record.clock.per_month)
            offset = offset + flat(of_dataset["dataset_volume_effect"])[:, None] * volume
        concentration = flat(of_dataset["concentration"]) if "concentration" in of_dataset else None
        return cls(record, offset, concentration, knot, part)

    @property
    def ends(self) -> tuple[int, int]:
        """First and last covered period."""
        periods = np.flatnonzero(self.record.covered)
        return int(periods[0]), int(periods[-1])

    def offset_and_drift(
        self, fit: FitLike, dyad_index: int
    ) -> tuple[Estimate | None, Estimate | None]:
        """Return the offset from the first dataset in the last covered period, and its drift.

        The drift is the change of the offset since the first covered period. Both are in points of
        share at the present level, and None for the first dataset.
        """
        number = self.record.number
        if number == 0:
            return None, None
        of_dataset = fit.posterior.isel(dyad=dyad_index, dataset=number)
        drift = _double(of_dataset["dataset_drift"], "knot")
        constant = _double(of_dataset["direction_offset"].mean("direction"))
        first, last = self.ends
        level = _double(fit.posterior["level"].isel(dyad=dyad_index, time=last))

        def share_at(period: int) -> Float:
            """Share that the dataset shows in a period if the level is that of the last one."""
            knot, part = int(self.knot[period]), float(self.part[period])
            return share(level + (constant + drift_between(drift, knot, part)))

        words = f"points of share that {self.record.dataset} reads above the first dataset"
        offset = estimate(
            share_at(last) - share(level), "points", f"{words}, at the end of its record"
        )
        change = estimate(
            share_at(last) - share_at(first),
            "points",
            f"{words}: at the end less at the beginning",
        )
        return offset, change


def _double(values: xr.DataArray, *dims: str) -> Float:
    """Return draws in double precision, (chain, draw, *dims)."""
    return values.transpose("chain", "draw", *dims).to_numpy().astype(np.float64)
