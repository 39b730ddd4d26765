"""Gallery: the scripts of docs/gallery are run, and each has a page with its figure.

A script begins with a cell of Markdown: its title and what the figure shows. Scripts that are
unchanged, with an unchanged package, are not run again.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from .text import toctree

LIMIT = 120
"""Seconds that a script of the gallery may run, so that the site is never lost to a slow one."""
SKIPPED = "Skipped, because it is too slow: "
RUN = """
import runpy, signal, sys
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt

limit, skipped, *words = sys.argv[1:]

def stop(*_):
    raise TimeoutError

signal.signal(signal.SIGALRM, stop)
for script, picture in zip(words[::2], words[1::2]):
    plt.close("all")
    signal.alarm(int(limit))
    try:
        runpy.run_path(script, run_name="__main__")
    except TimeoutError:
        plt.close("all")
        sentence = f"Not drawn: it took more than {limit} seconds where this page was made."
        plt.figure(figsize=(7, 1)).text(0.5, 0.5, sentence, ha="center", va="center")
        print(skipped + script)
    signal.alarm(0)
    if not plt.get_fignums():
        raise SystemExit(f"{script} draws no figure")
    plt.gcf().savefig(picture, dpi=120, bbox_inches="tight")
"""
CELL = re.compile(r"^# %%.*\n", re.M)


def draw_figures(root: Path, folder: Path, limit: int = LIMIT) -> None:
    """Run the scripts that changed, and save their figures in a folder.

    In place of the figure of a script that takes too long stands a sentence that says so; the next
    build tries it again.
    """
    seals = {script: _seal(script, root) for script in _scripts(root)}
    stamps = {script: folder / f"{script.stem}.stamp" for script in seals}
    stale = [
        script
        for script, seal in seals.items()
        if not stamps[script].exists() or stamps[script].read_text() != seal
    ]
    if not stale:
        return
    folder.mkdir(parents=True, exist_ok=True)
    words = [str(word) for script in stale for word in (script, folder / f"{script.stem}.png")]
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(limit), SKIPPED, *words],
        cwd=stale[0].parent,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"The gallery failed:\n{done.stderr}")
    for script in stale:
        if f"{SKIPPED}{script}" in done.stdout:
            print(f"{SKIPPED}{script}")
        else:
            stamps[script].write_text(seals[script])


def gallery_pages(root: Path) -> dict[str, str]:
    """Return the index of the gallery and a page per script."""
    shown, lines = {}, ["# Gallery", ""]
    scripts = _scripts(root)
    lines += [
        "Figures of the package, each with the script that draws it. What they draw is made by "
        "[`_made.py`](made.md), next to the scripts in `docs/gallery` of a clone.",
        "",
        ":::{container} gallery",
        "",
    ]
    helpers = (root / "docs" / "gallery" / "_made.py").read_text("utf-8")
    shown["gallery/made.md"] = "\n".join(
        ["# What the gallery draws", "", "```python", helpers.rstrip(), "```", ""]
    )
    for script in scripts:
        title, words, code = _parts(script)
        shown[f"gallery/{script.stem}.md"] = "\n".join(
            [
                f"# {title}",
                "",
                words,
                "",
                f"![{title}]({script.stem}.png)",
                "",
                "```python",
                code,
                "```",
                "",
            ]
        )
        lines += [f"[![{title}]({script.stem}.png) {title}]({script.stem}.md)", ""]
    lines += [":::", "", *toctree((*(script.stem for script in scripts), "made"), hidden=True)]
    return {"gallery/index.md": "\n".join(lines), **shown}


def _scripts(root: Path) -> list[Path]:
    """Return the scripts of the gallery, those of ArviZ's plots last."""
    scripts = [
        path for path in (root / "docs" / "gallery").glob("*.py") if not path.name.startswith("_")
    ]
    return sorted(scripts, key=lambda path: (path.name.startswith("arviz"), path.name))


def _parts(script: Path) -> tuple[str, str, str]:
    """Return the title of a script, what it says of the figure, and its code."""
    _, head, code = CELL.split(script.read_text("utf-8"), maxsplit=2)
    title, _, words = (
        re.sub(r"^# ?", "", head, flags=re.M).strip().removeprefix("# ").partition("\n")
    )
    return title, words.strip(), code.strip()


def _seal(script: Path, root: Path) -> str:
    """Return a digest of a script, of what scripts share, and of the package."""
    seal = hashlib.sha256()
    for path in [
        script,
        *sorted(script.parent.glob("_*.py")),
        *sorted((root / "forecast").rglob("*.py")),
    ]:
        seal.update(path.read_bytes())
    return seal.hexdigest()
