"""Questions and forecasts in forms of the field: ForecastBench, CDF of numbers, hub samples.

A set is read as text alone: fields are bounded, unknown ones ignored, and nothing in them is
executed.

References
----------
Karger et al. (2024), ForecastBench: a dynamic benchmark of AI forecasting capabilities,
arXiv:2409.19839
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON
from forecast.base.errors import QuestionError
from forecast.base.escaping import printable
from forecast.base.limits import whole_seed
from forecast.base.reading import read_bytes
from forecast.base.typing import Float, Months, Seed
from forecast.data.events.table import EventTable
from forecast.data.panel.record import last_known
from forecast.desk.questions.form import MAX_NAME, VERSION, question_of
from forecast.desk.questions.history import History
from forecast.desk.questions.outside import OutsideQuestion
from forecast.outlook.benchmarks import pool_simulations
from forecast.outlook.draws import FitLike, stream
from forecast.outlook.hazards.asked import AskedEvents
from forecast.outlook.hazards.forecast import forecast_events
from forecast.outlook.observed import observe
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, main_record, shares_of
from forecast.outlook.simulations import simulate_ahead
from forecast.outlook.summary import NotDefined

if TYPE_CHECKING:
    import pandas as pd

MAX_QUESTION_SET = 50_000_000  # bytes of a question set
MAX_SET_QUESTIONS = 5_000  # questions of a question set
MAX_QUESTION_TEXT = 1_000  # characters of a question; more are cut
DIGEST_LENGTH = 16  # hexadecimal digits: 64 bits, no two ids of a set alike
NAME_BEFORE_DIGEST = 60  # characters of a name to which a digest is appended
MAX_EVENTS_OF_A_CDF = 200  # numbers of events in a CDF
LEAST_TAIL = 0.001  # probability of more events at which a CDF ends
ORGANIZATION, MODEL = "pendulum-forecast", "hazards"


@dataclass(frozen=True)
class Imported:
    """A question of a set, with the price that came with it."""

    question: OutsideQuestion
    price: float | None
    source: str


@checked
def read_question_set(path: str | Path, asked: date) -> list[Imported]:
    """Read a question set of ForecastBench's form.

    Parameters
    ----------
    path : str or pathlib.Path
        JSON with the list ``questions``, each with ``id``, ``source``, ``question``, ``url``,
        ``market_info_close_datetime`` or ``resolution_dates``, and ``freeze_datetime_value``.
    asked : datetime.date
        Day it is entered.

    Returns
    -------
    list of Imported
        Questions that close later; those that have closed are left out.

    Raises
    ------
    QuestionError
        If the file is no question set; the message names the question and field.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.desk.questions.exchange import read_question_set
    >>> read_question_set("2024-07-21-llm.json", date(2024, 7, 21))  # doctest: +SKIP
    """
    try:
        content = json.loads(read_bytes(path, MAX_QUESTION_SET))
    except (OSError, ValueError, RecursionError) as error:
        raise QuestionError(
            f"{path}: no question set can be read ({error!s:.100}); expected JSON"
        ) from error
    questions = content.get("questions") if isinstance(content, dict) else None
    if not isinstance(questions, list) or len(questions) > MAX_SET_QUESTIONS:
        raise QuestionError(
            f"{path}: expected the list `questions`, of at most {MAX_SET_QUESTIONS:,}"
        )
    imported = []
    for number, entry in enumerate(questions, 1):
        where = f"{path}, question {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("question"), str):
            raise QuestionError(f"{where}: field `question`: expected a text")
        if isinstance(entry.get("id"), list):  # a combination of two questions
            continue
        closes = _closing_day(entry, where)
        if closes is not None and closes > asked:
            imported.append(_imported(entry, closes, asked, where))
    return imported


def _closing_day(entry: dict[str, Any], where: str) -> date | None:
    """Return the day on which a question closes; the last of its resolution dates."""
    days = entry.get("resolution_dates")
    stated = days if isinstance(days, list) and days else [entry.get("market_info_close_datetime")]
    texts = [text for text in stated if isinstance(text, str) and text != "N/A"]
    try:
        return max((date.fromisoformat(text[:10]) for text in texts), default=None)
    except ValueError as error:
        raise QuestionError(
            f"{where}: field `resolution_dates`: {texts!r:.60} are no days, as YYYY-MM-DD"
        ) from error


def _imported(entry: dict[str, Any], closes: date, asked: date, where: str) -> Imported:
    """Return an entry of a set as an outside question, with its price."""
    name = _name(entry, where)
    source = printable(str(entry.get("source") or "market"))[:80]
    fields = {
        "version": VERSION,
        "kind": "outside",
        "text": " ".join(printable(entry["question"]).split())[:MAX_QUESTION_TEXT],
        "asked": asked,
        "closes": closes,
        "id": name,
        "source": source,
        "source_id": printable(entry["id"])[:500],
    }
    url = entry.get("url")
    if isinstance(url, str) and re.fullmatch(r"https?://[^\s<>\"']{1,500}", url):
        fields["url"] = url
    question = question_of(fields, where)
    assert isinstance(question, OutsideQuestion)
    return Imported(question, _price(entry), source)


def _name(entry: dict[str, Any], where: str) -> str:
    """Return a name of the source and the id, in Latin letters and digits.

    An id that has none of these, or too many, is distinguished by its digest.
    """
    stated = entry.get("id")
    if not isinstance(stated, str):
        raise QuestionError(f"{where}: field `id`: expected a text")
    source = str(entry.get("source") or "set").lower()
    name = re.sub(r"[^a-z0-9]+", "-", f"{source}-{stated}".lower()).strip("-")
    if len(name) <= MAX_NAME and re.search(r"[a-z0-9]", stated.lower()):
        return name
    digest = hashlib.sha256(stated.encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{name[:NAME_BEFORE_DIGEST].strip('-')}-{digest}".strip("-")


def _price(entry: dict[str, Any]) -> float | None:
    try:
        value = float(entry.get("freeze_datetime_value"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if 0 <= value <= 1 else None


def forecast_set(histories: Iterable[History], due: date, name: str) -> dict[str, Any]:
    """Return the own numbers of outside questions as a forecast set of ForecastBench's form."""
    forecasts = [
        {
            "id": history.question.source_id or history.question.id,
            "source": history.question.source or "unknown",
            "forecast": history.last_answer.chance,
            "resolution_date": history.question.last.isoformat(),
            "reasoning": history.last_answer.note or "",
        }
        for history in histories
        if isinstance(history.question, OutsideQuestion) and history.last_answer is not None
    ]
    return {
        "organization": ORGANIZATION,
        "model": MODEL,
        "question_set": name,
        "forecast_due_date": due.isoformat(),
        "forecasts": forecasts,
    }


def number_cdf(table: EventTable, dyad: str, asked: AskedEvents, as_of: date) -> dict[str, Any]:
    """Return the distribution of the number of events in a window.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import AskedEvents, find_set, read_chronology
    >>> from forecast.desk.questions.exchange import number_cdf
    >>> table = read_chronology(dyads=["USA-CHN"])
    >>> asked = AskedEvents(find_set("visit"), date(2024, 6, 30))
    >>> found = number_cdf(table, "USA-CHN", asked, date(2023, 12, 31))
    >>> found["values"][:3], found["cdf"][-1] > 0.99
    ([0, 1, 2], True)
    """
    reached: list[float] = []
    for number in range(1, MAX_EVENTS_OF_A_CDF + 1):
        forecast = forecast_events(table, dyad, replace(asked, at_least=number), as_of_day=as_of)
        reached.append(forecast.chance)
        if reached[-1] < LEAST_TAIL:
            break
    cdf: Sequence[float] = np.maximum.accumulate([1 - chance for chance in reached]).tolist()
    return {
        "dyad": dyad,
        "set": asked.wanted.name,
        "first": str(forecast.asked.first),
        "last": str(asked.last),
        "values": list(range(len(cdf))),
        "cdf": [round(value, 6) for value in cdf],
    }


@dataclass(frozen=True)
class NumberCdf:
    """Distribution of a number of events."""

    values: tuple[int, ...]  # In order
    cdf: tuple[float, ...]  # Probability of at most each

    def at_least(self, number: int) -> float:
        """Return the probability of at least so many events."""
        below = [
            share for value, share in zip(self.values, self.cdf, strict=True) if value < number
        ]
        return 1 - below[-1] if below else 1.0


@checked
def read_number_cdf(path: str | Path) -> NumberCdf:
    """Read the distribution of a number of events, as `number_cdf` returns it, from JSON.

    Raises
    ------
    QuestionError
        If it is no distribution; the message names the field and the place in it.

    Examples
    --------
    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from forecast.desk.questions.exchange import read_number_cdf
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "own.json")
    ...     _ = file.write_text(json.dumps({"values": [0, 1, 2], "cdf": [0.7, 0.9, 1.0]}))
    ...     round(read_number_cdf(file).at_least(1), 2)
    0.3
    """
    try:
        content = json.loads(read_bytes(path, MAX_QUESTION_SET))
    except (OSError, ValueError, RecursionError) as error:
        raise QuestionError(
            f"{path}: no distribution can be read ({error!s:.100}); expected JSON"
        ) from error
    values, cdf = (
        content.get(name) if isinstance(content, dict) else None for name in ("values", "cdf")
    )
    if (
        not isinstance(values, list)
        or not isinstance(cdf, list)
        or not values
        or len(values) != len(cdf)
    ):
        raise QuestionError(
            f"{path}: fields `values`, `cdf`: expected two lists of the same length"
        )
    for position, (value, share) in enumerate(zip(values, cdf, strict=True), 1):
        if type(value) is not int or value < 0 or (position > 1 and value <= values[position - 2]):
            raise QuestionError(
                f"{path}: field `values`, place {position}: {value!r:.40}; expected rising whole "
                "numbers"
            )
        if (
            type(share) not in (int, float)
            or not 0 <= share <= 1
            or (position > 1 and share < cdf[position - 2])
        ):
            raise QuestionError(
                f"{path}: field `cdf`, place {position}: {share!r:.40}; expected probabilities "
                "that never fall, 0 to 1"
            )
    return NumberCdf(tuple(values), tuple(map(float, cdf)))


HUB_COLUMNS = ("origin_date", "target", "dyad", "horizon", "output_type", "output_type_id", "value")
HUB_TARGET = "share of cooperative events"
HUB_SAMPLES = 100  # of each pair and horizon; hubs ask for about so many


@checked
def hub_samples(
    fit: FitLike,
    *,
    horizons: Sequence[Months] = (3, 6, 12, 24),
    samples: int = HUB_SAMPLES,
    seed: Seed = 1,
) -> "pd.DataFrame":
    """Return samples of shares as a hub's model output: one row per pair, horizon and sample.

    A sample has one number for all horizons of its pair; the shares are those that a report
    publishes, per cent. Simulations whose window is void are not sampled.

    Parameters
    ----------
    fit : FitLike
    horizons : sequence of int
        Months.
    samples : int
        Number of each pair.
    seed : int or numpy.random.Generator
        The same seed gives the same simulations as a report.

    Returns
    -------
    pandas.DataFrame
        Columns `origin_date`, `target`, `dyad`, `horizon`, `output_type`, `output_type_id`,
        `value`.

    Raises
    ------
    QuestionError
        If no pair of the fit has enough simulations that are not void.

    References
    ----------
    Consortium of Infectious Disease Modeling Hubs, hubverse, https://hubverse.io: model output

    Examples
    --------
    >>> from forecast import Fit
    >>> from forecast.desk.questions.exchange import hub_samples
    >>> hub_samples(Fit.load("report/fit.zarr"))["value"].mean()  # doctest: +SKIP
    31.4
    """
    import pandas as pd

    seed = whole_seed(seed)
    months = tuple(sorted({int(horizon) for horizon in horizons}))
    if not months or months[0] < 1 or months[-1] > MAX_HORIZON:
        raise QuestionError(f"horizons: {list(horizons)}; expected months from 1 to {MAX_HORIZON}")
    origin = last_known(fit.panel).isoformat()
    parts = []
    for dyad in map(str, fit.panel["dyad"].to_numpy()):
        shares = _shares_ahead(fit, dyad, months, seed)
        if shares is None or len(shares) < samples:
            continue
        sampled = np.linspace(0, len(shares) - 1, samples).astype(int)
        rows = pd.DataFrame(shares[sampled], columns=list(months)).melt(
            var_name="horizon", value_name="value", ignore_index=False
        )
        names = [f"{dyad}-{number + 1}" for number in np.tile(np.arange(samples), len(months))]
        parts.append(
            rows.assign(
                origin_date=origin,
                target=HUB_TARGET,
                dyad=dyad,
                output_type="sample",
                output_type_id=names,
                value=rows["value"].round(3),
            )[list(HUB_COLUMNS)]
        )
    if not parts:
        raise QuestionError(
            f"fit: no pair has {samples} simulations that are not void; take fewer samples, or a "
            "fit with more draws"
        )
    return pd.concat(parts, ignore_index=True)


def _shares_ahead(fit: FitLike, dyad: str, months: Sequence[int], seed: int) -> Float | None:
    """Return published shares of a pair, per cent, (simulation, horizon), in a random order.

    None without a record.
    """
    simulations = simulate_ahead(fit, dyad, months[-1], seed=seed)
    observed = observe(fit, simulations, months[-1], main_record(fit.panel, dyad), seed=seed)
    if isinstance(observed, NotDefined):
        return None
    pool = pool_simulations(observed, months, seed=seed)
    windows = [
        (observed if isinstance(pool, NotDefined) else pool[month]).ahead(month) for month in months
    ]
    total = np.array([window.total.sum(axis=-1).ravel() for window in windows])
    cooperative = np.array([window.cooperative.sum(axis=-1).ravel() for window in windows])
    enough = (total >= MIN_WINDOW_EVENTS).all(axis=0)
    shares = shares_of(total[:, enough], cooperative[:, enough]).T
    return np.asarray(stream(seed, dyad, "hub").permutation(shares))
