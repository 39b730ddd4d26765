"""Settings of a fetch (docs/fetching.md), and its errors by the action they require."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forecast.arguments import faults, named_values
from forecast.errors import ForecastError, SpecError

GIGABYTE = 1_000_000_000


class FetchSettings(BaseModel):
    """Settings of a fetch.

    Attributes
    ----------
    parallel : int
        How many files at once, 1 to 8.
    per_second : float
        How many requests a second a server gets at most.
    attempts : int
        How often a file is tried before it has failed.
    first_wait, longest_wait : float
        Seconds before the second attempt, doubled with each and varied at random; and at most, also where the server
        says how long to wait.
    stall : float
        Seconds without a byte, or with fewer than `slowest` a second, after which an attempt ends.
    slowest : float
        Bytes a second.
    redirects : int
        How many redirects are followed for a file.
    largest_file, largest_list : int
        Bytes of a file and of a list of files; what is larger is not fetched.
    give_up_after : int
        After so many files in a row that have failed, the run ends.
    originals : bool
        Whether of a table that Dataverse has converted the file that was published is fetched, as it was.

    Examples
    --------
    >>> from forecast.fetch import FetchSettings
    >>> FetchSettings(parallel=2).attempts
    5
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parallel: int = Field(default=4, ge=1, le=8)
    per_second: float = Field(default=8.0, gt=0, le=1_000)
    attempts: int = Field(default=5, ge=1, le=20)
    first_wait: float = Field(default=1.0, ge=0, le=600)
    longest_wait: float = Field(default=120.0, ge=0, le=3_600)
    stall: float = Field(default=30.0, gt=0, le=3_600)
    slowest: float = Field(default=100.0, ge=0)
    redirects: int = Field(default=5, ge=0, le=20)
    largest_file: int = Field(default=20 * GIGABYTE, ge=1)
    largest_list: int = Field(default=2 * GIGABYTE, ge=1)
    give_up_after: int = Field(default=10, ge=1)
    originals: bool = True

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError(f"fetch setting {faults(error)}. See docs/fetching.md for every setting.") from error


def parse_settings(texts: list[str]) -> FetchSettings:
    """Read settings from texts such as ``parallel=2``."""
    return FetchSettings(**named_values(texts, "fetch setting", "parallel=2"))


class FetchError(ForecastError):
    """A file, list or answer that cannot be had; trying again at once would not help."""


class PassingError(FetchError):
    """Temporary error, such as a busy server or a broken connection."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class AbsentError(FetchError):
    """Error for a file that does not exist at the source."""


class StoppedError(FetchError):
    """A fetch that was asked to stop."""
