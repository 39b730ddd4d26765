"""Tables for LaTeX, with the rules of the package booktabs."""

from collections.abc import Iterable

from forecast.escaping import latex, printable
from forecast.report.tables import Grid

_SETTING = r"\footnotesize\setlength{\tabcolsep}{4pt}"


def latex_table(name: str, grid: Grid, source: str) -> str:
    """Return a table as a file that LaTeX can input."""
    columns = f"@{{}}{''.join(_column(grid, place) for place in range(len(grid.heads)))}@{{}}"
    caption = rf"\caption{{{latex(grid.caption)}}}\label{{tab:{name}}}"
    head, rows = _row(map(_head, grid.heads)), [_row(map(latex, row)) for row in grid.rows]
    if grid.long:
        packages = "array, booktabs and longtable"
        opening = [rf"\begingroup{_SETTING}", rf"\begin{{longtable}}{{{columns}}}", rf"{caption} \\"]
        rules, closing = [r"\endhead", r"\bottomrule", r"\endfoot"], [r"\end{longtable}", r"\endgroup"]
    else:
        packages = "array and booktabs"
        opening = [r"\begin{table}", r"\centering", _SETTING, caption, rf"\begin{{tabular}}{{{columns}}}"]
        rules, closing = [], [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    comment = f"% {printable(source)}. Needs the packages {packages}."
    return "\n".join([comment, *opening, r"\toprule", head, r"\midrule", *rules, *rows, *closing, ""])


def _column(grid: Grid, place: int) -> str:
    if place in grid.prose:
        return rf">{{\raggedright\arraybackslash}}p{{{grid.prose[place]:.2f}\linewidth}}"
    return "r" if place else "l"


def _head(text: str) -> str:
    """Set the lines of a head one above the other."""
    lines = [latex(line) for line in text.split("\n")]
    return lines[0] if len(lines) == 1 else rf"\begin{{tabular}}[b]{{@{{}}r@{{}}}}{r' \\ '.join(lines)}\end{{tabular}}"


def _row(cells: Iterable[str]) -> str:
    return f"{' & '.join(cells)} \\\\"
