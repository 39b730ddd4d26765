"""Options and arguments that several commands have, each declared once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from forecast.base.errors import OutputPathError
from forecast.base.limits import LIMITS

COMPUTATION = "Computation"  # Panels of the help
COVARIATES = "Covariates"
DATA = "Data"
MODEL = "Model"
OUTPUT = "Output"
QUESTION = "Question"
WINDOW = "Forecast"

QUESTIONS = Path("questions")  # Default folder of the questions and their ledger
ARCHIVE = Path("archive")  # Default folder of the archive of machine-coded feeds
REPORTS = Path("reports")  # Default folder of the reports with which forecasts are compared
AS_OF = "Use only events that the data date, or publish, by this day, YYYY-MM-DD or YYYY-MM"


def output_path(text: str | Path) -> Path:
    """Return the path of --out; an empty text is an error, because Python reads it as `.`."""
    if not str(text).strip():
        raise OutputPathError(
            "--out: an empty name; give the name of a folder, or . for the working folder"
        )
    return Path(text)


# Arguments

DyadArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="DYAD",
        help="Two states, such as USA-CHN; `forecast dyads` lists those that are embedded.",
    ),
]
QuestionArgument = Annotated[str, typer.Argument(metavar="ID", help="A question.")]
OutsideQuestionArgument = Annotated[str, typer.Argument(metavar="ID", help="An outside question.")]
QuestionsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Questions. Default: all that are open."),
]
PlanArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A plan, such as plan.yaml.")]
FitArgument = Annotated[Path, typer.Argument(help="A saved fit, such as report/fit.zarr.")]

# Source of the data

DatasetsOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="Datasets by name, such as chronology,gdelt: the embedded chronology, and datasets "
        "of --archive.",
        rich_help_panel=DATA,
    ),
]
ArchiveOption = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        help="Folder of an archive of machine-coded feeds (`forecast help archive`).",
        rich_help_panel=DATA,
    ),
]
EventsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--events",
        help="Your own table (with --mapping), chronology folder, or files of a machine-coded "
        "feed (`forecast help feeds`). Repeat it for several tables together; `chronology` is the "
        "embedded one.",
        rich_help_panel=DATA,
    ),
]
MappingOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--mapping",
        help="Where the table's fields stand. One a table, in the order of the tables.",
        rich_help_panel=DATA,
    ),
]
CountsOption = Annotated[
    Path | None,
    typer.Option(
        "--counts", help="Your own counts by class (with --mapping).", rich_help_panel=DATA
    ),
]
IndexOption = Annotated[
    Path | None,
    typer.Option("--index", help="Your own index (with --mapping).", rich_help_panel=DATA),
]
FormatOption = Annotated[
    Literal["keds", "copdab"] | None,
    typer.Option(
        "--format",
        help="With --events: the file is as KEDS or TABARI write it, or monthly intensities of "
        "COPDAB; needs no mapping.",
        rich_help_panel=DATA,
    ),
]
SchemeOption = Annotated[
    Literal["cameo", "weis"] | None,
    typer.Option(
        "--scheme",
        help="With --format keds: the coding scheme. Default: cameo.",
        rich_help_panel=DATA,
    ),
]
FeedOption = Annotated[
    str | None,
    typer.Option(
        "--feed",
        help="With --events: which feed the files are of. Default: what their content says.",
        rich_help_panel=DATA,
    ),
]
FeedSettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--feed-setting",
        help="With a feed: what is counted of it, such as one_a_day=no. Repeat it "
        "(`forecast help feeds`).",
        rich_help_panel=DATA,
    ),
]
AddOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--add",
        help="A small CSV of events to add to the record: date, source, target, code or kind, "
        "summary. Repeat it for several, or name a folder (`forecast help adding-events`).",
        rich_help_panel=DATA,
    ),
]
CoveredToOption = Annotated[
    list[str] | None,
    typer.Option(
        "--covered-to",
        metavar="PAIR:DAY",
        help="With --add: up to which day the record of a pair is complete, such as "
        "USA-CHN:2026-06-21. Repeat it for other pairs. PAIR:FIRST:LAST also covers a gap before "
        "the added events, such as USA-RUS:2026-03-29:2026-06-21. Default: the last added day, "
        "without a gap of more than 31 days.",
        rich_help_panel=DATA,
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help=f"{AS_OF}. Default: the coverage end.", rich_help_panel=DATA),
]
ArchiveFolderOption = Annotated[
    Path, typer.Option("--archive", metavar="FOLDER", help="Folder of the archive.")
]
ScaleOption = Annotated[
    str,
    typer.Option("--scale", help="The ordering of codes into classes: commitment or goldstein."),
]

# Covariates

DriversOption = Annotated[
    Path | None,
    typer.Option(
        "--drivers",
        help="Covariates: a CSV file (`forecast help drivers`), or calendar for elections, "
        "congresses and summits. A backtest has the pendulum with them and without.",
        rich_help_panel=COVARIATES,
    ),
]
DriverActsOption = Annotated[
    str | None,
    typer.Option(
        "--driver-acts",
        help="What drivers act on: month, cycle or trend; or each, such as "
        "summit=month,trade=cycle. Default: month, and what suits those of the calendar.",
        rich_help_panel=COVARIATES,
    ),
]
DriverFutureOption = Annotated[
    str,
    typer.Option(
        "--driver-future",
        help="Drivers in the months ahead: given (as far as known on the day), carried (at the "
        "last value) or simulated.",
        rich_help_panel=COVARIATES,
    ),
]

# The model and its sampling

FrequencyOption = Annotated[
    Literal["month", "week"],
    typer.Option(
        "--frequency",
        help="Periods: month or week; counts bring their own.",
        rich_help_panel=MODEL,
    ),
]
TogetherOption = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="Dyads to fit together with this one, such as USA-RUS,CHN-RUS. Default: those that "
        "`forecast dyads` lists as fitted together; none for a dyad that is fitted alone.",
        rich_help_panel=MODEL,
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        help="The same seed gives the same numbers.",
        min=LIMITS["seed"][0],
        max=LIMITS["seed"][1],
        rich_help_panel=COMPUTATION,
    ),
]
DrawsOption = Annotated[
    int | None,
    typer.Option(
        "--draws",
        help="Kept draws of a chain.",
        min=LIMITS["draws"][0],
        max=LIMITS["draws"][1],
        rich_help_panel=COMPUTATION,
    ),
]
TuneOption = Annotated[
    int | None,
    typer.Option(
        "--tune",
        help="Warm-up draws of a chain.",
        min=LIMITS["tune"][0],
        max=LIMITS["tune"][1],
        rich_help_panel=COMPUTATION,
    ),
]
ChainsOption = Annotated[
    int | None,
    typer.Option(
        "--chains",
        help="Chains.",
        min=LIMITS["chains"][0],
        max=LIMITS["chains"][1],
        rich_help_panel=COMPUTATION,
    ),
]
CoresOption = Annotated[
    int | None,
    typer.Option(
        "--cores",
        help="Cores to use; default: all. Changes no number.",
        min=LIMITS["cores"][0],
        max=LIMITS["cores"][1],
        rich_help_panel=COMPUTATION,
    ),
]
FitOption = Annotated[Path, typer.Option("--fit", help="A saved fit, such as report/fit.zarr.")]
RefitOption = Annotated[
    bool,
    typer.Option(
        "--refit/--no-refit",
        help="Whether to fit the model again where nothing quicker is valid, which takes as long "
        "as a fit; otherwise what is known without is shown.",
        rich_help_panel=COMPUTATION,
    ),
]

# The months ahead

HorizonsOption = Annotated[
    str | None,
    typer.Option(
        "--horizons",
        help="Months ahead, such as 6,12. Default: 3,6,12,24.",
        rich_help_panel=WINDOW,
    ),
]
AboveOption = Annotated[
    float | None,
    typer.Option(
        "--above",
        help="A share in per cent: the chance that at least so much of what is recorded is "
        "cooperative.",
        rich_help_panel=WINDOW,
    ),
]
BaselineOption = Annotated[
    int,
    typer.Option(
        "--baseline",
        help="Months up to the forecast date that every horizon is compared with.",
        rich_help_panel=WINDOW,
    ),
]
EndMonthOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="In place of --horizons: the month, YYYY-MM, with which the window ends.",
        rich_help_panel=WINDOW,
    ),
]
ByMonthOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="With --above: the share of the preceding 12 months (of --horizons the one nearest "
        "to 12) is that high at the end of at least one month up to this one.",
        rich_help_panel=WINDOW,
    ),
]
ImprovementOption = Annotated[
    float,
    typer.Option(
        "--improvement",
        help="Points of share (0 to 100) that count as a change.",
        rich_help_panel=WINDOW,
    ),
]

# Questions and their ledger

FolderOption = Annotated[
    Path,
    typer.Option(
        "--folder", help="Where the questions and their ledger are.", rich_help_panel=QUESTION
    ),
]
LedgerOption = Annotated[Path | None, typer.Option("--ledger", help="A ledger elsewhere.")]
ReportsOption = Annotated[
    Path,
    typer.Option("--reports", help="Folder of reports, with which forecasts are compared."),
]
LedgerQuestionOption = Annotated[
    str | None,
    typer.Option(
        "--question",
        help="In place of the headline: a question of the ledger, its ID or its file.",
        rich_help_panel=QUESTION,
    ),
]
ExpectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        help="Of events: one of the set that you expect, DAY:CHANCE, such as 2026-07-10:0.8. "
        "Repeat it for several.",
        rich_help_panel=QUESTION,
    ),
]
ActorStateOption = Annotated[
    str | None,
    typer.Option(
        "--by", help="Of events, the state that acts, such as USA.", rich_help_panel=QUESTION
    ),
]
ActorOption = Annotated[
    str | None,
    typer.Option(
        "--actor", help="Of events, a name that the row contains.", rich_help_panel=QUESTION
    ),
]
QuietOption = Annotated[
    int | None,
    typer.Option(
        "--quiet",
        help="Of events, in place of a number: days in a row without any.",
        min=1,
        rich_help_panel=QUESTION,
    ),
]
HigherOption = Annotated[
    float | None,
    typer.Option(
        "--higher",
        help="Points: the share is at least so much above that before.",
        rich_help_panel=QUESTION,
    ),
]
LowerOption = Annotated[
    float | None,
    typer.Option(
        "--lower",
        help="Points: the share is at least so much below that before.",
        rich_help_panel=QUESTION,
    ),
]
BaselineBeforeOption = Annotated[
    int | None,
    typer.Option(
        "--baseline",
        help="Months before that higher and lower compare with; default: 12.",
        rich_help_panel=QUESTION,
    ),
]
ShareAtLeastOption = Annotated[
    float | None,
    typer.Option(
        "--above", help="Per cent: the share is at least so high.", rich_help_panel=QUESTION
    ),
]
ShareAtMostOption = Annotated[
    float | None,
    typer.Option(
        "--below", help="Per cent: the share is at most so high.", rich_help_panel=QUESTION
    ),
]
MeasureOption = Annotated[
    str,
    typer.Option(
        "--measure",
        help="What these are of: the share, or the tone (the mean Goldstein score) in its points.",
        rich_help_panel=QUESTION,
    ),
]
AtLeastOption = Annotated[
    str | None,
    typer.Option(
        "--at-least",
        help="SET or SET:NUMBER, such as strike or visit:2: so many events of a set "
        "(`forecast help named-sets`).",
        rich_help_panel=QUESTION,
    ),
]
CodesOption = Annotated[
    str | None,
    typer.Option(
        "--codes",
        help="CAMEO codes in place of a set, such as 190,195.",
        rich_help_panel=QUESTION,
    ),
]
LevelOption = Annotated[
    float | None,
    typer.Option(
        "--level",
        help="Per cent: the latent level is at least so high in the end. Never resolvable.",
        rich_help_panel=QUESTION,
    ),
]
MonthsOption = Annotated[
    int | None,
    typer.Option(
        "--months",
        help="Length of the window in months. Default: 12.",
        rich_help_panel=QUESTION,
    ),
]
FirstDayOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Of events, the first day of the window, YYYY-MM-DD. Default: tomorrow.",
        rich_help_panel=QUESTION,
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        help="In place of the length: its last month, YYYY-MM; of events its last day as well.",
        rich_help_panel=QUESTION,
    ),
]
WhenOption = Annotated[
    str,
    typer.Option(
        "--when",
        help="Of a share: `at` (of the window), or `by` or `throughout` (of rolling windows).",
        rich_help_panel=QUESTION,
    ),
]
SpanOption = Annotated[
    int | None,
    typer.Option(
        "--span", help="Months of a rolling window. Default: 12.", rich_help_panel=QUESTION
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="Of several datasets, which one records it. Default: the main one.",
        rich_help_panel=QUESTION,
    ),
]

# Tests of claims

TestedTogetherOption = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="Dyads to test together, such as USA-RUS,CHN-RUS. Default: all of the data.",
        rich_help_panel=DATA,
    ),
]
ClaimsOption = Annotated[
    str | None,
    typer.Option(
        "--claims",
        help="Codes such as S2,S5. Default: all that the data can answer, except S5c and S12; of "
        "power, all that are simulated.",
        rich_help_panel=DATA,
    ),
]

# Output

ReplaceOption = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="Replace the earlier page that is in the folder of --out.",
        rich_help_panel=OUTPUT,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON for programs.", rich_help_panel=OUTPUT),
]
