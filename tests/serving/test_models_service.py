"""Published models over HTTP, and their change under load, with a real service."""

import gzip
import hashlib
import http.client
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import fastjsonschema
import httpx
import pytest

from benchmarks.faults.proxy import Proxy
from nightsieve.serving.generate.schemas import whole_schema
from nightsieve.store import layout
from nightsieve.store.models import Registry
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    PIPELINE_FILE,
    VECTORS_FILE,
)
from tests.support.commands import forget, run
from tests.support.published_models import (
    PROBE,
    damaged,
    flip,
    key_of,
    new_registry,
    publish,
    variants,
)
from tests.support.services import serving

VARIANTS = variants()
POLL = 0.2
SOON = 20  # seconds, on a busy machine
QUESTION = {"messages": [{"text": PROBE}]}


@pytest.fixture
def registry(environment) -> Registry:
    """The registry of an empty store; this process needs no proxy."""
    return new_registry()


@pytest.fixture
def service(environment, registry, tmp_path) -> Iterator[SimpleNamespace]:
    """A service that polls a store behind a proxy, with model 1 published."""
    publish(registry, VARIANTS[0].content)
    with Proxy(environment["AWS_ENDPOINT_URL_S3"]) as proxy:
        own = {**environment, "AWS_ENDPOINT_URL_S3": proxy.url}
        log = tmp_path / "log"
        with (
            serving("--poll", str(POLL), environment=own, log=log) as (url, process),
            new_client(url) as client,
        ):
            yield SimpleNamespace(
                client=client, process=process, proxy=proxy, log=log, url=url
            )


def check_schema(name: str, document: object) -> None:
    """Check a body by the schema that the description of the service has for it."""
    fastjsonschema.compile(whole_schema(name))(document)


def new_client(url: str) -> httpx.Client:
    """Return a client that waits for the service to listen."""
    transport = httpx.HTTPTransport(retries=5)
    return httpx.Client(base_url=url, timeout=SOON, transport=transport)


def wait_for_serial(client: httpx.Client, serial: int) -> None:
    """Wait until a model is served."""
    deadline = time.monotonic() + SOON
    while client.get("/health/ready").json().get("model", {}).get("serial") != serial:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_problem(client: httpx.Client, problem: str | None) -> httpx.Response:
    """Wait until the newest model has a problem, or none."""
    deadline = time.monotonic() + SOON
    while True:
        answer = client.get("/health/ready")
        if answer.json().get("newest_model", {}).get("problem") == problem:
            return answer
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_models_are_listed_newest_first(service, registry):
    second = publish(registry, VARIANTS[1].content, day=21)
    wait_for_serial(service.client, 2)
    registry.roll_back(1, "the night after it was worse")
    wait_for_serial(service.client, 3)
    time.sleep(5.1)  # a listing is kept for five seconds
    listing = service.client.get("/v1/models").json()
    check_schema("models", listing)
    assert listing["current"] == 3
    assert [model["serial"] for model in listing["models"]] == [3, 2, 1]
    newest, entry, _ = listing["models"]
    assert newest["restores"] == 1
    assert newest["reason"] == "the night after it was worse"
    assert entry == {
        "serial": 2,
        "date": "2026-11-21",
        "sha256": hashlib.sha256(VARIANTS[1].content).hexdigest(),
        "labels": ["bank", "chat", "spam"],
        "restores": None,
        "reason": None,
        "files": {
            name: {
                "media_type": "application/json",
                "bytes": len(registry.file(second, name)),
                "sha256": second.files[name],
            }
            for name in sorted(second.files.keys() - {PIPELINE_FILE})
        },
    }
    assert service.client.get("/v1/models/2").json() == entry
    assert service.client.get("/v1/models/current").json() == newest


def test_an_entry_is_the_same_bytes_before_and_after_another_one_is_served(
    service, registry
):
    as_current = service.client.get("/v1/models/1")
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    from_store = service.client.get("/v1/models/1")
    assert from_store.content == as_current.content
    assert from_store.headers["ETag"] == as_current.headers["ETag"]


def test_a_file_is_fetched_once_and_then_asked_for(service, registry):
    path = "/v1/models/1/files/model.json"
    content = VARIANTS[0].content
    plain = service.client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == content
    assert plain.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert "Content-Encoding" not in plain.headers
    with service.client.stream("GET", path) as answer:
        raw = b"".join(answer.iter_raw())
    assert gzip.decompress(raw) == content
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Accept-Ranges"] == "none"
    known = {"If-None-Match": f'"x", W/{answer.headers["ETag"]}'}
    unchanged = service.client.get(path, headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == answer.headers["ETag"]
    head = service.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(raw))
    assert head.headers["ETag"] == answer.headers["ETag"]
    partly = service.client.get(path, headers={"Range": "bytes=0-9"})
    assert (partly.status_code, partly.content) == (200, content)


def test_what_may_change_is_asked_for_each_time(service, registry):
    for path in ("/v1/models", "/v1/models/current"):
        answer = service.client.get(path)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        known = {"If-None-Match": answer.headers["ETag"]}
        assert service.client.get(path, headers=known).status_code == 304
        if path == "/v1/models/current":
            publish(registry, VARIANTS[1].content)
            wait_for_serial(service.client, 2)
            assert service.client.get(path, headers=known).status_code == 200


def test_what_is_not_offered_is_not_found(service, registry):
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    claims = [key for key in registry.store.list_by_time("models/1/") if "claim" in key]
    names = [PIPELINE_FILE, "entry.json", "..", "%2e%2e", "..%2f2%2fmodel.json", "no"]
    names += [key.rpartition("/")[2] for key in claims]
    assert claims
    paths = [f"/v1/models/{n}/files/{name}" for n in (1, 2) for name in names]
    paths += ["/v1/models/3", "/v1/models/3/files/model.json", "/v1/models/0"]
    paths += [
        "/v1/models/01",
        "/v1/models/-1",
        "/v1/models/x",
        "/v1/models/9" + "9" * 99,
    ]
    paths += ["/v1/models/%D9%A1", "/v1/models/current/files/model.json"]
    for path in paths:
        # httpx would resolve the dots itself.
        connection = http.client.HTTPConnection(service.client.base_url.netloc.decode())
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 404, path
        assert answer.headers["Content-Type"] == "application/problem+json"
        connection.close()


def test_a_hundred_phones_at_once_are_one_reading(service, registry):
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    service.client.get("/v1/models/1")
    service.proxy.rules([])

    def fetch(_: int) -> bytes:
        return httpx.get(f"{service.url}/v1/models/1/files/vectors.json").content

    with ThreadPoolExecutor(50) as pool:
        contents = set(pool.map(fetch, range(100)))
    assert len(contents) == 1
    key = layout.model_file(1, VECTORS_FILE)
    readings = [request for request in service.proxy.log if key in request.target]
    assert len(readings) == 1


def test_a_damaged_file_is_a_problem_and_one_line_in_the_log(service, registry):
    first = registry.require(1)
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    path = "/v1/models/1/files/model.json"
    with damaged(registry.store, key_of(first, MODEL_FILE)):
        for _ in range(3):
            answer = service.client.get(path)
            assert answer.status_code == 502
            assert answer.json()["type"] == "urn:nightsieve:problem:damaged-model"
        assert service.log.read_text().count(key_of(first, MODEL_FILE)) == 1
    assert service.client.get(path).content == VARIANTS[0].content


def test_a_model_with_a_damaged_entry_is_left_out_of_the_list(service, registry):
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    with damaged(registry.store, layout.model_entry(1)):
        models = service.client.get("/v1/models").json()["models"]
        assert [model["serial"] for model in models] == [2]
        assert service.client.get("/v1/models/1").status_code == 502


def test_while_the_store_is_away_what_was_read_is_served(service, registry):
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    assert service.client.get("/v1/models/1/files/model.json").status_code == 200
    service.proxy.away("refused")
    ready = wait_for_problem(service.client, "unreachable")
    check_schema("ready", ready.json())
    assert ready.status_code == 200
    assert ready.json()["newest_model"]["since"].endswith("+00:00")
    assert service.client.post("/v1/predictions", json=QUESTION).status_code == 200
    for path in (
        "/v1/models/current",
        "/v1/models/2",
        "/v1/models/2/files/vectors.json",
        "/v1/models/1",
        "/v1/models/1/files/model.json",
    ):
        assert service.client.get(path).status_code == 200, path
    for path in ("/v1/models/1/files/vectors.json", "/v1/models/7", "/v1/models"):
        answer = service.client.get(path)
        assert answer.status_code == 503, path
        assert answer.headers["Retry-After"] == "10"
    service.proxy.back()
    publish(registry, VARIANTS[2].content)
    wait_for_serial(service.client, 3)
    wait_for_problem(service.client, None)


def test_without_a_model_the_service_is_not_ready_and_becomes_so(
    environment, registry, tmp_path
):
    options = ("--poll", str(POLL))
    with (
        serving(*options, environment=environment, log=tmp_path / "log") as (url, _),
        new_client(url) as client,
    ):
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", "/v1/models/current", "/v1/labels"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "no model is published" in answer.json()["detail"]
        assert client.get("/v1/models").json() == {"current": None, "models": []}
        publish(registry, VARIANTS[0].content)
        wait_for_serial(client, 1)


@pytest.mark.parametrize("path", ["/v1/models/1/files/model.json", "/v1/models/1"])
def test_a_store_that_hangs_holds_a_client_for_seconds(path, service, registry):
    publish(registry, VARIANTS[1].content)
    wait_for_serial(service.client, 2)
    if path.endswith(".json"):
        assert service.client.get("/v1/models/1").status_code == 200
    service.proxy.away("hang")
    began = time.monotonic()
    answer = service.client.get(path)
    assert 2 < time.monotonic() - began < 5
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    began = time.monotonic()
    assert service.client.get(path).status_code == 503
    assert time.monotonic() - began < 1


def test_a_store_that_hangs_does_not_hold_the_end(service):
    wait_for_serial(service.client, 1)
    service.proxy.away("hang")
    time.sleep(2 * POLL)
    began = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(SOON)
    assert time.monotonic() - began < 5


def test_a_model_file_has_no_serial(model_file, model_content, tmp_path):
    options = ("--model", str(model_file))
    with (
        serving(*options, environment={}, log=tmp_path / "log") as (url, _),
        new_client(url) as client,
    ):
        current = client.get("/v1/models/current").json()
        check_schema("model", current)
        assert current["serial"] is None
        assert current["sha256"] == hashlib.sha256(model_content).hexdigest()
        assert current["files"][MODEL_FILE]["bytes"] == len(model_content)
        listing = client.get("/v1/models").json()
        check_schema("models", listing)
        assert listing == {"current": None, "models": [current]}
        for path in ("/v1/models/1", "/v1/models/1/files/model.json"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "/v1/models/current" in answer.json()["detail"]


def test_every_answer_comes_from_one_model_while_models_change(service, registry):
    scores_by_serial = {1: VARIANTS[0].scores}
    answers: list[httpx.Response] = []
    ends = threading.Event()

    def ask() -> None:
        with new_client(service.url) as client:
            while not ends.is_set():
                answers.append(client.post("/v1/predictions", json=QUESTION))

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for n in range(1, 11):
                variant = VARIANTS[n % len(VARIANTS)]
                entry = publish(registry, variant.content)
                scores_by_serial[entry.serial] = variant.scores
                if n % 5 == 0:
                    flip(registry.store, key_of(entry, MODEL_FILE))
                time.sleep(3 * POLL)
        finally:
            ends.set()
        for future in asking:
            future.result()
    serials: Counter[int] = Counter()
    for answer in answers:
        assert answer.status_code == 200
        document = answer.json()
        serial = document["model"]["serial"]
        serials[serial] += 1
        assert document["predictions"][0]["scores"] == scores_by_serial[serial]
    assert len(serials) > 5


def test_manifests_name_their_serial(service, registry):
    manifest = service.client.get(f"/v1/models/1/files/{MANIFEST_FILE}").json()
    assert manifest["serial"] == 1


def test_a_prefix_that_holds_other_objects_is_a_failure(environment, tmp_path):
    forget()
    store = Registry(new_registry().store).store
    store.delete(layout.LAYOUT)
    store.write("other", b"objects")
    log: Path = tmp_path / "log"
    with (
        serving("--poll", str(POLL), environment=environment, log=log) as (url, _),
        new_client(url) as client,
    ):
        assert client.get("/health/ready").status_code == 503
        assert "holds objects of an earlier version" in log.read_text()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_address_of_the_store_ends_the_command(workers):
    command = ("nightsieve", "serve", "--port", "0", "--workers", workers)
    done = run(*command, environment={"NIGHTSIEVE_STORAGE": "nowhere"})
    assert done.returncode == 5
    assert done.stdout == ""
    assert "nowhere: not an S3 address; use s3://bucket/prefix" in done.stderr
    assert len(done.stderr.splitlines()) == 1
