"""Groups of options that several commands have, and what they say together."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import forecast
from forecast.base.dates import parse_date, parse_horizons
from forecast.base.errors import SpecError
from forecast.cli.data import DataOptions

if TYPE_CHECKING:
    from datetime import date

    from forecast.data.sources import Data

DEFAULT_HORIZONS = "3,6,12,24"  # months ahead


@dataclass(kw_only=True)
class EventChoices:
    """Which events of a set count."""

    by: str | None = None
    actor: str | None = None
    quiet: int | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """The fields of `forecast.AskedEvents` that these are."""
        return {"by": self.by and self.by.upper(), "actor": self.actor, "quiet": self.quiet}


@dataclass(kw_only=True)
class WindowOptions:
    """Months ahead, and what is asked of them."""

    horizons: str | None = None
    above: float | None = None
    baseline: int = 12
    at: str | None = None
    by: str | None = None
    improvement: float = 5.0

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments by which an outlook is asked for."""
        if self.horizons and self.at:
            raise SpecError("--horizons, --at: both say how far ahead; leave out one of them")
        return {
            "horizons": parse_horizons(self.horizons or DEFAULT_HORIZONS),
            "baseline_months": self.baseline,
            "above": self.above,
            "at": day_of(self.at, "at"),
            "by": day_of(self.by, "by"),
            "improvement": self.improvement,
        }


@dataclass(kw_only=True)
class DriverOptions:
    """Covariates and what they act on."""

    drivers: Path | None = None
    driver_acts: str | None = None
    driver_future: str = "given"


@dataclass(kw_only=True)
class SamplerOptions:
    """Number of draws to sample, and cores to use."""

    seed: int = 1
    draws: int | None = None
    tune: int | None = None
    chains: int | None = None
    cores: int | None = None


@dataclass(kw_only=True)
class ClaimOptions(DataOptions):
    """Data of the tests of claims."""

    as_of: str | None = None
    frequency: Literal["month", "week"] = "month"
    together: str | None = None
    claims: str | None = None
    seed: int = 1

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the claims; none for the default."""
        return tuple(code.strip() for code in self.claims.split(",")) if self.claims else ()

    def read(self) -> "Data":
        """Read the data and count them into one panel."""
        return forecast.read_sources(
            self.source or forecast.Source(),
            dyads_of(self.together),
            as_of=day_of(self.as_of, "as-of"),
            frequency=self.frequency,
        )


def day_of(text: str | None, name: str) -> "date | None":
    """Return the day that an option names; None if it was not given."""
    return parse_date(text, name) if text else None


def dyads_of(given: str | list[str] | None, option: str = "--with") -> tuple[str, ...] | None:
    """Return the dyads of an option or argument, separated by commas or given one by one.

    None if none was given.
    """
    if not (given or given == ""):
        return None
    text = given if isinstance(given, str) else ",".join(given)
    if dyads := tuple(word.strip() for word in text.split(",") if word.strip()):
        return dyads
    raise SpecError(
        f"{option}: no dyad is given; name some, such as USA-RUS,CHN-RUS, or leave it out"
    )
