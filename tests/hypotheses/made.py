"""Candidates that nobody had to fit: made posteriors, and evidence as a test wants it."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from model.panels import make_panel
from outlook.conftest import make_fit

from forecast.hypotheses.candidates import Candidates
from forecast.hypotheses.evidence.measures import prior_of
from forecast.hypotheses.verdict import Comparison
from forecast.model import PendulumSpec

MONTHS = 300
ONE_SCALE = PendulumSpec.one_scale()
TWO_SCALES = PendulumSpec(structure="walk", observation="sides", ceiling="trend")


def comparison(log_bayes_factor=2.0, error=0.1, ahead_difference=0.5, ahead_error=1.0, weight=0.7, priors=(), **words):
    """Evidence; ``priors`` are pairs of a name and what twice its width adds to the log Bayes factor."""
    rows = [{"prior": "", "factor": 1.0, "log_bayes_factor": log_bayes_factor, "error": error}]
    for name, change in priors:
        rows += [
            {"prior": name, "factor": factor, "log_bayes_factor": log_bayes_factor + way * change, "error": error}
            for factor, way in ((0.5, -1.0), (2.0, 1.0))
        ]
    named = {"claim": "a pull", "rival": "a walk"} | words
    return Comparison(
        log_bayes_factor=log_bayes_factor, error=error, ahead_difference=ahead_difference, ahead_error=ahead_error,
        weight=weight, priors=pd.DataFrame(rows), **named,
    )  # fmt: skip


@dataclass
class MadeCandidates(Candidates):
    """Evidence by the claim's model and its rival, see `model`; what is not given is `comparison()`."""

    evidence_of: dict = field(default_factory=dict)
    posterior: dict = field(default_factory=dict)
    fitted: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def fit(self, **choices):
        spec = replace(self.spec, **choices)
        key = model(spec)
        if key not in self.fitted:
            made = make_fit(
                (self.dyad,), dynamics=spec.dynamics, ceiling=spec.level_ceiling, depth=spec.has_depth,
                months=self.panel.sizes["time"], frequency=self.panel.attrs["frequency"], draws=400,
            )  # fmt: skip
            rng, size = np.random.default_rng(5), (2, 400)
            extra = {"stiffening": 0.4, "depth_trend": 0.2} | self.posterior
            drawn = {
                one: (("chain", "draw"), np.exp(0.1 * rng.standard_normal(size)) * at) for one, at in extra.items()
            }
            lean = ("chain", "draw"), self.posterior.get("lean", 0.0) + 0.1 * rng.standard_normal(size)
            if "half_life" in self.posterior and "half_life" in made.posterior:
                drawn["half_life"] = ("chain", "draw", "dyad"), drawn["half_life"][1][..., None]
            self.fitted[key] = replace(made, posterior=made.posterior.assign(drawn | {"lean": lean}))
        return self.fitted[key]

    def compare(self, claim, rival, words, scales=(), *, name="", decides=True):
        ours, theirs = (model(replace(self.spec, **choices)) for choices in (claim, rival))
        self.asked.append((ours, theirs, scales))
        found = self.evidence_of.get((ours, theirs), comparison(priors=[(scale, 0.2) for scale in scales]))
        return replace(found, claim=words[0], rival=words[1], name=name, decides=decides)


def model(spec):
    """``linear/era+depth``."""
    return f"{spec.dynamics}/{'+'.join(spec.ceiling)}"


def candidates(**given):
    frequency = given.pop("frequency", "month")
    panel = make_panel(dyads=1, periods=given.pop("months", MONTHS), eras=given.pop("eras", 3), frequency=frequency)
    return MadeCandidates(None, "USA-CHN", panel=panel, **{"spec": ONE_SCALE} | given)


def drawn_once(patch, *modules):
    """Let modules draw the prior of a model once for all candidates: it is the same for all, and takes a second."""
    kept = {}

    def prior(candidates, **choices):
        key = replace(candidates.spec, **choices), candidates.panel.attrs["frequency"]
        if key not in kept:
            kept[key] = prior_of(candidates, **choices)
        return kept[key]

    for module in modules:
        patch.setattr(module, "prior_of", prior)


def numbers(verdict):
    return {one.name: one for one in verdict.all_numbers}
