"""How long the exported model takes to score a message."""

import time
from collections.abc import Sequence

from pipeline.records.release import Latency
from scorers.python import nightsieve_scorer

MAX_TIMED = 1_000  # messages


def measure_latency(model: bytes, bodies: Sequence[str]) -> Latency:
    """Return the mean time for a message in the Python scorer.

    The time differs from run to run and from machine to machine, so the decision does
    not measure it but receives it.
    """
    scorer = nightsieve_scorer.load(model)
    timed = bodies[:MAX_TIMED]
    if not timed:
        return Latency(messages=0, microseconds=None)
    start = time.perf_counter()
    for body in timed:
        scorer.label(body)
    seconds = time.perf_counter() - start
    return Latency(messages=len(timed), microseconds=seconds / len(timed) * 1e6)
