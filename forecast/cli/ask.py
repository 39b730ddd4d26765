"""`forecast ask`: the probability of any event, by any day, from the record alone."""

from dataclasses import replace
from typing import Annotated

import typer

import forecast
from forecast.base.errors import SpecError
from forecast.cli.data import AddedDataOptions, open_data
from forecast.cli.groups import EventChoices, day_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    ActorOption,
    ActorStateOption,
    AddOption,
    ArchiveOption,
    AsOfOption,
    CountsOption,
    CoveredToOption,
    DatasetsOption,
    EventsOption,
    ExpectOption,
    FeedOption,
    FeedSettingOption,
    FormatOption,
    IndexOption,
    JsonOption,
    MappingOption,
    QuietOption,
    SchemeOption,
)
from forecast.cli.terminal import echo_json, print_lines

PRICE_NOTE = (
    "Do not bet on this number against a price; read both together (`forecast help "
    "market-questions`)."
)


@with_examples(
    "ask 'USA-IRN strike by 2026-07-31'",
    "ask 'USA-CHN at least 2 visits from 2026-07-01 to 2026-12-31' --by USA",
    "ask 'IND-PAK 190,195 by 2026-12'",
)
def ask(
    question: Annotated[
        str,
        typer.Argument(
            help="DYAD [NUMBER] SET [from DAY] by DAY; codes may stand in place of a set.",
            metavar="QUESTION",
        ),
    ],
    as_json: JsonOption = False,
    expect: ExpectOption = None,
    as_of: AsOfOption = None,
    by: ActorStateOption = None,
    actor: ActorOption = None,
    quiet: QuietOption = None,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
    add: AddOption = None,
    covered_to: CoveredToOption = None,
) -> None:
    """Estimate how likely events of a set are by a day, from the record alone: no fit, no ledger.

    Sets: `forecast help named-sets`. To keep the answer and score it later: `forecast question
    new`.
    """
    from forecast.outlook.hazards.asking import AskedLine
    from forecast.outlook.hazards.results import Expected

    choices = EventChoices(by=by, actor=actor, quiet=quiet)
    data = AddedDataOptions(
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
        add=add,
        covered_to=covered_to,
    )

    line = AskedLine.parse(question)
    day = day_of(as_of, "as-of")
    records = open_data(data.given, line.dyad, day)
    if records.events is None:
        raise SpecError("ask: sets of events need single events, and these data have counts only")
    expected = [Expected.parse(text) for text in expect or ()]
    events_asked = replace(line.asked, **choices.chosen)
    code = records.find(line.dyad)
    answer = forecast.forecast_events(
        records.events, code, events_asked, as_of_day=day, expect=expected
    )
    if as_json:
        echo_json(answer.to_dict())
        return
    print_lines("ask", soft_wrap=True, found=answer, price_note=PRICE_NOTE)
