"""Corrections: what a client sends, and what it receives."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from nightsieve.serving.contract import validators
from nightsieve.serving.contract.messages import Answer, Json, Request, json_answer
from nightsieve.serving.contract.preparation import read_json
from nightsieve.serving.contract.problems import FieldError, json_pointer
from nightsieve.serving.contract.validation import check, invalid_body

Outcome = Literal["new", "changed", "unchanged"]
_LIST_FIELD = "corrections"


class Correction(NamedTuple):
    """The label that a person gives a message.

    Attributes
    ----------
    annotator
        Empty if the client named nobody.
    pointer
        A JSON Pointer to the correction in the body of its request.
    """

    message_key: str
    label: str
    annotator: str
    pointer: str


def prepare_corrections(request: Request) -> list[Correction]:
    """Return the corrections of a request, which has one or a list of them.

    Raises
    ------
    Problem
        The body is not JSON (400, 415) or does not fit its schema (422).
    """
    body = read_json(request)
    if isinstance(body, dict) and _LIST_FIELD in body:
        check(validators.validate_corrections, body)
        return [
            _correction(entry, json_pointer([_LIST_FIELD, index]))
            for index, entry in enumerate(body[_LIST_FIELD])
        ]
    check(validators.validate_correction, body)
    return [_correction(body, "")]


def _correction(entry: dict[str, str], pointer: str) -> Correction:
    for field, value in entry.items():
        if not _can_be_stored(value):
            detail = "must have neither NUL nor a lone surrogate"
            raise invalid_body([FieldError(f"{pointer}/{field}", detail)])
    return Correction(
        message_key=entry["message_key"],
        label=entry["label"],
        annotator=entry.get("annotator", ""),
        pointer=pointer,
    )


def _can_be_stored(value: str) -> bool:
    """Return whether PostgreSQL has the string among its texts."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def corrections_answer(
    corrections: Sequence[Correction], outcomes: Sequence[Outcome]
) -> Answer:
    """Return the answer that says what became of each correction."""
    entries: list[Json] = [
        {
            "message_key": correction.message_key,
            "label": correction.label,
            "annotator": correction.annotator,
            "outcome": outcome,
        }
        for correction, outcome in zip(corrections, outcomes, strict=True)
    ]
    return json_answer({"corrections": entries})
