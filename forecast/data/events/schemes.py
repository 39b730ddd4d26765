"""Coding schemes of event tables: codes, their weights, and the CAMEO codes they are counted as.

A scheme is a CSV of codes (`weis.csv`); CAMEO's is that of the codebook. To add one, write its
table and name it in `TITLES` and `TABLES`. Rows without any code are counted as the CAMEO root
nearest to their Goldstein value (`nearest_roots`).
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.data.events.codebook import read_codes, read_small_csv

CAMEO = "cameo"
WEIS = "weis"
TITLES = {CAMEO: "CAMEO", WEIS: "WEIS"}
SCHEMES = tuple(TITLES)
TABLES = {WEIS: Path(__file__).with_name("weis.csv")}
"""The table of every scheme but CAMEO."""
WEIS_ROOTS = ("21", "22")  # seize and force: CAMEO's last root is 20
# Quad classes of cooperation and conflict, by the sign of a Goldstein value
SIDES = {1: (1, 2), -1: (3, 4)}


@dataclass(frozen=True)
class Scheme:
    """A coding scheme."""

    name: str
    # By code: `name`, `goldstein` (missing if the code has no weight) and `cameo`, the code that it
    # is counted as (empty if it is on neither side)
    codes: pd.DataFrame

    @property
    def title(self) -> str:
        """Its name for readers."""
        return TITLES[self.name]

    def as_cameo(self, codes: "pd.Series[str]") -> "pd.Series[str]":
        """Return the CAMEO codes that codes are counted as.

        A code that is not counted follows the name of its scheme, so that it is no CAMEO code.
        """
        if self.name == CAMEO:
            return codes
        counted_as = self.codes["cameo"].where(self.codes["goldstein"].notna(), "")
        cameo = codes.map(counted_as).fillna("")
        return cameo.mask(cameo == "", self.title + " " + codes)

    def words(self, code: str) -> str:
        """Return a code with its scheme and name."""
        if code not in self.codes.index:
            return f"{self.title} {code}"
        return f"{self.title} {code}, {self.codes['name'][code]!s}"

    def fault(self, code: str) -> str:
        """Describe why a code is not counted."""
        if code not in self.codes.index:
            if self.name == CAMEO:
                other = (
                    " (roots 21 and 22 are of WEIS: `scheme: weis`)"
                    if code.startswith(WEIS_ROOTS)
                    else ""
                )
                return f"not a code of the codebook{other}"
            return f"not a code of {self.title}"
        row = self.codes.loc[code]
        if np.isnan(row["goldstein"]):
            return f"{row['name']}, a code without a weight in {self.title}"
        return f"{row['name']}, neither cooperation nor conflict"


@functools.cache
def read_scheme(name: str) -> Scheme:
    """Read a coding scheme."""
    if name == CAMEO:
        return Scheme(name, read_codes())
    table = read_small_csv(TABLES[name], ("code", "name", "goldstein", "cameo"), name).set_index(
        "code"
    )
    return Scheme(name, table.assign(goldstein=pd.to_numeric(table["goldstein"])))


def nearest_roots(values: "pd.Series[float]", quads: "pd.Series[float]") -> "pd.Series[str]":
    """Return the CAMEO root nearest to each Goldstein value, within the quad class if it is known.

    A quad class without a value stands for the mean of its roots. Without either, the root is ''.
    """
    codes = read_codes()
    roots = codes[codes.index.str.len() == 2]
    pairs = list(zip(values.fillna(np.inf), quads.fillna(0.0), strict=True))
    nearest = {pair: _nearest_root(*pair, roots) for pair in set(pairs)}
    return pd.Series([nearest[pair] for pair in pairs], index=values.index, dtype=object)


def _nearest_root(value: float, quad: float, roots: pd.DataFrame) -> str:
    """Return the nearest root for a value (infinite if missing) and a quad class (0 if missing)."""
    if np.isinf(value) and not quad:
        return ""
    quads = (quad,) if quad else SIDES[1 if value >= 0 else -1]
    weights = roots.loc[roots["quad"].isin(quads), "goldstein"]
    if weights.empty:
        return ""
    return str((weights - (weights.mean() if np.isinf(value) else value)).abs().idxmin())
