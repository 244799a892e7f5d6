"""The metrics of the service, for Prometheus."""

import asyncio

from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoint that Prometheus reads; it needs no token."""

    async def read(incoming: Incoming) -> Answer:
        accept = incoming.request.headers.get("accept", "")
        # Reading the files of all processes would hold up other requests.
        exposition = await asyncio.to_thread(service.monitor.exposition, accept)
        return Answer(200, {"Content-Type": exposition.content_type}, exposition.body)

    return [Endpoint("GET", "/metrics", None, read)]
