"""Provenance and diagnostics of the numbers, for page and JSON."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.base.wording import day, join, number, percent
from forecast.data.events import EventTable
from forecast.data.events.dyads import additions_of, compiled_in
from forecast.data.events.table import Recorded
from forecast.data.panel.notes import edition_of_panel
from forecast.data.panel.record import last_known, vintaged
from forecast.outlook import Assessment
from forecast.report.table import Table
from forecast.report.words import sentence

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model import Fit


def vintage(panel: "xr.Dataset", until: str = "") -> str:
    """Describe the data of a panel, up to its own day if no other is named."""
    until = until or day(last_known(panel))
    if "dataset" not in panel.coords:
        return f"The index counts up to {until} as it was read, later revisions included."
    return vintage_of(map(str, panel["dataset"].to_numpy()), vintaged(panel), until)


def vintage_of(datasets: Iterable[str], vintaged_datasets: Collection[str], until: str) -> str:
    """Describe datasets, of which those in `vintaged_datasets` say when each event became known."""
    compiled = {name: compiled_in(name) for name in datasets}
    return sentence("vintage", compiled=compiled, known=vintaged_datasets, until=until)


def facts(fit: "Fit", result: Assessment, events: Recorded | None) -> dict[str, Any]:
    """Return the provenance: of the data, the fit and the simulation."""
    attributes, edition = fit.panel.attrs, edition_of_panel(fit.panel)
    outside = json.loads(str(attributes.get("outside_coverage") or "{}"))
    late = int(attributes.get("late", 0)) + (events.late if isinstance(events, EventTable) else 0)
    feeds = (
        [account.sentence for account in events.accounts] if isinstance(events, EventTable) else []
    )
    return {
        "data": {
            "digest": str(attributes.get("digest", "")),
            "counted": int(attributes.get("counted", 0)),
            "paired": int(attributes.get("paired", 0)),
            "outside_coverage": sum(outside.values()),
            "outside_span": int(attributes.get("outside_span", 0)),
            "late": late,
            "rejected": len(events.rejects) if events else 0,
            **({"edition": f"{edition.name} ({edition.digest})"} if edition else {}),
            **({"feeds": feeds} if feeds else {}),
        },
        "additions": [asdict(addition) for addition in additions_of(attributes)],
        "files": [file._asdict() for file in events.files] if events else [],
        "choices": differing(fit.spec),
        "fit": dict(fit.provenance),
        "simulation": {
            "seed": result.seed,
            "draws": result.draws,
            "simulations": result.simulations,
        },
    }


def differing(spec: Any) -> dict[str, Any]:
    """Return the choices of the model that differ from the default, priors by name.

    None of a spec without a form.
    """
    if not hasattr(spec, "to_dict"):
        return {}
    from forecast.model.spec import PendulumSpec

    choices, usual = spec.to_dict(), PendulumSpec().to_dict()
    differences_of_form = {
        name: value
        for name, value in choices.items()
        if name != "priors" and value != usual.get(name)
    }
    priors = {
        name: value
        for name, value in choices["priors"].items()
        if value != usual["priors"].get(name, value)
    }
    return differences_of_form | ({"priors": priors} if priors else {})


def differences(spec: Any) -> list[str]:
    """Return the same in words."""
    return [_choice(name, value) for name, value in differing(spec).items()]


def _choice(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        priors = [f"{prior}: {json.dumps(number)}" for prior, number in value.items()]
        return f"{name} ({', '.join(priors)})"
    return f"{name} ({value})"


PRIOR = 0.8
"""Share of the prior's variance from which a parameter is mostly determined by its prior."""


def quantities_table(gate: Mapping[str, Any]) -> Table:
    """Arrange the convergence checks by quantity."""
    return Table.of(
        ("Quantity", "Numbers", "Worst R-hat", "Smallest bulk ESS", "Smallest tail ESS"),
        [
            (
                {"outlook": "every number of the outlook"}.get(row["quantity"], row["quantity"]),
                f"{row['number']:,}",
                number(row["r_hat"], 3),
                number(row["ess_bulk"], 0),
                number(row["ess_tail"], 0),
            )
            for row in gate["quantities"]
        ],
    )


def learned(parameters: pd.DataFrame) -> dict[str, Any]:
    """Format prior and posterior, with a sentence on the parameters that the data did not move."""
    rows = [
        (
            row["quantity"],
            row["unit"],
            interval(row["prior"], row["prior_low"], row["prior_high"]),
            interval(row["median"], row["low"], row["high"]),
            percent(min(row["variance_left"], 1.0)),
        )
        for row in parameters.to_dict("records")
    ]
    unmoved = [
        str(quantity)
        for quantity in parameters.loc[parameters["variance_left"] >= PRIOR, "quantity"]
    ]
    said = f"mostly prior: {join(unmoved)}" if unmoved else "the data moved each"
    heads = ("Quantity", "Unit", "Prior", "Posterior", "Prior variance left")
    return {"table": Table.of(heads, rows, (0, 1)), "finding": said} if rows else {}


def interval(middle: float, low: float, high: float) -> str:
    """Format a median and its 90% interval to three significant digits."""
    first, second, third = (f"{value:#.3g}".rstrip(".") for value in (middle, low, high))
    return f"{first} ({second} to {third})".replace("-", "\N{MINUS SIGN}")
