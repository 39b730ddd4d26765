"""Report page: text, tables and figures in one self-contained HTML file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import theory
from forecast.arguments import checked
from forecast.events import EventTable, write_rejects
from forecast.events.table import Recorded
from forecast.outlook import (
    Assessment,
    Brief,
    Headroom,
    NotDefined,
    Probability,
    ThresholdOutlook,
    datasets_finding,
    kinds_sentence,
    level_sentence,
    main_horizon,
    quoted,
)
from forecast.outlook.assessment import numbers_in_words
from forecast.outlook.observed import MEMORY_MONTHS, main_dataset
from forecast.panel import panel_kind
from forecast.panel.record import observed_shares
from forecast.report import (
    bars_figure,
    distribution_figure,
    events,
    fan_figure,
    intervals_figure,
    pendulum_figure,
    provenance,
    share_figure,
    tables,
    words,
    yearly_figure,
)
from forecast.report.events import RULE, unchecked_note
from forecast.report.export import summary, write_export
from forecast.report.folder import EXPORT, REPORT, SAVED_FIT, publish
from forecast.report.jsonfile import levels_table, report_json
from forecast.report.material import Material, gather
from forecast.report.provenance import vintage
from forecast.report.rendering import Files, Page
from forecast.report.skill import DyadSkill
from forecast.report.style import Illustration, stamped
from forecast.report.table import Table
from forecast.report.tables import tables_of
from forecast.wording import chance, count, number, percent

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.model.gate import Gate


_SHOWN_IN = {
    theory.LOW.code: "standing",
    theory.DECLINE.code: "pendulum",
    theory.ERAS.code: "pendulum",
    theory.CEILING.code: "headroom",
    theory.PENDULUM.code: "dyads",
    theory.NATURE.code: "dyads",
    theory.BALANCE.code: "fan",
    theory.IMPROVEMENT.code: "bars",
    theory.CONCLUSION.code: "bars",
}
"""The figure in which a claim of the theory is to be seen."""


def illustrations(material: Material) -> dict[str, Illustration]:
    """Draw the figures by name, in the order of the page; one that is not defined is left out."""
    result, record = material.result, material.record
    seen = observed_shares(material.fit.panel, result.dyad, main_dataset(material.fit.panel, result.dyad))
    figures = {
        "share": share_figure.illustrate(result, record),
        "recorded": bars_figure.recorded(result),
        "pendulum": pendulum_figure.illustrate(result, record, material.named),
        "standing": distribution_figure.standing(material.fit, result),
        "bars": bars_figure.level(result),
        "fan": fan_figure.illustrate(result, record, seen, material.coverage_end),
        "headroom": distribution_figure.headroom(result),
        "dyads": intervals_figure.dyads(result, material.others),
        "kinds": yearly_figure.kinds(result),
        "datasets": yearly_figure.datasets(result.datasets),
    }
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    return drawn if material.gate.passed else {name: stamped(figure, words.STAMP) for name, figure in drawn.items()}


def page(material: Material, figures: Mapping[str, Illustration], *, exported: bool = False) -> Page:
    """Combine text and figures with the files of their folder; `exported` with figures and tables for other texts."""
    content = _outlook_content(material, figures) | _details_content(material)
    fit, numbers = material.fit, report_json(material)
    kinds = {one.dyad: one.kinds for one in (material.result.brief, *material.others)}
    files: Files = {"forecast.json": numbers, "levels.csv": levels_table(fit, kinds), "summary.md": summary(material)}
    files |= {f"{name}.svg": figures[name].wide for name in ("share", "pendulum") if name in figures}
    if exported:
        files[EXPORT] = lambda folder: write_export(folder, material, figures, numbers)
    return Page("report.html.j2", content, figures, material.gate.passed, material.gate.reasons, files)


def _outlook_content(material: Material, figures: Mapping[str, Illustration]) -> dict[str, Any]:
    result = material.result
    main = None if isinstance(result.recorded, NotDefined) else result.recorded[main_horizon(result.horizons)]
    asked = [sentence for sentence, _ in tables.numbers_of_kinds(result)]
    if isinstance(threshold := quoted(result), ThresholdOutlook):
        asked = [threshold.sentence, *asked]
    both = [one for window in tables.windows_of(result) for one in (window.up, window.down)]
    chances = [one for one in both if isinstance(one, Probability)]
    return {
        "result": result,
        "as_of": material.as_of,
        "vintage": vintage(material.fit.panel),
        "caveats": material.caveats,
        "now": words.period(result, result.origin),
        "unit": words.unit(result),
        "title": result.title,
        "level_words": level_sentence(result),
        "meaning": words.meaning(result),
        "tables": tables_of(material),
        "followed": _followed_sentence(material),
        "asked_sentences": asked,
        "main_sentence": "" if main is None else main.sentence,
        "numbers_of_kinds": tables.numbers_of_kinds(result),
        "kinds_note": tables.kinds_note(result),
        "resolution": tables.rules(result),
        "fewest_void": max((window.void.value for window in tables.windows_of(result)), default=0.0),
        "memory_years": MEMORY_MONTHS // 12,
        "recorded_error": words.largest_error(chances),
        "theory": theory,
        "of_the_essay": result.dyad == theory.DYAD,
        "claims": {claim.code: claim for claim in result.claims},
        "claim_numbers": {claim.code: numbers_in_words(result, claim) for claim in result.claims},
        "shown_in": {code: name for code, name in _SHOWN_IN.items() if name in figures},
        "level_error": number(
            100 * max(getattr(outlook, name).mcse for outlook in result.improvement.values() for name in words.ROWS), 1
        ),
        "skill": material.skill,
    }


def _followed_sentence(material: Material) -> str:
    """Describe what was recorded in the window of the title, if it is over."""
    result = material.result
    found = material.followed.get(main_horizon(result.horizons))
    if found is None or found.share is None:
        return ""
    outcome = {"up": "more cooperative", "same": "similar", "down": "less cooperative", "void": "void"}[found.outcome]
    return (
        f"What followed: {found.cooperative:,} of {found.events:,} events to {words.period(result, found.until)} were "
        f"cooperative, {percent(found.share / 100)}: {outcome}."
    )


def _details_content(material: Material) -> dict[str, Any]:
    fit, result = material.fit, material.result
    alone = fit.panel.sizes["dyad"] == 1
    known, recent, headroom = material.facts, material.recent, result.frameworks.headroom
    return {
        "kind": material.kind,
        "note": panel_kind(fit.panel).note,
        "classes": fit.panel["class_name"].to_numpy().tolist() if "class_name" in fit.panel.coords else [],
        "resting": not isinstance(result.band, NotDefined),
        "moving": result.moving,
        "new_by": [
            f"{chance(value.value)} within {count(months, 'month')}"
            for months, value in result.frameworks.change.by.items()
        ],
        "kinds": "" if isinstance(result.kinds, NotDefined) else kinds_sentence(result.kinds, weekly=result.weekly),
        "capped": isinstance(headroom, Headroom),
        "alone": alone,
        "learned_of_headroom": words.verdict(headroom.learning) if isinstance(headroom, Headroom) else "",
        "named": material.named.to_dict("records"),
        "named_note": unchecked_note(material.named["reference"]),
        "recent_note": unchecked_note(event.reference.words for event in recent),
        "rule": RULE,
        "recent": recent,
        "listed": isinstance(material.events, EventTable),
        "coverage_end": material.coverage_end,
        "diagnostics": provenance.diagnostics(material.gate.to_dict(), known["fit"]),
        "learned": provenance.learned(material.learned),
        "settings": provenance.settings(fit.spec, fit.panel["dyad"].to_numpy().tolist()),
        "datasets_finding": datasets_finding(result.datasets) if result.datasets else "",
        "with_all": words.interval(result.datasets[0].with_all) if result.datasets else "",
        # An index has no events to count, to pair or to leave out.
        "data_rows": provenance.provenance(
            {
                name: fact
                for name, fact in known["data"].items()
                if material.kind != "index" or name in ("digest", "rejected")
            }
        ),
        "fit_rows": provenance.provenance({name: fact for name, fact in known["fit"].items() if name != "data_digest"}),
        "simulation": known["simulation"],
        "sources": Table.of(
            ("File read", "Rows", "Rejected", "SHA-256, first digits"),
            [
                (file["name"], f"{file['rows']:,}", str(file["rejected"]), file["sha256"][:12])
                for file in known["files"]
            ],
            (0, 3),
        ),
        "added": events.arrange(fit.panel.attrs, material.events),
    }


@checked
def write_report(
    fit: "Fit",
    assessment: Assessment,
    *,
    out: str | Path,
    events: Recorded | None = None,
    others: Sequence[Assessment | Brief] = (),
    gate: "Gate | None" = None,
    skill: DyadSkill | NotDefined | None = None,
    fit_name: str | None = None,
    export: bool = False,
) -> Path:
    """Write the report of a dyad: page, JSON, levels, main figure, summary, rejected rows and, if asked for, the fit.

    A run that is killed leaves nothing half-written: the folder has the old report or the new one.

    Parameters
    ----------
    fit : Fit
        What the assessments were made from.
    assessment : Assessment
        Of the report's dyad.
    out : str or pathlib.Path
        Folder; files of an earlier report in it are replaced.
    events : EventTable, CountTable or IndexTable, optional
        What was read; without single events none is named or listed.
    others : sequence of Assessment or Brief
        Of the other dyads of the fit, for comparison.
    gate : Gate, optional
        The verdict on convergence; the fit's own without it.
    skill : DyadSkill or NotDefined, optional
        What a backtest says of such forecasts, by `find_skill`; by default the one that comes with the package.
    fit_name : str, optional
        Save the fit in the same folder under this name, such as ``fit.nc``.
    export : bool
        Write every figure as SVG, PNG and PDF, and every table as CSV and for LaTeX, into its folder ``export``. One
        that an earlier report left there is always written again, so that it is never of another report.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    SpecError
        If the other assessments are not of the same moment.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report.page import write_report
    >>> write_report(fit, assessment, events=table, out="report")  # doctest: +SKIP
    """

    def make() -> Page:
        exported = export or (Path(out) / EXPORT).is_dir()
        material = gather(fit, assessment, events, others, gate, skill)
        made = page(material, illustrations(material), exported=exported)
        rejects: Files = {} if events is None else {"rejects.csv": partial(write_rejects, events)}
        return replace(made, files={**made.files, **rejects, **({fit_name: fit.save} if fit_name else {})})

    return publish(out, REPORT, make, subfolders=[SAVED_FIT, EXPORT])
