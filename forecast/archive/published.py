"""Since when files could be had, as the manifest of a fetch in their folder says (docs/schema/fetch-json.md).

A manifest knows files by their content, so that renaming one loses nothing, and one that was changed has no day.
"""

import json
import re
from datetime import date
from pathlib import Path

from forecast.errors import DataError
from forecast.feeds.lines import MANIFEST
from forecast.files import read_bytes

SCHEMA = 1
LARGEST = 1_000_000_000
"""Bytes of a manifest."""
SAID = re.compile(rb'"published":\s*"[^"]')


def published_days(folder: Path) -> dict[str, str]:
    """Return the days on which files of a folder were published, by their SHA-256.

    Nothing is returned for a folder without a manifest, or of files for which it says no day. A file that was
    published twice could be had since the first time.
    """
    path = folder / MANIFEST
    try:
        content = read_bytes(path, LARGEST)
        if not SAID.search(content):  # of GDELT, with tens of thousands of files, none is
            return {}
        manifest = json.loads(content)
        known = [(one["sha256"], one["published"]) for one in manifest["slots"] if one.get("published")]
        days: dict[str, str] = {}
        for sha256, day in known:
            if sha256:
                days[sha256] = earliest(date.fromisoformat(day).isoformat(), days.get(sha256, ""))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise DataError(
            f"{path} is no manifest of a fetch: {reason}. Its files are taken without the days on which they were "
            "published. Bring it back from a copy, or fetch them again, and repeat the import."
        ) from error
    if manifest.get("schema") != SCHEMA:
        raise DataError(
            f"{path} has schema {manifest.get('schema')!r:.20}; this version reads {SCHEMA}. Its files are taken "
            "without the days on which they were published."
        )
    return days


def earliest(one: str, other: str) -> str:
    """Return the earlier of two days as ISO writes them; of one and none, the one."""
    return min(filter(None, (one, other)), default="")
