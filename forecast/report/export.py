"""What goes out of a report: every figure as SVG, PNG and PDF, every table as CSV and for LaTeX."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecast import wording
from forecast.escaping import printable
from forecast.files import write_bytes, write_csv, write_text
from forecast.report import style
from forecast.report.folder import GENERATOR
from forecast.report.latex import latex_table
from forecast.report.material import Material
from forecast.report.tables import frames, grids
from forecast.report.words import STAMP


def write_export(
    folder: Path, material: Material, figures: Mapping[str, style.Illustration], content: Mapping[str, Any]
) -> None:
    """Write figures and tables of a report into a folder of their own."""
    write_figures(folder, figures)
    passed = material.gate.passed
    for name, frame in frames(material, content).items():
        write_csv(folder / f"table-{name}.csv", frame if passed else frame.assign(stamp=STAMP))
    source = f"{GENERATOR}: {material.result.label} relations, outlook as of {wording.day(material.as_of)}"
    for name, grid in grids(material).items():
        shown = grid if passed else grid.stamped(STAMP)
        write_text(folder / f"table-{name}.tex", latex_table(name, shown, source))


def write_figures(folder: Path, figures: Mapping[str, style.Illustration]) -> None:
    """Write each figure as SVG, PNG and PDF, and all captions as one text."""
    for name, figure in figures.items():
        write_text(folder / f"figure-{name}.svg", figure.wide)
        write_bytes(folder / f"figure-{name}.png", style.png(figure))
        write_bytes(folder / f"figure-{name}.pdf", style.pdf(figure))
    captions = [
        f"{name}\n{printable(figure.caption)}\nIn words: {printable(figure.alt)}\n" for name, figure in figures.items()
    ]
    write_text(folder / "captions.txt", "\n".join(captions))
