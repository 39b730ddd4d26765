"""SHA-256 digests of content, tables and files."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def digest(content: "bytes | pd.DataFrame") -> str:
    """Return the SHA-256 of bytes, or of a table's CSV form, in hexadecimal."""
    data = (
        content
        if isinstance(content, bytes)
        else content.to_csv(index=False, lineterminator="\n").encode()
    )
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path, kind: str = "sha256") -> str:
    """Return a digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()
