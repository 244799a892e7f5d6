"""Signals, processes that are killed, and processes that cannot start."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.raw_http import answer, connection, predictions
from tests.support.services import PATIENCE, serving

MESSAGE = b'{"messages":[{"text":"Your code is 123456"}]}'
BODY = json.loads(MESSAGE)


class Running:
    """A service, its processes and its log."""

    def __init__(self, address: str, pid: int, log: Path) -> None:
        self.address = address
        self.parent = psutil.Process(pid)
        self.log = log

    def workers(self) -> set[psutil.Process]:
        """Return the processes that answer; one alone is its own parent."""
        children = self.parent.children()
        return {child for child in children if child.status() != psutil.STATUS_ZOMBIE}

    def events(self) -> list[dict[str, object]]:
        """Return what the log has."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def count(self, name: str) -> int:
        """Return how often an event happened."""
        return [event["event"] for event in self.events()].count(name)


@contextmanager
def running(
    model_file: Path, folder: Path, *options: str, workers: int = 1
) -> Iterator[Running]:
    """Run a service whose processes are all ready."""
    log = folder / "log"
    arguments = ("--model", str(model_file), "--workers", str(workers), *options)
    with serving(*arguments, environment={}, log=log) as (address, process):
        service = Running(address, process.pid, log)
        assert eventually(lambda: service.count("serving") == workers)
        yield service


def eventually(holds: Callable[[], object]) -> bool:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_requests_that_have_begun_finish(
    model_file, tmp_path, workers, number
):
    with running(model_file, tmp_path, workers=workers) as service:
        with connection(service.address) as stream:
            request = predictions(MESSAGE)
            stream.sendall(request[:-10])
            time.sleep(0.5)  # some process has accepted the connection
            service.parent.send_signal(number)
            if workers == 1:
                assert eventually(lambda: is_refused(service.address))
            else:
                time.sleep(1.5)
            stream.sendall(request[-10:])
            assert answer(stream).status == 200
        assert service.parent.wait(PATIENCE) == 0
        assert service.events()[-1]["event"] == "stopped"
        assert "traceback" not in service.log.read_text()


def is_refused(address: str) -> bool:
    try:
        with connection(address):
            return False
    except ConnectionRefusedError:
        return True


def test_a_request_that_does_not_finish_does_not_keep_the_service(model_file, tmp_path):
    with (
        running(model_file, tmp_path, "--idle", "600") as service,
        connection(service.address) as stream,
    ):
        stream.sendall(predictions(MESSAGE)[:-10])
        time.sleep(0.5)
        service.parent.terminate()
        assert service.parent.wait(PATIENCE) == 0


def connections_by_worker(service: Running, clients: list[socket.socket]) -> dict:
    """Return the worker that accepted each connection."""
    ports = {client.getsockname()[1]: client for client in clients}
    return {
        ports[remote.raddr.port]: worker
        for worker in service.workers()
        for remote in worker.net_connections("tcp4")
        if remote.raddr and remote.raddr.port in ports
    }


def test_a_killed_worker_is_replaced_and_costs_no_request_of_the_others(
    model_file, tmp_path
):
    with (
        running(model_file, tmp_path, workers=2) as service,
        ExitStack() as opened,
    ):
        before = service.workers()
        assert len(before) == 2
        clients: list[socket.socket] = []
        accepted: dict = {}

        def both_workers_have_connections() -> bool:
            client = opened.enter_context(connection(service.address))
            client.sendall(predictions(MESSAGE))
            assert answer(client).status == 200
            clients.append(client)
            accepted.update(connections_by_worker(service, clients))
            return set(accepted.values()) == before

        assert eventually(both_workers_have_connections)
        victim = accepted[clients[0]]
        others = [client for client in clients if accepted.get(client) != victim]
        failures: list[BaseException] = []
        stopped = threading.Event()

        def keep_asking(client: socket.socket) -> None:
            try:
                while not stopped.is_set():
                    client.sendall(predictions(MESSAGE))
                    assert answer(client).status == 200
            except BaseException as error:
                failures.append(error)

        threads = [
            threading.Thread(target=keep_asking, args=[client]) for client in others
        ]
        for thread in threads:
            thread.start()
        victim.kill()
        replaced = eventually(
            lambda: len(service.workers()) == 2 and victim not in service.workers()
        )
        # New connections are answered all the time, by the processes that are there.
        for _ in range(20):
            url = f"{service.address}/v1/predictions"
            assert httpx.post(url, json=BODY, timeout=PATIENCE).status_code == 200
        stopped.set()
        for thread in threads:
            thread.join()
        assert others
        assert failures == []
        assert replaced
        assert service.count("a process has ended") == 1


@pytest.mark.parametrize("begun", [False, True])
def test_workers_end_when_their_parent_is_killed(model_file, tmp_path, begun):
    with running(model_file, tmp_path, workers=2) as service:
        workers = service.workers()
        assert len(workers) == 2
        with connection(service.address) as stream:
            if begun:
                stream.sendall(predictions(MESSAGE)[:-1])
            service.parent.kill()
            _, alive = psutil.wait_procs(workers, PATIENCE)
        assert alive == []


def test_sighup_replaces_the_workers_one_after_another(model_file, tmp_path):
    with running(model_file, tmp_path, workers=2) as service:
        before = service.workers()
        service.parent.send_signal(signal.SIGHUP)
        statuses = set()

        def are_replaced() -> bool:
            url = f"{service.address}/v1/predictions"
            statuses.add(httpx.post(url, json=BODY, timeout=PATIENCE).status_code)
            return len(service.workers()) == 2 and not before & service.workers()

        assert eventually(are_replaced)
        assert statuses == {200}


def test_a_worker_that_cannot_start_again_does_not_end_the_others(
    model_content, tmp_path
):
    model_file = tmp_path / "model.json"
    model_file.write_bytes(model_content)
    with running(model_file, tmp_path, workers=2) as service:
        model_file.write_bytes(b"{}")
        victim, survivor = service.workers()
        victim.kill()
        assert eventually(lambda: service.count("a process has ended") > 1)
        url = f"{service.address}/v1/predictions"
        assert httpx.post(url, json=BODY, timeout=PATIENCE).status_code == 200
        assert survivor.is_running()
        model_file.write_bytes(model_content)
        assert eventually(lambda: len(service.workers()) == 2)
