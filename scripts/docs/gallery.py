"""Gallery: each script of docs/gallery is run once, its figure saved, and a page made with figure and script.

A script that is unchanged, with an unchanged package, is not run again.
"""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from .text import toctree

RUN = """
import runpy, sys
import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt
runpy.run_path(sys.argv[1], run_name="__main__")
figure = plt.gcf()
if not figure.axes:
    raise SystemExit(f"{sys.argv[1]} draws no figure")
figure.savefig(sys.argv[2], dpi=144, bbox_inches="tight")
"""


def draw_figures(root: Path, folder: Path) -> None:
    """Run the scripts that changed, and save their figures in a folder."""
    for script in _scripts(root):
        _draw(script, folder / f"{script.stem}.png", root)


def gallery_pages(root: Path) -> dict[str, str]:
    """Return the index of the gallery and a page per script."""
    scripts = _scripts(root)
    shown, cards = {}, []
    for script in scripts:
        title, words = _title(script)
        shown[f"gallery/{script.stem}.md"] = "\n".join([
            f"# {title}", "", words, "", f"![{title}]({script.stem}.png)", "",
            f"```{{literalinclude}} ../../gallery/{script.name}", ":language: python", "```", "",
        ])  # fmt: skip
        cards.append(f"[![{title}]({script.stem}.png) {title}]({script.stem}.md)")
    lines = ["# Gallery", ""]
    if scripts:
        lines += ["Figures of the package, each with the script that draws it.", "", ":::{container} gallery"]
        for card in cards:
            lines += [card, ""]
        lines += [":::", "", *toctree((script.stem for script in scripts), hidden=True)]
    else:
        lines += ["[Reports](../reports.md) show the figures of the package.", ""]
    return {"gallery/index.md": "\n".join(lines), **shown}


def _scripts(root: Path) -> list[Path]:
    return sorted(path for path in (root / "docs" / "gallery").glob("*.py") if not path.name.startswith("_"))


def _title(script: Path) -> tuple[str, str]:
    """Return the first line of a script's docstring without full stop, and the rest."""
    first, _, rest = (ast.get_docstring(ast.parse(script.read_text("utf-8"))) or script.stem).partition("\n")
    return first.rstrip("."), rest.strip()


def _draw(script: Path, picture: Path, root: Path) -> None:
    """Run a script and save its figure, unless that was done with the same script and package."""
    stamp = picture.with_suffix(".stamp")
    seal = _seal(script, root)
    if picture.exists() and stamp.exists() and stamp.read_text() == seal:
        return
    picture.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(root), "MPLBACKEND": "svg"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(script), str(picture)],
        cwd=script.parent, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{script.relative_to(root)} failed:\n{done.stderr}")
    stamp.write_text(seal)


def _seal(script: Path, root: Path) -> str:
    """Return a digest of a script, of what scripts share, and of the package."""
    shared = sorted(script.parent.glob("_*.py"))
    found = hashlib.sha256()
    for path in [script, *shared, *sorted((root / "forecast").rglob("*.py"))]:
        found.update(path.read_bytes())
    return found.hexdigest()
