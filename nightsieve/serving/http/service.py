"""What the endpoints of one process share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from nightsieve.serving.contract.prediction import Prediction
from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.contract.preprocessing import PreprocessedText
from nightsieve.serving.models.holder import ModelHolder, read_model_file
from nightsieve.serving.options import ServeOptions


class Access(Protocol):
    """Decides who may ask."""

    def check(self, headers: Mapping[str, str], scope: str) -> str:
        """Return the name of the caller.

        Raises
        ------
        Problem
            401, 403 or 429.
        """


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


class OpenAccess:
    """Lets everyone on this machine ask: there are no tokens."""

    def check(self, headers: Mapping[str, str], scope: str) -> str:
        """Return an empty name."""
        return ""


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


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    access
        Who may ask.
    monitor
        What is measured.
    large_requests
        Lets one request at a time run in a thread.

    Raises
    ------
    NightsieveError
        The model file of the options cannot be served.
    """

    models: ModelHolder
    access: Access
    monitor: Monitor

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.models = ModelHolder()
        self.access = OpenAccess()
        self.monitor = NoMonitor()
        self.large_requests = anyio.CapacityLimiter(1)
        if options.model is not None:
            self.models.replace(read_model_file(options.model))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done between requests."""
        yield
