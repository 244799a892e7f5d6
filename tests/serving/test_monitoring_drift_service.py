"""Drift of live traffic from the night, with a real service and a real store."""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from nightsieve.serving.contract.prediction import predict
from nightsieve.serving.contract.preparation import Message, prepare_model
from nightsieve.serving.contract.preprocessing import preprocess
from pipeline.records.reference import MarginBin, Reference
from tests.support.exported_models import WORDS
from tests.support.published_models import new_registry, publish, variants
from tests.support.services import PATIENCE, serving

FIRST, SECOND, *_ = variants()


def usual_texts(total: int) -> list[str]:
    """Return texts of all labels, as often as in the night."""
    rng = random.Random(total)
    return [
        " ".join(rng.choices(WORDS[rng.choice(["bank", "chat", "chat", "spam"])], k=6))
        for _ in range(total)
    ]


def make_reference(content: bytes, texts: list[str]) -> Reference:
    """Return what a night writes of its hold-out, with two bins."""
    model = prepare_model(content)
    messages = [Message(None, text) for text in texts]
    predictions = predict(model, preprocess(model, messages))
    labels = Counter(prediction.label for prediction in predictions)
    margins = [prediction.margin for prediction in predictions]
    middle = statistics.median(margins)
    below = sum(margin < middle for margin in margins) / len(margins)
    return Reference(
        messages=len(texts),
        labels={name: labels[name] / len(texts) for name in model.scorer.labels},
        margins=(
            MarginBin(low=0.0, share=below),
            MarginBin(low=middle, share=1 - below),
        ),
    )


@pytest.fixture
def client(environment, tmp_path) -> Iterator[httpx.Client]:
    """Return a client of a service with two processes and a model with a reference."""
    reference = make_reference(FIRST.content, usual_texts(2000))
    publish(new_registry(), FIRST.content, reference=reference)
    options = ("--workers", "2", "--poll", "0.2")
    log = tmp_path / "log"
    # Connections are not kept, so that both processes answer.
    limits = httpx.Limits(max_keepalive_connections=0)
    transport = httpx.HTTPTransport(retries=5, limits=limits)
    with (
        serving(*options, environment=environment, log=log) as (address, _),
        httpx.Client(base_url=address, transport=transport, timeout=30) as http_client,
    ):
        wait_for_serial(http_client, 1)
        yield http_client


def metrics(client: httpx.Client) -> dict[str, float]:
    """Return the metrics by their names and labels as they are written."""
    lines = client.get("/metrics").text.splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def wait_for_serial(client: httpx.Client, serial: int) -> None:
    """Wait until both processes serve a model."""
    deadline = time.monotonic() + PATIENCE
    while True:
        page = metrics(client)
        kinds = ("lowest", "highest")
        serials = {page.get(f"nightsieve_model_{kind}_serial") for kind in kinds}
        if serials == {serial} and page["nightsieve_model_loads_total"] >= 2 * serial:
            return
        assert time.monotonic() < deadline, page
        time.sleep(0.05)


def send(client: httpx.Client, texts: list[str]) -> None:
    """Ask for predictions in many requests."""
    for start in range(0, len(texts), 50):
        messages = [{"text": text} for text in texts[start : start + 50]]
        answer = client.post("/v1/predictions", json={"messages": messages})
        assert answer.status_code == 200


def test_drift_rises_when_live_traffic_shifts(client):
    send(client, usual_texts(1000))
    page = metrics(client)
    assert page["nightsieve_drift_messages"] == 1000
    assert page["nightsieve_label_drift_psi"] < 0.1
    assert page["nightsieve_margin_drift_psi"] < 0.1
    send(client, [" ".join(WORDS["spam"])] * 1000)
    page = metrics(client)
    assert page["nightsieve_drift_messages"] == 2000
    assert page["nightsieve_label_drift_psi"] > 0.25

    publish(new_registry(), SECOND.content, day=21)
    wait_for_serial(client, 2)
    page = metrics(client)
    assert not [name for name in page if "drift" in name or "reference" in name]
    assert sum(v for name, v in page.items() if "predictions_total" in name) == 2000

    reference = make_reference(SECOND.content, usual_texts(2000))
    publish(new_registry(), SECOND.content, day=22, reference=reference)
    wait_for_serial(client, 3)
    page = metrics(client)
    assert page["nightsieve_drift_messages"] == 0
    assert "nightsieve_label_drift_psi" not in page
    send(client, usual_texts(600))
    assert metrics(client)["nightsieve_label_drift_psi"] < 0.1
