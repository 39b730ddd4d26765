"""forecast.json and levels.csv: the numbers of a report for programs (docs/schema/forecast-json.md)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.events.table import Recorded
from forecast.outlook import (
    Assessment,
    Brief,
    KindSeries,
    NotDefined,
    kind_series,
    level_record,
    level_sentence,
    plain,
    printed_changes,
    printed_percents,
    quoted,
)
from forecast.outlook.datasets import datasets_finding
from forecast.outlook.draws import FitLike
from forecast.panel import observed_periods, panel_kind
from forecast.report.material import Material, gather
from forecast.report.provenance import vintage
from forecast.report.skill import DyadSkill
from forecast.report.words import STAMP, meaning

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.model.gate import Gate


type Kinds = Mapping[str, KindSeries] | NotDefined

COLUMNS = ("dyad", "period", "mean", "q05", "q25", "median", "q75", "q95", "covered", "events")

ENDS = {"": 1, "_low": 0, "_high": 2}
"""Column suffixes of depth and severity, with the row of the series that each contains."""


def levels_table(fit: FitLike, kinds: Mapping[str, Kinds] | None = None) -> pd.DataFrame:
    """Tabulate the share of cooperative actions of every dyad and period of a fit."""
    dyads, known = [str(dyad) for dyad in fit.panel["dyad"].to_numpy()], kinds or {}
    return pd.concat(
        [_dyad_levels(fit, dyad, known[dyad] if dyad in known else kind_series(fit, dyad)) for dyad in dyads],
        ignore_index=True,
    )


def _dyad_levels(fit: FitLike, dyad: str, kinds: Kinds) -> pd.DataFrame:
    record, panel = level_record(fit, dyad), fit.panel
    series = {} if isinstance(kinds, NotDefined) else kinds
    shares = np.vstack([record["mean"].to_numpy()[None], record["share"].to_numpy()]).round(3)
    levels = pd.DataFrame(
        {
            "dyad": dyad,
            "period": record["time"].to_numpy().astype("datetime64[D]").astype(str),
            **dict(zip(COLUMNS[2:8], shares, strict=True)),
            "covered": np.where(observed_periods(panel, dyad), "yes", "no"),
            "events": panel_kind(panel).events(panel, dyad),
        },
        columns=list(COLUMNS),
    )
    ends = {f"{name}{end}": one.share[row] for name, one in series.items() for end, row in ENDS.items()}
    return levels.assign(**ends)


SCHEMA = 2
_Z90 = 1.6448536269514722
MONTE_CARLO = "90% normal, of the Monte Carlo error alone"


def forecast_json(
    fit: "Fit",
    assessment: Assessment,
    *,
    events: Recorded | None = None,
    others: Sequence[Assessment | Brief] = (),
    gate: "Gate | None" = None,
    skill: DyadSkill | NotDefined | None = None,
) -> dict[str, Any]:
    """Return the content of forecast.json."""
    return report_json(gather(fit, assessment, events, others, gate, skill))


def report_json(material: Material) -> dict[str, Any]:
    """Return the content of forecast.json."""
    result, gate = material.result, material.gate
    question, recorded, kinds = quoted(result), result.recorded, result.of_a_kind
    body = {
        "schema": SCHEMA,
        "converged": bool(gate.passed),
        "stamp": "" if gate.passed else STAMP,
        "as_of": material.as_of,
        "vintage": vintage(material.fit.panel),
        "caveats": material.caveats,
        **_parts(result, "origin", "dyad", "label", "title", "headline", "verdict"),
        "rule": None if question is None else question.rule,
        "level": level_sentence(result),
        "meaning": meaning(result),
        "baseline_months": result.baseline_months,
        "smallest_improvement": result.smallest_improvement,
        "recorded": recorded
        if isinstance(recorded, NotDefined)
        else [plain(window) | {"percent": printed_changes(window)} for window in recorded.values()],
        "followed": list(material.followed.values()),
        "pool": result.pool,
        "threshold": _listed(result.threshold),
        "of_a_kind": kinds if isinstance(kinds, NotDefined) else [one for by in kinds.values() for one in by.values()],
        "at_least": result.at_least,
        "horizons": [
            plain(outlook) | {"percent": printed_percents(outlook)} for outlook in result.improvement.values()
        ],
        **_parts(result, "standing", "last_break", "frameworks", "pendulum", "band", "contrast", "kinds", "drivers"),
        "datasets": {"finding": datasets_finding(found), "each": list(found)} if (found := result.datasets) else None,
        **_parts(result, "rolling", "fan", "claims"),
        "skill": material.skill,
        "dyads": [
            _parts(one, "dyad", "label", "headline", "level", "equilibrium", "half_life")
            for one in (result.brief, *material.others)
        ],
        "prior_posterior": material.learned.to_dict("records"),
        "convergence_checks": gate.to_dict(),
        "provenance": material.facts,
    }
    stated: dict[str, Any] = _with_intervals(plain(body))
    return stated


def _parts(result: Assessment | Brief, *names: str) -> dict[str, Any]:
    return {name: getattr(result, name) for name in names}


def _listed[One](found: Mapping[Any, One] | NotDefined | None) -> list[One] | NotDefined | None:
    """Return the values of a mapping as a list, if it is defined."""
    return list(found.values()) if isinstance(found, Mapping) else found


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
