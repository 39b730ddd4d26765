"""Page of a backtest: scores against every benchmark, calibration and largest misses."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from forecast.base.arguments import checked
from forecast.base.dates import add_months
from forecast.base.wording import count, interval, month, number
from forecast.data.panel.notes import DataNotes, notes_of_pairs, read_edition
from forecast.report.folder import SKILL, require_report_folder
from forecast.report.illustration import Illustration
from forecast.report.provenance import vintage_of
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name
from forecast.report.skill.calibration_tables import (
    bias_table,
    brier_table,
    coverage_table,
    reliability_table,
)
from forecast.report.skill.figures import skill_figures
from forecast.report.skill.findings import comparison, findings, title, use_of
from forecast.report.skill.order import headline_horizon, months, other_forms, scored_periods
from forecast.report.skill.sentences import PERIOD_WORDS, bias_sentence, subject_words
from forecast.report.skill.tables import (
    account_table,
    all_numbers,
    dyad_table,
    fits_table,
    forecasters,
    others_table,
    overview,
    without_table,
)
from forecast.report.words import part_of_weight
from forecast.study.evaluation import Results
from forecast.study.evaluation.misses import RULE
from forecast.study.evaluation.skill import (
    CHOSEN_ON,
    REPORTED_ON,
    SPLIT,
    Skill,
    forecaster_name,
)

SHOWN_MISSES = 3  # In sight; the others are folded away


def skill_page(results: Results, figures: Mapping[str, Illustration] | None = None) -> Page:
    """Combine text, tables and figures, by default its own."""
    skill = results.skill
    choices = skill.choices
    content = {
        "helpers": callable_by_name(
            account_table,
            all_numbers,
            bias_table,
            brier_table,
            coverage_table,
            dyad_table,
            findings,
            fits_table,
            forecaster_name,
            forecasters,
            months,
            of_tone,
            other_forms,
            others_table,
            overview,
            predicted,
            reliability_table,
            bias_sentence,
            span,
            use_of,
            window,
            part_of_weight,
            without_table,
        ),
        "chosen_on": CHOSEN_ON,
        "reported_on": REPORTED_ON,
        "split": SPLIT,
        "all_periods": PERIOD_WORDS,
        "shown_misses": SHOWN_MISSES,
        "skill": skill,
        "title": title(skill),
        "comparison": comparison(skill),
        "main": headline_horizon(skill),
        "subject": subject_words(skill),
        "period": PERIOD_WORDS[skill.period],
        "periods": scored_periods(skill),
        "vintage": vintage_of(
            _datasets(skill), choices.get("vintaged", ()), "the day before each forecast date"
        ),
        "rule": RULE,
    }
    return Page(
        "skill.html.j2",
        content,
        skill_figures(results) if figures is None else figures,
        notes=notes_on_data(skill),
    )


def notes_on_data(skill: Skill) -> DataNotes:
    """Return what readers have to know of the data of a backtest."""
    choices = skill.choices
    pairs = [(dyad, dataset) for dyad in choices["dyads"] for dataset in _datasets(skill)]
    caveats = notes_of_pairs(pairs).caveats
    return DataNotes(caveats, read_edition(choices.get("edition")))


def _datasets(skill: Skill) -> list[str]:
    """Return the datasets of a backtest; earlier files name only the one that it predicts."""
    datasets: list[str] = skill.choices.get("datasets", [skill.choices["dataset"]])
    return datasets


def of_tone(skill: Skill) -> Skill:
    """Return the skill with the scores of tones in place of shares."""
    return replace(skill, rows=skill.tone)


def span(skill: Skill) -> str:
    """Return the number of origins, the first and the last."""
    origins = sorted(date.fromisoformat(origin) for origin in skill.choices["origins"])
    return f"{count(len(origins), 'forecast date')}, {month(origins[0])} to {month(origins[-1])}"


def window(miss: Mapping[str, Any]) -> str:
    """Name the window of a miss."""
    horizon, first = miss["horizon"], date.fromisoformat(miss["origin"])
    last = add_months(first, horizon - 1)
    first_to_last = f"{month(first, short=True)} to {month(last, short=True)}"
    return f"{count(horizon, 'month')}, {first_to_last}"


def predicted(prediction: Mapping[str, Any]) -> str:
    """Return a prediction with its score."""
    share = interval(prediction["mean"], prediction["low"], prediction["high"])
    return f"{share}, CRPS {number(prediction['crps'], 1)}"


@checked
def write_skill(results: Results, out: str | Path) -> Path:
    """Write the results of a backtest.

    There is a page, ``skill.json``, and tables of its rows and of the cases.

    Parameters
    ----------
    results : Results
        What `backtest` returned.
    out : path-like
        Folder of the page; files of an earlier one are replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Examples
    --------
    >>> from forecast import write_skill
    >>> write_skill(results, "skill")  # doctest: +SKIP
    """
    return _publish(results, out, {".": results.write})


@checked
def write_skill_page(folder: str | Path) -> Path:
    """Write the page of a backtest again, from the files in its folder."""
    require_report_folder(folder, SKILL)
    return _publish(Results.read(folder), folder, {})


def _publish(results: Results, out: str | Path, files: Files) -> Path:
    """Put the page in place, with files that are written or stay."""
    names = ("skill.json", "skill.csv", "cases.csv.gz", "tone.csv.gz")
    return publish(
        out,
        SKILL,
        lambda: replace(skill_page(results), files=files),
        subfolders=["origins"],
        names=names,
    )
