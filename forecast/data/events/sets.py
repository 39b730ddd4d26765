"""Named sets of events, by their CAMEO codes: what a question can ask for.

A set is a name, a definition and the beginnings of its codes; a few also need a word in the
summary. A question may name codes in place of a set. To add a set, add a row to the table,
``data/codebook/sets.csv``.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from forecast.base.arguments import checked
from forecast.base.errors import SpecError
from forecast.base.resources import data_folder
from forecast.base.wording import join
from forecast.data.events.codebook import HOST, VISIT, read_codes, read_small_csv
from forecast.data.events.table import event_counts, events_per_row

if TYPE_CHECKING:
    import pandas as pd

    from forecast.base.typing import Bool

NEAR_CODES = 5  # suggestions for a code that the codebook lacks; more would fill the screen
FOLDED = frozenset({"1951", "1952"})
"""Codes of CAMEO that the codebook counts under 195, air strikes: precision-guided, and by
drones."""
OWN_CODES = "codes"
"""Name of a set whose codes a question states itself."""


@dataclass(frozen=True)
class EventSet:
    """Events of some codes."""

    name: str
    definition: str  # For readers
    codes: tuple[str, ...]  # Beginnings of the CAMEO codes
    words: tuple[str, ...] = ()  # The summary contains one of them; empty if any summary will do

    @property
    def meaning(self) -> str:
        """The codes and words of the set, for a rule."""
        words = (
            f" whose summary contains {join([repr(word) for word in self.words], 'or')}"
            if self.words
            else ""
        )
        return f"CAMEO codes that begin with {join(self.codes, 'or')}{words}"

    def holds(
        self, events: "pd.DataFrame", *, by: str | None = None, actor: str | None = None
    ) -> "Bool":
        """Return which rows of an event table belong to the set, (row,).

        Parameters
        ----------
        events : pandas.DataFrame
            Columns of the event table (docs/schema/events.md).
        by : str, optional
            The state that acts: the visitor of a visit, whichever side has recorded it.
        actor : str, optional
            A word or name that the field `actor` or the summary contains as whole words, in any
            case.
        """
        in_set = events["cameo"].str.startswith(self.codes)
        if self.words:
            in_set &= events["summary"].str.contains(
                "|".join(map(re.escape, self.words)), case=False
            )
        if by is not None:
            hosting = events["cameo"] == HOST
            in_set &= events["source"].where(~hosting, events["target"]) == by
        if actor is not None:
            name = rf"\b{re.escape(actor)}\b"
            in_set &= events["actor"].str.contains(name, case=False) | events[
                "summary"
            ].str.contains(name, case=False)
        return in_set.fillna(False).to_numpy(dtype=bool)

    def counted(
        self, events: "pd.DataFrame", *, by: str | None = None, actor: str | None = None
    ) -> "pd.DataFrame":
        """Return the rows of the set that count, with `counted`, the number of events of each.

        A two-sided event counts once, in the row of its first side (`event_counts`); with `by` or
        `actor`, in the row of that side.
        """
        rows = events[self.holds(events, by=by, actor=actor)]
        if by is not None or actor is not None:
            twice = rows.assign(visit=rows["cameo"].replace(HOST, VISIT)).duplicated(
                ["dyad", "date", "visit"]
            )
            joint = rows["cameo"].map(read_codes()["joint"]).astype(bool)
            counted = events_per_row(rows).mask(joint & twice, 0)
        else:
            counted = event_counts(rows)
        return rows.assign(counted=counted)[counted > 0]


@functools.cache
def read_sets() -> dict[str, EventSet]:
    """Read the named sets, in the order of their table.

    Returns
    -------
    dict of str to EventSet
        Sets by name, each with its CAMEO codes.

    Examples
    --------
    >>> from forecast.data.events.sets import read_sets
    >>> read_sets()["strike"].codes
    ('190', '194', '195')
    """
    table = read_small_csv(
        data_folder() / "codebook" / "sets.csv", ("name", "codes", "words", "aliases", "definition")
    )
    return {
        name: EventSet(name, definition, require_codes(codes.split()), _parts(words))
        for name, definition, codes, words in zip(
            table["name"], table["definition"], table["codes"], table["words"], strict=True
        )
    }


@checked
def find_set(text: str) -> EventSet:
    """Return the set of a name or alias, in any case, singular or plural.

    Parameters
    ----------
    text : str
        Name or alias of a set, such as *strike*.

    Returns
    -------
    EventSet
        Its name and the CAMEO codes in it.

    Raises
    ------
    SpecError
        If there is none; the message offers near names.

    Examples
    --------
    >>> from forecast.data.events.sets import find_set
    >>> find_set("Air strikes").name
    'strike'
    """
    wanted = " ".join(text.casefold().split())
    names = _names()
    for word in (wanted, wanted.removesuffix("s"), f"{wanted}s"):
        if word in names:
            return read_sets()[names[word]]
    near = get_close_matches(wanted, names, n=NEAR_CODES, cutoff=0.6)
    meant = f"; near are {join(near, 'or')}" if near else ""
    raise SpecError(
        f"text: {text!r:.60}: there is no such set of events{meant}; expected "
        f"{join(read_sets(), 'or')}"
    )


@checked
def set_of_codes(codes: Sequence[str]) -> EventSet:
    """Return the set of events of some codes and all codes below them.

    Parameters
    ----------
    codes : sequence of str
        CAMEO codes of two to four digits.

    Returns
    -------
    EventSet
        A set without a name, of these codes.

    Raises
    ------
    SpecError
        If a code is not in the codebook; the message offers near codes.

    Examples
    --------
    >>> from forecast.data.events.sets import set_of_codes
    >>> set_of_codes(("190", "195")).meaning
    'CAMEO codes that begin with 190 or 195'
    """
    required = require_codes(codes)
    names = read_codes()["name"]
    return EventSet(
        OWN_CODES,
        join(dict.fromkeys(str(names.get(code, names[code[:3]])) for code in required), "or"),
        required,
    )


def is_set(text: str) -> bool:
    """Return whether a name or alias is that of a set."""
    return not {text, text.removesuffix("s"), f"{text}s"}.isdisjoint(_names())


def require_codes(codes: Sequence[str]) -> tuple[str, ...]:
    """Return codes as they are, if all are in the codebook."""
    names = read_codes()["name"]
    if not codes:
        raise SpecError("codes: none is given; name CAMEO codes such as 190,195")
    for code in codes:
        if code not in names.index and code not in FOLDED:
            alike = get_close_matches(
                code,
                [similar for similar in names.index if similar[:2] == code[:2]],
                n=NEAR_CODES,
                cutoff=0,
            )
            near = alike or get_close_matches(code, names.index, n=NEAR_CODES, cutoff=0)
            offered = (
                join([f"{similar} ({names[similar]})" for similar in near], "or")
                or "see `forecast help adding-events`"
            )
            raise SpecError(
                f"codes: {code!r:.20} is no code of the codebook; expected CAMEO codes; near are "
                f"{offered}"
            )
    return tuple(dict.fromkeys(codes))


@functools.cache
def _names() -> dict[str, str]:
    """Return the set of each name and alias."""
    table = read_small_csv(data_folder() / "codebook" / "sets.csv")
    names = dict(zip(table["name"], table["name"], strict=True))
    for name, aliases in zip(table["name"], table["aliases"], strict=True):
        names |= dict.fromkeys(_parts(aliases), name)
    return names


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())
