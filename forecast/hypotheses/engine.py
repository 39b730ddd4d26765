"""Evidences of models on one record, each computed once, with the variants of the record that rivals need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecast.hypotheses.evidence import MEAN_SDS, USUAL, Evidence, Finesse, evidence_of
from forecast.hypotheses.filter import NEW_MEAN, NEW_SOURCE, SET_CEILING, Steps, likelihoods
from forecast.hypotheses.models import CYCLE, CYCLE_SD, WALK_CYCLE, Centre, Model, centre_of
from forecast.hypotheses.outcome import Answer, Deciding, Outcome, Picture, decide, left_out
from forecast.hypotheses.record import Record
from forecast.typing import Float

SOURCE_MONTHS, DECADE = 180, 120
"""How long a source lasts in the rival of drifting sources, and an era in that of blind eras."""
PLACEBOS = 300
WINDOWS = {"months 13 to 24": (12, 24), "months 25 to 60": (24, 60), "months 61 to 120": (60, 120)}
FIRST_ORIGIN = 180
"""Months of the record before the first window ahead."""


@dataclass(frozen=True)
class Engine:
    """A record with how finely models are integrated on it."""

    record: Record
    cores: int = 1
    finesse: Finesse = USUAL
    mean_sds: tuple[float, ...] = MEAN_SDS
    placebos: int = PLACEBOS
    seed: int = 1
    brief: bool = False  # Without leave-one-out and sensitivity, for simulated records
    laplace: bool = False  # The cycle's parameters by Laplace's approximation, ten times as fast
    centres: dict[Any, Centre] = field(default_factory=dict)
    kept: dict[Any, Evidence] = field(default_factory=dict)
    variants: dict[str, Steps] = field(default_factory=dict)

    def steps(self, variant: str) -> Steps:
        """Return the record as a model reads it.

        ``plain`` has no eras; in ``eras`` the trend may jump where they begin, in ``ceilings`` each also sets one, in
        ``decades`` every ten years do, in ``means`` each era has its own long-run mean; ``sources`` change blindly.
        """
        if variant not in self.variants:
            self.variants[variant] = self._varied(variant).steps
        return self.variants[variant]

    def _varied(self, variant: str) -> Record:
        record, month = self.record, np.arange(self.record.events.shape[1])
        if variant in ("plain", "sources"):
            bare = record.without_eras()
            return bare if variant == "plain" else bare.anchored(NEW_SOURCE, month % SOURCE_MONTHS == 0)
        if variant == "decades":
            return record.anchored(SET_CEILING, month % DECADE == 0)
        anchor = {"ceilings": SET_CEILING, "means": NEW_MEAN}.get(variant)
        return record if anchor is None else record.anchored(anchor, record.begins)

    def evidence(
        self, model: Model, variant: str = "plain", jumps: tuple[float | None, ...] = (None,),
        jump_weights: tuple[float, ...] = (1.0,),
    ) -> Evidence:  # fmt: skip
        """Return the evidence of a model."""
        key = model, variant, jumps
        if key not in self.kept:
            centre, mass = self.centre(model, variant), 0.0
            if self.laplace and CYCLE in model.axes:
                centre, mass = centre.holding(CYCLE, CYCLE_SD)
            found = evidence_of(
                centre.model, self.steps(variant), cores=self.cores, finesse=self.finesse, centre=centre,
                mean_sds=self.mean_sds, jumps=jumps, jump_weights=jump_weights,
            )  # fmt: skip
            self.kept[key] = replace(found, log_prior=found.log_prior + mass)
        return self.kept[key]

    def centre(self, model: Model, variant: str = "plain") -> Centre:
        """Return where the likelihood of a model is concentrated."""
        key = model, variant
        if key not in self.centres:
            start = None
            if len(model.axes) > len(WALK_CYCLE.axes) and not model.held:  # near the mode without the last parameter
                mode = self.centre(WALK_CYCLE).mode
                start = np.concatenate([mode[:-1], [model.axes[-1].mean], mode[-1:]])
            self.centres[key] = centre_of(model, self.steps(variant), self.cores, start)
        return self.centres[key]

    def outcome(
        self,
        deciding: Deciding,
        log_bayes_factor: float,
        sentences: Sequence[str],
        picture: Picture | None,
        details: Mapping[str, Any],
        *,
        sensitivity: Mapping[str, float] | None = None,
        answer: Answer | None = None,
    ) -> Outcome:
        """Decide a claim, and again without each dyad and state."""
        least, most = deciding(None)
        rest = {} if self.brief else left_out(self.record, deciding, least)
        return Outcome(
            log_bayes_factor, answer or decide(least, most), tuple(sentences), picture, least, most,
            sensitivity=sensitivity or {}, details=details, **rest,
        )  # fmt: skip

    def against(self, claim: Evidence, rivals: Iterable[Evidence]) -> Deciding:
        """Return how a claim is decided: by its evidence against each rival, at every spread of long-run means."""
        others = list(rivals)

        def deciding(dyads: list[int] | None) -> tuple[float, float]:
            own = self.totals(claim, dyads)
            found = np.array([own - self.totals(one, dyads) for one in others])
            return float(found.min()), float(found.max())

        return deciding

    def sensitivity(self, claim: Model, rival: Model) -> dict[str, float]:
        """Return the log Bayes factor of two models with other widths of the priors, and on halves of the record."""

        def compared(one: Engine, width: float = 1.0) -> float:
            return one.evidence(claim).total(width=width) - one.evidence(rival).total(width=width)

        found = {"priors half as wide": compared(self, 0.5), "priors twice as wide": compared(self, 2.0)}
        return found | {name: compared(half) for name, half in self.halves().items()}

    def totals(self, evidence: Evidence, dyads: list[int] | None = None) -> Float:
        """Return the log evidence at each spread of long-run means; the same at all for a model without means."""
        places = range(evidence.log.shape[1])
        found = np.array([evidence.total(dyads, mean_sd=place) for place in places])
        return np.broadcast_to(found, len(self.mean_sds))

    def halves(self) -> "dict[str, Engine]":
        """Return engines of the record to its middle month with events, and from there."""
        months = np.repeat(np.arange(self.record.events.shape[1]), (self.record.events != 0).sum(axis=0))
        middle = int(np.median(months))
        late = np.broadcast_to(np.arange(self.record.events.shape[1]) >= middle, self.record.events.shape)
        return {
            name: replace(self, record=self.record.without_months(out), brief=True, centres={}, kept={}, variants={})
            for name, out in (("first half of the record", late), ("second half of the record", ~late))
        }

    def windows(self, claim: Model, rival: Model) -> dict[str, tuple[float, float]]:
        """Score windows ahead with the months between left out: mean difference of log predictions, standard error."""
        found: dict[str, tuple[float, float]] = {}
        for name, (first, last) in WINDOWS.items():
            gains = np.array([self._ahead(origin, first, last, claim, rival) for origin in self._origins(last)])
            if len(gains) > 1:
                found[name] = float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))
        return found

    def _origins(self, last: int) -> list[int]:
        start, stop = int(self.record.first.min()), int(self.record.stop.max())
        return list(range(start + FIRST_ORIGIN, stop - last, last))

    def _ahead(self, origin: int, first: int, last: int, claim: Model, rival: Model) -> float:
        """Return by how much a model predicts a window better than another, summed over dyads."""
        month = np.arange(self.record.events.shape[1])
        bare = self.record.without_eras()
        after = np.broadcast_to(month >= origin, bare.events.shape)
        window = (month >= origin + first) & (month < origin + last)
        past, ahead = bare.without_months(after).steps, bare.without_months(after & ~window).steps

        def gain(model: Model) -> float:
            point = model.points(self.centre(model).mode[None])
            return float((likelihoods(ahead, point) - likelihoods(past, point))[..., 0].sum())

        return gain(claim) - gain(rival)
