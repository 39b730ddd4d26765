"""Simulate power and false alarms of the tests of claims again, into both tables of the package."""

from forecast import build_panel, read_chronology
from forecast.hypotheses.power import make_tables

if __name__ == "__main__":
    events = read_chronology()
    make_tables(build_panel(events), events, "build/power.jsonl", cores=2)
