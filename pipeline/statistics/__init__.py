"""Metrics, intervals, the bootstrap, agreement, and models of hidden labels."""
