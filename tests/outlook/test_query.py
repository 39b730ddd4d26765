"""What can be asked, and what is answered with a sentence instead."""

from datetime import date

import pytest

from forecast.base.dates import add_months, months_ahead
from forecast.base.errors import SpecError
from forecast.outlook import assess
from forecast.outlook.query import Query, main_horizon
from tests.made import make_fit

ERAS = {"USA-CHN": (("containment", -9), ("engagement", 20))}
FIT = make_fit(("USA-CHN",), chains=2, draws=3, months=60, eras=ERAS)  # to December 2004


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"above": 0.0},
            "above: got 0; expected a share in per cent, more than 0 and less than 100",
        ),
        ({"above": 100.0}, "above: got 100"),
        ({"above": float("nan")}, "above: got nan"),
        ({"above": 60.0, "at": date(2005, 6, 30), "by": date(2005, 6, 30)}, "at, by: "),
        (
            {"by": date(2005, 6, 30)},
            "by: the month up to which a share is to be reached; give the share too",
        ),
        ({"at": date(2004, 12, 31)}, "at: 2004-12 is not after 2004-12, the month of the outlook"),
        ({"at": date(1999, 1, 31)}, "at: 1999-01 is not after 2004-12"),
        (
            {"above": 60.0, "by": date(2015, 1, 31)},
            "by: 2015-01 is 121 months ahead; expected at most 120",
        ),
        (
            {"above": 60.0, "by": date(2005, 6, 30), "horizons": (72,)},
            "by: fewer than 72 months are covered",
        ),
    ],
)
def test_nonsense_is_answered_in_words(asked, words):
    with pytest.raises(SpecError) as caught:
        assess(FIT, "USA-CHN", **asked)
    assert str(caught.value).startswith(words)


def test_windows_that_are_half_over_need_a_record_up_to_now():
    covered = FIT.panel["covered"].copy()
    covered[..., -1:] = False
    panel = FIT.panel.assign(covered=covered)
    Query.of(panel, "USA-CHN", (12,), above=60.0)
    with pytest.raises(SpecError, match="by: coverage ends before December 2004"):
        Query.of(panel, "USA-CHN", (12,), above=60.0, by=date(2005, 6, 30))


def test_an_index_records_nothing():
    index = FIT.panel.drop_vars(["counts", "covered"]).assign(index=0.0 * FIT.panel["era_index"])
    with pytest.raises(SpecError, match="above: the data are an index"):
        assess(type(FIT)(FIT.posterior, index, FIT.spec), "USA-CHN", above=60.0)


def test_a_month_stands_for_a_horizon():
    query = Query.of(FIT.panel, "USA-CHN", (3, 6), at=date(2005, 12, 1))
    assert (query.horizons, main_horizon(query.horizons), query.reach) == ((12,), 12, 12)
    later = Query.of(FIT.panel, "USA-CHN", (6, 3), above=50.0, by=date(2014, 12, 31))
    assert (later.horizons, later.by, main_horizon(later.horizons), later.reach) == (
        (3, 6),
        120,
        6,
        120,
    )


def test_every_month_ahead_is_counted_right():
    for months in range(1, 121):
        assert (
            months_ahead(date(2004, 12, 31), add_months(date(2004, 12, 1), months), "at") == months
        )
        assert (
            months_ahead(date(2005, 1, 2), add_months(date(2004, 12, 1), months), "at") == months
        )  # end of a week
