"""Tables of a report as text: heads and cells for HTML pages, LaTeX and Markdown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from markupsafe import Markup

from forecast.escaping import latex, printable

type Cell = str | tuple[str, ...]
"""A text (or `Markup`, for pages), or the lines of a cell, of which all but the first are small."""

_SETTING = r"\footnotesize\setlength{\tabcolsep}{4pt}"


@dataclass(frozen=True)
class Table:
    """A table as a reader sees it; the first column names the rows."""

    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: Collection[int] = (0,)  # Columns, by position, that hold words and not numbers
    caption: str = ""
    widths: Mapping[int, float] = field(default_factory=dict)  # In LaTeX, columns of sentences: parts of a line
    long: bool = False  # Whether it may be longer than a page

    @classmethod
    def of(
        cls, heads: Iterable[Cell], rows: Iterable[Sequence[Cell]], words: Collection[int] = (0,), **kind: Any
    ) -> Self:
        """Make a table of any sequences."""
        return cls(tuple(heads), tuple(map(tuple, rows)), words, **kind)

    @property
    def columns(self) -> list[tuple[Cell, bool]]:
        """Heads, each with whether its column holds numbers."""
        return [(head, place not in self.words) for place, head in enumerate(self.heads)]

    @property
    def plain(self) -> list[list[str]]:
        """Rows of cells of one line."""
        return [[_one_line(cell) for cell in row] for row in self.rows]

    def stamped(self, stamp: str) -> Self:
        """Return the table with a stamp at the head of its caption."""
        return replace(self, caption=f"{stamp}. {self.caption}")

    def transposed(self, head: str) -> Self:
        """Return the table with rows for columns, named by a head."""
        columns = zip(*(row[1:] for row in self.rows), strict=True)
        rows = [(name, *cells) for name, cells in zip(self.heads[1:], columns, strict=True)]
        return replace(self, heads=(head, *(row[0] for row in self.rows)), rows=tuple(rows))

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [map(_one_line, self.heads), ["---", *["---:"] * (len(self.heads) - 1)], *self.plain]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def latex(self, name: str, source: str) -> str:
        """Return the table as a file that LaTeX can input."""
        columns = f"@{{}}{''.join(self._column(place) for place in range(len(self.heads)))}@{{}}"
        caption = rf"\caption{{{latex(self.caption)}}}\label{{tab:{name}}}"
        head, rows = _row(map(_head, self.heads)), [_row(map(latex, row)) for row in self.plain]
        if self.long:
            packages = "array, booktabs and longtable"
            opening = [rf"\begingroup{_SETTING}", rf"\begin{{longtable}}{{{columns}}}", rf"{caption} \\"]
            rules, closing = [r"\endhead", r"\bottomrule", r"\endfoot"], [r"\end{longtable}", r"\endgroup"]
        else:
            packages = "array and booktabs"
            opening = [r"\begin{table}", r"\centering", _SETTING, caption, rf"\begin{{tabular}}{{{columns}}}"]
            rules, closing = [], [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
        comment = f"% {printable(source)}. Needs the packages {packages}."
        return "\n".join([comment, *opening, r"\toprule", head, r"\midrule", *rules, *rows, *closing, ""])

    def _column(self, place: int) -> str:
        if place in self.widths:
            return rf">{{\raggedright\arraybackslash}}p{{{self.widths[place]:.2f}\linewidth}}"
        return "r" if place else "l"


def badge(answer: str, also: str = "") -> Markup:
    """Return an answer in the colour of its kind."""
    return Markup('<span class="answer {}">{}{}</span>').format(answer.split()[0], answer, also)


def link(address: str, words: str, also: str = "") -> Markup:
    """Return words that lead to an address, and a text after them."""
    return Markup('<a href="{}">{}</a>{}').format(address, words, also)


def _head(head: Cell) -> str:
    """Set the lines of a head one above the other."""
    if isinstance(head, str):
        return latex(head)
    return rf"\begin{{tabular}}[b]{{@{{}}r@{{}}}}{r' \\ '.join(map(latex, head))}\end{{tabular}}"


def _row(cells: Iterable[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _one_line(cell: Cell) -> str:
    """Join the lines of a cell; an interval has its brackets already."""
    if isinstance(cell, str):
        return cell.striptags() if isinstance(cell, Markup) else cell
    main, *small = filter(None, cell) if any(cell) else ("",)
    return " ".join([main, *(one if one.startswith("[") else f"({one})" for one in small)])
