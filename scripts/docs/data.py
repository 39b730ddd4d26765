"""Pages on the embedded data: the dyads with their coverage and eras, and the codebook."""

import csv
from pathlib import Path

from .text import plain, table

SCALE = "commitment"
"""Scale by which the codebook's codes are put into kinds."""
QUADS = {"1": "verbal cooperation", "2": "material cooperation", "3": "verbal conflict", "4": "material conflict"}


def data_pages(root: Path) -> dict[str, str]:
    """Return the pages on dyads and on the codebook."""
    data = root / "data"
    return {"dyads.md": "\n".join(_dyads(data)), "codebook.md": "\n".join(_codebook(data / "codebook"))}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _dyads(folder: Path) -> list[str]:
    coverage = {row["dyad"]: row for row in _read(folder / "coverage.csv")}
    lines = [
        "# Dyads and eras", "",
        "The embedded chronology is covered from the first day to the last; *together* marks the dyads that are fitted "
        "together by default.", "",
    ]  # fmt: skip
    rows = []
    for one in _read(folder / "dyads.csv"):
        covered = coverage[one["dyad"]]
        rows.append([
            f"`{one['dyad']}`", plain(one["name"]), "together" if one["hierarchy"] == "yes" else "alone",
            f"{covered['start']} to {covered['last_even']}", plain(covered["caveat"] or covered["note"]),
        ])  # fmt: skip
    lines += table(["dyad", "name", "fitted", "covered", "note"], rows)
    lines += ["## Eras", "", "An era counts from the day on which it was recognised.", ""]
    columns = ["dyad", "era", "start", "recognised_at", "name", "reference"]
    return [*lines, *table(columns, [[plain(one[name]) for name in columns] for one in _read(folder / "eras.csv")])]


def _codebook(folder: Path) -> list[str]:
    kinds = {row["class"]: row for row in _read(folder / "scales.csv") if row["scale"] == SCALE}
    classes = {row["code"]: kinds.get(row[SCALE], {"name": ""})["name"] for row in _read(folder / "classes.csv")}
    lines = [
        "# Codebook", "",
        "The chronology and the feeds use CAMEO codes. A scale puts the codes into ordered kinds; the default scale "
        "has the kinds below. [Coding rules](coding.md) say how an event gets its code.", "", "## Kinds", "",
    ]  # fmt: skip
    lines += table(["", "kind", "side"], [[number, one["name"], one["side"]] for number, one in kinds.items()])
    lines += ["## Words for codes", "", "Words that stand for one code in added events and questions.", ""]
    lines += table(["word", "code"], [[one["kind"], f"`{one['code']}`"] for one in _read(folder / "kinds.csv")])
    lines += ["## Codes", "", "A two-sided event has two rows and counts once.", ""]
    rows = [
        [
            f"`{one['code']}`", plain(one["name"]), one["goldstein"], QUADS.get(one["quad"], one["quad"]),
            classes[one["code"]], "" if one["joint"] == "no" else one["joint"],
        ]
        for one in _read(folder / "cameo.csv")
    ]  # fmt: skip
    return [*lines, *table(["code", "name", "Goldstein score", "quad class", "kind", "two-sided"], rows)]
