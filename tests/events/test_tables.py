"""Any table by a mapping: nothing guessed, nothing dropped in silence, every rejection says what to do."""

import json
import os
import re
import time

import pandas as pd
import pytest

from forecast.base.errors import DataError, MappingError, SpecError
from forecast.data.events import as_of, combine, read_table, write_rejects
from forecast.data.events.codebook import read_codes
from forecast.data.events.mapping import TableMapping
from forecast.data.events.table import EVENT_COLUMNS, broken_rules
from tests.systems import posix

COLUMNS = {"date": "day", "source": "from", "target": "to", "cameo": "code"}
MAPPING = {"dataset": "mine", "columns": COLUMNS}
DTYPES = {
    **dict.fromkeys(EVENT_COLUMNS, "str"),
    **dict.fromkeys(("date", "known_at"), "datetime64[s]"),
    "goldstein": "float64",
    "quad": "int8",
    "n": "int64",
}
HEADER = "day,from,to,code\n"


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="mine.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return to_file


def read(write, rows, **changes):
    return read_table(write(HEADER + rows), MAPPING | changes)


def reason(write, rows, **changes):
    """Return why the second of two rows is rejected; the first is good."""
    rejects = read(write, "2024-05-15,USA,CHN,010\n" + rows, **changes).rejects
    assert list(rejects["line"]) == [3]
    return rejects["reason"].iloc[0]


def test_a_table_becomes_the_contract(write):
    table = read(write, "2024-05-16,CHN,USA,0231\n2024-05-15,USA,CHN,010\n")
    assert tuple(table.events.columns) == EVENT_COLUMNS
    assert list(table.events["cameo"]) == ["010", "0231"]
    assert list(table.events["goldstein"]) == [0.0, 3.4]
    assert set(table.events["dataset"]) == {"mine"}
    assert set(table.events["dyad"]) == {"USA-CHN"}
    assert broken_rules(table.events) == []
    # Text is `str` from pandas 3 on and `object` before.
    types = table.events.dtypes.astype(str).replace("object", "str")
    assert types.to_dict() == DTYPES
    assert table.files[0][0::2] == ("mine.csv", 2)


def test_an_id_made_from_content_is_the_same_everywhere(write):
    event = read(write, "2024-05-15,USA,CHN,010\n").events.iloc[0]
    assert event["event_id"] == "73ceb17d0c6501c4"


def test_every_code_survives_as_text_also_where_zeros_were_lost(write):
    codes = [code for code in read_codes().index if len(code) > 2]
    rows = "".join(f"2024-05-15,USA,CHN,{code}\n" for code in codes)
    assert sorted(read(write, rows).events["cameo"]) == codes
    as_numbers = "".join(f"2024-05-15,USA,CHN,{int(code)}\n" for code in codes)
    assert sorted(read(write, as_numbers, leading_zeros="lost").events["cameo"]) == codes


def test_a_file_that_lost_zeros_is_refused_rather_than_read_wrongly_in_part(write):
    with pytest.raises(MappingError, match=r"line 3: '61'.*leading_zeros: lost"):
        read(write, "2024-05-15,USA,CHN,10\n2024-05-15,USA,CHN,61\n")


def test_two_digits_are_a_root_only_if_a_zero_survived_or_the_mapping_says_so(write):
    rows = "2024-05-15,USA,CHN,10\n"
    with pytest.raises(MappingError, match=r"line 2: '10'.*or `kept`"):
        read(write, rows)
    for zeros, code in (("kept", "10"), ("lost", "010")):
        assert read(write, rows, leading_zeros=zeros).events["cameo"].iloc[0] == code
    assert set(read(write, rows + "2024-05-16,USA,CHN,042\n").events["cameo"]) == {"10", "042"}


@pytest.mark.parametrize("code", ["EUR", "IGO", "ROM", "ABC"])
def test_a_code_of_no_state_is_rejected_unless_the_mapping_names_it(write, code):
    assert "code of a state" in reason(write, f"2024-05-15,USA,{code},010\n")
    named = read(write, f"2024-05-15,USA,{code},010\n", countries={code: code})
    assert list(named.events["target"]) == [code]


def test_codes_that_iso_leaves_to_users_are_accepted(write):
    table = read(write, "2024-05-15,USA,XKX,010\n2024-05-16,AAA,ZZZ,010\n")
    assert table.dyads == ["AAA-ZZZ", "USA-XKX"]


def test_a_numeric_code_column_of_a_parquet_file_is_refused_unless_declared(tmp_path):
    path = tmp_path / "mine.parquet"
    days = pd.to_datetime(["2024-05-15", "2024-05-16"])
    pd.DataFrame({"day": days, "from": "USA", "to": "CHN", "code": [10, 190]}).to_parquet(path)
    with pytest.raises(MappingError, match="leading zeros"):
        read_table(path, MAPPING)
    assert list(read_table(path, MAPPING | {"leading_zeros": "lost"}).events["cameo"]) == [
        "010",
        "190",
    ]


def test_parquet_reads_as_csv_does(tmp_path, write):
    csv = read(write, "2024-05-15,USA,CHN,010\n")
    path = tmp_path / "mine.parquet"
    pd.read_csv(write(HEADER + "2024-05-15,USA,CHN,010\n"), dtype=str).to_parquet(path)
    pd.testing.assert_frame_equal(read_table(path, MAPPING).events, csv.events)


def test_columns_by_position_without_a_header(write):
    path = write('"1","20240515","USA",NULL,"CHN","010"\n', "dump.csv")
    columns = {"event_id": 1, "date": 2, "source": 3, "target": 5, "cameo": 6, "actor": 4}
    mapping = {"dataset": "dump", "header": False, "date_format": "%Y%m%d", "columns": columns}
    event = read_table(path, mapping).events.iloc[0]
    assert (str(event["date"].date()), event["event_id"], event["actor"]) == ("2024-05-15", "1", "")


def test_tabs_and_stray_quotation_marks(write):
    path = write('day\tfrom\tto\tcode\twhat\n2024-05-15\tUSA\tCHN\t010\tthe "talks\n')
    mapping = {
        "dataset": "m",
        "delimiter": "tab",
        "quoted": False,
        "columns": COLUMNS | {"summary": "what"},
    }
    assert read_table(path, mapping).events["summary"].item() == 'the "talks'


def test_countries_by_name_and_constants(write):
    path = write("day,to,code\n2024-05-15,Russian Federation,010\n")
    columns = {"date": "day", "target": "to", "cameo": "code"}
    mapping = {"dataset": "m", "columns": columns, "constants": {"source": "USA", "n": 3}}
    event = read_table(path, mapping | {"countries": {"Russian Federation": "RUS"}}).events.iloc[0]
    assert (event["source"], event["target"], event["dyad"], event["n"]) == (
        "USA",
        "RUS",
        "USA-RUS",
        3,
    )


def test_when_it_could_be_known(write):
    path = write("day,from,to,code,added\n2024-05-15,USA,CHN,010,20240517120000\n")
    columns = COLUMNS | {"known_at": "added"}
    table = read_table(
        path, {"dataset": "m", "columns": columns, "known_at_format": "%Y%m%d%H%M%S"}
    )
    assert str(table.events["known_at"].item().date()) == "2024-05-17"
    with pytest.raises(
        SpecError, match=r"as_of 2024-05-16 is before the data. Choose 2024-05-17 or later"
    ):
        as_of(table, "2024-05-16")


def test_the_mapping_may_be_a_file_of_either_kind(write, tmp_path):
    path = write(HEADER + "2024-05-15,USA,CHN,010\n")
    (tmp_path / "m.json").write_text(json.dumps(MAPPING))
    yaml = "dataset: mine\ncolumns: {date: day, source: from, target: to, cameo: code}\n"
    (tmp_path / "m.yaml").write_text(yaml)
    read_one = read_table(path, tmp_path / "m.json").events
    pd.testing.assert_frame_equal(read_one, read_table(path, tmp_path / "m.yaml").events)
    pd.testing.assert_frame_equal(
        read_one, read_table(path, TableMapping.model_validate(MAPPING)).events
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("2024-13-01,USA,CHN,010", "date '2024-13-01': not a day; write YYYY-MM-DD"),
        (",USA,CHN,010", "date '': missing"),
        ("1690-07-11,USA,CHN,010", "date '1690-07-11': not a day"),
        (
            "2024-05-15,United States,CHN,010",
            "source 'United States': not an ISO 3166 alpha-3 code",
        ),
        ("2024-05-15,USA,NULL,010", "target '': missing"),
        ("2024-05-15,USA,USA,010", "source and target are the same"),
        ("2024-05-15,USA,CHN,999", "cameo '999': not a code of the codebook"),
        ("2024-05-15,USA,CHN", "3 fields where 4 are expected"),
        ("2024-05-15,USA,CHN,010,x", "5 fields where 4 are expected"),
        ("2024-05-15,USA,CHN,010", "same row as line 2"),
        ("2024-05-15,,CHN,999", "source '': missing; cameo '999'"),
    ],
)
def test_a_rejected_row_says_why(write, row, expected):
    assert reason(write, row + "\n").startswith(expected)


def test_what_follows_from_a_field_at_fault_is_not_told_again(write):
    assert (
        reason(write, "soon,USA,CHN,010\n")
        == "date 'soon': not a day; write YYYY-MM-DD, or the format that a mapping states"
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("n", "0", "n '0': not a whole number from 1"),
        ("n", "1.5", "n '1.5': not a whole number from 1"),
        ("n", "2147483648", "n '2147483648': not a whole number from 1"),
        ("n", "many", "n 'many': not a whole number from 1"),
        ("goldstein", "11", "goldstein '11': not a number from -10 to 10"),
        ("quad", "5", "quad '5': not 1, 2, 3 or 4"),
        ("known_at", "2024-05-01", "known_at is before date"),
    ],
)
def test_optional_fields_are_checked_too(write, field, value, expected):
    path = write(f"day,from,to,code,x\n2024-05-15,USA,CHN,010,\n2024-05-16,USA,CHN,010,{value}\n")
    if field == "known_at":
        path.write_text(path.read_text().replace("010,\n", "010,2024-05-15\n", 1))
    table = read_table(path, MAPPING | {"columns": COLUMNS | {field: "x"}})
    assert expected in table.rejects["reason"].item()


def test_the_line_of_a_reject_counts_lines_within_quotes(write, tmp_path):
    path = write(
        'day,from,to,code,what\n2024-05-15,USA,CHN,010,"two\nlines"\n\n2024-05-16,USA,CHN,x,"a, b"\n'
    )
    table = read_table(path, MAPPING | {"columns": COLUMNS | {"summary": "what"}})
    assert table.rejects["line"].item() == 5
    assert table.files[0].rejected == 1
    write_rejects(table, tmp_path / "out" / "rejects.csv")
    written = pd.read_csv(tmp_path / "out" / "rejects.csv")
    assert list(written.columns) == ["file", "line", "reason", "row"]
    assert written["row"].item() == '2024-05-16,USA,CHN,x,"a, b"'


def test_a_file_without_a_usable_row_is_an_error(write):
    with pytest.raises(DataError, match=r"none of 2 rows is usable. The first, line 2: cameo 'x'"):
        read(write, "2024-05-15,USA,CHN,x\n2024-05-16,USA,CHN\n")
    with pytest.raises(DataError, match="a header and no rows"):
        read(write, "")
    with pytest.raises(DataError, match=r"mine.csv is empty"):
        read_table(write(""), MAPPING)


def test_given_ids_must_be_unique_unless_repeats_are_to_be_rejected(write):
    path = write(
        "id,day,from,to,code\n7,2024-05-15,USA,CHN,010\n8,2024-05-15,USA,CHN,010\n7,2024-05-16,USA,CHN,020\n"
    )
    mapping = MAPPING | {"columns": COLUMNS | {"event_id": "id"}}
    with pytest.raises(
        DataError, match=r"lines 2 and 4 have the same event id '7'.*duplicate_ids: reject"
    ):
        read_table(path, mapping)
    table = read_table(path, mapping | {"duplicate_ids": "reject"})
    assert list(table.events["event_id"]) == ["7", "8"]
    assert table.rejects["reason"].item() == "same event id as line 2"


def test_the_same_event_in_two_tables_is_refused(write):
    table = read(write, "2024-05-15,USA,CHN,010\n")
    with pytest.raises(DataError, match=r"occurs twice \(in mine.csv and in mine.csv\)"):
        combine([table, table])
    with pytest.raises(DataError, match="at least one"):
        combine([])


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"columns": COLUMNS}, "field `dataset`: Field required"),
        ({"dataset": "m"}, "field `columns`: Field required"),
        (MAPPING | {"delimeter": ";"}, "field `delimeter`: Extra inputs"),
        (
            MAPPING | {"columns": COLUMNS | {"colour": "x"}},
            "columns: 'colour' is no field; fields are date",
        ),
        (
            MAPPING | {"columns": {"date": "day", "source": "from", "target": "to"}},
            "cameo is missing",
        ),
        (
            MAPPING | {"constants": {"date": "2024-01-01"}},
            "date stands under `columns` and under `constants`",
        ),
        (MAPPING | {"columns": COLUMNS | {"date": 0}}, "field `columns.date"),
        (
            MAPPING | {"columns": COLUMNS | {"date": "when"}},
            "date in column 'when', which is not there. Columns: day",
        ),
        (MAPPING | {"columns": COLUMNS | {"date": 9}}, "date in column 9, but there are 4"),
        (MAPPING | {"leading_zeros": "maybe"}, "field `leading_zeros`"),
    ],
)
def test_a_malformed_mapping_names_the_field(write, mapping, message):
    with pytest.raises(MappingError, match=message.replace("(", r"\(")):
        read_table(write(HEADER + "2024-05-15,USA,CHN,010\n"), mapping)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("form", ["%m-%d", "%%Y-%m-%d", "%d %x", "%j"])
def test_a_format_of_dates_without_a_year_is_rejected_before_it_is_tried(write, form):
    """Python only warns of such a format, and takes another year in later versions."""
    with pytest.raises(MappingError, match="has no year; write a format such as"):
        read_table(write(HEADER + "2024-05-15,USA,CHN,010\n"), MAPPING | {"date_format": form})


@pytest.mark.parametrize(
    ("text", "message"), [("dataset: [", "neither YAML"), ("just words", "expected fields")]
)
def test_a_mapping_file_that_is_none(write, tmp_path, text, message):
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(MappingError, match=message):
        read_table(write(HEADER), tmp_path / "m.yaml")
    with pytest.raises(MappingError, match="cannot be read"):
        read_table(write(HEADER), tmp_path / "none.yaml")


def test_files_that_cannot_be_read(write, tmp_path):
    with pytest.raises(DataError, match="Check the path"):
        read_table(tmp_path / "none.csv", MAPPING)
    with pytest.raises(DataError, match="Set `encoding`"):
        read_table(write(HEADER + "2024-05-15,USA,CHN,é\n", encoding="latin-1"), MAPPING)
    with pytest.raises(DataError, match="not a Parquet file"):
        read_table(write("nothing", "mine.parquet"), MAPPING)
    with pytest.raises(DataError, match="two columns are called 'day'"):
        read_table(write("day,day\n"), MAPPING)


def test_the_time_of_a_header_is_linear_in_its_columns(write):
    """Five million commas, or twenty thousand names, are rejected before anything is made of them."""
    for text, number in (
        ("," * 5_000_000 + "\n", "5,000,001"),
        (",".join(map(str, range(20_000))) + "\n", "20,000"),
    ):
        start = time.process_time()
        with pytest.raises(
            DataError, match=f"has {number} columns, more than the 10,000 that are read"
        ):
            read_table(write(text), MAPPING)
        assert time.process_time() - start < 5
    start = time.process_time()
    row = "2024-05-15,USA,CHN,010," + "," * 9_994
    table = read_table(
        write(f"day,from,to,code,{','.join(map(str, range(9_995)))}\n{row}\n"), MAPPING
    )
    assert len(table.events) == 1 and time.process_time() - start < 10


@pytest.mark.parametrize(
    ("day", "form"), [("２０２４0515", "%Y%m%d"), ("２０２４/05/15", "%Y/%m/%d")]
)
def test_a_day_in_digits_of_another_script_is_none(write, day, form):
    path = write(
        f"day,from,to,code,x\n{day},USA,CHN,010,1\n{day.replace('２０２４', '2024')},USA,CHN,010,1\n"
    )
    table = read_table(path, MAPPING | {"date_format": form})
    assert (len(table.events), list(table.rejects["line"])) == (1, [2])


def test_the_largest_n_is_read_whole(write):
    path = write("day,from,to,code,x\n2024-05-15,USA,CHN,010,2147483647\n")
    table = read_table(path, MAPPING | {"columns": COLUMNS | {"n": "x"}})
    assert table.events["n"].tolist() == [2147483647]


@posix
def test_special_and_endless_files_are_rejected_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with (tmp_path / "sparse.csv").open("wb") as file:
        file.truncate(500_000_001)
    for name in ("pipe", "zero", "folder", "loop", "sparse"):
        start = time.process_time()
        with pytest.raises(DataError, match=rf"{name}\.csv"):
            read_table(tmp_path / f"{name}.csv", MAPPING)
        assert time.process_time() - start < 2.0


def test_a_byte_order_mark_is_no_part_of_the_header(write):
    path = write("\ufeff" + HEADER + "2024-05-15,USA,CHN,010\n")
    assert len(read_table(path, MAPPING).events) == 1


@pytest.mark.parametrize(("separator", "written"), [(";", ";"), ("\t", "tab"), ("|", "|")])
def test_another_separator_than_the_mapping_says_is_named(tmp_path, separator, written):
    path = tmp_path / "mine.csv"
    rows = [("date", "source", "target", "code"), ("2020-02-01", "USA", "CHN", "042")]
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    columns = {"date": "date", "source": "source", "target": "target", "cameo": "code"}
    with pytest.raises(
        DataError, match=re.escape(f"separated by {written!r}, and the mapping says ','")
    ):
        read_table(path, {"dataset": "mine", "columns": columns})


def test_another_separator_is_named_where_columns_are_by_position(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("2020-02-01;USA;CHN;042\n")
    columns = {"date": 1, "source": 2, "target": 3, "cameo": 4}
    with pytest.raises(DataError, match=r"separated by ';'.*Write `delimiter: ';'`"):
        read_table(path, {"dataset": "mine", "columns": columns, "header": False})
