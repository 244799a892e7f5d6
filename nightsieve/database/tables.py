"""The tables that we write: what they are made of."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor


@dataclass(frozen=True)
class Table:
    """A table in the database of messages.

    Attributes
    ----------
    columns
        The SQL type, and its constraints, of each column by its name.
    key
        The columns of the primary key.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]

    def definition(self) -> str:
        """Return the statement that creates the table unless it is there."""
        columns = [f"{name} {type_}" for name, type_ in self.columns.items()]
        columns.append(f"PRIMARY KEY ({', '.join(self.key)})")
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(columns)})"


MESSAGES = Table(
    name="messages",
    columns={
        "key": "text",
        "body": "text",
        "sender": "text",
        "received_at": "timestamptz",
    },
    key=("key",),
)
REVIEWS = Table(
    name="reviews",
    columns={
        "message_key": "text NOT NULL",
        "label": "text NOT NULL",
        "source": "text NOT NULL",
        "annotator": "text NOT NULL DEFAULT ''",
        "reviewed_at": "timestamptz",
    },
    key=("message_key", "source", "annotator"),
)
TABLES = (MESSAGES, REVIEWS)

_MISSING = """
    SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL
"""
_ANNOTATOR_COLUMN = """
    SELECT FROM pg_attribute
    WHERE attrelid = 'reviews'::regclass AND attname = 'annotator' AND NOT attisdropped
"""
_ADD_ANNOTATORS = """
    ALTER TABLE reviews
        ADD COLUMN annotator text NOT NULL DEFAULT '',
        DROP CONSTRAINT reviews_pkey,
        ADD PRIMARY KEY (message_key, source, annotator)
"""


def create_tables(cursor: Cursor) -> None:
    """Create the tables that are missing.

    It looks first: an account that may only write rows may not even ask to create.
    """
    cursor.execute(_MISSING, ([table.name for table in TABLES],))
    if cursor.fetchall():
        for table in TABLES:
            cursor.execute(table.definition())


def add_annotators(cursor: Cursor) -> None:
    """Let a table of reviews that an earlier version created hold annotators.

    It held one review for each message and source.
    """
    cursor.execute(_ANNOTATOR_COLUMN)
    if cursor.fetchone() is None:
        cursor.execute(_ADD_ANNOTATORS)
