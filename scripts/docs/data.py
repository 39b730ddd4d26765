"""Pages on the embedded data: the dyads with their coverage and eras, and the codebook."""

from pathlib import Path

import pandas as pd

from .text import cell, plain, table

CODES = "commitment"
"""Scale by which the codebook's codes are put into kinds."""


def data_pages(root: Path) -> dict[str, str]:
    """Return the pages on dyads and on the codebook."""
    data = root / "data"
    return {"dyads.md": "\n".join(_dyads(data)), "codebook.md": "\n".join(_codebook(data / "codebook"))}


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _dyads(folder: Path) -> list[str]:
    dyads, eras = _read(folder / "dyads.csv"), _read(folder / "eras.csv")
    coverage = _read(folder / "coverage.csv").set_index("dyad")
    lines = [
        "# Dyads and eras", "",
        "The embedded chronology is covered from the first day to the last; *together* marks the dyads that are fitted "
        "together by default.", "",
    ]  # fmt: skip
    lines += table(
        ["dyad", "name", "fitted", "covered", "note"],
        [
            [
                f"`{one.dyad}`", plain(one.name), "together" if one.hierarchy == "yes" else "alone",
                f"{coverage.at[one.dyad, 'start']} to {coverage.at[one.dyad, 'last_even']}",
                plain(coverage.at[one.dyad, "caveat"] or coverage.at[one.dyad, "note"]),
            ]
            for one in dyads.itertuples(index=False)
        ],
    )  # fmt: skip
    lines += ["## Eras", "", "An era counts from the day on which it was recognised.", ""]
    lines += table(
        ["dyad", "era", "start", "recognised", "name", "reference"],
        [
            [f"`{one.dyad}`", f"`{one.era}`", one.start, one.recognised_at, plain(one.name), plain(one.reference)]
            for one in eras.itertuples(index=False)
        ],
    )
    return lines


def _codebook(folder: Path) -> list[str]:
    codes, classes = _read(folder / "cameo.csv"), _read(folder / "classes.csv").set_index("code")
    scales, kinds = _read(folder / "scales.csv"), _read(folder / "kinds.csv")
    names = {row["class"]: row for _, row in scales[scales["scale"] == CODES].iterrows()}
    lines = [
        "# Codebook", "",
        "The chronology and the feeds use CAMEO codes. A scale puts the codes into ordered kinds; the default scale "
        "has the kinds below. [Coding rules](coding.md) say how an event gets its code.", "", "## Kinds", "",
    ]  # fmt: skip
    lines += table(["", "kind", "side"], [[n, plain(row["name"]), row["side"]] for n, row in names.items()])
    lines += ["## Words for codes", "", "Words that stand for one code in added events and questions.", ""]
    lines += table(["word", "code"], [[plain(one.kind), f"`{one.code}`"] for one in kinds.itertuples(index=False)])
    lines += ["## Codes", "", "A two-sided event has two rows and counts once.", ""]
    quads = {"1": "verbal cooperation", "2": "material cooperation", "3": "verbal conflict", "4": "material conflict"}
    lines += table(
        ["code", "name", "Goldstein score", "quad class", "kind", "two-sided"],
        [
            [
                f"`{one.code}`", cell(plain(one.name)), one.goldstein, quads.get(one.quad, one.quad),
                plain(names[classes.at[one.code, CODES]]["name"]) if classes.at[one.code, CODES] in names else "",
                one.joint if one.joint != "no" else "",
            ]
            for one in codes.itertuples(index=False)
        ],
    )  # fmt: skip
    return lines
