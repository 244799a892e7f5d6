"""The grid search, and training in blocks."""
