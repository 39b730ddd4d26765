"""The page of a run of hypothesis tests: every claim with its answer and all that it rests on."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from forecast import wording
from forecast.hypotheses.number_words import describe, stated
from forecast.hypotheses.registry import CLAIMS
from forecast.panel import panel_kind
from forecast.report import account, verdict_figure, words
from forecast.report import verdict_words as say
from forecast.report.rendering import render
from forecast.report.style import Illustration, stamped
from forecast.report.vintage import vintage

if TYPE_CHECKING:
    import xarray as xr

    from forecast.hypotheses import Comparison, Plan, Results, Verdict

_UNKNOWN = "This run cannot tell: its sampler has not converged."
_STAMPS = {
    "planned": (
        "Planned",
        "The plan was frozen before these tests were run on these data, and was run unchanged.",
    ),
    "exploratory": (
        "Exploratory",
        "No plan was frozen beforehand. Choices made after seeing results can find what is not "
        "there: read the answers as suggestions for a planned test on other data, not as tests.",
    ),
}


def render_tests(results: "Results") -> str:
    """Render the page of a run of tests.

    Parameters
    ----------
    results : Results
        Of `forecast.hypotheses.run_tests`.

    Returns
    -------
    str
        HTML that loads nothing.

    Examples
    --------
    >>> from forecast.report import render_tests
    >>> render_tests(results).startswith("<!DOCTYPE html>")  # doctest: +SKIP
    True
    """
    return results_page(results, results_figures(results))


def results_figures(results: "Results") -> dict[str, Illustration]:
    """Draw the figure of each verdict, by the code of its claim."""
    figures = {verdict.code: verdict_figure.illustrate(verdict.drawing) for verdict in results.verdicts}
    return figures if results.converged else {code: stamped(one, words.STAMP) for code, one in figures.items()}


def results_page(results: "Results", figures: Mapping[str, Illustration], files: Sequence[str] = ()) -> str:
    """Combine text, tables and figures; `files` are the names of the other files of the report."""
    from forecast.hypotheses.evidence.unit_roots import CAUTION

    plan = results.plan
    name, meaning = _STAMPS[results.stamp]
    content = {
        "label": label(results.data.dyad),
        "as_of": results.data.as_of,
        "vintage": vintage(results.data.panel),
        "headline": headline(results),
        "kind": name,
        "kind_meaning": meaning,
        "frozen": plan.created if plan.frozen else None,
        "plan_digest": plan.digest,
        "stamp": "" if results.converged else words.STAMP,
        "reasons": results.reasons,
        "verdicts": [_verdict(results, verdict, CLAIMS[verdict.code].title) for verdict in results.verdicts],
        "figures": figures,
        "numbers": {code: place for place, code in enumerate(figures, 1)},
        "caution": CAUTION,
        "sensitivity": None if results.sensitivity is None else say.sensitivity_grid(results.sensitivity, plan.rule),
        "notes": results.notes,
        "gates": [_gate(model, gate.to_dict()) for model, gate in results.gates.items()],
        "limits": next((gate.to_dict()["limits"] for gate in results.gates.values()), None),
        "settings": account.settings(plan.spec, [plan.dyad]),
        "choices": choices(plan),
        "data_rows": _data(results),
        "sources": results.data.files,
        "run_rows": _run(results),
        "files": list(files),
    }
    return render("tests.html.j2", content)


def headline(results: "Results") -> str:
    """Describe in a sentence how the claims were answered, if they were."""
    asked = f"Is there a pendulum in {label(results.data.dyad)} relations?"
    return f"{asked} {say.answered(results.verdicts) if results.converged else _UNKNOWN}"


def label(dyad: str) -> str:
    """Name a dyad for readers; one that the package does not know by its code."""
    from forecast.events import read_dyads

    known = read_dyads()
    return str(known.loc[dyad, "label"]) if dyad in known.index else dyad


def _verdict(results: "Results", verdict: "Verdict", title: str) -> dict[str, Any]:
    rule = results.plan.rule
    return {
        "code": verdict.code,
        "title": title,
        "theory": CLAIMS[verdict.code].theory.about(results.data.dyad),
        "claim": verdict.claim,
        "null": verdict.null,
        "answer": verdict.answer,
        "deciding": say.deciding(verdict),
        "power_short": say.power_words(verdict.power),
        "rule": say.rule_words(verdict, rule),
        "factors": [(_compared(one), *say.factor_words(one, rule)) for one in verdict.comparisons],
        "ahead": [
            (_compared(one), *say.ahead_words(one, rule)) for one in verdict.comparisons if not one.by_factor_alone
        ],
        "posterior": [(describe(one), stated(one)) for one in verdict.numbers],
        "why": str(verdict.reason or ""),
        "prose": verdict.prose,
        "table": say.grid(verdict.table) if len(verdict.table.columns) else None,
        "power": say.power_grid(verdict.power) if verdict.power else None,
        "power_said": verdict.power.words if verdict.power else results.without_power.get(verdict.code, ""),
        "checks": [
            (
                check.name,
                check.null,
                wording.number(check.statistic),
                _p_value(check.p_value),
                check.lags,
                check.says,
            )
            for check in verdict.checks
        ],
    }


def _compared(one: "Comparison") -> str:
    return one.words if one.decides else f"{one.words} (for comparison)"


def _p_value(value: float) -> str:
    return "<0.001" if value < 0.0005 else wording.number(value, 3)


def _gate(model: str, gate: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the worst diagnostics of a model."""

    def worst(name: str, choose: Any) -> float | None:
        known = [one[name] for one in gate["quantities"] if one[name] is not None]
        return choose(known) if known else None

    return (
        model,
        "yes" if gate["passed"] else "no",
        wording.number(worst("r_hat", max), 3),
        wording.number(worst("ess_bulk", min), 0),
        wording.number(worst("ess_tail", min), 0),
        wording.percent(gate["divergence_share"], 2),
        wording.number(gate["bfmi"], 2),
    )


def choices(plan: "Plan") -> account.Rows:
    """Format the choices of a plan that are not the model's."""
    rule = plan.rule
    return [
        ("Claims", ", ".join(plan.claims)),
        *(
            [("Dyads fitted together where a claim is about several", ", ".join(plan.hierarchy))]
            if plan.hierarchy
            else []
        ),
        ("Bayes factor that decides", f"{rule.bayes_factor:g}, cleared by two of its Monte Carlo errors"),
        ("Leave-future-out may contradict by", wording.count(rule.ahead_errors, "standard error")),
        ("Posterior probability that decides without a rival model", f"{100 * rule.probability:g} %"),
        ("Practically no difference", f"within {rule.rope:g} points of share on either side of zero"),
        ("Practically no pull", f"a half-life above {rule.half_life:g} months"),
        ("Smallest effect of interest", f"{plan.smallest_effect:g} points of share"),
        ("Power asked for half-lives of", f"{wording.join(f'{one:g}' for one in plan.half_lives)} months"),
        ("Simulated records an alternative", f"{plan.simulations:,}"),
        ("Draws a chain, kept and warm-up", f"{plan.draws:,} and {plan.tune:,}, {wording.count(plan.chains, 'chain')}"),
        ("Seed", str(plan.seed)),
    ]


def standing(plan: "Plan") -> str:
    """Describe whether a plan is frozen, and since when."""
    made = f"on {wording.day(plan.created)}, by version {plan.package} of the package"
    if plan.frozen is None:
        return f"not frozen; made {made}"
    return f"frozen {made}" + ("" if plan.frozen == plan.digest else "; CHANGED since")


def _data(results: "Results") -> account.Rows:
    plan, data = results.plan, results.data
    time = data.panel["time"].to_numpy()
    rows = [
        ("Data", plan.source.words),
        ("Periods", f"{len(time):,}, {str(time[0])[:10]} to {data.as_of.isoformat()}, by {plan.frequency}"),
        ("Digest of the panel (SHA-256)", data.digest),
    ]
    if panel_kind(data.panel).coded:
        scale = str(data.panel.attrs.get("scale", ""))
        rows.insert(2, ("Counted", f"{_counted(data.panel)} of the dyad, on the scale {scale}"))
    return rows


def _counted(panel: "xr.Dataset") -> str:
    """Count the happenings of a panel; of several datasets those of each."""
    counts = panel["counts"].sum([dim for dim in panel["counts"].dims if dim != "dataset"]).to_series()
    if len(counts) == 1:
        return f"{counts.sum():,}"
    return wording.join(f"{number:,} of {name}" for name, number in counts.items())


def _run(results: "Results") -> account.Rows:
    plan = results.plan
    rows = [
        ("Plan", standing(plan)),
        ("Digest of the plan (SHA-256)", plan.digest),
        ("Versions", ", ".join(f"{name} {number}" for name, number in results.versions.items()) or "not stated"),
        ("Time", ", ".join(f"{step} {_time(seconds)}" for step, seconds in results.seconds.items())),
        ("Time in all", _time(sum(results.seconds.values()))),
    ]
    return [(name, text) for name, text in rows if text]


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"
