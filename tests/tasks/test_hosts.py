"""The same night on one machine and on two, which share nothing but the scheduler, the store and the database."""

import contextlib
import json
import os
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
GRID = "{estimator: sgd, ngrams: [[1, 1]], min_df: [1], sublinear_tf: [true], norm: [l2], alpha: [0.0001, 0.001, 0.01]}"
PATCHES = [
    "labelling.rules=tests/tasks/rules",
    "source.shards=4", "text.preset=ascii", f"training.search.grids=[{GRID}]",
    "training.search.folds=2", "training.cross_validation.folds=2",
]  # fmt: skip
COST = {"seconds", "peak_memory_mib", "host"}

# A network and a host name of its own: what root may do anywhere, and others where user namespaces are allowed.
UNSHARED = [
    "unshare",
    *([] if os.geteuid() == 0 else ["--map-root-user"]),
    "--net",
    "--uts",
]
# Names the machine, starts its loopback, and hands the test the sockets that stand there for the services.
INSIDE = """if True:
    import fcntl, os, socket, struct, sys

    name, channel, ports, *command = sys.argv[1:]
    socket.sethostname(name)
    SIOCSIFFLAGS, IFF_UP = 0x8914, 1
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    stand_ins = [socket.create_server(("127.0.0.1", int(port)), backlog=128) for port in ports.split(",")]
    with socket.socket(fileno=int(channel)) as test:
        socket.send_fds(test, [name.encode()], [each.fileno() for each in stand_ins])
    os.execvp(command[0], command)
"""


def may_unshare() -> bool:
    """Whether this user can have a network of his own here."""
    tool = shutil.which(UNSHARED[0])
    return (
        tool is not None
        and subprocess.run([*UNSHARED, "true"], capture_output=True).returncode == 0
    )


@contextlib.contextmanager
def scheduler(folder: Path, services: dict[str, str]) -> Iterator[str]:
    """The address of a luigid that has never seen these tasks: what was done just now, it would not do again."""
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
    """A checkout, a home, a temporary directory and an environment of its own; if asked for, a network and a name."""

    def __init__(
        self, folder: Path, services: dict[str, str], luigid: str, own_network: bool
    ):
        self.checkout, self.log, self.own_network = (
            folder / "checkout",
            folder / "log",
            own_network,
        )
        self.copy(CHECKOUT)
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        (folder / "luigi.cfg").write_text(f"[core]\ndefault_scheduler_url = {luigid}\n")
        self.environment = {
            **{
                name: value
                for name, value in services.items()
                if name.startswith(("NIGHTSIEVE_", "AWS_"))
            },
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
        self.ports = [urlsplit(address).port for address in addresses]
        self.name = folder.name if own_network else socket.gethostname()

    def copy(self, parts: list[str]) -> None:
        """Put these parts of the project into the checkout."""
        for part in parts:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (self.checkout / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, self.checkout / part)

    @contextlib.contextmanager
    def running(self, command: list[str]) -> Iterator[subprocess.Popen]:
        """The command, begun on this machine; killed if it still runs in the end."""
        channel, theirs = socket.socketpair()
        with (
            channel,
            theirs,
            self.log.open("w") as log,
            contextlib.ExitStack() as stack,
        ):
            if self.own_network:
                inside = [
                    sys.executable,
                    "-c",
                    INSIDE,
                    self.name,
                    str(theirs.fileno()),
                    ",".join(map(str, self.ports)),
                ]
                command = [*UNSHARED, *inside, *command]
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    env=self.environment,
                    cwd=self.checkout,
                    stdout=log,
                    stderr=log,
                    pass_fds=[theirs.fileno()],
                )
            )
            stack.callback(process.kill)
            theirs.close()
            if self.own_network:
                _, stand_ins, *_ = socket.recv_fds(channel, 64, len(self.ports))
                for descriptor, port in zip(stand_ins, self.ports, strict=True):
                    stack.enter_context(relay(socket.socket(fileno=descriptor), port))
            yield process

    def done(self) -> list[str]:
        """The tasks that this machine has done, by their lines in its log."""
        return [
            line
            for line in self.log.read_text().splitlines()
            if "] Worker " in line and " done " in line
        ]


@contextlib.contextmanager
def relay(listener: socket.socket, port: int) -> Iterator[None]:
    """Connections to the listener, which may belong to another network, reach this port of our own loopback."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                there, _ = listener.accept()
                here = socket.create_connection(("127.0.0.1", port))
                for source, sink in ((there, here), (here, there)):
                    threading.Thread(
                        target=pump, args=(source, sink), daemon=True
                    ).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    with listener:
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Everything from the one to the other, and the end too."""
    with contextlib.suppress(OSError):
        while content := source.recv(1 << 16):
            sink.sendall(content)
        sink.shutdown(socket.SHUT_WR)


def night(
    folder: Path, services: dict[str, str], names: list[str], own_networks: bool
) -> dict[str, Any]:
    """What a night leaves in the store, its cost apart, when these machines begin it, each for one task at a time.

    The first has the configuration, the others its digest alone.
    """
    storage = f"{services['NIGHTSIEVE_STORAGE']}-{folder.name}"
    environment = {**services, "NIGHTSIEVE_STORAGE": storage}
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(scheduler(folder, services))
        machines = [
            Machine(folder / name, environment, address, own_networks) for name in names
        ]
        machines[0].copy(CONFIGURATION)
        processes, command = [], retrain(patches=PATCHES)
        for machine in machines:
            processes.append(
                stack.enter_context(machine.running([*command, "--workers", "1"]))
            )
            command = retrain("--config", frozen(environment), patches=[])
        codes = [process.wait(timeout=240) for process in processes]
    assert codes == [0] * len(machines), "\n".join(
        machine.log.read_text() for machine in machines
    )
    stored = objects(environment)
    assert_whole(stored)
    receipts = [
        json.loads(body)
        for key, body in stored.items()
        if key.endswith(".receipt.json")
    ]
    assert {receipt["task"] for receipt in receipts} == set(STAGES) - {"Retrain"}
    assert {receipt["host"] for receipt in receipts} == {
        machine.name for machine in machines
    }
    assert all(machine.done() for machine in machines)
    return {
        key: without_cost(key, body)
        for key, body in stored.items()
        if "/claim-" not in key
    }


def frozen(environment: dict[str, str]) -> str:
    """The digest of the configuration of the night that has begun, as soon as it is stored."""
    while not (
        keys := [key for key in objects(environment) if key.startswith("configs/")]
    ):
        time.sleep(0.05)
    return keys[0].removeprefix("configs/").removesuffix(".json")


def without_cost(key: str, body: bytes) -> Any:
    """The object as it is; a receipt without its cost; the run manifest, which quotes all of them, likewise.

    A report's page quotes them too, among much else: of a report that leaves the figures. How long a message takes is
    what each machine measures for itself, and the gate's decision quotes it.
    """
    if key.startswith("reports/"):
        return body if key.endswith(".svg") else None
    if key.startswith("release/speed-") and not key.endswith(".receipt.json"):
        return sorted(json.loads(body))
    if not key.startswith(("runs/", "release/decision-")) and not key.endswith(
        ".receipt.json"
    ):
        return body
    value = json.loads(body)
    if key.endswith(".receipt.json"):
        return receipt_without_cost(value)
    decision = value["results"]["decision"] if key.startswith("runs/") else value
    decision["checks"] = [
        check for check in decision["checks"] if check["kind"] != "speed"
    ]
    return {
        **value,
        "tasks": [receipt_without_cost(task) for task in value.get("tasks", ())],
    }


def receipt_without_cost(receipt: dict[str, Any]) -> dict[str, Any]:
    """What it says of the object, if costs are not in that itself."""
    timed = ("MeasureSpeed", "GateModel", "WriteManifest", "WriteReport")
    quoted = {"sha256", "bytes"} if receipt["task"] in timed else set()
    return {name: receipt[name] for name in receipt.keys() - COST - quoted}


@pytest.fixture(scope="module")
def alone(night_environment, tmp_path_factory) -> dict[str, Any]:
    """The night of one machine."""
    sample(night_environment, rows=800)
    return night(
        tmp_path_factory.mktemp("alone"),
        night_environment,
        ["machine"],
        own_networks=False,
    )


def test_two_machines_leave_what_one_leaves(alone, night_environment, tmp_path):
    # With directories alone the checks are the same; networks add that nothing but the services is in reach.
    together = night(
        tmp_path,
        night_environment,
        ["machine-a", "machine-b"],
        own_networks=may_unshare(),
    )
    assert together.keys() == alone.keys()
    assert [key for key in alone if together[key] != alone[key]] == []
