"""What every section is made of: strictness, and the types that several share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MIN_REASON_LENGTH = 10  # characters of a reason


def validate_reason(text: str) -> str:
    """Return the reason without the blanks around it.

    Raises
    ------
    ValueError
        The text is too short or has no letter.
    """
    reason = text.strip()
    has_letter = any(character.isalpha() for character in reason)
    if len(reason) < MIN_REASON_LENGTH or not has_letter:
        raise ValueError(f"must say why, in {MIN_REASON_LENGTH} characters or more")
    return reason


Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Fraction = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Identifier = Annotated[str, Field(min_length=1, max_length=63)]
Reason = Annotated[str, AfterValidator(validate_reason)]


class Section(BaseModel):
    """Frozen and strict: an unknown key, a wrong type or a value out of range is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False
    )
