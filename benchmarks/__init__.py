"""Benchmarks: what the parts cost, and how well they agree with known tools.

``harness`` holds what they share; the other folders hold the benchmarks. The result of
``python -m benchmarks.FOLDER.NAME`` is ``results/NAME.json``.
"""
