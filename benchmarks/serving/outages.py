"""Parts of the service are killed under load: what fails, and whether anything is lost.

Clients ask for predictions and send corrections all the time. Each correction has a
message of its own, so the table says afterwards which of them were stored. A correction
is *lost* if the client was told that it was stored and the table lacks it.
"""

import argparse
import contextlib
import http.client
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.results import write_result
from benchmarks.harness.services import open_cursor, running_services
from benchmarks.serving import servers
from benchmarks.serving.records import Outage, OutagesResult
from benchmarks.serving.tables import outages_table
from benchmarks.serving.trained import prepare
from benchmarks.serving.world import prepare_world
from nightsieve.cli.services import Stack

TRAINED_MESSAGES = 20_000
TERMS = 5000
CLIENTS = 4
PAUSE = 0.01  # seconds between two requests of a client
BEFORE = 3.0  # seconds
AWAY = 5.0
AFTER = 8.0
TIMEOUT = 10.0
STORED = (200, 201)


@dataclass
class Tally:
    """What the answers to clients said.

    Attributes
    ----------
    failed_predictions
        How many, by the status or the kind of error that the client saw.
    stored
        Keys of corrections that were answered as stored.
    refused
        What the client saw instead, by the key of the correction.
    """

    predictions: int = 0
    failed_predictions: Counter[str] = field(default_factory=Counter)
    stored: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """A client that predicts and corrects in turns until `stopped` is set."""

    def __init__(
        self,
        address: str,
        keys: Iterator[str],
        label: str,
        tally: Tally,
        stopped: threading.Event,
    ) -> None:
        super().__init__(daemon=True)
        self._address = urlsplit(address).netloc
        self._keys = keys
        self._label = label
        self._tally = tally
        self._stopped = stopped
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Send requests."""
        while not self._stopped.is_set():
            seen = self._post(
                "/v1/predictions", {"messages": [{"text": "win a prize"}]}
            )
            with self._tally.lock:
                self._tally.predictions += 1
                if seen != "200":
                    self._tally.failed_predictions[seen] += 1
                key = next(self._keys)
            body = {"message_key": key, "label": self._label}
            seen = self._post("/v1/corrections", body)
            with self._tally.lock:
                if seen.isdigit() and int(seen) in STORED:
                    self._tally.stored.add(key)
                else:
                    self._tally.refused[key] = seen
            time.sleep(PAUSE)

    def _post(self, path: str, body: object) -> str:
        """Return the status, or the kind of error that the client sees."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self._address, timeout=TIMEOUT
            )
        try:
            headers = {"Content-Type": "application/json"}
            self._connection.request("POST", path, json.dumps(body), headers)
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            return type(error).__name__
        return str(response.status)


def main() -> None:
    """Measure, and write ``outages.json``."""
    arguments = _parse_arguments()
    with (
        command.temporary_folder() as folder,
        running_services(folder / "home") as stack,
    ):
        keys = [f"outage-{number}" for number in range(arguments.messages)]
        drawn = corpus.draw_messages(TRAINED_MESSAGES)
        model = prepare(folder, drawn, TERMS).model
        label = prepare_world(stack.environment(), model, keys)
        unused = iter(keys)
        serve = servers.service("--workers", "2", environment=stack.environment())
        outages = []
        for name, strike in STRIKES.items():
            with servers.running(serve, folder / "log") as server:
                command.log(f"{name} ...")
                tally = _strike_under_load(strike, server, stack, unused, label)
                stored = _stored_keys(stack.environment())
                outages.append(_outage(name, tally, stored))
    result = OutagesResult(run=machine.describe_run(), outages=tuple(outages))
    write_result("outages", result, arguments.output)
    print(outages_table(result))


def kill_worker(server: servers.Server, stack: Stack) -> None:
    """Kill one of the two worker processes of the service; a new one comes."""
    server.process.children()[0].send_signal(signal.SIGKILL)


def kill_store(server: servers.Server, stack: Stack) -> None:
    """Kill the S3 server; start it again after some seconds."""
    _kill_service(stack, "S3")


def kill_database(server: servers.Server, stack: Stack) -> None:
    """Kill PostgreSQL; start it again after some seconds."""
    _kill_service(stack, "PostgreSQL")


STRIKES: dict[str, Callable[[servers.Server, Stack], None]] = {
    "worker process": kill_worker,
    "store": kill_store,
    "database": kill_database,
}


def _kill_service(stack: Stack, title: str) -> None:
    (pid,) = (s.pid for s in stack.status() if s.title == title and s.pid is not None)
    process = psutil.Process(pid)
    for victim in [*process.children(recursive=True), process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    time.sleep(AWAY)
    stack.up()


def _strike_under_load(
    strike: Callable[[servers.Server, Stack], None],
    server: servers.Server,
    stack: Stack,
    keys: Iterator[str],
    label: str,
) -> Tally:
    """Let clients ask before, during and after; return what the answers said."""
    tally = Tally()
    stopped = threading.Event()
    clients = [
        Client(server.address, keys, label, tally, stopped) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    time.sleep(BEFORE)
    strike(server, stack)
    time.sleep(AFTER)
    stopped.set()
    for client in clients:
        client.join(2 * TIMEOUT)
    return tally


def _outage(name: str, tally: Tally, stored: set[str]) -> Outage:
    return Outage(
        name=name,
        predictions=tally.predictions,
        failed_predictions=dict(tally.failed_predictions),
        corrections=len(tally.stored) + len(tally.refused),
        failed_corrections=dict(Counter(tally.refused.values())),
        lost=len(tally.stored - stored),
        stored_unsaid=len(stored & tally.refused.keys()),
    )


def _stored_keys(environment: dict[str, str]) -> set[str]:
    with open_cursor(environment) as cursor:
        cursor.execute("SELECT message_key FROM reviews WHERE source = 'correction'")
        return {key for (key,) in cursor}


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.serving.outages", __doc__)
    command.add_size(parser, "messages", 50_000, "messages in the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
