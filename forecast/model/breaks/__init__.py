"""Breaks of the equilibrium: when and how often it broke, and the eras that follow from that."""
