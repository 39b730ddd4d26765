"""Claims, backtests and checks.

Is there mean reversion, and would the forecasts have been right?
"""
