"""What every section is made of: strictness, and the types that several share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LEAST = 10  # characters of a reason


def reasoned(text: str) -> str:
    """Why somebody knows better, without the blanks around it.

    Raises
    ------
    ValueError : it says nothing.
    """
    found = text.strip()
    if len(found) < LEAST or not any(character.isalpha() for character in found):
        raise ValueError(f"must say why, in {LEAST} characters or more")
    return found


Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Fraction = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Identifier = Annotated[str, Field(min_length=1, max_length=63)]
Reason = Annotated[str, AfterValidator(reasoned)]


class Section(BaseModel):
    """Frozen and strict: an unknown key, a wrong type or a value out of range is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False
    )
