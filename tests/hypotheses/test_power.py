"""Power without fits: simulated records that are numbers, a test that reads them, and what is kept of it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np
import pytest

from forecast.errors import SpecError
from forecast.hypotheses import power
from forecast.hypotheses.hypothesis import Contest
from forecast.hypotheses.power import FOUND
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.verdict import Rule
from forecast.journal import Kept
from forecast.progress import side_by_side

from .made import candidates

SIMULATIONS = 12


class FakeTruth:
    """A truth whose records are a number near its size."""

    def __init__(self, name, size):
        self.name, self.size = name, size

    def record(self, rng):
        return np.nan_to_num(self.size) + rng.normal()


@pytest.fixture
def tested(monkeypatch):
    """Records tested so far; the log Bayes factor of one is the number that it is, its error depends on the seed."""
    seen, lock = [], Lock()

    def test(record, seed, stop):
        with lock:
            seen.append(record)
        return ((float(record), 0.1 + seed % 7 / 10),)

    def contest(candidates, half_lives):
        truths = (FakeTruth("a walk", np.nan), *(FakeTruth(f"a pull of {x:g}", x) for x in half_lives))
        return Contest(truths, "months", test, (0.05,))

    monkeypatch.setitem(CLAIMS, "S5", replace(CLAIMS["S5"], contest=contest))
    return seen


def run(given=None, half_lives=(2.0, 6.0), simulations=SIMULATIONS, **options):
    return power.power(given or candidates(), "S5", half_lives, simulations, **options)


def test_counts_add_up_and_shares_lie_in_their_intervals(tested):
    table = run().table
    assert table["simulations"].tolist() == [SIMULATIONS] * 3
    np.testing.assert_allclose(table[["supported", "rejected", "undecided"]].sum(axis=1), 1.0)
    assert (table["low"] <= table["supported"]).all() and (table["supported"] <= table["high"]).all()
    assert table["supported"].is_monotonic_increasing and table["supported"].iloc[-1] == 1.0
    assert np.isnan(table["size"][0]) and table["size"][1:].tolist() == [2.0, 6.0]
    assert len(tested) == 3 * SIMULATIONS


def test_words_state_every_share_its_interval_and_how_it_was_decided(tested):
    found = run(candidates(rule=Rule(bayes_factor=5.0)))
    for row in found.table.to_dict("records"):
        said = f"{100 * row['supported']:.0f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f})"
        assert f"{said} of records with {row['alternative']}" in found.words
    assert "Bayes factor of 5 alone" in found.words and "false alarms" in found.words


def test_the_rule_is_that_of_the_real_test(tested):
    # A bound that the short fits' errors, up to 0.7, would raise to e.g. log 3 + 1.4 is log 3 + 2 * 0.05 here.
    bound = np.log(3.0) + 2 * 0.05
    table, records = run(simulations=200, half_lives=(1.3,), cores=1).table, tested[1::2]
    assert table["supported"][1] == pytest.approx(np.mean(np.array(records) > bound))


def test_the_least_favourable_rival_decides():
    rule = Rule()
    assert power._answer(rule, ((5.0, 0.1), (5.0, 0.1)), (0.1, 0.1)) == "supported"
    assert power._answer(rule, ((5.0, 0.1), (0.5, 0.1)), (0.1, 0.1)) == "undecided"
    assert power._answer(rule, ((5.0, 0.1), (-5.0, 0.1)), (0.1, 0.1)) == "rejected"
    # An error of the real test that is not known is no licence: the simulated test's own counts.
    assert power._answer(rule, ((2.0, 0.6),), (np.inf,)) == "undecided"


def test_the_same_numbers_on_any_number_of_cores_and_beside_any_alternatives(tested):
    one, three = run(cores=1), run(cores=3)
    assert one.words == three.words and one.table.equals(three.table)
    alone = run(half_lives=(6.0,)).table
    assert alone.iloc[-1].equals(one.table.iloc[-1])
    assert not run(candidates(seed=2)).table["error"].equals(one.table["error"])


def test_a_run_goes_on_where_it_stopped(tested, tmp_path):
    path, whole = tmp_path / "kept.jsonl", run()
    assert len(tested) == 36
    halt = iter([None] * 10 + [KeyboardInterrupt])

    def interrupting(step, done, total):
        if next(halt) is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(kept=path, progress=interrupting)
    done = len(path.read_text().splitlines()) - 1
    assert done == 10
    told, before = [], len(tested)
    again = run(kept=path, progress=lambda step, done, total: told.append((done, total)))
    assert again.table.equals(whole.table) and len(tested) - before == 36 - done
    assert told == [(k, 36) for k in range(done, 37)]
    before = len(tested)
    assert run(kept=path).table.equals(whole.table) and len(tested) == before
    few, more = run(kept=path, simulations=5), run(kept=path, half_lives=(2.0, 4.0, 6.0))
    assert few.table["simulations"].tolist() == [5] * 3
    assert len(tested) == before + SIMULATIONS and more.table.iloc[-1].equals(whole.table.iloc[-1])


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"months": 200}, {"sampler": None}, {"rule": Rule(10.0)}],
    ids=lambda other: next(iter(other)),
)
def test_simulations_of_another_record_are_refused_and_another_rule_is_welcome(tested, tmp_path, other):
    path = tmp_path / "kept.jsonl"
    run(kept=path, simulations=2)
    given = candidates(**{name: value for name, value in other.items() if value is not None})
    if "rule" in other:
        assert len(run(given, kept=path, simulations=2).table) == 3
        return
    if "sampler" in other:
        given = replace(given, sampler=replace(given.sampler, draws=17))
        cores = replace(given, sampler=replace(candidates().sampler, cores=7))
        run(cores, kept=path, simulations=2)
    with pytest.raises(SpecError, match=r"kept\.jsonl: holds simulations of another record"):
        run(given, kept=path, simulations=2)


@pytest.mark.parametrize("content", ["", "words", "[1]", '{"of": 1}\n{"key": "a"}', '{"of": "x"}\n{"key": "a", "log'])
def test_a_file_of_something_else_is_refused(tested, tmp_path, content):
    path = tmp_path / "kept.jsonl"
    path.write_text(content)
    with pytest.raises(SpecError, match=r"kept\.jsonl: is no file of simulations"):
        run(kept=path)
    assert path.read_text() == content and not tested


def test_what_was_kept_comes_back(tmp_path):
    path = tmp_path / "folder" / "kept.jsonl"
    kept = Kept.open(path, "this", FOUND)
    kept.add("S4/one/0", ((1.25, 0.1), (-3.0, 0.2)))
    kept.add("S5/ä/1", ((0.1, 0.3),))
    assert Kept.open(path, "this", FOUND).found == kept.found
    assert json.loads(path.read_text().splitlines()[0]) == {"of": "this"}


@pytest.mark.parametrize(
    ("claim", "options"),
    [
        ("S8", {}),
        ("S99", {}),
        ("S5", {"simulations": 0}),
        ("S5", {"half_lives": (24.0, -1.0)}),
        ("S5", {"half_lives": (0.0,)}),
        ("S5", {"cores": 0}),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_fit(claim, options):
    with pytest.raises(SpecError, match=claim if claim != "S5" else "power: "):
        power.power(candidates(), claim, **options)


def test_every_claim_has_a_power_or_a_reason_why_not():
    assert all((claim.contest is None) == claim.without_power.endswith(".") for claim in CLAIMS.values())


def test_a_task_that_fails_stops_the_others_and_is_told():
    begun = []

    def work(task, stop):
        begun.append(task)
        if task == 1:
            raise ZeroDivisionError
        assert stop.wait(20), "it was not told to stop"
        return task

    with pytest.raises(ZeroDivisionError):
        list(side_by_side(work, range(50), 2))
    assert len(begun) < 5


PROGRAM = """
import itertools
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {tests!r})
from forecast.hypotheses import power
from forecast.hypotheses.hypothesis import Contest
from forecast.hypotheses.registry import CLAIMS
from hypotheses.test_power import FakeTruth
from hypotheses.made import candidates

kept, begun = Path({kept!r}), itertools.count()

def test(record, seed, stop):
    if next(begun) >= 4:
        while not (kept.exists() and len(kept.read_text().splitlines()) >= 5) and not stop.is_set():
            time.sleep(0.01)
        os.write(1, b"waiting\\n")  # whole: two threads that print at once may mix their lines
        stop.wait(60)
    return ((1.0, 0.1),)

truths = (FakeTruth("a walk", float("nan")), FakeTruth("a pull", 2.0))
contest = Contest(truths, "", test, (0.1,))
CLAIMS["S5"] = replace(CLAIMS["S5"], contest=lambda candidates, half_lives: contest)
power.power(candidates(), "S5", (2.0,), 50, kept=kept)
"""


def interrupted(running):
    """Interrupt, and again as a user would where Python dropped it: one that meets a finaliser is printed and gone."""
    for _ in range(3):
        running.send_signal(signal.SIGINT)
        try:
            return running.communicate(timeout=6)[1]
        except subprocess.TimeoutExpired:
            continue
    running.kill()
    return running.communicate()[1]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_an_interrupt_ends_the_workers_at_once_and_keeps_what_was_done(tmp_path):
    kept = tmp_path / "kept.jsonl"
    program = textwrap.dedent(PROGRAM).format(tests=str(Path(__file__).parents[1]), kept=str(kept))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        late = threading.Timer(60, running.kill)  # a child that never comes to wait must not make this test wait
        late.start()
        first = running.stdout.readline()
        late.cancel()
        assert first == b"waiting\n", (first, interrupted(running))
        start = time.monotonic()
        complaint = interrupted(running)
    # Workers that were not told would wait for a minute.
    assert time.monotonic() - start < 20
    assert b"KeyboardInterrupt" in complaint and running.returncode != 0
    lines = kept.read_text().splitlines()
    assert 4 <= len(lines) - 1 < 10 and all(json.loads(line) for line in lines)
