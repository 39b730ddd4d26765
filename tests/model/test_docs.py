"""The pages on model and fit say what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from forecast.model import PendulumSpec
from forecast.model.fitted import KIND, SCHEMA, Fit
from forecast.model.priors import known_priors, reasons
from forecast.model.variables import all_variables

DOCS = Path(__file__).parents[2] / "docs"
MODEL = (DOCS / "model.md").read_text(encoding="utf-8")
FIT = (DOCS / "schema" / "fit.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def fit() -> Fit:
    return Fit.load(Path(__file__).parent / "data" / "fit_v1.nc")


def rows(page: str, heading: str) -> dict[str, list[str]]:
    """The table below a heading: names in its first column (several, by commas) and the other cells."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, flags=re.M | re.S)
    assert section is not None, heading
    lines = [line for line in section[1].splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return {name: rest for first, *rest in cells for name in re.findall(r"`(\w+)`", first)}


def test_every_prior_stands_in_the_page_with_its_value_and_reason() -> None:
    expected = {}
    for name, value in known_priors().items():
        numbers = ", ".join(f"{x:.3g}" for x in (value if isinstance(value, tuple) else (value,)))
        expected[name] = [numbers, reasons()[name]]
    assert rows(MODEL, "Priors") == expected


def test_every_choice_stands_in_the_page() -> None:
    choices = rows(MODEL, "Choices")
    assert set(choices) == {f.name for f in fields(PendulumSpec)} - {"priors"}
    assert choices["nodes"][0] == str(PendulumSpec().nodes)


def test_the_posterior_is_as_documented(fit: Fit) -> None:
    documented = rows(FIT, "`posterior`")
    table = all_variables()
    assert documented == {name: [", ".join(one.dims), one.unit, one.words] for name, one in table.items()}
    assert list(documented) == list(table)
    for name, values in fit.posterior.items():
        assert values.dims == ("chain", "draw", *table[str(name)].dims)
    # A fit of the default spec to a single dataset has all but these.
    shapes = {"band", "inner_band", "stiffening", "inner_stiffening", "lean"}
    bounds = {"headroom", "ceiling", "headroom_dyad", "headroom_era_sd"}
    driven = {"driver_effect", "driver_common", "driver_effects_sd"}
    several = {f"dataset_{one}" for one in ("drift", "drift_sd", "volume_effect", "depth_slope", "severity_slope")}
    others = {*shapes, *bounds, *driven, *several, "index_error", "index_df"}
    assert set(documented) - set(fit.posterior) == others


def test_groups_attributes_and_statistics_are_as_documented(fit: Fit) -> None:
    tables = rows(FIT, f"Fit, schema {SCHEMA}")
    assert set(tables) == {*fit.tree.children, *fit.tree.attrs}
    assert KIND in tables["kind"][0]
    assert set(rows(FIT, "`sample_stats`")) == set(fit.sample_stats)


def test_provenance_is_as_documented(fit: Fit) -> None:
    assert set(rows(FIT, "`provenance`")) == set(fit.provenance)
