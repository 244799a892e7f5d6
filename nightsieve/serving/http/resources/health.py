"""Whether the process lives, and whether it can answer."""

from nightsieve.serving.contract.answers import model_reference
from nightsieve.serving.contract.messages import Answer, json_answer
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoints for load balancers and supervisors."""

    async def live(incoming: Incoming) -> Answer:
        return json_answer({"status": "live"})

    async def ready(incoming: Incoming) -> Answer:
        model = service.models.current
        document = {"status": "ready", "model": model_reference(model)}
        failure = service.models.failure
        if failure is not None:
            document["newest_model"] = {
                "problem": failure.reason,
                "serial": failure.serial,
                "since": failure.since.isoformat(timespec="seconds"),
            }
        return json_answer(document)

    return [
        Endpoint("GET", "/health/live", None, live),
        Endpoint("GET", "/health/ready", None, ready),
    ]
