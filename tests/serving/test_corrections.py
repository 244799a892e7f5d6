"""Corrections through the service, into a real PostgreSQL."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import extensions
from sqlalchemy import URL, make_url
from starlette.applications import Starlette

from nightsieve.database.pool import ConnectionPool
from nightsieve.serving.http.database_threads import DatabaseThreads
from nightsieve.serving.http.endpoint import routes
from nightsieve.serving.http.resources import corrections, health
from nightsieve.serving.http.service import Service
from nightsieve.serving.options import ServeOptions
from pipeline.errors import SourceError
from tests.serving.corrections_api import (
    BANK,
    CHAT,
    LABELS,
    SPAM,
    InProcess,
    Recorder,
    Table,
    agreements,
    correction,
    execute,
    must_be_repeated,
    outcomes,
    pointers,
    send,
    stored,
)
from tests.support.exported_models import SENTENCES

BODIES = {
    "a": SENTENCES[SPAM],
    "b": SENTENCES[CHAT],
    "c": "",
    "d": None,
    "e": "long " * 20_000,
}
WRITER_URL = "NIGHTSIEVE_DATABASE_WRITER_URL"
READER_URL = "NIGHTSIEVE_DATABASE_URL"
# As docs/how-to/corrections.md says.
GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {account}",
    "GRANT SELECT, UPDATE (key) ON messages TO {account}",
    "GRANT SELECT, INSERT, UPDATE ON reviews TO {account}",
)


@pytest.fixture
def connection(database_url) -> Iterator[extensions.connection]:
    """A connection that commits each statement; the tables have the messages."""
    pool = ConnectionPool()
    with pool.transaction() as cursor:
        for row in BODIES.items():
            cursor.execute("INSERT INTO messages (key, body) VALUES (%s, %s)", row)
    pool.close()
    with closing(psycopg2.connect(database_url)) as own_connection:
        own_connection.autocommit = True
        yield own_connection


@pytest.fixture
def service(model_file, tmp_path, monkeypatch) -> Service:
    options = ServeOptions(model=model_file, tokens=tmp_path / "none.json")
    own_service = Service(options)
    monkeypatch.setattr(own_service, "monitor", Recorder())
    return own_service


@pytest.fixture
def api(service) -> Iterator[InProcess]:
    endpoints = [*corrections.endpoints(service), *health.endpoints(service)]
    application = Starlette(routes=routes(service, endpoints))
    with (
        start_blocking_portal() as loop,
        loop.wrap_async_context_manager(service.running()),
    ):
        yield InProcess(application, loop)


def test_the_same_again_changes_nothing_and_another_label_replaces(api, connection):
    def time_of_review():
        with connection.cursor() as cursor:
            cursor.execute("SELECT reviewed_at FROM reviews")
            return cursor.fetchall()

    answer = send(api, correction("a", BANK))
    assert (answer.status_code, outcomes(answer)) == (201, ["new"])
    before = time_of_review()
    answer = send(api, correction("a", BANK))
    assert (answer.status_code, outcomes(answer)) == (200, ["unchanged"])
    assert time_of_review() == before
    answer = send(api, correction("a", CHAT))
    assert (answer.status_code, outcomes(answer)) == (200, ["changed"])
    assert time_of_review() > before
    assert stored(connection) == {("a", "Ada"): CHAT}


def test_two_annotators_are_both_kept_and_one_may_be_unknown(api, connection):
    unnamed = {"message_key": "a", "label": CHAT}
    answer = send(api, [correction("a", BANK), correction("a", BANK), unnamed])
    assert (answer.status_code, outcomes(answer)) == (201, ["new"] * 3)
    assert stored(connection) == {("a", "Ada"): BANK, ("a", ""): CHAT}


def test_with_one_unknown_message_nothing_is_stored(api, connection):
    answer = send(api, [correction(key, SPAM) for key in ("a", "x", "b", "y")])
    assert answer.status_code == 422
    assert pointers(answer) == [
        "/corrections/1/message_key",
        "/corrections/3/message_key",
    ]
    assert stored(connection) == {}


def test_an_unknown_label_is_answered_with_the_one_that_was_meant(api, connection):
    answer = send(api, correction("a", "Span"))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/label"
    assert error["detail"].endswith("did you mean spam?")
    assert stored(connection) == {}


def test_two_labels_of_one_annotator_in_one_request_are_refused(api, connection):
    answer = send(api, [correction("a", BANK), correction("a", CHAT)])
    assert answer.status_code == 422
    assert pointers(answer) == ["/corrections/1/label"]
    assert stored(connection) == {}


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        (correction("a\0", BANK), "/message_key"),
        (correction("a", BANK, annotator="\ud800"), "/annotator"),
        (correction("\U0001f600" * 600, BANK, annotator="€" * 200), ""),
    ],
)
def test_what_the_table_cannot_hold_is_refused(api, connection, entry, pointer):
    answer = send(api, entry)
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]


def test_a_key_of_the_longest_index_entry_is_stored(api, connection):
    # Random enough that PostgreSQL cannot compress it.
    key = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(666))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO messages (key) VALUES (%s)", (key,))
    answer = send(api, correction(key, BANK, annotator="Z" * 200))
    assert answer.status_code == 201


BATCHES = st.lists(
    st.lists(
        st.builds(
            correction,
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(LABELS),
            st.sampled_from(["", "Ada", "ada", "Ada\t\\N'\"{,}"]),
        ),
        min_size=1,
        max_size=5,
    ),
    max_size=6,
)


@given(batches=BATCHES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batches_end_in_the_table_that_a_dictionary_says(api, connection, batches):
    execute(connection, "DELETE FROM reviews")
    expected: Table = {}
    for batch in batches:
        asked: Table = {}
        contradicts = False
        for entry in batch:
            key = (entry["message_key"], entry["annotator"])
            contradicts |= asked.setdefault(key, entry["label"]) != entry["label"]
        answer = send(api, batch)
        if contradicts:
            assert answer.status_code == 422
            continue
        assert answer.status_code == (200 if asked.keys() <= expected.keys() else 201)
        changed = {key: label for key, label in asked.items() if key in expected}
        for entry, outcome in zip(batch, outcomes(answer), strict=True):
            key = (entry["message_key"], entry["annotator"])
            is_same = changed.get(key) == expected.get(key)
            unchanged = "unchanged" if is_same else "changed"
            assert outcome == (unchanged if key in changed else "new")
        expected |= asked
    assert stored(connection) == expected


def test_the_model_is_compared_once_with_each_message_and_annotator(
    api, service, connection
):
    send(api, [correction("a", SPAM), *[correction("b", BANK)] * 100])
    assert agreements(service) == [True, False]
    for label in (SPAM, BANK, SPAM):
        send(api, [correction("a", label), correction("b", label)])
    assert agreements(service) == [True, False]
    send(api, correction("a", SPAM, annotator="Bob"))
    assert agreements(service) == [True, False, True]
    # A message without a text, and one that is too long to be read along.
    send(api, [correction("d", BANK), correction("e", BANK)])
    assert len(agreements(service)) == 3


def test_without_a_database_the_problem_says_what_to_set(api, environment, monkeypatch):
    monkeypatch.delenv(WRITER_URL)
    monkeypatch.delenv(READER_URL)
    answer = send(api, correction("a", BANK))
    assert must_be_repeated(answer, "no-database")
    assert WRITER_URL in answer.json()["detail"]


def test_a_database_that_is_away_is_logged_without_its_password(
    api, monkeypatch, caplog
):
    monkeypatch.setenv(WRITER_URL, "postgresql://clerk:s3cret@127.0.0.1:9/inbox")
    answer = send(api, correction("a", BANK))
    assert must_be_repeated(answer, "database-away")
    assert "127.0.0.1" not in answer.text
    assert "does not answer" in caplog.text
    assert "s3cret" not in caplog.text


def test_an_account_that_may_only_read_is_refused(
    api, environment, connection, monkeypatch, caplog
):
    monkeypatch.setenv(WRITER_URL, environment[READER_URL])
    answer = send(api, correction("a", BANK))
    assert must_be_repeated(answer, "database-away")
    assert "the database refused a statement" in caplog.text
    assert BANK not in caplog.text


def test_an_account_with_the_documented_rights_is_enough(
    api, environment, connection, monkeypatch
):
    # The account of nights, which owns nothing, receives the rights.
    url = make_url(environment[READER_URL])
    schema = url.query["options"].removeprefix("-csearch_path=")
    for grant in GRANTS:
        execute(connection, grant.format(account=url.username, schema=schema))
    options = f"{url.query['options']} -cdefault_transaction_read_only=off"
    monkeypatch.setenv(WRITER_URL, with_parameter(url, options=options))
    assert send(api, correction("a", BANK)).status_code == 201
    assert send(api, correction("a", CHAT)).status_code == 200


def test_a_table_of_an_earlier_version_receives_its_annotators(api, connection):
    execute(
        connection,
        "DROP TABLE reviews; CREATE TABLE reviews (message_key text NOT NULL, "
        "label text NOT NULL, source text NOT NULL, reviewed_at timestamptz, "
        "PRIMARY KEY (message_key, source))",
    )
    send(api, [correction("a", BANK, "Ada"), correction("a", BANK, "Bo")])
    assert len(stored(connection)) == 2


def test_a_locked_table_delays_nobody_else_and_is_not_waited_for_for_ever(
    api, service, connection, database_url
):
    service.database.close()
    service.database = DatabaseThreads(connections=1, max_waiting=1, seconds=60.0)
    with closing(psycopg2.connect(database_url)) as locking:
        execute(locking, "LOCK TABLE reviews IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(3) as threads:
            asked = [threads.submit(send, api, correction("a", BANK)) for _ in range(3)]
            assert api.get("/health/live").status_code == 200
    problems = [answer.result().json()["type"] for answer in asked]
    names = sorted(problem.rpartition(":")[2] for problem in problems)
    assert names == ["database-away", "database-away", "database-busy"]
    assert stored(connection) == {}
    assert send(api, correction("a", BANK)).status_code == 201


def test_threads_that_begin_at_the_same_time_share_one_pool(monkeypatch):
    class SlowPool:
        def __init__(self) -> None:
            time.sleep(0.1)

    monkeypatch.setattr("nightsieve.database.pool.ConnectionPool", SlowPool)
    database = DatabaseThreads()
    barrier = threading.Barrier(4)

    def open_pool(_: int) -> object:
        barrier.wait()
        return database._open_pool()

    with ThreadPoolExecutor(4) as threads:
        pools = set(threads.map(open_pool, range(4)))
    assert pools == {database._pool}


def test_an_erased_message_leaves_no_correction_behind(api, connection, database_url):
    send(api, correction("b", BANK))
    with (
        closing(psycopg2.connect(database_url)) as erasing,
        ThreadPoolExecutor(1) as threads,
    ):
        execute(erasing, "DELETE FROM messages WHERE key = 'a'")
        asked = threads.submit(send, api, correction("a", BANK))
        waits = f"{erasing.info.backend_pid} = ANY(pg_blocking_pids(pid))"
        while not asked.done() and not backends(connection, waits):
            time.sleep(0.01)
        erasing.commit()
    answer = asked.result()
    assert answer.status_code == 422
    assert pointers(answer) == ["/message_key"]
    assert stored(connection) == {("b", "Ada"): BANK}


def test_connections_are_kept_and_replaced_after_the_server_ended_them(
    api, connection, database_url, monkeypatch
):
    url = with_parameter(make_url(database_url), application_name="kept")
    monkeypatch.setenv(WRITER_URL, url)
    for label in (BANK, CHAT, SPAM):
        send(api, correction("a", label))
    (pid,) = backends(connection, "application_name = 'kept'")
    execute(connection, f"SELECT pg_terminate_backend({pid}, 10000)")
    assert send(api, correction("a", BANK)).status_code == 200
    assert backends(connection, "application_name = 'kept'") != [pid]


def test_what_was_answered_is_on_disk_whatever_the_default_is(
    connection, database_url, monkeypatch
):
    url = make_url(database_url)
    options = f"{url.query['options']} -csynchronous_commit=off"
    monkeypatch.setenv(WRITER_URL, with_parameter(url, options=options))
    pool = ConnectionPool()
    with pool.transaction() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchall() == [("on",)]
    pool.close()


def test_a_transaction_that_does_not_end_is_cut_off(connection):
    pool = ConnectionPool(statement_seconds=600.0)

    def wait_for_ever() -> None:
        with pool.transaction() as cursor:
            cursor.execute("SELECT pg_sleep(500)")

    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(wait_for_ever)
        sleeps = "query = 'SELECT pg_sleep(500)' AND state = 'active'"
        while not (pids := backends(connection, sleeps)):
            time.sleep(0.01)
        pool.hang_up(400.0)
        assert not stuck.done()
        pool.hang_up(0.0)
        try:
            with pytest.raises(SourceError, match="the connection was lost"):
                stuck.result(timeout=20)
        finally:
            execute(connection, f"SELECT pg_terminate_backend({pids[0]})")
    pool.close()


def with_parameter(url: URL, **parameters: str) -> str:
    return url.update_query_dict(parameters).render_as_string(hide_password=False)


def backends(connection: extensions.connection, condition: str) -> list[int]:
    """Return the processes of the server for which a condition holds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pid FROM pg_stat_activity WHERE {condition}")
        return [pid for (pid,) in cursor]
