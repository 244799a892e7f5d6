"""No correction is lost between the page and the API, whatever is away."""

import contextlib
import http.server
import json
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from sklearn.linear_model import LogisticRegression

from tests.support.commands import run
from tests.support.exported_models import exported, fixed
from tests.support.inbox import Inbox, csrf_token, wait_until
from tests.support.rabbitmq import RabbitMQ
from tests.support.services import serving

LABELS = sorted(["bank", "chat", "spam"])  # of the model that the API serves
SENT = ("sent", "")
WAITING = ("waiting", "")


class Scripted(NamedTuple):
    """An answer of the API."""

    status: int
    headers: dict[str, str]
    problem: dict[str, object]


OK = Scripted(201, {}, {})


class StandIn:
    """An API that answers as the test says; a request waits for its answer."""

    def __init__(self) -> None:
        self.received: queue.Queue[dict[str, str]] = queue.Queue()
        self.answers: queue.Queue[Scripted] = queue.Queue()

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                stand_in.received.put(json.loads(self.rfile.read(length)))
                answer = stand_in.answers.get()
                content = json.dumps(answer.problem).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


@contextlib.contextmanager
def standing_in() -> Iterator[tuple[str, StandIn]]:
    """Run a stand-in for the API; yield its address and itself."""
    stand_in = StandIn()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), stand_in.handler())
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", stand_in
        server.shutdown()


@pytest.fixture(scope="module")
def client(inbox: Inbox) -> Iterator[httpx.Client]:
    """Return the client of a user; the inbox has five labelled messages."""
    inbox.load({"key": f"m{i}", "body": f"text {i}"} for i in range(5))
    scores = json.dumps(dict.fromkeys([*LABELS, "chatt"], 0.5))
    inbox.rows(
        "UPDATE inbox_message SET label = 'chat', serial = 1, scores = %s", scores
    )
    with inbox.website() as http_client:
        inbox.log_in(http_client)
        yield http_client


def correct(client: httpx.Client, key: str, label: str) -> None:
    form = {"label": label, "csrfmiddlewaretoken": csrf_token(client.get("/"))}
    answer = client.post(f"/messages/{key}/correction", data=form)
    assert answer.status_code == 302


def state(inbox: Inbox, key: str) -> tuple[str, str]:
    statement = "SELECT state, detail FROM inbox_correction WHERE message_id = %s"
    return inbox.rows(statement, key)[0]


def test_a_correction_waits_for_the_api_and_arrives_in_the_table_of_reviews(
    inbox: Inbox, client: httpx.Client, tmp_path: Path
):
    model = tmp_path / "model.json"
    model.write_bytes(exported(fixed(LogisticRegression(C=5))))
    tokens = str(tmp_path / "tokens.json")
    names = ("--name", "inbox", "--scope", "correct", "--tokens", tokens)
    made = run("nightsieve", "serve", "token", "new", *names, environment={})
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    api = {
        "INBOX_API_URL": f"http://127.0.0.1:{port}",
        "INBOX_API_TOKEN": made.stdout.strip(),
    }
    with inbox.worker(**api):
        correct(client, "m0", "spam")
        correct(client, "m1", "chatt")
        assert [state(inbox, "m0"), state(inbox, "m1")] == [WAITING, WAITING]
        options = ("--model", str(model), "--port", port, "--tokens", tokens)
        environment = inbox.environment
        with serving(*options, environment=environment, log=tmp_path / "log"):
            wait_until(lambda: state(inbox, "m0") == SENT)
            wait_until(lambda: state(inbox, "m1")[0] == "refused")
    rows = inbox.rows("SELECT message_key, label, source, annotator FROM reviews")
    assert rows == [("m0", "spam", "correction", "ada")]
    # The service says what would be right, and the page shows it.
    assert "did you mean chat?" in state(inbox, "m1")[1]
    assert "did you mean chat?" in client.get("/").text


def test_an_api_that_refuses_the_token_or_asks_to_wait_gets_the_correction_again(
    inbox: Inbox, client: httpx.Client
):
    with standing_in() as (address, api), inbox.worker(INBOX_API_URL=address):
        correct(client, "m2", "bank")
        expected = {"message_key": "m2", "label": "bank", "annotator": "ada"}
        for answer in (
            Scripted(503, {"Retry-After": "1"}, {"detail": "the database is away"}),
            Scripted(401, {}, {"detail": "the token is unknown"}),
            OK,
        ):
            assert api.received.get(timeout=60) == expected
            assert state(inbox, "m2") == WAITING
            api.answers.put(answer)
        wait_until(lambda: state(inbox, "m2") == SENT)


def test_the_last_label_of_a_person_who_changes_their_mind_is_sent_last(
    inbox: Inbox, client: httpx.Client
):
    with standing_in() as (address, api), inbox.worker(INBOX_API_URL=address):
        correct(client, "m3", "spam")
        assert api.received.get(timeout=60)["label"] == "spam"
        # The first label is on its way.
        correct(client, "m3", "bank")
        api.answers.put(OK)
        assert api.received.get(timeout=60)["label"] == "bank"
        api.answers.put(OK)
        wait_until(lambda: state(inbox, "m3") == SENT)
    assert api.received.empty()


def test_the_sweep_enqueues_a_correction_whose_task_is_lost(
    inbox: Inbox, client: httpx.Client, rabbitmq: RabbitMQ
):
    correct(client, "m4", "spam")
    rabbitmq.purge("inbox")
    with standing_in() as (address, api), inbox.worker(INBOX_API_URL=address):
        api.answers.put(OK)
        inbox.manage("sweep")
        assert state(inbox, "m4") == WAITING  # not due yet
        inbox.manage("sweep", "--now")
        wait_until(lambda: state(inbox, "m4") == SENT)
