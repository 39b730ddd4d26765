"""What readers have to know of the data behind a page: caveats, gaps in coverage, the edition."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.data.events.additions import Addition, additions_of
from forecast.data.events.coverage import gap_sentences, own_row_sentences
from forecast.data.events.dyads import dyad_labels
from forecast.data.events.editions import Edition, current_edition
from forecast.data.events.even_coverage import caveats

if TYPE_CHECKING:
    import xarray as xr

EDITION = "edition"
"""Attribute of a panel that says which edition of the chronology it was made from, as JSON; absent
without one."""
CHRONOLOGY = "chronology"


@dataclass(frozen=True)
class DataNotes:
    """Notes on the data behind a page or an answer."""

    # Sentences for readers; of several pairs each begins with the pair's name
    caveats: tuple[str, ...] = ()
    # Of the chronology; None if it was not used, or is none of the editions
    edition: Edition | None = None

    @property
    def in_short(self) -> tuple[str, ...]:
        """The first sentence of each caveat."""
        return tuple(f"{caveat.partition('. ')[0].rstrip('.')}." for caveat in self.caveats)

    @property
    def facts(self) -> dict[str, Any]:
        """Notes as plain values, for JSON."""
        return {
            "caveats": list(self.caveats),
            "edition": None if self.edition is None else self.edition._asdict(),
        }


def notes_of_panel(panel: "xr.Dataset", dyads: Sequence[str] | None = None) -> DataNotes:
    """Return the notes on some dyads of a panel, or on all."""
    chosen = list(map(str, panel["dyad"].to_numpy())) if dyads is None else dyads
    datasets = list(map(str, panel["dataset"].to_numpy())) if "dataset" in panel.coords else []
    pairs = [(dyad, dataset) for dyad in chosen for dataset in datasets]
    return DataNotes(_caveats(pairs, additions_of(panel.attrs)), edition_of_panel(panel))


def notes_of_pairs(pairs: Iterable[tuple[str, str]]) -> DataNotes:
    """Return the notes on dyads as datasets record them, in the embedded edition.

    Pairs are (dyad, dataset).
    """
    distinct = list(dict.fromkeys(pairs))
    embedded = any(dataset == CHRONOLOGY for _, dataset in distinct)
    return DataNotes(_caveats(distinct), current_edition() if embedded else None)


def edition_of_panel(panel: "xr.Dataset") -> Edition | None:
    """Return the edition of the chronology that a panel was made from."""
    stated = panel.attrs.get(EDITION)
    return Edition(**json.loads(str(stated))) if stated else None


def read_edition(content: Any) -> Edition | None:
    """Return the edition that the JSON of a page states; None if it states none."""
    return Edition(**content) if isinstance(content, dict) else None


def labelled(dyad: str, caveat: str) -> str:
    """Return a caveat that begins with the name of its pair."""
    return f"{dyad_labels().get(dyad, dyad)}: {caveat}"


def _caveats(
    pairs: Sequence[tuple[str, str]], additions: Sequence[Addition] = ()
) -> tuple[str, ...]:
    dyads = list(dict.fromkeys(dyad for dyad, _ in pairs))
    by_dyad = {
        dyad: (
            *caveats(dyad, [name for code, name in pairs if code == dyad]),
            *gap_sentences(additions, dyad),
            *own_row_sentences(additions, dyad),
        )
        for dyad in dyads
    }
    several = len(dyads) > 1
    return tuple(
        labelled(dyad, text) if several else text
        for dyad, texts in by_dyad.items()
        for text in texts
    )
