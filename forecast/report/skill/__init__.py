"""The page of a backtest, and what a report says of its own skill."""
