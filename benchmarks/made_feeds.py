"""Files of the form and size of GDELT's daily ones, made up from a seed.

They have 58 columns, with the quirks of the real ones.

No row of a real feed is here: those have no licence to be passed on. How often what occurs (empty
actors, states, organs of a state, actors of one country on both sides, late days, repeats) is
rounded from some thousand real rows.
"""

import datetime
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.data.events.codebook import read_codes, state_names
from forecast.data.feeds.gdelt import DAILY

START = datetime.date(2023, 1, 1)
REGIONS = ("AFR", "EUR", "WST", "ASA", "SEA", "MEA")
TYPES = ("GOV", "MIL", "COP", "JUD", "LEG", "MED", "BUS", "EDU", "CVL", "OPP")
TYPE_SHARES = (0.36, 0.09, 0.12, 0.1, 0.08, 0.09, 0.06, 0.05, 0.03, 0.02)
ODD_CODES = ("---", "X", "1214", "1951", "13y")
POOL = 200_000
"""Events that the rows are drawn from; their days, ids and addresses differ."""
BAD_DAYS = 0.0001
SHORTER = 0.004
"""Share of rows without address, as the backfile has them."""
REPEATED = 0.01
STRANGE, STRANGE_DAYS = 0.0002, 0.1
"""Share of rows with a byte that is not UTF-8, and of the days that have such rows."""


def make_gdelt(
    folder: Path, rows: int, *, days: int = 365, seed: int = 1, level: int = 6
) -> list[Path]:
    """Write a zip file a day with so many rows in all, and return the paths.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files go; it is made.
    rows, days : int
        How many in all.
    seed : int
        The same seed gives the same rows.
    level : int
        Of compression, 1 to 9.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ends = np.linspace(0, rows, days + 1).astype(int)
    of_pool, *of_days = np.random.SeedSequence(seed).spawn(days + 1)
    pool = _bodies(min(rows, POOL), np.random.default_rng(of_pool))
    paths = []
    for number, (first, last) in enumerate(pairwise(ends)):
        day = START + datetime.timedelta(days=number)
        lines = _day_lines(
            day, int(first) + 1, int(last - first), pool, np.random.default_rng(of_days[number])
        )
        name = f"{day:%Y%m%d}.export.CSV"
        paths.append(folder / f"{name}.zip")
        with zipfile.ZipFile(paths[-1], "w") as archive:
            archive.writestr(
                zipfile.ZipInfo(name, (2023, 1, 1, 0, 0, 0)), lines, zipfile.ZIP_DEFLATED, level
            )
    return paths


def _day_lines(
    day: datetime.date, first: int, rows: int, pool: pa.Array, chance: np.random.Generator
) -> bytes:
    """Return the lines of a day, with ids from `first` on; what happened is drawn from the pool."""
    ages = _chosen(chance, rows, (0, 1, 3, 30, 365, 3650), (0.9, 0.05, 0.02, 0.01, 0.015, 0.005))
    dates = np.char.replace(
        np.datetime_as_string(np.datetime64(day) - ages.astype("timedelta64[D]")), "-", ""
    )
    dates[chance.random(rows) < BAD_DAYS] = "20230231"
    columns = (
        _text(first + np.arange(rows)),
        _text(dates),
        _cut(dates, 6),
        _cut(dates, 4),
        pool.take(pa.array(chance.integers(0, len(pool), rows))),
        _text(np.full(rows, f"{day:%Y%m%d}")),
    )
    shorter = pc.binary_join_element_wise(*columns, "\t")
    longer = pc.binary_join_element_wise(shorter, _addresses(rows, chance), "\t")
    lines = pc.if_else(pa.array(chance.random(rows) < SHORTER), shorter, longer)
    places = np.arange(rows)
    again = np.flatnonzero(chance.random(rows) < REPEATED)
    places[again] = np.maximum(again - 1 - chance.integers(0, 50, len(again)), 0)
    text = "\n".join(lines.take(pa.array(places)).to_pylist()).encode()
    name = b"M\xdcNCHEN" if chance.random() < STRANGE_DAYS else b"MUENCHEN"
    return text.replace(b"STRANGE", name) + b"\n" if rows else b""


def _bodies(rows: int, chance: np.random.Generator) -> pa.Array:
    """Return what stands between the days and the address.

    From FractionDate on it is actors, event, places.
    """
    columns = dict.fromkeys(DAILY.columns[4:-2], _text(np.full(rows, "")))
    codes = _chosen(chance, rows, *_code_shares())
    mentions = 1 + chance.geometric(0.12, rows)
    columns |= {
        "FractionDate": _text(np.round(chance.uniform(2023, 2024, rows), 4)),
        "IsRootEvent": _text(chance.integers(0, 2, rows)),
        "EventCode": _text(codes),
        "EventBaseCode": _cut(codes, 3),
        "EventRootCode": _cut(codes, 2),
        "QuadClass": _text(chance.integers(1, 5, rows)),
        "GoldsteinScale": _text(
            _chosen(chance, rows, (-10.0, -5.0, -2.0, 0.0, 1.9, 3.4, 7.0), None)
        ),
        "NumMentions": _text(mentions),
        "NumSources": _text(1 + mentions // 4),
        "NumArticles": _text(mentions),
        "AvgTone": _text(chance.normal(-2, 3, rows)),
    }
    states, shares = _state_shares()
    one = _chosen(chance, rows, states, shares)
    other = np.where(chance.random(rows) < 0.45, one, _chosen(chance, rows, states, shares))
    for actor, country, missing in (("Actor1", one, 0.35), ("Actor2", other, 0.45)):
        columns |= _actor(actor, country, missing, chance)
    for whose in ("Actor1Geo", "Actor2Geo", "ActionGeo"):
        columns |= _place(whose, rows, chance)
    return pc.binary_join_element_wise(*columns.values(), "\t")


def _actor(
    actor: str, country: np.ndarray, missing: float, chance: np.random.Generator
) -> dict[str, pa.Array]:
    """Return the columns of an actor: a country, or none.

    The organ that acts is there in half of the rows.
    """
    rows = len(country)
    country = np.where(chance.random(rows) < missing, "", country)
    kind = np.where(chance.random(rows) < 0.5, _chosen(chance, rows, TYPES, TYPE_SHARES), "")
    code = np.char.add(country, kind)
    name = np.where(code == "", "", np.char.add("NAME OF ", code))
    name[chance.random(rows) < STRANGE] = "STRANGE"
    return {
        f"{actor}Code": _text(code),
        f"{actor}Name": _text(name),
        f"{actor}CountryCode": _text(country),
        f"{actor}Type1Code": _text(kind),
    }


def _place(whose: str, rows: int, chance: np.random.Generator) -> dict[str, pa.Array]:
    """Return the columns of one of some thousand places."""
    places = 4000
    kinds = chance.integers(1, 5, places)
    table = {
        "Type": _text(kinds),
        "FullName": pa.array(
            [f"Town {n % 977}, District {n % 89}, Country {n % 190}" for n in range(places)]
        ),
        "CountryCode": pa.array(
            [f"{chr(65 + n % 26)}{chr(65 + n // 26 % 7)}" for n in range(places)]
        ),
        "ADM1Code": pa.array(
            [f"{chr(65 + n % 26)}{chr(65 + n // 26 % 7)}{n % 30:02d}" for n in range(places)]
        ),
        "Lat": _text(np.round(chance.uniform(-60, 70, places), 4)),
        "Long": _text(np.round(chance.uniform(-180, 180, places), 4)),
        "FeatureID": _text(chance.integers(-3_000_000, 3_000_000, places)),
    }
    nowhere = pa.array(chance.random(rows) < 0.2)
    at = pa.array((chance.random(rows) ** 3 * places).astype(int))
    return {
        f"{whose}_{part}": pc.if_else(nowhere, "", column.take(at))
        for part, column in table.items()
    }


def _addresses(rows: int, chance: np.random.Generator) -> pa.Array:
    """Return addresses of articles; several rows come from one."""
    words = np.array(
        [
            "talks",
            "minister",
            "trade",
            "border",
            '"deal"',
            "visit",
            "sanctions",
            "court",
            "police",
            "summit",
        ]
    )
    articles = max(rows // 4, 1)
    parts = words[chance.integers(0, len(words), (5, articles))]
    title = parts[0]
    for part in parts[1:]:
        title = np.char.add(np.char.add(title, "-"), part)
    site = np.char.add("https://news", chance.integers(0, 3000, articles).astype(str))
    number = chance.integers(0, 10**9, articles).astype(str)
    address = np.char.add(
        np.char.add(np.char.add(site, ".example/2023/"), title), np.char.add("-", number)
    )
    return _text(address).take(pa.array(chance.integers(0, articles, rows)))


def _state_shares() -> tuple[list[str], np.ndarray]:
    """Return codes of states and regions and how often they act: few of them nearly always."""
    states = sorted({state for state in state_names().values() if state})
    first = [
        "USA",
        "CHN",
        "RUS",
        "GBR",
        "ISR",
        "IND",
        "IRN",
        "UKR",
        "FRA",
        "DEU",
        "PAK",
        "JPN",
        "KOR",
        "TUR",
        "ROM",
    ]
    order = [*first, *(state for state in states if state not in first), *REGIONS]
    shares = 1 / (2 + np.arange(len(order)))
    return order, shares / shares.sum()


def _code_shares() -> tuple[list[str], np.ndarray]:
    """Return codes and how often they occur.

    Statements and consultations are most frequent, unreadable ones hardly occur.
    """
    codes = [
        "010",
        "042",
        "043",
        "040",
        "020",
        "051",
        "190",
        "036",
        "112",
        "173",
        "111",
        "046",
        "050",
        "120",
        "057",
    ]
    codes += [code for code in read_codes().index if code not in codes]
    shares = 1 / (2 + np.arange(len(codes)))
    shares = np.concatenate([shares / shares.sum(), np.full(len(ODD_CODES), 0.0002)])
    return [*codes, *ODD_CODES], shares / shares.sum()


def _chosen(
    chance: np.random.Generator,
    rows: int,
    values: Sequence[object],
    shares: Sequence[float] | np.ndarray | None,
) -> np.ndarray:
    return np.array(values)[chance.choice(len(values), rows, p=shares)]


def _text(values: np.ndarray) -> pa.Array:
    return (
        pa.array(values.astype(str).tolist())
        if values.dtype.kind == "U"
        else pa.array(values).cast(pa.string())
    )


def _cut(values: np.ndarray, length: int) -> pa.Array:
    return pc.utf8_slice_codeunits(_text(values), 0, length)
