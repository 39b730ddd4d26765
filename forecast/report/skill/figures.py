"""Figures of a backtest: which scores each of them shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecast.base.wording import capital, count
from forecast.outlook.benchmarks import REFERENCE
from forecast.report import score_figures
from forecast.report.illustration import Illustration
from forecast.report.score_figures import Curve, PanelChoices
from forecast.report.skill.order import (
    headline_horizon,
    months,
    other_forms,
    others,
    scored_dyads,
)
from forecast.report.skill.sentences import PERIOD_WORDS, subject_words
from forecast.report.words import label
from forecast.study.evaluation import Results
from forecast.study.evaluation.scores import CalibrationBand, calibration, pit_band
from forecast.study.evaluation.skill import Skill, forecaster_name, within

if TYPE_CHECKING:
    import pandas as pd

_HAPPENED = {"up": "risen", "down": "fallen"}


def skill_figures(results: Results) -> dict[str, Illustration]:
    """Draw the figures by name, in the order of the page; one with nothing to show is left out."""
    skill = results.skill
    facts = {
        "subject": subject_words(skill),
        "where": PERIOD_WORDS[skill.period],
        "ahead": f"{count(headline_horizon(skill), 'month')} ahead",
    }
    benchmarks = _by_horizon(skill, others(skill))
    forms = _by_horizon(skill, other_forms(skill), skill.model)
    figures = {
        "benchmarks": score_figures.differences(skill, benchmarks, "benchmarks", **facts),
        "dyads": score_figures.differences(skill, _by_dyad(skill), "dyads", **facts),
        "outcomes": score_figures.over_time(_over_time(results), "outcomes", **facts),
        "calibration": score_figures.calibration(_curves(results), "calibration", **facts),
        "forms": score_figures.differences(skill, forms, "forms", **facts),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def _by_horizon(
    skill: Skill, codes: Sequence[str], model: str | None = None
) -> dict[str, PanelChoices]:
    """Return a panel of differences from some forecasters for each horizon."""
    if not codes:
        return {}
    return {
        horizon_words: {"horizon": horizon, "against": codes, "model": model}
        for horizon, horizon_words in months(skill).items()
    }


def _by_dyad(skill: Skill) -> dict[str, PanelChoices]:
    """Return by dyad, if there are several, differences from base rate and best benchmark."""
    horizon, dyads = headline_horizon(skill), scored_dyads(skill)
    if len(dyads) < 2:
        return {}
    titles = {REFERENCE: capital(forecaster_name(REFERENCE))}
    if best := skill.best_benchmark(horizon):
        titles[best] = f"Best benchmark: {forecaster_name(best)}"
    return {
        title: {"horizon": horizon, "against": [code], "dyads": dyads}
        for code, title in titles.items()
        if code != skill.subject
    }


def _over_time(results: Results) -> "dict[str, pd.DataFrame]":
    """Return forecasts of the headline's horizon with what was recorded, by dyad and time."""
    cases = _realtime_cases(results)
    forecasts = cases[cases["model"] == results.skill.subject].sort_values("origin")
    by_dyad = dict(list(forecasts.groupby("dyad")))
    dyads = scored_dyads(results.skill)
    return {label(dyad): by_dyad[dyad] for dyad in dyads if dyad in by_dyad}


def _curves(results: Results) -> list[Curve]:
    """Return real-time calibration curves of that horizon on the page's forecast dates."""
    skill, cases = results.skill, _realtime_cases(results)
    in_period = cases[within(cases["origin"].str[:4].astype(int), skill.period)]
    forecasts = in_period[in_period["model"] == skill.subject]
    reference = in_period[in_period["model"] == REFERENCE]
    if skill.subject == REFERENCE:  # it is no other curve
        reference = reference[:0]
    curves = []
    for outcome, happened in _HAPPENED.items():
        band = _calibration_of(forecasts, outcome)
        if band is not None:
            title = f"Share {happened} (n {forecasts[f'p_{outcome}'].notna().sum():,})"
            curves.append(Curve(title, band, _calibration_of(reference, outcome), diagonal=True))
    pit = _pit_of(forecasts)
    if pit is not None:
        title = f"PIT (n {len(forecasts):,})"
        curves.append(Curve(title, pit, _pit_of(reference), diagonal=False))
    return curves


def _realtime_cases(results: Results) -> "pd.DataFrame":
    """Return the forecasts of the headline's horizon whose event counts were unknown."""
    cases = results.cases
    of_horizon = cases["horizon"] == headline_horizon(results.skill)
    return cases[of_horizon & ~cases["given_n"].astype(bool)]


def _calibration_of(cases: "pd.DataFrame", outcome: str) -> CalibrationBand | None:
    """Return the calibration of the probability of an outcome; None without a baseline."""
    with_baseline = cases[cases[f"p_{outcome}"].notna()]
    if with_baseline.empty:
        return None
    probability = with_baseline[f"p_{outcome}"].astype(float)
    return calibration(probability, with_baseline[outcome].astype(bool))


def _pit_of(cases: "pd.DataFrame") -> CalibrationBand | None:
    """Return the probability integral transforms of some forecasts; a single one has no band."""
    return pit_band(cases["pit"]) if len(cases) > 1 else None
