"""Tables of a report as text: heads and cells.

Templates set them as HTML and LaTeX, and Markdown is made too.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from markupsafe import Markup

type Cell = str | tuple[str, ...]
"""A text (or `Markup`, for pages), or the lines of a cell, of which all but the first are small."""


@dataclass(frozen=True)
class Table:
    """A table as a reader sees it; the first column names the rows."""

    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: Collection[int] = (0,)  # Columns, by position, that hold words and not numbers

    @classmethod
    def of(
        cls, heads: Iterable[Cell], rows: Iterable[Sequence[Cell]], words: Collection[int] = (0,)
    ) -> Self:
        """Make a table of any sequences."""
        return cls(tuple(heads), tuple(map(tuple, rows)), words)

    @property
    def columns(self) -> list[tuple[Cell, bool]]:
        """Heads, each with whether its column holds numbers."""
        return [(head, column not in self.words) for column, head in enumerate(self.heads)]

    @property
    def plain(self) -> list[list[str]]:
        """Rows of cells of one line."""
        return [[_one_line(cell) for cell in row] for row in self.rows]

    def transposed(self, head: str) -> Self:
        """Return the table with rows for columns, named by a head."""
        columns = zip(*(row[1:] for row in self.rows), strict=True)
        rows = [(name, *cells) for name, cells in zip(self.heads[1:], columns, strict=True)]
        return replace(self, heads=(head, *(row[0] for row in self.rows)), rows=tuple(rows))

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [
            map(_one_line, self.heads),
            ["---", *["---:"] * (len(self.heads) - 1)],
            *self.plain,
        ]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def badge(answer: str, also: str = "") -> Markup:
    """Return an answer in the colour of its kind."""
    return Markup('<span class="answer {}">{}{}</span>').format(answer.split()[0], answer, also)


def link(address: str, words: str, also: str = "") -> Markup:
    """Return words that lead to an address, and a text after them."""
    return Markup('<a href="{}">{}</a>{}').format(address, words, also)


def _one_line(cell: Cell) -> str:
    """Join the lines of a cell; an interval has its brackets already."""
    if isinstance(cell, str):
        return cell.striptags() if isinstance(cell, Markup) else cell
    main, *small = filter(None, cell) if any(cell) else ("",)
    return " ".join([main, *(line if line.startswith("[") else f"({line})" for line in small)])
