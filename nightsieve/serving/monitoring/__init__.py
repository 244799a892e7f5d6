"""Metrics of the service for Prometheus, and the drift of live traffic.

`monitor` is called for each event and counts it; `metrics` defines what is counted.
Worker processes share a folder (`folder`) of memory-mapped files. `collector` sums over
them when Prometheus asks, and computes the drift (`drift`) from the sums.
"""
