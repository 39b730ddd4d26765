"""Page of the pooled tests of claims, with tests.json and tests.csv."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.base.arguments import checked
from forecast.base.wording import DASH, capital, interval, join, month, number, ratio, signed
from forecast.outlook import plain
from forecast.outlook.theory import BALANCE, DECLINE, PENDULUM
from forecast.plots import plot_evidence
from forecast.plots.claims import place_name
from forecast.report.events import state_name
from forecast.report.folder import TESTS
from forecast.report.illustration import Illustration, plotted
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name, worded
from forecast.report.table import Table, badge, link
from forecast.report.words import label, sentence
from forecast.study.hypotheses.outcome import exception_words, exceptions, sentences
from forecast.study.hypotheses.power_tables import power_words
from forecast.study.hypotheses.results import PooledResults
from forecast.study.hypotheses.simulate import STAYING

if TYPE_CHECKING:
    from forecast.study.hypotheses.outcome import Picture
    from forecast.study.hypotheses.results import DyadResult, PooledVerdict

SENTENCES_SHOWN = 2
"""Sentences of a finding that are not folded."""
WORDS_OF_TITLE = 15
"""Words of the title."""
NARROW = 10.0
"""Times the Bayes factor of the rule: a claim that some choice brings below is narrowly
supported."""
_ASKED = "Is there a pendulum?"
_FADES, _RETURNS = f"{PENDULUM.code}a", f"{PENDULUM.code}b"
_TITLES = {
    _RETURNS: (
        "the trend returns",
        "the trend does not return",
        "return undecided",
        "return cannot be tested",
    ),
    BALANCE.code: ("a range holds", "no range holds", "range undecided", "range cannot be tested"),
    _FADES: (
        "events stay alike",
        "events do not stay alike",
        "alikeness undecided",
        "alikeness cannot be tested",
    ),
    DECLINE.code: (
        "eras begin with jumps",
        "eras begin without jumps",
        "jumps undecided",
        "jumps cannot be tested",
    ),
}
"""Parts of the title by claim, one for each of `_ANSWERS`, in their order."""
STAMP_MEANS = {
    "exploratory": "No plan was frozen before these data were seen. Read the answers as "
    "suggestions for a test on other data.",
    "frozen on data already seen": "The plan was frozen before this run, but its author had seen "
    "the data. It fixes the choices; it does not make the answers independent of the data.",
    "confirmatory": "The plan was frozen before its author had seen these data.",
}
"""What a reader has to know of the answers, by the stamp of the results."""
UNTESTED = "cannot be tested"
_ANSWERS = ("supported", "rejected", "undecided", UNTESTED)


def claims_page(
    results: "PooledResults", figures: Mapping[str, Illustration] | None = None
) -> Page:
    """Combine text, tables and figures, by default its own, with the files of the page."""
    ordered = sorted(results.verdicts, key=_secondary)
    pictures = {verdict.code: verdict.outcome.picture for verdict in ordered}
    drawn = figures
    if drawn is None:
        drawn = {
            code: draw_picture(picture) for code, picture in pictures.items() if picture is not None
        }
    span = " to ".join(
        month(date.fromisoformat(f"{month_of_span}-01"))
        for month_of_span in (results.first, results.last)
    )
    content = {
        "helpers": callable_by_name(
            answer_badge,
            answers_table,
            chosen_table,
            found_words,
            null_words,
            numbers_of,
            own_evidence,
            own_table,
            shape_words,
            state_of,
            tables_of,
        ),
        "headline": answers_in_short(results),
        "shown": SENTENCES_SHOWN,
        "stamp_means": STAMP_MEANS[results.stamp],
        "results": results,
        "span": span,
        "verdicts": ordered,
        "doubts": sentences("doubts"),
        "isfinite": math.isfinite,
        "version": version("pendulum-forecast"),
    }
    files: Files = {
        "tests.json": results_json(results),
        "tests.csv": results.to_frame(),
        **{f"{code}.svg": figure.wide for code, figure in drawn.items()},
    }
    return Page("claims.html.j2", content, drawn, files=files, notes=results.data_notes)


def answers_table(ordered: "Sequence[PooledVerdict]") -> Table:
    """Arrange the answers to all claims."""
    return Table.of(
        ("Question", "Answer", "Power and false alarms", "Log Bayes factor"),
        [
            (
                link(f"#{verdict.code}", verdict.code, f" {verdict.question}"),
                answer_badge(verdict),
                DASH if verdict.outcome.answer == UNTESTED else _power_of(verdict),
                _factor(verdict),
            )
            for verdict in ordered
        ],
        range(3),
    )


def answers_in_short(results: "PooledResults") -> str:
    """Answer the question of the page by claim, as far as at most 15 words allow."""
    verdicts = {verdict.code: verdict for verdict in results.verdicts}
    parts: list[str] = []
    for code, words in _TITLES.items():
        if code in verdicts:
            part = words[_ANSWERS.index(verdicts[code].outcome.answer)]
            longer = [*parts, f"{part} (narrowly)" if narrow(verdicts[code]) else part]
            if len(f"{_ASKED} {' '.join(longer)}".split()) <= WORDS_OF_TITLE:
                parts = longer
    if not parts:
        answers = [verdict.outcome.answer for verdict in results.verdicts]
        return (
            "Other claims: "
            f"{join(f'{answers.count(answer)} {answer}' for answer in dict.fromkeys(answers))}."
        )
    return f"{_ASKED} {capital(', '.join(parts))}."


def narrow(verdict: "PooledVerdict") -> bool:
    """Return whether a claim is supported narrowly: by less than ten times, or not throughout.

    An omission or other priors must leave ten times the limit, a part of the record the limit.
    """
    outcome = verdict.outcome
    others = [
        outcome.least,
        outcome.without_dyad[1],
        outcome.without_state[1],
        *(choice.least for choice in outcome.priors.values()),
    ]
    close = any(value < verdict.limit + math.log(NARROW) for value in others)
    return outcome.answer == "supported" and (close or bool(exceptions(outcome)))


def _secondary(verdict: "PooledVerdict") -> bool:
    """Return whether a claim is not about the pendulum itself: those follow those that are."""
    return not verdict.code.startswith((PENDULUM.code, BALANCE.code))


def found_words(verdict: "PooledVerdict") -> str:
    """Describe where an answer does not hold, its power, false alarms and evidence."""
    outcome = verdict.outcome
    fails = exception_words(
        exceptions(outcome, label, lambda state: state_of(state, outcome.dyads))
    )
    odds = ratio(outcome.log_bayes_factor) if math.isfinite(outcome.log_bayes_factor) else ""
    power = power_words(verdict.rates)
    return sentence(
        "tested", verdict=verdict, fails=fails, power=power, factor=_factor(verdict), odds=odds
    )


def shape_words(verdict: "PooledVerdict", power_of: str) -> str:
    """Describe which record the simulated records of a claim imitate."""
    rate = verdict.rates[0]
    return sentences("shape", rate=rate, power_of=power_of)[0]


def null_words(verdict: "PooledVerdict") -> str:
    """Describe how many null sets give a claim as much evidence; empty if none were simulated."""
    nulls = verdict.outcome.nulls
    return sentences("null_sets", nulls=nulls)[0] if nulls else ""


def _power_of(verdict: "PooledVerdict") -> str:
    """Return null sets, power and false alarms in a cell."""
    return "; ".join(filter(None, [nulls_in_short(verdict), power_words(verdict.rates)]))


def nulls_in_short(verdict: "PooledVerdict") -> str:
    """Return how many null sets give a claim as much evidence, in a few words.

    Empty if none were simulated.
    """
    return "; ".join(
        f"{null.as_good} of {null.sets} null sets as good" for null in verdict.outcome.nulls
    )


def answer_badge(verdict: "PooledVerdict") -> str:
    """Return the answer to a claim in the colour of its kind."""
    return badge(verdict.outcome.answer, ", narrowly" * narrow(verdict))


def _factor(verdict: "PooledVerdict") -> str:
    """Format the log Bayes factor of a claim, or its range over alternatives."""
    outcome = verdict.outcome
    return (
        _range(outcome.least, outcome.most)
        if outcome.least < outcome.most
        else number(outcome.log_bayes_factor, 1)
    )


def _range(least: float, most: float) -> str:
    return f"{number(least, 1)} to {number(most, 1)}" if least < most else number(least, 1)


def numbers_of(verdict: "PooledVerdict") -> list[tuple[str, str]]:
    """Return the further numbers of a test with their names."""
    return [
        (_name(name), _said(value))
        for name, value in verdict.outcome.details.items()
        if name != "would_decide"
    ]


def tables_of(verdict: "PooledVerdict") -> dict[str, Table]:
    """Return the tables of a claim by name."""
    outcome, details = verdict.outcome, verdict.outcome.details
    dyads = sorted(outcome.dyads.items(), key=lambda added: (math.isnan(added[1]), -added[1]))
    rates = (
        "Simulated process",
        "Claim is",
        "Sets",
        "Supported",
        "Rejected",
        "Median of the log Bayes factors",
    )
    return {
        "dyads": Table.of(
            ("Dyad", "Adds to the log Bayes factor"),
            [(label(dyad), signed(adds, 1)) for dyad, adds in dyads],
        ),
        "learned": Table.of(
            ("Quantity", "Prior", "Posterior"),
            [
                (_name(name), _said(details[f"{name}_prior"]), _said(value))
                for name, value in details.items()
                if f"{name}_prior" in details
            ],
        ),
        "sensitivity": Table.of(
            ("Choice", "Log Bayes factor", "By that alone"),
            [
                (capital(name), _range(choice.least, choice.most), choice.answer)
                for name, choice in {**outcome.priors, **outcome.parts}.items()
            ],
            (0, 2),
        ),
        "windows": Table.of(
            ("Window after a forecast date", "Gain of log score", "Standard error"),
            [
                (capital(name), signed(gain, 2), number(error, 2))
                for name, (gain, error) in outcome.windows.items()
            ],
        ),
        "rates": Table.of(
            rates,
            [
                (
                    rate.truth,
                    "true" if rate.true else "false",
                    f"{rate.sets:,}",
                    f"{rate.supported:,}",
                    f"{rate.rejected:,}",
                    _range(rate.least, rate.most),
                )
                for rate in verdict.rates
            ],
            (0, 1),
        ),
    }


def state_of(code: str, dyads: Iterable[str]) -> str:
    """Name a state for readers, as the label of one of its dyads does."""
    return next((state_name(dyad, code) for dyad in dyads if code in dyad.split("-")), code)


def chosen_table(results: "PooledResults") -> Table | None:
    """Arrange the evidence by how far dyads turned back.

    There is some if a claim on the pendulum was tested on parts.
    """
    about = [
        verdict for verdict in results.verdicts if not _secondary(verdict) and verdict.outcome.parts
    ]
    if not about:
        return None
    names = [name for name in about[0].outcome.parts if name.startswith("with")]
    return Table.of(
        ("Claim", "All dyads", *map(capital, names), "Expected if dyads stay"),
        [
            (
                f"{verdict.code} {verdict.question}",
                _factor(verdict),
                *(
                    _range(verdict.outcome.parts[name].least, verdict.outcome.parts[name].most)
                    for name in names
                ),
                *(
                    [
                        _range(rate.least, rate.most)
                        for rate in verdict.rates
                        if rate.truth == STAYING
                    ]
                    or [DASH]
                ),
            )
            for verdict in about
        ],
    )


def own_table(dyad_in_hierarchy: "DyadResult") -> Table:
    """Arrange prior and posterior of a dyad within the hierarchy."""
    return Table.of(
        ("Quantity", "Unit", "Prior", "Posterior"),
        [
            (
                capital(row["quantity"]),
                row["unit"],
                *(
                    interval(row[f"{of}median"], row[f"{of}low"], row[f"{of}high"], 1)
                    for of in ("prior_", "")
                ),
            )
            for row in dyad_in_hierarchy.rows
        ],
        (0, 1),
    )


def own_evidence(results: "PooledResults", dyad_in_hierarchy: "DyadResult") -> Table:
    """Arrange what a dyad adds to the evidence on each claim."""
    return Table.of(
        ("Claim", "Adds to the log Bayes factor, given the others"),
        [
            (f"{code} {results[code].question}", signed(value, 1))
            for code, value in dyad_in_hierarchy.evidence.items()
        ],
    )


def _name(name: str) -> str:
    return capital(name.replace("half_life", "half-life").replace("_", " "))


def _said(value: Any) -> str:
    """Write a detail of a test: a number, a median with interval, or several by name."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_said(item)}" for key, item in value.items()) or DASH
    if isinstance(value, list | tuple):
        if (
            len(value) == 3
            and all(isinstance(item, float) for item in value)
            and value[0] <= value[1] <= value[2]
        ):
            return interval(value[1], value[0], value[2], None)
        return ", ".join(map(_said, value)) or DASH
    if value is None or isinstance(value, str):
        return value or DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else number(float(value))


def results_json(results: "PooledResults") -> dict[str, Any]:
    """Return the content of tests.json: the results as they are, with the sentences of the page."""
    content: dict[str, Any] = plain({"headline": answers_in_short(results), **results.to_dict()})
    for verdict, row in zip(results.verdicts, content["claims"], strict=True):
        row |= {
            "narrow": narrow(verdict),
            "power": power_words(verdict.rates),
            "null_sets": nulls_in_short(verdict),
        }
    return content


def draw_picture(picture: "Picture") -> Illustration:
    """Draw the picture of a claim."""
    rows = picture.kind != "line"
    names = {place_name(x) for series in picture.series for x in series.x}
    legends = (len(picture.series) if len(picture.series) > 1 else 0) + bool(picture.limits)
    height = 0.19 * legends + (
        (0.22 * len(picture.series) + 0.08) * len(names) + 0.8 if rows else 2.9
    )
    columns = (1, 1) if legends else None
    draw = plotted(
        lambda on: plot_evidence(picture, ax=on), heights=(height, height), legend=columns
    )
    return worded("figures.j2", "evidence", draw, {"picture": picture, "ends": _ends(picture)})


def _ends(picture: "Picture") -> str:
    """Describe where each series is smallest and largest."""
    said = []
    for series in picture.series:
        y = np.array(series.y, dtype=float)
        if np.isfinite(y).any():
            least, most = (
                f"{number(y[index], 1)} ({place_name(series.x[index])})"
                for index in (np.nanargmin(y), np.nanargmax(y))
            )
            said.append(f"{series.label}: from {least} to {most}.")
    return " ".join(said)


@checked
def write_tests(results: "PooledResults", out: str | Path) -> Path:
    """Write the results of pooled tests.

    There is a page, ``tests.json``, a table of all numbers and one figure per claim.

    A run that is killed leaves nothing half-written: the folder has the old page or the new one.

    Parameters
    ----------
    results : PooledResults
        Of `forecast.pooled_tests`.
    out : str or pathlib.Path
        Folder; files of an earlier page in it are replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast import write_tests
    >>> write_tests(results, "hypotheses")  # doctest: +SKIP
    """
    return publish(out, TESTS, lambda: claims_page(results))
