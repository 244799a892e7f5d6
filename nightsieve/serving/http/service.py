"""What the endpoints of one process share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nightsieve.serving.access.access import Access
from nightsieve.serving.http.database_threads import DatabaseThreads
from nightsieve.serving.models.holder import ModelHolder, read_model_file
from nightsieve.serving.options import ServeOptions


class NoMonitor:
    """Measures nothing."""

    def corrected(self, agrees: bool) -> None:
        """Count no correction."""


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
    """

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.models = ModelHolder()
        self.access = Access(options.tokens, options.host, options.requests_per_second)
        self.database = DatabaseThreads()
        self.monitor = NoMonitor()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model, and do what is done between requests."""
        if self.options.model is not None:
            self.models.replace(read_model_file(self.options.model))
        try:
            yield
        finally:
            self.database.close()
