"""What the benchmark of the service's start measures."""

from benchmarks.harness.results import Result, Spread
from pipeline.records.record import Record

#: What the service may take beyond the bare imports.
TARGET_SECONDS = 1.0


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
