"""forecast.json: the numbers of the page, for programs (docs/schema/forecast-json.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.events.table import Recorded
from forecast.outlook import (
    Assessment,
    Brief,
    NotDefined,
    level_sentence,
    plain,
    printed_changes,
    printed_percents,
    quoted,
)
from forecast.outlook.datasets import dataset_outlooks, datasets_finding
from forecast.outlook.drivers import driver_outlooks
from forecast.report.contract import GateLike, ReportedFit
from forecast.report.facts import as_of, caveats_of, facts
from forecast.report.skill_box import DyadSkill, find_skill
from forecast.report.vintage import vintage
from forecast.report.words import STAMP, meaning

SCHEMA = 2
_Z90 = 1.6448536269514722
MONTE_CARLO = "90 % normal, of the Monte Carlo error alone"


def forecast_json(
    fit: ReportedFit,
    assessment: Assessment,
    *,
    events: Recorded | None = None,
    others: Sequence[Assessment | Brief] = (),
    gate: GateLike | None = None,
    skill: DyadSkill | NotDefined | None = None,
) -> dict[str, Any]:
    """Return the content of forecast.json.

    Parameters
    ----------
    fit : ReportedFit
        What the assessment was made from.
    assessment : Assessment
        Of the report's dyad.
    events : EventTable, CountTable or IndexTable, optional
        What was read.
    others : sequence of Assessment or Brief
        Of the other dyads of the fit.
    gate : GateLike, optional
        The result of the convergence gate; the fit's own without it.
    skill : DyadSkill or NotDefined, optional
        What a backtest says of such forecasts, by `find_skill`; by default the one that comes with the package.

    Returns
    -------
    dict
        Plain values, by the schema of docs/schema/forecast-json.md.

    Examples
    --------
    >>> from forecast.report import forecast_json
    >>> forecast_json(fit, assessment)["converged"]  # doctest: +SKIP
    """
    judged, question = gate or fit.gate, quoted(assessment)
    body = {
        "schema": SCHEMA,
        "converged": bool(judged.passed),
        "stamp": "" if judged.passed else STAMP,
        "as_of": as_of(fit, assessment),
        "vintage": vintage(fit.panel),
        "caveats": caveats_of(fit, assessment.dyad),
        "origin": assessment.origin,
        "dyad": assessment.dyad,
        "label": assessment.label,
        "headline": assessment.headline,
        "rule": None if question is None else question.rule,
        "level": level_sentence(assessment),
        "meaning": meaning(assessment),
        "smallest_improvement": assessment.smallest_improvement,
        "recorded": _recorded(assessment),
        "threshold": _threshold(assessment),
        "of_a_kind": _of_a_kind(assessment),
        "at_least": assessment.at_least,
        "horizons": [
            plain(outlook) | {"percent": printed_percents(outlook)} for outlook in assessment.improvement.values()
        ],
        "standing": assessment.standing,
        "last_break": assessment.last_break,
        "frameworks": assessment.frameworks,
        "pendulum": assessment.pendulum,
        "band": assessment.band,
        "contrast": assessment.contrast,
        "kinds": assessment.kinds,
        "drivers": driver_outlooks(fit, assessment.dyad),
        "datasets": _datasets(fit, assessment),
        "fan": assessment.fan,
        "claims": assessment.claims,
        "skill": skill or find_skill(fit, assessment, events),
        "dyads": [_dyad_summary(one) for one in (assessment.brief, *(other.brief for other in others))],
        "prior_posterior": fit.prior_posterior(assessment.dyad).to_dict("records"),
        "gate": judged.to_dict(),
        "provenance": facts(fit, assessment, events),
    }
    stated: dict[str, Any] = _with_intervals(plain(body))
    return stated


def _datasets(fit: ReportedFit, assessment: Assessment) -> dict[str, Any] | None:
    found = dataset_outlooks(fit, assessment.dyad, seed=assessment.seed)
    return {"finding": datasets_finding(found), "each": list(found)} if found else None


def _recorded(assessment: Assessment) -> Any:
    if isinstance(assessment.recorded, NotDefined):
        return assessment.recorded
    return [plain(window) | {"percent": printed_changes(window)} for window in assessment.recorded.values()]


def _threshold(assessment: Assessment) -> Any:
    return list(assessment.threshold.values()) if isinstance(assessment.threshold, Mapping) else assessment.threshold


def _of_a_kind(assessment: Assessment) -> Any:
    if isinstance(assessment.of_a_kind, NotDefined):
        return assessment.of_a_kind
    return [one for by_horizon in assessment.of_a_kind.values() for one in by_horizon.values()]


def _dyad_summary(one: Brief) -> dict[str, Any]:
    names = ("dyad", "label", "headline", "level", "equilibrium", "half_life")
    return {name: getattr(one, name) for name in names}


def _with_intervals(node: Any) -> Any:
    """Add to every probability the interval of its Monte Carlo error, and the kind of that interval."""
    if isinstance(node, list):
        return [_with_intervals(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"value", "mcse", "definition"}:
        reach = _Z90 * node["mcse"]
        ends = {"mc_low": max(0.0, node["value"] - reach), "mc_high": min(1.0, node["value"] + reach)}
        return {**node, **ends, "mc_interval": MONTE_CARLO}
    return {key: _with_intervals(value) for key, value in node.items()}
