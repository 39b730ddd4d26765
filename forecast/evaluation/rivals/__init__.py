"""The rivals: simple forecasters that the model has to beat. One file each, and one line here."""

from forecast.evaluation.forecaster import Rival
from forecast.evaluation.rivals.ar_noise import AR_NOISE
from forecast.evaluation.rivals.auto_arima import AUTO_ARIMA
from forecast.evaluation.rivals.auto_ets import AUTO_ETS
from forecast.evaluation.rivals.base_rate import BaseRate
from forecast.evaluation.rivals.last_window import LastWindow
from forecast.evaluation.rivals.local_level import LOCAL_LEVEL

REFERENCE = "base_rate_10y"
"""The rival that every skill is stated against."""

RIVALS: dict[str, Rival] = {
    rival.code: rival
    for rival in (
        BaseRate("base_rate_all", "the share of the whole record", None),
        BaseRate(REFERENCE, "the share of the last ten years", 120),
        BaseRate("base_rate_5y", "the share of the last five years", 60),
        BaseRate("base_rate_2y", "the share of the last two years", 24),
        LastWindow(),
        LOCAL_LEVEL,
        AR_NOISE,
        AUTO_ETS,
        AUTO_ARIMA,
    )
}
