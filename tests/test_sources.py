"""Sources: each kind is read alike, and event tables can be put together, each a dataset of its
own.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.base.errors import SpecError, UnknownDyadError
from forecast.cli.data import DataOptions
from forecast.data.events import hierarchy
from forecast.data.records import wanted_together
from forecast.data.sources import Source, open_source, read_sources
from forecast.study.hypotheses import make_plan


@pytest.fixture
def mine(tmp_path: Path) -> Source:
    days = pd.date_range("2001-01-05", periods=300, freq="10D").strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {"day": days, "from": "IND", "to": "CHN", "code": ["036", "112", "051"] * 100}
    )
    frame.to_csv(tmp_path / "mine.csv", index=False)
    mapping = "dataset: mine\ncolumns: {date: day, source: from, target: to, cameo: code}\n"
    (tmp_path / "mine.yaml").write_text(mapping)
    return Source(
        kind="events", path=str(tmp_path / "mine.csv"), mapping=str(tmp_path / "mine.yaml")
    )


def test_event_tables_together_are_datasets_of_one_panel(mine: Source) -> None:
    both = Source(kind="several", sources=(Source(), mine))
    as_of = date(2008, 12, 31)
    data = read_sources(both, ["ind-chn"], as_of=as_of)
    alone = [read_sources(one, ["CHN-IND"], as_of=as_of).panel for one in both.sources]
    assert data.panel["dataset"].to_numpy().tolist() == ["chronology", "mine"]
    assert int(data.panel["counts"].sum()) == sum(int(panel["counts"].sum()) for panel in alone)
    assert {"mine.csv", "mine.yaml", "CHN-IND.csv"} <= set(data.files)
    assert both.words == "the embedded chronology and a table of events (mine.csv)"


def test_a_dyad_that_one_of_them_lacks_is_read_from_the_others(mine: Source) -> None:
    both = Source(kind="several", sources=(Source(), mine))
    assert open_source(both, ["USA-CHN"]).find("chn-usa") == "USA-CHN"
    with pytest.raises(UnknownDyadError, match="AAA-BBB"):
        read_sources(both, ["AAA-BBB"])


def test_dyads_are_gathered_by_name_or_all_with_the_files_they_follow_from() -> None:
    as_of = date(1980, 12, 31)
    chosen = read_sources(Source(), ["rus-usa", "EGY-ISR", "USA-RUS"], as_of=as_of)
    assert chosen.dyads == ("USA-RUS", "EGY-ISR")
    assert {name for name in chosen.files if "-" in name} == {"USA-RUS.csv", "EGY-ISR.csv"}
    everybody = read_sources(Source(), as_of=as_of)
    assert (
        set(chosen.dyads) < set(everybody.dyads) and "RUS-UKR" not in everybody.dyads
    )  # which it had nothing of
    with pytest.raises(UnknownDyadError, match="USA-VNM"):
        read_sources(Source(), ["USA-VNM"], as_of=as_of)


def test_the_default_day_is_the_last_complete_one() -> None:
    records = open_source(Source())
    assert read_sources(Source(), ["USA-CHN"]).as_of == records.last_day("USA-CHN")
    assert read_sources(Source()).as_of == max(map(records.last_day, records.dyads))


def test_of_a_feed_no_more_is_read_than_is_fitted_together() -> None:
    assert set(wanted_together(["RUS-UKR"])) == set(hierarchy("USA-CHN"))
    assert wanted_together(["USA-CHN"]) == tuple(hierarchy("USA-CHN"))
    assert wanted_together(["RUS-UKR"], ["USA-RUS"]) == ("RUS-UKR", "USA-RUS")


def test_what_is_shown_of_the_chronology_is_of_the_dyads_that_were_fitted() -> None:
    records = open_source(Source())
    shown = records.table_of(["USA-CHN", "USA-IRN"])
    assert [file.name for file in shown.files] == ["USA-CHN.csv", "USA-IRN.csv"]
    assert set(shown.events["dyad"]) == {"USA-CHN", "USA-IRN"}  # type: ignore[attr-defined]
    assert len(records.table.files) == 15


def test_a_hierarchy_holds_only_dyads_that_had_events_by_then() -> None:
    early = open_source(Source()).hierarchy("USA-CHN", date(1952, 12, 31))
    assert "USA-RUS" in early and "USA-IRN" not in early
    chosen = open_source(Source()).hierarchy("RUS-UKR", date(2015, 12, 31), ["USA-RUS", "USA-PRK"])
    assert chosen == ["USA-RUS", "RUS-UKR", "USA-PRK"]


def test_two_datasets_of_one_name_are_rejected_by_their_tables(mine: Source) -> None:
    with pytest.raises(SpecError, match="both called 'mine'"):
        open_source(Source(kind="several", sources=(mine, mine)))


def test_options_name_several_tables_each_with_its_mapping(mine: Source) -> None:
    table, mapping = Path(str(mine.path)), Path(str(mine.mapping))
    assert DataOptions().source is None
    assert DataOptions(events=[table], mapping=[mapping]).source == mine
    both = DataOptions(events=[Path("chronology"), table], mapping=[mapping]).source
    assert both == Source(kind="several", sources=(Source(), mine))
    with pytest.raises(SpecError, match="tables: 2, mappings: 1"):
        _ = DataOptions(events=[table, table.with_name("other.csv")], mapping=[mapping]).source
    with pytest.raises(SpecError, match="two kinds of source"):
        _ = DataOptions(events=[table], counts=table, mapping=[mapping]).source


def test_a_source_of_one_kind_is_written_as_it_always_was(mine: Source) -> None:
    assert set(mine.model_dump()) == {"kind", "path", "mapping"}
    both = Source(kind="several", sources=(Source(), mine))
    assert Source.model_validate_json(both.model_dump_json()) == both
    assert both.files == [Path(str(mine.path)), Path(str(mine.mapping))]


@pytest.mark.slow  # it compiles a form of its own; the panel of several tables is tested above
def test_event_tables_together_are_fitted_each_with_its_own_reading(mine: Source) -> None:
    from forecast.model import fit
    from forecast.model.spec import spec_for

    both = Source(kind="several", sources=(Source(), mine))
    panel = read_sources(both, ["CHN-IND"], as_of=date(2008, 12, 31)).panel
    fitted = fit(panel, spec_for(panel, pooling=False), draws=30, tune=60, chains=2, seed=1)
    cutpoints = fitted.posterior["cutpoint"]
    assert cutpoints["dataset"].to_numpy().tolist() == ["chronology", "mine"]
    assert np.isfinite(cutpoints).all()
    assert not np.allclose(cutpoints.sel(dataset="chronology"), cutpoints.sel(dataset="mine"))


def test_what_is_no_data_is_rejected_with_the_function_that_returns_some():
    with pytest.raises(SpecError, match=r"such as read_sources\(Source\(\)\) returns"):
        make_plan(3, seen=True)
