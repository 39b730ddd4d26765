"""The pages on model and fit say what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from forecast.model import PendulumSpec
from forecast.model.fitted import Fit
from forecast.model.process.priors import all_priors
from forecast.model.storage import KIND, SCHEMA
from forecast.model.variables import all_variables
from scripts.docs.reference import reference_pages
from tests.documented import sections, words

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fit() -> Fit:
    return Fit.load(Path(__file__).parent / "data" / "fit_v1.nc")


def test_every_prior_stands_in_its_page_with_its_value_and_reason() -> None:
    page = reference_pages(ROOT)["priors.md"]
    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == list(all_priors())
    assert "| `trend_mean` | 0.3, 0.5 |" in page and all_priors()["trend_mean"].reason in page


def test_every_choice_stands_in_the_page() -> None:
    listed = re.findall(r"^ *(\w+) : ", (PendulumSpec.__doc__ or "").partition("Examples")[0], re.M)
    assert listed == [f.name for f in fields(PendulumSpec)]


def test_the_posterior_is_as_documented(fit: Fit) -> None:
    documented = sections("fit")["posterior"]
    table = all_variables()
    assert documented == list(table)
    for name, values in fit.posterior.items():
        assert values.dims == ("chain", "draw", *table[str(name)].dims)
    # A fit of the default spec to a single dataset has all but these.
    shapes = {"band", "inner_band", "stiffening", "inner_stiffening", "lean"}
    bounds = {"headroom", "ceiling", "headroom_dyad", "headroom_era_sd"}
    driven = {"driver_effect", "driver_common", "driver_effects_sd"}
    several = {f"dataset_{one}" for one in ("drift", "drift_sd", "volume_effect")}
    others = {*shapes, *bounds, *driven, *several, "index_error", "index_df"}
    assert set(documented) - set(fit.posterior) == others


def test_groups_attributes_and_statistics_are_as_documented(fit: Fit) -> None:
    groups, attributes = sections("fit")["Groups"], sections("fit")["Attributes"]
    assert {*groups, *attributes} == {*fit.tree.children, *fit.tree.attrs}
    assert KIND in words("fit") and f"Schema {SCHEMA}" in words("fit")
    assert set(sections("fit")["sample_stats"]) - {"ancestor"} == set(fit.sample_stats)


def test_provenance_is_as_documented(fit: Fit) -> None:
    assert set(sections("fit")["provenance"]) == set(fit.provenance)
