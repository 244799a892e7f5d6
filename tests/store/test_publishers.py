"""Publishers are killed at every request, over S3 servers of both kinds."""

import hashlib
import itertools
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock
from urllib.parse import unquote, urlsplit

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
from tests.support.moto import moto_server
from tests.support.stored_objects import DESCRIPTION, FILES, facts

KEEP = Keep(models=2, runs=1)
FORK = multiprocessing.get_context("fork")
BEFORE_SENDING = "before it is sent"
BEFORE_ANSWER = "before its answer is read"
#: A moment of a request, and the index of the request.
Death = tuple[str, int]


class Put(NamedTuple):
    """A PUT below a serial."""

    serial: int
    name: str


@pytest.fixture(params=["rclone, which ignores conditions", "moto, which honours them"])
def bucket(request, environment, monkeypatch) -> Iterator[str]:
    """Return the address of a bucket on a server of this kind."""
    if request.param.startswith("rclone"):
        yield environment["NIGHTSIEVE_STORAGE"]
        return
    with moto_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        forget()
        yield "s3://nightsieve"


def publish(address: str, name: str, journal: Path, death: Death | None) -> None:
    """Publish in a process that dies at a request; a process that lives prunes too.

    Every PUT is written into the journal before it is sent.
    """
    request_indices = itertools.count(1)
    send = URLLib3Session.send

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def send_or_die(session, request):
        request_index = next(request_indices)
        if death == (BEFORE_SENDING, request_index):
            die()
        if death == (BEFORE_ANSWER, request_index):
            mock.patch.object(HTTPConnection, "getresponse", die).start()
        if request.method == "PUT":
            path = unquote(urlsplit(request.url).path)
            with journal.open("a") as lines:
                lines.write(path.partition("/models/")[2] + "\n")
        return send(session, request)

    mock.patch.object(URLLib3Session, "send", send_or_die).start()
    registry = Registry(Store(address))
    _publish(registry, name)
    if death is None:
        prune(registry, KEEP, None)
    os._exit(0)


def _publish(registry: Registry, name: str) -> int:
    """Publish a model each of whose files holds the name of its publication."""
    manifest = DESCRIPTION.model_copy(update={"training": name})
    files = {MODEL_FILE: name.encode(), MANIFEST_FILE: manifest.to_json()}
    return registry.publish(name, files, facts()).serial


def assert_whole(registry: Registry) -> None:
    """Check that the pointer, if there is one, names a model with files of its own."""
    current = registry.current()
    if current is not None:
        entry = registry.require(current.serial)
        assert current.files == entry.files
        assert entry.files.keys() == FILES.keys()
        content = registry.file(entry, MANIFEST_FILE)
        manifest = ExportManifest.from_json(content)
        assert manifest.serial == current.serial
        assert manifest.training == entry.publication
        assert registry.file(entry, MODEL_FILE) == entry.publication.encode()


def test_killed_publishers_leave_a_whole_model_and_serials_of_their_own(
    bucket: str, tmp_path: Path
) -> None:
    # What the first request needs is loaded before there are children.
    Registry(Store(bucket)).current()
    for request_index in itertools.count(1):
        registry = Registry(Store(f"{bucket}/{request_index}"))
        journal = tmp_path / str(request_index)
        if request_index % 2:  # with an earlier model, or without one
            _publish(registry, "before")
        deaths: dict[str, Death | None] = {
            "one": (BEFORE_SENDING, request_index),
            "two": (BEFORE_ANSWER, request_index),
            "other": None,
        }
        codes = run_at_once(registry, journal, deaths)
        assert codes["other"] == 0
        assert {codes["one"], codes["two"]} <= {0, -signal.SIGKILL}
        puts = _read_journal(journal)
        before = _digests(registry)
        later = _publish(registry, "later")
        current = registry.current()
        assert current is not None
        assert current.serial == later
        assert later > max(put.serial for put in puts)
        assert_whole(registry)
        assert_written_once(puts)
        after = _digests(registry)
        for key in before.keys() & after.keys():
            assert after[key] == before[key]
        if codes["one"] == codes["two"] == 0:
            # The minimum of a publisher that meets no other one and finds the pointer
            # moved already: two listings, a claim and a look at it, three objects, a
            # read of the pointer, a listing.
            assert request_index > 9
            return


def run_at_once(
    registry: Registry, journal: Path, deaths: dict[str, Death | None]
) -> dict[str, int | None]:
    """Run publishers at once and watch the pointer; return their exit codes."""
    address = str(registry.store)
    processes = {}
    for name, death in deaths.items():
        arguments = (address, name, journal, death)
        processes[name] = FORK.Process(target=publish, args=arguments)
    for process in processes.values():
        process.start()
    while any(process.is_alive() for process in processes.values()):
        assert_whole(registry)
        time.sleep(0.05)
    return {name: process.exitcode for name, process in processes.items()}


def assert_written_once(puts: list[Put]) -> None:
    """Check that each file was put once, and only claims after an entry."""
    assert [put for put, times in Counter(puts).items() if times > 1] == []
    complete = set()
    for put in puts:
        if put.serial in complete:
            assert layout.ModelFile(*put).is_claim
        if put.name == layout.MODEL_ENTRY:
            complete.add(put.serial)


def _read_journal(journal: Path) -> list[Put]:
    """Return everything that was put below a serial, in order."""
    puts = []
    for line in journal.read_text().splitlines():
        serial, _, name = line.partition("/")
        if serial.isdigit():
            puts.append(Put(int(serial), name))
    return puts


def _digests(registry: Registry) -> dict[str, str]:
    """Return the sha256 of every file of the complete models by its key."""
    digests = {}
    for serial in registry.serials():
        for name in registry.require(serial).files:
            key = layout.model_file(serial, name)
            digests[key] = hashlib.sha256(registry.store.read(key)).hexdigest()
    return digests
