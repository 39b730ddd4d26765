"""Archive of feeds: each file imported once, every edition kept, events read as of any day.

Entry points: `import_files` adds files and `read_archive` reads events (docs/archive.md).
"""

from forecast.data.archive.import_outcome import ImportedFile, ImportSummary
from forecast.data.archive.importing import import_files
from forecast.data.archive.reading import read_archive
from forecast.data.archive.segments import Repaired, repair_archive
from forecast.data.archive.status import ArchiveStatus, archive_status

__all__ = [
    "ArchiveStatus",
    "ImportSummary",
    "ImportedFile",
    "Repaired",
    "archive_status",
    "import_files",
    "read_archive",
    "repair_archive",
]
