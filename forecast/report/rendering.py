"""Page rendering: a template with its content and figures, in the same way for all pages."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.escaping import printable
from forecast.files import write_csv, write_json, write_text
from forecast.report.events import reference
from forecast.report.style import Illustration
from forecast.report.words import STAMP, interval
from forecast.wording import chance, count, day, join, number, percent

if TYPE_CHECKING:
    import pandas as pd


type Files = dict[str, pd.DataFrame | str | Mapping[str, Any] | Callable[[Path], object]]


@dataclass(frozen=True)
class Page:
    """A page before it is HTML."""

    template: str
    content: Mapping[str, Any]
    figures: Mapping[str, Illustration] = field(default_factory=dict)  # By name, in their order on the page
    converged: bool = True
    reasons: Sequence[str] = ()  # Why the fit has not converged
    # By name, the file of the page: a table, a text, values for JSON, or what writes it to a path; "." is the folder.
    files: "Files" = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the files."""
        import pandas as pd

        for name, content in self.files.items():
            if isinstance(content, pd.DataFrame):
                write_csv(folder / name, content)
            elif isinstance(content, str):
                write_text(folder / name, content)
            elif isinstance(content, Mapping):
                write_json(folder / name, content)
            else:
                content(folder / name)

    def html(self, files: Sequence[str] = ()) -> str:
        """Return the page, which loads nothing; `files` are the names of the other files of its folder."""
        frame = {
            "stamp": "" if self.converged else STAMP,
            "reasons": tuple(self.reasons),
            "figures": self.figures,
            "numbers": {name: place for place, name in enumerate(self.figures, 1)},
            "files": list(files),
        }
        return render(self.template, frame | dict(self.content))


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template; all that it is given is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("forecast.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"address": _address, "day": day, "reference": reference, "interval": interval}
    environment.globals |= {"chance": chance, "count": count, "join": join, "number": number, "percent": percent}
    text = printable(environment.get_template(template).render(content), keep="\n")
    return text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def _address(svg: str) -> str:
    """Return an SVG as an address that holds it: an image runs no scripts and clashes with no other's ids."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
