"""The plan: it round-trips, any change of it or of the data is found, and nonsense is rejected by name."""

import json
from dataclasses import asdict, replace
from datetime import date
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.arguments import LIMITS, MOST_MONTHS, MOST_POINTS
from forecast.errors import PlanError, SpecError
from forecast.hypotheses.plan import Plan, freeze, make_plan, read_plan, require_answerable, require_data, write_plan
from forecast.hypotheses.registry import CLAIMS, answerable, parse_claims
from forecast.hypotheses.verdict import Rule
from forecast.model import PendulumSpec, Priors
from forecast.sources import Source

from .fakes import small_data

DAY = date(2026, 1, 2)
PLANNED = {name: bounds for name, bounds in LIMITS.items() if name in Plan.model_fields}


@pytest.fixture(scope="module")
def data():
    return small_data()


@pytest.fixture(scope="module")
def plan(data):
    return make_plan(data, Source())


positive = st.floats(1e-6, 1e6)
priors = st.builds(
    Priors,
    noise=st.tuples(st.floats(-5, 5), positive),
    concentration=st.tuples(st.floats(-5, 5), positive),
    trend_mean_dyads=positive,
)
specs = st.builds(
    PendulumSpec,
    trend=st.sampled_from(["reverting", "constant"]),
    cycle=st.sampled_from(["linear", "band", "cubic"]),
    kind_drift=st.sampled_from(["years", "eras", "none"]),
    volume_effect=st.booleans(),
    priors=priors,
)
rules = st.builds(
    Rule,
    bayes_factor=st.floats(1.001, 1e3),
    ahead_errors=st.floats(0, 10),
    probability=st.floats(0.51, 0.99),
    rope=st.floats(0, 50),
    half_life=positive,
)
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
sources = st.one_of(
    st.builds(Source),
    st.builds(Source, path=text),
    st.builds(Source, kind=st.sampled_from(["events", "counts", "index"]), path=text, mapping=text),
)
choices = st.fixed_dictionaries(
    {
        "spec": specs,
        "rule": rules,
        "smallest_effect": st.floats(1e-6, MOST_POINTS),
        "half_lives": st.lists(st.floats(1e-6, MOST_MONTHS), min_size=1, max_size=3).map(tuple),
        "simulations": st.integers(*LIMITS["simulations"]),
        "sensitivity": st.booleans(),
        "draws": st.integers(*LIMITS["draws"]),
        "tune": st.integers(*LIMITS["tune"]),
        "seed": st.integers(*LIMITS["seed"]),
    }
)
some_claims = st.sets(st.sampled_from(list(CLAIMS)), min_size=1).map(lambda some: parse_claims(",".join(some)))


@settings(max_examples=50, deadline=None)
@given(source=sources, claims=some_claims, choices=choices)
def test_a_frozen_plan_comes_back_from_its_file_whole(data, tmp_path_factory, source, claims, choices):
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    frozen = freeze(make_plan(data, source, claims=claims, **choices), DAY)
    write_plan(path, frozen)
    back = read_plan(path)
    assert back == frozen
    assert back.digest == back.frozen
    assert back.spec == choices["spec"] and back.rule == choices["rule"]


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
    content = freeze(plan, DAY).model_dump(mode="json")
    path, places = tmp_path / "plan.yaml", leaves(content)
    assert len(places) > 60
    for place in places:
        path.write_text(yaml.safe_dump(changed(content, place)))
        with pytest.raises(PlanError, match=r"plan\.yaml"):
            read_plan(path)
    path.write_text(yaml.safe_dump(content))
    assert read_plan(path).model_dump(mode="json") == content


@settings(deadline=None)
@given(
    field=st.sampled_from(["rule", "priors", "base", "seed", "claims", "as_of", "data"]), value=st.integers(2, 10**6)
)
def test_the_digest_is_that_of_the_content(plan, field, value):
    changes = {
        "rule": Rule(bayes_factor=2.0 + value),
        "priors": {**plan.priors, "lean": float(value)},
        "base": {**plan.base, "nodes": value},
        "seed": value,
        "claims": plan.claims[:1],
        "as_of": date.fromordinal(value),
        "data": plan.data.model_copy(update={"panel": f"{value:064x}"}),
    }
    assert plan.model_copy(update={field: changes[field]}).digest != plan.digest


def test_layout_and_comments_are_not_content(plan, tmp_path):
    content = freeze(plan, DAY).model_dump(mode="json")
    path = tmp_path / "plan.yaml"
    path.write_text("# a remark\n" + yaml.safe_dump(dict(reversed(content.items())), default_flow_style=True))
    assert read_plan(path).digest == content["frozen"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content))
    assert read_plan(path).digest == content["frozen"]


def test_an_edit_can_be_frozen_anew_and_shows_its_day(plan, tmp_path):
    path = tmp_path / "plan.yaml"
    write_plan(path, freeze(plan, DAY))
    path.write_text(path.read_text().replace("bayes_factor: 3.0", "bayes_factor: 10.0"))
    with pytest.raises(PlanError, match="changed since it was frozen on 2026-01-02"):
        read_plan(path)
    again = freeze(read_plan(path, frozen=False), date(2026, 2, 1))
    write_plan(path, again)
    assert read_plan(path).rule.bayes_factor == 10.0
    assert read_plan(path).created == date(2026, 2, 1)


def test_a_plan_that_is_not_frozen_is_refused(plan, tmp_path):
    write_plan(tmp_path / "plan.yaml", plan)
    with pytest.raises(PlanError, match="forecast plan freeze"):
        read_plan(tmp_path / "plan.yaml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version"),
        ({"version": None}, "version"),
        ({"claims": ["S5", "S99"]}, "S99"),
        ({"claims": []}, "claims"),
        ({"claims": ["S5", "S2"]}, "order"),
        ({"seed": "1"}, "seed"),
        ({"seed": -1}, "seed"),
        ({"draws": 1.5}, "draws"),
        ({"draws": True}, "draws"),
        *(({name: most + 1}, f"{name}: got .*at most") for name, (_, most) in PLANNED.items()),
        *(({name: least - 1}, f"{name}: got .*at least") for name, (least, _) in PLANNED.items()),
        ({"draws": 100_000, "chains": 64}, "over all chains"),
        ({"half_lives": [24.0, 1e9]}, "half_lives: got"),
        ({"half_lives": [0.0]}, "half_lives: got"),
        ({"smallest_effect": 101.0}, "smallest_effect: got"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"rule": {"bayes_factor": 0.5}}, "bayes_factor"),
        ({"rule": {"bayes": 3.0}}, "bayes"),
        ({"smallest_effect": float("nan")}, "smallest_effect"),
        ({"priors": {"cycle_half_life": 3.0}}, "cycle_half_life"),
        ({"priors": {}}, "missing"),
        ({"base": {"cycle": "circular"}}, "cycle"),
        ({"base": []}, "base"),
        ({"models": {"S5": ["something else"]}}, "models"),
        ({"source": {"kind": "index"}}, "mapping"),
        ({"source": {"kind": "chronology", "mapping": "m.yaml"}}, "mapping"),
        ({"favourite": 3}, "favourite"),
        ({"data": {"panel": "0", "files": {}}}, "panel"),
    ],
)
def test_a_malformed_plan_is_refused_by_the_name_of_its_field(plan, tmp_path, change, words):
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
        "version: 1\n? [1, 2]\n: 3",
        "version: 1\nclaims: !!python/object:os.system {}",
    ],
)
def test_a_file_that_is_no_plan_is_refused(tmp_path, content):
    (tmp_path / "plan.yaml").write_text(content)
    with pytest.raises(PlanError, match=r"plan\.yaml"):
        read_plan(tmp_path / "plan.yaml")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")


def test_a_new_plan_refuses_nonsense(data):
    with pytest.raises(PlanError, match="smallest_effect"):
        make_plan(data, Source(), smallest_effect=-1.0)


def test_a_plan_states_the_hierarchy_and_one_made_before_keeps_its_digest(plan, data):
    assert plan.hierarchy == data.hierarchy
    earlier = plan.model_copy(update={"hierarchy": ()})
    assert "hierarchy" not in earlier.model_dump(mode="json")
    assert earlier.digest != plan.digest


def test_the_same_data_are_accepted_and_others_are_named(plan, data):
    require_data(plan, data)
    name = "USA-CHN.csv"
    other = {**data.files, name: "0" * 64}
    with pytest.raises(PlanError, match=rf"{name} has changed"):
        require_data(plan, replace(data, files=other, digest="0" * 64))
    with pytest.raises(PlanError, match=r"extra\.csv is new"):
        require_data(plan, replace(data, files={**data.files, "extra.csv": "0" * 64}))
    with pytest.raises(PlanError, match=rf"{name} is gone"):
        require_data(plan, replace(data, files={key: sha for key, sha in data.files.items() if key != name}))
    with pytest.raises(PlanError, match="counts events in another way"):
        require_data(plan, replace(data, digest="0" * 64))


def test_claims_that_the_data_cannot_answer_are_refused(data):
    require_answerable(("S5", "S7", "S10"), data)
    alone = small_data(others=False)
    with pytest.raises(SpecError, match="S7 needs events of several dyads"):
        require_answerable(("S5", "S7"), alone)
    with pytest.raises(SpecError, match="S10 needs single events"):
        require_answerable(("S5", "S10"), replace(alone, table=None))


def test_what_can_be_answered_grows_with_what_the_data_offer():
    offered = [set(answerable(offers)) for offers in ("panel", "classes", "events", "dyads")]
    assert all(less <= more for less, more in pairwise(offered))
    assert offered[-1] == set(CLAIMS)


def test_claims_are_read_in_any_order_and_case():
    assert parse_claims("s6, S5,s3 ,S2") == ("S2", "S5", "S6")
    for nonsense in ("", ",", "S1", "S5,pendulum"):
        with pytest.raises(SpecError, match="S5"):
            parse_claims(nonsense)


def test_the_plan_says_every_choice_of_the_rule_and_the_model(plan):
    content = plan.model_dump(mode="json")
    assert content["rule"] == asdict(Rule())
    assert set(content["priors"]) == set(PendulumSpec().to_dict()["priors"])
    assert {*content["base"], "priors"} == set(PendulumSpec().to_dict())
