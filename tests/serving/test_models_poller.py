"""The poller serves the newest whole model, whatever happens to the store."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from benchmarks.faults.proxy import Proxy
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.models import poller as poller_module
from nightsieve.serving.models.failures import Reason
from nightsieve.serving.models.holder import ModelHolder
from nightsieve.serving.models.poller import Poller
from nightsieve.store import layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.registry_repair import repair_registry
from pipeline.records.export import MODEL_FILE, VECTORS_FILE
from tests.support.commands import forget
from tests.support.published_models import (
    damaged,
    flip,
    key_of,
    new_registry,
    publish,
    variants,
)

VARIANTS = variants()
SECRET = "what a message says"


class Observer:
    """Notes what a monitor would measure."""

    def __init__(self) -> None:
        self.served: list[int | None] = []
        self.failures: list[str] = []

    def model_changed(self, model, reference=None, night=None) -> None:
        self.served.append(model.serial)

    def model_failed(self, reason: str) -> None:
        self.failures.append(reason)


@pytest.fixture
def proxy(environment, monkeypatch) -> Iterator[Proxy]:
    """A proxy before the store, which this process uses."""
    with Proxy(environment["AWS_ENDPOINT_URL_S3"]) as s3_proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_proxy.url)
        monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", "0.2")
        forget()
        yield s3_proxy


@pytest.fixture
def registry(proxy) -> Registry:
    return new_registry()


@pytest.fixture
def polled(registry, caplog) -> SimpleNamespace:
    """A holder with its poller, and the model that they begin with."""
    publish(registry, VARIANTS[0].content)
    observer = Observer()
    holder = ModelHolder()
    poller = Poller(holder, 5.0, observer)
    poller.poll()
    assert holder.current.serial == 1
    return SimpleNamespace(
        holder=holder, poll=poller.poll, poller=poller, seen=observer, log=caplog
    )


def test_a_published_model_is_served_and_so_is_a_rollback(polled, registry):
    publish(registry, VARIANTS[1].content)
    polled.poll()
    assert polled.holder.current.scorer.terms
    registry.roll_back(1, "the night after it was worse")
    polled.poll()
    assert polled.seen.served == [1, 2, 3]
    restored = polled.holder.description.document.plain.content
    assert b'"restores":1' in restored
    assert polled.seen.failures == []


def test_an_unchanged_pointer_costs_one_request(polled, proxy):
    proxy.rules([])
    polled.poll()
    (request,) = proxy.log
    assert request.target.endswith(layout.CURRENT_MODEL)
    assert polled.seen.served == [1]


def test_a_request_keeps_its_model_while_another_one_is_served(polled, registry):
    model = polled.holder.current
    publish(registry, VARIANTS[1].content)
    polled.poll()
    assert model.serial == 1
    assert polled.holder.current.serial == 2


@pytest.mark.parametrize(
    ("name", "serial"),
    [
        (MODEL_FILE, 2),
        (VECTORS_FILE, 2),
        (layout.MODEL_ENTRY, 2),
        (layout.CURRENT_MODEL, None),
    ],
)
def test_a_damaged_model_leaves_the_last_one_in_place(
    name, serial, polled, registry, proxy
):
    publish(registry, VARIANTS[1].content)
    key = name if name == layout.CURRENT_MODEL else layout.model_file(2, name)
    flip(registry.store, key)
    polled.poll()
    assert polled.holder.current.serial == 1
    failure = polled.holder.failure
    assert (failure.reason, failure.serial) == (Reason.DAMAGED, serial)
    proxy.rules([])
    polled.poll()
    assert len(proxy.log) == 1, "it is not tried again at once"
    assert polled.holder.failure == failure
    assert polled.seen.failures == ["damaged", "damaged"]
    (line,) = errors_in(polled.log)
    assert line.startswith("model 1 stays: s3://")
    publish(registry, VARIANTS[2].content)
    polled.poll()
    assert polled.holder.current.serial == 3
    assert polled.holder.failure is None


@pytest.mark.parametrize("name", [MODEL_FILE, layout.MODEL_ENTRY])
def test_a_model_that_is_restored_in_place_is_served(name, polled, registry):
    publish(registry, VARIANTS[1].content)
    poller = Poller(polled.holder, 5.0, polled.seen, 0.0, 0.0)
    with damaged(registry.store, layout.model_file(2, name)):
        poller.poll()
        first_failure = polled.holder.failure
        poller.poll()
        assert polled.holder.failure == first_failure, "it stays visible"
    assert polled.seen.failures == ["damaged", "damaged"]
    assert len(errors_in(polled.log)) == 1
    poller.poll()
    assert polled.holder.current.serial == 2
    assert polled.holder.failure is None


def test_a_damaged_model_is_read_again_more_and_more_rarely(
    polled, registry, proxy, monkeypatch
):
    publish(registry, VARIANTS[1].content)
    flip(registry.store, layout.model_file(2, MODEL_FILE))
    now = 1000.0
    monkeypatch.setattr(poller_module.time, "monotonic", lambda: now)
    poller = Poller(polled.holder, 5.0, polled.seen, 30.0, 100.0)
    times = []
    for _ in range(80):
        proxy.rules([])
        poller.poll()
        if len(proxy.log) > 1:
            times.append(now - 1000)
        now += 5
    assert times == [0, 30, 90, 190, 290, 390]


def test_a_missing_file_is_damage(polled, registry):
    entry = publish(registry, VARIANTS[1].content)
    registry.store.delete(key_of(entry, MODEL_FILE))
    polled.poll()
    assert polled.holder.current.serial == 1
    assert polled.holder.failure.reason == Reason.DAMAGED


def test_a_model_that_the_scorer_refuses_leaves_the_last_one_in_place(
    polled, registry, proxy, caplog
):
    content = VARIANTS[1].content.replace(b'"nightsieve-linear"', b'"nightsieve-tree"')
    publish(registry, content)
    polled.poll()
    assert polled.holder.current.serial == 1
    assert polled.holder.failure.reason == Reason.UNSUPPORTED
    assert "not nightsieve-linear" in errors_in(caplog)[0]
    # Another attempt would give the same result.
    poller = Poller(polled.holder, 5.0, polled.seen, 0.0, 0.0)
    poller.poll()
    proxy.rules([])
    poller.poll()
    assert len(proxy.log) == 1


def test_after_a_repair_an_older_model_is_served(polled, registry, caplog):
    publish(registry, VARIANTS[1].content)
    polled.poll()
    flip(registry.store, layout.model_file(2, MODEL_FILE))
    repair_registry(registry)
    polled.poll()
    assert polled.seen.served == [1, 2, 1]
    assert "names an older model than before" in caplog.text


def test_a_pointer_that_comes_back_to_the_served_model_loads_nothing(
    polled, registry, proxy
):
    with damaged(registry.store, layout.CURRENT_MODEL):
        polled.poll()
        assert polled.holder.failure.reason == Reason.DAMAGED
    proxy.rules([])
    polled.poll()
    assert polled.holder.failure is None
    assert len(proxy.log) == 1
    assert polled.seen.served == [1]


@pytest.mark.parametrize("how", ["503", "reset", "refused"])
def test_while_the_store_is_away_the_model_is_served(how, polled, proxy, caplog):
    proxy.away(how)
    pauses = []
    for _ in range(4):
        polled.poll()
        pauses.append(polled.poller.pause)
    assert polled.holder.current.serial == 1
    assert polled.holder.failure.reason == Reason.UNREACHABLE
    assert polled.seen.failures == ["unreachable"] * 4
    assert len(errors_in(caplog)) == 1
    assert 2.5 <= pauses[0] <= 5
    assert 15 <= pauses[-1] <= 30, "polls become rarer"
    proxy.back()
    polled.poll()
    assert polled.holder.failure is None
    assert polled.poller.pause == 5.0
    assert "the newest model is served" in caplog.text


def test_a_store_that_fails_in_the_middle_of_a_model_is_asked_again(
    polled, registry, proxy
):
    publish(registry, VARIANTS[1].content)
    original = registry.store.read_if_changed
    polled.poller._registry = registry

    def then_away(key, etag):
        reading = original(key, etag)
        proxy.away("503")
        return reading

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "read_if_changed", lambda _, *read: then_away(*read))
        polled.poll()
    assert polled.holder.failure.reason == Reason.UNREACHABLE
    proxy.back()
    polled.poll()
    assert polled.seen.served == [1, 2]
    assert polled.holder.failure is None


def test_without_a_store_or_a_model_it_is_not_ready_and_becomes_so(registry, proxy):
    holder = ModelHolder()
    poller = Poller(holder, 5.0, Observer())
    proxy.away("refused")
    poller.poll()
    assert holder.failure.reason == Reason.UNREACHABLE
    with pytest.raises(Problem, match="the store does not answer") as problem:
        _ = holder.current
    assert problem.value.headers == {"Retry-After": "5"}
    proxy.back()
    poller.poll()
    assert holder.failure.reason == Reason.UNPUBLISHED
    assert poller.pause == 5.0
    publish(registry, VARIANTS[0].content)
    poller.poll()
    assert holder.current.serial == 1
    assert holder.failure is None


def test_a_pointer_that_was_removed_leaves_the_model_in_place(polled, registry):
    registry.store.delete(layout.CURRENT_MODEL)
    polled.poll()
    assert polled.holder.current.serial == 1
    assert polled.holder.failure.reason == Reason.UNPUBLISHED
    registry.repoint_current()
    polled.poll()
    assert polled.holder.failure is None


def test_a_defect_does_not_end_the_polls(polled, registry, monkeypatch, caplog):
    publish(registry, VARIANTS[1].content)

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "file", fail)
        polled.poll()
    assert polled.holder.failure.reason == Reason.DEFECT
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text
    polled.poll()
    assert polled.holder.current.serial == 2


def errors_in(caplog) -> list[str]:
    """Return the errors that the poller has logged."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.ERROR
    ]
