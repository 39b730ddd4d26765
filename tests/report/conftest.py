"""A fit to report, with its convergence checks and provenance, and a table of events, one of them hostile."""

import re
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

import pandas as pd
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG

from forecast.data.events import EventTable
from forecast.data.events.table import SourceFile
from forecast.model.fitted import PRIOR_POSTERIOR
from forecast.outlook import assess
from forecast.report.material import gather
from forecast.report.page import forecast_json, illustrations, page
from tests.made import MadeFit, make_fit
from tests.pages import leave_figures_empty

LABELS = {"USA-CHN": "US-China", "USA-RUS": "US-Russia", "CHN-RUS": "China-Russia"}
SCRIPT = "<script>alert('owned')</script> & \"quotes\" at $5 and $6"
LIMITS = {"r_hat": 1.01, "ess": 400, "bfmi": 0.3, "divergence_share": 0.001}


@dataclass(frozen=True)
class MadeGate:
    """A verdict in the form of the model's."""

    passed: bool = True
    reasons: tuple[str, ...] = ()

    def to_dict(self):
        worst = {
            "quantity": "half-life",
            "number": 3,
            "r_hat": 1.004,
            "ess_bulk": 912.0,
            "ess_tail": 851.0,
        }
        return {
            "passed": self.passed,
            "limits": LIMITS,
            "quantities": [worst, {**worst, "quantity": "outlook", "number": 140}],
            "divergence_share": 0.0002,
            "bfmi": 0.7,
            "reasons": list(self.reasons),
        }


FAILED = MadeGate(passed=False, reasons=("half-life: R-hat 1.031, limit 1.01",))


@dataclass(frozen=True)
class ReportedFit(MadeFit):
    """A made fit with what the report asks of a real one."""

    gate: MadeGate = MadeGate()
    provenance: dict = field(
        default_factory=lambda: {
            "seed": 1,
            "draws": 150,
            "chains": 2,
            "versions": {"pendulum-forecast": "0.1.0"},
            "seconds": {"sample": 61.5},
        }
    )

    def prior_posterior(self, dyad):
        rows = [
            ["half-life of the cycle", "months", 1.3, 4.0, 12.6, 2.9, 3.5, 4.4, 0.03],
            ["headroom", "log-odds", 0.3, 1.0, 3.2, 0.4, 1.1, 3.0, 0.91],
        ]
        return pd.DataFrame(rows, columns=PRIOR_POSTERIOR)

    def save(self, path):
        path.write_text("a fit")
        return path


def reported_fit(**kinds):
    made = make_fit(**kinds)
    return ReportedFit(made.posterior, made.panel, made.spec)


def index_of(made):
    """Return a fit of one dyad as one of an index."""
    index = made.panel["counts"].isel(dataset=0, direction=0).sum("class").astype(float)
    panel = made.panel.drop_vars(["counts", "covered"]).assign(index=index)
    panel.attrs = {"schema": 1, "frequency": "month", "as_of": "", "digest": "", "late": 0}
    return type(made)(made.posterior.drop_vars("concentration"), panel, made.spec)


class Reader(HTMLParser):
    """Tags with their attributes, and the text outside of style and script."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self._open = [], [], []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.texts)).replace("\N{NO-BREAK SPACE}", " ")

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        self._open = self._open[: len(self._open) - 1 - self._open[::-1].index(tag)]

    def handle_data(self, data):
        if not {"style", "script"} & set(self._open):
            self.texts.append(data.strip())

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def made_events(dyad="USA-CHN"):
    """Events over the made panel (2000 to 2024), the last of them dangerous to a careless page."""
    first, second = dyad.split("-")
    rows = [
        (
            "2001-04-01",
            first,
            second,
            "195",
            "US Navy",
            "An aircraft is shot down",
            "a newspaper, 2001",
        ),
        (
            "2006-05-01",
            second,
            first,
            "042",
            "President Chen",
            f"Arrives\x00 {SCRIPT}",
            "https://www.example.org/a",
        ),
        (
            "2006-05-01",
            first,
            second,
            "043",
            "President Smith",
            "Arrives",
            "https://www.example.org/a",
        ),
        (
            "2024-06-02",
            first,
            second,
            "163",
            "Department",
            "Sanctions are imposed",
            "https://example.org/b?c=1",
        ),
        ("2024-09-01", second, first, "036", "Ministry", SCRIPT, "javascript:alert(1)"),
        (
            "2025-03-01",
            second,
            first,
            "057",
            "Ministry",
            "Known only later",
            "https://example.org/late",
        ),
    ]
    frame = pd.DataFrame(
        rows, columns=["date", "source", "target", "cameo", "actor", "summary", "reference"]
    )
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[s]")
    return EventTable(
        events=frame.assign(
            known_at=frame["date"],
            goldstein=0.0,
            quad=1,
            n=1,
            dataset="chronology",
            event_id=[f"e{place}" for place in range(len(frame))],
            dyad=dyad,
        ),
        rejects=pd.DataFrame(
            {"file": ["a.csv"], "line": [7], "reason": ["not a day"], "row": [SCRIPT]}
        ),
        files=(SourceFile("a.csv", "0" * 64, 7, 1),),
        late=2,
    )


def assessed(fit, dyad="USA-CHN", **options):
    return assess(
        fit, dyad, options.pop("horizons", (3, 6, 12, 24)), seed=1, labels=LABELS, **options
    )


@pytest.fixture(scope="session")
def fit():
    return reported_fit()


@pytest.fixture(scope="session")
def assessment(fit):
    return assessed(fit, since=date(2001, 1, 1))


@pytest.fixture(scope="session")
def others(fit):
    return [assessed(fit, dyad) for dyad in ("USA-RUS", "CHN-RUS")]


@pytest.fixture(scope="session")
def events():
    return made_events()


@pytest.fixture(scope="session")
def material(fit, assessment, others, events):
    return gather(fit, assessment, events, others, None)


@pytest.fixture(scope="session")
def drawings(material):
    """Return the figures of the report, and matplotlib's figures as they were drawn, in their order."""
    saved, write = [], FigureCanvasSVG.print_svg

    def print_svg(canvas, *args, **options):
        if canvas.figure not in saved[-1:]:  # once for its layout, once to be written
            saved.append(canvas.figure)
        return write(canvas, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureCanvasSVG, "print_svg", print_svg)
        return illustrations(material), saved


@pytest.fixture(scope="session")
def figures(drawings):
    return drawings[0]


@pytest.fixture(scope="session")
def html(material, figures):
    return page(material, figures).html(["forecast.json", "levels.csv"])


def render_page(fit, assessment, *, events=None, others=(), gate=None, skill=None, drawn=False):
    """Return the page of a report.

    Its figures have captions and words, and are empty unless they are to be drawn.
    """
    material = gather(fit, assessment, events, others, gate, skill)
    with pytest.MonkeyPatch.context() as patch:
        if not drawn:
            leave_figures_empty(patch)
        return page(material, illustrations(material)).html()


def report_json(fit, assessment, *, events=None, others=(), gate=None, skill=None):
    """Return forecast.json of a report."""
    return forecast_json(gather(fit, assessment, events, others, gate, skill))
