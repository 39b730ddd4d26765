"""Tables of KEDS and COPDAB: each row is an event between states or rejected by name.

No scheme passes for another.
"""

import gzip
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast import Source, build_index_panel, build_panel
from forecast.base.errors import DataError, MappingError, SpecError
from forecast.base.resources import data_folder
from forecast.cli import app
from forecast.data.events import read_copdab, read_keds, read_table
from forecast.data.events.codebook import read_codes, read_small_csv, state_names
from forecast.data.events.keds import ACTORS, NO_STATE, find_actor
from forecast.data.events.schemes import SCHEMES, nearest_roots, read_scheme
from forecast.data.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
OUTSIDERS = Path(os.environ.get("OUTSIDERS", ROOT.parent / "shared" / "outsiders"))
CAMEO = """date,source,target,code
1992-01-03,TUR,GRC,042
1992-01-03,TURGOV,GRCMIL,042
1992-01-04,TURREBPKK,GRC,190
1992-01-05,TUR,TURMIL,112
1992-01-06,IGOUNO,TUR,036
1992-01-07,ROM,TUR,0841]
1992-01-08,TUR,GRC,999
1992-13-08,TUR,GRC,112
1992-01-09,CYPTRK,GRC,112
"""
WEIS = """date,source,target,code
1979-04-15,IRQ,UAR,193
1979-04-16,IRQ,IRN,223
1979-04-16,USA,IRN,212
1979-04-17,AUS,UNK,032
1979-04-18,USA,IRN,023
1979-04-19,USA,IRN,130
"""


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="keds.csv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return to_file


def outsiders(name):
    path = OUTSIDERS / name
    return pytest.param(
        path, marks=pytest.mark.skipif(not path.exists(), reason=f"{name} is not at hand")
    )


def test_rows_are_events_between_states_or_rejected_by_name(write):
    table = read_keds(write(CAMEO))
    assert list(table.events[["source", "target", "cameo"]].itertuples(index=False, name=None)) == [
        ("TUR", "GRC", "042"),
        ("ROU", "TUR", "0841"),
    ]
    reasons = dict(zip(table.rejects["line"], table.rejects["reason"], strict=True))
    assert reasons == {
        3: "same day, states and code as line 2",
        4: "TURREBPKK: rebels, no state",
        5: "source and target are of one state",
        6: "IGOUNO: not in the table of states",
        8: "cameo '999': not a code of the codebook",
        9: "date '1992-13-08': not a day; write YYYY-MM-DD, or the format that a mapping states",
        10: "CYPTRK: Turkish Cypriots",
    }
    assert table.rejects["row"].iloc[1] == "1992-01-04,TURREBPKK,GRC,190"


def test_the_text_form_csv_and_gzip_give_the_same_events(write):
    rows = [line.split(",") for line in CAMEO.splitlines()[1:]]
    text = "".join(
        "\t".join([day.replace("-", "")[2:], *rest, "(A LABEL)", 'a "quote']) + "\n"
        for day, *rest in rows
    )
    expected = read_keds(write(CAMEO)).events.drop(columns=["event_id", "summary"])
    for name, content in (("keds.txt", text), ("keds.txt.gz", text), ("keds.csv.gz", CAMEO)):
        found = read_keds(write(content, name)).events
        pd.testing.assert_frame_equal(found.drop(columns=["event_id", "summary"]), expected)
    assert set(read_keds(write(text, "keds.txt")).events["summary"]) == {"(A LABEL)"}
    short = read_keds(write(text + "920104\tTUR\tGRC\n", "keds.txt"))
    assert short.rejects["reason"].str.contains("3 fields where 6 are expected").sum() == 1


def test_codes_of_weis_have_their_weights_and_count_by_their_meaning(write):
    table = read_keds(write(WEIS), scheme="weis")
    found = table.events.set_index("summary")
    assert found.loc["WEIS 223, military engagement", "goldstein"] == -10.0
    assert found.loc["WEIS 212, arrest", ["cameo", "goldstein", "quad"]].tolist() == ["17", -4.4, 4]
    assert found.loc["WEIS 032, visit", ["source", "target", "cameo"]].tolist() == [
        "AUT",
        "GBR",
        "042",
    ]
    assert set(table.dyads) == {"EGY-IRQ", "IRN-IRQ", "USA-IRN", "AUT-GBR"}
    assert table.rejects["reason"].tolist() == [
        "cameo '023': neutral comment, neither cooperation nor conflict",
        "cameo '130': protest, a code without a weight in WEIS",
    ]
    assert build_panel(table)["counts"].sum() == 4


def test_every_code_of_weis_is_counted_on_the_side_of_its_weight():
    codes, cameo = read_scheme("weis").codes, read_codes()
    counted = codes[codes["cameo"] != ""]
    assert len(counted) > 90
    assert set(counted["cameo"]) <= set(cameo.index)
    assert ((counted["goldstein"] > 0) == (counted["cameo"].map(cameo["quad"]) <= 2)).all()
    assert (codes.index[codes["cameo"] == ""].str[:2] == "02").sum() == 8
    assert codes.index[codes["goldstein"].isna()].tolist() == [
        "114",
        "130",
        "143",
        "199",
        "204",
        "214",
        "215",
    ]


@pytest.mark.parametrize("path", [outsiders("weis_goldstein.csv")])
def test_the_weights_are_those_of_goldstein(path):
    weights = pd.read_csv(path, dtype={"code": str}).set_index("code")["w"]
    own = read_scheme("weis").codes["goldstein"].dropna()
    assert own.to_dict() == weights.to_dict()


@pytest.mark.parametrize("zeros", [None, "kept", "lost"])
def test_a_table_of_weis_is_not_read_as_cameo(write, zeros):
    mapping = {
        "dataset": "gulf",
        "columns": {"date": 1, "source": 2, "target": 3, "cameo": 4},
        "leading_zeros": zeros,
    }
    with pytest.raises(
        MappingError, match=r"of WEIS and not of CAMEO, such as .* roots 21 and 22.*scheme: weis"
    ):
        read_table(write(WEIS), mapping)
    with pytest.raises(MappingError, match="--scheme weis"):
        read_keds(write(WEIS))
    table = read_table(write(WEIS), mapping | {"scheme": "weis", "leading_zeros": "kept"})
    assert table.events["summary"].str.startswith("WEIS").all()


def test_a_table_of_cameo_is_not_read_as_weis(write):
    with pytest.raises(MappingError, match="codes are of CAMEO and not of WEIS"):
        read_keds(write(CAMEO), scheme="weis")


def test_few_codes_of_another_scheme_are_rejected_with_their_rows(write):
    good = "".join(
        f"1992-02-{day:02d},TUR,GRC,{code}\n"
        for day in range(1, 29)
        for code in ("042", "112", "057", "173")
    )
    table = read_keds(write(CAMEO + good + "1992-03-01,TUR,GRC,212\n"))
    (reason,) = table.rejects["reason"][table.rejects["row"].str.contains("212")]
    assert (
        reason
        == "cameo '212': not a code of the codebook (roots 21 and 22 are of WEIS: `scheme: weis`)"
    )
    assert len(table.events) == 2 + 28 * 4


def test_zeros_are_not_said_to_be_lost_where_codes_have_them(write):
    columns = {"date": "date", "source": "source", "target": "target", "cameo": "code"}
    mapping = {"dataset": "mine", "columns": columns}
    rows = "date,source,target,code\n1992-01-03,TUR,GRC,042\n1992-01-04,TUR,GRC,61\n"
    with pytest.raises(
        MappingError, match=r"but 1 begin with one \(line 2: '042'\). Leave `leading_zeros` out"
    ):
        read_table(write(rows), mapping | {"leading_zeros": "lost"})
    for zeros in (None, "kept"):
        table = read_table(write(rows), mapping | {"leading_zeros": zeros})
        assert table.events["cameo"].tolist() == ["042"]
        assert table.rejects["reason"].tolist() == ["cameo '61': not a code of the codebook"]


@pytest.mark.parametrize(
    ("field", "values", "quads"), [("goldstein", (8.0, -9.5), [2, 4]), ("quad", (1, 4), [1, 4])]
)
def test_events_without_codes_count_by_their_goldstein_or_quad(write, field, values, quads):
    columns = {"date": "date", "source": "source", "target": "target"}
    rows = "date,source,target,value\n1992-01-03,TUR,GRC,{}\n1992-01-04,TUR,GRC,{}\n1992-01-05,TUR,GRC,\n"
    path = write(rows.format(*values))
    table = read_table(path, {"dataset": "mine", "columns": columns | {field: "value"}})
    assert table.events["quad"].tolist() == quads
    assert table.events["cameo"].map(read_codes()["quad"]).tolist() == quads
    assert table.rejects["reason"].tolist() == ["neither a code nor its goldstein or quad is given"]
    assert build_panel(table)["counts"].sum() == 2
    if field == "goldstein":
        assert table.events["goldstein"].tolist() == list(values)
    with pytest.raises(MappingError, match="give it, or else `goldstein` or `quad`"):
        read_table(path, {"dataset": "mine", "columns": columns})


def test_the_quad_class_decides_the_side_and_the_value_the_root():
    values, quads = (
        pd.Series([3.0, 3.0, float("nan"), float("nan")]),
        pd.Series([1.0, 4.0, 2.0, float("nan")]),
    )
    roots = nearest_roots(values, quads)
    assert roots.tolist()[0] == "02" and roots.tolist()[3] == ""
    assert read_codes()["quad"].reindex(roots[:3]).tolist() == [1, 4, 2]


# Actors


ACTOR_ROWS = read_small_csv(ACTORS)
NOT_AS_ELSEWHERE = {("weis", code) for code in ("AUS", "SWZ", "MAC", "CHE")}
"""Letters that WEIS uses for another state than ISO 3166 does: AUS is Austria."""


def test_all_tables_of_names_agree_on_the_state_of_a_name():
    feeds = read_small_csv(data_folder() / "codebook" / "countries.csv")
    known = state_names()
    states = set(known.values())
    differing = set()
    for row in ACTOR_ROWS.itertuples():
        assert not row.state or row.state in states, row
        elsewhere = known.get(row.code.casefold())
        if row.scheme in SCHEMES and elsewhere and elsewhere != row.state:
            differing.add((row.scheme, row.code))
    assert differing == NOT_AS_ELSEWHERE
    assert not ACTOR_ROWS.duplicated(["scheme", "code"]).any()
    assert not feeds["written"].str.casefold().duplicated().any()
    for written, state in zip(feeds["written"], feeds["state"], strict=True):
        assert known[written.casefold()] == state
        assert not state or known[state.casefold()] == state


def test_a_state_has_one_code_under_all_spellings():
    for code, state in (
        ("USA", "USA"),
        ("RUS", "RUS"),
        ("ROM", "ROU"),
        ("ISR", "ISR"),
        ("KOR", "KOR"),
    ):
        assert {find_actor(code, scheme).state for scheme in SCHEMES} == {state}
    spellings = {
        "RUS": {("weis", "USR"), ("weis", "RUS"), ("cameo", "RUS"), ("copdab", "ussr")},
        "PSE": {("weis", "PAL"), ("cameo", "PAL"), ("cameo", "PSE")},
        "GBR": {("weis", "UNK"), ("cameo", "GBR")},
        "EGY": {("weis", "UAR"), ("weis", "EGY"), ("cameo", "EGY"), ("copdab", "eg")},
        "KOR": {("weis", "KOS"), ("cameo", "KOR")},
        "SRB": {("weis", "YUG"), ("weis", "FRY"), ("cameo", "SCG"), ("cameo", "YUG")},
    }
    for state, written in spellings.items():
        assert {find_actor(code, scheme).state for scheme, code in written} == {state}
    assert state_names()["russia"] == state_names()["soviet union"] == "RUS"


@pytest.mark.parametrize("role", sorted(NO_STATE))
def test_who_does_not_act_for_a_state_is_none(role):
    assert find_actor(f"TUR{role}", "cameo").state == ""
    assert find_actor("TURGOVAKP", "cameo").state == find_actor("TURMIL", "cameo").state == "TUR"


# COPDAB


MONTHS = "ym,us2ussr,ussr2us,eg2is,suez\n4801.0,-4,2,0,0\n4802.0,0,6,0,0\n4803.0,0,0,-12,0\n"


def test_zeros_of_copdab_are_months_without_events(write):
    values = read_copdab(write(MONTHS)).set_index(["dyad", "time"])["value"]
    assert values["USA-RUS"].dropna().tolist() == [-1.0, 6.0]
    assert values["EGY-ISR"].dropna().to_dict() == {pd.Timestamp("1948-03-01"): -12.0}
    records = open_source(Source(kind="copdab", path=str(write(MONTHS))))
    assert records.dyads == ["USA-RUS", "EGY-ISR"]
    assert build_index_panel(read_copdab(write(MONTHS)))["index"].notnull().sum() == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ym,us2ussr\n4813,1\n", "line 2: ym is '4813'; expected year and month"),
        ("ym,us2ussr\n4801,much\n", "line 2: us2ussr is 'much'; expected a number"),
        ("ym,us2narnia\n4801,1\n", "'narnia' is no state"),
        ("ym,share\n4801,1\n", "no column is of a direction"),
        ("month,us2ussr\n4801,1\n", "there is no column 'ym'"),
    ],
)
def test_what_is_no_table_of_copdab_is_rejected(write, text, words):
    with pytest.raises(DataError, match=words):
        read_copdab(write(text))


# Bad files, and the commands


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("date,source,target\n1992-01-03,TUR,GRC\n", "there is no column 'code'"),
        ("date,source,target,code\n", "a header and no rows"),
        (
            "date,source,target,code\n1992-01-03,IGO,UNO,042\n",
            "none of 1 rows is usable. The first, line 2: IGO",
        ),
        ("920103\tTUR\n", "none of 1 rows is usable"),
    ],
)
def test_a_file_without_events_is_rejected_with_the_reason(write, text, words):
    with pytest.raises(DataError, match=words):
        read_keds(write(text))


def test_a_source_without_its_file_asks_for_it():
    assert Source(kind="keds").words == "a table of KEDS"
    with pytest.raises(SpecError, match="--events FILE --format keds"):
        open_source(Source(kind="keds"))
    with pytest.raises(SpecError, match="scheme"):
        Source(kind="copdab", scheme="weis")


def test_the_command_checks_a_table_of_keds(write, tmp_path):
    rejects = tmp_path / "rejects.csv"
    result = CliRunner().invoke(
        app,
        [
            "events",
            "check",
            str(write(CAMEO)),
            "--format",
            "keds",
            "--rejects",
            str(rejects),
            "--json",
        ],
    )
    assert result.exit_code == 0, result.stderr
    assert (json.loads(result.stdout)["rows"], json.loads(result.stdout)["rejected"]) == (2, 7)
    assert len(pd.read_csv(rejects)) == 7
    for arguments, words in (
        (["--format", "keds", "--mapping", "m.yaml"], "give --events FILE alone"),
        (["--scheme", "weis"], "--format keds is coded, which is missing"),
        (["--format", "copdab", "--scheme", "weis"], "has none; leave it out"),
    ):
        refused = CliRunner().invoke(app, ["events", "check", str(write(CAMEO)), *arguments])
        assert refused.exit_code == 2 and words in " ".join(refused.stderr.split())


# Records that others coded


@pytest.mark.parametrize(
    ("name", "scheme", "rows", "of_one_state", "repeated"),
    [
        ("turkey.cameo.csv.gz", "cameo", 29_029, 2_623, 228),
        ("gulf.weis.csv.gz", "weis", 54_466, 335, 2),
    ],
)
def test_records_of_others_are_accounted_for(name, scheme, rows, of_one_state, repeated):
    if not (path := OUTSIDERS / name).exists():
        pytest.skip(f"{name} is not at hand")
    table = read_keds(path, scheme)
    assert len(table.events) + len(table.rejects) == rows
    assert (table.rejects["reason"] == "source and target are of one state").sum() == of_one_state
    assert table.rejects["reason"].str.startswith("same day").sum() == repeated
