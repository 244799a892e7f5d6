"""The example examples/django-inbox, run as its users run it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg2

from tests.support import ROOT

FOLDER = ROOT / "examples" / "django-inbox"
TOKEN = "the token of the program that delivers messages"
INTAKE = {"Authorization": f"Bearer {TOKEN}"}
#: A broker that does not answer.
NO_BROKER = "amqp://guest:guest@127.0.0.1:1//"
#: Texts that tests.examples.inbox.faulty does not label as others.
ENDS_ITS_PROCESS = "a text that ends its process"
RAISES = "a text that raises an error"
WAITS = "a text that waits"
#: The variable with the file that makes it wait while it is there.
GATE = "INBOX_TEST_GATE"
_TIMEOUT = 60.0
_LISTENING = re.compile(r"running on (http://\S+)")
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def wait_until(holds: Callable[[], bool], seconds: float = _TIMEOUT) -> None:
    """Wait until something is true; fail if it does not become so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.1)


class Inbox:
    """An inbox with its own database.

    Attributes
    ----------
    environment
        What its processes are started with.
    """

    def __init__(self, environment: dict[str, str], broker: str, folder: Path) -> None:
        url = environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
        self._folder = folder
        self.environment = {
            **environment,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{FOLDER}",
            "INBOX_SECRET_KEY": "of the tests alone; it is as long as Django asks for",
            "INBOX_DATABASE_URL": url,
            "INBOX_BROKER_URL": broker,
            "INBOX_HTTPS": "0",
            "INBOX_INTAKE_TOKEN": TOKEN,
            "INBOX_POLL_SECONDS": "1",
            "INBOX_PATIENCE_SECONDS": "3600",
            "INBOX_API_URL": "http://127.0.0.1:1",
        }
        self._database = psycopg2.connect(url)
        self._database.autocommit = True
        self.manage("migrate", "--verbosity", "0")

    def close(self) -> None:
        """Close the connection that looks into the database."""
        self._database.close()

    def manage(self, *arguments: str, **options: Any) -> str:
        """Run a command of ``manage.py``; return what it prints."""
        done = subprocess.run(
            [sys.executable, str(FOLDER / "manage.py"), *arguments],
            env={**os.environ, **self.environment},
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
            **options,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load(self, messages: Iterable[dict[str, str]]) -> str:
        """Load messages from a file; return what the command prints."""
        path = self._folder / "messages.jsonl"
        path.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
        return self.manage("load_messages", str(path))

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query of the database gives."""
        with self._database.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def labels(self, *keys: str) -> list[str | None]:
        """Return the labels of messages."""
        statement = "SELECT label FROM inbox_message WHERE key = %s"
        return [self.rows(statement, key)[0][0] for key in keys]

    def unlabelled(self) -> int:
        """Return how many messages have no label."""
        return self.rows("SELECT count(*) FROM inbox_message WHERE label IS NULL")[0][0]

    def wait_for_labels(self, *keys: str) -> None:
        """Wait until messages have labels."""
        wait_until(lambda: None not in self.labels(*keys))

    @contextlib.contextmanager
    def worker(
        self, *options: str, app: str = "website", **variables: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker of one process, and wait until it consumes tasks."""
        log = self._folder / "worker.log"
        command = ["celery", "-A", app, "worker", "--concurrency", "1"]
        command += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, *options],
                env={**os.environ, **self.environment, **variables},
                cwd=FOLDER,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_until(
                lambda: "ready." in log.read_text() or process.poll() is not None
            )
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(_TIMEOUT)

    @contextlib.contextmanager
    def website(self) -> Iterator[httpx.Client]:
        """Run the website; yield a client without a session."""
        log = self._folder / "website.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["uvicorn", "website.asgi:application", "--lifespan=off", "--port=0"],
                env={**os.environ, **self.environment},
                cwd=FOLDER,
                stdout=output,
                stderr=output,
            )
        try:
            wait_until(lambda: _LISTENING.search(log.read_text()) is not None)
            address = _LISTENING.search(log.read_text())
            assert address is not None
            with httpx.Client(base_url=address[1], timeout=_TIMEOUT) as client:
                yield client
        finally:
            process.terminate()
            process.wait(_TIMEOUT)

    def log_in(self, client: httpx.Client, name: str = "ada") -> None:
        """Give a client the session of a user, who is created."""
        password = self.manage("demo_user", name).strip()
        page = client.get("/login")
        answer = client.post(
            "/login",
            data={
                "username": name,
                "password": password,
                "csrfmiddlewaretoken": csrf_token(page),
            },
        )
        assert answer.status_code == httpx.codes.FOUND, answer.text


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and its pool at once, as the loss of its machine does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(_TIMEOUT)


def csrf_token(page: httpx.Response) -> str:
    """Return the token that a page's form sends."""
    token = _CSRF.search(page.text)
    assert token is not None, page.text
    return token[1]


def post(client: httpx.Client, body: str, **fields: str) -> httpx.Response:
    """Deliver a message as a program does."""
    message = {"body": body, **fields}
    return client.post("/api/messages", json=message, headers=INTAKE)
