"""The base class of all sections, and the types that several sections share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MIN_REASON_LENGTH = 10  # characters of a reason


def validate_reason(text: str) -> str:
    """Return the reason without the spaces around it.

    Raises
    ------
    ValueError
        The text is too short or has no letter.

    Examples
    --------
    >>> validate_reason(" the sheet is wrong ")
    'the sheet is wrong'
    """
    reason = text.strip()
    has_letter = any(character.isalpha() for character in reason)
    if len(reason) < MIN_REASON_LENGTH or not has_letter:
        raise ValueError(f"must say why, in {MIN_REASON_LENGTH} characters or more")
    return reason


def validate_review_label(text: str) -> str:
    """Return the label of reviews, which may be any text.

    Raises
    ------
    ValueError
        The text is empty, or only spaces.

    Examples
    --------
    >>> validate_review_label("Not spam")
    'Not spam'
    """
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
#: A label that people gave, in their own spelling.
ReviewLabel = Annotated[str, AfterValidator(validate_review_label)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Identifier = Annotated[str, Field(min_length=1, max_length=63)]
Reason = Annotated[str, AfterValidator(validate_reason)]


class Section(BaseModel):
    """A frozen, strict part of the configuration.

    It refuses an unknown key, a wrong type and a value out of range.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False
    )
