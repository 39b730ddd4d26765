"""Templates filled in: the same way for every page."""

import base64
from collections.abc import Mapping
from typing import Any

from forecast.escaping import printable
from forecast.report.events import reference
from forecast.wording import day


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
