"""Results of an outlook: all numbers of one dyad, their short form, and their table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecast.base import wording
from forecast.base.described import described
from forecast.base.wording import Card, Displayed
from forecast.data.panel.kinds import EVENTS
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.drivers import DriverOutlook
from forecast.outlook.kinds import KindSeries
from forecast.outlook.level import Break, Contrast, Frameworks, Standing
from forecast.outlook.pendulum import (
    EquilibriumBand,
    HorizonOutlook,
    Pendulum,
    printed_chances,
)
from forecast.outlook.signposts import Signpost
from forecast.outlook.summary import Estimate, NotDefined, Probability
from forecast.outlook.tone import KindScore, ToneOutlook
from forecast.outlook.windows import Prospect, WindowOutlook, printed_changes

OUTCOMES = ("higher", "similar", "lower")
"""Outcomes of a comparison with the baseline, in the order of their chances."""
NUMERIC_COLUMNS = ("probability", "baseline", "median", "low", "high")
"""Columns of the table that hold numbers, NaN where nothing is defined."""


@dataclass(frozen=True)
class AnsweredClaim:
    """One claim, answered."""

    code: str  # `S1` to `S9`, or `S13`
    title: str  # In short
    statement: str  # Wording; about the US and China for them alone
    sentence: str  # The answer
    numbers: Mapping[str, float]  # Numbers of the sentence, unrounded


@dataclass(frozen=True, repr=False)
class Brief(Displayed):
    """Summary of a dyad for comparison with another one."""

    dyad: str  # Code
    label: str  # Name for readers
    origin: date  # Last day of the current period
    headline: str  # One sentence
    level: Estimate  # Share now
    equilibrium: Estimate | NotDefined  # Share at which the trend stands
    half_life: Estimate | NotDefined  # Months until half of a deviation is gone
    kinds: Mapping[str, KindSeries] | NotDefined  # Depth of cooperation and severity of conflict

    def _card(self) -> Card:
        level = wording.give_or_take(self.level.median, self.level.low, self.level.high)
        facts = [("level", level)]
        if isinstance(self.half_life, Estimate):
            months = self.half_life
            words = wording.interval_in_words(months.median, months.low, months.high, unit="months")
            facts.append(("half-life", words))
        return Card(self.headline, tuple(facts))

    @property
    def brief(self) -> "Brief":
        """Itself, as an `Assessment` has it."""
        return self


@described("an Assessment, such as assess(fit, 'USA-CHN') returns")
@dataclass(frozen=True, repr=False, kw_only=True)
class Assessment(Displayed, Prospect):
    """Everything said about one dyad: the forecast, and what else is known of it.

    Examples
    --------
    >>> assessment.dyad, assessment.horizons  # assessment = assess(fit, "USA-CHN")
    ('USA-CHN', (3, 6, 12, 24))
    >>> 0 < assessment.recorded[12].up.value < 1
    True
    """

    schema: int  # Version of this page
    dyad: str  # Code
    label: str  # Name for readers
    origin: date  # Last day of the current period; horizons count from it
    weekly: bool  # Periods are weeks
    horizons: tuple[int, ...]  # Months
    baseline_months: int  # Months up to the present that every horizon is compared with
    smallest_improvement: float  # Points of share that count as a change
    seed: int  # Seed
    draws: int  # Posterior draws of all chains
    simulations: int  # Simulations of all draws
    title: str = ""  # The chances in at most 15 words, the likeliest first
    headline: str = ""  # The same in a sentence that says what is compared with what
    verdict: str = ""  # What is expected, and why
    standing: Standing  # The present level compared with the past, S1
    last_break: Break | NotDefined  # The change when the current era began, S2
    frameworks: Frameworks  # Eras, headroom, next framework, S3 and S4
    pendulum: Pendulum  # Half-life, return, hostile zone, S5
    contrast: Contrast | NotDefined  # Another dyad in a named era, S7
    band: EquilibriumBand | NotDefined  # The equilibrium band, S8
    # `depth` of cooperation and `severity` of conflict
    kinds: Mapping[str, KindSeries] | NotDefined
    # Mean Goldstein score of what will be recorded, by horizon; not where the data hold no scores
    tone: Mapping[int, ToneOutlook] | NotDefined
    # Contribution of each kind to the tone of the baseline's months; empty where the data hold no
    # scores
    tone_kinds: tuple[KindScore, ...]
    claims: tuple[AnsweredClaim, ...] = ()  # The theory's claims
    # Name of the 0 to 100 scale: the share of cooperative actions, or the position of an index
    measure: str = EVENTS.measure
    scale: str = EVENTS.scale  # Meaning of 0, 50 and 100
    moving: bool = False  # The trend moves in every period
    # Weights of the forecasters behind `recorded` and `threshold`, by code; or the reason why these
    # are of the model alone
    pool: Mapping[str, float] | NotDefined
    # Up to three kinds of events of the next three months that would move the chance of a higher
    # share most: `Signpost`
    signposts: tuple[Signpost, ...] | NotDefined = ()
    drivers: tuple[DriverOutlook, ...] = ()  # Contributions of drivers
    datasets: tuple[DatasetOutlook, ...] = ()  # One per dataset; empty with one

    @property
    def brief(self) -> Brief:
        """Summary of the dyad for comparison with another one."""
        return Brief(
            self.dyad,
            self.label,
            self.origin,
            self.headline,
            self.standing.level,
            self.frameworks.eras[-1].equilibrium,
            self.pendulum.half_life,
            self.kinds,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per horizon and outcome, of the observed and of the expected share.

        The expected share is the underlying level's.

        Returns
        -------
        pandas.DataFrame
            ``dyad``; ``share``, ``observed`` (absent for an index) or ``expected``; ``horizon``,
            months; ``until``, the last day of the window; ``outcome``, ``higher``, ``similar`` or
            ``lower`` than the baseline by the smallest improvement, and its ``probability``, of an
            observed share given at least three events; ``baseline``, the share of the preceding
            months, of the expected share its median; ``median``, ``low`` and ``high`` (90%
            interval) of the share in the window. Shares are percentages; NaN stands for what is not
            defined.

        Examples
        --------
        >>> from forecast import assess
        >>> frame = assess(fit, "USA-CHN", seed=1).to_frame()  # doctest: +SKIP
        >>> frame.pivot(  # doctest: +SKIP
        ...     index=["share", "horizon"], columns="outcome", values="probability"
        ... )
        """
        rows = [row for window in self._windows for row in self._observed_rows(window)]
        rows += [row for level in self.improvement.values() for row in self._expected_rows(level)]
        return pd.DataFrame(rows).astype(dict.fromkeys(NUMERIC_COLUMNS, float))

    @property
    def _windows(self) -> tuple[WindowOutlook, ...]:
        """Windows whose observed share is forecast; empty for an index."""
        return () if isinstance(self.recorded, NotDefined) else tuple(self.recorded.values())

    def _observed_rows(self, window: WindowOutlook) -> list[dict[str, object]]:
        chances = window.up, window.same, window.down
        baseline = None if isinstance(window.baseline, NotDefined) else window.baseline.share
        return self._rows("observed", window, chances, baseline, window.share)

    def _expected_rows(self, level: HorizonOutlook) -> list[dict[str, object]]:
        chances = level.improvement, level.stability, level.deterioration
        return self._rows("expected", level, chances, level.before.median, level.level)

    def _rows(
        self,
        share: str,
        outlook: WindowOutlook | HorizonOutlook,
        chances: Sequence[Probability | NotDefined],
        baseline: float | None,
        ahead: Estimate | NotDefined,
    ) -> list[dict[str, object]]:
        """Return the rows of one horizon, one per outcome."""
        middle, low, high = (
            (None, None, None)
            if isinstance(ahead, NotDefined)
            else (ahead.median, ahead.low, ahead.high)
        )
        return [
            {
                "dyad": self.dyad,
                "share": share,
                "horizon": outlook.months,
                "until": outlook.until,
                "outcome": outcome,
                "probability": None if isinstance(chance, NotDefined) else chance.value,
                "baseline": baseline,
                "median": middle,
                "low": low,
                "high": high,
            }
            for outcome, chance in zip(OUTCOMES, chances, strict=True)
        ]

    def _card(self) -> Card:
        facts = [self._window_fact(window) for window in self._windows]
        level = self.standing.level
        facts.append(("level", wording.give_or_take(level.median, level.low, level.high)))
        facts += [self._level_fact(outlook) for outlook in self.improvement.values()]
        if self.claims:
            facts.append(("claims", wording.join(claim.code for claim in self.claims)))
        return Card(self.headline, tuple(facts))

    @staticmethod
    def _window_fact(window: WindowOutlook) -> tuple[str, str]:
        percents = printed_changes(window)
        up, same, down = (
            (wording.chance(percent / 100) for percent in percents.values())
            if percents
            else ("", "", "")
        )
        words = f"share higher {up}, similar {same}, lower {down}" if percents else "not defined"
        return f"recorded to {wording.month(window.until, short=True)}", words

    @staticmethod
    def _level_fact(outlook: HorizonOutlook) -> tuple[str, str]:
        percents = printed_chances(outlook)
        return (
            f"level by {wording.month(outlook.until, short=True)}",
            f"higher {percents['improvement']}, similar {percents['stability']}, "
            f"lower {percents['deterioration']}",
        )
