"""``report``: what its readers may see of a message."""

from typing import Annotated

from pydantic import Field

from pipeline.config.settings.section import Section


class Masking(Section):
    """When a word of a message can be read, and the maximum share of words."""

    min_texts: Annotated[int, Field(ge=1)]
    min_share: Annotated[float, Field(ge=0, le=1)]
    max_visible: Annotated[float, Field(ge=0, lt=1)]


class Report(Section):
    """What the report shows."""

    masking: Masking
