"""How numbers, dates and lists read: the promises hold for every number, not for some examples."""

import calendar
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.base import wording

PROBABILITIES = st.floats(0, 1)
FINITE = st.floats(-1e9, 1e9)
DECIMALS = st.integers(0, 3)
WORDS = st.text("abcdefgh", min_size=1, max_size=5)


def value_of(text):
    """Read a number back, as a person would."""
    return float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


@given(PROBABILITIES, DECIMALS)
def test_a_percent_is_none_or_all_only_if_exactly_so(share, decimals):
    shown = wording.percent(share, decimals)
    value = float(re.fullmatch(r"[<>]?([\d.]+)%", shown)[1])
    assert (value == 0) == (share == 0)
    assert (value == 100) == (share == 1)


@given(PROBABILITIES, DECIMALS)
def test_a_percent_is_within_half_of_its_last_digit_or_a_true_bound(share, decimals):
    shown = wording.percent(share, decimals)
    value = float(re.search(r"[\d.]+", shown)[0])
    if shown.startswith("<"):
        assert 0 < 100 * share < value
    elif shown.startswith(">"):
        assert value < 100 * share < 100
    else:
        assert abs(100 * share - value) <= 0.5 * 10**-decimals + 1e-9


@given(PROBABILITIES, DECIMALS)
def test_a_chance_never_reads_as_certain(probability, decimals):
    value = float(re.search(r"[\d.]+", wording.chance(probability, decimals))[0])
    assert 0 < value < 100


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_certain_shares_read_so_and_certain_chances_do_not(certain):
    assert wording.percent(certain) == f"{100 * certain:.0f}%"
    assert wording.chance(certain) in ("<1%", ">99%")


@given(PROBABILITIES, PROBABILITIES)
def test_larger_chances_never_read_smaller(one, other):
    low, high = sorted((one, other))

    def place(shown):
        return float(re.search(r"[\d.]+", shown)[0]) + {"<": -0.5, ">": 0.5}.get(shown[0], 0)

    assert place(wording.chance(low)) <= place(wording.chance(high))


def test_the_last_bit_of_a_mean_decides_no_tie():
    tie, off = 0.225, 0.22500000000000003
    assert tie != off
    assert wording.chance(tie) == wording.chance(off)
    assert wording.whole_percents([tie, off, 0.55]) == wording.whole_percents([off, tie, 0.55])


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=6))
def test_whole_percents_add_up_and_none_is_a_percent_away(parts):
    whole = sum(parts)
    shares = [part / whole for part in parts]
    percents = wording.whole_percents(shares, 100)
    assert sum(percents) == 100
    assert all(
        abs(shown - 100 * share) < 1 + 1e-6 for shown, share in zip(percents, shares, strict=True)
    )
    assert sum(wording.whole_percents(shares)) == 100


@given(FINITE, DECIMALS)
def test_a_number_reads_back_within_its_rounding(value, decimals):
    shown = wording.number(value, decimals)
    assert abs(value_of(shown) - value) <= 0.5 * 10**-decimals + 1e-6
    assert "-" not in shown


@given(FINITE, DECIMALS)
def test_zero_has_no_sign(value, decimals):
    for shown in (wording.number(value, decimals), wording.signed(value, decimals)):
        if value_of(shown) == 0:
            assert not shown.startswith(("\N{MINUS SIGN}", "+", "-"))


@given(FINITE, DECIMALS)
def test_a_signed_number_has_its_sign(value, decimals):
    shown = wording.signed(value, decimals)
    read = value_of(shown)
    assert shown[0] == ("+" if read > 0 else "\N{MINUS SIGN}") or read == 0
    assert shown.lstrip("+") == wording.number(value, decimals)


@given(st.floats(0.01, 1e6))
def test_a_number_keeps_two_digits_whatever_its_size(value):
    assert value_of(wording.number(value)) == pytest.approx(value, rel=0.05)


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_what_is_not_there_is_a_dash(absent):
    for format_value in (wording.number, wording.signed, wording.percent, wording.chance):
        assert format_value(absent) == wording.DASH


@given(FINITE, FINITE, FINITE, DECIMALS)
def test_an_interval_reads_the_same_in_brackets_and_in_words(middle, low, high, decimals):
    brackets = wording.interval(middle, low, high, decimals)
    spelled = wording.interval_in_words(middle, low, high, decimals)
    assert re.findall(r"[−\d.,]*\d", brackets) == re.findall(
        r"[−\d.,]*\d", spelled.replace("90% interval ", "")
    )


def test_an_interval_without_ends_is_its_number():
    assert wording.interval(41.3, None, None) == "41"


@given(st.floats(-50, 50))
def test_a_ratio_is_never_below_one(log_ratio):
    shown = wording.ratio(log_ratio)
    assert value_of(shown.lstrip(">")) >= 1
    assert shown == wording.ratio(-log_ratio)


@given(st.lists(WORDS, max_size=5), st.sampled_from(["and", "or"]))
def test_a_joined_list_comes_apart_again(items, last):
    assert re.split(f", | {last} ", wording.join(items, last)) == (items or [""])
    assert wording.join(items, last).count(f" {last} ") == (len(items) > 1)


@given(st.integers(0, 10**9))
def test_only_one_is_singular(many):
    number, thing = wording.count(many, "row").split(" ")
    assert value_of(number) == many
    assert thing == ("row" if many == 1 else "rows")


@given(st.dates())
def test_a_day_reads_back(when):
    number, name, year = wording.day(when).split(" ")
    names = list(calendar.month_name)
    assert date(int(year), names.index(name), int(number)) == when
    assert wording.day(when).endswith(wording.month(when))
    assert wording.month(when)[:3] == wording.month(when, short=True)[:3]
    assert wording.period(when, weekly=True) == f"the week to {wording.day(when)}"


def test_a_percent_sign_stands_at_its_number():
    assert wording.interval_in_words(17, 13, 21, unit="%") == "17% (90% interval 13 to 21)"
    assert wording.quantity(3, "months", 0) == "3 months"
    assert wording.quantity(3, "", 0) == "3"
