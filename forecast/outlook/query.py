"""Validated forecast queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import xarray as xr

from forecast.arguments import described_fraction
from forecast.dates import LONGEST_HORIZON, Clock, months_ahead
from forecast.drivers import require_given
from forecast.errors import SpecError
from forecast.outlook.recorded import kinds_like, main_dataset
from forecast.outlook.simulations import BASELINE_MONTHS
from forecast.panel import panel_kind
from forecast.panel.record import by_class
from forecast.wording import join


def main_horizon(horizons: Iterable[int]) -> int:
    """Return the horizon, months, that is quoted where only one is: the one nearest to a year."""
    return min(horizons, key=lambda months: (abs(months - 12), months))


@dataclass(frozen=True)
class AtLeast:
    """Query: at least so many events of a kind are recorded."""

    kind: str  # Class, or the beginning of its name
    number: int = 1  # At least 1
    months: int | None = None  # Horizon; by default the one nearest to a year

    def __post_init__(self) -> None:
        if self.number < 1:
            raise SpecError(f"at-least: {self.number} of a kind; expected one or more")
        if self.months is not None and not 1 <= self.months <= LONGEST_HORIZON:
            raise SpecError(f"at-least: {self.months} months; expected 1 to {LONGEST_HORIZON}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KIND``, ``KIND:NUMBER`` or ``KIND:NUMBER:MONTHS``."""
        kind, *numbers = (part.strip() for part in text.split(":"))
        if not kind or len(numbers) > 2 or not all(part.isdecimal() and part.isascii() for part in numbers):
            raise SpecError(f"at-least: got {text!r}; expected KIND, KIND:NUMBER or KIND:NUMBER:MONTHS: violence:3:12")
        return cls(kind, *(int(part) for part in numbers))

    def among(self, names: Sequence[str], horizons: Sequence[int]) -> tuple[str, int, int]:
        """Return the whole name of the kind, how many of it, and the horizon."""
        found = kinds_like(names, self.kind)
        if len(found) != 1:
            problem = "several kinds begin so" if found else "there is no such kind"
            raise SpecError(f"at-least: {self.kind!r}: {problem}; the kinds are {join(names)}")
        return found[0], self.number, main_horizon(horizons) if self.months is None else self.months


@dataclass(frozen=True)
class Query:
    """Forecast query, in months from the present."""

    horizons: tuple[int, ...]  # In order
    above: float | None = None  # A share, per cent, that what is recorded is to reach
    # The share of the preceding months is to reach it at the end of any month up to there, rather than that of all
    # months up to a horizon.
    by: int | None = None
    # Kinds of which at least so many are to be recorded, and by which horizon.
    numbers: tuple[tuple[str, int, int], ...] = ()
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
        at_least: Sequence[AtLeast] = (),
        baseline: int = BASELINE_MONTHS,
    ) -> Self:
        """Check what is asked against a panel."""
        require_consistent(above, at, by, baseline)
        clock = Clock.of(panel)
        months = [months_ahead(clock.last_day(), at, "at")] if at else horizons
        if not months or len(set(months)) < len(months) or not all(1 <= one <= LONGEST_HORIZON for one in months):
            raise SpecError(
                f"horizons: {list(months)} are not different whole months from 1 to {LONGEST_HORIZON}. "
                "Use some such as (3, 6, 12, 24)."
            )
        ordered = tuple(sorted(int(one) for one in months))
        for option, given in (("at-least", bool(at_least)), ("above", above is not None)):
            if given and not panel_kind(panel).coded:
                raise SpecError(f"{option}: the data are an index, of which no events are recorded; leave it out")
        names = [str(name) for name in panel["class_name"].to_numpy()] if at_least else []
        kinds = tuple(one.among(names, ordered) for one in at_least)
        query = cls(ordered, above, months_ahead(clock.last_day(), by, "by") if by else None, kinds, baseline)
        require_given(panel, dyad, query.reach)
        if query.by is None:
            return query
        covered = np.flatnonzero(by_class(panel, dyad, main_dataset(panel, dyad))[1])
        if not covered.size or covered[-1] < panel.sizes["time"] - 1:
            raise SpecError(
                f"by: coverage ends before {clock.name()}, so that windows which are half over cannot be counted; "
                "choose an earlier as-of day, or --at"
            )
        if covered.size < clock.periods(main_horizon(ordered)):
            raise SpecError(f"by: fewer than {clock.span(main_horizon(ordered))} are covered; choose shorter horizons")
        return query

    @property
    def windows(self) -> tuple[int, ...]:
        """Months of the windows ahead whose share is asked for."""
        return self.horizons if self.by is None else (*self.horizons, self.by)

    @property
    def reach(self) -> int:
        """The farthest month that is asked about."""
        return max(self.horizons[-1], self.by or 0, *(months for _, _, months in self.numbers))


def require_consistent(above: float | None, at: date | None, by: date | None, baseline: int = BASELINE_MONTHS) -> None:
    """Make sure that a share and months can be asked for together."""
    if not 1 <= baseline <= LONGEST_HORIZON:
        raise SpecError(f"baseline: {baseline} months; expected 1 to {LONGEST_HORIZON}")
    if above is not None and not 0 < above < 100:
        raise SpecError(f"above: got {above:g}; expected a share in per cent, more than 0 and less than 100")
    if above is not None and (fault := described_fraction("above", above)):
        raise SpecError(fault)
    if by is not None and at is not None:
        raise SpecError("at, by: one asks for a month, the other for any month up to one; give one of them")
    if by is not None and above is None:
        raise SpecError("by: the month up to which a share is to be reached; give the share too, with above")
