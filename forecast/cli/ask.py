"""`forecast ask`: the probability of any event, by any day, from the record alone."""

from dataclasses import dataclass, replace

import forecast
from forecast.base.errors import SpecError
from forecast.cli.declaring import arg, grouped, opt, shared
from forecast.cli.options import Added, EventChoices, day_of, open_data
from forecast.cli.terminal import echo_json, print_lines

PRICE_NOTE = "Do not bet on this number against a price; read both together (`forecast help market-questions`)."


@dataclass
class Events(EventChoices):
    """Which events count, and which are expected."""

    expect: list[str] | None = opt(
        "An event of the set that you expect, DAY:CHANCE, such as 2026-07-10:0.8. Repeat it for several."
    )
    as_of: str | None = shared.as_of()


@grouped(
    "ask 'USA-IRN strike by 2026-07-31'",
    "ask 'USA-CHN at least 2 visits from 2026-07-01 to 2026-12-31' --by USA",
    "ask 'IND-PAK 190,195 by 2026-12'",
)
def ask(
    events: Events,
    data: Added,
    question: str = arg(
        "DYAD [NUMBER] SET [from DAY] by DAY; codes may stand in place of a set.",
        ...,
        metavar="QUESTION",
    ),
    as_json: bool = shared.json(),
) -> None:
    """Estimate how likely events of a set are by a day, from the record alone: no fit, no ledger.

    Sets: `forecast help named-sets`. To keep the answer and score it later: `forecast question
    new`.
    """
    from forecast.outlook.hazards.asking import AskedLine
    from forecast.outlook.hazards.results import Expected

    line = AskedLine.parse(question)
    day = day_of(events.as_of, "as-of")
    records = open_data(data.given, line.dyad, day)
    if records.events is None:
        raise SpecError("ask: sets of events need single events, and these data have counts only")
    expect = [Expected.parse(text) for text in events.expect or ()]
    asked = replace(line.asked, **events.chosen)
    code = records.find(line.dyad)
    found = forecast.forecast_events(records.events, code, asked, as_of_day=day, expect=expect)
    if as_json:
        echo_json(found.to_dict())
        return
    print_lines("ask", soft_wrap=True, found=found, price_note=PRICE_NOTE)
