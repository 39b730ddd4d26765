"""Joint acts that a table has twice, once for each state, counted once."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.events.codebook import HOST, VISIT, read_codes
from forecast.events.table import happenings_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def pairs_joint_acts(panel: "xr.Dataset") -> bool:
    """Whether a panel counts a joint act once; one that counts rows or tells directions apart counts both sides."""
    return panel.attrs.get("unit") == "happening" and panel.sizes["direction"] == 1


def counted_in(panel: "xr.Dataset", events: "pd.DataFrame") -> "pd.Series[int]":
    """Count what each row of an event table stands for in a panel."""
    return happenings(events) if pairs_joint_acts(panel) else happenings_of(events)


def happenings(events: "pd.DataFrame") -> "pd.Series[int]":
    """Count what each row stands for (its n; a row of a feed one), less what is the other side of a joint act.

    Two rows pair when they have one date, opposite directions and one joint code, or are a visit and its
    hosting. Of a visit the visitor's row is kept, else that of the first state; pairing is one-to-one.

    Parameters
    ----------
    events : pandas.DataFrame
        Events of an event table.

    Returns
    -------
    pandas.Series
        What each row counts for: 0 if it only tells the other side of another row.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import happenings
    >>> events = read_chronology(dyads=["USA-CHN"]).events
    >>> summit = events[(events["date"] == "2023-11-15") & events["cameo"].isin(["042", "043"])]
    >>> len(summit), int(happenings(summit).sum())
    (2, 1)
    """
    visit = events["cameo"].isin([VISIT, HOST])
    visitor = events["source"].where(events["cameo"] == VISIT, events["target"])
    act = events["cameo"].mask(visit, "visit by " + visitor)
    leads = (events["cameo"] == VISIT) | (~visit & (events["source"] == events["dyad"].str[:3]))
    joint = events["cameo"].map(read_codes()["joint"]).astype(bool)
    by = [events["dataset"], events["dyad"], events["date"], act]
    each = happenings_of(events)
    led = each.where(leads, 0).groupby(by).transform("sum")
    followed = each.mask(leads, 0).groupby(by).cumsum()
    alone = np.minimum(each, (followed - led).clip(lower=0))
    return each.where(leads | ~joint, alone)
