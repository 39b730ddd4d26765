"""Page rendering: a template with its content and figures, in the same way for all pages."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecast.escaping import printable
from forecast.report.events import reference
from forecast.report.style import Illustration
from forecast.report.words import STAMP
from forecast.wording import day


@dataclass(frozen=True)
class Page:
    """A page before it is HTML."""

    template: str
    content: Mapping[str, Any]
    figures: Mapping[str, Illustration] = field(default_factory=dict)  # By name, in their order on the page
    converged: bool = True
    reasons: Sequence[str] = ()  # Why the fit has not converged

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
    environment.filters |= {"address": _address, "day": day, "reference": reference}
    text = printable(environment.get_template(template).render(content), keep="\n")
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def _address(svg: str) -> str:
    """Return an SVG as an address that holds it: an image runs no scripts and clashes with no other's ids."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
