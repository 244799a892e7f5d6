"""The tables that Nightsieve writes."""

from dataclasses import dataclass

from psycopg2 import extensions


@dataclass(frozen=True)
class Table:
    """A table in the database of messages.

    Attributes
    ----------
    columns
        The SQL type, and its constraints, of each column by its name.
    key
        The columns of the primary key.

    Examples
    --------
    >>> Table(name="labels", columns={"name": "text"}, key=("name",)).definition()
    'CREATE TABLE IF NOT EXISTS labels (name text, PRIMARY KEY (name))'
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]

    def definition(self) -> str:
        """Return the statement that creates the table unless it exists."""
        lines = [f"{name} {sql_type}" for name, sql_type in self.columns.items()]
        lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(lines)})"


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


def create_tables(cursor: extensions.cursor) -> None:
    """Create the tables that are missing.

    It looks for them first: to an account that may only write rows, PostgreSQL refuses
    even ``CREATE TABLE IF NOT EXISTS``.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> with transaction() as cursor:
    ...     cursor.execute("DROP TABLE messages")
    ...     create_tables(cursor)
    ...     cursor.execute("SELECT count(*) FROM messages")
    ...     cursor.fetchone()
    (0,)
    """
    cursor.execute(_MISSING, ([table.name for table in TABLES],))
    if cursor.fetchall():
        for table in TABLES:
            cursor.execute(table.definition())


def add_annotators(cursor: extensions.cursor) -> None:
    """Add the column ``annotator`` to a table of reviews of an earlier version.

    Such a table has one review for each message and source.

    Examples
    --------
    >>> from nightsieve.database.connection import transaction
    >>> with transaction() as cursor:
    ...     add_annotators(cursor)
    ...     cursor.execute("SELECT annotator FROM reviews")
    """
    cursor.execute(_ANNOTATOR_COLUMN)
    if cursor.fetchone() is None:
        cursor.execute(_ADD_ANNOTATORS)
