"""A week's work in one folder: update, report, compare, answer and resolve, commit.

Last week's fit is updated with what has become known, or a first one is made, and every pair of it
gets a report, a comparison with its last one and a place on one page (docs/every-monday.md). What
fails for one pair or question is kept apart, and the rest goes on. In a git repository a fit counts
only with the digest that was committed with it.
"""

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.dates import months_between, today
from forecast.base.digests import file_digest
from forecast.base.durable import sync_folder
from forecast.base.errors import (
    FitFileError,
    ForecastError,
    NoEvents,
    NoHigherShare,
    NotUpdatable,
    RareCondition,
    SpecError,
)
from forecast.base.files import write_text
from forecast.base.progress import Progress
from forecast.base.unfinished import clear_leftovers, partial_folder
from forecast.data.events.additions import rejected_rows
from forecast.data.events.coverage import gap_warnings
from forecast.runs.pipeline import (
    LEDGER,
    SAVED_FIT,
    PreparedReports,
    prepare_reports,
)
from forecast.runs.settings import ReportSettings

if TYPE_CHECKING:
    from forecast.desk.questions import Draft, History, Question, TrackRecord
    from forecast.desk.questions.doubts import Doubt
    from forecast.desk.questions.folder import QuestionFolder
    from forecast.model import Fit
    from forecast.outlook.comparison import Change
    from forecast.outlook.contributions import Attribution
    from forecast.report.pairs_page import Pair

REPORTS, CHANGES, DIGESTS = Path("reports"), Path("changes"), "fit.sha256"
REPORTING, FORECAST_OF, RESOLUTION_OF = "report on", "forecast of", "resolution of"


@dataclass
class Monday:
    """A week's work, step by step, and what came of it.

    Run again on the same day, it goes on where it stopped.
    """

    settings: ReportSettings  # Of the first fit, and of all reports
    day: str  # Name of the week's folders
    questions: Path
    # Pairs that are asked for; None for those of the hierarchy, or of the fit
    dyads: tuple[str, ...] | None
    commit: bool
    progress: Progress
    say: Callable[[str], None]  # Prints what has been done, line by line
    page: Path | None = None  # Of all pairs
    pairs: "list[Pair]" = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # What was answered and resolved
    rejected: tuple[str, ...] = ()  # Added rows that could not be used, with file, line and reason
    gaps: tuple[str, ...] = ()  # Days that no one has stated to be complete
    undone: list[str] = field(default_factory=list)  # What could not be done, and why
    # Forecasts that a person has to confirm before they are published
    doubts: "tuple[Doubt, ...]" = ()
    record: "TrackRecord | None" = None  # Of the questions, if any were asked
    failures: dict[str, ForecastError] = field(default_factory=dict)  # By what they are about
    converged: bool = True

    @property
    def new(self) -> Path:
        """The folder of the week's reports."""
        return REPORTS / self.day

    @property
    def terms(self) -> dict[str, Any]:
        """What the headlines compare with, and by how much."""
        return {name: getattr(self.settings, name) for name in ("baseline_months", "improvement")}

    @cached_property
    def repository(self) -> bool:
        """Whether the folder is in a git repository."""
        return (
            shutil.which("git") is not None
            and not _git("rev-parse", "--is-inside-work-tree").returncode
        )

    def run(self) -> None:
        """Update the fit, report, compare with the week before, answer questions, and commit."""
        from forecast.report.folder import PAIRS, require_report_folder

        if self.commit and not self.repository:
            raise SpecError(
                "--commit: the folder is no git repository, or git is missing; run `git init`, or "
                "leave it out"
            )
        require_report_folder(REPORTS, PAIRS)  # before long work
        self._require_ledger()
        last = self._last_fit()
        prepared, resumed = self._prepare(None if last is None else last[0])
        self.converged = all(gate.passed for gate in prepared.gates.values())
        has_news = resumed or not prepared.unchanged
        before = last[1] if last is not None and has_news else None
        compared = {} if before is None else self._questions_compared(before, prepared)
        self._report(prepared, keep=resumed, compared=list(compared))
        if before is not None:
            self._compare(before, prepared, compared, keep=resumed)
        if (self.questions / "ledger.jsonl").exists():
            self._answer(prepared)
        self._list_pairs(prepared)
        if prepared.fit.gate.passed:
            # After a failure the next run of this day compares with the last fit again.
            self._remove_fits(keep={self.new, last[0]} if last and self.failures else {self.new})
        if self.commit:
            self._commit()

    def _require_ledger(self) -> None:
        """Make sure that what is forecast can be written to the ledger, if there is one."""
        from forecast.desk.questions.folder import QuestionFolder

        question_folder = QuestionFolder(self.questions)
        if question_folder.ledger.exists():
            for warning in question_folder.read().warnings:
                self.say(f"Warning: {warning}")
            question_folder.append([])

    def _commit(self) -> None:
        """Commit what is new in the folders of the week, but for saved fits."""
        added = map(Path, self.settings.source.additions) if self.settings.source else ()
        folders = (*added, self.questions, REPORTS, CHANGES)
        paths = [path.as_posix() for path in folders if path.exists()]
        _run_git("add", "--", *paths, f":(exclude,glob){REPORTS.as_posix()}/*/{SAVED_FIT}/**")
        if _git("diff", "--cached", "--quiet", "--", *paths).returncode:
            _run_git("commit", "--quiet", "--message", f"Forecast of {self.day}", "--", *paths)

    def _prepare(self, last: Path | None) -> tuple[PreparedReports, bool]:
        """Return the reports, and whether their fit is an earlier one of this day.

        The fit is that of this day, else the last one updated, else a new one.
        """
        fit_of_today = self.new / SAVED_FIT
        resumed = fit_of_today.exists() and self._trusted(fit_of_today)
        path = None
        if resumed:
            path = fit_of_today
        elif last is not None:
            path = last / SAVED_FIT
        settings = self.settings
        if path is not None:
            self._require_dyads_of(path)
            settings = replace(settings, hierarchy=None, fit_path=path)
        prepared = prepare_reports(settings, every=True, progress=self.progress)
        if not (resumed and prepared.unchanged):
            prepared.fit.save(fit_of_today)
        write_text(self.new / DIGESTS, digests(fit_of_today), durable=True)
        if self.commit:
            _run_git("add", "--", (self.new / DIGESTS).as_posix())
        return prepared, resumed and prepared.unchanged

    def _require_dyads_of(self, path: Path) -> None:
        """Reject a choice of pairs that are not those of a saved fit."""
        from forecast.model import Fit

        if self.dyads is None:
            return
        dyads = Fit.load(path).dyads
        if set(self.dyads) != set(dyads):
            raise SpecError(
                f"dyads: {path} is a fit of {', '.join(dyads)}; leave the choice out, or remove "
                "the fit to fit again"
            )

    def _last_fit(self) -> "tuple[Path, Fit] | None":
        """Return the latest folder with a converged and, in a repository, committed fit."""
        from forecast.model import Fit

        for folder in sorted(
            (path.parent for path in REPORTS.glob(f"*/{SAVED_FIT}")), reverse=True
        ):
            if folder.name >= self.day or not self._trusted(folder / SAVED_FIT):
                continue
            try:
                fit = Fit.load(folder / SAVED_FIT)
            except FitFileError as error:
                self.say(f"{error}; it is not used.")
                continue
            if fit.gate.passed:
                return folder, fit
            self.say(f"{folder / SAVED_FIT} has not converged; it is not used.")
        return None

    def _trusted(self, path: Path) -> bool:
        """Return whether a fit may be used; in a repository its digests must be committed."""
        if not self.repository:
            return True
        # As it is committed, or was added for the commit of a run that stopped; empty if it is not.
        stated = _git("show", f":./{path.with_name(DIGESTS).as_posix()}").stdout
        if stated and stated == digests(path):
            return True
        self.say(
            f"{path} is not the one that was committed with its report; it is not used. Commit "
            f"{DIGESTS} next to it, or run with --commit."
        )
        return False

    def _each[Item, Result](
        self, task: str, items: Mapping[str, Item], do: Callable[[Item], Result]
    ) -> list[Result]:
        """Do a task for each of some pairs or questions, by name; note which fail, and go on."""
        results = []
        for name, item in items.items():
            self.progress(f"{task} {name}", 0, 0)
            try:
                results.append(do(item))
            except ForecastError as error:
                self.failures[f"{task} {name}"] = error
        return results

    def _report(self, prepared: PreparedReports, *, keep: bool, compared: Sequence[str]) -> None:
        """Write the reports; those of some pairs have a page on what has changed."""

        def write(dyad: str) -> None:
            if not (keep and (self.new / dyad / "index.html").exists()):
                links = {"All pairs": "../../index.html"}
                if dyad in compared:
                    links["Change"] = (
                        f"../../../{(CHANGES / self.day / dyad / 'index.html').as_posix()}"
                    )
                prepared.write(
                    dyad, self.new / dyad, links=links, ledger=self.questions / LEDGER.name
                )

        table = prepared.job.records.events
        if table is not None:
            self.rejected, self.gaps = rejected_rows(table), gap_warnings(table.additions)
        self.undone += [f"report on {dyad}: {reason}" for dyad, reason in prepared.skipped.items()]
        for note in prepared.notes:
            self.say(note)
        self._each(REPORTING, {dyad: dyad for dyad in prepared.dyads}, write)

    def _questions_compared(
        self, old: "Fit", prepared: PreparedReports
    ) -> "dict[str, Question | None]":
        """Return, by pair, the question that both weeks answer; None is the headline of both.

        In a new month the headline asks of another window, so that both answer that of the week
        before. Pairs for which there is no such question are named, and not compared.
        """
        from forecast.desk.questions.explain import headline_question
        from forecast.outlook.query import main_horizon

        questions: dict[str, Question | None] = {}
        for dyad in prepared.dyads:
            if dyad not in old.dyads:
                continue
            horizon = main_horizon(prepared.assessments[dyad].horizons)
            try:
                questions[dyad] = headline_question(
                    old, prepared.fit, dyad, horizon=horizon, **self.terms
                )
            except NoHigherShare as error:
                self.undone.append(f"comparison of {dyad}: {error}")
        return questions

    def _compare(
        self,
        old: "Fit",
        prepared: PreparedReports,
        questions: "Mapping[str, Question | None]",
        *,
        keep: bool,
    ) -> None:
        """Write what has changed of each pair since the last fit, which is updated once for all."""
        from forecast.desk.questions.explain import asking
        from forecast.outlook.comparison import carry_over, split_change, split_question_change
        from forecast.outlook.query import main_horizon

        seed = self.settings.seed
        carried = carry_over(old, prepared.fit, seed=seed, progress=self.progress)

        def write(dyad: str) -> None:
            from forecast.report.explain_page import write_change

            folder = CHANGES / self.day / dyad
            if keep and (folder / "index.html").exists():
                return
            horizon = main_horizon(prepared.assessments[dyad].horizons)
            question = questions[dyad]
            common: dict[str, Any] = {"carried": carried, "progress": self.progress}
            if question is None:
                change = split_change(
                    old,
                    prepared.fit,
                    dyad,
                    horizon=horizon,
                    **self.terms,
                    old_seed=seed,
                    new_seed=seed,
                    **common,
                )
            else:
                change = split_question_change(
                    old,
                    prepared.fit,
                    dyad,
                    question.sentence,
                    asking(question, dyad),
                    seeds=(seed, seed),
                    **common,
                )
            links = {
                "All pairs": f"../../../{REPORTS}/index.html",
                "Report": f"../../../{REPORTS}/{self.day}/{dyad}/index.html",
            }
            events = self._events(prepared, dyad, change, question)
            write_change((old, prepared.fit), change, folder, events=events, links=links)

        clear_leftovers(CHANGES / self.day)  # where all is there already, nothing else does
        self._each("comparison of", {dyad: dyad for dyad in questions}, write)

    def _events(
        self, prepared: PreparedReports, dyad: str, change: "Change", question: "Question | None"
    ) -> "Attribution | None":
        """Return what the events since then did, within at most a year.

        None where a new fit would have to say.
        """
        from forecast.desk.questions.explain import attribute_question
        from forecast.outlook.attribution import MAX_MONTHS_EXPLAINED, attribute

        months, table = months_between(*change.days), prepared.job.records.events
        if months > MAX_MONTHS_EXPLAINED or table is None:
            return None
        common: dict[str, Any] = {
            "months": max(months, 1),
            "seed": self.settings.seed,
            "progress": self.progress,
        }
        try:
            if question is not None:
                return attribute_question(prepared.fit, question, table, dyad=dyad, **common)
            horizon = change.asked.horizon  # type: ignore[union-attr]
            return attribute(prepared.fit, dyad, table, horizon=horizon, **self.terms, **common)
        except NoEvents:
            return None
        except NotUpdatable:
            report = (self.new / dyad).as_posix()
            self.undone.append(
                f"{dyad}: what each event since then contributed is not listed, because only a new "
                f"fit shows it: forecast explain {report} --add {self._added_words} (minutes)"
            )
            return None

    @property
    def _added_words(self) -> str:
        """The added files or folders, as one gives them after ``--add``."""
        source = self.settings.source
        return " --add ".join(source.additions) if source and source.additions else "added"

    def _list_pairs(self, prepared: PreparedReports) -> None:
        """Write the page of all pairs, with their chances the time before."""
        from forecast.report.pairs_page import Pair, write_pairs

        day = self.day
        days = sorted({path.parents[1] for path in REPORTS.glob("*/*/forecast.json")}, reverse=True)
        before = next((folder for folder in days if folder.name < day), None)

        def read(dyad: str) -> Pair:
            earlier = None
            if before is not None and (before / dyad / "forecast.json").exists():
                earlier = Pair.read(before / dyad, "")
            change = CHANGES / day / dyad / "index.html"
            link = f"../{change.as_posix()}" if change.exists() else ""
            return Pair.read(self.new / dyad, f"{day}/{dyad}/index.html", earlier, link)

        failed = {
            dyad: str(self.failures[f"{REPORTING} {dyad}"])
            for dyad in prepared.dyads
            if f"{REPORTING} {dyad}" in self.failures
        }
        reported = {dyad: dyad for dyad in prepared.dyads if dyad not in failed}
        self.pairs = self._each("listing", reported, read)
        compared = None if before is None else (before.name, day)
        links = {"Track record": f"../{record}"} if (record := self._record_address()) else {}
        waiting = () if self.record is None else self.record.waiting
        self.page = write_pairs(
            self.pairs, REPORTS, prepared.skipped | failed, compared, links, waiting
        )

    def _record_address(self) -> str:
        """Return the address of the track record from this folder.

        Empty if there is none, or it lies elsewhere.
        """
        page = (self.questions / "record/index.html").resolve()
        if not (self.questions / "ledger.jsonl").exists() or not page.is_relative_to(Path.cwd()):
            return ""
        return page.relative_to(Path.cwd()).as_posix()

    def _answer(self, prepared: PreparedReports) -> None:
        """Answer and resolve what is open in the ledger, and write the track record."""
        from forecast.desk.questions.folder import QuestionFolder
        from forecast.desk.questions.open_questions import (
            answer_of,
            event_answer_of,
            needs_no_fit,
            resolution_of,
        )

        question_folder = QuestionFolder(self.questions)
        records, fit = prepared.job.records, prepared.fit
        if mended := question_folder.mend(question_folder.read()):
            self.say(mended)
        model, converged, seed = fit.spec.to_dict(), fit.gate.passed, self.settings.seed

        def answer(history: "History") -> "Draft | str":
            if needs_no_fit(history.question):
                return event_answer_of(history, records.events, date.fromisoformat(self.day))
            if not set(history.question.dyads) <= set(fit.dyads):
                return "of another pair than the fit's"
            try:
                return answer_of(
                    history, fit, model=model, converged=converged, seed=seed, table=records.events
                )
            except RareCondition as error:
                return str(error)

        def resolve(history: "History") -> "Draft | str":
            return resolution_of(history, records, today(), now=today())

        self._append_each(FORECAST_OF, question_folder, answer)
        self._append_each(RESOLUTION_OF, question_folder, resolve)
        self._score(question_folder, prepared)

    def _append_each(
        self,
        task: str,
        question_folder: "QuestionFolder",
        draft_of: "Callable[[History], Draft | str]",
    ) -> None:
        """Append an entry on each open question, and note the reasons where there is none."""
        from forecast.desk.questions.folder import questions_of

        histories = questions_of(question_folder.read(), only_open=True)
        by_name = {history.question.id: history for history in histories}
        done = self._each(task, by_name, partial(_with_history, draft_of))
        drafts = []
        for history, draft in done:
            if not isinstance(draft, str):
                drafts.append(draft)
            elif _missed(task, history, draft):
                self.undone.append(f"{task} {history.question.id}: {draft}")
        entries = question_folder.append(drafts).entries
        self.lines += [f"{entry.question}: {entry.said}" for entry in entries]

    def _score(self, question_folder: "QuestionFolder", prepared: PreparedReports) -> None:
        """Write the track record, and note the forecasts that a person has to confirm."""
        from forecast.desk.questions import TrackRecord
        from forecast.desk.questions.doubts import doubts_of
        from forecast.report.folder import read_numbers
        from forecast.report.ledger_page import write_track_record

        ledger = question_folder.read()
        up = "../" * self._record_address().count("/")
        links = {"All pairs": f"{up}{REPORTS}/index.html"} if up else {}
        reports = [
            read_numbers(self.new / dyad)
            for dyad in prepared.dyads
            if (self.new / dyad / "forecast.json").exists()
        ]
        self.record = TrackRecord.of(ledger, reports=reports)
        doubts = doubts_of(ledger.histories.values(), reports)
        self.doubts = tuple(doubt for doubt in doubts if not doubt.confirmed)
        write_track_record(
            self.record, self.questions / "record", inputs=[ledger.path], links=links
        )

    def _remove_fits(self, keep: set[Path]) -> None:
        """Remove the fits of other days, which take some hundred megabytes each."""
        from forecast.model.storage import is_saved_fit

        for path in REPORTS.glob(f"*/{SAVED_FIT}"):
            if path.parent not in keep and is_saved_fit(path):
                with partial_folder(
                    REPORTS / SAVED_FIT
                ) as removed:  # at once: no part of a fit stays if this stops
                    path.rename(removed / SAVED_FIT)
                    sync_folder(path.parent)


def _with_history(
    draft: "Callable[[History], Draft | str]", history: "History"
) -> "tuple[History, Draft | str]":
    return history, draft(history)


def _missed(task: str, history: "History", reason: str) -> bool:
    """Return whether a reason is a failure, and not only that nothing was to be done."""
    from forecast.desk.questions import OutsideQuestion
    from forecast.desk.questions.open_questions import NOTHING_NEW

    over = history.question.over(today())
    if task == RESOLUTION_OF:
        return (
            over
            and history.question.resolvable
            and not isinstance(history.question, OutsideQuestion)
        )
    return not over and reason != NOTHING_NEW


def digests(folder: Path) -> str:
    """Return the digest of each file of a saved fit, as `sha256sum` prints them.

    A link has none.
    """
    lines = []
    for path in sorted(
        path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    ):
        ordinary = path.is_file() and not path.is_symlink()
        stated = file_digest(path) if ordinary else "no ordinary file"
        lines.append(f"{stated}  ./{path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run git in the working folder."""
    return subprocess.run(
        [shutil.which("git") or "git", *words], capture_output=True, text=True, check=False
    )


def _run_git(*words: str) -> None:
    """Run git, and fail as it does; what it writes is on the disk before it ends."""
    done = _git("-c", "core.fsync=all", *words)
    if done.returncode:
        raise ForecastError(
            f"git {words[0]}: {(done.stderr or done.stdout).strip()}. Mend that, and run it again"
        )
