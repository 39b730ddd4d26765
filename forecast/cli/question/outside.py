"""`forecast question price`, `say` and `import`: questions that were asked elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from forecast.base import dates
from forecast.base.errors import SpecError
from forecast.base.wording import count
from forecast.cli.groups import day_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import QUESTIONS, FolderOption
from forecast.cli.question.ledger import append_and_print, chosen_questions, echo, read_ledger, warn


@with_examples("question price iran-strike market .34")
def price(
    name: Annotated[str, typer.Argument(help="An outside question.", metavar="ID")],
    source: Annotated[str, typer.Argument(help="Who states the price.", metavar="SOURCE")],
    value: Annotated[float, typer.Argument(help="Probability of yes, 0 to 1.", metavar="PRICE")],
    on: Annotated[
        str | None, typer.Option("--on", help="Day of the price, YYYY-MM-DD. Default: today.")
    ] = None,
    folder: FolderOption = QUESTIONS,
) -> None:
    """Enter a price of an outside question, and print the pool with the own number."""
    from forecast.desk.questions.drafts import priced
    from forecast.desk.questions.outside import OutsideQuestion, outside_scores, pooled_chance

    question_folder, ledger = read_ledger(folder)
    (history,) = chosen_questions(ledger, [name])
    entry = priced(history.question, source, value, day_of(on, "on") or dates.today())
    append_and_print(question_folder, [entry], as_json=False)
    answer = history.last_answer
    if answer is not None and answer.chance is not None:
        weight = outside_scores(ledger.histories.values()).weight
        assert isinstance(history.question, OutsideQuestion)  # `priced` makes sure of it
        pool = pooled_chance(value, answer.chance, weight.of(history.question.of_class))
        echo(f"Own {answer.chance:.3f}, price {value:.3f}, pool {pool:.3f}.")
        echo(weight.sentence)


@with_examples("question say iran-strike .4")
def say_number(
    name: Annotated[str, typer.Argument(help="An outside question.", metavar="ID")],
    value: Annotated[
        float | None, typer.Argument(help="Your probability of yes, 0 to 1.", metavar="CHANCE")
    ] = None,
    cdf: Annotated[
        Path | None,
        typer.Option(
            "--cdf",
            help="In place of a probability: a JSON with the distribution of the number of "
            "events, `values` and `cdf`.",
        ),
    ] = None,
    folder: FolderOption = QUESTIONS,
) -> None:
    """Enter a number of your own for an outside question."""
    from forecast.desk.questions import OutsideQuestion
    from forecast.desk.questions.drafts import own_number
    from forecast.desk.questions.exchange import read_number_cdf

    question_folder, ledger = read_ledger(folder)
    (history,) = chosen_questions(ledger, [name])
    if not isinstance(history.question, OutsideQuestion):
        raise SpecError(
            f"{name}: data resolve it, and `update` answers it; own numbers are for outside "
            "questions"
        )
    if (value is None) == (cdf is None):
        raise SpecError(
            "CHANCE, --cdf: give a probability, or the distribution of a number; one of them"
        )
    if cdf is not None:
        event = history.question.event
        if event is None:
            raise SpecError(
                f"--cdf: {name} names no set of events, so that no number decides it; give a "
                "probability"
            )
        value = read_number_cdf(cdf).at_least(event.at_least)
    assert value is not None
    entry = own_number(history.question, value, dates.today())
    append_and_print(question_folder, [entry], as_json=False)


@with_examples("question import 2026-07-01-llm.json")
def import_set(
    path: Annotated[
        Path, typer.Argument(help="A question set: JSON in ForecastBench's form.", metavar="FILE")
    ],
    folder: FolderOption = QUESTIONS,
) -> None:
    """Enter the questions of a set, with their prices.

    Those that have closed, or are there, are left out.
    """
    from forecast.desk.questions import asked as asked_entry
    from forecast.desk.questions.drafts import priced
    from forecast.desk.questions.exchange import read_question_set
    from forecast.desk.questions.folder import QuestionFolder

    question_folder = QuestionFolder(folder)
    entered = set(question_folder.read().histories) if question_folder.ledger.exists() else set()
    question_set = read_question_set(path, dates.today())
    new = [listed for listed in question_set if listed.question.id not in entered]
    drafts = []
    for listed in new:
        drafts.append(asked_entry(listed.question))
        if listed.price is not None:
            drafts.append(priced(listed.question, listed.source, listed.price, dates.today()))
    if drafts:
        warn(question_folder.append(drafts).repaired)
    echo(f"{count(len(new), 'question')} entered into {question_folder.ledger}")
