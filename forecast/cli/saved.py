"""Commands on saved fits: `forecast scenario`, `check`, `explain` and `compare`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import forecast
from forecast.base.arguments import MOST_POINTS, require_positive
from forecast.base.dates import months_between
from forecast.base.errors import DataError, NoEvents, NotUpdatable, QuestionError, SpecError
from forecast.base.progress import Progress
from forecast.base.wording import count, join
from forecast.cli.declaring import COMPUTATION, arg, grouped, opt, output, own_folder, shared, whole
from forecast.cli.options import Added, Window, event_table
from forecast.cli.question import folder_option
from forecast.cli.terminal import progress, say, show, show_result

if TYPE_CHECKING:
    import xarray as xr

    from forecast.data.events import EventTable
    from forecast.desk.questions import PutQuestion, Question
    from forecast.outlook.comparison import Change
    from forecast.outlook.contributions import Attribution
    from forecast.report.folder import SavedReport

SCENARIOS = Path("scenario")
"""Default folder of the pages."""
SHOWN = 4
"""Events and numbers that are listed."""


@grouped("scenario USA-CHN --fit report/fit.zarr --assume meeting.csv")
def scenario(
    window: Window,
    assume: list[Path] = opt(
        "A CSV of events that are assumed. Repeat it for scenarios side by side.", ...
    ),
    fit: Path = opt("A saved fit, such as report/fit.zarr.", ...),
    dyad: str | None = shared.dyad(),
    out: Path | None = own_folder("scenario"),
    replace: bool = shared.replace(),
    questions: list[str] | None = opt(
        "A question of the ledger: its ID, or its file. Repeat it for several.",
        name="--question",
        panel="Question",
    ),
    folder: Path = folder_option(),
    followed: bool = opt("Show what the chronology has recorded since, of an earlier fit.", False),
    seed: int = shared.seed(),
    as_json: bool = shared.json(),
) -> None:
    """Compute the outlook given events that are assumed, not predicted, and the outlook without them.

    Writes a page and scenario.json (`forecast help what-if`). Exit code 3 if the fit has not
    converged or a scenario is so improbable that its numbers may not be used.
    """
    from forecast.desk.questions.ledger import QuestionFolder
    from forecast.report.folder import SCENARIO, chosen_folder, require_report_folder

    require_positive("improvement", window.improvement, MOST_POINTS, "points of share")
    require_report_folder(out, SCENARIO, [fit, *assume], replace=replace, parent=SCENARIOS)
    asked = [QuestionFolder(folder).find(text) for text in questions or ()]
    with progress("loading the fit") as tell:
        from forecast.data.events.dyads import choose_dyad, dyad_labels
        from forecast.outlook import reported
        from forecast.outlook.scenarios import read_scenarios
        from forecast.report.scenario_page import chances, finding, question_sentences

        tables = read_scenarios(assume)  # first: a broken file is found before anything takes time
        loaded = forecast.Fit.load(fit)
        code = choose_dyad(dyad, loaded.dyads)
        events, since = _chronology_of(loaded, code, tell, followed=followed)
        put = [_put(loaded, code, one, events, seed) for one in asked]
        found = forecast.scenario(
            loaded,
            code,
            tables,
            labels=dyad_labels(),
            questions=put,
            events=events,
            followed=since,
            progress=tell,
            seed=seed,
            **window.asked,
        )
        tell("checking convergence", 0, 0)
        gate = loaded.gate_ahead(
            code, outlook=reported(found.unconditional).to_dataarray("quantity")
        )
        tell("writing the page", 0, 0)
        with chosen_folder(out, SCENARIOS, found.dyad, found.origin) as own:
            page = forecast.write_scenarios(loaded, found, own, gate=gate)
    usable = gate.passed and not any(one.fault for one in found.scenarios)
    said = [
        f"{one.name}: {' '.join([one.sentence, *question_sentences(found, one)])}"
        for one in found.scenarios
    ]
    warnings = [f"{one.name}: {warning}" for one in found.scenarios for warning in one.warnings]
    title, parts = (
        f"{finding(found)} ({found.stamp})",
        ["By the model alone:", chances(found), *said],
    )
    show_result(
        page,
        "scenario.json",
        lambda: show(title, parts, page, warnings),
        as_json=as_json,
        converged=usable,
    )


def _chronology_of(
    fit: "forecast.Fit", dyad: str, tell: Progress, *, followed: bool
) -> "tuple[EventTable | None, xr.Dataset | None]":
    """Return the chronology of a fit made of it, to say which part of its class a code is, and what has followed."""
    from forecast.data.events.additions import CHRONOLOGY

    if "dataset" not in fit.panel.coords or CHRONOLOGY not in fit.panel["dataset"].to_numpy():
        if not followed:
            return None, None
        raise SpecError(
            "followed: the fit is not of the chronology, so that what followed is not known; leave it out"
        )
    tell("reading the chronology", 0, 0)
    events = forecast.read_chronology(dyads=[dyad])
    since = (
        forecast.build_panel(events, dyads=[dyad], frequency=fit.panel.attrs["frequency"])
        if followed
        else None
    )
    return events, since


def _put(
    fit: "forecast.Fit", dyad: str, question: "Question", table: "EventTable | None", seed: int
) -> "PutQuestion":
    """Put a question to the fit, if it is about the dyad and open on the day of the fit."""
    from forecast.data.panel.record import last_known

    if question.dyads != (dyad,):
        only = f", or a scenario of {question.dyad}" if len(question.dyads) == 1 else " alone"
        raise QuestionError(
            f"{question.id}: it is about {join(question.dyads)}, and the scenario about {dyad}; ask one of {dyad}{only}"
        )
    if closed := question.closed(last_known(fit.panel)):
        raise QuestionError(f"{question.id}: {closed}")
    try:
        return forecast.put_question(fit, question, seed=seed, table=table)
    except DataError as error:
        raise QuestionError(
            f"{question.id}: the fit is not of the chronology as it comes with the package, in which its codes would "
            "be counted. Make the fit again, or ask in Python with its own events (put_question)"
        ) from error


CHECKED = Path("checks")
"""Default folder of the pages."""


@grouped("check report/fit.zarr --out checks")
def check(
    fit: Path = arg("A saved fit, such as report/fit.zarr.", ...),
    out: Path | None = own_folder("checks"),
    replace: bool = shared.replace(),
    records: int = whole("How many records are simulated.", "records", 400),
    seed: int = shared.seed(),
    as_json: bool = shared.json(),
) -> None:
    """Compare a fit's record with records that the fit makes: posterior predictive checks.

    Writes a page, checks.json and checks.csv (`forecast help checks`). Exit code 3 if the fit has
    not converged.
    """
    from forecast.report.folder import CHECKS, chosen_folder, require_report_folder

    require_report_folder(out, CHECKS, [fit], replace=replace, parent=CHECKED)
    with progress("loading the fit") as tell:
        from forecast.data.panel.record import last_known
        from forecast.report.checks_page import numbers_table, summary, write_checks

        loaded = forecast.Fit.load(fit)
        tell("simulating records", 0, 0)
        found = forecast.check_fit(loaded, records=records, seed=seed)
        tell("writing the page", 0, 0)
        name = loaded.dyads[0] if len(loaded.dyads) == 1 else f"{len(loaded.dyads)}-dyads"
        with chosen_folder(out, CHECKED, name, last_known(loaded.panel)) as folder:
            page = write_checks(loaded, found, folder)
    worst, converged = numbers_table(found.misses.head(SHOWN)), loaded.gate.passed
    parts = [summary(found), "The farthest:" if worst.rows else "", worst]
    show_result(
        page,
        "checks.json",
        lambda: show(found.finding, parts, page),
        as_json=as_json,
        converged=converged,
    )


@dataclass
class _Asked(Added):
    """What is asked of reports: their headline or a question, and the events behind them."""

    question: str | None = opt(
        "In place of the headline: a question of the ledger, its ID or its file.", panel="Question"
    )
    folder: Path = folder_option()
    replace: bool = shared.replace()
    refit: bool = opt(
        "Whether to fit the model again where nothing quicker is valid, which takes as long as a fit; otherwise what "
        "is known without is shown.",
        True,
        name="--refit/--no-refit",
        panel=COMPUTATION,
    )
    as_json: bool = shared.json()

    def prepare(self, out: Path, kind: str, reports: list[Path]) -> "Question | None":
        """Return the question, if there is one, and make sure that the page may be written."""
        from forecast.desk.questions.ledger import QuestionFolder
        from forecast.report.folder import require_report_folder

        asked = None if self.question is None else QuestionFolder(self.folder).find(self.question)
        file = [Path(self.question)] if self.question and Path(self.question).is_file() else []
        read = [*reports, *file, *(self.given.files if self.given else ())]
        require_report_folder(out, kind, read, replace=self.replace)
        return asked

    def attribute(
        self, saved: "SavedReport", asked: "Question | None", tell: Progress, months: int
    ) -> "Attribution":
        """Return what the events of the last months did to the headline of a report, or to a question."""
        from forecast.data.panel.record import last_known

        options: dict[str, Any] = {
            "seed": saved.seed,
            "progress": tell,
            "months": months,
            "refit": self.refit,
        }
        if asked is not None and saved.dyad not in asked.dyads:
            wanted = join(asked.dyads, "or")
            raise QuestionError(
                f"{asked.id}: it is about {wanted}, and the report about {saved.dyad}; give a report of {wanted}"
            )
        tell("reading the data", 0, 0)
        several = asked is not None and len(asked.dyads) > 1
        table = event_table(
            self.given, None if several else saved.dyad, last_known(saved.fit.panel)
        )
        if asked is not None:
            return forecast.attribute_question(saved.fit, asked, table, dyad=saved.dyad, **options)
        return forecast.attribute(saved.fit, saved.dyad, table, **saved.terms, **options)

    def attribute_since(
        self, change: "Change", later: "SavedReport", asked: "Question | None", tell: Progress
    ) -> "Attribution | None":
        """Return what the events since then did, where the later fit is of single events of not too many months.

        To the question, if it is about the dyad of the reports and open on the later day; to the
        headline else.
        """
        from forecast.outlook.attribution import MOST_MONTHS

        months = max(months_between(*change.days), 1)
        if months > MOST_MONTHS:
            return None
        if asked is not None and (later.dyad not in asked.dyads or asked.closed(change.days[1])):
            asked = None
        try:
            return self.attribute(later, asked, tell, months)
        except (DataError, NotUpdatable, SpecError) as error:
            if self.given is not None and not isinstance(error, NoEvents | NotUpdatable):
                raise
            say(f"The events since then are not listed: {error}")
            return None


@grouped("explain report/USA-CHN-2026-06-13 --months 6")
def explain(
    data: _Asked,
    report: Path = arg("The folder of a report, with its fit.", ...),
    months: int = opt("Length of the window in months: the last 1 to 12.", 6),
    out: Path = output("Folder of the page.", Path("explain")),
) -> None:
    """Show what each event of the last months contributed to the level and to the headline of a report, or a question.

    Writes a page, explain.json, explain.csv and a figure (`forecast help explain`). Exit code 3 if
    the fit has not converged.
    """
    from forecast.outlook.attribution import MOST_MONTHS
    from forecast.report.folder import EXPLAIN, read_report

    if not 1 <= months <= MOST_MONTHS:
        raise SpecError(f"--months: got {months}; expected 1 to {MOST_MONTHS}")
    asked = data.prepare(out, EXPLAIN, [report])
    with progress("loading the fit") as tell:
        from forecast.report.explain_page import largest_events, sentence, write_explanation

        saved = read_report(report)
        for number in range(
            months, 1, -1
        ):  # the last months, or as many of them as need no new fit
            try:
                found = data.attribute(saved, asked, tell, number)
                break
            except NotUpdatable as error:
                say(f"The last {count(number, 'month')}: {error}")
        else:
            found = data.attribute(saved, asked, tell, 1)
        tell("writing the page", 0, 0)
        page = write_explanation(saved.fit, found, out)
    title, converged = sentence("finding", found), saved.fit.gate.passed
    parts = [sentence("level_sentence", found), largest_events(found, SHOWN)]
    show_result(
        page,
        "explain.json",
        lambda: show(title, parts, page),
        as_json=data.as_json,
        converged=converged,
    )


@grouped("compare may june --out change")
def compare(
    data: _Asked,
    old: Path = arg("The folder of the earlier report, with its fit.", ...),
    new: Path = arg("The folder of the later report, with its fit.", ...),
    out: Path = output("Folder of the page.", Path("change")),
) -> None:
    """Split the change of the published headline of two reports: time passed, new events, late data, model, baseline.

    Reports of different months ask of different windows; then both answer the headline of the
    earlier one. Writes a page, change.json, change.csv and a figure (`forecast help explain`). Exit
    code 3 if a fit has not converged.
    """
    from forecast.report.folder import CHANGE, read_report

    asked = data.prepare(out, CHANGE, [old, new])
    with progress("loading the fits") as tell:
        from forecast.desk.questions.explain import asking, headline_question
        from forecast.outlook.comparison import split_question_change
        from forecast.report.explain_page import (
            largest_events,
            sentences,
            steps_table,
            write_change,
        )

        reports = earlier, later = read_report(old), read_report(new)
        if asked is None:
            _require_alike(earlier, later)
            asked = headline_question(earlier.fit, later.fit, later.dyad, **later.terms)
        if asked is None:
            change = forecast.split_change(
                earlier.fit,
                later.fit,
                later.dyad,
                **later.terms,
                old_seed=earlier.seed,
                new_seed=later.seed,
                refit=data.refit,
                progress=tell,
            )
        else:
            dyad, *others = sorted(
                asked.dyads, key=lambda one: one != later.dyad
            )  # that of the report, if it is asked
            change = split_question_change(
                earlier.fit,
                later.fit,
                dyad,
                asked.sentence,
                asking(asked, dyad),
                seeds=(earlier.seed, later.seed),
                refit=data.refit,
                progress=tell,
            )
        found = data.attribute_since(change, later, asked, tell)
        tell("writing the page", 0, 0)
        page = write_change((earlier.fit, later.fit), change, out, events=found)
    converged = all(one.fit.gate.passed for one in reports)
    first, *others = sentences(change)
    notes = "\n".join(f"{step.name}: {step.note}" for step in change.steps if step.note)
    events = None if found is None else largest_events(found, SHOWN)
    parts: list[Any] = [" ".join(others), steps_table(change), events, notes]
    show_result(
        page,
        "change.json",
        lambda: show(first, parts, page),
        as_json=data.as_json,
        converged=converged,
    )


def _require_alike(old: "SavedReport", new: "SavedReport") -> None:
    """Reject reports whose headlines ask different things."""
    values = [{"dyad": one.dyad, **one.terms} for one in (old, new)]
    for name, earlier in values[0].items():
        if values[1][name] != earlier:
            raise SpecError(
                f"OLD, NEW: the reports differ in {name.replace('_', ' ')}, {earlier} and {values[1][name]}; make them "
                "alike to compare"
            )
