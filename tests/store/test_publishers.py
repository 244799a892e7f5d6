"""Publishers are killed at every request, over S3 servers of both kinds."""

import hashlib
import itertools
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.httpsession import URLLib3Session
from urllib3.connection import HTTPConnection

from nightsieve.store import layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.publication import prune
from pipeline.config.settings import Keep
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE, ExportManifest
from tests.support.commands import forget
from tests.support.stored_objects import DESCRIPTION, FILES, facts

KEEP = Keep(models=2, runs=1)
FORK = multiprocessing.get_context("fork")
MOMENTS = ("before it is sent", "before its answer is read")


@pytest.fixture(params=["rclone, which ignores conditions", "moto, which honours them"])
def bucket(request, environment, monkeypatch) -> Iterator[str]:
    """The address of a bucket on a server of this kind."""
    if request.param.startswith("rclone"):
        yield environment["NIGHTSIEVE_STORAGE"]
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    moto = [sys.executable, "-m", "moto.server", "-p", port]
    with subprocess.Popen(
        moto, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
        forget()
        for _ in range(200):
            time.sleep(0.05)
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", int(port))):
                    break
        boto3.client("s3").create_bucket(Bucket="nightsieve")
        yield "s3://nightsieve"
        server.kill()


def publish(
    address: str, name: str, journal: Path, death: tuple[str, int] | None
) -> None:
    """Publish, and write down every PUT ahead of it, until death; who lives prunes."""
    numbers, send = itertools.count(1), URLLib3Session.send

    def die(*_) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def sent(session, request):
        number = next(numbers)
        if death == (MOMENTS[0], number):
            die()
        if death == (MOMENTS[1], number):
            HTTPConnection.getresponse = die
        if request.method == "PUT":
            with journal.open("a") as lines:
                lines.write(
                    unquote(urlsplit(request.url).path).partition("/models/")[2] + "\n"
                )
        return send(session, request)

    URLLib3Session.send = sent
    registry = Registry(Store(address))
    _publish(registry, name)
    if death is None:
        prune(registry, KEEP, None)
    os._exit(0)


def _publish(registry: Registry, name: str) -> int:
    # So every file says whose it is.
    manifest = DESCRIPTION.model_copy(update={"training": name})
    files = {MODEL_FILE: name.encode(), MANIFEST_FILE: manifest.to_json()}
    return registry.publish(name, files, facts()).serial


def assert_whole(registry: Registry) -> None:
    """The pointer, if there is one, names a model of which every file is its own."""
    current = registry.current()
    if current:
        entry = registry.require(current.serial)
        assert current.files == entry.files and entry.files.keys() == FILES.keys()
        content = registry.file(entry, MANIFEST_FILE)
        manifest = ExportManifest.from_json(content)
        assert manifest.serial == current.serial
        assert manifest.training == entry.publication
        assert registry.file(entry, MODEL_FILE) == entry.publication.encode()


def test_publishers_killed_at_any_request_leave_a_whole_model_and_serials_of_their_own(
    bucket, tmp_path
):
    Registry(
        Store(bucket)
    ).current()  # what the first request needs is loaded before there are children
    for number in itertools.count(1):
        registry, journal = (
            Registry(Store(f"{bucket}/{number}")),
            tmp_path / str(number),
        )
        if number % 2:  # a first model, or a pointer that is there
            _publish(registry, "before")
        deaths = {
            "one": (MOMENTS[0], number),
            "two": (MOMENTS[1], number),
            "other": None,
        }
        codes = at_once(registry, journal, deaths)
        assert codes["other"] == 0 and {codes["one"], codes["two"]} <= {
            0,
            -signal.SIGKILL,
        }
        written = _journal(journal)
        complete = _complete(registry)
        later = _publish(registry, "later")
        assert registry.current().serial == later > max(serial for serial, _ in written)
        assert_whole(registry)
        assert_written_once(written)
        still = _complete(registry)
        assert (
            still.items()
            >= {key: complete[key] for key in still.keys() & complete.keys()}.items()
        )
        if codes["one"] == codes["two"] == 0:
            # Two listings, a claim and a look at it, three objects, the pointer read, a
            # listing: the least of a
            # publisher that nobody crosses and that finds the pointer moved already.
            assert number > 9
            return


def at_once(
    registry: Registry, journal: Path, deaths: dict[str, tuple[str, int] | None]
) -> dict[str, int]:
    """The exit codes of publishers that ran at once, while the pointer was watched."""
    address = str(registry.store)
    started = {
        name: FORK.Process(target=publish, args=(address, name, journal, death))
        for name, death in deaths.items()
    }
    for process in started.values():
        process.start()
    while any(process.is_alive() for process in started.values()):
        assert_whole(registry)
        time.sleep(0.05)
    return {name: process.exitcode for name, process in started.items()}


def assert_written_once(written: list[tuple[int, str]]) -> None:
    """No file of a model was put twice, and none but a claim after its entry."""
    assert [put for put, times in Counter(written).items() if times > 1] == []
    for place, (serial, name) in enumerate(written):
        if name == layout.MODEL_ENTRY:
            after = [other for later, other in written[place + 1 :] if later == serial]
            assert [other for other in after if not other.startswith("claim-")] == []


def _journal(journal: Path) -> list[tuple[int, str]]:
    """Serial and name of everything put below a serial, in order."""
    keys = (line.partition("/") for line in journal.read_text().splitlines())
    return [(int(serial), name) for serial, _, name in keys if serial.isdigit()]


def _complete(registry: Registry) -> dict[str, str]:
    """sha256 of every file of the complete models, by key."""
    complete = {}
    for serial in registry.serials():
        for name in registry.require(serial).files:
            key = layout.model_file(serial, name)
            complete[key] = hashlib.sha256(registry.store.read(key)).hexdigest()
    return complete
