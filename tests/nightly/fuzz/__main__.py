"""Try damaged inputs by the thousand, piece by piece.

``python -m tests.nightly.fuzz --cases 100000``.

A finished piece is a line of the log, and is not tried again. A case that fails is a line with its
traceback; the same case is tried alone with ``--only KIND SEED``. Exit code 1 if any failed.
"""

import argparse
import json
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from tests.nightly.fuzz.mutations import KINDS

PIECE = 100
WEIGHTS = {"fit": 1, "plan": 4}
"""Pieces of a kind in a round; 6 of all others: fits and plans take the longest."""


def main() -> int:
    """Try what is not done yet, round by round."""
    parser = argparse.ArgumentParser(prog="python -m tests.nightly.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="cases of all kinds")
    parser.add_argument("--log", type=Path, default=Path("build/fuzz.jsonl"))
    parser.add_argument(
        "--minutes", type=float, default=1e9, help="after which no further piece is begun"
    )
    parser.add_argument("--only", nargs=2, metavar=("KIND", "SEED"))
    asked = parser.parse_args()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        if asked.only:
            kind, seed = asked.only
            print("read" if KINDS[kind](Path(folder), int(seed)) else "refused")
            return 0
        return _all(Path(folder), asked.cases, asked.log, time.monotonic() + 60 * asked.minutes)


def _all(folder: Path, cases: int, log: Path, until: float) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    known = (
        [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    )
    done = {(one["kind"], one["first"]) for one in known if "first" in one}
    wanted = _pieces(cases)
    failed = sum("failed" in one for one in known)
    for kind, first in wanted:
        if (kind, first) in done:
            continue
        if time.monotonic() > until:
            break
        read = 0
        for seed in range(first, first + PIECE):
            try:
                read += KINDS[kind](folder, seed)
            except Exception:
                failed += 1
                _note(log, {"kind": kind, "failed": seed, "why": traceback.format_exc()[-1500:]})
        _note(log, {"kind": kind, "first": first, "cases": PIECE, "read": read})
        done.add((kind, first))
    print(f"{len(done) * PIECE:,} cases, {failed} failed; {log}")
    return int(failed > 0)


def _pieces(cases: int) -> list[tuple[str, int]]:
    """Return the pieces of all kinds, round by round, until there are so many cases."""
    found: list[tuple[str, int]] = []
    turn = 0
    while len(found) * PIECE < cases:
        for kind in KINDS:
            each = WEIGHTS.get(kind, 6)
            found += [(kind, 1 + PIECE * piece) for piece in range(turn * each, (turn + 1) * each)]
        turn += 1
    return found


def _note(log: Path, line: dict[str, object]) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
