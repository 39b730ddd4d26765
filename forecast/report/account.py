"""The small print in words: the model's choices, its diagnostics, where the numbers come from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.model.dynamics import cycles
from forecast.model.observation import observations
from forecast.wording import join, number, percent

if TYPE_CHECKING:
    from forecast.outlook.draws import SpecLike

type Rows = list[tuple[str, str]]

_TRENDS = {
    "reverting": "a walk that returns to the dyad's long-run mean, with an estimated half-life",
    "walk": "a walk, without a mean to return to",
    "constant": "one value for each era, or for the dyad",
}
_CEILINGS = {
    "none": "none",
    "framework": "each era's framework bounds the trend softly from above; the cycle may pass it",
}
_FACTS = {
    "digest": "Digest of the data (SHA-256)",
    "data_digest": "Digest of the data (SHA-256)",
    "counted": "Events counted, all dyads",
    "paired": "Second rows of joint acts, counted once",
    "outside_coverage": "Events outside coverage, not counted",
    "outside_span": "Events outside the panel's months, not counted",
    "late": "Events not known by the as-of date, left out",
    "rejected": "Rows rejected as unusable",
    "feeds": "Feeds",
    "seed": "Seed",
    "draws": "Draws a chain",
    "tune": "Warm-up draws a chain",
    "chains": "Chains",
    "cores": "Chains run at once",
    "sampler": "Sampler",
    "python": "Python",
    "versions": "Versions",
    "seconds": "Time",
    "nodes_worth": "Effective draws left by a finer integral over the month noise",
    "updates": "Updated without sampling again",
    "refitted": "Sampled again",
}
# Shown elsewhere on the page.
_LEFT_OUT = {"r_hat", "additions", "gate"}
PRIOR = 0.8
"""From this share of the prior's variance on, a parameter is mostly its prior."""
_UPDATED = (
    "The draws were sampled for an earlier day and reweighted by what became known since. R-hat, energy and "
    "divergences are those of the sampling; effective sample sizes are those of the draws as they are now, in which a "
    "draw of large weight appears several times."
)
_STEPS = {
    "build": "building the model",
    "compile": "compiling it",
    "sample": "sampling",
    "derive": "computing derived quantities",
    "evidence": "bridge sampling",
    "path": "filling in the path",
}


def settings(spec: "SpecLike", dyads: Sequence[str] = ()) -> Rows:
    """Describe the choices of the model with which a fit was made, and of which dyads."""

    def words(field: str, meanings: Mapping[str, str]) -> str:
        chosen = str(getattr(spec, field, ""))
        return meanings.get(chosen, chosen or "not stated")

    return [
        ("Trend", words("trend", _TRENDS)),
        ("Jumps", "where an era begins" if getattr(spec, "jumps", True) else "none"),
        ("Ceiling", words("ceiling", _CEILINGS)),
        ("Cycle", words("cycle", {cycle.name: cycle.words for cycle in cycles()})),
        (
            "News of the single month",
            "modelled, apart from the level" if getattr(spec, "month_noise", True) else "not modelled",
        ),
        *([("Busy months", "may be more hostile at the same level")] if getattr(spec, "volume_effect", False) else []),
        ("Dyads", _hierarchy(dyads, bool(getattr(spec, "pooling", True)))),
        ("Observed", words("observation", {one.name: one.words for one in observations()})),
    ]


def _hierarchy(dyads: Sequence[str], pooling: bool) -> str:
    if len(dyads) == 1:
        return f"{dyads[0]} alone"
    named = f": {join(dyads)}" if dyads else ""
    return f"{'partially pooled' if pooling else 'not pooled'}{named}"


def diagnostics(gate: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe the gate's verdict in words."""
    return {
        "updated": _UPDATED if (facts or {}).get("updates") else "",
        "rows": [
            (
                {"outlook": "every number of the outlook"}.get(one["quantity"], one["quantity"]),
                f"{one['number']:,}",
                number(one["r_hat"], 3),
                number(one["ess_bulk"], 0),
                number(one["ess_tail"], 0),
            )
            for one in gate["quantities"]
        ],
        "energy": number(gate["bfmi"], 2),
        "divergent": percent(gate["divergence_share"], 2),
        "limits": gate["limits"],
    }


def provenance(facts: Mapping[str, Any]) -> Rows:
    """Format facts as rows of a table."""
    shown = {key: fact for key, fact in facts.items() if key not in _LEFT_OUT}
    return [
        (_FACTS.get(key, key.replace("_", " ").capitalize()), _format_fact(key, fact)) for key, fact in shown.items()
    ]


def _format_fact(key: str, value: Any) -> str:
    if key == "updates":
        return "; ".join(map(_format_update, value))
    if key == "refitted":
        return f"instead of an update from {value['from']}: {value['reason']}"
    if key == "nodes_worth":
        return percent(value)
    if key == "seconds":
        return ", ".join(f"{_STEPS.get(step, step)} {number(took, 1)} s" for step, took in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{part} {_format_fact(part, inner)}" for part, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_format_fact("", one) for one in value)
    if isinstance(value, float):
        return number(value, 1)
    return f"{value:,}" if isinstance(value, int) and key != "seed" else str(value)


def _format_update(one: Mapping[str, Any]) -> str:
    """Format from when to when a fit was updated, and how many draws are left in effect."""
    span = f"from {one['from']} to {one['to']}"
    if one["pareto_k"] is None:
        return f"{span} (nothing new)"
    return f"{span} (Pareto k {number(one['pareto_k'], 2)}, {number(one['effective_draws'], 0)} effective draws)"


def learned(parameters: pd.DataFrame) -> dict[str, Any]:
    """Format prior beside posterior, with a sentence on the parameters that the data did not move."""
    rows = [
        {
            "quantity": one["quantity"],
            "unit": one["unit"],
            "prior": interval(one["prior"], one["prior_low"], one["prior_high"]),
            "posterior": interval(one["median"], one["low"], one["high"]),
            "left": percent(min(one["variance_left"], 1.0)),
        }
        for one in parameters.to_dict("records")
    ]
    unmoved = [str(one) for one in parameters.loc[parameters["variance_left"] >= PRIOR, "quantity"]]
    said = f"mostly prior: {join(unmoved)}" if unmoved else "the data moved each"
    return {"rows": rows, "finding": said} if rows else {}


def interval(middle: float, low: float, high: float) -> str:
    """Format a median and its 90 % interval to three significant digits."""
    first, second, third = (f"{value:#.3g}".rstrip(".") for value in (middle, low, high))
    return f"{first} ({second} to {third})".replace("-", "\N{MINUS SIGN}")
