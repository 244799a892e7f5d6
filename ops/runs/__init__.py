"""Past nights: why a task ran, and the same night once more."""
