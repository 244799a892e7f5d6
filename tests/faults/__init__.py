"""A slice of the fault matrix, which only CI runs; `make faults` runs all of it."""
