"""`report`: what of a message its readers may see."""

from typing import Annotated

from pydantic import Field

from pipeline.config.settings.section import Section


class Masking(Section):
    """When a word of a message may be read, and how much of the message at most."""

    min_texts: Annotated[int, Field(ge=1)]
    min_share: Annotated[float, Field(ge=0, le=1)]
    max_visible: Annotated[float, Field(ge=0, lt=1)]


class Report(Section):
    masking: Masking
