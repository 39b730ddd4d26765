"""What an object shows of itself in a terminal or a notebook: a title and a few facts."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A title and facts with their names.

    Examples
    --------
    >>> from forecast.display import Card
    >>> print(Card("A fit", (("dyads", "USA-CHN"),)).text)
    A fit
      dyads  USA-CHN
    >>> Card("<b>", ()).html
    '<strong>&lt;b&gt;</strong>'
    """

    title: str
    facts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The card in plain text."""
        wide = max((len(name) for name, _ in self.facts), default=0)
        return "\n".join([self.title, *(f"  {name:<{wide}}  {fact}".rstrip() for name, fact in self.facts)])

    @property
    def html(self) -> str:
        """The card as HTML, everything escaped."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(fact)}</td></tr>"
            for name, fact in self.facts
        )
        return f"<strong>{html.escape(self.title)}</strong>" + (f"<table>{rows}</table>" if rows else "")


class Displayed:
    """An object that shows a card of itself. A dataclass that inherits from it is made with ``repr=False``."""

    def _card(self) -> Card:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._card().text

    def _repr_html_(self) -> str:
        return self._card().html
