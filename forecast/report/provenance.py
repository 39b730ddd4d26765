"""Provenance and diagnostics of the numbers, for page and JSON."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.base.wording import day, join, number, percent
from forecast.data.events import EventTable
from forecast.data.events.additions import additions_of
from forecast.data.events.even_coverage import compiled_in
from forecast.data.events.table import Recorded
from forecast.data.panel.notes import edition_of_panel
from forecast.data.panel.record import last_known, vintaged
from forecast.outlook import Assessment
from forecast.report.table import Table
from forecast.report.words import sentence

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model import Fit


FACT_NAMES = {
    "digest": "Digest of the data (SHA-256)",
    "counted": "Events counted, all dyads",
    "paired": "Second rows of two-sided events, counted once",
    "outside_coverage": "Events outside coverage, not counted",
    "outside_span": "Events outside the panel's months, not counted",
    "late": "Events not known by the as-of date, left out",
    "rejected": "Rows rejected as unusable",
    "draws": "Draws per chain",
    "tune": "Warm-up draws per chain",
    "cores": "Chains run at once",
    "seconds": "Time",
    "nodes_worth": "Effective draws left by a finer integral over the month noise",
    "updates": "Updated without sampling again",
    "refitted": "Sampled again",
}
"""Names of facts that do not speak for themselves."""
STEP_NAMES = {
    "build": "building the model",
    "compile": "compiling it",
    "sample": "sampling",
    "derive": "computing derived quantities",
    "evidence": "bridge sampling",
    "path": "filling in the path",
}
"""Steps of a fit, whose seconds are stated."""
SHOWN_ELSEWHERE = {"r_hat", "additions", "gate", "data_digest"}
"""Facts that have their own place on the page."""
FACTS_OF_AN_INDEX = ("digest", "rejected")
"""An index has no events to count, to pair or to leave out."""
CEILINGS = {
    "none": "none",
    "framework": "each era's framework bounds the trend softly from above; the cycle may pass it",
}
"""What a page says of the ceilings of a model."""
PRIOR = 0.8
"""Share of the prior's variance from which a parameter is mostly determined by its prior."""


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


def fact_rows(
    facts: Mapping[str, Any], only: Collection[str] | None = None
) -> list[tuple[str, str]]:
    """Return facts of the provenance with their names in words, without those shown elsewhere."""
    return [
        (FACT_NAMES.get(name, name.replace("_", " ").capitalize()), fact_words(name, fact))
        for name, fact in facts.items()
        if name not in SHOWN_ELSEWHERE and (only is None or name in only)
    ]


def fact_words(name: str, fact: Any) -> str:
    """Format a fact: a text, a number, or several of them."""
    if name == "updates":
        return "; ".join(map(_update_words, fact))
    if name == "refitted":
        return f"instead of an update from {fact['from']}: {fact['reason']}"
    if name == "nodes_worth":
        return percent(fact)
    if name == "seconds":
        return ", ".join(
            f"{STEP_NAMES.get(step, step)} {number(seconds, 1)} s" for step, seconds in fact.items()
        )
    if isinstance(fact, Mapping):
        return ", ".join(f"{part} {fact_words(part, inner)}" for part, inner in fact.items())
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, list | tuple):
        return ", ".join(fact_words("", part) for part in fact)
    if isinstance(fact, float):
        return number(fact, 1)
    if isinstance(fact, int) and name != "seed":
        return f"{fact:,}"
    return str(fact)


def _update_words(update: Mapping[str, Any]) -> str:
    """Describe an update of a fit to a later day."""
    if update["pareto_k"] is None:
        checked = "nothing new"
    else:
        draws = number(update["effective_draws"], 0)
        checked = f"Pareto k {number(update['pareto_k'], 2)}, {draws} effective draws"
    return f"from {update['from']} to {update['to']} ({checked})"


def setting_rows(spec: Any, dyads: Sequence[str]) -> list[tuple[str, str]]:
    """Return the choices of the model with which a fit was made, and of which dyads."""
    from forecast.model.observation import observations
    from forecast.model.process.cycle import cycles
    from forecast.model.process.trend import trends

    ceiling = getattr(spec, "ceiling", None) or "not stated"
    observation = getattr(spec, "observation", None) or "not stated"
    pooled = "partially pooled" if getattr(spec, "pooling", True) else "not pooled"
    month_noise = getattr(spec, "month_noise", True)
    volume_effect = getattr(spec, "volume_effect", False)
    return [
        ("Trend", _registered(spec.trend, trends())),
        ("Jumps", "where an era begins" if getattr(spec, "jumps", True) else "none"),
        ("Ceiling", CEILINGS.get(ceiling, ceiling)),
        ("Cycle", _registered(spec.cycle, cycles())),
        (
            "News of the single month",
            "modelled, apart from the level" if month_noise else "not modelled",
        ),
        ("Busy months", "may be more hostile at the same level" if volume_effect else ""),
        ("Dyads", f"{dyads[0]} alone" if len(dyads) == 1 else f"{pooled}: {join(dyads)}"),
        ("Observed", _registered(observation, observations())),
        ("Differs from the default", join(differences(spec))),
    ]


def _registered(name: str, forms: Iterable[Any]) -> str:
    """Return the words of a form of the model; its name if it is not registered."""
    return next((str(form.words) for form in forms if form.name == name), name)


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
