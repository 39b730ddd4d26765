"""What can go wrong with a file on its way, sorted by what to do about it."""

from forecast.errors import ForecastError


class FetchError(ForecastError):
    """A file, list or answer that cannot be had; trying again at once would not help."""


class PassingError(FetchError):
    """What may be over in a while: a server that is busy, a connection that broke."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class AbsentError(FetchError):
    """What is not there."""


class StoppedError(FetchError):
    """A fetch that was asked to stop."""
