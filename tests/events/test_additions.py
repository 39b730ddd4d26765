"""Events that a person adds to a record: read forgivingly, checked strictly, merged without a trace lost."""

import re
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from forecast import add_events, build_panel, read_chronology
from forecast.base.errors import DataError, SpecError
from forecast.cli import app
from forecast.data.events import EventTable, as_of, combine, describe_additions
from forecast.data.events.additions import additions_of
from forecast.data.events.codebook import code_of_kind, read_codes, read_kinds, read_scale
from forecast.data.panel import coverage_end, summarise
from forecast.data.sources import Source, open_source
from scripts.docs.reference import reference_pages

HEADER = "date,source,target,code,kind,summary\n"
GOOD = "2026-06-20,CHN,USA,,visit,A minister comes\n"


@pytest.fixture(scope="module")
def record() -> EventTable:
    return read_chronology(dyads=["USA-CHN", "IND-PAK"])


def file(folder: Path, rows: str, name: str = "week.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text(header + rows)
    return path


def reasons(table: EventTable, name: str = "week.csv") -> dict[int, str]:
    own = table.rejects[table.rejects["file"] == name]
    return dict(zip(own["line"], own["reason"], strict=True))


def test_kinds_are_codes_of_their_class():
    scale, kinds = read_scale("commitment"), read_kinds()
    assert set(kinds.values()) <= set(read_codes().index)
    assert all(scale.classes[scale.class_of[kinds[name]]] == name for name in scale.classes)
    with pytest.raises(
        DataError, match=r"'war': there is no such kind; the kinds are violence, .* and agreement"
    ):
        code_of_kind("war")


def test_rows_become_part_of_the_same_dataset(record, tmp_path):
    rows = "2026-06-14,CHN,USA,,visit,A minister comes\n2026-06-15,USA,CHN,057,,An agreement is signed\n"
    table = add_events(record, file(tmp_path, rows))
    new = table.events[~table.events["event_id"].isin(record.events["event_id"])]
    assert new["cameo"].tolist() == ["042", "057"]
    assert new["dataset"].unique().tolist() == ["chronology"]
    assert new["known_at"].equals(new["date"])
    assert new["reference"].tolist() == ["week.csv, line 2", "week.csv, line 3"]
    assert table.events.dtypes.equals(record.events.dtypes)
    assert [one.line for one in table.additions[0].events] == [2, 3]
    assert record.additions == ()


def test_one_bad_row_loses_no_good_one(record, tmp_path):
    rows = {
        "2026-06-16,USA,CHN,,warfare,?": "there is no such kind",
        "2026-06-16,USA,CHN,,,?": "no code or kind",
        "2026-06-16,USA,CHN,042,visit,?": "more than one code or kind",
        "2026-06-16,USA,CHN,42,,?": "042 is meant",
        "2026-06-16,USA,CHN,10,,?": "010 or 100 is meant",
        "2026-06-16,USA,CHN,999,,?": "not a code",
        "16.6.2026,USA,CHN,,visit,?": "not a day; write YYYY-MM-DD",
        f"{date.today() + timedelta(days=2)},USA,CHN,,visit,?": "date is later than today",
        "1936-06-16,USA,CHN,,visit,?": "before the record of USA-CHN begins, 1949-10-01",
        "2026-06-16,USA,FRA,,visit,?": "there is no record of FRA-USA to add to; there are",
        "2026-06-16,US,CHN,,visit,?": "not an ISO 3166 alpha-3 code",
        "2026-06-16,CHN,CHN,,visit,?": "source and target are the same",
        "2026-06-16,USA,CHN,,visit": "5 fields where 6 are expected",
    }
    table = add_events(record, file(tmp_path, "\n".join([*rows, GOOD])))
    found = reasons(table)
    assert [one.line for one in table.additions[0].events] == [2 + len(rows)]
    assert table.additions[0].rejected == len(found) == len(rows)
    for line, expected in enumerate(rows.values(), 2):
        assert expected in found[line]
    assert table.rejects["row"].iloc[-len(rows) :].tolist() == list(rows)  # as they were written


def test_what_is_there_already_is_named_and_not_counted_twice(record, tmp_path):
    covered = record.events[record.events["date"] <= "2026-06-13"]
    there = covered[covered["dyad"] == "USA-CHN"].iloc[-1]
    again = f"{there['date']:%Y-%m-%d},{there['source']},{there['target']},{there['cameo']},,in other words\n"
    table = add_events(record, file(tmp_path, again + GOOD + GOOD.replace("minister", "Minister ")))
    assert there["summary"] in reasons(table)[2]
    assert reasons(table)[4] == "is there already, in line 3"
    assert (table.additions[0].repeated, table.additions[0].rejected) == (2, 0)
    assert len(table.events) == len(record.events) + 1
    twice = add_events(table, file(tmp_path, GOOD, "again.csv"))
    assert len(twice.events) == len(table.events)
    assert "is there already" in reasons(twice, "again.csv")[2]
    assert any("line 2: is there already" in sentence for sentence in describe_additions(twice))


def test_what_only_resembles_a_row_is_counted_and_named(record, tmp_path):
    table = add_events(record, file(tmp_path, "2026-06-11,USA,CHN,,sanction,An embargo\n"))
    assert len(table.additions[0].events) == 1
    assert any(
        "line 2 is like 2026-06-10, 163" in sentence for sentence in describe_additions(table)
    )


def test_whoever_adds_says_that_the_record_is_complete(record, tmp_path):
    assert coverage_end(record, "USA-CHN") == date(2026, 6, 13)
    table = add_events(record, file(tmp_path, GOOD + "2026-08-01,CHN,USA,10,,unusable\n"))
    assert coverage_end(table, "USA-CHN") == date(2026, 6, 20)
    assert (
        str(summarise(table).set_index("dyad").loc["USA-CHN", "last_even"].date()) == "2026-06-20"
    )
    assert coverage_end(table, "IND-PAK") == coverage_end(record, "IND-PAK")
    stated = add_events(record, file(tmp_path, GOOD), covered_to="USA-CHN:2026-07-31")
    panel = build_panel(stated, dyads=["USA-CHN"])
    assert str(panel["time"].to_numpy()[-1])[:7] == "2026-07"
    assert panel["covered"].to_numpy()[0, 0, -1]
    early = add_events(record, file(tmp_path, GOOD), covered_to="USA-CHN:2026-06-15")
    assert (
        additions_of(build_panel(early, dyads=["USA-CHN"]).attrs)[0].events == ()
    )  # there, and outside coverage
    for day, words in (
        ("2026-06-01", "is before 2026-06-13"),
        (date.today() + timedelta(days=1), "in the future"),
    ):
        with pytest.raises(SpecError, match=words):
            add_events(record, file(tmp_path, GOOD), covered_to=f"USA-CHN:{day}")


def test_an_old_event_shortens_no_coverage(record, tmp_path):
    table = add_events(record, file(tmp_path, "2001-01-10,CHN,USA,,visit,A minister comes\n"))
    assert coverage_end(table, "USA-CHN") == coverage_end(record, "USA-CHN")
    assert table.additions[0].extensions == ()


def test_a_panel_says_what_was_added_to_it(record, tmp_path):
    rows = "2026-05-20,CHN,USA,,visit,A minister comes\n2026-06-20,CHN,USA,,aid,Help comes\n"
    table = add_events(record, file(tmp_path, rows))
    before, after = (
        build_panel(one, dyads=["USA-CHN"], as_of="2026-05-31") for one in (record, table)
    )
    assert after.attrs["counted"] == before.attrs["counted"] + 1
    assert after.attrs["digest"] != before.attrs["digest"]
    assert "additions" not in before.attrs
    (added,) = additions_of(after.attrs)
    assert [one.line for one in added.events] == [2]
    assert added.extensions == ()  # coverage after the day is no matter of this panel
    assert added.sha256 == table.additions[0].sha256
    later = additions_of(build_panel(table, dyads=["USA-CHN"]).attrs)[0]
    assert [one.line for one in later.events] == [2, 3]
    assert later.account["coverage"] == {"USA-CHN": {"before": "2026-06-13", "to": "2026-06-20"}}
    others = build_panel(table, dyads=["IND-PAK"])
    assert "additions" not in others.attrs


def test_additions_survive_what_is_done_to_tables(record, tmp_path):
    table = add_events(record, file(tmp_path, GOOD))
    assert as_of(table, "2026-10-01").additions == table.additions
    assert combine([table]).additions == table.additions


def test_from_python(record):
    frame = pd.DataFrame(
        {"date": [pd.Timestamp("2026-06-20")], "source": "CHN", "target": "USA", "code": "0871"}
    )
    for rows in (frame, frame.to_dict("records")):
        table = add_events(record, rows)
        assert table.additions[0].file == "rows"
        assert table.events[table.events["reference"] == "rows, row 1"]["cameo"].tolist() == [
            "0871"
        ]


def test_days_of_rows_are_text_dates_or_timestamps(record):
    days = ["2026-06-20", date(2026, 6, 21), pd.Timestamp("2026-06-22")]
    rows = [{"date": day, "source": "CHN", "target": "USA", "kind": "visit"} for day in days]
    table = add_events(record, rows)
    assert [row.date for row in table.additions[0].events] == [
        "2026-06-20",
        "2026-06-21",
        "2026-06-22",
    ]


def test_a_file_that_is_no_such_file_is_rejected_whole(record, tmp_path):
    for header, rows, words in (
        ("date,source,target,summary\n", "2026-06-20,CHN,USA,x\n", "'code' is missing"),
        ("date,source,code\n", "2026-06-20,CHN,042\n", "'target' is missing"),
        ("date;source;target;kind\n", "2026-06-20;CHN;USA;visit\n", "separated by ','"),
        (
            "date,source,target,kind,reference,referense\n",
            "2026-06-20,CHN,USA,visit,x,y\n",
            "'referense'",
        ),
        (HEADER, "", "a header and no rows"),
        (HEADER, "2026-06-16,USA,CHN,,warfare,?\n", "none of 1 rows is usable"),
        (HEADER, "2026-06-16,USA,FRA,,visit,?\n", "none of 1 rows is usable"),
    ):
        with pytest.raises(DataError, match=words):
            add_events(record, file(tmp_path, rows, header=header))
    with pytest.raises(DataError, match="was read already"):
        add_events(add_events(record, file(tmp_path, GOOD)), tmp_path / "week.csv")
    with pytest.raises(SpecError, match="'mine' is not in the table"):
        add_events(record, tmp_path / "week.csv", dataset="mine")


def test_a_source_with_additions(tmp_path):
    file(tmp_path, GOOD, "1.csv")
    file(tmp_path, GOOD.replace("06-20", "06-21"), "2.csv")
    records = open_source(
        Source(additions=(str(tmp_path),), covered_to=("USA-CHN:2026-06-30",)), ["USA-CHN"]
    )
    assert [one.file for one in records.table.additions] == ["1.csv", "2.csv"]
    assert records.last_day("USA-CHN") == date(2026, 6, 30)
    assert {"1.csv", "2.csv", "USA-CHN.csv"} <= records.digests_of(["USA-CHN"]).keys()
    assert Source().model_dump() == {"kind": "chronology", "path": None, "mapping": None}
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpecError, match="no file with the ending"):
        open_source(Source(additions=(str(tmp_path / "empty"),)))
    with pytest.raises(SpecError, match="none are added"):
        Source(covered_to=("USA-CHN:2026-06-30",))


@pytest.mark.parametrize("command", [["report"], ["explain", "old"], ["compare", "old", "new"]])
def test_a_day_of_coverage_without_events_is_rejected(command):
    result = CliRunner().invoke(app, [*command, "--covered-to", "USA-CHN:2026-06-30"])
    assert result.exit_code == 2
    assert "give --add as well" in " ".join(result.output.split())


CELLS = st.sampled_from(
    [
        "2026-06-20",
        "2026-05-20",
        "CHN",
        "USA",
        "042",
        "visit",
        "",
        "x",
        '"',
        "2026-6-1",
        "IND",
        "-1",
    ]
)


@given(rows=st.lists(st.tuples(*[CELLS] * 6), min_size=1, max_size=8))
def test_every_row_is_added_repeated_or_rejected(record, rows):
    frame = pd.DataFrame(rows, columns=["date", "source", "target", "code", "kind", "n"])
    try:
        table = add_events(record, frame)
    except DataError as error:
        assert "is usable" in str(error)
        return
    (addition,) = table.additions
    assert (
        len(addition.events) + addition.repeated + addition.rejected == addition.rows == len(rows)
    )
    assert len(table.events) == len(record.events) + len(addition.events)
    assert table.events["event_id"].is_unique


def test_the_page_for_users_is_right(record, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "adding-events.md").read_text("utf-8")
    (tmp_path / "week.csv").write_text(re.findall(r"```csv\n(.*?)```", text, re.DOTALL)[0])
    (code,) = re.findall(r"```python\n(.*?)\nlater = ", text, re.DOTALL)
    told: dict[str, EventTable] = {}
    with chdir(tmp_path):
        exec(code, told)
    (addition,) = told["table"].additions
    assert (len(addition.events), addition.rejected, addition.repeated) == (5, 0, 0)
    panel = build_panel(told["table"], dyads=["USA-CHN"], as_of="2026-06-18")
    assert f"report/USA-CHN-{addition.extensions[0].to}" in text
    assert (
        panel.attrs["counted"]
        == build_panel(record, dyads=["USA-CHN"], as_of="2026-06-18").attrs["counted"] + 4
    )
    words = reference_pages(Path(__file__).parents[2])["codebook.md"]
    assert [kind for kind in read_kinds() if f"| {kind} |" not in words] == []
