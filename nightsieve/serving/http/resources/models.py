"""The published models, for phones and people: entries and files."""

import functools
import re

from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http.conditions import (
    IMMUTABLE,
    REVALIDATED,
    conditional_answer,
)
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service
from nightsieve.serving.models.library import ModelLibrary
from nightsieve.serving.models.published import Description
from nightsieve.serving.models.representation import Representation

_SCOPE = "models"
_SERIAL = re.compile("[1-9][0-9]{0,14}")


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoints of published models."""

    async def list_models(incoming: Incoming) -> Answer:
        if service.library is None:
            models: tuple[Description, ...] = (service.models.description,)
        else:
            models = await service.library.models()
        serial = service.models.current.serial if service.models.is_loaded else None
        document = _list_document(models, serial)
        return conditional_answer(incoming.request.headers, document, REVALIDATED)

    async def current_model(incoming: Incoming) -> Answer:
        document = service.models.description.document
        return conditional_answer(incoming.request.headers, document, REVALIDATED)

    async def model(incoming: Incoming) -> Answer:
        library, serial = _library(service), _serial(incoming)
        description = await library.description(serial)
        return conditional_answer(
            incoming.request.headers, description.document, IMMUTABLE
        )

    async def file(incoming: Incoming) -> Answer:
        library, serial = _library(service), _serial(incoming)
        content = await library.file(serial, incoming.parameters["name"])
        return conditional_answer(incoming.request.headers, content, IMMUTABLE)

    return [
        Endpoint("GET", "/v1/models", _SCOPE, list_models),
        Endpoint("GET", "/v1/models/current", _SCOPE, current_model),
        Endpoint("GET", "/v1/models/{serial}", _SCOPE, model),
        Endpoint("GET", "/v1/models/{serial}/files/{name}", _SCOPE, file),
    ]


@functools.lru_cache(maxsize=2)
def _list_document(
    models: tuple[Description, ...], current: int | None
) -> Representation:
    """Return the list of models; the answers to all clients are the same bytes."""
    documents = b",".join(model.document.plain.content for model in models)
    serial = b"null" if current is None else b"%d" % current
    return Representation.of(b'{"current":%b,"models":[%b]}' % (serial, documents))


def _library(service: Service) -> ModelLibrary:
    if service.library is None:
        detail = (
            "the service serves a file, which has no serial; see /v1/models/current"
        )
        raise Problem(404, "not-found", detail)
    return service.library


def _serial(incoming: Incoming) -> int:
    text = incoming.parameters["serial"]
    if _SERIAL.fullmatch(text) is None:
        detail = "the serial is not a number from 1; see /v1/models"
        raise Problem(404, "not-found", detail)
    return int(text)
