"""Hazards of sets of events: the probability of any event, by any day, from a pair's events."""
