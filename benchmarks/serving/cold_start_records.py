"""What the benchmark of cold starts measures."""

from benchmarks.harness.results import Result, Spread
from pipeline.records.record import Record


class ColdStart(Record):
    """How a function starts.

    Attributes
    ----------
    init_seconds
        From the start of the process until it asks for an event: Python, AWS' program
        and the import of the handler's module, with the model.
    first_seconds
        From the same start until the first response.
    warm_seconds
        Of a further event.
    memory_mib
        Peak memory of the process.
    """

    name: str
    init_seconds: Spread
    first_seconds: Spread
    warm_seconds: Spread
    memory_mib: Spread | None


class ColdStartResult(Result):
    """Functions that are started in turns.

    Attributes
    ----------
    package_bytes
        Of the zip file of the packaged model.
    functions
        The packaged model, a handler that returns a constant, and scikit-learn's.
    """

    sources: dict[str, int]
    terms: int
    rounds: int
    package_bytes: int
    functions: tuple[ColdStart, ...]
