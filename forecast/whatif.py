"""Scenarios in one call: saved fit and assumed events -> conditional outlook."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import DataError, QuestionError, SpecError
from forecast.progress import Progress, silent

if TYPE_CHECKING:
    from forecast.events import EventTable
    from forecast.model import Fit, Gate
    from forecast.outlook.scenarios import Scenarios
    from forecast.questions import PutQuestion, Question


def run_scenarios(
    fit_path: str | Path,
    dyad: str,
    files: Sequence[Path],
    horizons: Sequence[int],
    *,
    questions: "Sequence[Question]" = (),
    followed: bool = False,
    progress: Progress | None = None,
    **asked: Any,
) -> "tuple[Fit, Scenarios, Gate]":
    """Compute scenarios from a saved fit.

    Which part of its class a code is, is taken from the embedded chronology if the fit was made of it.
    """
    from forecast.events import find_dyad, read_chronology
    from forecast.events.additions import CHRONOLOGY
    from forecast.events.dyads import dyad_labels
    from forecast.model.fitted import Fit
    from forecast.outlook import reported
    from forecast.outlook.scenarios import read_scenarios, scenario

    tell = progress or silent
    tables = read_scenarios(files)  # first: a broken file is found before anything takes time
    fit = Fit.load(fit_path)
    code = find_dyad(dyad, fit.dyads)
    names = [str(name) for name in fit.panel["dataset"].to_numpy()] if "dataset" in fit.panel.coords else []
    table = None
    if CHRONOLOGY in names:
        tell("reading the chronology", 0, 0)
        table = read_chronology(dyads=[code])
    elif followed:
        raise SpecError("followed: the fit is not of the chronology, so that what followed is not known; leave it out")
    since = None
    if followed and table is not None:
        from forecast.panel import build_panel

        since = build_panel(table, dyads=[code], frequency=fit.panel.attrs["frequency"])
    put = [_put(fit, code, question, table, asked.get("seed", 1)) for question in questions]
    found = scenario(
        fit, code, tables, horizons, labels=dyad_labels(), questions=put, events=table, followed=since, progress=tell,
        **asked,
    )  # fmt: skip
    tell("checking convergence", 0, 0)
    stated = reported(found.unconditional).to_dataarray("quantity")
    return fit, found, fit.gate_ahead(code, outlook=stated)


def _put(fit: "Fit", dyad: str, question: "Question", table: "EventTable | None", seed: int) -> "PutQuestion":
    """Put a question to the fit, if it is about the dyad and open on the day of the fit."""
    from forecast.panel.record import last_known
    from forecast.questions import put_question

    if question.dyad != dyad:
        raise QuestionError(
            f"{question.id}: it is about {question.dyad}, and the scenario about {dyad}; ask one of {dyad}, or give "
            f"--dyad {question.dyad}"
        )
    if closed := question.closed(last_known(fit.panel)):
        raise QuestionError(f"{question.id}: {closed}")
    try:
        return put_question(fit, question, seed=seed, table=table)
    except DataError as error:
        raise QuestionError(
            f"{question.id}: the fit is not of the chronology as it comes with the package, in which its codes would "
            "be counted. Make the fit again, or ask in Python with its own events (put_question)"
        ) from error
