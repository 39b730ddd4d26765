"""Display of objects in a terminal or a notebook: a title and a few facts."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from forecast.escaping import printable
from forecast.wording import join

SHOWN = 6
"""Number of things of one kind that are named."""


@dataclass(frozen=True)
class Card:
    """A title and facts with their names; control characters in them are written out."""

    title: str
    facts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The card in plain text."""
        wide = max((len(name) for name, _ in self.facts), default=0)
        lines = [self.title, *(f"  {name:<{wide}}  {fact}".rstrip() for name, fact in self.facts)]
        return "\n".join(map(printable, lines))

    @property
    def html(self) -> str:
        """The card as HTML, everything escaped."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{_escaped(name)}</th>"
            f"<td style='text-align:left'>{_escaped(fact)}</td></tr>"
            for name, fact in self.facts
        )
        return f"<strong>{_escaped(self.title)}</strong>" + (f"<table>{rows}</table>" if rows else "")


def _escaped(text: str) -> str:
    return html.escape(printable(text))


def join_some(items: Sequence[str], most: int = SHOWN) -> str:
    """Join the first of many items, and count the others."""
    more = len(items) - most
    return join(items) if more <= 0 else join([*items[:most], f"{more:,} more"])


class Displayed:
    """An object that shows a card of itself. A dataclass that inherits from it is made with ``repr=False``."""

    def _card(self) -> Card:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._card().text

    def _repr_html_(self) -> str:
        return self._card().html
