"""Where a report's numbers come from: the same for page and JSON."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from forecast.events import EventTable
from forecast.events.added import additions_of
from forecast.events.dyads import caveats
from forecast.events.table import Recorded
from forecast.outlook import Assessment
from forecast.report.contract import ReportedFit


def as_of(fit: ReportedFit, result: Assessment) -> date:
    """Return the as-of day of a fit: that of its panel, else the end of its last period."""
    text = str(fit.panel.attrs.get("as_of") or "")
    return date.fromisoformat(text) if text else result.origin


def caveats_of(fit: ReportedFit, dyad: str) -> tuple[str, ...]:
    """Return what a reader has to know of how the datasets of a fit record a dyad; an index has none."""
    coords = fit.panel.coords
    return caveats(dyad, map(str, coords["dataset"].to_numpy())) if "dataset" in coords else ()


def facts(fit: ReportedFit, result: Assessment, events: Recorded | None) -> dict[str, Any]:
    """Return the provenance: of the data, the fit and the simulation."""
    attributes = fit.panel.attrs
    outside = json.loads(str(attributes.get("outside_coverage") or "{}"))
    late = int(attributes.get("late", 0)) + (events.late if isinstance(events, EventTable) else 0)
    feeds = [account.sentence for account in events.accounts] if isinstance(events, EventTable) else []
    return {
        "data": {
            "digest": str(attributes.get("digest", "")),
            "counted": int(attributes.get("counted", 0)),
            "paired": int(attributes.get("paired", 0)),
            "outside_coverage": sum(outside.values()),
            "outside_span": int(attributes.get("outside_span", 0)),
            "late": late,
            "rejected": len(events.rejects) if events else 0,
            **({"feeds": feeds} if feeds else {}),
        },
        "additions": [asdict(one) for one in additions_of(attributes)],
        "files": [file._asdict() for file in events.files] if events else [],
        "fit": dict(fit.provenance),
        "simulation": {"seed": result.seed, "draws": result.draws, "futures": result.futures},
    }
