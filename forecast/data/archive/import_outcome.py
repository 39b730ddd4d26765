"""Outcome of an import: what became of each file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from forecast.base.wording import Card, Displayed, count


class ImportedFile(NamedTuple):
    """Outcome of the import of one file."""

    name: str
    dataset: str  # '' for a file of no feed
    # `imported`; `known`, if it is in the archive already; `skipped`, if it is of no feed but lies
    # in a folder or archive that was named; or `failed`.
    became: str
    rows: int = 0  # Its rows
    between: int = 0  # Those between two states
    rejected: int = 0
    filtered: int = 0  # Those that are not between two states
    reason: str = ""  # Why it was skipped or failed, or under which name it is known
    finding: str = ""  # In words, if its rows are not of the days in its name


@dataclass(frozen=True, repr=False)
class ImportSummary(Displayed):
    """Outcome of an import."""

    archive: Path
    files: tuple[ImportedFile, ...]

    def of(self, became: str) -> list[ImportedFile]:
        """Return the files of which something became, such as ``failed``."""
        return [file for file in self.files if file.became == became]

    @property
    def findings(self) -> list[str]:
        """Contradictions between the names of files and their rows."""
        return [file.finding for file in self.files if file.finding]

    @property
    def sentence(self) -> str:
        """Summary of the import in words."""
        new = self.of("imported")
        rows = sum(file.rows for file in new)
        between = sum(file.between for file in new)
        words = [
            f"{count(len(new), 'file')} imported: {rows:,} rows, {between:,} of them between two "
            "states"
        ]
        for became, more in (
            ("known", "in the archive already"),
            ("skipped", "of no feed"),
            ("failed", "not read"),
        ):
            if files := self.of(became):
                words.append(f"{count(len(files), 'file')} {more}")
        if self.findings:
            words.append(f"{count(len(self.findings), 'file')} of other days than the name says")
        return "; ".join(words) + "."

    def summary(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        return {
            "schema": 1,
            "archive": str(self.archive),
            "files": [file._asdict() for file in self.files],
        }

    def _card(self) -> Card:
        return Card(f"Import into {self.archive}", (("files", self.sentence),))
