"""Faults at every stage of a night, and damage to every kind of object.

`benchmarks.faults.matrix` kills, stops, cuts off and damages what a night consists of,
one fault in each night, and runs the same command again. `benchmarks.faults.flips`
flips single bits of stored objects and reads them.
"""
