"""The questions of a week: open ones are answered and resolved, and the track record is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.base.dates import today
from forecast.base.errors import RareCondition
from forecast.desk.questions.folder import QuestionFolder, questions_of
from forecast.runs.pipeline import PreparedReports
from forecast.runs.tasks import Tasks

if TYPE_CHECKING:
    from forecast.desk.questions import Draft, History, TrackRecord
    from forecast.desk.questions.doubts import Doubt


@dataclass
class WeeklyQuestions:
    """The questions of a folder, and what came of them in a week."""

    folder: QuestionFolder
    day: date  # The day of the week's forecasts
    tasks: Tasks
    say: Callable[[str], None]  # Prints a line
    lines: list[str] = field(default_factory=list)  # What was answered and resolved
    # Forecasts that a person has to confirm before they are published
    doubts: "tuple[Doubt, ...]" = ()
    record: "TrackRecord | None" = None  # None without a ledger

    @property
    def exist(self) -> bool:
        """Whether the folder has a ledger."""
        return self.folder.ledger.exists()

    @property
    def record_folder(self) -> Path:
        """The folder of the track record."""
        return self.folder.path / "record"

    @property
    def record_address(self) -> str:
        """The address of the track record's page, relative to the working folder.

        Empty if there is no ledger, or if the page lies outside the working folder.
        """
        page = (self.record_folder / "index.html").resolve()
        if not self.exist or not page.is_relative_to(Path.cwd()):
            return ""
        return page.relative_to(Path.cwd()).as_posix()

    def require_writable_ledger(self) -> None:
        """Make sure that entries can be appended to the ledger, if there is one."""
        if self.exist:
            for warning in self.folder.read().warnings:
                self.say(f"Warning: {warning}")
            self.folder.append([])

    def restore_files(self) -> None:
        """Write the files that open questions lack, and remove what killed runs left."""
        words = self.folder.mend(self.folder.read())
        if words:
            self.say(words)

    def answer(self, prepared: PreparedReports, seed: int) -> None:
        """Append a forecast of each open question to the ledger."""
        from forecast.desk.questions.open_questions import (
            NOTHING_NEW,
            answer_of,
            event_answer_of,
            needs_no_fit,
        )

        fit = prepared.fit
        table = prepared.job.records.events
        model = fit.spec.to_dict()
        converged = fit.gate.passed

        def answer(history: "History") -> "Draft | str":
            if needs_no_fit(history.question):
                return event_answer_of(history, table, self.day)
            if not set(history.question.dyads) <= set(fit.dyads):
                return "of another pair than the fit's"
            try:
                return answer_of(
                    history, fit, model=model, converged=converged, seed=seed, table=table
                )
            except RareCondition as error:
                return str(error)

        def is_due(history: "History", reason: str) -> bool:
            return not history.question.over(today()) and reason != NOTHING_NEW

        self._append_each("forecast of", answer, is_due)

    def resolve(self, prepared: PreparedReports) -> None:
        """Append the resolution of each open question that the data resolve to the ledger."""
        from forecast.desk.questions import OutsideQuestion
        from forecast.desk.questions.open_questions import resolution_of

        records = prepared.job.records

        def resolve(history: "History") -> "Draft | str":
            return resolution_of(history, records, today(), now=today())

        def is_due(history: "History", _: str) -> bool:
            question = history.question
            return (
                question.over(today())
                and question.resolvable
                and not isinstance(question, OutsideQuestion)
            )

        self._append_each("resolution of", resolve, is_due)

    def _append_each(
        self,
        task: str,
        draft_of: "Callable[[History], Draft | str]",
        is_due: "Callable[[History, str], bool]",
    ) -> None:
        """Append an entry on each open question.

        Where `draft_of` returns a reason for no entry, it is noted if an entry was due.
        """
        open_questions = {
            history.question.id: history
            for history in questions_of(self.folder.read(), only_open=True)
        }
        drafts = []
        for name, draft in self.tasks.each(task, open_questions, draft_of).items():
            if not isinstance(draft, str):
                drafts.append(draft)
            elif is_due(open_questions[name], draft):
                self.tasks.undone.append(f"{task} {name}: {draft}")
        entries = self.folder.append(drafts).entries
        self.lines += [f"{entry.question}: {entry.said}" for entry in entries]

    def score(self, report_folders: list[Path], pairs_page: Path) -> None:
        """Write the track record, and note the forecasts that a person has to confirm.

        Forecasts are compared with the reports in some folders; the track record links to the page
        of all pairs.
        """
        from forecast.desk.questions import TrackRecord
        from forecast.desk.questions.doubts import doubts_of
        from forecast.report.ledger_page import write_track_record
        from forecast.report.saved_report import read_numbers

        ledger = self.folder.read()
        reports = [
            read_numbers(folder) for folder in report_folders if (folder / "forecast.json").exists()
        ]
        self.record = TrackRecord.of(ledger, reports=reports)
        doubts = doubts_of(ledger.histories.values(), reports)
        self.doubts = tuple(doubt for doubt in doubts if not doubt.confirmed)
        to_working_folder = "../" * self.record_address.count("/")
        links = {}
        if to_working_folder:
            links["All pairs"] = f"{to_working_folder}{pairs_page.as_posix()}"
        write_track_record(self.record, self.record_folder, inputs=[ledger.path], links=links)
