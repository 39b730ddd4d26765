"""Is there mean reversion, and would the forecasts have been right?

Claims, backtests and checks.
"""
