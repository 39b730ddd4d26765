"""An outlook of a model with kinds of events, made without one."""

from dataclasses import replace
from datetime import date

import numpy as np

from forecast.outlook import KindSeries, NotDefined


def with_kinds(assessment):
    """Return an assessment with depth and severity, which do not change."""
    time = np.arange("2000-01", "2025-01", dtype="datetime64[M]")
    share = np.repeat([[20.0], [30.0], [45.0]], len(time), axis=1)
    kinds = {
        part: KindSeries(
            side=side,
            kinds=("a stronger kind",),
            dataset="made",
            now=assessment.standing.level,
            change=NotDefined("made"),
            last=date(2024, 12, 31),
            time=time.astype("datetime64[D]"),
            quantiles=(0.05, 0.5, 0.95),
            share=share,
            years=np.array([2001, 2002]),
            events=np.array([10, 40]),
            stronger=np.array([2, 20]),
        )
        for part, side in (("depth", "cooperative"), ("severity", "hostile"))
    }
    return replace(assessment, kinds=kinds)
