"""Messages that arrive get the label of the published model, whatever fails."""

import datetime
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sklearn.linear_model import LogisticRegression

from nightsieve.cli.demo_data import generate
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from pipeline.records.export import MODEL_FILE
from pipeline.records.models import ModelFacts
from scorers.python import nightsieve_scorer
from tests.support.commands import forget
from tests.support.exported_models import NASTY, exported, fixed
from tests.support.gate import Gate
from tests.support.inbox import (
    ENDS_ITS_PROCESS,
    GATE,
    RAISES,
    WAITS,
    Inbox,
    kill,
    post,
    wait_until,
)
from tests.support.nights import NIGHT, finish, retrain
from tests.support.rabbitmq import RabbitMQ

MESSAGES = 1_500
FAULTY = "tests.examples.inbox.faulty"
TEXT = "Win a free prize, call now"
ROLL_BACK = textwrap.dedent(
    """
    from django.db import transaction
    from inbox.arrivals import save_messages
    from inbox.models import Message

    class Undone(Exception):
        pass

    try:
        with transaction.atomic():
            save_messages([Message(key="undone", body="text")])
            raise Undone
    except Undone:
        pass
    """
)


@pytest.fixture(scope="module")
def registry(inbox: Inbox) -> Iterator[Registry]:
    """Return the models of a night that learnt from the inbox's own messages."""
    until = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    (block,) = generate(MESSAGES, seed=0, until=until)
    inbox.load(
        {"key": key, "body": body or "", "sender": sender, "received_at": f"{time}Z"}
        for key, body, sender, time in zip(
            block.keys, block.bodies, block.senders, block.received_at, strict=True
        )
    )
    finish(retrain(night=NIGHT), inbox.environment)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in inbox.environment.items():
            if name.startswith(("NIGHTSIEVE_", "AWS_")):
                patch.setenv(name, value)
        forget()
        yield Registry(Store.from_environment())
        forget()


def publish_another(registry: Registry) -> int:
    """Publish a model that labels otherwise; return its serial."""
    entry = registry.champion()
    assert entry is not None
    files = {name: registry.file(entry, name) for name in entry.files}
    files[MODEL_FILE] = exported(fixed(LogisticRegression(C=5)))
    facts = ModelFacts(
        traits=entry.traits,
        config=entry.config,
        figures=entry.figures,
        champion=entry.champion,
        predecessors=entry.predecessors,
    )
    return registry.publish(f"another{entry.serial}", files, facts).serial


def scorer_of(registry: Registry) -> nightsieve_scorer.Scorer:
    current = registry.current()
    assert current is not None
    return nightsieve_scorer.load(registry.file(current, MODEL_FILE))


def test_all_messages_get_the_label_scores_and_serial_of_the_model_that_they_trained(
    inbox: Inbox, registry: Registry
):
    texts = {f"nasty{i}": text.replace("\0", "") for i, text in enumerate(NASTY)}
    inbox.load(
        {"key": key, "body": text}
        for key, text in texts.items()
        if text.isascii() or "\\ud8" not in ascii(text)
    )
    scorer = scorer_of(registry)
    with inbox.worker():
        wait_until(lambda: inbox.unlabelled() == 0)
    rows = inbox.rows("SELECT body, label, scores, serial FROM inbox_message")
    assert len(rows) > MESSAGES
    for body, label, scores, serial in rows:
        result = scorer.evaluate(body)
        expected = dict(zip(scorer.labels, result.scores, strict=True))
        assert (label, scores, serial) == (result.label, expected, 1)


def test_nothing_is_enqueued_after_a_rollback(inbox: Inbox, rabbitmq: RabbitMQ):
    before = rabbitmq.messages("inbox")
    inbox.manage("shell", "--command", ROLL_BACK)
    assert inbox.rows("SELECT FROM inbox_message WHERE key = 'undone'") == []
    assert rabbitmq.messages("inbox") == before


def test_a_message_that_is_delivered_twice_is_kept_and_labelled_once(
    inbox: Inbox, registry: Registry
):
    statement = "SELECT body, labelled_at FROM inbox_message WHERE key = 'twice'"
    with inbox.website() as client, inbox.worker():
        assert post(client, TEXT, key="twice").status_code == 201
        inbox.wait_for_labels("twice")
        before = inbox.rows(statement)
        assert post(client, "another text", key="twice").status_code == 200
        inbox.manage("sweep", "--relabel")
        post(client, TEXT, key="later")
        inbox.wait_for_labels("later")
    assert inbox.rows(statement) == before


def test_a_worker_takes_a_new_model_and_no_label_is_replaced_by_an_older_one(
    inbox: Inbox, registry: Registry
):
    inbox.load([{"key": "newer", "body": TEXT}, {"key": "older", "body": TEXT}])
    serial_of = "SELECT serial FROM inbox_message WHERE key = %s"
    with inbox.worker():
        inbox.wait_for_labels("newer", "older")
        inbox.rows("UPDATE inbox_message SET serial = 99 WHERE key = 'newer'")
        serial = publish_another(registry)

        def relabelled() -> bool:
            inbox.manage("sweep", "--relabel")
            return inbox.rows(serial_of, "older") == [(serial,)]

        wait_until(relabelled)
    label = scorer_of(registry).label(TEXT)
    assert inbox.labels("older") == [label]
    assert inbox.rows(serial_of, "newer") == [(99,)]


def test_a_worker_that_is_killed_loses_no_message(
    inbox: Inbox, registry: Registry, tmp_path: Path
):
    gate = tmp_path / "gate"
    gate.touch()
    with inbox.worker(app=FAULTY, **{GATE: str(gate)}) as worker:
        inbox.load([{"key": "held", "body": WAITS}])
        wait_until(gate.with_suffix(".reached").exists)
        kill(worker)
    gate.unlink()
    assert inbox.labels("held") == [None]
    with inbox.worker(app=FAULTY, **{GATE: str(gate)}):
        inbox.wait_for_labels("held")


def test_what_no_process_can_label_becomes_a_dead_letter_and_stops_nothing_else(
    inbox: Inbox, registry: Registry, rabbitmq: RabbitMQ
):
    before = rabbitmq.messages("inbox.dead")
    with inbox.worker(app=FAULTY):
        inbox.load([{"key": "ends", "body": ENDS_ITS_PROCESS}])
        inbox.load([{"key": "raises", "body": RAISES}])
        rabbitmq.publish("inbox", "not a task")
        inbox.load([{"key": "good", "body": TEXT}])
        inbox.wait_for_labels("good")
        wait_until(lambda: rabbitmq.messages("inbox.dead") == before + 3)
    assert inbox.labels("ends", "raises") == [None, None]
    inbox.rows("DELETE FROM inbox_message WHERE key IN ('ends', 'raises')")


def test_rabbitmq_that_is_killed_loses_nothing_and_neither_does_its_absence(
    inbox: Inbox, registry: Registry, rabbitmq: RabbitMQ
):
    with inbox.website() as client:
        assert post(client, TEXT, key="before").status_code == 201
        # That task was confirmed, so it is on the disk.
        rabbitmq.kill()
        assert post(client, TEXT, key="meanwhile").status_code == 201
        rabbitmq.start()
        with inbox.worker():
            inbox.wait_for_labels("before")
            assert inbox.labels("meanwhile") == [None]
            inbox.manage("sweep", "--now")
            inbox.wait_for_labels("meanwhile")
            rabbitmq.kill()
            rabbitmq.start()
            assert post(client, TEXT, key="after").status_code == 201
            # The worker has connected again by itself.
            inbox.wait_for_labels("after")


def test_a_worker_whose_store_is_away_labels_with_the_last_good_model(
    inbox: Inbox, registry: Registry
):
    store = urlsplit(inbox.environment["AWS_ENDPOINT_URL_S3"])
    assert store.hostname is not None
    assert store.port is not None
    with Gate(store.hostname, store.port) as gate:
        variables = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{gate.port}"}
        with inbox.website() as client, inbox.worker(**variables):
            post(client, TEXT, key="with store")
            inbox.wait_for_labels("with store")
            gate.shut()
            post(client, TEXT, key="without store")
            inbox.wait_for_labels("without store")
            # A process that has no model yet tries again until there is a store.
        with inbox.website() as client, inbox.worker(**variables):
            post(client, TEXT, key="before store")
            post(client, TEXT, key="still before store")
            assert inbox.labels("before store") == [None]
            gate.open()
            inbox.wait_for_labels("before store", "still before store")
