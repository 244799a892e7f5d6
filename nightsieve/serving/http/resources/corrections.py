"""Corrections by users: into the table of reviews, and compared with the model."""

import functools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from nightsieve.serving.contract.corrections import (
    Correction,
    Outcome,
    corrections_answer,
    prepare_corrections,
)
from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.contract.prediction import predict
from nightsieve.serving.contract.preparation import Message, ServedModel
from nightsieve.serving.contract.preprocessing import preprocess
from nightsieve.serving.contract.problems import FieldError, Problem
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service
from pipeline.records.spelling import closest_label

if TYPE_CHECKING:
    from nightsieve.database.corrections import StoredCorrection
    from nightsieve.database.pool import ConnectionPool

# The index of the table of reviews has no room for more.
_MAX_INDEXED_BYTES = 2_600
# Of one request; further messages are not compared with the model.
_MAX_SCORED_CHARACTERS = 500_000


class _Stored(NamedTuple):
    """What became of corrections; the model agrees with some of the new labels."""

    outcomes: list[Outcome]
    agreements: list[bool]


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoint that stores corrections."""

    async def correct(incoming: Incoming) -> Answer:
        corrections = prepare_corrections(incoming.request)
        model = service.models.current
        _check(corrections, model.scorer.labels)
        stored = await service.database.run(
            functools.partial(_store, corrections, model)
        )
        for agrees in stored.agreements:
            service.monitor.corrected(agrees)
        answer = corrections_answer(corrections, stored.outcomes)
        return answer._replace(status=201 if "new" in stored.outcomes else 200)

    return [Endpoint("POST", "/v1/corrections", "correct", correct)]


def _check(corrections: Sequence[Correction], labels: Sequence[str]) -> None:
    """Check what the schema cannot say.

    Raises
    ------
    Problem
        422, with each field that is wrong.
    """
    errors = []
    first_labels: dict[tuple[str, str], str] = {}
    for correction in corrections:
        key = (correction.message_key, correction.annotator)
        first_label = first_labels.setdefault(key, correction.label)
        label_pointer = f"{correction.pointer}/label"
        if correction.label not in labels:
            errors.append(FieldError(label_pointer, _unknown(correction.label, labels)))
        elif correction.label != first_label:
            detail = "another label for the same message and annotator; keep one"
            errors.append(FieldError(label_pointer, detail))
        if len("".join(key).encode()) > _MAX_INDEXED_BYTES:
            detail = (
                "message_key and annotator together have more than "
                f"{_MAX_INDEXED_BYTES:,} bytes of UTF-8; shorten the annotator"
            )
            errors.append(FieldError(correction.pointer, detail))
    if errors:
        raise _refused("invalid-correction", errors)


def _unknown(label: str, labels: Sequence[str]) -> str:
    close = closest_label(label, labels)
    if close is not None:
        return f"not a label of the model; did you mean {close}?"
    return f"not a label of the model; use one of {', '.join(labels)}"


def _store(
    corrections: Sequence[Correction], model: ServedModel, pool: "ConnectionPool"
) -> _Stored:
    """Store corrections; it runs in a thread.

    Raises
    ------
    Problem
        422: no message has the key of some.
    SourceError
        The database cannot be used. If the connection was lost at the end, the
        corrections may be stored; the same ones again do no harm.
    """
    from nightsieve.database.corrections import (  # noqa: PLC0415 - as for the pool
        UnknownMessagesError,
        store_corrections,
    )
    from nightsieve.database.reviews import Review  # noqa: PLC0415

    reviews = [
        Review(correction.message_key, correction.label, correction.annotator)
        for correction in corrections
    ]
    try:
        with pool.transaction() as cursor:
            stored = store_corrections(cursor, reviews, datetime.now(UTC))
    except UnknownMessagesError as error:
        errors = [
            FieldError(f"{correction.pointer}/message_key", "no message has this key")
            for correction in corrections
            if correction.message_key in error.keys
        ]
        raise _refused("unknown-message", errors) from None
    return _Stored(
        outcomes=[correction.outcome for correction in stored],
        agreements=_agreements(corrections, stored, model),
    )


def _agreements(
    corrections: Sequence[Correction],
    stored: "Sequence[StoredCorrection]",
    model: ServedModel,
) -> list[bool]:
    """Return whether the model gives the label of each new correction too.

    A message counts once for each annotator, however often it is corrected: nobody
    moves the figure by repeating a correction or by changing it back and forth.
    """
    messages = []
    labels = []
    counted = set()
    room = _MAX_SCORED_CHARACTERS
    for correction, result in zip(corrections, stored, strict=True):
        key = (correction.message_key, correction.annotator)
        if result.outcome != "new" or result.body is None or key in counted:
            continue
        counted.add(key)
        room -= len(result.body)
        if room >= 0:
            messages.append(Message(None, result.body))
            labels.append(correction.label)
    predictions = predict(model, preprocess(model, messages))
    return [
        prediction.label == label
        for prediction, label in zip(predictions, labels, strict=True)
    ]


def _refused(name: str, errors: Sequence[FieldError]) -> Problem:
    detail = f"nothing was stored: {errors[0].detail}"
    if len(errors) > 1:
        detail = f"nothing was stored: {len(errors)} fields are wrong; see errors"
    return Problem(422, name, detail, errors)
