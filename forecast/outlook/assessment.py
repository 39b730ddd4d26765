"""Data classes of the outlook of one dyad."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.frameworks import Frameworks
from forecast.outlook.kinds import KindSeries
from forecast.outlook.level import Break, Contrast, Fan, HorizonOutlook, Standing
from forecast.outlook.of_a_kind import KindOutlook
from forecast.outlook.pendulum import EquilibriumBand, Pendulum
from forecast.outlook.rolling import RollingShare
from forecast.outlook.simulations import DriverOutlook
from forecast.outlook.summary import Estimate, NotDefined
from forecast.outlook.windows import ALONE, ThresholdOutlook, WindowOutlook, printed_changes
from forecast.panel.kinds import EVENTS
from forecast.wording import Card, Displayed, chance, give_or_take, join, month, whole_percents

SCHEMA = 2


@dataclass(frozen=True)
class Claim:
    """One claim, answered."""

    code: str  # `S1` to `S9`, or `S13` for the conclusion
    title: str  # What is claimed, in a few words
    statement: str  # What the theory says; about the US and China for them alone
    sentence: str  # The answer
    numbers: Mapping[str, float]  # The numbers of the sentence, unrounded; empty where nothing is defined


@dataclass(frozen=True)
class Brief:
    """Summary of a dyad for comparison with another one."""

    dyad: str
    label: str
    origin: date  # Last day of the current period
    headline: str
    level: Estimate  # Share now
    equilibrium: Estimate | NotDefined  # Of the era in force, points of share; and in months
    half_life: Estimate | NotDefined
    kinds: Mapping[str, KindSeries] | NotDefined  # Depth of cooperation and severity of conflict

    @property
    def brief(self) -> "Brief":
        """Itself, as an `Assessment` has it."""
        return self


@dataclass(frozen=True, repr=False)
class Assessment(Displayed):
    """Everything said about one dyad."""

    schema: int  # Version of this contract (docs/schema/outlook.md)
    dyad: str  # Its code
    label: str  # Its name for readers
    origin: date  # Last day of the current period; months ahead are counted from it
    weekly: bool  # Periods are weeks, not months
    horizons: tuple[int, ...]  # Months, in order
    baseline_months: int  # Months up to the present that every horizon is compared with
    smallest_improvement: float  # Points of share that count as a change
    seed: int  # Of the simulation
    draws: int  # Posterior draws, over all chains
    simulations: int  # Simulations, over all draws
    title: str  # The chances in at most 15 words, the likeliest first
    headline: str  # The same in a sentence that says what is compared with what
    verdict: str  # What is expected, and why
    recorded: Mapping[int, WindowOutlook] | NotDefined  # What the dataset will record, by horizon
    # Whether it reaches the share that was asked for, by month; None if none was
    threshold: Mapping[int, ThresholdOutlook] | NotDefined | None
    # How likely at least one event of a kind is, by name of the class and horizon
    of_a_kind: Mapping[str, Mapping[int, KindOutlook]] | NotDefined
    at_least: tuple[KindOutlook, ...] | NotDefined  # The numbers of events of a kind that were asked for
    improvement: Mapping[int, HorizonOutlook]  # By horizon (S9)
    standing: Standing  # S1
    last_break: Break | NotDefined  # S2
    frameworks: Frameworks  # S3, S4
    pendulum: Pendulum  # S5
    contrast: Contrast | NotDefined  # S7
    band: EquilibriumBand | NotDefined  # S8
    # Depth of cooperation and severity of conflict, where the model has them
    kinds: Mapping[str, KindSeries] | NotDefined
    rolling: RollingShare | NotDefined  # Observed share of windows as long as the headline's, and its forecast
    fan: Fan  # The level ahead, and what would be observed of it
    claims: tuple[Claim, ...]  # The theory's claims, answered in sentences
    # What the level is called when it is shown from 0 to 100, and what 0, 50 and 100 of it mean
    measure: str = EVENTS.measure
    scale: str = EVENTS.scale
    moving: bool = False  # Whether the trend moves in every period
    # Weights of the forecasters behind `recorded` and `threshold`, or why the model's simulations alone are
    pool: Mapping[str, float] | NotDefined = ALONE
    drivers: tuple[DriverOutlook, ...] = ()  # What drivers of the fit contribute
    datasets: tuple[DatasetOutlook, ...] = ()  # What each of several datasets says of the dyad

    @property
    def brief(self) -> Brief:
        """Summary of the dyad for comparison with another one."""
        return Brief(
            self.dyad, self.label, self.origin, self.headline, self.standing.level,
            self.frameworks.eras[-1].equilibrium, self.pendulum.half_life, self.kinds,
        )  # fmt: skip

    def _card(self) -> Card:
        facts = (
            [_recorded_in(window) for window in self.recorded.values()] if isinstance(self.recorded, Mapping) else []
        )
        level = self.standing.level
        facts.append(("level", give_or_take(level.median, level.low, level.high)))
        facts += [_level_by(outlook) for outlook in self.improvement.values()]
        if self.claims:
            facts.append(("claims", join(claim.code for claim in self.claims)))
        return Card(self.headline, tuple(facts))


def _recorded_in(window: WindowOutlook) -> tuple[str, str]:
    name = f"recorded to {month(window.until, short=True)}"
    if not (percents := printed_changes(window)):
        return name, "not defined"
    up, same, down = (chance(percents[part] / 100) for part in ("up", "same", "down"))
    return name, f"share higher {up}, similar {same}, lower {down}"


def _level_by(outlook: HorizonOutlook) -> tuple[str, str]:
    parts = (outlook.improvement.value, outlook.stability.value, outlook.deterioration.value)
    better, same, worse = (chance(whole / 100) for whole in whole_percents(parts, 100))
    return f"level by {month(outlook.until, short=True)}", f"higher {better}, similar {same}, lower {worse}"
