"""The operations of the contract: predictions and labels."""

import functools

from nightsieve.serving.contract.api import OPERATIONS, Operation
from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service

#: A longer body is answered in a thread, so that short ones need not wait for it.
LARGE_BODY = 8 << 10


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoints of the contract."""
    return [_endpoint(service, operation) for operation in OPERATIONS]


def _endpoint(service: Service, operation: Operation) -> Endpoint:
    async def handle(incoming: Incoming) -> Answer:
        model = service.models.current
        request = incoming.request
        observe = service.monitor.predicted
        if len(request.body) <= LARGE_BODY:
            return operation.respond(model, request, observe)
        respond = functools.partial(operation.respond, model, request, observe)
        return await service.large_requests.answer(
            len(request.body), incoming.is_gone, respond
        )

    return Endpoint(operation.method, operation.path, operation.scope, handle)
