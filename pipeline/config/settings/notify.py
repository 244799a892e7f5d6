"""``notify``: which events people hear of."""

from typing import Literal

from pipeline.config.settings.section import Section


class Notify(Section):
    """Which events are posted to the webhook."""

    events: tuple[Literal["published", "refused", "rolled back", "drift"], ...]
