"""Pages that are copies of files of the repository, and the list of tutorials that are there."""

from pathlib import Path

from .links import COPIES, DOCS, relink

TUTORIALS = (
    "first_report", "a_monday", "your_own_dyad", "a_feed_slice", "mean_reversion", "backtest", "scenario",
    "life_of_a_question",
)  # fmt: skip


def copied_pages(root: Path) -> dict[str, str]:
    """Return the copies, with links as the site needs them."""
    return {
        f"{name}.md": relink((root / path).read_text("utf-8"), root / path, DOCS / "generated" / f"{name}.md")
        for path, name in COPIES.items()
    }


def tutorial_pages(root: Path) -> dict[str, str]:
    """Return the index of the tutorials."""
    there = [name for name in TUTORIALS if (root / "docs" / "tutorials" / f"{name}.py").exists()]
    lines = ["# Tutorials", ""]
    if there:
        lines += ["Each tutorial is a script that runs in a few minutes. Download it, or copy its cells.", ""]
        lines += ["```{toctree}", ":maxdepth: 1", "", *(f"../tutorials/{name}" for name in there), "```"]
    else:
        lines += ["Begin with [the first report](../start.md), and read [how to read it](../reading-the-report.md)."]
    return {"tutorials.md": "\n".join(lines) + "\n"}
