"""Tests of claims about relations, on all dyads at once, and comparison of models.

Entry points: `pooled_tests` tests general claims, `run_plan` tests those of a frozen plan, and
`compare_models` compares models of one's own. General claims are tested without sampling: an
assumed-density filter gives the likelihood of a dyad, and quadrature integrates its parameters and
those of the population. Public names are imported on first use.
"""

from typing import TYPE_CHECKING

from forecast.base.exports import exporter

if TYPE_CHECKING:
    from forecast.study.hypotheses.compare import ModelComparison as ModelComparison
    from forecast.study.hypotheses.compare import compare_models as compare_models
    from forecast.study.hypotheses.plan import Choice as Choice
    from forecast.study.hypotheses.plan import Plan as Plan
    from forecast.study.hypotheses.plan import deviate as deviate
    from forecast.study.hypotheses.plan import freeze_plan as freeze_plan
    from forecast.study.hypotheses.plan import make_plan as make_plan
    from forecast.study.hypotheses.plan import plan_ahead as plan_ahead
    from forecast.study.hypotheses.plan import read_plan as read_plan
    from forecast.study.hypotheses.plan import write_plan as write_plan
    from forecast.study.hypotheses.plan_execution import run_plan as run_plan
    from forecast.study.hypotheses.results import PooledResults as PooledResults
    from forecast.study.hypotheses.results import PooledVerdict as PooledVerdict
    from forecast.study.hypotheses.run import pooled_tests as pooled_tests

# Exported names, by the module that defines them.
_NAMES_BY_MODULE = {
    "forecast.study.hypotheses.compare": (
        "ModelComparison",
        "compare_models",
    ),
    "forecast.study.hypotheses.plan": (
        "Choice",
        "Plan",
        "deviate",
        "freeze_plan",
        "make_plan",
        "plan_ahead",
        "read_plan",
        "write_plan",
    ),
    "forecast.study.hypotheses.plan_execution": ("run_plan",),
    "forecast.study.hypotheses.results": (
        "PooledResults",
        "PooledVerdict",
    ),
    "forecast.study.hypotheses.run": ("pooled_tests",),
}

__all__, __getattr__ = exporter(__name__, _NAMES_BY_MODULE)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
