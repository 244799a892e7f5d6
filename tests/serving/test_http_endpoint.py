"""What every endpoint has in common, asked in this process."""

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from nightsieve.access.tokens import TokenList, change_tokens, issue
from nightsieve.serving.contract.messages import Answer, json_answer
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http import application
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.log import JsonFormatter
from nightsieve.serving.http.service import Service
from nightsieve.serving.monitoring.monitor import Monitor
from nightsieve.serving.options import ServeOptions
from scorers.python.nightsieve_scorer import load
from tests.support.exported_models import SENTENCES

CANARY = "zyzzyva"
ORIGIN = "https://app.example.org"


async def probe(incoming: Incoming) -> Answer:
    """Answer what arrived, or fail as a library does that quotes its argument."""
    if incoming.request.body.startswith(b"fail"):
        try:
            int(incoming.request.body)
        except ValueError as error:
            raise KeyError(incoming.request.body.decode()) from error
    if incoming.request.body.startswith(b"refuse"):
        raise Problem(409, "refused", "as asked")
    return json_answer(incoming.parameters)


class RecordingMonitor(Monitor):
    """Keeps what it is asked to count."""

    def __init__(self) -> None:
        super().__init__()
        self.started = 0
        self.done: list[tuple[str, str, int]] = []

    def request_started(self) -> None:
        self.started += 1

    def request_done(
        self, route: str, method: str, status: int, seconds: float
    ) -> None:
        self.done.append((route, method, status))


class ProbeResource:
    """A resource of the tests, in the place of a module of resources."""

    monitor = RecordingMonitor()

    @classmethod
    def endpoints(cls, service: Service) -> list[Endpoint]:
        cls.monitor = RecordingMonitor()
        service.monitor = cls.monitor
        return [
            Endpoint("POST", "/v1/probe", "predict", probe),
            Endpoint("GET", "/v1/probe/{name}", None, probe),
        ]


class Client:
    """Asks an application in this process, whose life it begins and ends."""

    def __init__(self, app: Starlette) -> None:
        self._runner = asyncio.Runner()
        self._life = app.router.lifespan_context(app)
        self._runner.run(self._life.__aenter__())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        )

    def __call__(self, method: str, path: str, **options) -> httpx.Response:
        """Send a request."""
        return self._runner.run(self._client.request(method, path, **options))

    def close(self) -> None:
        """End the application."""
        self._runner.run(self._life.__aexit__(None, None, None))
        self._runner.close()


@pytest.fixture
def open_client(model_file, tmp_path, monkeypatch) -> Iterator[Callable[..., Client]]:
    """Return a function that opens a client of an application with some options."""
    resources = (*application._RESOURCES, ProbeResource)
    monkeypatch.setattr(application, "_RESOURCES", resources)
    defaults = {"model": model_file, "tokens": tmp_path / "none.json"}
    with ExitStack() as stack:

        def open_(**options) -> Client:
            serve_options = ServeOptions(**(defaults | options))
            client = Client(application.create_application(serve_options))
            stack.callback(client.close)
            return client

        yield open_


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Capture what all loggers of this process write, in the form of the service."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: record.name != "httpx")  # the client's own
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "nightsieve")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def name_of_problem(response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    return document["type"].removeprefix("urn:nightsieve:problem:")


def test_methods_of_a_resource(open_client):
    client = open_client()
    assert client("GET", "/v1/labels").status_code == 200
    head = client("HEAD", "/v1/labels")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0
    options = client("OPTIONS", "/v1/labels")
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    wrong = client("DELETE", "/v1/predictions")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert name_of_problem(wrong) == "method-not-allowed"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/labels/", "//v1/labels", "/v1/labels%00", "/v1//labels"]
)
def test_what_is_no_resource_is_not_found_and_not_redirected(open_client, path):
    answered = open_client()("GET", path, follow_redirects=False)
    assert answered.status_code == 404
    assert name_of_problem(answered) == "not-found"


@pytest.mark.parametrize("tags", [['"a"', None], [None, '"a"'], ['"a"', 'W/"b"']])
def test_several_headers_of_etags_are_one_list(open_client, tags):
    client = open_client()
    path = "/openapi.json"
    known = client("GET", path).headers["etag"]
    headers = [("If-None-Match", tag or known) for tag in tags]
    expected = 304 if None in tags else 200
    assert client("GET", path, headers=headers).status_code == expected


def test_a_path_may_be_percent_encoded(open_client):
    client = open_client()
    assert client("GET", "/v1/l%61bels").status_code == 200
    assert client("GET", "/v1/probe/a%20%C3%A9").json() == {"name": "a é"}


def test_every_answer_is_neither_sniffed_nor_stored(open_client):
    client = open_client()
    for path in ("/v1/labels", "/nothing"):
        headers = client("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_who_asks_is_checked_before_a_body_is_read(open_client):
    client = open_client(host="0.0.0.0", max_body_bytes=10)
    answered = client("POST", "/v1/predictions", content=b"a" * 11)
    assert (answered.status_code, name_of_problem(answered)) == (401, "no-token")


def test_the_access_log_names_the_caller_of_a_refused_request(open_client, tmp_path):
    path = tmp_path / "tokens.json"
    issued = issue("inbox", ["predict"])
    change_tokens(path, lambda _: TokenList(tokens=(issued.token,)))
    client = open_client(tokens=path, requests_per_second=0.01, access_log=True)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    with captured_log() as log:
        client("GET", "/v1/labels")
        client("POST", "/v1/corrections", headers=headers)
        client("GET", "/v1/labels", headers=headers)
        client("GET", "/v1/labels", headers=headers)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [
        (line["status"], line["caller"]) for line in lines if line["event"] == "request"
    ]
    assert requests == [(401, ""), (403, "inbox"), (200, "inbox"), (429, "inbox")]


def test_requests_are_counted_with_the_template_of_their_path(open_client):
    client = open_client()
    client("GET", "/v1/probe/one")
    client("POST", "/v1/probe", content=b"refuse")
    client("POST", "/v1/probe", content=b"fail")
    client("PUT", "/v1/probe")
    client("GET", "/elsewhere")
    assert ProbeResource.monitor.done == [
        ("/v1/probe/{name}", "GET", 200),
        ("/v1/probe", "POST", 409),
        ("/v1/probe", "POST", 500),
        ("/v1/probe", "PUT", 405),
        ("", "GET", 404),
    ]
    assert ProbeResource.monitor.started == 5


def test_a_defect_is_logged_once_with_its_traceback_and_without_its_text(open_client):
    client = open_client()
    with captured_log() as log:
        answered = client("POST", "/v1/probe", content=f"fail {CANARY}".encode())
    assert (answered.status_code, name_of_problem(answered)) == (500, "defect")
    (line,) = [line for line in log.getvalue().splitlines() if "defect" in line]
    defect = json.loads(line)
    assert (defect["level"], defect["route"]) == ("error", "/v1/probe")
    assert "in probe" in defect["traceback"]
    assert "ValueError" in defect["traceback"]
    assert "KeyError" in defect["traceback"]
    assert CANARY not in log.getvalue() + answered.text


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"text": CANARY}], "explain": 3},
        {"messages": [{"text": CANARY, "id": CANARY}], "thresholds": True},
        {"messages": [{"text": [CANARY]}]},
        {"messages": [{"text": "a"}, {"text": "b", "id": {"text": CANARY}}]},
        {"messages": [], "explain": CANARY},
        {"messages": [{"text": CANARY} for _ in range(1001)]},
        {"messages": [{"text": CANARY * 1_000_000}]},
        [CANARY],
        CANARY,
    ],
)
def test_what_a_client_sends_is_in_no_log_and_in_no_problem(open_client, body):
    client = open_client(access_log=True)
    with captured_log() as log:
        answered = client("POST", "/v1/predictions", json=body)
    assert '"event": "request"' in log.getvalue()
    assert CANARY not in log.getvalue()
    if answered.status_code != 200:
        name_of_problem(answered)
        assert CANARY not in answered.text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (f'{{"messages": {CANARY}'.encode(), "application/json", 400),
        (f'["{CANARY}\xff'.encode("latin-1"), "application/json", 400),
        (CANARY.encode(), "text/plain", 415),
        (CANARY.encode() * 100, "application/json", 413),
    ],
)
def test_a_body_that_is_not_read_is_in_no_log_and_in_no_problem(
    open_client, content, media_type, status
):
    client = open_client(access_log=True, max_body_bytes=100)
    with captured_log() as log:
        answered = client(
            "POST",
            f"/v1/predictions?text={CANARY}",
            content=content,
            headers={"Content-Type": media_type, "X-Text": CANARY},
        )
    assert answered.status_code == status
    assert CANARY not in log.getvalue() + answered.text


def test_browsers_may_ask_from_the_named_origins_alone(open_client):
    client = open_client(origins=(ORIGIN,))
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    allowed = client("OPTIONS", "/v1/predictions", headers=preflight)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in allowed.headers["access-control-allow-methods"]
    preflight["Origin"] = "https://elsewhere.example.org"
    refused = client("OPTIONS", "/v1/predictions", headers=preflight)
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v1/labels", b""),
        ("/nothing", b""),
        ("/v1/predictions", b"not JSON"),
        ("/v1/probe", b"fail"),
    ],
)
def test_problems_too_can_be_read_by_pages_of_a_named_origin(
    open_client, path, content
):
    client = open_client(origins=(ORIGIN,))
    answered = client("POST", path, content=content, headers={"Origin": ORIGIN})
    assert answered.headers["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in answered.headers["access-control-expose-headers"]


def test_without_origins_no_page_may_ask(open_client):
    answered = open_client()("GET", "/v1/labels", headers={"Origin": ORIGIN})
    assert not [name for name in answered.headers if name.startswith("access-")]


def test_a_prediction_is_that_of_the_scorer(open_client, model_content):
    scorer = load(model_content)
    texts = list(SENTENCES.values())
    messages = [{"id": str(index), "text": text} for index, text in enumerate(texts)]
    answered = open_client()("POST", "/v1/predictions", json={"messages": messages})
    assert answered.status_code == 200
    for text, prediction in zip(texts, answered.json()["predictions"], strict=True):
        assert prediction["label"] == scorer.label(text)
        assert prediction["scores"] == scorer.scores(text)


def test_a_large_body_is_answered_in_the_same_way(open_client):
    client = open_client()
    text = "free prize " * 2000
    alone = client("POST", "/v1/predictions", json={"messages": [{"text": text}]})
    spaced = json.dumps({"messages": [{"text": text}]}, indent=4)
    together = client(
        "POST",
        "/v1/predictions",
        content=spaced,
        headers={"Content-Type": "application/json"},
    )
    assert alone.status_code == 200
    assert alone.content == together.content


def test_a_model_is_read_before_the_service_listens(tmp_path: Path):
    (tmp_path / "model.json").write_bytes(b"{}")
    options = ServeOptions(model=tmp_path / "model.json", tokens=tmp_path / "none.json")
    with pytest.raises(Exception, match="not a model"):
        application.create_application(options)
