"""What the data say of each claim: numbers, comparisons, tables and figures, without the sentences."""
