"""Small archives of made-up files."""

import pytest

from tests.feeds.made import (
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    icews_row,
    polecat_row,
    written,
    zipped,
)


def daily(folder, day, *rows):
    """Write an ICEWS file of a day, with a row of its own and others."""
    own = icews_row(int(day), f"{day[:4]}-{day[4:6]}-{day[6:]}")
    return written(folder / f"{day}-icews-events.tab", [own, *rows], ICEWS_HEADER)


@pytest.fixture
def feeds(tmp_path):
    """Return files of several feeds that repeat and replace each other, by their names."""
    return made_feeds(tmp_path / "feeds")


def made_feeds(folder):
    folder.mkdir()
    late = icews_row(7, "2018-10-03", code="112")
    files = [
        daily(
            folder,
            "20181003",
            icews_row(7, "2018-10-03", code="111"),
            icews_row(8, "2018-10-03", "China", "Japan"),
        ),
        daily(
            folder,
            "20181004",
            late,
            icews_row(9, "2018-10-04", sectors=("Police", "")),
            "broken\trow",
        ),
        daily(
            folder,
            "20181006",
            icews_row(10, "2018-10-05", code="173"),
            icews_row(11, "2018-10-06", "", "China"),
        ),
        # An edition, the one that replaces it, and what neither of them has.
        written(
            folder / "events.2018.20190501000000.tab",
            [
                icews_row(12, "2018-10-03", code="190"),
                icews_row(20181004, "2018-10-04", code="057"),
            ],
            ICEWS_HEADER,
        ),
        written(
            folder / "events.2018.20200427084805.tab",
            [
                icews_row(12, "2018-10-03", code="190"),
                icews_row(13, "2018-10-04"),
                icews_row(13, "2018-10-04"),
            ],
            ICEWS_HEADER,
        ),
        written(
            folder / "20181003.export.CSV",
            [gdelt_row(n, "20181002", added="20181003") for n in (1, 2)],
        ),
        zipped(
            folder / "20181004.export.CSV.zip",
            {
                "20181004.export.CSV": "\n".join(
                    [
                        gdelt_row(2, "20181002", added="20181004", code="112"),
                        gdelt_row(
                            3, "20160101", added="20181004", types=("MIL", ""), NumMentions="1"
                        ),
                        gdelt_row(4, "20181004", code="---"),
                        gdelt_row(5, "20181004", source="EUR"),
                    ]
                )
            },
        ),
        written(
            folder / "ngecEvents.20181008101010.Release001.DV.txt",
            [polecat_row("a", "2018-10-04", actors="USA; CHN; JPN", recipients="None")],
            POLECAT_HEADER,
        ),
        written(
            folder / "ngecEvents.DV.2018.txt",
            [
                polecat_row("a", "2018-10-04", actors="USA; CHN; JPN", recipients="None"),
                polecat_row("b", "2018-10-05"),
            ],
            POLECAT_HEADER,
        ),
    ]
    return {path.name: path for path in files}
