"""Hypothesis tests of claims about a relation, each against an alternative.

Entry points: `pooled_tests` tests general claims on all dyads at once; `run_tests` carries out a plan on one dyad: a
plan lists the claims and their decision rules, and each claim returns a `Verdict`. Public names are imported on first
use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates as Candidates
    from forecast.hypotheses.hypothesis import Hypothesis as Hypothesis
    from forecast.hypotheses.plan import Plan as Plan
    from forecast.hypotheses.plan import freeze as freeze
    from forecast.hypotheses.plan import make_plan as make_plan
    from forecast.hypotheses.plan import read_plan as read_plan
    from forecast.hypotheses.plan import write_plan as write_plan
    from forecast.hypotheses.pooled.run import PooledResults as PooledResults
    from forecast.hypotheses.pooled.run import PooledVerdict as PooledVerdict
    from forecast.hypotheses.pooled.run import pooled_tests as pooled_tests
    from forecast.hypotheses.registry import CLAIMS as CLAIMS
    from forecast.hypotheses.run import Results as Results
    from forecast.hypotheses.run import run_tests as run_tests
    from forecast.hypotheses.unit_roots import UnitRoot as UnitRoot
    from forecast.hypotheses.verdict import Comparison as Comparison
    from forecast.hypotheses.verdict import Drawing as Drawing
    from forecast.hypotheses.verdict import Found as Found
    from forecast.hypotheses.verdict import Number as Number
    from forecast.hypotheses.verdict import Rule as Rule
    from forecast.hypotheses.verdict import Series as Series
    from forecast.hypotheses.verdict import Verdict as Verdict

_HOMES = {
    "CLAIMS": "registry",
    "Candidates": "candidates",
    "Comparison": "verdict",
    "Drawing": "verdict",
    "Found": "verdict",
    "Hypothesis": "hypothesis",
    "Number": "verdict",
    "Plan": "plan",
    "PooledResults": "pooled.run",
    "PooledVerdict": "pooled.run",
    "Results": "run",
    "Rule": "verdict",
    "Series": "verdict",
    "UnitRoot": "unit_roots",
    "Verdict": "verdict",
    "freeze": "plan",
    "make_plan": "plan",
    "pooled_tests": "pooled.run",
    "read_plan": "plan",
    "run_tests": "run",
    "write_plan": "plan",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"forecast.hypotheses.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
