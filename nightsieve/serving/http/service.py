"""What the endpoints of one process share."""

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.models.holder import ModelHolder
from nightsieve.serving.models.library import ModelLibrary
from nightsieve.serving.models.poller import Poller
from nightsieve.serving.options import ServeOptions
from pipeline.records.reference import Reference

# How long the start waits for the model of the store. Without it, the process starts,
# and is not ready.
_FIRST_POLL_SECONDS = 2.0


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    registry
        Reads published models for clients; None with ``--model``.
    """

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.models = ModelHolder()
        self.registry: ModelLibrary | None = None
        if options.model is None:
            self.registry = ModelLibrary(self.models)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model, and do what is done between requests."""
        if self.options.model is not None:
            self.models.serve_file(self.options.model)
            yield
            return
        poller = Poller(self.models, self.options.poll_seconds, _Unmeasured())
        poller.start()
        with contextlib.suppress(TimeoutError):
            first_poll = asyncio.wrap_future(poller.first_poll)
            await asyncio.wait_for(asyncio.shield(first_poll), _FIRST_POLL_SECONDS)
        try:
            yield
        finally:
            poller.stop()


class _Unmeasured:
    def model_changed(
        self,
        model: ServedModel,
        reference: Reference | None = None,
        night: datetime.date | None = None,
    ) -> None:
        pass

    def model_failed(self, reason: str) -> None:
        pass
