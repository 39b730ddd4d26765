"""A week's work in one folder: update, report on every pair, compare, answer and resolve questions, commit.

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
    from forecast.model import Fit
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.comparison import Change
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
    dyads: (
        tuple[str, ...] | None
    )  # Pairs that are asked for; None for those of the hierarchy, or of the fit
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
        """Do it."""
        from forecast.report.folder import PAIRS, require_report_folder

        if self.commit and not self.repository:
            raise SpecError(
                "--commit: the folder is no git repository, or git is missing; run `git init`, or leave it out"
            )
        require_report_folder(REPORTS, PAIRS)  # before long work
        self._require_ledger()
        last = self._last_fit()
        made, resumed = self._prepare(None if last is None else last[0])
        self.converged = all(gate.passed for gate in made.gates.values())
        before = last[1] if last is not None and not (made.unchanged and not resumed) else None
        self._report(made, keep=resumed, compared=[] if before is None else before.dyads)
        if before is not None:
            self._compare(before, made, keep=resumed)
        if (self.questions / "ledger.jsonl").exists():
            self._answer(made)
        self._list_pairs(made)
        if made.fit.gate.passed:
            # After a failure the next run of this day compares with the last fit again.
            self._remove_fits(keep={self.new, last[0]} if last and self.failures else {self.new})
        if self.commit:
            self._commit()

    def _require_ledger(self) -> None:
        """Make sure that what is forecast can be written to the ledger, if there is one."""
        from forecast.desk.questions.folder import QuestionFolder

        place = QuestionFolder(self.questions)
        if place.ledger.exists():
            for words in place.read().warnings:
                self.say(f"Warning: {words}")
            place.append([])

    def _commit(self) -> None:
        """Commit what is new in the folders of the week, but for saved fits."""
        added = map(Path, self.settings.source.additions) if self.settings.source else ()
        there = [
            path.as_posix() for path in (*added, self.questions, REPORTS, CHANGES) if path.exists()
        ]
        _run_git("add", "--", *there, f":(exclude,glob){REPORTS.as_posix()}/*/{SAVED_FIT}/**")
        if _git("diff", "--cached", "--quiet", "--", *there).returncode:
            _run_git("commit", "--quiet", "--message", f"Forecast of {self.day}", "--", *there)

    def _prepare(self, last: Path | None) -> tuple[PreparedReports, bool]:
        """Return the reports, with the fit of this day, the last one's or a new one.

        And whether it is this day's.
        """
        own = self.new / SAVED_FIT
        resumed = own.exists() and self._trusted(own)
        path = own if resumed else None if last is None else last / SAVED_FIT
        settings = self.settings
        if path is not None:
            from forecast.model import Fit

            settings = replace(settings, hierarchy=None, fit_path=path)
            if self.dyads is not None and set(self.dyads) != set(known := Fit.load(path).dyads):
                there = f"dyads: {path} is a fit of {', '.join(known)}"
                raise SpecError(f"{there}; leave the choice out, or remove the fit to fit again")
        made = prepare_reports(settings, every=True, progress=self.progress)
        if not (resumed and made.unchanged):
            made.fit.save(own)
        write_text(self.new / DIGESTS, digests(own), durable=True)
        if self.commit:
            _run_git("add", "--", (self.new / DIGESTS).as_posix())
        return made, resumed and made.unchanged

    def _last_fit(self) -> "tuple[Path, Fit] | None":
        """Return the latest folder of reports with a fit that converged, and in a repository was committed."""
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
        """Return whether a fit may be used: in a repository, whether its digests are the committed ones."""
        if not self.repository:
            return True
        # As it is committed, or was added for the commit of a run that stopped; empty if it is not.
        stated = _git("show", f":./{path.with_name(DIGESTS).as_posix()}").stdout
        if stated and stated == digests(path):
            return True
        self.say(
            f"{path} is not the one that was committed with its report; it is not used. Commit {DIGESTS} next to it, "
            "or run with --commit."
        )
        return False

    def _each[Item, Result](
        self, words: str, items: Mapping[str, Item], do: Callable[[Item], Result]
    ) -> list[Result]:
        """Do something for each of some pairs or questions, by name; note which fail, and go on."""
        found = []
        for name, item in items.items():
            self.progress(f"{words} {name}", 0, 0)
            try:
                found.append(do(item))
            except ForecastError as error:
                self.failures[f"{words} {name}"] = error
        return found

    def _report(self, made: PreparedReports, *, keep: bool, compared: Sequence[str]) -> None:
        """Write the reports; those of some pairs have a page on what has changed."""

        def write(dyad: str) -> None:
            if not (keep and (self.new / dyad / "index.html").exists()):
                links = {"All pairs": "../../index.html"}
                if dyad in compared:
                    links["Change"] = (
                        f"../../../{(CHANGES / self.day / dyad / 'index.html').as_posix()}"
                    )
                made.write(dyad, self.new / dyad, links=links, ledger=self.questions / LEDGER.name)

        table = made.job.records.events
        if table is not None:
            self.rejected, self.gaps = rejected_rows(table), gap_warnings(table.additions)
        self.undone += [f"report on {dyad}: {reason}" for dyad, reason in made.skipped.items()]
        for words in made.notes:
            self.say(words)
        self._each(REPORTING, {dyad: dyad for dyad in made.dyads}, write)

    def _compare(self, old: "Fit", made: PreparedReports, *, keep: bool) -> None:
        """Write what has changed of each pair since the last fit, which is updated once for all.

        Both weeks answer the same: the headline, or in a new month, which has another window, that
        of the last week.
        """
        from forecast.desk.questions.explain import asking, headline_question
        from forecast.outlook.comparison import carry_over, split_change, split_question_change
        from forecast.outlook.query import main_horizon

        seed = self.settings.seed
        carried = carry_over(old, made.fit, seed=seed, progress=self.progress)

        def write(dyad: str) -> None:
            from forecast.report.explain_page import write_change

            folder = CHANGES / self.day / dyad
            if keep and (folder / "index.html").exists():
                return
            horizon = main_horizon(made.assessments[dyad].horizons)
            asked = headline_question(old, made.fit, dyad, horizon=horizon, **self.terms)
            common: dict[str, Any] = {"carried": carried, "progress": self.progress}
            if asked is None:
                change = split_change(
                    old,
                    made.fit,
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
                    made.fit,
                    dyad,
                    asked.sentence,
                    asking(asked, dyad),
                    seeds=(seed, seed),
                    **common,
                )
            links = {
                "All pairs": f"../../../{REPORTS}/index.html",
                "Report": f"../../../{REPORTS}/{self.day}/{dyad}/index.html",
            }
            events = self._events(made, dyad, change, asked)
            write_change((old, made.fit), change, folder, events=events, links=links)

        clear_leftovers(CHANGES / self.day)  # where all is there already, nothing else does
        self._each("comparison of", {dyad: dyad for dyad in made.dyads if dyad in old.dyads}, write)

    def _events(
        self, made: PreparedReports, dyad: str, change: "Change", asked: "Question | None"
    ) -> "Attribution | None":
        """Return what the events since then did, within at most a year.

        None where a new fit would have to say.
        """
        from forecast.desk.questions.explain import attribute_question
        from forecast.outlook.attribution import MOST_MONTHS, attribute

        months, table = months_between(*change.days), made.job.records.events
        if months > MOST_MONTHS or table is None:
            return None
        common: dict[str, Any] = {
            "months": max(months, 1),
            "seed": self.settings.seed,
            "progress": self.progress,
        }
        try:
            if asked is not None:
                return attribute_question(made.fit, asked, table, dyad=dyad, **common)
            horizon = change.asked.horizon  # type: ignore[union-attr]
            return attribute(made.fit, dyad, table, horizon=horizon, **self.terms, **common)
        except (NoEvents, NotUpdatable) as error:
            self.undone.append(f"{dyad}: the events since then are not listed: {error}")
            return None

    def _list_pairs(self, made: PreparedReports) -> None:
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

        there = {dyad: dyad for dyad in made.dyads if f"{REPORTING} {dyad}" not in self.failures}
        self.pairs = self._each("listing", there, read)
        compared = None if before is None else (before.name, day)
        failed = {
            dyad: str(self.failures[f"{REPORTING} {dyad}"])
            for dyad in made.dyads
            if dyad not in there
        }
        links = {"Track record": f"../{record}"} if (record := self._record_address()) else {}
        waiting = () if self.record is None else self.record.waiting
        self.page = write_pairs(
            self.pairs, REPORTS, made.skipped | failed, compared, links, waiting
        )

    def _record_address(self) -> str:
        """Return the address of the track record from this folder.

        Empty if there is none, or it lies elsewhere.
        """
        place = (self.questions / "record/index.html").resolve()
        if not (self.questions / "ledger.jsonl").exists() or not place.is_relative_to(Path.cwd()):
            return ""
        return place.relative_to(Path.cwd()).as_posix()

    def _answer(self, made: PreparedReports) -> None:
        """Answer and resolve what is open in the ledger, and write the track record."""
        from forecast.desk.questions import TrackRecord
        from forecast.desk.questions.doubts import doubts_of
        from forecast.desk.questions.drafting import (
            answer_of,
            event_answer_of,
            needs_no_fit,
            resolution_of,
        )
        from forecast.desk.questions.folder import QuestionFolder, questions_of
        from forecast.report.folder import read_numbers
        from forecast.report.ledger_page import write_track_record

        place, records, fit = QuestionFolder(self.questions), made.job.records, made.fit
        if mended := place.mend(place.read()):
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

        for words, draft in ((FORECAST_OF, answer), (RESOLUTION_OF, resolve)):
            open_now = {one.question.id: one for one in questions_of(place.read(), only_open=True)}
            done = self._each(words, open_now, partial(_with_history, draft))
            self.undone += [
                f"{words} {history.question.id}: {reason}"
                for history, reason in done
                if isinstance(reason, str) and _missed(words, history, reason)
            ]
            entries = place.append([one for _, one in done if not isinstance(one, str)]).entries
            self.lines += [f"{one.question}: {one.said}" for one in entries]
        ledger = place.read()
        up = "../" * self._record_address().count("/")
        links = {"All pairs": f"{up}{REPORTS}/index.html"} if up else {}
        own = [
            read_numbers(self.new / dyad)
            for dyad in made.dyads
            if (self.new / dyad / "forecast.json").exists()
        ]
        self.record = TrackRecord.of(ledger, reports=own)
        self.doubts = tuple(
            one for one in doubts_of(ledger.histories.values(), own) if not one.confirmed
        )
        write_track_record(
            self.record, self.questions / "record", inputs=[ledger.path], links=links
        )

    def _remove_fits(self, keep: set[Path]) -> None:
        """Remove the fits of other days: the next run needs the newest one, and each has some hundred megabytes."""
        from forecast.model.fitted import is_saved_fit

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


def _missed(words: str, history: "History", reason: str) -> bool:
    """Return whether a reason says that something could not be done, and not only that nothing was to be done."""
    from forecast.desk.questions import OutsideQuestion
    from forecast.desk.questions.drafting import NOTHING_NEW

    over = history.question.over(today())
    if words == RESOLUTION_OF:
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
