"""What became of every row of a feed: kept, rejected, filtered by a setting, or a repetition."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.wording import count

if TYPE_CHECKING:
    import pandas as pd


class FileAccount(NamedTuple):
    """The rows of a file by what became of them; `rows` is the sum of the four after it."""

    name: str
    rows: int  # A row is a duplicate if it repeats another, or reports a happening again that another row has
    kept: int
    rejected: int
    filtered: int
    duplicates: int
    mended: int  # How many of the rows are not UTF-8 and were read nevertheless


class Unread(NamedTuple):
    """A file of which nothing could be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class FeedAccount:
    """What became of the rows of a feed's files."""

    feed: str  # Its name, which is that of the dataset
    title: str  # Its name for readers
    settings: str  # What was counted, in words
    files: tuple[FileAccount, ...]
    filtered_by: dict[str, int]  # How many rows were filtered for which reason
    duplicates: "pd.DataFrame"  # `file`, `line` and `reason` of each duplicate
    filtered: "pd.DataFrame"  # The same of each filtered row; empty unless the settings ask for the list
    unread: tuple[Unread, ...] = ()  # Files that could not be read, and why; nothing of them is in the table
    findings: tuple[str, ...] = ()  # Files that were read and whose rows are not of the days in their names

    def total(self, what: str) -> int:
        """Return a number of rows over all files, such as that of `kept` rows."""
        return sum(int(getattr(file, what)) for file in self.files)

    @property
    def sentence(self) -> str:
        """What became of the rows, and what was counted, in words."""
        numbers = {name: f"{self.total(name):,}" for name in FileAccount._fields[1:6]}
        unread = f" Not read: {count(len(self.unread), 'file')}." if self.unread else ""
        other = f" Of other days than their names say: {count(len(self.findings), 'file')}." if self.findings else ""
        return (
            f"{self.title}: {numbers['rows']} rows, {numbers['kept']} kept, {numbers['rejected']} rejected, "
            f"{numbers['filtered']} filtered, {numbers['duplicates']} duplicates.{unread}{other} "
            f"Settings: {self.settings}."
        )

    def summary(self) -> dict[str, Any]:
        """Return the account for JSON."""
        return {
            "feed": self.feed,
            "settings": self.settings,
            "files": [file._asdict() for file in self.files],
            "filtered_by": self.filtered_by,
            "unread": [file._asdict() for file in self.unread],
            "findings": list(self.findings),
        }
