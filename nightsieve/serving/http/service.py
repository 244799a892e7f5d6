"""What the endpoints of one process share."""

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from nightsieve.serving.access.access import Access
from nightsieve.serving.contract.prediction import Prediction
from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.contract.preprocessing import PreprocessedText
from nightsieve.serving.http.database_threads import DatabaseThreads
from nightsieve.serving.models.holder import ModelHolder
from nightsieve.serving.models.library import ModelLibrary
from nightsieve.serving.models.poller import Poller
from nightsieve.serving.options import ServeOptions
from nightsieve.store.objects import Store
from pipeline.records.reference import Reference

# How long the start waits for the model of the store. Without it, the process starts,
# and is not ready.
_FIRST_POLL_SECONDS = 2.0


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

    def model_changed(
        self,
        model: ServedModel,
        reference: Reference | None = None,
        night: datetime.date | None = None,
    ) -> None:
        """Note that this model, of this night, is served from now on."""

    def model_failed(self, reason: str) -> None:
        """Count a poll after which the newest model is not served."""


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

    def model_changed(
        self,
        model: ServedModel,
        reference: Reference | None = None,
        night: datetime.date | None = None,
    ) -> None:
        """Note nothing."""

    def model_failed(self, reason: str) -> None:
        """Count nothing."""


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    registry
        Reads published models for clients; None with ``--model``.
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
        self.registry: ModelLibrary | None = None
        if options.model is None:
            # A wrong address is an error now. A store that is away is none.
            Store.from_environment()
            self.registry = ModelLibrary(self.models)
        else:
            self.models.serve_file(options.model)
            self.monitor.model_changed(self.models.current)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done between requests."""
        try:
            async with self._polling():
                yield
        finally:
            self.database.close()

    @asynccontextmanager
    async def _polling(self) -> AsyncIterator[None]:
        """Change to each model that becomes current in the store."""
        if self.options.model is not None:
            yield
            return
        poller = Poller(self.models, self.options.poll_seconds, self.monitor)
        poller.start()
        with contextlib.suppress(TimeoutError):
            first_poll = asyncio.wrap_future(poller.first_poll)
            await asyncio.wait_for(asyncio.shield(first_poll), _FIRST_POLL_SECONDS)
        try:
            yield
        finally:
            poller.stop()
