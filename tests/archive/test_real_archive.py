"""Files as ICEWS publishes them, in an archive; skipped where they are not at hand."""

import pytest

from forecast.data.archive import archive_status, import_files, read_archive
from forecast.data.feeds import read_feed
from tests.feeds.test_real_feeds import ALL, real


@pytest.mark.parametrize("path", [real("icews/events.2018.sample.tab")])
def test_two_days_of_icews(path, tmp_path):
    import_files(path, tmp_path / "a")
    table = read_archive(tmp_path / "a", ["icews"], dyads=["USA-CHN"], settings=ALL)
    assert len(table.events) == 101
    (account,) = table.accounts
    assert (account.total("rows"), account.total("kept")) == (3705, 101)
    (status,) = archive_status(tmp_path / "a").datasets
    assert (status.total("rows"), status.gaps) == (3705, ())
    assert status.spans == ((table.events["date"].min().date(), table.events["date"].max().date()),)


@pytest.mark.parametrize("path", [real("icews/daily")])
def test_daily_files_of_icews(path, tmp_path):
    files = sorted(path.glob("*.tab"))
    for piece in (files[::2], files[1::2]):
        import_files(piece, tmp_path / "a")
    assert read_archive(tmp_path / "a").events.equals(read_feed(path).events)
