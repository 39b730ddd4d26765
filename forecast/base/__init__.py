"""Errors, files, dates, words and progress: what every storey stands on."""
