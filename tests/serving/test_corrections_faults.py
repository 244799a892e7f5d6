"""Corrections while the database is killed, hangs and comes back."""

import contextlib
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import NamedTuple

import httpx
import psutil
import psycopg2
import pytest

from nightsieve.cli.services import Stack
from tests.serving.corrections_api import (
    BANK,
    LABELS,
    Table,
    correction,
    must_be_repeated,
    send,
    stored,
)
from tests.support.services import serving

KEYS = [str(number) for number in range(50)]
CLIENTS = 6
# What each client still has accepted after the last fault.
ACCEPTED_AFTERWARDS = 20


@pytest.fixture
def stack(tmp_path) -> Iterator[Stack]:
    """Services of this test alone, with messages."""
    own_stack = Stack(tmp_path / "home", durable=False)
    own_stack.up()
    try:
        yield own_stack
    finally:
        own_stack.down()


class Running(NamedTuple):
    """A service and a client of it."""

    client: httpx.Client
    process: subprocess.Popen[str]


@pytest.fixture
def service(stack, model_file, tmp_path) -> Iterator[Running]:
    """A service whose database is that of the stack."""
    options = ("--model", str(model_file), "--tokens", str(tmp_path / "none.json"))
    environment = stack.environment()
    with (
        serving(*options, environment=environment, log=tmp_path / "log") as (
            address,
            process,
        ),
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        # The first transaction creates the tables.
        assert send(client, correction("0", BANK)).status_code == 422
        with database(stack) as connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO messages (key, body) SELECT unnest(%s), 'free prize'",
                (KEYS,),
            )
        yield Running(client, process)


@contextmanager
def database(stack: Stack) -> Iterator[psycopg2.extensions.connection]:
    url = stack.environment()["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


def processes(stack: Stack) -> list[psutil.Process]:
    """Return the processes of the PostgreSQL server, the first one first."""
    pid = next(s.pid for s in stack.status() if s.title == "PostgreSQL")
    server = psutil.Process(pid)
    return [server, *server.children(recursive=True)]


class Annotator:
    """A person who corrects, alone under this name, until the end is near.

    Attributes
    ----------
    accepted
        What was answered with 200 or 201, and not corrected later.
    open
        What was refused since: the client was told that it may or may not be stored.
    """

    def __init__(self, name: str, address: httpx.URL) -> None:
        self.name = name
        self.accepted: Table = {}
        self.open: dict[tuple[str, str], set[str]] = {}
        self.answers: Counter[int] = Counter()
        self.faults_are_over = threading.Event()
        self._address = address

    def run(self) -> None:
        choose = random.Random(self.name)
        left = ACCEPTED_AFTERWARDS
        with httpx.Client(base_url=self._address, timeout=60) as client:
            while left:
                keys = choose.sample(KEYS, choose.randint(1, 5))
                batch = {key: choose.choice(LABELS) for key in keys}
                was_over = self.faults_are_over.is_set()
                is_accepted = self._correct(client, batch)
                left -= is_accepted and was_over

    def _correct(self, client: httpx.Client, batch: dict[str, str]) -> bool:
        entries = [correction(key, label, self.name) for key, label in batch.items()]
        answer = send(client, entries)
        self.answers[answer.status_code] += 1
        is_accepted = answer.status_code in (200, 201)
        assert is_accepted or must_be_repeated(answer, "database-away"), answer.text
        for key, label in batch.items():
            if is_accepted:
                self.accepted[key, self.name] = label
                self.open.pop((key, self.name), None)
            else:
                self.open.setdefault((key, self.name), set()).add(label)
        return is_accepted


def test_no_correction_is_lost_and_each_failure_is_told(stack, service):
    annotators = [
        Annotator(f"annotator-{number}", service.client.base_url)
        for number in range(CLIENTS)
    ]
    with ThreadPoolExecutor(CLIENTS) as threads:
        working = [threads.submit(annotator.run) for annotator in annotators]
        cause_faults(stack)
        for annotator in annotators:
            annotator.faults_are_over.set()
    for work in working:
        work.result()

    accepted: Table = {}
    is_open: dict[tuple[str, str], set[str]] = {}
    answers: Counter[int] = Counter()
    for annotator in annotators:
        accepted |= annotator.accepted
        is_open |= annotator.open
        answers += annotator.answers
    with database(stack) as connection:
        table = stored(connection)
    lost = {
        key: label
        for key, label in accepted.items()
        if table.get(key) != label and table.get(key) not in is_open.get(key, ())
    }
    assert lost == {}
    assert table.keys() <= accepted.keys() | is_open.keys()
    # Otherwise the faults did not meet the work.
    assert answers[503] > 0
    assert answers.keys() == {200, 201, 503}


def cause_faults(stack: Stack) -> None:
    """End the connections five times, then kill the server; all of it twice."""
    for _ in range(2):
        for _ in range(5):
            time.sleep(0.3)
            end_all_connections(stack)
        time.sleep(0.3)
        for process in processes(stack):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        time.sleep(0.3)
        stack.up()


def end_all_connections(stack: Stack) -> None:
    with database(stack) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid()"
        )


@contextmanager
def hanging(stack: Stack) -> Iterator[None]:
    """Let the server do nothing, while its kernel keeps its connections."""
    server = processes(stack)
    for process in server:
        process.suspend()
    try:
        yield
    finally:
        for process in server:
            process.resume()


def test_a_server_that_hangs_is_given_up_and_used_again(stack, service):
    client = service.client
    assert send(client, correction("1", BANK)).status_code == 201
    # More than there are threads: none stays with the server that hangs.
    with hanging(stack), ThreadPoolExecutor(CLIENTS) as threads:
        asked = [
            threads.submit(send, client, correction("2", BANK)) for _ in range(CLIENTS)
        ]
        assert client.get("/health/live").status_code == 200
        for answer in asked:
            assert must_be_repeated(answer.result(), "database-away")
    assert send(client, correction("2", BANK)).status_code in (200, 201)
    with hanging(stack):
        assert must_be_repeated(send(client, correction("3", BANK)), "database-away")
        service.process.terminate()
        service.process.wait(timeout=30)
