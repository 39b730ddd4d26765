"""Monthly event counts for questions, kinds of events, and probabilities of counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import numpy as np

from forecast.dates import Clock
from forecast.errors import QuestionError
from forecast.events.codebook import VISITS, read_kinds, read_scale, scale_names
from forecast.outlook.draws import position
from forecast.outlook.observed import MIX_MONTHS, WHOLE_RECORD, mix_weights
from forecast.outlook.question import CountQuestion, ShareQuestion, SingleQuestion, ToneQuestion
from forecast.outlook.recorded import DatasetRecord, WindowCounts, class_codes, folded, kinds_like, reporting_datasets
from forecast.outlook.tone import NO_SCORES
from forecast.panel import panel_kind
from forecast.panel.record import count_placed, placed_events
from forecast.typing import Bool, Float, Index
from forecast.wording import join

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.events import EventTable


@dataclass(frozen=True)
class CountedKind:
    """Kind of events."""

    name: str  # For readers
    places: tuple[int, ...]  # Classes of the panel that hold it
    codes: tuple[str, ...] = ()  # With what its codes begin; empty if it is all of its class

    @classmethod
    def find(cls, panel: "xr.Dataset", text: str) -> Self:
        """Find a kind by the name of a class, or how it begins, or by a word of ``data/codebook/kinds.csv``."""
        names = [str(name) for name in panel["class_name"].to_numpy()]
        wanted, found = folded(text), kinds_like(names, text)
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
    def of(cls, panel: "xr.Dataset", question: CountQuestion) -> Self:
        """Return the kind of a question that asks for a count."""
        if question.codes:
            return cls.of_codes(str(panel.attrs["scale"]), question.of, question.codes)
        names = [str(name) for name in panel["class_name"].to_numpy()]
        if question.of not in names:
            raise QuestionError(f"{question.id}: the data have no kind {question.of!r:.60}; they have {join(names)}")
        return cls(question.of, (names.index(question.of),))

    def within(self, code: str) -> Literal["all", "some", "none"]:
        """Return whether all, some or none of the events of a code (and its subcodes) are of this kind."""
        if code.startswith(self.codes):
            return "all"
        return "some" if any(own.startswith(code) for own in self.codes) else "none"

    def holds(self, rows: "pd.DataFrame") -> Bool:
        """Return which rows of `placed_events` are of this kind, (row,)."""
        own = rows["of_class"].isin(self.places)
        return (own & rows["cameo"].str.startswith(self.codes) if self.codes else own).to_numpy(dtype=bool)

    def words(self, scale: str) -> str:
        """Return the codes in words, for a sentence; empty where the data have none."""
        if self.codes:
            return f"CAMEO codes that begin with {join(self.codes, 'or')}"
        return class_codes(scale, self.places[0])


def record_of(
    panel: "xr.Dataset", dyad: str, dataset: int, kind: CountedKind | None = None, table: "EventTable | None" = None
) -> DatasetRecord:
    """Read a record with its events of a kind; `table` has the events behind it, for kinds that are single codes."""
    record = DatasetRecord.of(panel, dyad, dataset)
    if kind is None:
        return record
    counts = record.counts
    if kind.codes:
        if table is None:
            raise QuestionError(
                f"kind “{kind.name}”: it is some codes of a class, and can be counted in a table of events only; give "
                "the events"
            )
        rows = placed_events(panel, dyad, table)
        counts = count_placed(panel, rows[kind.holds(rows)])[dataset].sum(axis=1)
    return replace(record, kind=counts[:, list(kind.places)])


def record_without(record: DatasetRecord, rows: "pd.DataFrame", kind: CountedKind | None) -> DatasetRecord:
    """Return a record without some of the rows of its dataset (`placed_events`)."""
    counts, of_a_kind = record.counts.copy(), None
    np.subtract.at(counts, (rows["of_period"], rows["of_class"]), rows["counted"])
    if kind is not None and record.kind is not None:
        own = rows[kind.holds(rows)]
        of_a_kind = record.kind.copy()
        np.subtract.at(of_a_kind, (own["of_period"], own["of_class"].map(kind.places.index)), own["counted"])
    scores = None if record.goldstein is None else record.goldstein.copy()
    if scores is not None:
        np.subtract.at(scores, (rows["of_period"], rows["of_class"]), rows["counted"] * rows["goldstein"])
    return replace(record, counts=counts, kind=of_a_kind, goldstein=scores)


def question_record(
    panel: "xr.Dataset", question: SingleQuestion, table: "EventTable | None" = None
) -> tuple[DatasetRecord, CountedKind | None]:
    """Read the record that a question asks about from a panel that counts as it does, and the kind of a count."""
    require_monthly_counts(panel)
    position(panel, question.dyad)
    place = named_dataset(panel, question.dataset, question.id)
    if question.joint != (panel.attrs["unit"] == "event"):
        raise QuestionError(
            f"{question.id}: counts two-sided events in another way than these data; build them with its unit"
        )
    kind = CountedKind.of(panel, question) if isinstance(question, CountQuestion) else None
    record = record_of(panel, question.dyad, place, kind, table)
    if isinstance(question, ShareQuestion) and question.cooperative != record.cooperative_words:
        raise QuestionError(f"{question.id}: other kinds count as cooperative in it than in these data; use its scale")
    if isinstance(question, ToneQuestion) and record.goldstein is None:
        raise QuestionError(
            f"{question.id}: asks for the tone, and {NO_SCORES.reason}; use coded events. A fit that was saved before "
            "fits held scores needs an update (--as-of), or is made again"
        )
    return record, kind


def named_dataset(panel: "xr.Dataset", name: str, what: str = "dataset") -> int:
    """Return the position of a dataset in a panel, by its name."""
    names = [str(one) for one in panel["dataset"].to_numpy()]
    if name not in names:
        raise QuestionError(f"{what}: asks about the dataset {name!r:.60}; these data are {join(names)}")
    return names.index(name)


def require_reporting(panel: "xr.Dataset", dyad: str, dataset: int, what: str) -> None:
    """Reject a dataset that has stopped: what it records of months ahead will never be known."""
    going = reporting_datasets(panel, dyad)
    if panel.sizes["dataset"] > 1 and dataset not in going:
        names = [str(one) for one in panel["dataset"].to_numpy()]
        others = join([names[one] for one in going]) or "none"
        raise QuestionError(
            f"{what}: the dataset {names[dataset]!r:.60} has stopped reporting on {dyad}, so that nothing of it will "
            f"be recorded in months ahead. Ask about one that goes on: {others}"
        )


def require_monthly_counts(panel: "xr.Dataset") -> None:
    """Reject panels of which no question can be asked."""
    if not panel_kind(panel).coded:
        raise QuestionError("question: the data are an index, of which no events are recorded; give events or counts")
    if Clock.of(panel).weekly:
        raise QuestionError("question: windows are whole months, and the panel is by week; build it by month")


_ONE = 1 - 1e-12


class BetaShare(NamedTuple):
    """Beta distribution of a kind's share of some events; a parameter of zero means none of them, or all."""

    own: float
    rest: float

    @property
    def mean(self) -> float:
        """Mean."""
        return self.own / (self.own + self.rest)

    @property
    def square(self) -> float:
        """Mean square."""
        return self.mean * (self.own + 1) / (self.own + self.rest + 1) if self.rest else 1.0


NONE, ALL = BetaShare(0.0, 1.0), BetaShare(1.0, 0.0)


def code_shares(record: DatasetRecord, kind: CountedKind) -> list[BetaShare]:
    """Return the posterior of a kind's share of each of its classes, given the last ten years."""
    if not kind.codes:
        return [ALL] * len(kind.places)
    assert record.kind is not None
    own, whole = record.kind[record.covered], record.counts[record.covered][:, list(kind.places)]
    classes, found = read_scale(record.scale).class_of, []
    for column, place in enumerate(kind.places):
        overall = (own[:, column].sum() + 1) / (whole[:, column].sum() + 2)
        recent, among = own[-MIX_MONTHS:, column].sum(), whole[-MIX_MONTHS:, column].sum()
        some = BetaShare(recent + WHOLE_RECORD * overall, among - recent + WHOLE_RECORD * (1 - overall))
        found.append(ALL if classes.index[classes == place].str.startswith(kind.codes).all() else some)
    return found


def side_shares(record: DatasetRecord, kind: CountedKind) -> tuple[BetaShare, BetaShare]:
    """Return the distribution of a kind's share of hostile and of cooperative future events."""
    counts, cut = record.counts[record.covered], record.zero_cut
    classes = [NONE] * counts.shape[1]
    for place, share in zip(kind.places, code_shares(record, kind), strict=True):
        classes[place] = share
    hostile, cooperative = (
        _together(mix_weights(counts[:, side], MIX_MONTHS), classes[side]) for side in (slice(0, cut), slice(cut, None))
    )
    return hostile, cooperative


def _together(mix: Float, shares: list[BetaShare]) -> BetaShare:
    """Return a kind's share of a side by moments, given the weights of the side's mix and its share of each class."""
    mean, square = (np.array([getattr(share, name) for share in shares]) for name in ("mean", "square"))
    total, part = mix.sum(), mix * mean
    both = part.sum() ** 2 - (part**2).sum() + (mix * (mix + 1) * square).sum()
    first, second = float(part.sum() / total), float(both / (total * (total + 1)))
    if not 0 < first < _ONE:
        return NONE if first <= 0 else ALL
    weight = (first - second) / (second - first**2)
    return BetaShare(first * weight, (1 - first) * weight)


def chance_of_count(need: int, ahead: WindowCounts, shares: tuple[BetaShare, BetaShare]) -> Float:
    """Return the probability of at least so many events of a kind in each simulation, (...)."""
    total, cooperative = ahead.total.sum(axis=-1), ahead.cooperative.sum(axis=-1)
    if need <= 0:
        return np.ones(total.shape)
    sides = list(zip((total - cooperative, cooperative), shares, strict=True))
    possible = np.asarray(sum(number * (share.own > 0) for number, share in sides)) >= need
    if not possible.any():
        return np.zeros(total.shape)
    # The side with the larger share comes first: where the other has none of the kind, its sum has one term.
    first, second = sorted(sides, key=lambda side: -side[1].mean)
    number, place = np.unique(first[0], return_inverse=True)
    at_most = np.cumsum(list(_chances(number, first[1], need)), axis=0)
    below = np.zeros(total.shape)
    for other, chance in enumerate(_chances(second[0], second[1], need if second[1].own else 1)):
        below += chance * at_most[need - 1 - other][place.reshape(total.shape)]
    return np.where(possible, np.clip(1 - below, 0, 1), 0.0)


def _chances(events: Index, share: BetaShare, most: int) -> Iterator[Float]:
    """Return the probabilities that 0, 1, 2 ... (fewer than `most`) of some events (...) are of a kind, each (...)."""
    from scipy.special import betaln, gammaln

    own, rest = share
    for number in range(most):
        if not own or not rest:
            yield (events == number if own else np.full(events.shape, number == 0)).astype(float)
            continue
        others = np.maximum(events - number, 0)
        ways = gammaln(events + 1) - gammaln(number + 1) - gammaln(others + 1)
        log = ways + betaln(number + own, others + rest) - betaln(own, rest)
        yield np.where(events >= number, np.exp(log), 0.0)


def coupled(hit: Bool, before: Float, after: Float) -> Float:
    """Return the probability of a yes in each simulation given its drawn answer, when its chance changes, (...).

    Maximal coupling: a drawn yes stays with probability after / before, a drawn no becomes a yes with probability
    (after - before) / (1 - before). Its mean over the draws is `after`; where the chances are equal, the draw stays.
    """
    stays = np.minimum(after, before) / np.where(before > 0, before, 1.0)
    comes = np.maximum(after - before, 0) / np.where(before < 1, 1 - before, 1.0)
    return np.where(hit, np.where(before > 0, stays, after), comes)
