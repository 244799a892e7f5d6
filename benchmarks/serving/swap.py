"""Models are published under load, some of them damaged: every answer is checked.

The models are trained once, and differ in their biases, so each gives a probe other
scores. A request fails if it is not answered, or if its answer has other scores than
the model of its serial gives. Phones ask all the time which model is current, fetch its
file, and compare its sha256.

Afterwards models are published as fast as the service takes them, and its memory is
measured.
"""

import argparse
import dataclasses
import gzip
import hashlib
import http.client
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import write_result
from benchmarks.harness.services import running_services
from benchmarks.serving import servers
from benchmarks.serving.calls import JSON_HEADERS, Sample
from benchmarks.serving.measures import latencies_of
from benchmarks.serving.records import SwapResult
from benchmarks.serving.tables import swap_table
from nightsieve.cli.services.s3 import BUCKET
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    ExportManifest,
    FileDescription,
    Verification,
)
from pipeline.records.models import ModelFacts, ModelTraits
from pipeline.records.release import ReferenceFigures
from scorers.python.nightsieve_scorer import load

TERMS = 20_000
MESSAGES = 40_000
BITS = 13
MODELS = 4
DAMAGED_EVERY = 5
POLL = 0.5  # seconds
CLIENTS = 4
TIMEOUT = 10.0
OK = 200
UNCHANGED = 304
# How long the service may take to load a model.
LOAD_SECONDS = 30.0
#: Swaps before memory is compared: by then everything is in use.
WARM_UP = 20


class Model(NamedTuple):
    """A model file with its manifest, and the scores that it gives the probe."""

    content: bytes
    manifest: bytes
    sha256: str
    scores: dict[str, float]


@dataclass
class Observed:
    """What clients saw.

    Attributes
    ----------
    published
        The model of each serial.
    serials
        Those that answers named.
    phones
        Requests of phones, and those that were answered wrongly.
    """

    published: dict[int, Model] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    serials: set[int] = field(default_factory=set)
    phones: list[bool] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


class DamagingStore(Store):
    """A store that damages each model file while `damage` says how.

    So the entry and the pointer name the right file, and the file is another one.
    """

    damage: str | None = None

    def write(self, key: str, content: bytes) -> None:
        """Write an object, a model file perhaps damaged."""
        if key.endswith(f"/{MODEL_FILE}") and DamagingStore.damage == "cut":
            content = content[: len(content) // 2]
        elif key.endswith(f"/{MODEL_FILE}") and DamagingStore.damage == "bit":
            changed = bytearray(content)
            changed[len(changed) // 2] ^= 1
            content = bytes(changed)
        super().write(key, content)


def main() -> None:
    """Measure, and write ``swap.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(MESSAGES)
    probe = drawn.texts[0]
    with command.announced("models"):
        made = train(drawn, probe)
    with (
        command.temporary_folder() as folder,
        running_services(folder / "home") as stack,
    ):
        environment = {
            **stack.environment(),
            "NIGHTSIEVE_STORAGE": f"s3://{BUCKET}/swap",
        }
        os.environ.update(environment)
        store = DamagingStore.from_environment()
        claim_layout(store)
        registry = Registry(store)
        observed = Observed()
        unused = itertools.cycle(made)
        publish(registry, next(unused), observed)
        serve = servers.service("--poll", str(POLL), environment=environment)
        with servers.running(serve, folder / "log") as server:
            threads = _clients(server.address, probe, arguments.rate, observed)
            with command.announced("models under load"):
                damaged = _publish_some(registry, unused, observed, arguments)
            memory = _publish_many(registry, unused, observed, server, arguments.swaps)
            observed.stopped.set()
            for thread in threads:
                thread.join()
    result = SwapResult(
        run=machine.describe_run("starlette", "uvicorn"),
        terms=TERMS,
        rate=arguments.rate,
        seconds=arguments.seconds,
        every=arguments.every,
        published=len(observed.published),
        damaged=damaged,
        served=len(observed.serials),
        answers=latencies_of(observed.samples),
        phones=len(observed.phones),
        failed_phones=observed.phones.count(False),
        swaps=arguments.swaps,
        memory_before_mib=memory[0],
        memory_after_mib=memory[1],
    )
    write_result("swap", result, arguments.output)
    print(swap_table(result))


def train(drawn: corpus.Corpus, probe: str) -> list[Model]:
    """Return models whose scores of the probe differ."""
    training = models.count_messages(drawn.texts, drawn.labels, TERMS)
    candidate = models.default_candidates()["logistic_regression"]
    fixed = quantise(linear_model(models.fit(training, candidate)), BITS)
    made = []
    for shift in range(MODELS):
        biases = fixed.biases.copy()
        biases[0] += shift
        biases[-1] -= shift
        variant = dataclasses.replace(fixed, biases=biases)
        content = models.export(variant, BITS, candidate, MESSAGES, [probe])
        sha256 = hashlib.sha256(content).hexdigest()
        manifest = _manifest(fixed, content, sha256).to_json()
        made.append(Model(content, manifest, sha256, load(content).scores(probe)))
    return made


def publish(registry: Registry, model: Model, observed: Observed) -> int:
    """Publish a model; return its serial."""
    # The answers of a model may arrive before its publication has returned.
    serial = max(observed.published, default=0) + 1
    observed.published[serial] = model
    files = {MODEL_FILE: model.content, MANIFEST_FILE: model.manifest}
    entry = registry.publish(f"swap{serial}", files, _FACTS)
    assert entry.serial == serial
    return serial


def _publish_some(
    registry: Registry,
    unused: Iterator[Model],
    observed: Observed,
    arguments: argparse.Namespace,
) -> int:
    """Publish one model after the other; return how many of them were damaged."""
    kinds = itertools.cycle(("bit", "cut"))
    damaged = 0
    started = time.perf_counter()
    for number in itertools.count(1):
        due = started + number * arguments.every
        if due > started + arguments.seconds:
            break
        time.sleep(max(0.0, due - time.perf_counter()))
        if number % DAMAGED_EVERY == 0:
            damaged += 1
            DamagingStore.damage = next(kinds)
        publish(registry, next(unused), observed)
        DamagingStore.damage = None
    time.sleep(arguments.every)
    return damaged


def _publish_many(
    registry: Registry,
    unused: Iterator[Model],
    observed: Observed,
    server: servers.Server,
    swaps: int,
) -> tuple[float, float]:
    """Return the memory of the service before and after many models, MiB."""
    before = 0.0
    with command.announced(f"{swaps} models"):
        for number in range(WARM_UP + swaps):
            if number == WARM_UP:
                before = server.memory_mib()
            serial = publish(registry, next(unused), observed)
            _wait_until_served(observed, serial)
    return before, server.memory_mib()


def _wait_until_served(observed: Observed, serial: int) -> None:
    deadline = time.perf_counter() + LOAD_SECONDS
    while serial not in observed.serials:
        if time.perf_counter() > deadline:
            raise SystemExit(f"model {serial}: not served within {LOAD_SECONDS:.0f} s")
        time.sleep(0.01)


def _clients(
    address: str, probe: str, rate: float, observed: Observed
) -> list[threading.Thread]:
    """Start the clients."""
    netloc = urlsplit(address).netloc
    threads = [threading.Thread(target=_fetch, args=(netloc, observed))]
    for client in range(CLIENTS):
        schedule = (client / rate, CLIENTS / rate)
        threads.append(
            threading.Thread(target=_ask, args=(netloc, probe, schedule, observed))
        )
    for thread in threads:
        thread.start()
    return threads


def _ask(
    netloc: str, probe: str, schedule: tuple[float, float], observed: Observed
) -> None:
    """Ask for predictions when they are due, and compare each with its model's."""
    offset, period = schedule
    body = json.dumps({"messages": [{"text": probe}]})
    started = time.perf_counter() + offset
    connection = http.client.HTTPConnection(netloc, timeout=TIMEOUT)
    for number in itertools.count():
        if observed.stopped.is_set():
            return
        due = started + number * period
        time.sleep(max(0.0, due - time.perf_counter()))
        status = 0
        is_right = False
        try:
            connection.request("POST", "/v1/predictions", body, JSON_HEADERS)
            response = connection.getresponse()
            content = response.read()
            status = response.status
            is_right = status == OK and _is_right(content, observed)
        except (OSError, http.client.HTTPException):
            connection.close()
        seconds = time.perf_counter() - due
        observed.samples.append(Sample("single", seconds, status, is_right))


def _is_right(content: bytes, observed: Observed) -> bool:
    answer = json.loads(content)
    serial = answer["model"]["serial"]
    observed.serials.add(serial)
    scores: dict[str, float] = answer["predictions"][0]["scores"]
    return scores == observed.published[serial].scores


def _fetch(netloc: str, observed: Observed) -> None:
    """Ask which model is current, and fetch its file if it is another one."""
    etag = ""
    while not observed.stopped.is_set():
        connection = http.client.HTTPConnection(netloc, timeout=TIMEOUT)
        try:
            etag, is_right = _update(connection, etag, observed)
        except (OSError, http.client.HTTPException):
            is_right = False
        finally:
            connection.close()
        observed.phones.append(is_right)
        time.sleep(POLL)


def _update(
    connection: http.client.HTTPConnection, etag: str, observed: Observed
) -> tuple[str, bool]:
    """Return the new ETag, and whether all answers were right."""
    connection.request("GET", "/v1/models/current", headers={"If-None-Match": etag})
    response = connection.getresponse()
    content = response.read()
    if response.status == UNCHANGED:
        return etag, True
    if response.status != OK:
        return etag, False
    entry = json.loads(content)
    path = f"/v1/models/{entry['serial']}/files/{MODEL_FILE}"
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    file = connection.getresponse()
    file_content = file.read()
    if file.status != OK:
        return etag, False
    digest = hashlib.sha256(gzip.decompress(file_content)).hexdigest()
    is_right = digest == entry["sha256"] == observed.published[entry["serial"]].sha256
    return response.headers["ETag"], is_right


def _manifest(model: FixedPointModel, content: bytes, sha256: str) -> ExportManifest:
    return ExportManifest(
        format="nightsieve-manifest",
        version="1.0",
        training=sha256,
        labels=model.labels,
        terms=len(model.terms),
        bits=BITS,
        files={MODEL_FILE: FileDescription(sha256=sha256, bytes=len(content))},
        verification=_UNVERIFIED,
    )


_UNVERIFIED = Verification(
    texts=0,
    vectors=0,
    languages=(),
    differences=0,
    flips=0,
    proved=0,
    observed=0,
    largest_score_difference=0.0,
)
_FACTS = ModelFacts(
    traits=ModelTraits(date=corpus.UNTIL.date(), holdout=0.1, text="", taught_by=()),
    config="",
    figures=ReferenceFigures(messages=0, coverage=0.0, shares={}, reviews=None),
    champion=None,
    predecessors=(),
)


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.serving.swap", __doc__)
    command.add_size(parser, "seconds", 120, "seconds of the load")
    command.add_size(parser, "every", 5, "seconds from one model to the next")
    command.add_size(parser, "rate", 100, "requests a second")
    command.add_size(parser, "swaps", 100, "models for the measurement of memory")
    return parser.parse_args()


if __name__ == "__main__":
    main()
