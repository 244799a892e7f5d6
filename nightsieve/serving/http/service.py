"""What the endpoints of one process share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nightsieve.serving.access.access import Access
from nightsieve.serving.http.database_threads import DatabaseThreads
from nightsieve.serving.http.large_requests import LargeRequests
from nightsieve.serving.models.holder import ModelHolder
from nightsieve.serving.models.library import ModelLibrary
from nightsieve.serving.models.poller import Poller
from nightsieve.serving.monitoring.monitor import Monitor
from nightsieve.serving.options import ServeOptions
from nightsieve.store.objects import Store

# How long the start waits for the model of the store. Without it, the process starts,
# and is not ready.
_FIRST_POLL_SECONDS = 2.0


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    library
        Reads published models for clients; None with ``--model``.
    access
        Who may ask.
    database
        Where corrections are stored.
    monitor
        What is measured.
    large_requests
        Answers one request at a time in a thread.

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
        self.monitor = Monitor()
        self.large_requests = LargeRequests()
        self.library: ModelLibrary | None = None
        if options.model is None:
            # A wrong address is an error now. A store that is away is none.
            Store.from_environment()
            self.library = ModelLibrary(self.models)
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
