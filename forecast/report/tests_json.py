"""tests.json and tests.csv: what the page of tests says, for programs (docs/schema/tests-json.md)."""

from typing import TYPE_CHECKING, Any

from forecast.hypotheses.registry import CLAIMS
from forecast.outlook import plain
from forecast.report import verdict_words as say
from forecast.report.tests_page import headline, label
from forecast.report.words import STAMP

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses import Results, Verdict

SCHEMA = 2
COLUMNS = ("code", "name", "words", "value", "low", "high", "error", "unit", "kind")


def results_json(results: "Results") -> dict[str, Any]:
    """Return the content of tests.json.

    Parameters
    ----------
    results : Results
        Of `forecast.hypotheses.run_tests`.

    Returns
    -------
    dict
        Plain values, by the schema of docs/schema/tests-json.md.

    Examples
    --------
    >>> from forecast.report import results_json
    >>> results_json(results)["stamp"]  # doctest: +SKIP
    'planned'
    """
    plan, data = results.plan, results.data
    content: dict[str, Any] = plain(
        {
            "schema": SCHEMA,
            "converged": results.converged,
            "warning": "" if results.converged else STAMP,
            "reasons": results.reasons,
            "stamp": results.stamp,
            "dyad": data.dyad,
            "label": label(data.dyad),
            "as_of": data.as_of,
            "headline": headline(results),
            "verdicts": [_verdict(results, verdict) for verdict in results.verdicts],
            "sensitivity": results.sensitivity,
            "gates": {model: gate.to_dict() for model, gate in results.gates.items()},
            "notes": results.notes,
            "plan": plan.model_dump(mode="json"),
            "plan_digest": plan.digest,
            "versions": results.versions,
            "seconds": results.seconds,
        }
    )
    return content


def results_table(results: "Results") -> "pd.DataFrame":
    """Return every number of the verdicts, a row each: the content of tests.csv."""
    import pandas as pd

    rows = [
        (verdict.code, one.name, one.words, one.value, one.low, one.high, one.error, one.unit, one.kind)
        for verdict in results.verdicts
        for one in verdict.all_numbers
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _verdict(results: "Results", verdict: "Verdict") -> dict[str, Any]:
    rule = say.rule_words(verdict, results.plan.rule)
    return verdict.to_dict() | {
        "rule": rule,
        "without_power": results.without_power.get(verdict.code, ""),
        "statement": CLAIMS[verdict.code].theory.about(results.data.dyad),
    }
