"""Machinery that the benchmarks of all folders share."""
