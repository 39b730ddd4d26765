"""Names that examples of figures and fits use without making them.

`fit`, a fit of one dyad, and its `assessment`.
"""

import os
from functools import cache

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

OF_A_FIT = ("forecast.plots", "forecast.model.fitted.Fit", "forecast.outlook.assessment.Assessment")


@cache
def _made():
    from forecast import assess
    from tests.made import make_fit
    from tests.plots.made import with_kinds

    fit = make_fit(("USA-CHN",), draws=40)
    return {"fit": fit, "assessment": with_kinds(assess(fit, "USA-CHN", seed=1))}


@pytest.fixture(autouse=True)
def examples_of_fits(request, doctest_namespace):
    """Give examples a fit, and close the figures that they leave open."""
    if not (
        isinstance(request.node, pytest.DoctestItem) and request.node.name.startswith(OF_A_FIT)
    ):
        yield
        return
    doctest_namespace.update(_made())
    yield
    for name in _made():
        doctest_namespace.pop(name, None)
    from matplotlib import pyplot

    pyplot.close("all")
