"""Validated forecast queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import xarray as xr

from forecast.base.dates import MAX_HORIZON, Clock, months_ahead
from forecast.base.errors import SpecError
from forecast.base.limits import described_fraction
from forecast.data.drivers import require_given
from forecast.data.panel import panel_kind
from forecast.data.panel.shares import by_class
from forecast.outlook.recorded import main_dataset
from forecast.outlook.simulations import BASELINE_MONTHS


def main_horizon(horizons: Iterable[int]) -> int:
    """Return the horizon, months, that is quoted where only one is: the one nearest to a year."""
    return min(horizons, key=lambda months: (abs(months - 12), months))


@dataclass(frozen=True)
class Query:
    """Forecast query, in months from the present."""

    horizons: tuple[int, ...]  # In order
    above: float | None = None  # A share, per cent, that what is recorded is to reach
    # The share of the preceding months is to reach it at the end of any month up to there, rather
    # than that of all months up to a horizon.
    by: int | None = None
    baseline: int = BASELINE_MONTHS  # Months up to the present that every horizon is compared with

    @classmethod
    def of(
        cls,
        panel: xr.Dataset,
        dyad: str,
        horizons: Sequence[int],
        *,
        above: float | None = None,
        at: date | None = None,
        by: date | None = None,
        baseline: int = BASELINE_MONTHS,
    ) -> Self:
        """Check what is asked against a panel."""
        require_consistent(above, at, by, baseline)
        clock = Clock.of(panel)
        months = [months_ahead(clock.last_day(), at, "at")] if at else horizons
        if (
            not months
            or len(set(months)) < len(months)
            or not all(1 <= month_count <= MAX_HORIZON for month_count in months)
        ):
            raise SpecError(
                f"horizons: {list(months)} are not different whole months from 1 to "
                f"{MAX_HORIZON}. Use some such as (3, 6, 12, 24)."
            )
        ordered = tuple(sorted(int(month_count) for month_count in months))
        if above is not None and not panel_kind(panel).coded:
            raise SpecError(
                "above: the data are an index, of which no events are recorded; leave it out"
            )
        query = cls(
            ordered, above, months_ahead(clock.last_day(), by, "by") if by else None, baseline
        )
        require_given(panel, dyad, query.reach)
        if query.by is None:
            return query
        covered = np.flatnonzero(by_class(panel, dyad, main_dataset(panel, dyad))[1])
        if not covered.size or covered[-1] < panel.sizes["time"] - 1:
            raise SpecError(
                f"by: coverage ends before {clock.name()}, so that windows which are half over "
                "cannot be counted; choose an earlier as-of day, or --at"
            )
        if covered.size < clock.periods(main_horizon(ordered)):
            raise SpecError(
                f"by: fewer than {clock.span(main_horizon(ordered))} are covered; choose shorter "
                "horizons"
            )
        return query

    @property
    def windows(self) -> tuple[int, ...]:
        """Months of the windows ahead whose share is asked for."""
        return self.horizons if self.by is None else (*self.horizons, self.by)

    @property
    def reach(self) -> int:
        """The farthest month that is asked about."""
        return max(self.horizons[-1], self.by or 0)


def require_consistent(
    above: float | None, at: date | None, by: date | None, baseline: int = BASELINE_MONTHS
) -> None:
    """Make sure that a share and months can be asked for together."""
    if not 1 <= baseline <= MAX_HORIZON:
        raise SpecError(f"baseline: {baseline} months; expected 1 to {MAX_HORIZON}")
    if above is not None and not 0 < above < 100:
        raise SpecError(
            f"above: got {above:g}; expected a share in per cent, more than 0 and less than 100"
        )
    if above is not None and (fault := described_fraction("above", above)):
        raise SpecError(fault)
    if by is not None and at is not None:
        raise SpecError(
            "at, by: one asks for a month, the other for any month up to one; give one of them"
        )
    if by is not None and above is None:
        raise SpecError(
            "by: the month up to which a share is to be reached; give the share too, with above"
        )
