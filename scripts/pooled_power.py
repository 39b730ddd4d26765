"""Simulate false alarms and power of the pooled tests, and write the table that `forecast test` prints.

usage: python scripts/pooled_power.py FILE [--sets 100] [--first 0] [--truths "walk;walk + cycle"]
       python scripts/pooled_power.py FILE --table

The table in the package is of 15 to 19 sets per truth, integrated more coarsely (0.9 log units per node). That
overstates evidence by up to 1.4 where it is weak, and so the false alarms of S5a. Run it again with more sets.

Record sets are simulated at the months, event counts and eras of the embedded record. Each result is appended to FILE,
a line of JSON, and is not computed again. Several processes may have files of their own in one folder, which --table
reads together. The table goes into the package.
"""

import argparse
import csv
import json
import time
import zlib
from pathlib import Path

import numpy as np

from forecast import build_panel, read_chronology
from forecast.hypotheses.pooled.claims import PLACEBO_SHARE, TESTS, Engine, decide
from forecast.hypotheses.pooled.evidence import Finesse
from forecast.hypotheses.pooled.record import Record, read_panel
from forecast.hypotheses.pooled.simulate import TRUTHS, Truth, simulate

TABLE = Path(__file__).resolve().parent.parent / "forecast" / "hypotheses" / "pooled" / "power.csv"
FINESSE = Finesse()
MEAN_SDS = (0.5, 1.0, 2.0)
PLACEBOS = 60


def tested(record: Record, truth: Truth, number: int) -> dict[str, object]:
    """Simulate a record set, and test all claims on it."""
    seed = zlib.crc32(truth.name.encode()) + number
    engine = Engine(simulate(record, truth, seed), finesse=FINESSE, mean_sds=MEAN_SDS, placebos=PLACEBOS)
    line: dict[str, object] = {"truth": truth.name, "set": number}
    for code in truth.tells:
        found = TESTS[code](engine)
        line[code] = {"answer": found.answer, "log_bayes_factor": found.log_bayes_factor, "details": found.details}
    return line


def read(path: Path) -> list[dict[str, object]]:
    """Read the results that there are."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def judged(code: str, result: dict) -> tuple[str, float]:
    """Return the answer on a simulated set by the present rule, and the smallest log Bayes factor."""
    details, found = result["details"], result["log_bayes_factor"]
    sizes = details.get("by_spread_of_means", {"": found}).values()
    answer = decide(code, min(sizes), max(sizes))
    as_good = max(details.get("placebos_as_good", {"": 0.0}).values())
    return "undecided" if answer == "supported" and as_good > PLACEBO_SHARE else answer, min(sizes)


def write_table(path: Path) -> None:
    """Write the table of all results."""
    lines = {
        (one["truth"], one["set"]): one for file in sorted(path.parent.glob(f"*{path.suffix}")) for one in read(file)
    }
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["claim", "truth", "sets", "supported", "rejected", "median", "p95", "largest"])
        for code in TESTS:
            for name in TRUTHS:
                own = [one[code] for (truth, _), one in lines.items() if truth == name and code in one]
                if not own:
                    continue
                answers, least = zip(*(judged(code, one) for one in own), strict=True)
                counts = [answers.count("supported"), answers.count("rejected")]
                numbers = [f"{one:.2f}" for one in (np.median(least), np.quantile(least, 0.95), max(least))]
                writer.writerow([code, name, len(own), *counts, *numbers])
    print(TABLE.read_text("utf-8"))


def main() -> None:
    """Simulate, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--truths", default=";".join(TRUTHS), help="names, separated by semicolons")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.table:
        write_table(asked.file)
        return
    record, begun = read_panel(build_panel(read_chronology())), time.time()
    done = {(one["truth"], one["set"]) for one in read(asked.file)}
    for number in range(asked.first, asked.first + asked.sets):
        for name in asked.truths.split(";"):
            if (name, number) in done:
                continue
            line = tested(record, TRUTHS[name], number)
            with asked.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        print(f"{time.time() - begun:.0f} s: set {number}", flush=True)


if __name__ == "__main__":
    main()
