"""A week's work in one folder: update, report, compare, answer and resolve, commit.

Last week's fit is updated with what has become known, or a first fit is made. Each of its pairs
gets a report, a comparison with its last report, and a line on one page (docs/every-monday.md).
What fails for one pair or question is noted, and the rest is done. In a git repository a saved fit
is used only if its digest is committed.
"""

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.dates import months_between
from forecast.base.digests import file_digest
from forecast.base.durable import sync_folder
from forecast.base.errors import (
    FitFileError,
    ForecastError,
    NoEvents,
    NoHigherShare,
    NotUpdatable,
    SpecError,
)
from forecast.base.files import write_text
from forecast.base.progress import Progress
from forecast.base.unfinished import clear_leftovers, partial_folder
from forecast.data.events.addition_notes import rejected_rows
from forecast.data.events.coverage import gap_warnings
from forecast.desk.questions.folder import QuestionFolder
from forecast.runs.pipeline import SAVED_FIT, PreparedReports, prepare_reports
from forecast.runs.settings import ReportSettings
from forecast.runs.tasks import Tasks
from forecast.runs.weekly_questions import WeeklyQuestions

if TYPE_CHECKING:
    from forecast.desk.questions import Question
    from forecast.model import Fit
    from forecast.outlook.comparison import Change
    from forecast.outlook.contributions import Attribution
    from forecast.report.pairs_page import Pair

# Folders in the working folder: each week has a folder of its day in both
REPORTS = Path("reports")
CHANGES = Path("changes")

DIGESTS = "fit.sha256"
"""File with the digests of a saved fit, next to it; it is committed, the fit is not."""

REPORT_ON = "report on"
"""Name of the task of writing reports, by which failures are noted."""


@dataclass
class Monday:
    """A week's work in the working folder, and its results.

    A second run on the same day continues the first.
    """

    settings: ReportSettings  # Of the first fit, and of all reports
    day: str  # Name of the week's folders, YYYY-MM-DD
    question_folder: Path
    # Pairs that the user named; None for those of the hierarchy, or of the saved fit
    dyads: tuple[str, ...] | None
    commit: bool  # Whether to commit what is new
    progress: Progress
    say: Callable[[str], None]  # Prints a line
    page: Path | None = None  # The page of all pairs
    pairs: "list[Pair]" = field(default_factory=list)
    rejected: tuple[str, ...] = ()  # Added rows that could not be used, with file, line and reason
    gaps: tuple[str, ...] = ()  # Days that no one has stated to be complete
    converged: bool = True
    tasks: Tasks = field(init=False)
    questions: WeeklyQuestions = field(init=False)

    def __post_init__(self) -> None:
        self.tasks = Tasks(self.progress)
        self.questions = WeeklyQuestions(
            QuestionFolder(self.question_folder), date.fromisoformat(self.day), self.tasks, self.say
        )

    @property
    def reports(self) -> Path:
        """The folder of this week's reports."""
        return REPORTS / self.day

    @property
    def headline_terms(self) -> dict[str, Any]:
        """The baseline of the headlines, and the smallest change that counts."""
        return {
            "baseline_months": self.settings.baseline_months,
            "improvement": self.settings.improvement,
        }

    @cached_property
    def in_repository(self) -> bool:
        """Whether the working folder is in a git repository."""
        has_git = shutil.which("git") is not None
        return has_git and _git("rev-parse", "--is-inside-work-tree").returncode == 0

    def run(self) -> None:
        """Update the fit, report, compare with the week before, answer questions, and commit."""
        from forecast.report.folder import PAIRS, require_report_folder

        if self.commit and not self.in_repository:
            raise SpecError(
                "--commit: the folder is no git repository, or git is missing; run `git init`, or "
                "leave it out"
            )
        require_report_folder(REPORTS, PAIRS)  # before long work
        self.questions.require_writable_ledger()
        last_folder, last_fit = self._last_fit()
        prepared, resumed = self._prepare(last_folder)
        self.converged = all(gate.passed for gate in prepared.gates.values())
        has_news = resumed or not prepared.unchanged
        old = last_fit if has_news else None
        compared = {} if old is None else self._questions_compared(old, prepared)
        self._report(prepared, keep=resumed, compared=list(compared))
        if old is not None:
            self._compare(old, prepared, compared, keep=resumed)
        if self.questions.exist:
            self.questions.restore_files()
            self.questions.answer(prepared, self.settings.seed)
            self.questions.resolve(prepared)
            self.questions.score(
                [self.reports / dyad for dyad in prepared.dyads], REPORTS / "index.html"
            )
        self._list_pairs(prepared)
        if prepared.fit.gate.passed:
            kept = {self.reports}
            if last_folder is not None and self.tasks.failures:
                kept.add(last_folder)  # the next run on this day compares with its fit again
            self._remove_fits(kept)
        if self.commit:
            self._commit()

    def _commit(self) -> None:
        """Commit what is new in the folders of the week, without the saved fits."""
        added = map(Path, self.settings.source.additions) if self.settings.source else ()
        folders = (*added, self.question_folder, REPORTS, CHANGES)
        paths = [path.as_posix() for path in folders if path.exists()]
        _run_git("add", "--", *paths, f":(exclude,glob){REPORTS.as_posix()}/*/{SAVED_FIT}/**")
        if _git("diff", "--cached", "--quiet", "--", *paths).returncode:
            _run_git("commit", "--quiet", "--message", f"Forecast of {self.day}", "--", *paths)

    def _prepare(self, last_folder: Path | None) -> tuple[PreparedReports, bool]:
        """Return the reports, and whether their fit was saved by an earlier run of this day.

        Without such a fit, the fit of the last folder is updated; without that, a new one is made.
        """
        fit_of_today = self.reports / SAVED_FIT
        resumed = fit_of_today.exists() and self._is_trusted(fit_of_today)
        path = None
        if resumed:
            path = fit_of_today
        elif last_folder is not None:
            path = last_folder / SAVED_FIT
        settings = self.settings
        if path is not None:
            self._require_dyads_of(path)
            settings = replace(settings, hierarchy=None, fit_path=path)
        prepared = prepare_reports(settings, every=True, progress=self.progress)
        if not (resumed and prepared.unchanged):
            prepared.fit.save(fit_of_today)
        write_text(self.reports / DIGESTS, digests(fit_of_today), durable=True)
        if self.commit:
            _run_git("add", "--", (self.reports / DIGESTS).as_posix())
        return prepared, resumed and prepared.unchanged

    def _require_dyads_of(self, path: Path) -> None:
        """Raise SpecError if the user named other pairs than those of a saved fit."""
        from forecast.model import Fit

        if self.dyads is None:
            return
        dyads = Fit.load(path).dyads
        if set(self.dyads) != set(dyads):
            raise SpecError(
                f"dyads: {path} is a fit of {', '.join(dyads)}; leave the choice out, or remove "
                "the fit to fit again"
            )

    def _last_fit(self) -> "tuple[Path, Fit] | tuple[None, None]":
        """Return the latest earlier fit that may be used and has converged, with its folder."""
        from forecast.model import Fit

        folders = [path.parent for path in REPORTS.glob(f"*/{SAVED_FIT}")]
        for folder in sorted(folders, reverse=True):
            if folder.name >= self.day or not self._is_trusted(folder / SAVED_FIT):
                continue
            try:
                fit = Fit.load(folder / SAVED_FIT)
            except FitFileError as error:
                self.say(f"{error}; it is not used.")
                continue
            if fit.gate.passed:
                return folder, fit
            self.say(f"{folder / SAVED_FIT} has not converged; it is not used.")
        return None, None

    def _is_trusted(self, path: Path) -> bool:
        """Return whether a saved fit may be used; in a repository its digests must be committed."""
        if not self.in_repository:
            return True
        # From git's index, which also has what a run added that stopped before its commit.
        # Empty if the file is not in the index.
        committed = _git("show", f":./{path.with_name(DIGESTS).as_posix()}").stdout
        if committed and committed == digests(path):
            return True
        self.say(
            f"{path} is not the one that was committed with its report; it is not used. Commit "
            f"{DIGESTS} next to it, or run with --commit."
        )
        return False

    def _report(self, prepared: PreparedReports, *, keep: bool, compared: Sequence[str]) -> None:
        """Write the reports, and note what a reader has to know of their data and their fit.

        With `keep`, reports that are there stay. Reports on compared pairs link to their change.
        """

        def write(dyad: str) -> None:
            folder = self.reports / dyad
            if keep and (folder / "index.html").exists():
                return
            links = {"All pairs": "../../index.html"}
            if dyad in compared:
                change = CHANGES / self.day / dyad / "index.html"
                links["Change"] = f"../../../{change.as_posix()}"
            prepared.write(dyad, folder, links=links, ledger=self.questions.folder.ledger)

        table = prepared.job.records.events
        if table is not None:
            self.rejected = rejected_rows(table)
            self.gaps = gap_warnings(table.additions)
        for dyad, reason in prepared.skipped.items():
            self.tasks.undone.append(f"{REPORT_ON} {dyad}: {reason}")
        for note in prepared.notes:
            self.say(note)
        self.tasks.each(REPORT_ON, {dyad: dyad for dyad in prepared.dyads}, write)

    def _questions_compared(
        self, old: "Fit", prepared: PreparedReports
    ) -> "dict[str, Question | None]":
        """Return, by pair, the question that the old and the new fit answer.

        None stands for the headline, if it asks about the same window in both weeks. In a new month
        it asks about another window, so that both fits answer the headline of the week before.
        Pairs for which there is no such question are noted, and not compared.
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
                    old, prepared.fit, dyad, horizon=horizon, **self.headline_terms
                )
            except NoHigherShare as error:
                self.tasks.undone.append(f"comparison of {dyad}: {error}")
        return questions

    def _compare(
        self,
        old: "Fit",
        prepared: PreparedReports,
        questions: "Mapping[str, Question | None]",
        *,
        keep: bool,
    ) -> None:
        """Write a page per pair on what has changed since the old fit.

        With `keep`, pages that are there stay. The old fit is carried over once, for all pairs.
        """
        from forecast.desk.questions.explain import asking
        from forecast.outlook.carrying_over import carry_over
        from forecast.outlook.comparison import split_change, split_question_change
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
                    **self.headline_terms,
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
            events = self._contributions(prepared, dyad, change, question)
            write_change((old, prepared.fit), change, folder, events=events, links=links)

        # Writing a page clears leftovers too, but no page is written where all are there already.
        clear_leftovers(CHANGES / self.day)
        self.tasks.each("comparison of", {dyad: dyad for dyad in questions}, write)

    def _contributions(
        self, prepared: PreparedReports, dyad: str, change: "Change", question: "Question | None"
    ) -> "Attribution | None":
        """Return what the events since the old fit contributed to a change.

        None if there are none, if they cannot be listed without a new fit, or if the change spans
        too many months.
        """
        from forecast.desk.questions.explain import attribute_question
        from forecast.outlook.attribution import MAX_MONTHS_EXPLAINED, attribute

        months = months_between(*change.days)
        table = prepared.job.records.events
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
            return attribute(
                prepared.fit, dyad, table, horizon=horizon, **self.headline_terms, **common
            )
        except NoEvents:
            return None
        except NotUpdatable:
            report = (self.reports / dyad).as_posix()
            source = self.settings.source
            additions = (source.additions if source else ()) or ("added",)
            self.tasks.undone.append(
                f"{dyad}: what each event since then contributed is not listed, because only a new "
                f"fit shows it: forecast explain {report} --add {' --add '.join(additions)} "
                "(minutes)"
            )
            return None

    def _list_pairs(self, prepared: PreparedReports) -> None:
        """Write the page of all pairs, with their chances the time before."""
        from forecast.report.pairs_page import Pair, write_pairs

        last_reports = self._last_reports()

        def read(dyad: str) -> Pair:
            earlier = None
            if last_reports is not None and (last_reports / dyad / "forecast.json").exists():
                earlier = Pair.read(last_reports / dyad, "")
            change = CHANGES / self.day / dyad / "index.html"
            link = f"../{change.as_posix()}" if change.exists() else ""
            return Pair.read(self.reports / dyad, f"{self.day}/{dyad}/index.html", earlier, link)

        failed = {
            dyad: str(self.tasks.failures[f"{REPORT_ON} {dyad}"])
            for dyad in prepared.dyads
            if f"{REPORT_ON} {dyad}" in self.tasks.failures
        }
        reported = {dyad: dyad for dyad in prepared.dyads if dyad not in failed}
        self.pairs = list(self.tasks.each("listing", reported, read).values())
        compared_days = None if last_reports is None else (last_reports.name, self.day)
        record_address = self.questions.record_address
        links = {"Track record": f"../{record_address}"} if record_address else {}
        record = self.questions.record
        waiting = () if record is None else record.waiting
        self.page = write_pairs(
            self.pairs, REPORTS, prepared.skipped | failed, compared_days, links, waiting
        )

    def _last_reports(self) -> Path | None:
        """Return the folder of the latest reports before this day."""
        folders = {path.parents[1] for path in REPORTS.glob("*/*/forecast.json")}
        return max((folder for folder in folders if folder.name < self.day), default=None)

    def _remove_fits(self, keep: set[Path]) -> None:
        """Remove the fits of all folders but some: each takes some hundred megabytes."""
        from forecast.model.storage import is_saved_fit

        for path in REPORTS.glob(f"*/{SAVED_FIT}"):
            if path.parent in keep or not is_saved_fit(path):
                continue
            # A fit is renamed first, so that no part of one stays under its name if this stops.
            with partial_folder(REPORTS / SAVED_FIT) as removed:
                path.rename(removed / SAVED_FIT)
                sync_folder(path.parent)


def digests(folder: Path) -> str:
    """Return the digest of each file of a saved fit, one a line, as `sha256sum` prints them.

    A link has no digest, so that a fit with one is never used.
    """
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    lines = []
    for path in sorted(paths):
        ordinary = path.is_file() and not path.is_symlink()
        digest = file_digest(path) if ordinary else "no ordinary file"
        lines.append(f"{digest}  ./{path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run git in the working folder."""
    return subprocess.run(
        [shutil.which("git") or "git", *words], capture_output=True, text=True, check=False
    )


def _run_git(*words: str) -> None:
    """Run git, and raise ForecastError if it fails; what it writes is synced to the disk."""
    process = _git("-c", "core.fsync=all", *words)
    if process.returncode:
        output = (process.stderr or process.stdout).strip()
        raise ForecastError(f"git {words[0]}: {output}. Mend that, and run it again")
