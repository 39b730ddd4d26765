"""AutoARIMA: ARIMA with the orders chosen by AICc."""

from forecast.evaluation.rivals.auto import Automatic

AUTO_ARIMA = Automatic("auto_arima", "AutoARIMA on windows as long as the horizon (statsforecast)", "AutoARIMA")
