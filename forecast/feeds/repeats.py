"""Rows that repeat others: the same event again, an older edition, one happening reported again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from forecast.feeds.feed import FileFacts
from forecast.feeds.settings import FeedSettings

if TYPE_CHECKING:
    import pandas as pd

Place = tuple[int, int, str]
"""Position of the file, line, reason."""
HAPPENING = ["date", "source_state", "target_state", "cameo"]


class Unique(NamedTuple):
    """Events without repetitions; and the lines that were taken out, each with its reason.

    A line of which one event is left is in neither list.
    """

    events: "pd.DataFrame"
    superseded: list[Place]
    repeats: list[Place]


def without_repeats(
    rows: "pd.DataFrame", names: Sequence[str], settings: FeedSettings, facts: Sequence[FileFacts]
) -> Unique:
    """Take out what repeats other rows, in the order of the rows: the first of each stays.

    Parameters
    ----------
    rows : pandas.DataFrame
        As judged, with `place` (of the file) and `line`.
    names : sequence of str
        Of the files.
    settings : FeedSettings
    facts : sequence of FileFacts
        Of the files, the newest edition first.
    """
    newer = _superseded(rows, names, facts)
    superseded = rows[newer != ""].assign(reason=newer[newer != ""])
    rows = rows[newer == ""]
    repeats = []
    again = rows["id"].duplicated()
    if again.any():
        repeats.append(_repeated(rows, again, ["id"], "the same event as", names))
        rows = rows[~again]
    if settings.one_a_day:
        rows = rows.sort_values("known", kind="stable")  # the report that was known first stays
        again = rows.duplicated(HAPPENING)
        if again.any():
            repeats.append(_repeated(rows, again, HAPPENING, "the same day, sides and code as", names))
            together = rows.groupby(HAPPENING, sort=False)
            rows = rows.assign(n=together["n"].transform("sum"), known=together["known"].transform("min"))[~again]
    left = set(zip(rows["place"], rows["line"], strict=True))
    return Unique(rows, _lines([superseded], left), _lines(repeats, left))


def _superseded(rows: "pd.DataFrame", names: Sequence[str], facts: Sequence[FileFacts]) -> "pd.Series[str]":
    """Return, by row, which newer edition of its year replaces it; '' if none does.

    An edition replaces what older files have of its year, from its first day to its last.
    """
    import pandas as pd

    by = pd.Series("", index=rows.index, dtype=object)
    for place, fact in enumerate(facts):
        if fact.year is None:
            continue
        own = rows.loc[(rows["place"] == place) & (rows["date"].astype("datetime64[s]").dt.year == fact.year), "date"]
        older = (rows["place"] > place) & rows["date"].between(own.min(), own.max()) if len(own) else None
        if older is not None:
            by = by.mask(older & (by == ""), f"replaced by the newer edition {names[place]}")
    return by


def _repeated(
    rows: "pd.DataFrame", again: "pd.Series[bool]", key: list[str], words: str, names: Sequence[str]
) -> "pd.DataFrame":
    """Return repeated rows, each with the place of the first in its reason."""
    firsts = rows.groupby(key, sort=False)[["place", "line"]].transform("first")[again]
    reasons = [f"{words} {names[place]}, line {line}" for place, line in firsts.itertuples(index=False, name=None)]
    return rows.loc[again, ["place", "line"]].assign(reason=reasons)


def _lines(tables: "list[pd.DataFrame]", left: set[tuple[int, int]]) -> list[Place]:
    """Return lines that are in none of those left, each once."""
    found: dict[tuple[int, int], str] = {}
    for table in tables:
        for place, line, reason in table[["place", "line", "reason"]].itertuples(index=False, name=None):
            if (place, line) not in left:
                found.setdefault((int(place), int(line)), reason)
    return [(*where, reason) for where, reason in found.items()]
