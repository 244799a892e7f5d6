"""The same night on one machine and on two.

Machines share only the scheduler, the store and the database.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from nightsieve.cli.services.processes import candidate_ports, is_free
from tests.support import ROOT
from tests.support.nights import STAGES, assert_whole, objects, retrain, sample

CHECKOUT = ["luigi.cfg", "nightsieve", "pipeline", "scorers", "tasks"]
CONFIGURATION = ["config", "tests/tasks/rules"]
GRID = (
    "{estimator: sgd, ngrams: [[1, 1]], min_df: [1], sublinear_tf: [true], "
    "norm: [l2], alpha: [0.0001, 0.001, 0.01]}"
)
PATCHES = [
    "labelling.rules=tests/tasks/rules",
    "source.shards=4",
    "text.preset=ascii",
    f"training.search.grids=[{GRID}]",
    "training.search.folds=2",
    "training.cross_validation.folds=2",
]
#: A JSON object.
Json = dict[str, Any]
# The seal is a digest of them all.
COST = {"seconds", "peak_memory_mib", "host", "seal"}

# Root may have a network and a host name of its own anywhere, other users only where
# user namespaces are allowed.
UNSHARED = ["unshare", "--net", "--uts"]
if os.geteuid() != 0:
    UNSHARED.append("--map-root-user")
# This program names the machine, starts its loopback, and hands the test the sockets
# that listen there in place of the services.
INSIDE = """if True:
    import fcntl, os, socket, struct, sys

    name, channel, ports, *command = sys.argv[1:]
    socket.sethostname(name)
    SIOCSIFFLAGS, IFF_UP = 0x8914, 1
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    listeners = []
    for port in ports.split(","):
        address = ("127.0.0.1", int(port))
        listeners.append(socket.create_server(address, backlog=128))
    descriptors = [listener.fileno() for listener in listeners]
    with socket.socket(fileno=int(channel)) as test:
        socket.send_fds(test, [name.encode()], descriptors)
    os.execvp(command[0], command)
"""


def may_unshare() -> bool:
    """Return whether this user can have a network of their own here."""
    if shutil.which(UNSHARED[0]) is None:
        return False
    tried = subprocess.run([*UNSHARED, "true"], capture_output=True, check=False)
    return tried.returncode == 0


@contextlib.contextmanager
def scheduler(folder: Path, services: dict[str, str]) -> Iterator[str]:
    """Run a luigid that does not know these tasks, and yield its address.

    A luigid that has just seen a task done would not give it out again.
    """
    port = next(candidate_ports())
    command = ["luigid", "--address", "127.0.0.1", "--port", str(port)]
    with (folder / "luigid.log").open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **services}, cwd=folder, stdout=log, stderr=log
        )
    try:
        while is_free(port):
            assert process.poll() is None, (folder / "luigid.log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Machine:
    """A checkout, a home, a temporary directory and an environment of its own.

    It may have a network and a host name of its own, too.
    """

    def __init__(
        self, folder: Path, services: dict[str, str], luigid: str, own_network: bool
    ):
        self.checkout = folder / "checkout"
        self.log = folder / "log"
        self.own_network = own_network
        self.copy(CHECKOUT)
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        (folder / "luigi.cfg").write_text(f"[core]\ndefault_scheduler_url = {luigid}\n")
        own_services = {
            name: value
            for name, value in services.items()
            if name.startswith(("NIGHTSIEVE_", "AWS_"))
        }
        self.environment = {
            **own_services,
            "LUIGI_CONFIG_PATH": str(folder / "luigi.cfg"),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.checkout),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
        }
        addresses = (
            luigid,
            services["AWS_ENDPOINT_URL_S3"],
            services["NIGHTSIEVE_DATABASE_URL"],
        )
        self.ports = [urlsplit(address).port or 0 for address in addresses]
        self.name = folder.name if own_network else socket.gethostname()

    def copy(self, parts: list[str]) -> None:
        """Copy these parts of the project into the checkout."""
        for part in parts:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (self.checkout / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, self.checkout / part)

    @contextlib.contextmanager
    def running(self, command: list[str]) -> Iterator[subprocess.Popen]:
        """Run a command on this machine; kill it if it still runs in the end."""
        channel, child_channel = socket.socketpair()
        with contextlib.ExitStack() as stack:
            stack.enter_context(channel)
            stack.enter_context(child_channel)
            log = stack.enter_context(self.log.open("w"))
            descriptor = child_channel.fileno()
            if self.own_network:
                command = self._in_own_network(command, descriptor)
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    env=self.environment,
                    cwd=self.checkout,
                    stdout=log,
                    stderr=log,
                    pass_fds=[descriptor],
                )
            )
            stack.callback(process.kill)
            child_channel.close()
            if self.own_network:
                _, listeners, *_ = socket.recv_fds(channel, 64, len(self.ports))
                for listener, port in zip(listeners, self.ports, strict=True):
                    stack.enter_context(relay(socket.socket(fileno=listener), port))
            yield process

    def _in_own_network(self, command: list[str], channel: int) -> list[str]:
        ports = ",".join(map(str, self.ports))
        arguments = [self.name, str(channel), ports]
        return [*UNSHARED, sys.executable, "-c", INSIDE, *arguments, *command]

    def has_done_a_task(self) -> bool:
        """Return whether the log says that this machine has done a task."""
        return re.search(r"\] Worker .* done ", self.log.read_text()) is not None


@contextlib.contextmanager
def relay(listener: socket.socket, port: int) -> Iterator[None]:
    """Connect the clients of a listener to a port of our own loopback.

    The listener may belong to another network.
    """

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                service = socket.create_connection(("127.0.0.1", port))
                start_pump(client, service)
                start_pump(service, client)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    with listener:
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def start_pump(source: socket.socket, sink: socket.socket) -> None:
    threading.Thread(target=pump, args=(source, sink), daemon=True).start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Send all content from one socket to another, and then its end."""
    with contextlib.suppress(OSError):
        content = source.recv(1 << 16)
        while content:
            sink.sendall(content)
            content = source.recv(1 << 16)
        sink.shutdown(socket.SHUT_WR)


def night(
    folder: Path, services: dict[str, str], names: list[str], own_networks: bool
) -> dict[str, Any]:
    """Run a night on machines, and return its objects without what they have cost.

    Each machine runs one task at a time. The first machine has the configuration, the
    others have only its digest.
    """
    storage = f"{services['NIGHTSIEVE_STORAGE']}-{folder.name}"
    environment = {**services, "NIGHTSIEVE_STORAGE": storage}
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(scheduler(folder, services))
        machines = [
            Machine(folder / name, environment, address, own_networks) for name in names
        ]
        machines[0].copy(CONFIGURATION)
        processes = []
        command = retrain(patches=PATCHES)
        for machine in machines:
            running = machine.running([*command, "--workers", "1"])
            processes.append(stack.enter_context(running))
            command = retrain("--config", frozen_digest(environment), patches=[])
        codes = [process.wait(timeout=240) for process in processes]
    logs = "\n".join(machine.log.read_text() for machine in machines)
    assert codes == [0] * len(machines), logs
    stored = objects(environment)
    assert_whole(stored)
    receipts = [json.loads(stored[key]) for key in stored if is_receipt(key)]
    tasks = {receipt["task"] for receipt in receipts}
    assert tasks == set(STAGES) - {"Retrain"}
    hosts = {receipt["host"] for receipt in receipts}
    assert hosts == {machine.name for machine in machines}
    for machine in machines:
        assert machine.has_done_a_task()
    return {
        key: without_cost(key, body)
        for key, body in stored.items()
        if "/claim-" not in key
    }


def is_receipt(key: str) -> bool:
    return key.endswith(".receipt.json")


def frozen_digest(environment: dict[str, str]) -> str:
    """Wait until a night has stored its configuration, and return the digest."""
    while True:
        for key in objects(environment):
            if key.startswith("configs/"):
                return key.removeprefix("configs/").removesuffix(".json")
        time.sleep(0.05)


def without_cost(key: str, body: bytes) -> Any:
    """Return an object without what its tasks have cost.

    Receipts say it, and the run manifest quotes them. A report's page quotes them,
    too, among much else, so of a report only the figures remain. Each machine measures
    for itself how long a message takes, and the gate's decision quotes it.
    """
    if key.startswith("reports/"):
        return body if key.endswith(".svg") else None
    if is_receipt(key):
        return receipt_without_cost(json.loads(body))
    if key.startswith("release/speed-"):
        return sorted(json.loads(body))
    if key.startswith("release/decision-"):
        return decision_without_speed(json.loads(body))
    if key.startswith("runs/"):
        manifest = json.loads(body)
        results = manifest["results"]
        results["decision"] = decision_without_speed(results["decision"])
        tasks = [receipt_without_cost(receipt) for receipt in manifest["tasks"]]
        return {**manifest, "tasks": tasks}
    return body


def decision_without_speed(decision: Json) -> Json:
    checks = [check for check in decision["checks"] if check["kind"] != "speed"]
    return {**decision, "checks": checks}


def receipt_without_cost(receipt: Json) -> Json:
    """Return a receipt without costs, and without a sha256 that depends on costs."""
    left_out = COST
    if receipt["task"] in ("MeasureSpeed", "GateModel", "WriteManifest", "WriteReport"):
        left_out = COST | {"sha256", "bytes"}
    readings = {
        key: reading
        for key, reading in receipt["readings"].items()
        if not key.startswith("release/decision-")
    }
    kept = {name: receipt[name] for name in receipt.keys() - left_out}
    return {**kept, "readings": readings}


@pytest.fixture(scope="module")
def alone(night_environment, tmp_path_factory) -> dict[str, Any]:
    """Run the night on one machine, and return its objects."""
    sample(night_environment, rows=800)
    folder = tmp_path_factory.mktemp("alone")
    return night(folder, night_environment, ["machine"], own_networks=False)


def test_two_machines_leave_the_objects_that_one_leaves(
    alone, night_environment, tmp_path
):
    # Networks of their own prove that a machine reaches nothing but the services. Where
    # they are not allowed, the other checks are the same.
    names = ["machine-a", "machine-b"]
    together = night(tmp_path, night_environment, names, own_networks=may_unshare())
    assert together.keys() == alone.keys()
    assert [key for key in alone if together[key] != alone[key]] == []
