"""What the endpoints of one process share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nightsieve.serving.models.holder import ModelHolder, read_model_file
from nightsieve.serving.monitoring.monitor import Monitor
from nightsieve.serving.options import ServeOptions


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    monitor
        Counts what the process does.
    """

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.models = ModelHolder()
        self.monitor = Monitor()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model, and do what is done between requests."""
        if self.options.model is not None:
            model = read_model_file(self.options.model)
            self.models.replace(model)
            self.monitor.model_changed(model)
        yield
