"""Exceptions that this package raises.

Every exception is a `ForecastError` and also the fitting exception of the standard library. A
message names the file, row or field at fault, what was expected, and how to fix it. `exit_code` is
the exit code of the command `forecast`.
"""


class ForecastError(Exception):
    """Anything this package rejects or cannot do; the base of all its errors.

    Examples
    --------
    >>> from forecast import ForecastError, build_panel, read_chronology
    >>> try:
    ...     build_panel(read_chronology(dyads=["USA-CHN"]), as_of="1930-01-01")
    ... except ForecastError as error:
    ...     print(str(error)[:5])
    as_of
    """

    exit_code = 1


class InputError(ForecastError):
    """Anything that a user gave and can put right."""

    exit_code = 2


class DataError(InputError, ValueError):
    """Data that break their contract: a file, a table, a panel."""


class NoEvents(DataError):
    """Months of a dyad without any event, of which contributions are asked."""


class MappingError(DataError):
    """A mapping file that does not describe the table it is meant for."""


class UnknownDyadError(InputError, LookupError):
    """A dyad that the data at hand do not hold."""


class SpecError(InputError, ValueError):
    """A setting or argument that makes no sense."""


class PlanError(SpecError):
    """A plan that is malformed, not frozen, or no longer that of its data."""


class QuestionError(SpecError):
    """A question that is malformed, or asks for what its data do not have."""


class RareCondition(QuestionError):
    """A condition that is true in too few simulations to say what follows from it."""


class LedgerError(DataError):
    """A ledger that has been edited, or an entry that does not follow from those before."""


class FitFileError(InputError, ValueError):
    """A saved fit that is corrupt, foreign, or of a schema this version does not know."""


class OutputError(ForecastError, OSError):
    """A place that cannot be written to."""


class OutputPathError(InputError, OutputError):
    """A place that must not be written to: an input, somebody's file, or no name of a file."""


class NotConverged(ForecastError):
    """Error for a fit that failed the convergence checks where a converged one is required."""

    exit_code = 3


class NoHigherShare(SpecError):
    """A baseline so high that no share can be as much higher as a question asks."""


class NotUpdatable(ForecastError):
    """A fit whose draws do not carry what has become known since; only a new fit will do."""

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause or message


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
