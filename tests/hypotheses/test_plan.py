"""The plan: it round-trips, any change of it or of its data is found, nonsense is rejected by name.

Its stamps.
"""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import Source, make_plan, read_plan, read_sources, run_plan
from forecast.base.errors import DataError, PlanError, SpecError
from forecast.base.limits import LIMITS
from forecast.data.sources import open_source
from forecast.study.hypotheses import Choice, deviate, freeze_plan, plan_ahead, write_plan
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.outcome import Outcome
from forecast.study.hypotheses.plan import describe
from forecast.study.hypotheses.plan_execution import other_rules, require_data
from forecast.study.hypotheses.results import PooledResults, PooledVerdict

DYADS = ["USA-CHN", "USA-RUS"]
PLANS = Path(__file__).resolve().parents[2] / "reports" / "plans"
AS_OF, DAY, LATER = date(1980, 12, 31), date(1981, 1, 10), date(1983, 6, 30)


@pytest.fixture(scope="module")
def data():
    return read_sources(Source(), DYADS, as_of=AS_OF)


@pytest.fixture(scope="module")
def plan(data):
    return make_plan(data, seen=True, predicted={"S5b": 3.0, "S2": "supported"})


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
sources = st.one_of(
    st.builds(Source),
    st.builds(Source, path=text),
    st.builds(Source, kind=st.sampled_from(["events", "counts"]), path=text, mapping=text),
)
some_claims = st.sets(st.sampled_from(list(CLAIMS)), min_size=1).map(tuple)
expected = st.one_of(text, st.floats(-1e6, 1e6))


@settings(max_examples=50, deadline=None)
@given(
    source=sources,
    claims=some_claims,
    seen=st.booleans(),
    seed=st.integers(*LIMITS["seed"]),
    one=expected,
    deviations=st.lists(text.filter(str.strip), max_size=2),
)
def test_a_frozen_plan_comes_back_from_its_file_whole(
    data, tmp_path_factory, source, claims, seen, seed, one, deviations
):
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    made = make_plan(
        replace(data, source=source),
        claims=claims,
        seen=seen,
        seed=seed,
        predicted={claims[0]: one},
    )
    frozen = freeze_plan(made, DAY)
    for words in deviations:
        frozen = deviate(frozen, words, DAY)
    write_plan(path, frozen)
    back = read_plan(path)
    assert back == frozen
    assert back.digest == back.frozen


def leaves(node, place=()):
    """Every place in nested dicts and lists where a plain value stands."""
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in leaves(value, (*place, key))]
    if isinstance(node, list):
        return [leaf for key, value in enumerate(node) for leaf in leaves(value, (*place, key))]
    return [place]


def changed(content, place):
    """The content with the value at a place replaced by another of its kind."""
    copy = json.loads(json.dumps(content))
    node = copy
    for key in place[:-1]:
        node = node[key]
    value = node[place[-1]]
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, int | float):
        value = value + 1
    elif value is None:
        value = "x"
    else:
        value = ("0" if value[0] != "0" else "1") + value[1:]
    node[place[-1]] = value
    return copy


def test_any_change_of_any_field_is_found(plan, tmp_path):
    content = freeze_plan(plan, DAY).model_dump(mode="json")
    path, places = tmp_path / "plan.yaml", leaves(content)
    assert len(places) > 30
    for place in places:
        path.write_text(yaml.safe_dump(changed(content, place)))
        with pytest.raises(PlanError, match=r"plan\.yaml"):
            read_plan(path)
    path.write_text(yaml.safe_dump(content))
    assert read_plan(path).model_dump(mode="json") == content


def test_a_deviation_is_logged_without_breaking_the_freeze(plan):
    frozen = freeze_plan(plan, DAY)
    again = deviate(deviate(frozen, "one dyad left out ", DAY), "and its eras", LATER)
    assert again.digest == frozen.frozen == again.frozen
    assert [(one.day, one.text) for one in again.deviations] == [
        (DAY, "one dyad left out"),
        (LATER, "and its eras"),
    ]
    with pytest.raises(PlanError, match="the deviation is empty"):
        deviate(frozen, "  ")


def test_layout_and_comments_are_not_content(plan, tmp_path):
    content = freeze_plan(plan, DAY).model_dump(mode="json")
    path = tmp_path / "plan.yaml"
    path.write_text(
        "# a remark\n" + yaml.safe_dump(dict(reversed(content.items())), default_flow_style=True)
    )
    assert read_plan(path).digest == content["frozen"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content))
    assert read_plan(path).digest == content["frozen"]


def test_an_edit_can_be_frozen_anew_and_shows_its_day(plan, tmp_path):
    path = tmp_path / "plan.yaml"
    write_plan(path, freeze_plan(plan, DAY))
    path.write_text(path.read_text().replace("seed: 1", "seed: 2"))
    with pytest.raises(PlanError, match="changed since it was frozen on 1981-01-10"):
        read_plan(path)
    assert "CHANGED since" in dict(describe(read_plan(path, frozen=False)))["plan"]
    write_plan(path, freeze_plan(read_plan(path, frozen=False), LATER))
    assert (read_plan(path).seed, read_plan(path).created) == (2, LATER)


def test_a_plan_that_is_not_frozen_is_rejected(plan, tmp_path):
    write_plan(tmp_path / "plan.yaml", plan)
    with pytest.raises(PlanError, match="forecast plan freeze"):
        read_plan(tmp_path / "plan.yaml")
    with pytest.raises(PlanError, match="not frozen"):
        run_plan(plan)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 1}, "version"),
        ({"version": None}, "version"),
        ({"claims": ["S5a", "S99"]}, "S99"),
        ({"claims": []}, "claims"),
        ({"claims": ["S5b", "S2"]}, "order"),
        ({"dyads": ["USA-CHN"]}, "dyads"),
        ({"seed": "1"}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "2199-01-01"}, "as_of"),
        ({"rule": {"S2": 3.0}}, "this version decides by"),
        ({"predicted": {"S77": 1.0}}, "S77 is not among the claims"),
        ({"reasons": {"S77": "so"}}, "reasons: S77 is not among the claims"),
        (
            {"choice": {"events": 300, "months": 96}},
            "expected 2 at least, or none and the rule of a `choice`",
        ),
        ({"dyads": [], "choice": {"events": 0, "months": 96}}, "events"),
        ({"priors": "short"}, "priors"),
        ({"predicted": {"S2": float("nan")}}, "predicted"),
        ({"seen": "no"}, "seen"),
        ({"seen": None}, "seen"),
        ({"source": {"kind": "counts"}}, "mapping"),
        ({"favourite": 3}, "favourite"),
        ({"data": {"panel": "0", "files": {}}}, "panel"),
        ({"deviations": [{"day": "1981-01-10", "text": ""}]}, "deviations"),
    ],
)
def test_a_malformed_plan_is_rejected_by_the_name_of_its_field(plan, tmp_path, change, words):
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(plan.model_dump(mode="json") | change))
    with pytest.raises(PlanError, match=words):
        read_plan(path, frozen=False)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1, 2]",
        "a: [",
        "just words",
        "version: 2\n? [1, 2]\n: 3",
        "version: 2\nclaims: !!python/object:os.system {}",
    ],
)
def test_a_file_that_is_no_plan_is_rejected(tmp_path, content):
    (tmp_path / "plan.yaml").write_text(content)
    with pytest.raises(PlanError, match=r"plan\.yaml"):
        read_plan(tmp_path / "plan.yaml")


def test_a_file_that_is_not_there_is_rejected(tmp_path):
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")


def test_a_new_plan_rejects_nonsense(data):
    with pytest.raises(SpecError, match="S99"):
        make_plan(data, claims=["S99"], seen=True)
    with pytest.raises(PlanError, match="S99 is not among the claims"):
        make_plan(data, seen=True, predicted={"S99": 3.0})


def test_the_same_data_are_accepted_and_others_are_named(plan, data):
    require_data(plan, data)
    name = "USA-CHN.csv"
    other = {**data.files, name: "0" * 64}
    with pytest.raises(PlanError, match=rf"{name} has changed"):
        require_data(plan, replace(data, files=other, digest="0" * 64))
    with pytest.raises(PlanError, match=r"extra\.csv is new"):
        require_data(plan, replace(data, files={**data.files, "extra.csv": "0" * 64}))
    with pytest.raises(PlanError, match=rf"{name} is gone"):
        require_data(
            plan, replace(data, files={key: sha for key, sha in data.files.items() if key != name})
        )
    with pytest.raises(PlanError, match="counts events in another way"):
        require_data(plan, replace(data, digest="0" * 64))


# Execution

LIMIT = 2.3


@pytest.fixture
def tested(monkeypatch):
    """Tests that end at once: the evidence grows by five for each year of data, from 0 at the end of 1980."""
    asked = []

    def pooled_tests(panel, *, events, claims, dyad, power, seed, cores, progress):
        assert events is not None
        least = 5.0 * (panel.sizes["time"] - asked_months) / 12
        asked.append((claims, dyad, seed, str(panel["time"].to_numpy()[-1])[:7]))
        answer = "supported" if least > LIMIT else "undecided"
        outcome = Outcome(least + 1.0, answer, ("It does.",), least=least, most=least + 1.0)
        verdicts = tuple(
            PooledVerdict(code, "Does it?", "it does", outcome, 0.1, (), LIMIT) for code in claims
        )
        return PooledResults(
            ("USA-CHN", "USA-RUS"), "1946-01", "1980-12", 900, verdicts, ("Left out.",)
        )

    asked_months = read_sources(Source(), DYADS, as_of=AS_OF).panel.sizes["time"]
    monkeypatch.setattr("forecast.study.hypotheses.plan_execution.pooled_tests", pooled_tests)
    return asked


def frozen(data, *, seen):
    return freeze_plan(
        make_plan(data, claims=["S5b"], seen=seen, seed=7, predicted={"S5b": 3.0}), DAY
    )


@pytest.mark.parametrize(
    ("seen", "stamp"), [(True, "frozen on data already seen"), (False, "confirmatory")]
)
def test_results_have_the_stamp_of_their_plan_with_predictions_and_deviations(
    data, tested, seen, stamp
):
    plan = deviate(frozen(data, seen=seen), "the eras of 1979 are new", DAY)
    results = run_plan(plan, dyad="USA-CHN", cores=1)
    assert tested == [(("S5b",), "USA-CHN", 7, "1980-12")]
    assert results.stamp == stamp and plan.stamp == stamp
    notes = " ".join(results.notes)
    for words in (
        "Left out.",
        "frozen on 1981-01-10",
        "Predicted for S5b: 3.0.",
        "1981-01-10: the eras of 1979 are new",
    ):
        assert words in notes
    assert ("had not been seen" in notes) is not seen


def test_months_after_the_freeze_decide_by_what_they_add(data, tested):
    plan = frozen(data, seen=True)
    results = run_plan(plan, as_of=date(1981, 6, 30))
    assert [months for *_, months in tested] == ["1981-01", "1981-06"]
    outcome = results["S5b"].outcome
    assert outcome.least == pytest.approx(5.0 * 5 / 12) and outcome.answer == "undecided"
    assert (
        results.stamp == "confirmatory" and "February 1981 to June 1981 alone" in results.notes[0]
    )
    assert run_plan(plan, as_of=LATER)["S5b"].outcome.answer == "supported"


def test_no_month_after_the_freeze_or_other_data_before_it_are_rejected(data, tested):
    plan = frozen(data, seen=True)
    with pytest.raises(PlanError, match="as-of: 1981-01-31 is not after 1981-01-31"):
        run_plan(plan, as_of=date(1981, 1, 31))
    other = plan.model_copy(update={"data": plan.data.model_copy(update={"panel": "0" * 64})})
    other = freeze_plan(other, DAY)
    with pytest.raises(PlanError, match="the data up to 1980-12-31 are not those of 1981-01-10"):
        run_plan(other, as_of=LATER)
    with pytest.raises(PlanError, match="counts events in another way"):
        run_plan(other)
    assert not tested


def test_a_plan_can_be_frozen_before_its_author_has_the_data(data, tested, tmp_path):
    made = make_plan(data, seen=False, claims=("S5b",)).model_copy(update={"data": None})
    path = tmp_path / "plan.yaml"
    write_plan(path, freeze_plan(made, DAY))
    plan = read_plan(path)
    assert run_plan(plan).stamp == "confirmatory"
    with pytest.raises(PlanError, match="made without its data"):
        run_plan(plan, as_of=LATER)
    text = path.read_text().replace("seen: false", "seen: true")
    path.write_text(text)
    with pytest.raises(PlanError, match="data: missing, though they had been seen"):
        read_plan(path)


# Plans for data to come


ROWS = {"TUR,GRC": 130, "USA,TUR": 130, "CYP,TUR": 130, "TUR,SYR": 60, "IRQ,TUR": 130}
"""Months with an event; every tenth of Iraq's alone, every one of the others'."""


@pytest.fixture
def keds(tmp_path):
    """Return a table of KEDS in which three pairs fit the rule: Syria has few months, Iraq few events."""
    lines = ["date,source,target,code"]
    for pair, months in ROWS.items():
        for month in range(0, months, 10 if pair == "IRQ,TUR" else 1):
            lines.append(
                f"{1990 + month // 12}-{month % 12 + 1:02d}-15,{pair},{'042' if month % 3 else '112'}"
            )
    path = tmp_path / "keds.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def ahead():
    """Return a plan for such a table, frozen before there is one."""
    made = plan_ahead(
        Source(kind="keds"),
        Choice(events=60, months=96, without=("TUR-USA",)),
        date(2002, 12, 31),
        claims=["S5a", "S5b"],
        predicted={"S5a": 2.0},
        reasons={"S5a": "It is short."},
        remarks=("Once only.",),
    )
    return freeze_plan(made, DAY)


def test_a_plan_for_data_to_come_chooses_the_dyads_by_its_rule(ahead, keds, tested, tmp_path):
    write_plan(tmp_path / "plan.yaml", ahead)
    plan = read_plan(tmp_path / "plan.yaml")
    assert plan == ahead and plan.dyads == () and plan.months == {"S5a": 96, "S5b": 240}
    assert plan.null_sets == {"S5a": CLAIMS["S5a"].nulls, "S5b": CLAIMS["S5b"].nulls}
    assert plan.choice.dyads(open_source(Source(kind="keds", path=str(keds))), plan.as_of) == (
        "GRC-TUR",
        "CYP-TUR",
    )
    assert (
        plan.choice.dyads(open_source(Source(kind="keds", path=str(keds))), date(1996, 1, 1)) == ()
    )
    results = run_plan(plan, path=keds)
    assert [claims for claims, *_ in tested] == [("S5a",)] and results.stamp == "confirmatory"
    notes = " ".join(results.notes)
    for words in (
        "all with at least 60 events and 96 months from first to last, without TUR-USA",
        "S5b was left out: GRC-TUR (130) and CYP-TUR (130) have fewer than 240 months from first event to last",
        "Read: keds.csv (SHA-256",
        "Predicted for S5a: 2.0. It is short.",
        "Once only.",
    ):
        assert words in notes
    described = dict(describe(plan))
    assert (
        described["dyads"].startswith("all with at least 60 events")
        and described["reason for S5a"] == "It is short."
    )


def test_a_plan_for_data_to_come_asks_for_them_and_rejects_what_has_too_few(ahead, keds, tested):
    with pytest.raises(SpecError, match="has no path; name the file"):
        run_plan(ahead)
    few = freeze_plan(ahead.model_copy(update={"choice": Choice(events=131, months=96)}), DAY)
    with pytest.raises(
        DataError, match=r"of its dyads the plan tests all with at least 131 events .* that is none"
    ):
        run_plan(few, path=keds)
    late = freeze_plan(
        ahead.model_copy(update={"claims": ("S5b",), "predicted": {}, "reasons": {}}), DAY
    )
    with pytest.raises(
        DataError, match=r"no claim of the plan can be tested\. S5b: .* fewer than 240 months"
    ):
        run_plan(late, path=keds)
    assert not tested


def test_a_plan_is_not_run_by_another_rule_than_it_states(ahead, keds, tested, monkeypatch):
    monkeypatch.setitem(CLAIMS, "S5a", replace(CLAIMS["S5a"], nulls=("others",)))
    with pytest.raises(
        PlanError,
        match=r"other null_sets than the plan states\. Carry it out with the version of 1981",
    ):
        run_plan(ahead, path=keds)
    again = freeze_plan(ahead, LATER)
    assert (
        again.null_sets["S5a"] == ("others",) and run_plan(again, path=keds).stamp == "confirmatory"
    )


def test_plans_from_before_rules_were_stated_say_so(data, tested):
    made = make_plan(data, claims=["S5b"], seen=True)
    assert "states no null sets" not in " ".join(run_plan(freeze_plan(made, DAY)).notes)
    old = made.model_copy(update={"null_sets": {}, "months": {}, "priors": None})
    old = old.model_copy(update={"frozen": old.digest})
    assert "states no null sets" in " ".join(run_plan(old).notes)


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_committed_plan_is_frozen_and_unchanged(path):
    plan = read_plan(path)
    assert plan.predicted
    assert len(plan.dyads) in (15, 20) or plan.choice is not None


def test_the_plan_that_awaits_its_data_is_for_this_version():
    plan = read_plan(PLANS / "levant.yaml")
    assert plan.data is None and not plan.seen
    assert not other_rules(plan), (
        "freeze it again (forecast plan freeze), as long as no one has looked at its data"
    )
