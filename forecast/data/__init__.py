"""From tables and feeds to the event table, and from it to the panel."""
