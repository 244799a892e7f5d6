"""What the benchmark of memory measures."""

from benchmarks.harness.results import Result
from pipeline.records.record import Record


class MemorySample(Record):
    """The process after some requests.

    Attributes
    ----------
    requests
        Answered so far.
    resident_mib
        Resident memory.
    time_series
        Lines of ``/metrics``.
    """

    requests: int
    resident_mib: float
    time_series: int


class MemoryResult(Result):
    """The memory of one process during many requests.

    Attributes
    ----------
    terms
        Of the model.
    samples
        The first one is before all requests.
    """

    sources: dict[str, int]
    terms: int
    samples: tuple[MemorySample, ...]
