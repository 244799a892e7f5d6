"""What the benchmarks of serving measure."""

from benchmarks.harness.results import Result, Spread
from pipeline.records.record import Record


class Latencies(Record):
    """How long requests of one kind took, from when they were due.

    Attributes
    ----------
    requests
        All that were sent.
    errors
        Those with another status than the right one, or without an answer.
    percentiles
        Milliseconds; 0 to 100, so that the 51st entry is the median.
    p999
        Milliseconds.
    """

    requests: int
    errors: int
    percentiles: tuple[float, ...]
    p999: float


class ServerLoad(Record):
    """What one server did with a model.

    Attributes
    ----------
    start_seconds
        From the command until its first answer.
    memory_mib
        Of all its processes after the load, without what they share.
    scheduled
        One message a request, at the rate of the result.
    highest_rate
        Requests a second with one message each, when users ask as soon as they are
        answered.
    batches
        Messages a second, in large batches.
    """

    name: str
    start_seconds: Spread
    memory_mib: Spread
    scheduled: Latencies
    highest_rate: Spread
    batches: Spread


class LoadResult(Result):
    """The service and the baseline under the same load.

    Attributes
    ----------
    rate
        Scheduled requests a second.
    scorer
        Messages a second of the Python scorer alone, on the same core.
    """

    sources: dict[str, int]
    terms: int
    rate: float
    seconds: float
    batch_size: int
    rounds: int
    scorer: Spread
    servers: tuple[ServerLoad, ...]


class MixedResult(Result):
    """All kinds of requests at once, with a store and a database.

    Attributes
    ----------
    kinds
        By the kind of request.
    """

    rate: float
    seconds: float
    kinds: dict[str, Latencies]


class Outage(Record):
    """What clients saw while a part was killed and came back.

    Attributes
    ----------
    failed_predictions, failed_corrections
        How many, by the status or the kind of error that the client saw.
    lost
        Corrections that the client was told were stored, and that the table lacks.
    stored_unsaid
        Corrections that are stored although the client was told otherwise, or was told
        nothing; the client sends them again, which changes nothing.
    """

    name: str
    predictions: int
    failed_predictions: dict[str, int]
    corrections: int
    failed_corrections: dict[str, int]
    lost: int
    stored_unsaid: int


class OutagesResult(Result):
    """Parts that were killed under load."""

    outages: tuple[Outage, ...]


class ParityResult(Result):
    """The same messages through each way to a prediction.

    Attributes
    ----------
    differences
        Messages for which a way has another label or other scores than
        ``nightsieve score``.
    """

    sources: dict[str, int]
    messages: int
    differences: dict[str, int]


class SwapResult(Result):
    """Models that were published under load.

    Attributes
    ----------
    rate
        Requests a second, one message each.
    every
        Seconds from one publication to the next, for ``seconds``.
    published, damaged
        How many models in all, and how many of them were damaged in the store.
    served
        How many models gave answers.
    answers
        An error is a request without an answer, or with other scores than those of the
        model that the answer names.
    phones, failed_phones
        Looks for another model, a fetch of its file included where there was one.
    swaps
        How many models were published between the two measurements of memory.
    """

    terms: int
    rate: float
    seconds: float
    every: float
    published: int
    damaged: int
    served: int
    answers: Latencies
    phones: int
    failed_phones: int
    swaps: int
    memory_before_mib: float
    memory_after_mib: float


class ServiceStart(Record):
    """How a service starts.

    Attributes
    ----------
    seconds
        From the start of the command until ``/health/ready`` answers with 200.
    beyond
        The same without the bare imports of the same round.
    """

    name: str
    seconds: Spread
    beyond: Spread


class StartResult(Result):
    """Services that are started in turns with the bare imports.

    Attributes
    ----------
    imports
        Seconds of a Python process that imports Starlette, uvicorn and boto3.
    """

    sources: dict[str, int]
    terms: int
    rounds: int
    imports: Spread
    services: tuple[ServiceStart, ...]


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
