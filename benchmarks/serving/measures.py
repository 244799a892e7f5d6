"""Figures of the requests that were sent."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.serving.calls import Sample
from benchmarks.serving.records import Latencies

_MILLISECONDS = 1e3


def read_samples(path: Path) -> list[Sample]:
    """Return what `traffic` wrote."""
    return [Sample(*entry) for entry in json.loads(path.read_text())]


def latencies_of(samples: Sequence[Sample]) -> Latencies:
    """Return the latencies of requests, also of those that failed."""
    milliseconds = np.array([sample.seconds for sample in samples]) * _MILLISECONDS
    percentiles = np.percentile(milliseconds, range(101))
    return Latencies(
        requests=len(samples),
        errors=sum(not sample.is_right for sample in samples),
        percentiles=tuple(map(float, percentiles.round(3))),
        p999=round(float(np.percentile(milliseconds, 99.9)), 3),
    )


def rate_of(samples: Sequence[Sample], seconds: float) -> float:
    """Return the right answers a second."""
    return sum(sample.is_right for sample in samples) / seconds
