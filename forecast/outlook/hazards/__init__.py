"""Hazards of sets of events: the probability of any event, by any day, from the events of a pair alone."""
