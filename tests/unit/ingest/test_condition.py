"""Hostile conditions, each refused or harmless, even to the account that owns all."""

import datetime
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from pipeline import config, ingest
from pipeline.config.settings import Source
from pipeline.errors import DataError, NightsieveError, SourceError
from pipeline.rules.files import read_rules

NIGHT = datetime.date(2026, 11, 20)
TABLES = """
    CREATE TABLE messages (key text, body text, sender text, received_at timestamptz);
    CREATE TABLE reviews
        (message_key text, label text, source text, annotator text,
         reviewed_at timestamptz);
    CREATE TABLE victim (name text);
    CREATE SEQUENCE counter;
    INSERT INTO victim VALUES ('kept');
    INSERT INTO messages VALUES
        ('1', 'private one', 'a', NULL), ('2', 'two', 'b', NULL);
    INSERT INTO reviews VALUES ('1', 'spam', 'crowd', '', NULL);
    CREATE FUNCTION kill() RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN DELETE FROM victim; RETURN true; END $$;
    CREATE FUNCTION sly(text) RETURNS boolean STABLE LANGUAGE plpgsql AS
        $$ BEGIN PERFORM kill(); RETURN true; END $$;
"""
COPY_AND_MORE = (
    "1=1) LIMIT 5) TO STDOUT; DROP TABLE victim; COMMIT; "
    "COPY (SELECT 'x','y','z',1,'no' WHERE (1=1"
)
SEVERAL = "holds several statements"
SYNTAX = "42601 syntax_error: syntax error at"
VOLATILE = "is volatile, so it may have effects"
#: Conditions that are refused, and what the error says.
REFUSED = {
    COPY_AND_MORE: SYNTAX,
    "true); DROP TABLE victim; --": SYNTAX,
    "true); COMMIT; DELETE FROM victim; SELECT (true": SEVERAL,
    "true; DROP TABLE victim": SYNTAX,
    "true); COMMIT; BEGIN READ WRITE; DROP TABLE victim; COMMIT; SELECT (1": SEVERAL,
    "1=1) OR (1=1": SYNTAX,
    "1=1) UNION SELECT name, name, name, 1, 'no' FROM victim WHERE (1=1": (
        "42601 syntax_error: each UNION query"
    ),
    "1=1) UNION SELECT 1 FROM victim WHERE (1=1": SYNTAX,
    "1=1) ORDER BY (1=1": SYNTAX,
    "(1=1": SYNTAX,
    "1=1)": SYNTAX,
    "true /*": "42601 syntax_error: unterminated /* comment",
    "body = 'open": "42601 syntax_error: unterminated quoted string",
    "body = $$open": "42601 syntax_error: unterminated dollar-quoted string",
    "true THEN 1 END, CASE WHEN true": SYNTAX,
    "SELECT true": SYNTAX,
    "DROP TABLE victim": SYNTAX,
    "COPY victim TO STDOUT": SYNTAX,
    " ": SYNTAX,
    "1": "42804 datatype_mismatch: argument of",
    "true, true": "42804 datatype_mismatch",
    "nosuch = 1": '42703 undefined_column: column "nosuch" does not exist',
    "nosuch(body)": "42883 undefined_function: function nosuch(text) does not exist",
    "body = 'private'::int::text": "22P02 invalid_text_representation",
    "count(*) > 1": "42803 grouping_error: aggregate functions are not allowed",
    "EXISTS (DELETE FROM victim RETURNING 1)": SYNTAX,
    "EXISTS (WITH gone AS (DELETE FROM victim RETURNING 1) SELECT 1 FROM gone)": (
        "0A000 feature_not_supported"
    ),
    "nextval('counter') > 0": VOLATILE,
    "set_config('default_transaction_read_only', 'off', false) = ''": VOLATILE,
    "set_config('transaction_read_only', 'off', false) = ''": VOLATILE,
    "pg_terminate_backend(1)": VOLATILE,
    "(SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity)": VOLATILE,
    "PG_SLEEP(100) IS NULL": VOLATILE,
    '"pg_sleep" (100) IS NULL': VOLATILE,
    "pg_catalog.pg_sleep/**/(100) IS NULL": VOLATILE,
    "pg_sleep--\n(100) IS NULL": VOLATILE,
    'U&"\\0070g_sleep"(100) IS NULL': 'spells a name with U&"',
    "pg_advisory_lock(1) IS NULL": VOLATILE,
    "lo_import('/etc/passwd') > 0": "42501 insufficient_privilege",
    "lo_create(0) > 0": "42501 insufficient_privilege",
    "lo_truncate(0, 0) > 0": VOLATILE,
    "query_to_xml('DROP TABLE victim', true, true, '') IS NULL": VOLATILE,
    "dblink('dbname=x', 'DROP TABLE victim') IS NULL": "42883 undefined_function",
    "kill()": VOLATILE,
    "random() < 0.5": VOLATILE,
    "body = 'a' \0": "holds a NUL character",
}
#: Conditions that are one expression, and how many messages they choose.
HARMLESS = {
    "true": 2,
    "body = 'two' -- a comment": 1,
    "body /* a ; comment ) */ = 'two'": 1,
    "body LIKE '%;%' OR body <> '); DROP TABLE victim; --'": 2,
    "body = 'two' OR body LIKE '%:x%' OR body = E'\\\\'": 1,
    "body = $a$two$a$": 1,
    "key IN (SELECT message_key FROM reviews)": 1,
    "lower(body) = 'two' AND received_at IS NULL AND now() > '2020-01-01'": 1,
    "EXISTS (SELECT FROM victim)": 2,
    "body <> 'random'": 2,
}


def source(where: str, role: str = "messages") -> Source:
    folder = Path(__file__).parents[2] / "tasks" / "rules"
    layers = [
        config.file_layer(config.DEFAULTS),
        config.patch_layer(f"labelling.rules={folder}"),
        config.Layer("--patch", {"source": {role: {"where": where}}}, folder),
    ]
    return config.resolve(layers, read_rules).settings.source


@pytest.fixture
def query(database_url: str) -> Iterator[Callable[[str], list]]:
    """A function that queries as the owner of the tables, which exist."""
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(TABLES)

            def run(sql: str) -> list:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []

            yield run


def draw(url: str, where: str, folder: Path) -> int:
    """Draw the sample, and return how many messages it has."""
    with ingest.connect(make_url(url)) as connection:
        return ingest.draw_sample(connection, source(where), NIGHT, folder).counts.kept


@pytest.mark.parametrize("where", REFUSED)
def test_a_hostile_condition_is_refused_in_one_line(
    where, database_url, query, tmp_path
):
    with pytest.raises(SourceError) as refused:
        draw(database_url, where, tmp_path)
    message = str(refused.value)
    assert message.startswith("source.messages.where: ")
    assert REFUSED[where] in message
    assert "\n" not in message
    assert "private" not in message
    assert query("SELECT name FROM victim") == [("kept",)]
    assert query("SELECT last_value, is_called FROM counter") == [(1, False)]


@pytest.mark.parametrize(
    "where",
    [
        "current_setting(body) IS NULL",
        "quote_ident(body)::regrole IS NULL",
        "quote_ident(body)::regclass IS NULL",
        "has_table_privilege(quote_ident(body), 'select')",
        "body::int > 0",
    ],
)
def test_an_error_while_rows_are_read_quotes_no_row(
    where, database_url, query, tmp_path
):
    query("UPDATE messages SET body = 'canary ' || body")
    with pytest.raises(SourceError) as failed:
        draw(database_url, where, tmp_path)
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize("where", HARMLESS)
def test_a_condition_of_one_expression_is_used(where, database_url, query, tmp_path):
    assert draw(database_url, where, tmp_path) == HARMLESS[where]
    assert query("SELECT name FROM victim") == [("kept",)]


def test_the_condition_of_reviews_is_checked_too(database_url, query):
    url = make_url(database_url)
    for where in (COPY_AND_MORE, "true); DROP TABLE victim; SELECT (1"):
        with (
            pytest.raises(SourceError, match=r"^source\.reviews\.where: "),
            ingest.connect(url) as connection,
        ):
            ingest.read_reviews(connection, source(where, "reviews"), NIGHT)
    with ingest.connect(url) as connection:
        assert (
            len(ingest.read_reviews(connection, source("true", "reviews"), NIGHT)) == 1
        )
    assert query("SELECT name FROM victim") == [("kept",)]


def test_a_function_that_hides_its_effects_cannot_write(database_url, query, tmp_path):
    with pytest.raises(SourceError, match="25006 read_only_sql_transaction"):
        draw(database_url, "sly('x')", tmp_path)
    assert query("SELECT name FROM victim") == [("kept",)]


def test_the_connection_of_ingest_writes_nothing_even_after_a_commit(
    database_url, query
):
    for statement in (
        "DROP TABLE victim",
        "SELECT nextval('counter')",
        "COMMIT; DROP TABLE victim",
        "COMMIT; BEGIN; DELETE FROM victim; COMMIT",
    ):
        with (
            pytest.raises(SourceError, match="25006 read_only_sql_transaction"),
            ingest.connect(make_url(database_url)) as connection,
        ):
            connection.exec_driver_sql(statement)
    assert query("SELECT name FROM victim") == [("kept",)]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("1=1) UNION SELECT 1 FROM victim WHERE (1=1", "syntax error"),
        ("1=1) OR (1=1", "syntax error"),
        ("1=1); DROP TABLE victim; --", "one statement at a time"),
        ("body = 'open", "unrecognized token"),
        ("nosuch = 1", "no such column: nosuch"),
        ("load_extension('/tmp/x')", "not authorized"),
        ("writefile('/tmp/x', body)", "no such function: writefile"),
    ],
)
def test_sqlite_is_read_in_the_same_way(where, says, tmp_path):
    file = tmp_path / "messages.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE victim (name text)")
        database.execute("CREATE TABLE messages (key, body, sender, received_at)")
        database.execute("INSERT INTO messages VALUES ('1', 'text', 'a', NULL)")
    url = f"sqlite:///{file}"
    assert draw(url, "body = 'text' -- a comment", tmp_path) == 1
    with pytest.raises(NightsieveError) as refused:
        draw(url, where, tmp_path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(DataError, match="the sample is empty"):
        draw(url, "1 = 0", tmp_path)


@pytest.mark.parametrize("role", ["body", "sender", "key"])
def test_bytes_are_not_taken_as_text(role, database_url, query, tmp_path):
    query(f"ALTER TABLE messages ALTER COLUMN {role} TYPE bytea USING {role}::bytea")
    with pytest.raises(SourceError) as refused:
        draw(database_url, "true", tmp_path)
    assert str(refused.value) == (
        f"source.messages.columns.{role}: messages.{role} is BYTEA, not text; name a "
        f"column of a view that has convert_from({role}, 'UTF8')"
    )
