"""Updating a fit with later events by re-weighting its draws, without sampling again (docs/updating.md)."""
