"""Rows whose key the table has, and tables of an earlier version."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightsieve.database.connection import connect, transaction
from nightsieve.database.tables import MESSAGES, REVIEWS, add_annotators
from nightsieve.database.upsert import (
    NULL,
    STAGING,
    Upserted,
    copy_text,
    stage,
    upsert,
)
from pipeline.errors import SourceError

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
ROWS = st.dictionaries(TEXT, st.tuples(TEXT, st.none() | TEXT), max_size=6)
COLUMNS = {"key": "text", "body": "text", "sender": "text"}
SELECT = f"SELECT key, body, sender FROM {STAGING}"
Rows = dict[str, tuple[str, str | None]]


@pytest.fixture(autouse=True)
def database(database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)


def block(rows: Rows) -> bytes:
    """Return the rows in COPY's format."""
    lines = []
    for key, (body, sender) in rows.items():
        fields = [key, body, sender]
        texts = [NULL if field is None else copy_text(field) for field in fields]
        lines.append("\t".join(texts) + "\n")
    return "".join(lines).encode()


def put(rows: Rows, overwrite_if_changed: str | None = None) -> Upserted:
    with transaction() as cursor:
        stage(cursor, COLUMNS, [block(rows)])
        return upsert(
            cursor,
            MESSAGES,
            tuple(COLUMNS),
            SELECT,
            overwrite_if_changed=overwrite_if_changed,
        )


def stored() -> Rows:
    with transaction() as cursor:
        cursor.execute("SELECT key, body, sender FROM messages")
        return {key: (body, sender) for key, body, sender in cursor}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=ROWS, second=ROWS, overwrite=st.booleans())
def test_rows_are_inserted_kept_or_overwritten(first, second, overwrite):
    with transaction() as cursor:
        cursor.execute("DELETE FROM messages")
    assert put(first) == Upserted(new=len(first), changed=0, unchanged=0)
    common = first.keys() & second.keys()
    differing = {key for key in common if first[key][1] != second[key][1]}
    upserted = put(second, "sender" if overwrite else None)
    changed = differing if overwrite else set()
    assert upserted == Upserted(
        new=len(second) - len(common),
        changed=len(changed),
        unchanged=len(common) - len(changed),
    )
    assert upserted.total == len(second)
    expected = {**second, **first} | {key: second[key] for key in changed}
    assert stored() == expected


def test_an_error_undoes_the_whole_transaction():
    def fail_after_writing() -> None:
        with transaction() as cursor:
            stage(cursor, COLUMNS, [block({"1": ("secret", None)})])
            upsert(cursor, MESSAGES, tuple(COLUMNS), SELECT)
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(SourceError, match="refused a statement: "):
        fail_after_writing()
    assert stored() == {}


OLD_REVIEWS = """
    CREATE TABLE reviews (message_key text, label text NOT NULL, source text,
        reviewed_at timestamptz, PRIMARY KEY (message_key, source));
    INSERT INTO reviews VALUES ('1', 'spam', 'crowd', NULL);
"""


def test_reviews_of_an_earlier_version_get_annotators_once():
    with connect() as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE reviews")
        cursor.execute(OLD_REVIEWS)
    for _ in range(2):
        with transaction() as cursor:
            add_annotators(cursor)
    with transaction() as cursor:
        columns = ", ".join(REVIEWS.columns)
        cursor.execute(f"SELECT {columns} FROM reviews")
        assert cursor.fetchall() == [("1", "spam", "crowd", "", None)]
        cursor.execute(
            "INSERT INTO reviews VALUES ('1', 'ham', 'crowd', NULL, 'another')"
        )


def test_an_account_that_may_only_write_rows_needs_no_right_to_create(database_url):
    with connect() as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        # The owner of the tables, without the right to create others beside them.
        cursor.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM CURRENT_USER")
    assert put({"1": ("one", None)}).new == 1
