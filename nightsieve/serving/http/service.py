"""What the endpoints of one process share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from nightsieve.serving.access.access import Access
from nightsieve.serving.contract.prediction import Prediction
from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.contract.preprocessing import PreprocessedText
from nightsieve.serving.http.database_threads import DatabaseThreads
from nightsieve.serving.models.holder import ModelHolder, read_model_file
from nightsieve.serving.options import ServeOptions


class Monitor(Protocol):
    """Measures; it may be called from several threads."""

    def request_started(self) -> None:
        """Count a request that is at work."""

    def request_done(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered; no endpoint has an empty path."""

    def predicted(
        self,
        model: ServedModel,
        texts: list[PreprocessedText],
        predictions: list[Prediction],
    ) -> None:
        """Measure predictions."""

    def corrected(self, agrees: bool) -> None:
        """Count a correction, and whether it agrees with the served model."""


class NoMonitor:
    """Measures nothing."""

    def request_started(self) -> None:
        """Count nothing."""

    def request_done(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count nothing."""

    def predicted(
        self,
        model: ServedModel,
        texts: list[PreprocessedText],
        predictions: list[Prediction],
    ) -> None:
        """Measure nothing."""

    def corrected(self, agrees: bool) -> None:
        """Count nothing."""


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    access
        Who may ask.
    database
        Where corrections are stored.
    monitor
        What is measured.
    large_requests
        Lets one request at a time run in a thread.

    Raises
    ------
    NightsieveError
        The file of the model or of the tokens cannot be used.
    """

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.models = ModelHolder()
        self.access = Access(options.tokens, options.host, options.requests_per_second)
        self.database = DatabaseThreads()
        self.monitor: Monitor = NoMonitor()
        self.large_requests = anyio.CapacityLimiter(1)
        if options.model is not None:
            self.models.replace(read_model_file(options.model))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done between requests."""
        try:
            yield
        finally:
            self.database.close()
