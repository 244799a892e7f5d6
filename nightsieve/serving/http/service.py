"""What the endpoints of one process share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nightsieve.serving.models.holder import ModelHolder, read_model_file
from nightsieve.serving.options import ServeOptions


class Service:
    """The state of one worker process.

    Attributes
    ----------
    models
        The model that is served.
    """

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.models = ModelHolder()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model, and do what is done between requests."""
        if self.options.model is not None:
            self.models.replace(read_model_file(self.options.model))
        yield
