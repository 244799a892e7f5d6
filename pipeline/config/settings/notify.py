"""`notify`: who is told of what."""

from typing import Literal

from pipeline.config.settings.section import Section


class Notify(Section):
    """Which events people are told of, by a webhook."""

    events: tuple[Literal["published", "refused", "rolled back", "drift"], ...]
