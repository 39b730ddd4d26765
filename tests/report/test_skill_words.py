"""README and docs/skill.md say of skill what skill.json says, and call better what one rule calls better."""

import importlib.util
import re
from pathlib import Path

import pytest

from forecast.evaluation import Results
from forecast.evaluation.results import skill_rows, without_dyads
from forecast.evaluation.skill import BENCHMARKS_EQUAL, POOL, Skill
from tests.evaluation.made import MODELS, results_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def words():
    spec = importlib.util.spec_from_file_location("skill_words", ROOT / "scripts" / "skill_words.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_documents_hold_what_the_file_says(words):
    told = words.text(Skill.read(ROOT / "reports" / "skill" / "skill.json"))
    for document, parts in told.items():
        path = ROOT / document
        assert words.put(path, parts) == path.read_text("utf-8"), f"{document}: run scripts/skill_words.py --write"


@pytest.mark.parametrize(
    ("document", "start", "stop"),
    [("README.md", "## How good is it", "## Limits"), ("docs/skill.md", "## What was found", "## Run it")],
)
def test_nobody_is_called_better_by_hand(document, start, stop):
    text = (ROOT / document).read_text("utf-8")
    section = text[text.index(start) : text.index(stop)]
    by_hand = re.sub(r"<!-- ([\w -]+) -->.*?<!-- end \1 -->", "", section, flags=re.DOTALL)
    by_hand = re.sub(r"called better or\s+worse only if", "", by_hand)
    found = re.findall(r"\b(?:better|worse|best|outperforms?|beats?|(?:is|was|are) (?:ahead|behind))\b", by_hand)
    assert not found


def test_the_rule_moves_the_words(words):
    """What is better in one made run is not in another."""
    models = {**MODELS, BENCHMARKS_EQUAL: True}
    plain, ahead, behind = (results_of(lead, models=models).skill for lead in (0.0, 3.0, -3.0))
    few = results_of(3.0, years=range(2019, 2021), models=models).skill
    told = [" ".join(words.readme(one).split()) for one in (ahead, plain, behind, few)]
    for text, verdict in zip(told, ("is better than", "not distinguishable from", "is worse than"), strict=False):
        assert f"The pool {'is ' * (verdict[0] == 'n')}{verdict} the ten-year base rate" in text
    assert "better" not in told[-1]


def test_the_committed_cases_give_the_committed_scores():
    """Anybody can recompute the page: rows and differences come from cases.csv.gz alone."""
    results = Results.read(ROOT / "reports" / "skill")
    skill, cases = results.skill, results.cases
    part = cases[(cases["horizon"] == 12) & ~cases["given_n"]]
    known = [row for row in skill.rows if row["horizon"] == 12 and not row["given_n"]]
    assert skill_rows(part, (POOL, skill.model)) == known
    again = without_dyads(part, (POOL, skill.model))
    assert again == [one for one in skill.without if one["horizon"] == 12]
