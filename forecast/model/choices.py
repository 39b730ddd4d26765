"""The model that suits the data, where the user leaves choices open."""

from typing import Any

import xarray as xr

from forecast.model.observation import observation_of
from forecast.model.spec import PendulumSpec
from forecast.panel import panel_kind, validate_panel
from forecast.panel.kinds import PanelKind


def spec_for(panel: xr.Dataset, **choices: Any) -> PendulumSpec:
    """Return the default spec for a panel, with some choices made otherwise.

    Without two classes of cooperation nothing is known of depth: the default ceiling is then a bound on the level
    alone. Around a structure that moves (``structure="walk"``) events are read as sides and kinds, whose kinds drift
    with the years, and nothing bounds the level.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events, counts or an index.
    **choices
        Fields of `PendulumSpec`.

    Raises
    ------
    DataError
        If it is not a panel.
    SpecError
        If a choice makes no sense.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.model.choices import spec_for
    >>> spec_for(build_panel(read_chronology(dyads=["USA-CHN"])), shocks="student").ceiling
    ('era', 'depth')
    """
    validate_panel(panel)
    kind = panel_kind(panel)
    given = {"observation": observation_of(panel).name} | choices
    if given.get("structure", "eras") != "eras":
        given = _around_structure(kind) | choices
    elif kind.cooperative_classes(panel) < 2:
        given = {"ceiling": ("era",)} | given
    return PendulumSpec(**given)


def _around_structure(kind: PanelKind) -> dict[str, Any]:
    """Return what suits a structure that moves."""
    if not kind.coded:
        return {"observation": "index", "ceiling": ()}
    return {"observation": "sides", "ceiling": ("trend",)}
