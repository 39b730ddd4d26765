"""The pages on model and fit say what the code does."""

from dataclasses import fields
from pathlib import Path

from forecast.model.priors import REASONS, Priors
from forecast.model.sampling import KEPT

DOCS = Path(__file__).parents[2] / "docs"


def test_every_prior_stands_in_the_page_with_its_value_and_reason() -> None:
    lines = (DOCS / "model.md").read_text().splitlines()
    for name in (f.name for f in fields(Priors)):
        value = getattr(Priors(), name)
        numbers = ", ".join(f"{x:.3g}" for x in (value if isinstance(value, tuple) else (value,)))
        assert f"| `{name}` | {numbers} | {REASONS[name]} |" in lines


def test_every_posterior_variable_stands_in_the_schema() -> None:
    schema = (DOCS / "schema" / "fit.md").read_text()
    assert [name for name in (*KEPT, "level", "state") if f"`{name}`" not in schema] == []
