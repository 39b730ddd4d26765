"""The level of every dyad of a fit, month by month, as a table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecast.outlook import KindSeries, NotDefined, kind_series, level_record
from forecast.outlook.draws import FitLike
from forecast.panel import panel_kind, watched

type Kinds = Mapping[str, KindSeries] | NotDefined

COLUMNS = ("dyad", "period", "mean", "q05", "q25", "median", "q75", "q95", "covered", "events")

ENDS = {"": 1, "_low": 0, "_high": 2}
"""Of depth and severity: the end of a column's name, and the row of the series that it holds."""


def levels_table(fit: FitLike, kinds: Mapping[str, Kinds] | None = None) -> pd.DataFrame:
    """Tabulate the share of cooperative actions of every dyad and period of a fit.

    Parameters
    ----------
    fit : FitLike
    kinds : mapping of str to (dict of str to KindSeries, or NotDefined), optional
        What `kind_series` says of some dyads, where that is known; it takes a second a dyad.

    Returns
    -------
    pandas.DataFrame
        One row a dyad and period: `dyad`, `period` (its first day); `mean`, `q05`, `q25`, `median`, `q75`, `q95`
        of the share, 0 to 100; `covered`, whether the period was watched (of an index, whether it has a
        value); `events`, how many were counted (of an index, 0). Where the model has kinds within a side, also
        `depth`, `depth_low` and `depth_high`: median and ends of the 90 % interval of how many per cent of cooperative
        happenings are of the deeper kinds, missing where nothing was covered; and the same of `severity`.

    Examples
    --------
    >>> from forecast.report import levels_table
    >>> levels_table(fit).head()  # doctest: +SKIP
    """
    dyads, known = [str(dyad) for dyad in fit.panel["dyad"].to_numpy()], kinds or {}
    return pd.concat(
        [_dyad_levels(fit, dyad, known[dyad] if dyad in known else kind_series(fit, dyad)) for dyad in dyads],
        ignore_index=True,
    )


def _dyad_levels(fit: FitLike, dyad: str, kinds: Kinds) -> pd.DataFrame:
    record, panel = level_record(fit, dyad), fit.panel
    series = {} if isinstance(kinds, NotDefined) else kinds
    shares = np.vstack([record["mean"].to_numpy()[None], record["share"].to_numpy()]).round(3)
    levels = pd.DataFrame(
        {
            "dyad": dyad,
            "period": record["time"].to_numpy().astype("datetime64[D]").astype(str),
            **dict(zip(COLUMNS[2:8], shares, strict=True)),
            "covered": np.where(watched(panel, dyad), "yes", "no"),
            "events": panel_kind(panel).events(panel, dyad),
        },
        columns=list(COLUMNS),
    )
    ends = {f"{name}{end}": one.share[row] for name, one in series.items() for end, row in ENDS.items()}
    return levels.assign(**ends)
