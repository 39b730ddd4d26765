"""Kinds of events by a word, for rows that a person writes without looking up a code."""

import functools

from forecast.errors import DataError
from forecast.events.codebook import read_small_csv
from forecast.resources import data_folder
from forecast.wording import join


@functools.cache
def read_kinds() -> dict[str, str]:
    """Read the words for kinds of events."""
    table = read_small_csv(data_folder() / "codebook" / "kinds.csv")
    return dict(zip(table["kind"], table["code"], strict=True))


def code_of_kind(kind: str) -> str:
    """Return the CAMEO code that a word for a kind of events stands for, in any case and with any spaces."""
    words, asked = read_kinds(), " ".join(kind.casefold().split())
    for word in (asked, asked.removesuffix("s")):
        if word in words:
            return words[word]
    raise DataError(f"kind {kind!r:.60}: there is no such kind; the kinds are {join(words)}")
