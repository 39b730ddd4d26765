"""Every prior of the model in one place, each with its reason.

A pair is the centre and spread of a normal prior, on the log-odds scale of the level or of a logarithm (see
docs/model.md). A single number that ends in dyads or eras is the typical spread of these around their population:
the spread itself is log-normal around it, for no two dyads or eras are quite the same.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from forecast.errors import SpecError


@dataclass(frozen=True)
class Priors:
    """Centres and spreads; ``REASONS`` says why each stands where it stands."""

    half_life: tuple[float, float] = (float(np.log(24.0)), 0.5)
    half_life_dyads: float = 0.3
    sd: tuple[float, float] = (float(np.log(0.8)), 0.4)
    sd_dyads: float = 0.2
    step: tuple[float, float] = (float(np.log(0.12)), 0.5)
    step_dyads: float = 0.3
    start_sd: float = 1.5
    band: tuple[float, float] = (float(np.log(0.7)), 0.4)
    stiffening: float = 0.5
    lean: float = 0.7
    period: tuple[float, float] = (float(np.log(120.0)), 0.4)
    period_dyads: float = 0.2
    noise: tuple[float, float] = (float(np.log(0.6)), 0.5)
    noise_dyads: float = 0.3
    equilibrium: tuple[float, float] = (0.3, 0.5)
    equilibrium_dyads: float = 0.3
    equilibrium_eras: float = 0.5
    headroom: tuple[float, float] = (float(np.log(1.3)), 0.25)
    headroom_walk: tuple[float, float] = (float(np.log(2.5)), 0.4)
    headroom_dyads: float = 0.1
    headroom_eras: float = 0.15
    depth_eras: float = 0.5
    depth_trend: float = 0.25
    gap: tuple[float, float] = (float(np.log(0.9)), 0.5)
    concentration: tuple[float, float] = (float(np.log(8.0)), 0.7)
    direction: float = 0.3
    dataset: float = 0.7
    shock_df: tuple[float, float] = (2.0, 0.1)
    index_error: float = 0.5
    index_df: tuple[float, float] = (2.0, 0.1)

    def __post_init__(self) -> None:
        for f in fields(self):
            value, pair = getattr(self, f.name), isinstance(f.default, tuple)
            numbers = value if isinstance(value, tuple | list) else (value,)
            fitting = isinstance(value, tuple | list) == pair and len(numbers) == 1 + pair
            if not (
                fitting and all(isinstance(n, int | float) and np.isfinite(n) for n in numbers) and numbers[-1] > 0
            ):
                form = "a pair of finite numbers, the second positive" if pair else "a positive finite number"
                raise SpecError(f"priors: {f.name} is {value!r}; expected {form}")

    def paced(self, periods_a_month: float) -> "Priors":
        """Say the same in periods of another length: half-lives are longer in weeks, and a walk's steps smaller."""
        half_life = self.half_life[0] + float(np.log(periods_a_month)), self.half_life[1]
        step = self.step[0] - 0.5 * float(np.log(periods_a_month)), self.step[1]
        period = self.period[0] + float(np.log(periods_a_month)), self.period[1]
        return replace(self, half_life=half_life, step=step, period=period)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Priors":
        """Rebuild from plain values (lists where a pair stands), refusing names it does not know."""
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise SpecError(f"priors: unknown {', '.join(unknown)}; known are {', '.join(f.name for f in fields(cls))}")
        pairs: dict[str, Any] = {k: tuple(v) if isinstance(v, (list, tuple)) else v for k, v in values.items()}
        return cls(**pairs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


REASONS = {
    "half_life": "months; centred on two years because a free half-life is drawn to the news cycle (under two months) "
    "when month noise is left out; 95 % between 9 and 64 months leaves room for both sides",
    "half_life_dyads": "dyads differ by a third: enough to see a contrast, little enough to share strength",
    "sd": "spread of the pendulum around its equilibrium in the long run: at 0.8 two thirds of the time lie between "
    "shares of 31 and 69 around an even equilibrium",
    "sd_dyads": "dyads are a fifth calmer or livelier than the typical one",
    "step": "monthly step of a random walk: 0.12 adds up to about 0.8 after four years, the spread above",
    "step_dyads": "dyads are a third calmer or livelier",
    "start_sd": "where a random walk starts: nearly flat over shares from 5 to 95",
    "band": "half-width of the band without pull, in units of the spread: at 0.7 a pendulum is inside half of the time",
    "stiffening": "half-normal scale: at 0.5 the pull is one and a half times as strong one spread away as near the "
    "equilibrium; zero, the linear pull, is where the density is highest",
    "lean": "log ratio: at 0.7 the growth of the pull is twice as strong on the hostile side, or half as strong",
    "period": "months; a full swing of ten years, between five and twenty in nineteen cases of twenty",
    "period_dyads": "dyads swing at much the same pace",
    "noise": "news of the month: 0.6 moves an even share to 65 or 35 in one month out of three",
    "noise_dyads": "news is similar across dyads",
    "equilibrium": "slightly cooperative, since states that talk at all record more talks than threats",
    "equilibrium_dyads": "friends and rivals differ by about 7 points of share around the middle",
    "equilibrium_eras": "eras of one dyad differ more than dyads do: alliance and split are one pair of states",
    "headroom": "in units of the long-run spread: at 1.3 a pendulum left alone would press against its ceiling one "
    "month in ten",
    "headroom_walk": "without an equilibrium the ceiling is counted from an even share and stands near 92",
    "headroom_dyads": "the chronology says little about it: kept near the population",
    "headroom_eras": "as for dyads: a wide prior here lets a tight ceiling stand in for a low equilibrium",
    "depth_eras": "an era typically stretches or shrinks the way to the deepest class by half",
    "depth_trend": "a decade: over a record of seventy years it stretches the way as much as eras typically do",
    "gap": "distance between neighbouring cutpoints: 0.9 spreads eight classes over a plausible range",
    "concentration": "a month of ten events carries the information of about five",
    "direction": "who acts matters less than when: a direction may be 7 points off",
    "dataset": "two feeds may disagree on the share by 15 points and more",
    "shock_df": "Gamma shape and rate of the degrees of freedom above 2: mean 22, heavy tails allowed",
    "index_error": "error of an index relative to its own spread",
    "index_df": "Gamma shape and rate of the degrees of freedom above 1: mean 21, outliers allowed",
}
