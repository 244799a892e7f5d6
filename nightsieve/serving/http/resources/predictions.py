"""The operations of the contract: predictions and labels."""

from nightsieve.serving.contract.api import OPERATIONS, Operation
from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoints of the contract."""
    return [_endpoint(service, operation) for operation in OPERATIONS]


def _endpoint(service: Service, operation: Operation) -> Endpoint:
    async def handle(incoming: Incoming) -> Answer:
        model = service.models.current
        return operation.respond(model, incoming.request, service.monitor.predicted)

    return Endpoint(operation.method, operation.path, operation.scope, handle)
