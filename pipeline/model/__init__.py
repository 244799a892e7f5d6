"""A linear text classifier: in floating point, in fixed point, and the way between."""
