"""Codebook: scale value and ordinal class of each CAMEO code.

The code table and the scales are data (`data/codebook`), so that another scale needs a column and no code.
Codes are always text: '010' (make a statement) is not '10' (demand).
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, SpecError
from forecast.resources import data_folder
from forecast.wording import join

if TYPE_CHECKING:
    import pandas as pd

VISIT, HOST = "042", "043"
"""The two rows of a visit, one event under either code."""


@dataclass(frozen=True)
class Scale:
    """An ordering of all codes into classes, from the most hostile to the most cooperative."""

    name: str
    classes: tuple[str, ...]
    zero_cut: int
    """Number of conflict classes: the boundary between conflict and cooperation."""
    class_of: "pd.Series[int]"
    """The class of each code."""


@functools.cache
def read_codes() -> "pd.DataFrame":
    """Read the code table."""
    codes = read_small_csv(data_folder() / "codebook" / "cameo.csv").set_index("code")
    return codes.assign(
        goldstein=codes["goldstein"].astype(float),
        quad=codes["quad"].astype(int),
        joint=codes["joint"] == "yes",
    )


@functools.cache
def read_scale(name: str) -> Scale:
    """Read one of the ordinal scales."""
    folder = data_folder() / "codebook"
    scales = read_small_csv(folder / "scales.csv")
    rows = scales[scales["scale"] == name]
    if rows.empty:
        raise SpecError(f"scale: there is no scale {name!r}. Use one of: {', '.join(scale_names())}.")
    classes = read_small_csv(folder / "classes.csv").set_index("code")
    return Scale(
        name=name,
        classes=tuple(rows["name"]),
        zero_cut=int((rows["side"] == "conflict").sum()),
        class_of=classes[name].astype(int),
    )


def scale_names() -> list[str]:
    """Return the names of the ordinal scales."""
    return list(read_small_csv(data_folder() / "codebook" / "scales.csv")["scale"].unique())


def read_small_csv(path: Path) -> "pd.DataFrame":
    """Read one of the package's own tables, every cell as text, nothing taken for missing."""
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}. Restore the file.") from error


@functools.cache
def read_kinds() -> dict[str, str]:
    """Read the words for kinds of events."""
    table = read_small_csv(data_folder() / "codebook" / "kinds.csv")
    return dict(zip(table["kind"], table["code"], strict=True))


def code_of_kind(kind: str) -> str:
    """Return the CAMEO code that a word for a kind of events stands for, in any case and with any spaces."""
    words, asked = read_kinds(), " ".join(kind.casefold().split())
    for word in (asked, asked.removesuffix("s")):
        if word in words:
            return words[word]
    raise DataError(f"kind {kind!r:.60}: there is no such kind; the kinds are {join(words)}")
