"""How long the exported model takes for a message."""

import time
from collections.abc import Sequence
from typing import Any

from scorers.python import nightsieve_scorer

TIMED = 1_000  # messages


def measure_speed(model: bytes, texts: Sequence[str]) -> dict[str, Any]:
    """``microseconds`` a message in the Python scorer, the mean over ``messages`` of them; null without one.

    Another time on every run and every machine. So it is no part of a decision's making, but handed to it.
    """
    scorer, texts = nightsieve_scorer.load(model), texts[:TIMED]
    begun = time.perf_counter()
    for text in texts:
        scorer.label(text)
    seconds = time.perf_counter() - begun
    return {
        "messages": len(texts),
        "microseconds": seconds / len(texts) * 1e6 if texts else None,
    }
