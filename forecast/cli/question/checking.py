"""`forecast question check`, `confirm` and `withdraw`: what a person decides before publishing."""

from typing import Annotated

import typer

from forecast.base.errors import QuestionError
from forecast.cli.help_text import with_examples
from forecast.cli.options import QUESTIONS, REPORTS, FolderOption, JsonOption, ReportsOption
from forecast.cli.question.ledger import append_and_print, chosen_questions, echo, read_ledger
from forecast.cli.terminal import echo_json


@with_examples("question check --reports reports")
def check(
    reports: ReportsOption = REPORTS,
    folder: FolderOption = QUESTIONS,
    as_json: JsonOption = False,
) -> None:
    """Name forecasts at odds with a base rate (twice or half of it), a report, or each other.

    Run it before publishing. A page of the ledger shows none of them until a person confirms it.
    Exit code 1 if one is not confirmed.
    """
    from forecast.desk.questions.doubts import doubts_of, doubts_sentence
    from forecast.report.saved_report import reports_in

    _, ledger = read_ledger(folder)
    doubts = doubts_of(ledger.histories.values(), reports_in(reports))
    if as_json:
        echo_json([vars(doubt) for doubt in doubts])
    else:
        for doubt in doubts:
            echo(f"{doubt.sentence}{' (confirmed)' if doubt.confirmed else ''}")
        echo(doubts_sentence(doubts))
    if any(not doubt.confirmed for doubt in doubts):
        raise typer.Exit(1)


@with_examples("question confirm irn-sau-visit --by Ann --why 'talks announced'")
def confirm(
    names: Annotated[
        list[str],
        typer.Argument(help="Questions that `forecast question check` names.", metavar="ID"),
    ],
    by: Annotated[str, typer.Option("--by", help="Who confirms the forecasts.")],
    why: Annotated[
        str, typer.Option("--why", help="The reason, in words, which readers will see.")
    ],
    reports: ReportsOption = REPORTS,
    folder: FolderOption = QUESTIONS,
    as_json: JsonOption = False,
) -> None:
    """Confirm doubted forecasts, so that the page of the ledger shows them.

    It holds for later forecasts of the question, too, until one differs by a factor of two.
    """
    from forecast.desk.questions.doubts import doubts_of
    from forecast.desk.questions.drafts import confirmed
    from forecast.report.saved_report import reports_in

    question_folder, ledger = read_ledger(folder)
    chosen = [history.question.id for history in chosen_questions(ledger, names)]
    every_doubt = doubts_of(ledger.histories.values(), reports_in(reports))
    doubts = [doubt for doubt in every_doubt if not doubt.confirmed]
    drafts = []
    for name in chosen:
        of_question = [doubt for doubt in doubts if doubt.question == name]
        if not of_question:
            raise QuestionError(
                f"{name}: nothing is to be confirmed; `forecast question check` names what is"
            )
        drafts.append(confirmed(of_question, by, why))
    append_and_print(question_folder, drafts, as_json=as_json)


@with_examples("question withdraw usa-chn-above --why '0.6 was meant to be 60'")
def withdraw(
    name: Annotated[str, typer.Argument(help="A question.", metavar="ID")],
    why: Annotated[
        str, typer.Option("--why", help="The reason, in words, which readers will see.")
    ],
    folder: FolderOption = QUESTIONS,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a question before its window is over.

    It stays in the ledger with its forecasts, is shown with the reason, and is not scored.
    """
    from forecast.desk.questions.drafts import withdrawn

    question_folder, ledger = read_ledger(folder)
    (history,) = chosen_questions(ledger, [name])
    append_and_print(question_folder, [withdrawn(history.question, why)], as_json=as_json)
