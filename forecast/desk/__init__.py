"""What a forecaster keeps: questions, the ledger, and every Monday."""
