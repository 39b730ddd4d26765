"""How often the tests answer what on simulated record sets: power where a claim is true, false alarms where it is not.

The table in the package is of record sets like the embedded one; `simulate_power` makes those of any panel.
"""

import csv
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.arguments import CALLABLE, EVENTS, PANEL, PATH, TEXTS, checked, whole
from forecast.errors import DataError, SpecError
from forecast.files import write_text
from forecast.hypotheses.claims import CLAIMS
from forecast.hypotheses.claims.jumping import PLACEBO_SHARE
from forecast.hypotheses.claims.visits import visits_of
from forecast.hypotheses.engine import Engine
from forecast.hypotheses.evidence import Finesse
from forecast.hypotheses.outcome import decide
from forecast.hypotheses.record import Record, read_panel
from forecast.hypotheses.simulate import TRUTHS, simulate
from forecast.journal import Kept
from forecast.progress import Progress, silent
from forecast.wording import join

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events.table import EventTable

POWER_TABLE = Path(__file__).with_name("power.csv")
FINESSE = Finesse()
MEAN_SDS = (0.5, 1.0, 2.0)
PLACEBOS = 60
"""How simulated record sets are integrated, and how many placebo sets each has."""
type Row = tuple[float, float, float]
COLUMNS = ("least", "most", "placebo")


@dataclass(frozen=True)
class Rate:
    """How often a test supported and rejected a claim on simulated record sets."""

    truth: str
    true: bool  # Whether the claim is true of them
    sets: int
    supported: int
    rejected: int


@checked(panel=PANEL, events=EVENTS, claims=TEXTS, truths=TEXTS, sets=whole(1), kept=PATH, cores=whole(1),
         seed=whole(0), progress=CALLABLE)  # fmt: skip
def simulate_power(
    panel: "xr.Dataset",
    *,
    events: "EventTable | None" = None,
    claims: Sequence[str] = (),
    truths: Sequence[str] = (),
    sets: int = 100,
    kept: str | Path | None = None,
    cores: int = 1,
    seed: int = 1,
    progress: Progress | None = None,
) -> dict[str, tuple[Rate, ...]]:
    """Simulate record sets as long and dense as a panel's, and count the answers of the tests on them.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads.
    events : EventTable, optional
        The events of the panel, among which visits are found.
    claims, truths : sequence of str
        Codes of claims and names of simulated processes. By default all that are simulated.
    sets : int
        Record sets per truth.
    kept : str or path-like, optional
        File of finished sets; with it, the same call continues after an interruption.
    cores : int
        Processes; changes no number.
    seed : int
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    dict of str to tuple of Rate
        By claim, a rate for each truth that its test is about.

    Raises
    ------
    SpecError, DataError
        For unknown claims and truths, and panels that cannot be tested.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.hypotheses.power import simulate_power
    >>> panel = build_panel(read_chronology())
    >>> simulate_power(panel, claims=["S5b"], sets=20)["S5b"]  # doctest: +SKIP
    """
    tell, record = progress or silent, read_panel(panel, None if events is None else visits_of(events, panel))
    if record.value is not None:
        raise DataError("data: power is simulated for counts of events, and this is an index")
    _known("claims", claims, CLAIMS)
    codes = [code for code in claims or CLAIMS if not CLAIMS[code].lacks(record)]
    _known("truths", truths, TRUTHS)
    names = [name for name in tuple(truths) or TRUTHS if set(TRUTHS[name].tells) & set(codes)]
    if not names:
        raise SpecError(f"claims: no simulated record sets are about {join(codes)}")
    store = Kept.open(None if kept is None else Path(kept), _identity(record, seed), COLUMNS)
    tasks = [(name, number) for number in range(sets) for name in names]
    left = [
        (name, number)
        for name, number in tasks
        if any(f"{name};{number};{code}" not in store.found for code in _told(name, codes))
    ]
    done = len(tasks) - len(left)
    for (name, number), found in _all(partial(_tested, record, codes, seed), left, cores):
        for code, row in found.items():
            store.add(f"{name};{number};{code}", (row,))
        done += 1
        tell("simulating record sets", done, len(tasks))
    return {
        code: tuple(_rate(store, code, name, sets) for name in names if code in TRUTHS[name].tells)
        for code in codes
        if any(code in TRUTHS[name].tells for name in names)
    }


def _known(field: str, names: Sequence[str], known: Iterable[str]) -> None:
    if unknown := [name for name in names if name not in known]:
        raise SpecError(f"{field}: {join(unknown)}; choose among {'; '.join(known)}")


def _told(name: str, codes: Sequence[str]) -> list[str]:
    return [code for code in TRUTHS[name].tells if code in codes]


def _all[T](work: Callable[[T], dict[str, Row]], tasks: Sequence[T], cores: int) -> Iterator[tuple[T, dict[str, Row]]]:
    """Yield the tasks with their results as they are done."""
    if cores == 1:
        yield from ((task, work(task)) for task in tasks)
        return
    with ProcessPoolExecutor(cores) as pool:
        pending = {pool.submit(work, task): task for task in tasks}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _tested(record: Record, codes: Sequence[str], seed: int, task: tuple[str, int]) -> dict[str, Row]:
    """Simulate a record set, and test the claims on it that its truth is about."""
    name, number = task
    made = simulate(record, TRUTHS[name], zlib.crc32(name.encode()) + number + (seed << 33))
    engine = Engine(made, finesse=FINESSE, mean_sds=MEAN_SDS, placebos=PLACEBOS, brief=True, laplace=True)
    found = {}
    for code in _told(name, codes):
        outcome = CLAIMS[code].test(engine)
        placebo = max(outcome.details.get("placebos_as_good", {"": 0.0}).values())
        found[code] = outcome.least, outcome.most, placebo
    return found


def _rate(store: Kept, code: str, name: str, sets: int) -> Rate:
    rows = [row for number in range(sets) for row in store.found[f"{name};{number};{code}"]]
    answers = [decide(least, most) for least, most, _ in rows]
    supported = sum(
        answer == "supported" and placebo <= PLACEBO_SHARE for answer, (*_, placebo) in zip(answers, rows, strict=True)
    )
    return Rate(name, TRUTHS[name].follows(code), len(rows), supported, answers.count("rejected"))


def _identity(record: Record, seed: int) -> str:
    """Return a digest of what simulated sets rest on."""
    digest = hashlib.sha256(f"{seed} {FINESSE} {MEAN_SDS} {PLACEBOS} {record.dyads}".encode())
    for one in (record.events, record.begins, record.volume):
        digest.update(np.ascontiguousarray(one).tobytes())
    return digest.hexdigest()


def rates_of(code: str) -> tuple[Rate, ...]:
    """Return the rates of the test of a claim on record sets like the embedded one."""
    with POWER_TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["claim"] == code]
    return tuple(
        Rate(row["truth"], row["true"] == "yes", int(row["sets"]), int(row["supported"]), int(row["rejected"]))
        for row in rows
    )


def write_table(rates: Mapping[str, Sequence[Rate]], path: Path = POWER_TABLE) -> None:
    """Write rates as the table that pages quote."""
    rows = [(code, one.truth, one.true, one.sets, one.supported, one.rejected) for code in rates for one in rates[code]]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("claim", "truth", "true", "sets", "supported", "rejected"))
    writer.writerows((code, truth, "yes" if true else "no", *numbers) for code, truth, true, *numbers in rows)
    write_text(path, text.getvalue())


def power_words(rates: Sequence[Rate]) -> str:
    """Describe power and false alarms of a test in one line."""
    true, false = ([one for one in rates if one.true is here and one.sets] for here in (True, False))
    said = []
    if true:
        best, worst = max(true, key=_found), min(true, key=_found)
        said += [f"found in {_of(best)} simulated record sets ({best.truth})"]
        said += [f"in {_of(worst)} ({worst.truth})"] if worst is not best else []
    if false:
        alarms, sets = sum(one.supported for one in false), sum(one.sets for one in false)
        most = max(false, key=_found)
        worst_case = f" (at most {_of(most)}: {most.truth})" if len(false) > 1 and most.supported else ""
        said.append(f"false alarms {alarms:,} of {sets:,}{worst_case}")
    return "; ".join(said) or "power and false alarms were not simulated"


def _found(rate: Rate) -> float:
    return rate.supported / rate.sets


def _of(rate: Rate) -> str:
    return f"{rate.supported:,} of {rate.sets:,}"
