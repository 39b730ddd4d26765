"""Put the numbers and the figure of data/DATASHEET.md in order with the data.

Run from anywhere: ``python scripts/make_datasheet.py``. It rewrites what stands between the marks
``<!-- numbers: NAME -->`` and ``<!-- end -->``, and draws data/datasheet.svg.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.events import read_chronology
from forecast.events.codebook import Scale, read_scale, read_small_csv
from forecast.events.tables import chronology_files
from forecast.files import write_text
from forecast.panel import summarise

DATA = Path(__file__).resolve().parent.parent / "data"
MARKED = re.compile(r"(<!-- numbers: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
# From hostile to cooperative; distinguishable also for the colour-blind, and in grey by their lightness.
COLOURS = ("#67001f", "#b2182b", "#d6604d", "#f4a582", "#d1e5f0", "#92c5de", "#4393c3", "#053061")


def main() -> None:
    """Rewrite the tables of the datasheet and draw its figure."""
    rows = read_rows()
    sheet = DATA / "DATASHEET.md"
    write_text(sheet, with_numbers(sheet.read_text("utf-8"), rows))
    draw(rows).savefig(DATA / "datasheet.svg", metadata={"Date": None})


def read_rows() -> pd.DataFrame:
    """Return all rows of the chronology as they stand in the files, with dyad, year, decade and class."""
    files = [read_small_csv(path).assign(dyad=dyad) for dyad, path in chronology_files().items()]
    rows = pd.concat(files, ignore_index=True)
    year = rows["date"].str[:4].astype(int)
    kind = rows["cameo"].map(read_scale("commitment").class_of)
    return rows.assign(year=year, decade=year // 10 * 10, kind=kind, checked=rows["verified"] == "yes")


def with_numbers(text: str, rows: pd.DataFrame) -> str:
    """Return the datasheet with the tables that follow from `rows` between its marks."""
    tables = {
        "dyads": by_dyad,
        "kinds": by_kind,
        "spans": spans,
        "references": by_reference,
        "rules": exceptions,
    }
    return MARKED.sub(lambda match: f"{match[1]}{tables[match[2]](rows)}\n{match[3]}", text)


def by_dyad(rows: pd.DataFrame) -> str:
    """Return how much there is of each dyad, and how much of it was checked."""
    summary = summarise(read_chronology()).set_index("dyad")
    grouped = rows.groupby("dyad")
    table = pd.DataFrame(
        {
            "rows": summary["rows"],
            "events": summary["events"],
            "first": summary["first"].dt.strftime("%Y-%m-%d"),
            "last": summary["last"].dt.strftime("%Y-%m-%d"),
            "coverage end": summary["last_even"].dt.strftime("%Y-%m-%d"),
            "covered months": summary["months"],
            "of these empty": summary["empty_months"],
            "day not known": _percent(grouped["precision"].agg(lambda p: (p == "month").mean())),
            "checked": _percent(grouped["checked"].mean()),
        }
    ).loc[summary.index]
    table.loc["all"] = pd.Series(
        {
            "rows": len(rows),
            "events": summary["events"].sum(),
            "day not known": f"{(rows['precision'] == 'month').mean():.0%}",
            "checked": f"{rows['checked'].mean():.0%}",
        }
    )
    return _markdown(table, "dyad")


def by_kind(rows: pd.DataFrame) -> str:
    """Return rows by class and dyad."""
    table = _crossed(rows, "kind")
    table.index = pd.Index([f"{place} {name}" for place, name in enumerate(read_scale("commitment").classes)])
    return _markdown(table, "kind")


def spans(_: pd.DataFrame) -> str:
    """Return from when to when each file is even, and where it is thin."""
    table = read_small_csv(DATA / "coverage.csv").set_index("dyad")
    named = table.rename(columns={"last_even": "end", "empty_years": "years without a row"})
    return _markdown(named[["start", "end", "years without a row", "note"]], "dyad", texts=4)


def by_reference(rows: pd.DataFrame) -> str:
    """Return rows by dyad and by what their reference is."""
    text, named = rows["reference"], ["address", "portal", "publisher", "unchecked"]
    kind = pd.Series("publisher", index=rows.index)
    kind[text.str.contains("://")] = "address"
    kind[text.str.contains("Portal:Current events")] = "portal"
    kind[~rows["checked"]] = "unchecked"
    table = pd.crosstab(rows["dyad"], kind).reindex(rows["dyad"].unique())[named]
    table.loc["all"] = table.sum()
    return _markdown(table, "dyad")


def exceptions(rows: pd.DataFrame) -> str:
    """Return how many rows break a coding rule, by rule and dyad."""
    named = read_small_csv(DATA / "codebook" / "exceptions.csv")
    counted = named.groupby(["rule", "dyad"], as_index=False).size().itertuples(index=False, name=None)
    parts = [f"{n} of the rule *{rule}* in {dyad}" for rule, dyad, n in counted]
    return f"{len(named)} of {len(rows):,} rows are named exceptions{': ' if parts else ''}{', '.join(parts)}."


def draw(rows: pd.DataFrame) -> Any:
    """Draw rows per year by dyad, kinds by decade and the share of checked rows by dyad and decade."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update(
        {"svg.hashsalt": "datasheet", "svg.fonttype": "none", "font.size": 8, "axes.titlesize": 9}
    )
    import matplotlib.pyplot as plt

    dyads = list(rows.groupby("dyad", sort=False))
    lines = -(-len(dyads) // 2) + 1
    heights = [*[1.0] * (lines - 1), 1.6]
    figure, axes = plt.subplots(
        lines, 2, figsize=(9, 2 * lines + 1.5), layout="constrained", gridspec_kw={"height_ratios": heights}
    )
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    scale = read_scale("commitment")
    for axis, (dyad, own) in zip(axes[:-1].flat, dyads, strict=False):
        _draw_years(axis, str(dyad), own, scale)
    for axis in axes[:-1].flat[len(dyads) :]:
        axis.remove()
    _draw_kinds(axes[-1, 0], rows, scale)
    _draw_checked(axes[-1, 1], rows)
    figure.suptitle("The chronology: rows per year, what kind they are, and how many were checked")
    return figure


def _draw_years(axis: Any, dyad: str, rows: pd.DataFrame, scale: Scale) -> None:
    conflict = rows["kind"] < scale.zero_cut
    years = np.arange(1945, rows["year"].max() + 1)
    edges = np.append(years, years[-1] + 1) - 0.5
    above = rows[~conflict].groupby("year").size().reindex(years, fill_value=0)
    below = rows[conflict].groupby("year").size().reindex(years, fill_value=0)
    axis.stairs(above, edges, fill=True, color=COLOURS[6], label="cooperation")
    axis.stairs(-below, edges, fill=True, color=COLOURS[2], label="conflict")
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set(title=dyad, xlim=(1944, 2027), ylabel="rows per year")
    axis.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    if dyad == "USA-CHN":
        axis.legend(loc="upper left", frameon=False)


def _draw_kinds(axis: Any, rows: pd.DataFrame, scale: Scale) -> None:
    shares = pd.crosstab(rows["decade"], rows["kind"], normalize="index") * 100
    left = shares.iloc[:, 0] * 0
    for place, name in enumerate(scale.classes):
        axis.barh(shares.index, shares[place], left=left, height=8.5, color=COLOURS[place], label=name)
        left = left + shares[place]
    axis.set(title="kind of event by decade, all dyads", xlim=(0, 100), xlabel="% of rows")
    axis.set_yticks(shares.index, [f"{decade}s" for decade in shares.index])
    axis.invert_yaxis()
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2, frameon=False, fontsize=7)


def _draw_checked(axis: Any, rows: pd.DataFrame) -> None:
    checked = rows.groupby(["dyad", "decade"], sort=False)["checked"].agg(["mean", "size"])
    # A share of a handful of rows would only draw the eye.
    shares = (checked["mean"] * 100).where(checked["size"] >= 10).unstack().sort_index(axis=1)
    shares = shares.reindex(rows["dyad"].unique())
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (line, column), share in np.ndenumerate(shares.to_numpy()):
        if not np.isnan(share):
            ink = "white" if share > 60 else "black"
            axis.text(column, line, f"{share:.0f}", ha="center", va="center", color=ink)
    axis.set(title="% of rows checked, by decade (10 rows or more)")
    axis.set_xticks(range(len(shares.columns)), [f"{decade}s" for decade in shares.columns])
    axis.set_yticks(range(len(shares.index)), shares.index)
    axis.tick_params(length=0)


def _crossed(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count rows by something and dyad, with their total and the share checked."""
    table = pd.crosstab(rows[by], rows["dyad"])[list(rows["dyad"].unique())]
    table["all"] = table.sum(axis=1)
    table["checked"] = _percent(rows.groupby(by)["checked"].mean())
    return table


def _percent(shares: pd.Series) -> pd.Series:
    return shares.map("{:.0%}".format)


def _markdown(table: pd.DataFrame, name: str, texts: int = 0) -> str:
    """Return a table in Markdown, its first columns of texts set left."""
    lines = [[name, *table.columns], ["---", *["---"] * texts, *["---:"] * (len(table.columns) - texts)]]
    lines += [[str(label), *map(_cell, cells)] for label, *cells in table.itertuples(name=None)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else f"{value:.0f}"


if __name__ == "__main__":
    main()
