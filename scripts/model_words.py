"""Table of priors in docs/model.md, made from forecast/model/process/priors.toml and the code.

`--write` puts the text between the markers of the document; a test compares it with what the
document holds.
"""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forecast.model.process.declarations import SPREAD_OF_SPREADS  # noqa: E402

documents, reference = (
    importlib.import_module(f"scripts.{name}") for name in ("skill_words", "docs.reference")
)


def text() -> dict[str, dict[str, str]]:
    """Return by document and marker what stands there."""
    return {"docs/model.md": {"priors": priors()}}


def priors() -> str:
    """Return the table of priors with how it is read."""
    first = (
        "Normal on the scale that the reason names: a pair is centre and spread. A single number "
        "is a plain scale or the typical spread of a population of dyads or eras. The logarithm of "
        "such a spread is normal around that of the typical one, with standard deviation "
        f"{SPREAD_OF_SPREADS:g} (the spread of spreads). Of half-lives the logarithm of months is "
        "normal."
    )
    return "\n".join([documents.filled(first), "", *reference.priors_table()]).rstrip()


if __name__ == "__main__":
    made = {ROOT / path: documents.put(ROOT / path, parts) for path, parts in text().items()}
    if "--write" in sys.argv:
        for path, words in made.items():
            path.write_text(words, "utf-8")
    elif stale := [str(path) for path, words in made.items() if path.read_text("utf-8") != words]:
        raise SystemExit(
            f"{', '.join(stale)}: not what the code says; run scripts/model_words.py --write"
        )
