"""AutoETS: exponential smoothing with the form chosen by AICc."""

from forecast.evaluation.rivals.auto import Automatic

AUTO_ETS = Automatic("auto_ets", "AutoETS on windows as long as the horizon (statsforecast)", "AutoETS")
