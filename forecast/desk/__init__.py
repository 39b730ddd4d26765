"""Questions with dates, their forecasts and outcomes, and the ledger that keeps them."""
