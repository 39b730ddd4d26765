"""What a chance of recorded happenings says, in a sentence, and the rule by which anybody can resolve it."""

import functools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from forecast.clock import Clock
from forecast.events.codebook import read_scale, scale_names
from forecast.outlook.summary import NotDefined, Probability
from forecast.outlook.window import FEWEST
from forecast.panel.record import last_known
from forecast.wording import capital, chance, count, day, join, month, number, percent, period, whole_percents

if TYPE_CHECKING:
    import xarray as xr

    from forecast.outlook.happenings import Baseline, KindOutlook, ThresholdOutlook, WindowOutlook

_DIGITS = 12
_MENTIONED = 0.005
"""A smaller chance that a window is void is not worth a clause."""


@dataclass(frozen=True)
class Terms:
    """What sentences and rules say of a dataset."""

    clock: Clock
    dyad: str  # Code, and name for readers
    label: str
    dataset: str  # Its name
    joint: bool  # Whether the two rows of a joint act count as one happening
    names: tuple[str, ...]  # Names of all classes, in order
    zero_cut: int  # How many of them are hostile
    scale: str  # Name of the scale that orders them
    codes: str  # Their codes, where these are of a codebook
    known: date  # The day whose knowledge counts
    digest: str  # SHA-256 of what was known

    @classmethod
    def of(cls, panel: "xr.Dataset", dyad: str, label: str, dataset: int) -> Self:
        """Read the terms of a dataset, by its position in a panel."""
        clock, attributes = Clock.of(panel), panel.attrs
        return cls(
            clock=clock,
            dyad=dyad,
            label=label,
            dataset=str(panel["dataset"].to_numpy()[dataset]),
            joint=attributes["unit"] == "happening",
            names=tuple(str(name) for name in panel["class_name"].to_numpy()),
            zero_cut=int(attributes["zero_cut"]),
            scale=str(attributes["scale"]),
            codes=cooperative_codes(str(attributes["scale"])),
            known=last_known(panel),
            digest=str(attributes["digest"]),
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that count as cooperative."""
        return self.names[self.zero_cut :]

    @property
    def noun(self) -> str:
        """What is counted."""
        return noun_for(self.joint)

    @property
    def source(self) -> str:
        """The dataset in a sentence."""
        return source_words(self.dataset)

    @property
    def counted(self) -> str:
        """What is counted of whom, and where."""
        return f"{self.label} {self.noun}s in {self.source}"

    @property
    def first(self) -> date:
        """First day ahead."""
        return self.clock.last_day() + timedelta(days=1)

    @property
    def edition(self) -> str:
        """The day of the data and their digest."""
        return f"as of {day(self.known)} (SHA-256 {self.digest[:_DIGITS]}…)"

    def ahead(self, months: int) -> str:
        """Name the window that ends so many months ahead: ``the 12 months to October 2024``."""
        return f"the {self.clock.span(months)} to {self.end(self.clock.last_day(months))}"

    def before(self, months: int, baseline: "Baseline") -> str:
        """Name the last window that is over: ``the 12 months before``, or with its end if coverage ends earlier."""
        adjoining = baseline.last == self.clock.last_day()
        return f"the {self.clock.span(months)} {'before' if adjoining else f'to {self.end(baseline.last)}'}"

    def end(self, last: date) -> str:
        """Name the end of a window."""
        return day(last) if self.clock.weekly else month(last)


def noun_for(joint: bool) -> str:
    """Return what is counted: `joint` says whether the two rows of a joint act count once."""
    return "happening" if joint else "event"


def source_words(dataset: str) -> str:
    """Return a dataset in a sentence."""
    return f"the {dataset}" if dataset == "chronology" else f"“{dataset}”"


def data_rule(dataset: str, dyad: str, until: date, *, joint: bool) -> str:
    """State which data resolve what is asked of the days up to one, and what of them counts."""
    once = "; a joint act with a row for each side counts once" if joint else ""
    return (
        f"Data: the first edition of {source_words(dataset)} whose coverage of {dyad} reaches {day(until)}. Every "
        f"{noun_for(joint)} between the two counts, whoever acts{once}."
    )


def cooperative_codes(scale: str) -> str:
    """Name the codes of a codebook's scale that count as cooperative; empty if the first two digits do not tell."""
    if scale not in scale_names():
        return ""
    order = read_scale(scale)
    side = order.class_of >= order.zero_cut
    whole, some = (getattr(side.groupby(side.index.str[:2]), how)() for how in ("all", "any"))
    return f"CAMEO codes that begin with {join(whole.index[whole], 'or')}" if whole.equals(some) else ""


@functools.cache
def class_codes(scale: str, number: int) -> str:
    """Name the codes of a codebook's scale that are of a class, by what they begin with; empty of another scale."""
    if scale not in scale_names():
        return ""
    own = read_scale(scale).class_of == number
    found: list[str] = []
    for digits in range(2, int(own.index.str.len().max()) + 1):
        alike = own.groupby(own.index.str[:digits]).all()
        found += [code for code in alike.index[alike] if len(code) == digits and not code.startswith(tuple(found))]
    return f"CAMEO codes that begin with {join(sorted(found), 'or')}" if found else ""


def printed_changes(outlook: "WindowOutlook") -> dict[str, int]:
    """Return the chances of up, same and down in whole percents that add up to 100 as printed; none if not defined.

    Print these wherever whole percents are shown.
    """
    changes = {"up": outlook.up, "same": outlook.same, "down": outlook.down}
    values = [change.value for change in changes.values() if isinstance(change, Probability)]
    return dict(zip(changes, whole_percents(values, 100), strict=True)) if len(values) == len(changes) else {}


def window_sentence(terms: Terms, outlook: "WindowOutlook", improvement: float) -> str:
    """State the chances that the share of a window is higher and lower than that of the window before."""
    share, span = f"the cooperative share of {terms.counted}", terms.ahead(outlook.months)
    before, chances = outlook.baseline, {name: chance(part / 100) for name, part in printed_changes(outlook).items()}
    if isinstance(before, NotDefined) or before.share is None or not chances:
        missing = next(one for one in (before, outlook.up) if isinstance(one, NotDefined))
        return f"Whether {share} will be higher in {span} than before is not defined: {missing.reason}."
    points, void = count(improvement, "point"), _void(terms, outlook.void)
    than = f"in {span} than in {terms.before(outlook.months, before)} ({_share(before)})"
    if before.share + improvement > 100:
        return (
            f"{capital(share)} cannot be {points} higher {than}; the chance that it is at least {points} lower is "
            f"{chances['down']}.{void}"
        )
    if before.share < improvement:
        return (
            f"{capital(share)} cannot be {points} lower {than}; the chance that it is at least {points} higher is "
            f"{chances['up']}.{void}"
        )
    return (
        f"The chance that {share} is at least {points} higher {than} is {chances['up']}, and that it is at least "
        f"{points} lower {chances['down']}.{void}"
    )


def window_rule(terms: Terms, outlook: "WindowOutlook", improvement: float) -> str:
    """State how the change of a window's share is resolved."""
    before, parts = outlook.baseline, []
    if not isinstance(before, NotDefined) and before.share is not None:
        higher, lower = (number(before.share + change, 2) for change in (improvement, -improvement))
        parts = [
            f"Fixed baseline: {_share(before, 2)}, from {day(before.first)} to {day(before.last)}, {terms.edition}.",
            f"Higher: a share of at least {higher} %. Lower: of at most {lower} %. About the same: between these.",
        ]
    window = f"Window: {day(outlook.first)} to {day(outlook.until)}."
    return " ".join([_data(terms, outlook.until), window, _sides(terms), *parts, _voided(terms, "in it")])


def threshold_sentence(terms: Terms, outlook: "ThresholdOutlook") -> str:
    """State the chance that a threshold is reached."""
    when = f"in {terms.ahead(outlook.months)}"
    if outlook.rolling:
        span, unit = terms.clock.span(outlook.window), terms.clock.unit
        when = f"in the {span} to the end of some {unit} up to {terms.end(outlook.until)}"
    share = f"at least {outlook.threshold:g} % of {terms.counted} are cooperative {when}"
    if isinstance(outlook.chance, NotDefined):
        return f"Whether {share} is not defined: {outlook.chance.reason}."
    last, after = outlook.baseline, ""
    if not isinstance(last, NotDefined) and last.share is not None:
        parts = f"{last.cooperative:,} of {last.happenings:,}"
        after = f", after {percent(last.share / 100)} ({parts}) in {terms.before(outlook.window, last)}"
    return f"The chance that {share} is {chance(outlook.chance.value)}{after}.{_void(terms, outlook.void)}"


def threshold_rule(terms: Terms, outlook: "ThresholdOutlook") -> str:
    """State how it is resolved whether a threshold is reached."""
    windows, where = f"Window: {day(terms.first)} to {day(outlook.until)}.", "in it"
    yes = f"Yes: a share of at least {outlook.threshold:g} %"
    if outlook.rolling:
        first = period(terms.clock.end_of(terms.first), weekly=terms.clock.weekly)
        fixed = min(terms.known, terms.clock.last_day())
        windows = (
            f"Windows: the {terms.clock.span(outlook.window)} up to the end of each {terms.clock.unit} from {first} to "
            f"{terms.clock.name(outlook.months)}; what they hold of days up to {day(fixed)} is fixed, {terms.edition}."
        )
        yes, where = f"{yes} in at least one window that is not void", "in every window"
    return " ".join([_data(terms, outlook.until), windows, _sides(terms), f"{yes}.", _voided(terms, where)])


def kind_sentence(terms: Terms, outlook: "KindOutlook") -> str:
    """State the chance that so many happenings of a kind are recorded."""
    before, last = outlook.baseline, ""
    if not isinstance(before, NotDefined):
        last = f", after {before.happenings:,} in {terms.before(outlook.months, before)}"
    least = f"at least {count(outlook.at_least, terms.noun)} of the kind “{outlook.kind}”"
    return (
        f"The chance that {terms.source} records {least} between {terms.label} in {terms.ahead(outlook.months)} is "
        f"{chance(outlook.chance.value)}{last}."
    )


def kind_rule(terms: Terms, outlook: "KindOutlook") -> str:
    """State how it is resolved whether so many happenings of a kind are recorded."""
    codes = class_codes(terms.scale, terms.names.index(outlook.kind))
    kind = f"of the kind “{outlook.kind}”{f' ({codes})' if codes else ''}"
    window = f"Window: {day(terms.first)} to {day(outlook.until)}."
    yes = f"Yes: at least {count(outlook.at_least, terms.noun)} in it {kind}. Void: no such edition."
    return f"{_data(terms, outlook.until)} {window} {yes}"


def _data(terms: Terms, until: date) -> str:
    return data_rule(terms.dataset, terms.dyad, until, joint=terms.joint)


def _sides(terms: Terms) -> str:
    codes = f" ({terms.codes})" if terms.codes else ""
    return f"Cooperative: {'; '.join(terms.classes)}{codes}. All else is hostile."


def _voided(terms: Terms, where: str) -> str:
    return f"Void: fewer than {FEWEST} {terms.noun}s {where}, or no such edition."


def _void(terms: Terms, void: Probability) -> str:
    if void.value < _MENTIONED:
        return ""
    return f" The chance of fewer than {FEWEST} {terms.noun}s, and so of no answer, is {chance(void.value)}."


def _share(baseline: "Baseline", decimals: int = 0) -> str:
    """Format what a window holds: ``29 %, 41 of 141``."""
    parts = f"{baseline.cooperative:,} of {baseline.happenings:,}"
    return parts if baseline.share is None else f"{percent(baseline.share / 100, decimals)}, {parts}"
