"""Weigh ceilings: fits of two dyads under priors of ever less headroom.

Each gives the evidence, the headroom and the chances.

    python scripts/ceiling_worth.py            # fits, about a minute each
    python scripts/ceiling_worth.py --write    # puts the numbers into README.md and docs/model.md

The first writes forecast/outlook/ceiling.csv, and the second reads it.

Each dyad is fitted alone, to sides alone. The evidence is the log marginal likelihood by bridge
sampling, less that of the model without a ceiling. A test compares the document with the file.
"""

import argparse
import csv
import importlib
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forecast import build_panel, fit, read_chronology  # noqa: E402
from forecast.base.files import write_text  # noqa: E402
from forecast.base.wording import signed  # noqa: E402
from forecast.model import PendulumSpec, Priors  # noqa: E402
from forecast.model.spec import spec_for  # noqa: E402
from forecast.model.updating import sampled_longer  # noqa: E402
from forecast.outlook.ceiling import TABLE, Worth, read_worth, worth_sentence  # noqa: E402
from forecast.outlook.draws import dyad_draws  # noqa: E402
from forecast.outlook.observed import observe  # noqa: E402
from forecast.outlook.recorded import main_record  # noqa: E402
from forecast.outlook.simulations import simulate  # noqa: E402
from forecast.outlook.summary import NotDefined, Probability  # noqa: E402
from forecast.outlook.windows import window_outlook  # noqa: E402
from forecast.study.evaluation.variants import LONE_SAMPLER, two_classes  # noqa: E402

documents = importlib.import_module("scripts.skill_words")

if TYPE_CHECKING:
    import xarray as xr

DYADS = ("USA-CHN", "USA-RUS")
MEDIANS = (None, float(np.exp(Priors().headroom[0])), 1.0, 0.5, 0.25)
"""Prior medians of the headroom, log-odds; None is no ceiling, the second is the default."""
MONTHS, POINTS, BASELINE, SEED = 12, 5.0, 12, 1
MARKER = "ceiling"


def specification(panel: "xr.Dataset", median: float | None) -> PendulumSpec:
    """Return the default model with a prior median of the headroom, or without a ceiling."""
    if median is None:
        return spec_for(panel, ceiling="none")
    spread = Priors().headroom[1]
    return spec_for(panel, priors=Priors(headroom=(float(np.log(median)), spread)))


def weighed(dyad: str) -> Iterator[Worth]:
    """Fit a dyad alone under each prior, and yield what the ceiling is worth and does."""
    panel, reference = two_classes(build_panel(read_chronology(dyads=[dyad]))), None
    sampler: dict[str, Any] = {**LONE_SAMPLER, "seed": SEED, "cores": 1}
    for median in MEDIANS:
        fitted = fit(panel, specification(panel, median), evidence=True, **sampler)
        if not fitted.gate.passed:
            fitted = sampled_longer(fitted, fitted.gate.reasons[0], cores=1)
        found = fitted.provenance["evidence"]
        reference = reference or found
        own = dyad_draws(fitted, dyad)
        simulations = simulate(fitted, own, MONTHS, SEED)
        record = main_record(panel, dyad)
        observed = observe(fitted, simulations, MONTHS, record, seed=SEED)
        assert not isinstance(record, NotDefined) and not isinstance(observed, NotDefined)
        ahead = window_outlook(
            record, observed.ahead(MONTHS), MONTHS, record.baseline(BASELINE), POINTS, BASELINE
        )
        assert isinstance(ahead.up, Probability) and isinstance(ahead.down, Probability)
        yield Worth(
            dyad=dyad,
            prior_median=median,
            evidence=0.0 if median is None else round(found["log"] - reference["log"], 2),
            error=0.0
            if median is None
            else round(float(np.hypot(found["error"], reference["error"])), 2),
            headroom=None
            if median is None
            else round(float(np.median(own.by_era["headroom"][..., -1])), 2),
            higher=round(ahead.up.value, 3),
            lower=round(ahead.down.value, 3),
            converged=fitted.gate.passed,
        )


def csv_text(rows: list[Worth]) -> str:
    """Return the rows as a file."""
    text = StringIO()
    writer = csv.DictWriter(text, [one.name for one in fields(Worth)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = asdict(row) | {"converged": "yes" if row.converged else "no"}
        writer.writerow({name: "" if value is None else value for name, value in plain.items()})
    return text.getvalue()


def text(rows: list[Worth]) -> dict[str, str]:
    """Return by document what stands between its markers."""
    return {
        "README.md": documents.filled(f"- {worth_sentence()}", indent="  "),
        "docs/model.md": table(rows),
    }


def table(rows: list[Worth]) -> str:
    """Return the table of docs/model.md."""
    medians = list(dict.fromkeys(row.prior_median for row in rows))
    heads = [
        "prior median of the headroom, log-odds",
        *("no ceiling" if one is None else f"{one:.2g}" for one in medians),
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for dyad in dict.fromkeys(row.dyad for row in rows):
        own = {row.prior_median: row for row in rows if row.dyad == dyad}
        named = {
            "log evidence less that without": [
                "0" if one.prior_median is None else f"{signed(one.evidence, 1)} ({one.error:.1f})"
                for one in own.values()
            ],
            "posterior median, current era": [
                "" if one.headroom is None else f"{one.headroom:.1f}" for one in own.values()
            ],
            "12 months, higher and lower": [
                f"{100 * one.higher:.0f}%, {100 * one.lower:.0f}%" for one in own.values()
            ],
        }
        lines += [f"| {dyad}, {name} | {' | '.join(cells)} |" for name, cells in named.items()]
    return "\n".join(lines)


def main() -> None:
    """Fit and write the table, or only put it into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="put the numbers of the file into the documents"
    )
    if not parser.parse_args().write:
        rows: list[Worth] = []
        for dyad in DYADS:
            for row in weighed(dyad):
                print(row, flush=True)
                rows.append(row)
        write_text(TABLE, csv_text(rows))
    for document, words in text(list(read_worth())).items():
        path = ROOT / document
        path.write_text(documents.put(path, {MARKER: words}), "utf-8")


if __name__ == "__main__":
    main()
