"""The kinds of happenings that a count can ask for: a class of the panel, or some codes of the codebook."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from forecast.errors import QuestionError
from forecast.events.codebook import HOST, VISIT, read_scale, scale_names
from forecast.events.kinds import read_kinds
from forecast.outlook.resolution import class_codes
from forecast.panel.events import count_placed, placed_events
from forecast.typing import Bool, Index
from forecast.wording import join

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.events import EventTable
    from forecast.questions.question import Question

VISITS = (VISIT, HOST)


@dataclass(frozen=True)
class Kind:
    """A kind of happenings."""

    name: str  # For readers
    places: tuple[int, ...]  # Classes of the panel that hold it
    codes: tuple[str, ...] = ()  # With what its codes begin; empty if it is all of its class

    @classmethod
    def find(cls, panel: "xr.Dataset", text: str) -> Self:
        """Find a kind by the name of a class, or how it begins, or by a word of ``data/codebook/kinds.csv``."""
        names = [str(name) for name in panel["class_name"].to_numpy()]
        wanted = " ".join(text.casefold().split())
        found = [name for name in names if name.casefold() == wanted]
        found = found or [name for name in names if wanted and name.casefold().startswith(wanted)]
        if len(found) == 1:
            return cls(found[0], (names.index(found[0]),))
        scale = str(panel.attrs["scale"])
        words = read_kinds() if scale in scale_names() else {}
        for word in (wanted, wanted.removesuffix("s")):
            if not found and word in words:
                return cls.of_codes(scale, word, VISITS if words[word] in VISITS else (words[word],))
        problem = "several kinds begin so" if found else "there is no such kind"
        known = join(dict.fromkeys([*names, *words]))
        raise QuestionError(f"kind {text!r:.60}: {problem}; the kinds are {known}")

    @classmethod
    def of_codes(cls, scale: str, name: str, codes: tuple[str, ...]) -> Self:
        """Return the kind of some codes of a codebook's scale."""
        if scale not in scale_names():
            raise QuestionError(f"codes: the data are counted by {scale!r:.40}, and not by codes; ask for a class")
        classes = read_scale(scale).class_of
        own = classes[classes.index.str.startswith(codes)]
        if own.empty:
            raise QuestionError(f"codes: {', '.join(codes)}: the codebook has no such code")
        return cls(name, tuple(sorted(set(own))), codes)

    @classmethod
    def of(cls, panel: "xr.Dataset", question: "Question") -> Self:
        """Return the kind of a question that asks for a count."""
        assert question.of is not None
        if question.codes:
            return cls.of_codes(str(panel.attrs["scale"]), question.of, question.codes)
        names = [str(name) for name in panel["class_name"].to_numpy()]
        if question.of not in names:
            raise QuestionError(f"{question.id}: the data have no kind {question.of!r:.60}; they have {join(names)}")
        return cls(question.of, (names.index(question.of),))

    def within(self, code: str) -> Literal["all", "some", "none"]:
        """Return how many happenings of a code (and of those that begin so) are of this kind."""
        if code.startswith(self.codes):
            return "all"
        return "some" if any(own.startswith(code) for own in self.codes) else "none"

    def holds(self, rows: "pd.DataFrame") -> Bool:
        """Return which rows of `placed_events` are of this kind, (row,)."""
        own = rows["of_class"].isin(self.places)
        return (own & rows["cameo"].str.startswith(self.codes) if self.codes else own).to_numpy(dtype=bool)

    def words(self, scale: str) -> str:
        """Return the codes in words, for a sentence; empty where the data have none."""
        return (
            f"CAMEO codes that begin with {join(self.codes, 'or')}"
            if self.codes
            else class_codes(scale, self.places[0])
        )

    def counts(
        self, panel: "xr.Dataset", dyad: str, dataset: int, by_class: Index, table: "EventTable | None"
    ) -> Index:
        """Return how many happenings of the kind each month of a panel has, (month, class of `places`)."""
        if not self.codes:
            return by_class[:, list(self.places)]
        if table is None:
            raise QuestionError(
                f"kind “{self.name}”: it is some codes of a class, and can be counted in a table of events only; give "
                "the events"
            )
        rows = placed_events(panel, dyad, table)
        found: Index = count_placed(panel, rows[self.holds(rows)])[dataset].sum(axis=1)
        return found[:, list(self.places)]
