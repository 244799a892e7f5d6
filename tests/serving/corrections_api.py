"""What the tests of corrections share."""

import json

import httpx
from anyio.from_thread import BlockingPortal
from psycopg2 import extensions
from starlette.applications import Starlette

from nightsieve.serving.http.service import Service

#: The labels of the model of the tests.
BANK, CHAT, SPAM = LABELS = ("bank", "chat", "spam")
READ = "SELECT message_key, annotator, label FROM reviews WHERE source = 'correction'"
Table = dict[tuple[str, str], str]
Entry = dict[str, str]


class Recorder:
    """A monitor that keeps what it receives."""

    def __init__(self) -> None:
        self.agreements: list[bool] = []

    def corrected(self, agrees: bool) -> None:
        """Keep whether the model agrees with a correction."""
        self.agreements.append(agrees)

    def request_started(self) -> None:
        """Keep nothing."""

    def request_done(self, *measured: object) -> None:
        """Keep nothing."""


class InProcess:
    """A client of an application whose event loop runs in a thread."""

    def __init__(self, application: Starlette, loop: BlockingPortal) -> None:
        self._transport = httpx.ASGITransport(application)
        self._loop = loop

    def post(self, path: str, content: str, headers: Entry) -> httpx.Response:
        return self._loop.call(self._request, "POST", path, content, headers)

    def get(self, path: str) -> httpx.Response:
        return self._loop.call(self._request, "GET", path, "", {})

    async def _request(
        self, method: str, path: str, content: str, headers: Entry
    ) -> httpx.Response:
        client = httpx.AsyncClient(
            transport=self._transport, base_url="http://localhost"
        )
        async with client:
            return await client.request(method, path, content=content, headers=headers)


def correction(key: str, label: str, annotator: str = "Ada") -> Entry:
    return {"message_key": key, "label": label, "annotator": annotator}


def send(client: InProcess | httpx.Client, body: Entry | list[Entry]) -> httpx.Response:
    """Send one correction, or a list of them."""
    value = {"corrections": body} if isinstance(body, list) else body
    return client.post(
        "/v1/corrections",
        content=json.dumps(value),  # httpx itself cannot write a lone surrogate
        headers={"Content-Type": "application/json"},
    )


def outcomes(answer: httpx.Response) -> list[str]:
    return [entry["outcome"] for entry in answer.json()["corrections"]]


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


def must_be_repeated(answer: httpx.Response, name: str) -> bool:
    """Return whether the client learns that nothing is promised, and to repeat."""
    return (
        answer.status_code == 503
        and answer.json()["type"] == f"urn:nightsieve:problem:{name}"
        and int(answer.headers["Retry-After"]) > 0
    )


def stored(connection: extensions.connection) -> Table:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return {(key, annotator): label for key, annotator, label in cursor}


def execute(connection: extensions.connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def agreements(service: Service) -> list[bool]:
    assert isinstance(service.monitor, Recorder)
    return service.monitor.agreements
