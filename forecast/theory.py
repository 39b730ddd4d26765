"""Statements of the theory under test: an essay of October 2023 on relations between the US and China.

The essay argues that structural obstacles limit relations and that improvement within these limits is technical. Each
statement has a code and two texts: about any two states, and about the US and China. None is assumed to be true.
"""

from dataclasses import dataclass

DYAD = "USA-CHN"
"""The relation that the essay is about."""


@dataclass(frozen=True)
class Statement:
    """One statement of the theory."""

    code: str  # `S1` to `S13`
    title: str  # In a few words, of any dyad
    general: str  # What it says of any two states, a sentence
    us_china: str  # What it says of the US and China
    answered_by: str  # What the package answers it by

    def about(self, dyad: str) -> str:
        """Return the words for a dyad: those about the US and China for them alone."""
        return self.us_china if dyad == DYAD else self.general


LOW = Statement(
    "S1",
    "at their lowest",
    "Relations are at the lowest level of their record.",
    "US-China relations are lower than at any time since diplomatic ties began in 1979.",
    "`forecast report`: where the present level is in the dyad's own record",
)
DECLINE = Statement(
    "S2",
    "a lasting fall",
    "Relations have fallen, and stayed down, since the framework in force began.",
    "US-China relations have been getting worse for more than five years, since 2018.",
    "`forecast test`: jumps of the trend where named eras begin, against none and placebo dates; `forecast report`: "
    "drop and trend",
)
ERAS = Statement(
    "S3",
    "strategic turning points",
    "Strategy has turning points, and each era frames the relation in its own way.",
    "US strategy moved from the Cold War to counter-terrorism and on to competition with strategic rivals; each of "
    "these framed relations with China.",
    "`forecast test` (S2): era starts against placebo dates; `forecast report`: each era",
)
CEILING = Statement(
    "S4",
    "a ceiling set by the framework",
    "The strategic framework limits how good relations can become, and may last for decades.",
    "The US strategy of competition is rigid: it limits relations with China, perhaps for decades.",
    "`forecast test`: a ceiling set at each era's start against none, fixed bounds and blind eras; `forecast report`: "
    "ceiling, headroom and how often frameworks change",
)
PENDULUM = Statement(
    "S5",
    "mean reversion",
    "Relations move like a pendulum: going back to an earlier state is hard, and so is staying in an extreme.",
    "US-China relations move like a pendulum: they can hardly return to what they were, and can hardly stay in an "
    "extreme either.",
    "`forecast test`: whether deviations fade (S5a) and the trend returns (S5b), against walks, drifting sources and "
    "bounds; `forecast report`: half-life, way back, time in the extreme",
)
COST = Statement(
    "S6",
    "growing reversion",
    "Extreme confrontation costs so much that reversion grows with the distance.",
    "What extreme confrontation would cost the US and China is what pushes the pendulum back.",
    "`forecast test`: reversion of the trend that grows with the distance against one in proportion to it",
)
NATURE = Statement(
    "S7",
    "a contrast of dyads",
    "The relation is less hostile by nature than another one is.",
    "US-China relations are not hostile by nature, as US-Soviet relations were.",
    "`forecast report`: two dyads side by side; it cannot be tested on data of one coder (`forecast test` says why)",
)
BALANCE = Statement(
    "S8",
    "a middle ground",
    "Relations move from an extreme towards a middle ground and settle there.",
    "The pendulum between the US and China will leave the extreme and find its balance in a region between.",
    "`forecast test`: a trend that keeps to a range against walks and drifting sources; `forecast report`: the "
    "equilibrium band",
)
IMPROVEMENT = Statement(
    "S9",
    "improvement within the framework",
    "Improvement is technical: it stays within the limits that the framework sets.",
    "US-China relations can improve technically while the structural limits stay.",
    "`forecast report`: technical and structural improvement apart; `forecast test` (S4): the ceiling it presupposes",
)
VISITS = Statement(
    "S10",
    "a response to visits",
    "High-level visits are signs of improvement.",
    "The visits, meetings and messages of 2023 are signs of technical improvement between the US and China.",
    "`forecast test`: an impulse after high-level visits against none and the same a year later",
)
SUMMIT = Statement(
    "S11",
    "a meeting to come",
    "An expected meeting of leaders changes the outlook.",
    "A meeting of the two leaders is expected in November 2023.",
    "`forecast scenario`: the outlook given a meeting, and a year without one, and the outlook without scenario",
)
REASONS = Statement(
    "S12",
    "reasons to ease",
    "Both sides have reasons of their own to ease tensions.",
    "China has its growth and Taiwan to think of, the US two wars: both have reasons to ease tensions.",
    "`forecast test`, if it is named: scheduled occasions against none; `forecast report --drivers`",
)
CONCLUSION = Statement(
    "S13",
    "no extreme for long",
    "No extreme lasts long, so there is hope for more moderate relations.",
    "No extreme lasts long: there is hope that US-China relations move towards moderation.",
    "`forecast report`: the outlook as of a day, from events up to then",
)
THEORY = (
    LOW, DECLINE, ERAS, CEILING, PENDULUM, COST, NATURE, BALANCE, IMPROVEMENT, VISITS, SUMMIT, REASONS, CONCLUSION,
)  # fmt: skip
"""All statements, in the order of the essay."""
