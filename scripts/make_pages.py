"""Make every committed page of forecasts, and the live ledger, from three fits of all pairs.

python scripts/make_pages.py [--out reports] [--build build/pages] [--day DAY] [--only STEP...]

One fit a day serves all pages of that day, so that a question has one number on all of them. Steps,
in order: old-ledger (moves the ledger of May 2026 to a page that says what it was), fits, reports,
explained, scenario, ledger, theory, index, numbers (`scripts/one_number.py`). A fit that is there
is not made again. The ledger ends with exit code 1 while a person has to confirm one of its
forecasts. The backtest and the tests of claims take hours and have commands of their own
(reports/README.md).
"""

import argparse
import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import live_ledger  # noqa: E402
import one_number  # noqa: E402

from forecast.base.dates import month_start, today  # noqa: E402
from forecast.desk.questions import Ledger, TrackRecord  # noqa: E402
from forecast.report.index_page import write_index  # noqa: E402
from forecast.report.ledger_page import write_track_record  # noqa: E402

PAIR = "USA-CHN"
PAST, RECENT = date(2023, 10, 31), date(2026, 5, 31)
"""Days of the committed reports; of the first also the explanation and the scenario."""
EXPLAINED_MONTHS = 10
OLD_LEDGER = "ledger-2026-05-31"
ABOUT_OLD = (
    "This is a first trial, kept as it was. It was asked as of 31 May 2026 and written on 29 "
    "November 2026 by version 0.1.0, when six of the windows' months had passed and some questions "
    "were due the next day. Its chances of violence and visits are those of an earlier model. Do "
    "not rely on them; the open questions are in the live ledger."
)
UNFINISHED = 3
"""Exit code of `forecast` where a fit has not converged; its pages are made, and stamped."""


def run_forecast(*words: str) -> None:
    """Run a command of the package.

    A fit that has not converged stamps its page and ends nothing.
    """
    done = subprocess.run([sys.executable, "-m", "forecast", *words], check=False)
    if done.returncode not in (0, UNFINISHED):
        raise SystemExit(f"forecast {' '.join(words)}: exit code {done.returncode}")


@dataclass(frozen=True)
class Pages:
    """Folders of the pages and of the fits behind them."""

    out: Path
    build: Path
    day: date  # Of the live ledger
    sampler: tuple[str, ...] = ()  # Options of the sampler, for trials with few draws
    run: Callable[..., None] = field(default=run_forecast)

    def fit_folder(self, day: date) -> Path:
        """Return the folder of the reports on all pairs as of a day, and their fit."""
        return self.build / f"{day}"

    def old_ledger(self) -> int:
        """Move the ledger of May 2026 to a folder of its own, whose page says what it was."""
        old, new = self.out / "ledger", self.out / OLD_LEDGER
        if not (old / "ledger.jsonl").exists() or new.exists():
            return 0
        first = Ledger.read(old / "ledger.jsonl").entries[0]
        if first.code != "0.1.0":
            return 0
        shutil.move(old, new)
        record = TrackRecord.of(Ledger.read(new / "ledger.jsonl"))
        write_track_record(record, new, inputs=[new / "ledger.jsonl"], about=ABOUT_OLD)
        return 0

    def fits(self) -> int:
        """Fit all pairs as of each day, if that has not been done."""
        for day in (PAST, RECENT, self.day):
            out = self.fit_folder(day)
            if not (out / "fit.zarr").exists():
                words = ("report", "--all", "--as-of", str(day), "--replace", "--out", str(out))
                self.run(*words, *self.sampler)
        return 0

    def reports(self) -> int:
        """Make the committed reports."""
        for day in (PAST, RECENT):
            fit, out = self.fit_folder(day) / "fit.zarr", self.out / f"{PAIR.lower()}-{day}"
            self.run(
                "report", PAIR, "--fit", str(fit), "--no-save-fit", "--replace", "--out", str(out)
            )
        return 0

    def explained(self) -> int:
        """Explain the chance of October 2023 by the events of that year."""
        report, out = self.fit_folder(PAST) / PAIR, self.out / f"explained-{PAST.year}"
        self.run(
            "explain",
            str(report),
            "--months",
            str(EXPLAINED_MONTHS),
            "--replace",
            "--out",
            str(out),
        )
        return 0

    def scenario(self) -> int:
        """Assume a meeting in November 2023, and a year without one."""
        out = self.out / f"scenario-{PAST.year}"
        assumed = [word for path in sorted(out.glob("*.csv")) for word in ("--assume", str(path))]
        fit = self.fit_folder(PAST) / "fit.zarr"
        self.run(
            "scenario",
            PAIR,
            "--fit",
            str(fit),
            "--followed",
            "--replace",
            "--out",
            str(out),
            *assumed,
        )
        return 0

    def ledger(self) -> int:
        """Ask and answer the open questions, and check the answers."""
        folder = self.fit_folder(self.day)
        given = [str(self.out / "ledger"), str(folder / "fit.zarr"), "--reports", str(folder)]
        return live_ledger.main(given)

    def theory(self) -> int:
        """Answer the statements of the essay from the pages that are there."""
        from forecast.report.theory_page import write_theory

        # The page names these files: as a reader of the repository finds them, not as this machine
        # does.
        out = self.out.relative_to(ROOT) if self.out.is_relative_to(ROOT) else self.out
        tests, recent = (
            out / "hypotheses/tests.json",
            out / f"{PAIR.lower()}-{RECENT}/forecast.json",
        )
        with contextlib.chdir(ROOT):
            if tests.exists():
                write_theory(
                    tests, recent, out / f"scenario-{PAST.year}/scenario.json", out / "theory"
                )
        return 0

    def index(self) -> int:
        """List all pages."""
        write_index(self.out)
        return 0

    def numbers(self) -> int:
        """Compare every number on two pages, the reports behind the live ledger included."""
        return one_number.main(str(self.out), str(self.build))


STEPS: dict[str, Callable[[Pages], int]] = {
    "old-ledger": Pages.old_ledger,
    "fits": Pages.fits,
    "reports": Pages.reports,
    "explained": Pages.explained,
    "scenario": Pages.scenario,
    "ledger": Pages.ledger,
    "theory": Pages.theory,
    "index": Pages.index,
    "numbers": Pages.numbers,
}


def main(arguments: Sequence[str] | None = None, run: Callable[..., None] = run_forecast) -> int:
    """Do the steps in order; return the worst exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "reports")
    parser.add_argument("--build", type=Path, default=ROOT / "build/pages")
    parser.add_argument(
        "--day", type=date.fromisoformat, default=month_start(today()) - timedelta(days=1)
    )
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument(
        "--sampler", nargs="*", default=(), help="options of the sampler, such as draws=200"
    )
    given = parser.parse_args(arguments)
    sampler = tuple(f"--{option}" for option in given.sampler)
    pages = Pages(given.out, given.build, given.day, sampler, run)
    codes = []
    for name, step in STEPS.items():
        if name in given.only:
            print(f"{name} ...", flush=True)
            codes.append(step(pages))
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())
