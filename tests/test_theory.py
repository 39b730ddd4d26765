"""The theory stands in one place, and what is about the US and China is said of them alone."""

import ast
import re
from pathlib import Path

import pytest

from forecast.outlook.theory import DYAD, THEORY
from forecast.study.hypotheses.claims import CLAIMS
from scripts.docs.reference import reference_pages

ROOT = Path(__file__).parents[1]
COUNTRIES = re.compile(r"\b(US|USA|China|Chinese|Taiwan|Soviet|Russia)\b")


def test_the_statements_are_thirteen_in_order():
    assert [one.code for one in THEORY] == [f"S{place}" for place in range(1, 14)]


@pytest.mark.parametrize("statement", THEORY, ids=lambda one: one.code)
def test_words_about_the_us_and_china_are_for_them_alone(statement):
    assert not COUNTRIES.search(statement.title + statement.general + statement.about("USA-RUS"))
    assert statement.about(DYAD) == statement.us_china
    assert statement.general.endswith(".") and statement.us_china.endswith(".")


def test_what_is_tested_says_so():
    tested = {code.rstrip("abc") for code in CLAIMS}
    assert tested <= {one.code for one in THEORY if "`forecast test`" in one.answered_by}


def test_the_page_has_every_statement():
    page = reference_pages(ROOT)["theory.md"]
    for one in THEORY:
        assert f"| {one.code} | {one.title} | {one.general} |" in page


def test_no_module_looks_a_claim_up_by_a_code_of_its_own():
    """A claim is known by its statement.

    No code is a key, a subscript or compared with in what runs.
    """
    for path in (ROOT / "forecast").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            keys = {ast.Dict: "keys", ast.Compare: "comparators", ast.Subscript: "slice"}.get(
                type(node)
            )
            used = [] if keys is None else getattr(node, keys)
            for key in used if isinstance(used, list) else [used]:
                text = key.value if isinstance(key, ast.Constant) else ""
                assert not re.fullmatch(r"S\d+(\..*)?", str(text)), f"{path}: {text}"
