"""``text``: from characters to tokens, in training and on the device."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.settings.section import Section


class Text(Section):
    """The text contract, see `pipeline.text`."""

    preset: Literal["ascii", "casefold"]
    digits: Literal["separate", "keep", "shape"]
    min_token: Annotated[int, Field(ge=1, le=64)]
    stop_words: tuple[str, ...]
