"""`report`: what of a message its readers may see."""

from typing import Annotated

from pydantic import Field

from pipeline.config.settings.section import Section


class Readable(Section):
    """When a word of a message may be read, and how much of the message at most."""

    texts: Annotated[int, Field(ge=1)]
    share: Annotated[float, Field(ge=0, le=1)]
    words: Annotated[float, Field(ge=0, lt=1)]


class Report(Section):
    readable: Readable
