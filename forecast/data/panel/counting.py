"""Rows of events or of counts, counted into the cells of a panel, with an account of every row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.base.typing import Bool, Float, Frame
from forecast.data.events.additions import ATTRIBUTE, Addition, counted_additions
from forecast.data.events.codebook import Scale
from forecast.data.events.coverage import coverage_gaps, on_unstated_days, with_own_rows
from forecast.data.events.days import Covered
from forecast.data.events.even_coverage import even_spans
from forecast.data.panel.checks import reject_empty
from forecast.data.panel.kinds import CELLS, DIRECTIONS, SCHEMA
from forecast.data.panel.spans import (
    COVERED_TO,
    END,
    AskedSpan,
    Frequency,
    covered_days,
    covered_periods,
    era_variables,
    in_cells,
    panel_periods,
    reject_later_eras,
)

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class PanelChoices:
    """What is asked of a panel, whatever the rows are that it counts."""

    dyads: Sequence[str]  # In this order
    span: AskedSpan
    frequency: Frequency
    directed: bool  # Whether the two directions are told apart
    eras: Frame | str | Path | None  # None for the embedded ones
    coverage: Frame | str | Path | None  # None for what is known of the rows

    def era_variables(self, periods: pd.DatetimeIndex) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the variable and the coordinates of the eras, of which none may come too late."""
        if self.eras is not None and self.span.end is None and self.span.as_of is None:
            reject_later_eras(self.eras, self.dyads, periods, self.frequency)
        return era_variables(self.dyads, periods, self.frequency, self.eras, self.span.as_of)


def count_rows(
    rows: pd.DataFrame,
    scale: Scale,
    choices: PanelChoices,
    *,
    attrs: dict[str, str | int],
    additions: Sequence[Addition] = (),
    covered: Sequence[Covered] = (),
    datasets: Sequence[str] = (),
) -> "xr.Dataset":
    """Count rows into a panel.

    They have date, dyad, source, dataset, n, `counted` (n less pairs) and `class`.
    """
    import xarray as xr

    dyads = choices.dyads
    frequency = choices.frequency
    covered_spans = even_spans(rows, choices.coverage, additions, covered)
    periods = panel_periods(covered_spans, choices.span, frequency)
    datasets = list(datasets) or sorted(rows["dataset"].unique())
    gaps = coverage_gaps(additions)
    is_covered = covered_periods(covered_spans, covered, datasets, dyads, periods, frequency, gaps)

    rows = in_cells(rows, datasets, periods, frequency, directed=choices.directed)
    rows = rows.assign(of_dyad=pd.Index(dyads).get_indexer(pd.Index(rows["dyad"])))
    in_span = rows["of_period"] >= 0
    in_coverage = _in_coverage(rows, covered_spans, is_covered, additions)
    counted_rows = rows[in_coverage & in_span]

    directions = DIRECTIONS[choices.directed]
    shape = len(datasets), len(dyads), len(periods), len(directions), len(scale.classes)
    counts, goldstein = _count_cells(counted_rows, shape)
    reject_empty(counts.sum(axis=(0, 2, 3, 4)), dyads, periods)
    variables_of_eras, coords_of_eras = choices.era_variables(periods)
    variables = {
        "counts": (CELLS, counts, {"units": f"{attrs['unit']}s"}),
        "covered": (CELLS[:3], is_covered),
        **variables_of_eras,
    }
    if goldstein is not None:
        variables["goldstein"] = (CELLS, goldstein, {"units": "points of the Goldstein scale"})
    if additions:
        until = f"{choices.span.as_of or covered_spans['last'].max():%Y-%m-%d}"
        attrs = attrs | _attribute_of_additions(additions, counted_rows, dyads, until)
    return xr.Dataset(
        variables,
        coords={
            "dataset": datasets,
            "dyad": list(dyads),
            "time": periods,
            "direction": list(directions),
            "class": np.arange(len(scale.classes)),
            "class_name": ("class", list(scale.classes)),
            **coords_of_eras,
        },
        attrs={
            **_attributes_of_choices(choices, scale, periods),
            "counted": int(counts.sum()),
            **_account_of_rows(rows, in_coverage, in_span, dyads),
            COVERED_TO: covered_days(covered_spans.loc[covered_spans["stated"], "last"]),
            **attrs,
        },
    )


def _attributes_of_choices(
    choices: PanelChoices, scale: Scale, periods: pd.DatetimeIndex
) -> dict[str, str | int]:
    """Return the attributes that say what a panel was asked for."""
    _, end, as_of = choices.span
    return {
        "schema": SCHEMA,
        "scale": scale.name,
        "zero_cut": scale.zero_cut,
        "frequency": choices.frequency,
        "as_of": "" if as_of is None else f"{as_of:%Y-%m-%d}",
        **({} if end is None else {END: f"{periods[-1]:%Y-%m-%d}"}),
    }


def _in_coverage(
    rows: pd.DataFrame,
    covered_spans: pd.DataFrame,
    is_covered: Bool,
    additions: Sequence[Addition],
) -> "pd.Series[bool]":
    """Return which rows lie in the coverage of their dyad and dataset.

    The day lies in the span of coverage, the period is covered where the panel has it, and no
    addition covers the day without somebody stating that it is complete.
    """
    spans = rows[["dataset", "dyad"]].join(covered_spans, on=["dataset", "dyad"])
    in_days = rows["date"].between(spans["start"], spans["last"])
    outside_span = rows["of_period"] < 0
    in_period = is_covered[rows["of_dataset"], rows["of_dyad"], rows["of_period"]] | outside_span
    if not additions:
        return in_days & in_period
    return in_days & in_period & ~on_unstated_days(rows, additions)


def _count_cells(
    rows: pd.DataFrame, shape: tuple[int, ...]
) -> tuple["NDArray[np.integer[Any]]", Float | None]:
    """Count rows in the cells of a panel, and sum their Goldstein scores if they have any."""
    cells = tuple(
        rows[["of_dataset", "of_dyad", "of_period", "of_direction", "class"]].to_numpy().T
    )
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, cells, rows["counted"].to_numpy())
    goldstein = None
    if "goldstein" in rows:
        goldstein = np.zeros(shape)
        np.add.at(goldstein, cells, (rows["counted"] * rows["goldstein"]).to_numpy())
    fits_in_32_bits = counts.max(initial=0) <= np.iinfo(np.int32).max
    # Half the memory, and nearly always enough.
    return counts.astype(np.int32) if fits_in_32_bits else counts, goldstein


def _attribute_of_additions(
    additions: Sequence[Addition], counted_rows: pd.DataFrame, dyads: Sequence[str], until: str
) -> dict[str, str | int]:
    """Return the attribute that says which added events a panel counts; empty without any."""
    with_rows = with_own_rows(additions, counted_rows)
    counted = counted_additions(with_rows, counted_rows["event_id"], dyads, until)
    return {ATTRIBUTE: counted} if counted else {}


def _account_of_rows(
    rows: pd.DataFrame,
    in_coverage: "pd.Series[bool]",
    in_span: "pd.Series[bool]",
    dyads: Sequence[str],
) -> dict[str, str | int]:
    """Return the attributes that say how many rows are paired or outside a panel."""
    counted_rows = rows[in_coverage & in_span]
    outside = rows["n"].mask(in_coverage, 0).groupby(rows["dyad"]).sum()
    return {
        "paired": int((counted_rows["n"] - counted_rows["counted"]).sum()),
        "outside_coverage": json.dumps({dyad: int(outside.get(dyad, 0)) for dyad in dyads}),
        "outside_span": int(rows.loc[in_coverage & ~in_span, "n"].sum()),
    }
