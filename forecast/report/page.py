"""Report page in one self-contained HTML file, with its JSON and levels.csv.

The JSON is forecast.json (docs/schema/forecast-json.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.wording import chance, count, join
from forecast.data.events import EventTable, write_rejects
from forecast.data.events.table import Recorded
from forecast.data.panel import observed_years, panel_kind
from forecast.data.panel.record import observed_periods
from forecast.model import Fit
from forecast.model.gate import Gate
from forecast.outlook import (
    Assessment,
    Brief,
    NotDefined,
    datasets_finding,
    kinds_sentence,
    level_sentence,
    main_horizon,
    plain,
    quoted,
    theory,
)
from forecast.outlook.ceiling import read_worth, worth_sentence
from forecast.outlook.draws import FitLike
from forecast.outlook.kinds import KindSeries, kind_series
from forecast.outlook.level import NO_CEILING, level_record
from forecast.outlook.pendulum import printed_percents
from forecast.outlook.recorded import main_record
from forecast.outlook.recording import MEMORY_MONTHS
from forecast.outlook.statements import numbers_in_words
from forecast.outlook.windows import printed_changes
from forecast.report import events, first_screen, provenance, tables, words
from forecast.report import figures as draw
from forecast.report.events import RULE
from forecast.report.folder import REPORT
from forecast.report.illustration import Illustration, stamped
from forecast.report.manifest import EXPORT
from forecast.report.material import Material, as_of_day, gather
from forecast.report.provenance import vintage
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name
from forecast.report.saved_report import SAVED_FIT
from forecast.report.skill.box import brier_note
from forecast.report.skill.dyad import DyadSkill
from forecast.report.table import Table
from forecast.report.tables import summary, write_export

if TYPE_CHECKING:
    import xarray as xr


CLAIM_CODES = {
    "low": theory.LOW.code,
    "decline": theory.DECLINE.code,
    "eras": theory.ERAS.code,
    "ceiling": theory.CEILING.code,
    "pendulum": theory.PENDULUM.code,
    "nature": theory.NATURE.code,
    "balance": theory.BALANCE.code,
    "improvement": theory.IMPROVEMENT.code,
    "conclusion": theory.CONCLUSION.code,
}
"""Codes of the claims that stand next to what bears on them."""


SHOWN_IN = {
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
"""The figure in which a claim is to be seen."""
COLUMNS = ("dyad", "period", "mean", "q05", "q25", "median", "q75", "q95", "covered", "events")
ENDS = {"": 1, "_low": 0, "_high": 2}
"""Column suffixes of depth and severity, with the row of the series that each contains."""
SCHEMA = 2
_Z90 = 1.6448536269514722
MONTE_CARLO = "90% normal, of the Monte Carlo error alone"


def illustrations(material: Material) -> dict[str, Illustration]:
    """Draw the figures by name, in the order of the page; one that is not defined is left out."""
    fit, result, record = material.fit, material.result, material.record
    figures = {
        "dots": first_screen.dots(result),
        "history": first_screen.history(result, material.earlier, material.as_of),
        "share": draw.share(fit, result),
        "recorded": draw.recorded(result),
        "pendulum": draw.pendulum(result, record, material.named),
        "standing": draw.standing(fit, result),
        "bars": draw.level(result),
        "fan": draw.fan(fit, result, record, material.coverage_end),
        "headroom": draw.headroom(result),
        "dyads": draw.dyads(result, material.others),
        "kinds": draw.kinds(result),
        "datasets": draw.datasets(result.datasets),
    }
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    return (
        drawn
        if material.gate.passed
        else {name: stamped(figure, words.STAMP) for name, figure in drawn.items()}
    )


def page(
    material: Material, figures: Mapping[str, Illustration], *, exported: bool = False
) -> Page:
    """Combine text and figures with the files of their folder.

    `exported` with figures and tables for other texts.
    """
    content = _content(material, figures)
    fit, numbers = material.fit, forecast_json(material)
    kinds = {brief.dyad: brief.kinds for brief in (material.result.brief, *material.others)}
    files: Files = {
        "forecast.json": numbers,
        "levels.csv": levels_table(fit, kinds),
        "summary.md": summary(material),
    }
    files |= {
        f"{name}.svg": figures[name].wide
        for name in ("dots", "share", "pendulum")
        if name in figures
    }
    if exported:
        files[EXPORT] = lambda folder: write_export(folder, material, figures, numbers)
    gate = material.gate
    return Page(
        "report.html.j2", content, figures, gate.passed, gate.reasons, files, material.notes
    )


def _content(material: Material, figures: Mapping[str, Illustration]) -> dict[str, Any]:
    fit, result = material.fit, material.result
    return vars(material) | {
        "helpers": callable_by_name(
            datasets_finding,
            provenance.fact_rows,
            words.part_of_weight,
            level_error,
            level_sentence,
            new_frameworks,
            panel_kind,
            quoted,
            tables.rules,
            words.largest_error,
            words.listed,
            words.meaning,
            words.verdict,
            worth_sentence,
        ),
        "codes": CLAIM_CODES,
        "shown_in": SHOWN_IN,
        "facts_shown": provenance.FACTS_OF_AN_INDEX if material.kind == "index" else None,
        "essay_dyad": theory.DYAD,
        "unit": words.unit(result),
        "main": main_horizon(result.horizons),
        "tables": tables.tables_of(material),
        "memory_years": MEMORY_MONTHS // 12,
        "claims": {claim.code: claim for claim in result.claims},
        "claim_numbers": {claim.code: numbers_in_words(result, claim) for claim in result.claims},
        "kinds": ""
        if isinstance(result.kinds, NotDefined)
        else kinds_sentence(result.kinds, weekly=result.weekly),
        "alone": fit.panel.sizes["dyad"] == 1,
        "rule": RULE,
        "brier_note": brier_note,
        "listed": isinstance(material.events, EventTable),
        "checks": material.gate.to_dict(),
        "quantities": provenance.quantities_table(material.gate.to_dict()),
        "learned": provenance.learned(material.learned),
        "sources": Table.of(
            ("File read", "Rows", "Rejected", "SHA-256, first digits"),
            [
                (file["name"], f"{file['rows']:,}", str(file["rejected"]), file["sha256"][:12])
                for file in material.facts["files"]
            ],
            (0, 3),
        ),
        "added": events.arrange(fit.panel.attrs, material.events),
    }


def level_error(result: Assessment) -> str:
    """Return the largest Monte Carlo error of the chances of the level."""
    return words.largest_error(
        getattr(outlook, name) for outlook in result.improvement.values() for name in words.ROWS
    )


def new_frameworks(result: Assessment) -> str:
    """Return the chances of a new framework by horizon, in words."""
    by = result.frameworks.change.by
    return join(
        f"{chance(value.value)} within {count(months, 'month')}" for months, value in by.items()
    )


type Kinds = Mapping[str, KindSeries] | NotDefined


def thin_years(panel: "xr.Dataset", dyad: str) -> list[int]:
    """Return the years with fewer than five events."""
    years = observed_years(panel, dyad)
    return [int(year) for year in years.index[years["thin"]]]


def levels_table(fit: FitLike, kinds: Mapping[str, Kinds] | None = None) -> pd.DataFrame:
    """Tabulate the share of cooperative actions of every dyad and period of a fit."""
    dyads, kinds_by_dyad = list(map(str, fit.panel["dyad"].to_numpy())), dict(kinds or {})
    kinds_by_dyad |= {
        dyad: kind_series(fit.panel, main_record(fit.panel, dyad))
        for dyad in dyads
        if dyad not in kinds_by_dyad
    }
    return pd.concat(
        [_dyad_levels(fit, dyad, kinds_by_dyad[dyad]) for dyad in dyads], ignore_index=True
    )


def _dyad_levels(fit: FitLike, dyad: str, kinds: Kinds) -> pd.DataFrame:
    record, panel = level_record(fit, dyad), fit.panel
    series = {} if isinstance(kinds, NotDefined) else kinds
    shares = np.vstack([record["mean"].to_numpy()[None], record["share"].to_numpy()]).round(3)
    levels = pd.DataFrame(
        {
            "dyad": dyad,
            "period": record["time"].to_numpy().astype("datetime64[D]").astype(str),
            **dict(zip(COLUMNS[2:8], shares, strict=True)),
            "covered": np.where(observed_periods(panel, dyad), "yes", "no"),
            "events": panel_kind(panel).events(panel, dyad),
        },
        columns=list(COLUMNS),
    )
    ends = {
        f"{name}{end}": kind.share[row]
        for name, kind in series.items()
        for end, row in ENDS.items()
    }
    return levels.assign(**ends)


def forecast_json(material: Material) -> dict[str, Any]:
    """Return the content of forecast.json."""
    result, gate = material.result, material.gate
    question, recorded = quoted(result), result.recorded
    body = {
        "schema": SCHEMA,
        "converged": bool(gate.passed),
        "stamp": "" if gate.passed else words.STAMP,
        "as_of": material.as_of,
        "vintage": vintage(material.fit.panel),
        **material.notes.facts,
        "thin_years": thin_years(material.fit.panel, result.dyad),
        **_parts(result, "origin", "dyad", "label", "title", "headline", "verdict"),
        "rule": None if question is None else question.rule,
        "level": level_sentence(result),
        "meaning": words.meaning(result),
        "baseline_months": result.baseline_months,
        "smallest_improvement": result.smallest_improvement,
        "recorded": recorded
        if isinstance(recorded, NotDefined)
        else [plain(window) | {"percent": printed_changes(window)} for window in recorded.values()],
        "followed": list(material.followed.values()),
        "pool": result.pool,
        "threshold": _listed(result.threshold),
        "sets": material.sets,
        "tone": _listed(result.tone),
        "tone_kinds": result.tone_kinds,
        "horizons": [
            plain(outlook) | {"percent": printed_percents(outlook)}
            for outlook in result.improvement.values()
        ],
        **_parts(
            result,
            "standing",
            "last_break",
            "frameworks",
            "pendulum",
            "band",
            "contrast",
            "kinds",
            "drivers",
        ),
        "ceiling_worth": NotDefined(NO_CEILING)
        if isinstance(result.frameworks.headroom, NotDefined)
        else {"sentence": worth_sentence(result.dyad), "rows": list(read_worth())},
        "datasets": {"finding": datasets_finding(outlooks), "each": list(outlooks)}
        if (outlooks := result.datasets)
        else None,
        **_parts(result, "rolling", "fan", "claims"),
        "signposts": result.signposts,
        "skill": material.skill,
        "dyads": [
            _parts(brief, "dyad", "label", "headline", "level", "equilibrium", "half_life")
            for brief in (result.brief, *material.others)
        ],
        "prior_posterior": material.learned.to_dict("records"),
        "convergence_checks": gate.to_dict(),
        "provenance": material.facts,
    }
    stated: dict[str, Any] = _with_intervals(plain(body))
    return stated


def _parts(result: Assessment | Brief, *names: str) -> dict[str, Any]:
    return {name: getattr(result, name) for name in names}


def _listed[One](values: Mapping[Any, One] | NotDefined | None) -> list[One] | NotDefined | None:
    """Return the values of a mapping as a list, if it is defined."""
    return list(values.values()) if isinstance(values, Mapping) else values


def _with_intervals(node: Any) -> Any:
    """Add to every probability the interval of its Monte Carlo error, and its kind."""
    if isinstance(node, list):
        return [_with_intervals(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"value", "mcse", "definition"}:
        reach = _Z90 * node["mcse"]
        ends = {
            "mc_low": max(0.0, node["value"] - reach),
            "mc_high": min(1.0, node["value"] + reach),
        }
        return {**node, **ends, "mc_interval": MONTE_CARLO}
    return {key: _with_intervals(value) for key, value in node.items()}


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
    links: Mapping[str, str] | None = None,
    ledger: str | Path | None = None,
) -> Path:
    """Write the report of a dyad, and what goes with its page.

    It consists of page, JSON, levels, main figure, summary, rejected rows and, if asked for, the
    fit.

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
        What a backtest says of such forecasts, by `find_skill`; by default the one that comes with
        the package.
    fit_name : str, optional
        Save the fit in the same folder under this name, such as ``fit.nc``.
    export : bool
        Write every figure as SVG, PNG and PDF, and every table as CSV and for LaTeX, into its
        folder ``export``. One that an earlier report left there is always written again, so that it
        is never of another report.
    links : mapping of str to str, optional
        Relative addresses of other pages, by what they are; by default those of an index in the
        folder above.
    ledger : str or pathlib.Path, optional
        A ledger of questions, whose earlier forecasts of the same window and prices of open
        questions about the pair are shown.

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
        questions = None if ledger is None else Path(ledger)
        earlier = first_screen.earlier_reports(
            Path(out), assessment, as_of_day(fit.panel, assessment), questions
        )
        material = gather(fit, assessment, events, others, gate, skill, earlier, questions)
        written = page(material, illustrations(material), exported=exported)
        rejects: Files = {} if events is None else {"rejects.csv": partial(write_rejects, events)}
        return replace(
            written,
            files={**written.files, **rejects, **({fit_name: fit.save} if fit_name else {})},
        )

    return publish(out, REPORT, make, subfolders=[SAVED_FIT, EXPORT], links=links)
