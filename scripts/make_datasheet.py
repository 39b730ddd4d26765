"""Write the numbers and the figure of data/DATASHEET.md, and the digests of the edition.

Run from anywhere: ``python scripts/make_datasheet.py``. It rewrites what stands between the marks
``<!-- numbers: NAME -->`` and ``<!-- end -->``, draws data/datasheet.svg, and writes the digests of
the files into the rows of the last edition in data/editions.csv.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import beta

from forecast.base.files import write_csv, write_text
from forecast.data.events import read_chronology, read_dyads
from forecast.data.events.chronology import chronology_files
from forecast.data.events.codebook import Scale, read_codes, read_scale, read_small_csv
from forecast.data.events.editions import COLUMNS, TABLE, edition_files, embedded_digests
from forecast.data.events.table import event_counts
from forecast.data.events.tables import is_unchecked
from forecast.data.panel import build_panel, observed_years, summarise

DATA = Path(__file__).resolve().parent.parent / "data"
MARKED = re.compile(r"(<!-- numbers: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
# From hostile to cooperative; distinguishable also for the colour-blind, and in grey by their
# lightness.
COLOURS = ("#67001f", "#b2182b", "#d6604d", "#f4a582", "#d1e5f0", "#92c5de", "#4393c3", "#053061")


def main() -> None:
    """Rewrite the tables of the datasheet and draw its figure."""
    write_edition()
    rows = read_rows()
    sheet = DATA / "DATASHEET.md"
    write_text(sheet, with_numbers(sheet.read_text("utf-8"), rows))
    draw(rows).savefig(DATA / "datasheet.svg", metadata={"Date": None})


def write_edition() -> None:
    """Write the digests of the files as those of the last edition."""
    current, *_ = reversed(edition_files())
    editions = {edition: files for edition, files in edition_files().items() if edition != current}
    rows = [
        (edition.number, edition.name, file, sha256)
        for edition, files in (*editions.items(), (current, embedded_digests()))
        for file, sha256 in files.items()
    ]
    write_csv(DATA / TABLE, pd.DataFrame(rows, columns=list(COLUMNS)))


def read_rows() -> pd.DataFrame:
    """Return all rows of the chronology as in the files, with dyad, year, decade and class."""
    files = [read_small_csv(path).assign(dyad=dyad) for dyad, path in chronology_files().items()]
    rows = pd.concat(files, ignore_index=True)
    year = rows["date"].str[:4].astype(int)
    kind = rows["cameo"].map(read_scale("commitment").class_of)
    return rows.assign(
        year=year, decade=year // 10 * 10, kind=kind, checked=rows["verified"] == "yes"
    )


def with_numbers(text: str, rows: pd.DataFrame) -> str:
    """Return the datasheet with the tables that follow from `rows` between its marks."""
    tables = {
        "dyads": by_dyad,
        "kinds": by_kind,
        "spans": spans,
        "references": by_reference,
        "coders": by_coders,
        "coders_by_dyad": coders_by_dyad,
        "checked": by_checked,
        "thin": thin_years,
        "rules": exceptions,
        "changes": by_change,
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
    table.index = pd.Index(
        [f"{number} {name}" for number, name in enumerate(read_scale("commitment").classes)]
    )
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
    counted = (
        named.groupby(["rule", "dyad"], as_index=False).size().itertuples(index=False, name=None)
    )
    parts = [f"{n} of the rule *{rule}* in {dyad}" for rule, dyad, n in counted]
    colon = ": " if parts else ""
    return f"{len(named)} of {len(rows):,} rows are named exceptions{colon}{', '.join(parts)}."


RESAMPLES = 1000  # bootstrap samples; the ends of intervals move by less than .01 with more
PERIODS = {"to 1974": (0, 1974), "1975 to 2001": (1975, 2001), "2002 and later": (2002, 9999)}
LEVELS = ("exact", "root", "kind", "quad", "side")


def read_coders(file: str = "second-coder.csv") -> pd.DataFrame:
    """Return the rows coded twice, codes with root, kind, quad class, side and Goldstein value."""
    rows = read_small_csv(DATA / file).rename(columns={"file": "dyad"})
    scale, codes = read_scale("commitment"), read_codes()
    for coder in ("first", "second"):
        code = rows[f"{coder}_code"]
        kind = code.map(scale.class_of)
        values = {
            "exact": code,
            "root": code.str[:2],
            "kind": kind,
            "quad": code.map(codes["quad"]),
            "side": kind >= scale.zero_cut,
            "goldstein": code.map(codes["goldstein"]),
        }
        for level, value in values.items():
            rows[f"{level}_{coder}"] = value
    return rows.assign(year=rows["date"].str[:4].astype(int))


def kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Return Cohen's kappa of two codings by whole numbers from 0; 1 where both give one code."""
    size = max(first.max(), second.max()) + 1
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (first, second)]
    expected, observed = float(shares[0] @ shares[1]), float((first == second).mean())
    return 1.0 if expected == 1.0 else (observed - expected) / (1.0 - expected)


def by_coders(_: pd.DataFrame) -> str:
    """Return the agreement of the two coders by level and period, with 95% bootstrap intervals."""
    coders = read_coders()
    parts = {"all": coders}
    parts |= {name: coders[coders["year"].between(*years)] for name, years in PERIODS.items()}
    parts["fourth edition"] = read_coders("recoded-blind.csv")
    lines = {name: _agreement(part) for name, part in parts.items()}
    heads = [
        "rows",
        "exact",
        "root, kappa",
        "kind, kappa",
        "quad class, kappa",
        "side",
        "side, kappa",
        "Goldstein, r",
    ]
    return _markdown(pd.DataFrame.from_dict(lines, orient="index", columns=heads), "period")


def _agreement(rows: pd.DataFrame) -> list[str | int]:
    """Return the agreement on some rows, by level, as cells of a table."""
    codes = {level: _numbered(rows, level) for level in LEVELS}
    measures: dict[str, Callable[[np.ndarray], float]] = {
        "exact": lambda sample: float(
            (codes["exact"][0][sample] == codes["exact"][1][sample]).mean()
        ),
        **{level: partial(_kappa_at, *codes[level]) for level in ("root", "kind", "quad")},
        "side": lambda sample: float((codes["side"][0][sample] == codes["side"][1][sample]).mean()),
        "side kappa": partial(_kappa_at, *codes["side"]),
        "goldstein": partial(
            _correlation, *(rows[f"goldstein_{coder}"].to_numpy() for coder in ("first", "second"))
        ),
    }
    samples = _resampled(rows)
    every = np.arange(len(rows))
    return [len(rows), *(_with_interval(measure, every, samples) for measure in measures.values())]


def _numbered(rows: pd.DataFrame, level: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the two codings at a level as whole numbers."""
    both = pd.concat([rows[f"{level}_first"], rows[f"{level}_second"]])
    numbers = pd.factorize(both)[0]
    return numbers[: len(rows)], numbers[len(rows) :]


def _kappa_at(first: np.ndarray, second: np.ndarray, rows: np.ndarray) -> float:
    return kappa(first[rows], second[rows])


def _correlation(first: np.ndarray, second: np.ndarray, rows: np.ndarray) -> float:
    return float(np.corrcoef(first[rows], second[rows])[0, 1])


def _resampled(rows: pd.DataFrame) -> list[np.ndarray]:
    """Return places of rows, drawn with replacement within each dyad, once for each sample."""
    rng = np.random.default_rng(1)
    groups = [np.flatnonzero(rows["dyad"] == dyad) for dyad in rows["dyad"].unique()]
    return [
        np.concatenate([rng.choice(group, len(group)) for group in groups])
        for _ in range(RESAMPLES)
    ]


def _with_interval(
    measure: Callable[[np.ndarray], float], every: np.ndarray, samples: list[np.ndarray]
) -> str:
    low, high = np.quantile([measure(sample) for sample in samples], [0.025, 0.975])
    return f"{_hundredths(measure(every))} ({_hundredths(low)} to {_hundredths(high)})"


def _hundredths(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if round(value, 2) < 1 else "1"


def coders_by_dyad(_: pd.DataFrame) -> str:
    """Return the agreement of the two coders by dyad, and the second's share less the first's."""
    lines = {}
    for dyad, rows in read_coders().groupby("dyad", sort=False):
        same = (rows["side_first"] == rows["side_second"]).sum()
        bias = 100 * (rows["side_second"].mean() - rows["side_first"].mean())
        low, high = beta.ppf([0.025, 0.975], same + 0.5, len(rows) - same + 0.5)
        lines[dyad] = [
            _hundredths(float((rows["exact_first"] == rows["exact_second"]).mean())),
            *(_hundredths(kappa(*_numbered(rows, level))) for level in ("root", "kind", "quad")),
            f"{same} of {len(rows)}",
            f"{_hundredths(low)} to {_hundredths(high)}",
            f"{bias:+.1f}".replace("+0.0", "0").replace("-", "\N{MINUS SIGN}"),
        ]
    heads = [
        "exact",
        "root, kappa",
        "kind, kappa",
        "quad class, kappa",
        "same side",
        "95% interval",
        "second less first, points of share",
    ]
    order = [dyad for dyad in read_dyads().index if dyad in lines]
    return _markdown(
        pd.DataFrame.from_dict(lines, orient="index", columns=heads).loc[order], "dyad"
    )


SINCE = 2002
"""From this year on there are pages of Wikipedia's portal for every day."""


def by_checked(rows: pd.DataFrame) -> str:
    """Return the cooperative share of checked and of unchecked events by dyad since 2002."""
    scale, events = read_scale("commitment"), read_chronology().events
    late = events[events["date"].dt.year >= SINCE]
    counted = pd.DataFrame(
        {
            "dyad": late["dyad"],
            "checked": ~late["reference"].map(is_unchecked),
            "events": event_counts(late),
            "cooperative": event_counts(late).where(
                late["cameo"].map(scale.class_of) >= scale.zero_cut, 0
            ),
        }
    )
    sums = (
        pd.concat([counted, counted.assign(dyad="all")])
        .groupby(["dyad", "checked"])
        .sum()
        .unstack()
    )
    shares = 100 * sums["cooperative"] / sums["events"]
    total = sums["events"].sum(axis=1)
    difference = (shares[False] - shares[True]).round().astype(int)
    table = pd.DataFrame(
        {
            "events": total,
            "checked": _percent(sums["events"][True] / total),
            "share of checked": shares[True].map("{:.0f}%".format),
            "share of unchecked": shares[False].map("{:.0f}%".format),
            "difference, points": difference.map(_signed),
        }
    )
    return _markdown(table.loc[[*rows["dyad"].unique(), "all"]], "dyad")


def _signed(points: int) -> str:
    """Return a number with its sign; 0 has none."""
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}") if points else "0"


def thin_years(rows: pd.DataFrame) -> str:
    """Return the covered years with fewer than five events by dyad."""
    panel, lines = build_panel(read_chronology()), {}
    for dyad in rows["dyad"].unique():
        years = observed_years(panel, dyad)
        thin = [int(year) for year in years.index[years["thin"]]]
        lines[dyad] = [len(years), len(thin), _spans_of_years(thin)]
    table = pd.DataFrame.from_dict(
        lines, orient="index", columns=["covered years", "thin", "which"]
    )
    return _markdown(table[["which", "covered years", "thin"]], "dyad", texts=1)


def _spans_of_years(years: list[int]) -> str:
    """Return years in order as spans: 1951, 1958-66."""
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return ", ".join(
        str(first) if first == last else f"{first}-{last % 100:02}" for first, last in spans
    )


RULES = {
    1: "denials",
    2: "appeals",
    3: "rounds",
    4: "broken off",
    5: "clashes",
    6: "one row a measure",
    7: "`050`",
    8: "no target",
    9: "secret",
}
"""Rules for doubtful cases in their order in codebook/CODING.md."""


def by_change(rows: pd.DataFrame) -> str:
    """Return how many rows were changed, by dyad and rule, with links to the tables of them."""
    files = {path.stem: path for path in (DATA / "changes").glob("*.csv")}
    if not files:
        return "0 rows have been changed."
    lines = {}
    for dyad in [dyad for dyad in rows["dyad"].unique() if dyad in files]:
        changes = read_small_csv(files[dyad])
        rule = changes["why"].str.extract(r"(?i)\brule (\d)", expand=False).fillna("0").astype(int)
        counted = rule.value_counts()
        counts = [int(counted.get(number, 0)) for number in RULES]
        lines[f"[{dyad}](changes/{dyad}.csv)"] = [*counts, len(changes) - sum(counts), len(changes)]
    table = pd.DataFrame.from_dict(lines, orient="index", columns=[*RULES.values(), "other", "all"])
    table.loc["all"] = table.sum()
    return _markdown(table, "dyad")


def draw(rows: pd.DataFrame) -> Any:
    """Draw rows per year by dyad, kinds by decade and shares of checked rows by dyad and decade."""
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
        lines,
        2,
        figsize=(9, 2 * lines + 1.5),
        layout="constrained",
        gridspec_kw={"height_ratios": heights},
    )
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    scale = read_scale("commitment")
    for axis, (dyad, rows_of_dyad) in zip(axes[:-1].flat, dyads, strict=False):
        _draw_years(axis, str(dyad), rows_of_dyad, scale)
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
    start = shares.iloc[:, 0] * 0
    for number, name in enumerate(scale.classes):
        axis.barh(
            shares.index, shares[number], left=start, height=8.5, color=COLOURS[number], label=name
        )
        start = start + shares[number]
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
    lines = [
        [name, *table.columns],
        ["---", *["---"] * texts, *["---:"] * (len(table.columns) - texts)],
    ]
    lines += [[str(label), *map(_cell, cells)] for label, *cells in table.itertuples(name=None)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else f"{value:.0f}"


if __name__ == "__main__":
    main()
