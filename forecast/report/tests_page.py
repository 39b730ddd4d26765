"""Page of a run of hypothesis tests, with tests.json and tests.csv."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api.types import is_float_dtype, is_numeric_dtype

from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.verdict import describe, stated
from forecast.outlook import plain
from forecast.panel import panel_kind
from forecast.report import provenance, verdict_figure, words
from forecast.report.provenance import vintage
from forecast.report.rendering import Files, Page
from forecast.report.style import Illustration, stamped
from forecast.report.table import Table
from forecast.report.words import STAMP, label
from forecast.wording import DASH, capital, chance, count, day, decimals_for, join, number, percent, ratio

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.hypotheses import Comparison, Plan, Results, Rule, Verdict
    from forecast.hypotheses.verdict import PowerLike

ANSWERED = ("supported", "rejected", "undecided")

_EVIDENCE_RULE = (
    "Supported if the Bayes factor for the claim's model exceeds {factor} by more than two of its Monte Carlo errors "
    "and leaving the future out speaks against it by no more than {errors} of its standard errors; rejected if the "
    "same holds for the rival; undecided otherwise."
)
_PROBABILITY_RULE = "Supported from a probability of {yes} % on, rejected at {no} % or less, undecided in between."
_HEADS = {
    "ahead_difference": "leave-future-out difference",
    "ahead_error": "its standard error",
    "ahead_weight": "stacking weight",
    "error": "Monte Carlo error",
    "half_life": "half-life, months",
    "high": "to",
    "log_bayes_factor": "log Bayes factor",
    "log_evidence": "log evidence",
    "low": "from",
    "p_value": "p-value",
    "probability_short": "chance that it is short",
    "share_now": "current share",
    "weight": "stacking weight",
}
"""Names of columns where the words are not those of the name."""


def factor_words(one: "Comparison", rule: "Rule") -> tuple[str, str]:
    """Describe the Bayes factor of a comparison, and whether it speaks for either side by the rule."""
    value = one.log_bayes_factor
    if not math.isfinite(value):
        return "could not be computed", ""
    wider = ""
    if one.least is not None and one.most is not None and one.least < one.most:
        wider = f"; {number(one.least)} to {number(one.most)} with priors half and twice as wide"
    said = f"log Bayes factor {number(value)} ± {number(one.error)}, that is {odds(value)} for {one.favoured[0]}"
    side = {"supported": one.claim, "rejected": one.rival, "undecided": "neither"}
    return f"{said}{wider}", f"Speaks for {side[rule.decide_factor(value, one.error)]}"


def ahead_words(one: "Comparison", rule: "Rule") -> tuple[str, str]:
    """Describe what leaving the future out has found of a comparison, and whether it leans to either side."""
    value, error = one.ahead_difference, one.ahead_error
    if not math.isfinite(value):
        return "was not computed", ""
    weight = f"stacking weight of {one.claim} {chance(one.weight)}"
    said = f"difference in log predictive density {number(value)}, standard error {number(error)}; {weight}"
    bound = rule.ahead_errors * error
    side = one.claim if value > bound else one.rival if value < -bound else "neither"
    return said, f"Leans to {side}"


def odds(log_factor: float) -> str:
    """Write a Bayes factor as odds for whom it favours: ``4.1 to 1``, ``>1,000 to 1``."""
    return f"{ratio(log_factor)} to 1"


def rule_words(verdict: "Verdict", rule: "Rule") -> str:
    """Describe by which rule a claim is decided."""
    claim = CLAIMS[verdict.code]
    words = _EVIDENCE_RULE if claim.by_evidence else _PROBABILITY_RULE
    said = words.format(
        factor=f"{rule.bayes_factor:g}", errors=f"{rule.ahead_errors:g}", yes=f"{100 * rule.probability:g}",
        no=f"{100 - 100 * rule.probability:g}",
    )  # fmt: skip
    return f"{said} {claim.how.format(half_life=f'{rule.half_life:g}')}".rstrip()


def deciding(verdict: "Verdict") -> list[str]:
    """Format the numbers that decide a claim, shortly; if none of those foreseen is there, the first two."""
    compared = [one for one in verdict.comparisons if one.decides]
    names = CLAIMS[verdict.code].decides
    others = [one for one in verdict.numbers if one.name in names]
    if not compared and not others:
        others = list(verdict.numbers[:2])
    return [_shortly(one, several=len(compared) > 1) for one in compared] + [
        f"{describe(one)}: {stated(one)}" for one in others
    ]


def _shortly(one: "Comparison", *, several: bool) -> str:
    name = f"{one.words}: " if several else ""
    ahead = f", ahead {number(one.ahead_difference)} (s.e. {number(one.ahead_error)})"
    return f"{name}log Bayes factor {number(one.log_bayes_factor)} ± {number(one.error)}{ahead}"


def power_words(power: "PowerLike | None") -> str:
    """Describe the power of a test in a few words."""
    if power is None:
        return "not simulated"
    null, *others = power.table.to_dict("records")
    found = [f"{row['alternative']}: found in {percent(row['supported'])}" for row in others]
    return "; ".join([*found, f"{null['alternative']}: false alarm in {percent(null['supported'])}"])


def power_grid(power: "PowerLike") -> Table:
    """Turn a power analysis into a table of words, its shares in per cents."""
    table = power.table
    shares = {name: [percent(value) for value in table[name]] for name in ANSWERED}
    interval = [f"{percent(low)} to {percent(high)}" for low, high in zip(table["low"], table["high"], strict=True)]
    shown = table[["alternative", "simulations"]].assign(**shares, **{"supported, 90 % interval": interval})
    if "error" in table:
        shown["Monte Carlo error of a log Bayes factor, median"] = table["error"]
    return frame_grid(shown, right=[*ANSWERED, "supported, 90 % interval"])


def answered(verdicts: "Sequence[Verdict]") -> str:
    """Describe in a sentence how claims were answered."""
    if len(verdicts) == 1:
        only = verdicts[0]
        return f"The claim tested, {CLAIMS[only.code].title}, is {only.answer}."
    answers = [one.answer for one in verdicts]
    parts = [f"{answers.count(answer)} {answer}" for answer in ANSWERED if answer in answers]
    return f"Of {len(verdicts)} claims tested, {join(parts)}."


def sensitivity_grid(table: "pd.DataFrame", rule: "Rule") -> tuple[Table, provenance.Rows]:
    """Turn a sensitivity table into words; the rows that have nothing but a note are apart."""
    measured = table[[name for name in table if name not in ("change", "note")]].replace("", None)
    told = measured.notna().any(axis=1)
    words = {
        "half_life": "half-life, months",
        "low": "90 % interval, from",
        "high": "to",
        "probability_short": f"chance of below {rule.half_life:g} months",
        "log_bayes_factor": "log Bayes factor against a random walk",
        "answer": "answer by that alone",
        "share_now": "share now",
    }
    notes = [(row["change"], row["note"]) for row in table[~told].to_dict("records")]
    return frame_grid(table[told].rename(columns=words)), notes


def frame_grid(frame: "pd.DataFrame", right: Sequence[str] = ()) -> Table:
    """Turn a table into words; of `right`, words stand on the right as numbers do."""
    names = [_HEADS.get(str(name), str(name).replace("_", " ")) for name in frame]
    numeric = [is_numeric_dtype(frame[name]) or name in right for name in frame]
    decimals = [_column_decimals(frame[name]) for name in frame]
    rows = [[_cell(*pair) for pair in zip(row, decimals, strict=True)] for row in frame.itertuples(index=False)]
    return Table.of(map(capital, names), rows, [place for place, of in enumerate(numeric) if not of])


def _column_decimals(column: "pd.Series[Any]") -> int | None:
    """Choose one number of decimals for all of a column; none for whole numbers, and what is no number."""
    if not is_float_dtype(column):
        return None
    values = column[np.isfinite(column)].abs()
    if not len(values) or bool((values % 1 == 0).all()):
        return 0
    return max(1, decimals_for(float(values.max())))


def _cell(value: Any, decimals: int | None = None) -> str:
    """Write what stands in a cell of a table, numbers that are not whole with so many decimals."""
    if value is None or value != value or value == "":
        return DASH
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return number(float(value), decimals)
    return value.isoformat()[:10] if isinstance(value, date) else str(value)


SCHEMA = 2
COLUMNS = ("code", "name", "words", "value", "low", "high", "error", "unit", "kind")


def results_json(results: "Results") -> dict[str, Any]:
    """Return the content of tests.json."""
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
            "verdicts": [_verdict_json(results, verdict) for verdict in results.verdicts],
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


def _verdict_json(results: "Results", verdict: "Verdict") -> dict[str, Any]:
    rule = rule_words(verdict, results.plan.rule)
    return verdict.to_dict() | {
        "rule": rule,
        "without_power": results.without_power.get(verdict.code, ""),
        "statement": CLAIMS[verdict.code].theory.about(results.data.dyad),
    }


_UNKNOWN = "This run cannot tell: its sampler has not converged."
_STAMPS = {
    "planned": ("Planned", "The plan was frozen before these tests were run on these data, and was run unchanged."),
    "exploratory": (
        "Exploratory",
        "No plan was frozen beforehand. Choices made after seeing results can find what is not "
        "there: read the answers as suggestions for a planned test on other data, not as tests.",
    ),
}


def results_figures(results: "Results") -> dict[str, Illustration]:
    """Draw the figure of each verdict, by the code of its claim."""
    figures = {verdict.code: verdict_figure.illustrate(verdict.drawing) for verdict in results.verdicts}
    return figures if results.converged else {code: stamped(one, words.STAMP) for code, one in figures.items()}


def results_page(results: "Results", figures: Mapping[str, Illustration] | None = None) -> Page:
    """Combine text, tables and figures, by default its own, with the files beside them."""
    from forecast.hypotheses.plan import write_plan
    from forecast.hypotheses.unit_roots import CAUTION

    plan = results.plan
    name, meaning = _STAMPS[results.stamp]
    table, notes = (None, []) if results.sensitivity is None else sensitivity_grid(results.sensitivity, plan.rule)
    content = {
        "label": label(results.data.dyad),
        "as_of": results.data.as_of,
        "vintage": vintage(results.data.panel),
        "headline": headline(results),
        "kind": name,
        "kind_meaning": meaning,
        "frozen": plan.created if plan.frozen else None,
        "plan_digest": plan.digest,
        "verdicts": [_verdict(results, verdict, CLAIMS[verdict.code].title) for verdict in results.verdicts],
        "caution": CAUTION,
        "sensitivity": table,
        "sensitivity_notes": notes,
        "notes": results.notes,
        "gates": _gates(results),
        "limits": next((gate.to_dict()["limits"] for gate in results.gates.values()), None),
        "settings": provenance.settings(plan.spec, [plan.dyad]),
        "choices": choices(plan),
        "data_rows": _data(results),
        "sources": Table.of(
            ("File read", "SHA-256, first digits"),
            [(name, sha256[:12]) for name, sha256 in results.data.files.items()],
            (0, 1),
        ),
        "run_rows": _run(results),
    }
    drawn = results_figures(results) if figures is None else figures
    files: Files = {
        "tests.json": results_json(results), "tests.csv": results_table(results),
        "plan.yaml": lambda path: write_plan(path, plan), **{f"{code}.svg": one.wide for code, one in drawn.items()},
    }  # fmt: skip
    return Page("tests.html.j2", content, drawn, results.converged, results.reasons, files)


def headline(results: "Results") -> str:
    """Describe in a sentence how the claims were answered, if they were."""
    asked = f"Is there a pendulum in {label(results.data.dyad)} relations?"
    return f"{asked} {answered(results.verdicts) if results.converged else _UNKNOWN}"


def _verdict(results: "Results", verdict: "Verdict", title: str) -> dict[str, Any]:
    rule = results.plan.rule
    return {
        "code": verdict.code,
        "title": title,
        "theory": CLAIMS[verdict.code].theory.about(results.data.dyad),
        "claim": verdict.claim,
        "null": verdict.null,
        "answer": verdict.answer,
        "deciding": deciding(verdict),
        "power_short": power_words(verdict.power),
        "rule": rule_words(verdict, rule),
        "factors": [(_compared(one), *factor_words(one, rule)) for one in verdict.comparisons],
        "ahead": [(_compared(one), *ahead_words(one, rule)) for one in verdict.comparisons if not one.by_factor_alone],
        "posterior": [(describe(one), stated(one)) for one in verdict.numbers],
        "why": str(verdict.reason or ""),
        "prose": verdict.prose,
        "table": frame_grid(verdict.table) if len(verdict.table.columns) else None,
        "power": power_grid(verdict.power) if verdict.power else None,
        "power_said": verdict.power.words if verdict.power else results.without_power.get(verdict.code, ""),
        "checks": Table.of(
            ("Test", "Its null", "Statistic", "p-value", "Lags", "At 5 % it"),
            [
                (
                    check.name,
                    check.null,
                    number(check.statistic),
                    "<0.001" if check.p_value < 0.0005 else number(check.p_value, 3),
                    str(check.lags),
                    check.says,
                )
                for check in verdict.checks
            ],
            (0, 1, 5),
        ),
    }


def _compared(one: "Comparison") -> str:
    return one.words if one.decides else f"{one.words} (for comparison)"


def _gates(results: "Results") -> Table:
    """Return the worst diagnostics of each model."""
    heads = (
        "Model", "Passed", "Worst R-hat", "Smallest bulk ESS", "Smallest tail ESS", "Divergent", "Energy",
    )  # fmt: skip
    return Table.of(heads, [_gate(model, gate.to_dict()) for model, gate in results.gates.items()], (0, 1))


def _gate(model: str, gate: Mapping[str, Any]) -> tuple[str, ...]:
    def worst(name: str, choose: Any) -> float | None:
        found: float | None = choose((one[name] for one in gate["quantities"] if one[name] is not None), default=None)
        return found

    return (
        model, "yes" if gate["passed"] else "no", number(worst("r_hat", max), 3), number(worst("ess_bulk", min), 0),
        number(worst("ess_tail", min), 0), percent(gate["divergence_share"], 2), number(gate["bfmi"], 2),
    )  # fmt: skip


def choices(plan: "Plan") -> provenance.Rows:
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
        ("Leave-future-out may contradict by", count(rule.ahead_errors, "standard error")),
        ("Posterior probability that decides without a rival model", f"{100 * rule.probability:g} %"),
        ("Practically no difference", f"within {rule.rope:g} points of share on either side of zero"),
        ("Practically no reversion", f"a half-life above {rule.half_life:g} months"),
        ("Smallest effect of interest", f"{plan.smallest_effect:g} points of share"),
        ("Power asked for half-lives of", f"{join(f'{one:g}' for one in plan.half_lives)} months"),
        ("Simulated records an alternative", f"{plan.simulations:,}"),
        ("Draws a chain, kept and warm-up", f"{plan.draws:,} and {plan.tune:,}, {count(plan.chains, 'chain')}"),
        ("Seed", str(plan.seed)),
    ]


def standing(plan: "Plan") -> str:
    """Describe whether a plan is frozen, and since when."""
    made = f"on {day(plan.created)}, by version {plan.package} of the package"
    if plan.frozen is None:
        return f"not frozen; made {made}"
    return f"frozen {made}" + ("" if plan.frozen == plan.digest else "; CHANGED since")


def _data(results: "Results") -> provenance.Rows:
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
    """Count the events of a panel; of several datasets those of each."""
    counts = panel["counts"].sum([dim for dim in panel["counts"].dims if dim != "dataset"]).to_series()
    if len(counts) == 1:
        return f"{counts.sum():,}"
    return join(f"{number:,} of {name}" for name, number in counts.items())


def _run(results: "Results") -> provenance.Rows:
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
