"""Candidates that nobody had to fit: made posteriors, and evidence as a test wants it."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from model.panels import make_panel
from outlook.conftest import make_fit

from forecast.hypotheses.candidates import Candidates
from forecast.hypotheses.measures import prior_of
from forecast.hypotheses.verdict import Comparison
from forecast.model.observation.kinds import SPANS

MONTHS = 300


def comparison(log_bayes_factor=2.0, error=0.1, ahead_difference=0.5, ahead_error=1.0, weight=0.7, priors=(), **words):
    """Evidence; ``priors`` are pairs of a name and what twice its width adds to the log Bayes factor."""
    rows = [{"prior": "", "factor": 1.0, "log_bayes_factor": log_bayes_factor, "error": error}]
    for name, change in priors:
        rows += [
            {"prior": name, "factor": factor, "log_bayes_factor": log_bayes_factor + way * change, "error": error}
            for factor, way in ((0.5, -1.0), (2.0, 1.0))
        ]
    named = {"claim": "a cycle", "rival": "a walk"} | words
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
        spec = self.spec.with_choices(**choices)
        key = model(spec)
        if key not in self.fitted:
            made = make_fit(
                (self.dyad,), trend=spec.trend, cycle=spec.cycle, ceiling=spec.ceiling,
                months=self.panel.sizes["time"], frequency=self.panel.attrs["frequency"], draws=400,
            )  # fmt: skip
            rng, size = np.random.default_rng(5), (2, 400)
            extra = {"stiffening": 0.4} | self.posterior
            drawn = {
                one: (("chain", "draw"), np.exp(0.1 * rng.standard_normal(size)) * at) for one, at in extra.items()
            }
            lean = ("chain", "draw"), self.posterior.get("lean", 0.0) + 0.1 * rng.standard_normal(size)
            if "cycle_half_life" in self.posterior and "cycle_half_life" in made.posterior:
                drawn["cycle_half_life"] = ("chain", "draw", "dyad"), drawn["cycle_half_life"][1][..., None]
            kinds = made_kinds(self.panel, rng, size)
            self.fitted[key] = replace(made, posterior=made.posterior.assign(drawn | {"lean": lean} | kinds))
        return self.fitted[key]

    def compare(self, claim, rival, words, scales=(), *, name="", decides=True):
        ours, theirs = (model(self.spec.with_choices(**choices)) for choices in (claim, rival))
        self.asked.append((ours, theirs, scales))
        found = self.evidence_of.get((ours, theirs), comparison(priors=[(scale, 0.2) for scale in scales]))
        return replace(found, claim=words[0], rival=words[1], name=name, decides=decides)


def model(spec):
    """``reverting/linear/none/years``: trend, cycle, ceiling and drift of kinds."""
    return f"{spec.trend}/{spec.cycle}/{spec.ceiling}/{spec.kind_drift}"


def made_kinds(panel, rng, size):
    """Depth of cooperation by era or span of years, about the same in all."""
    places = max(panel.sizes["era"], SPANS)
    return {
        "depth_shift": (("chain", "draw", "place"), 0.3 * rng.standard_normal((*size, places))),
        "depth_cutpoint": (("chain", "draw", "dataset", "depth_cut"), np.broadcast_to([-0.5, 1.0], (*size, 1, 2))),
        "depth_slope": (("chain", "draw"), np.full(size, 0.5)),
    }


def candidates(**given):
    frequency = given.pop("frequency", "month")
    panel = make_panel(dyads=1, periods=given.pop("months", MONTHS), eras=given.pop("eras", 3), frequency=frequency)
    return MadeCandidates(None, "USA-CHN", panel=panel, **given)


def drawn_once(patch, *modules):
    """Let modules draw the prior of a model once for all candidates: it is the same for all, and takes a second."""
    kept = {}

    def prior(candidates, **choices):
        key = candidates.spec.with_choices(**choices), candidates.panel.attrs["frequency"]
        if key not in kept:
            kept[key] = prior_of(candidates, **choices)
        return kept[key]

    for module in modules:
        patch.setattr(module, "prior_of", prior)


def numbers(verdict):
    return {one.name: one for one in verdict.all_numbers}
