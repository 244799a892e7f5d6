"""``source``: where messages and reviews are, and how many of them a night takes."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.settings.section import Fraction, Identifier, Section, Seed


class Column(Section):
    """A column of a table: its name there, and its type."""

    name: Identifier
    dtype: str


class TextColumn(Column):
    """A column of text."""

    dtype: Literal["string"]


class KeyColumn(Column):
    """A column of keys or names."""

    dtype: Literal["string", "int64"]


class TimeColumn(Column):
    """A column of times."""

    dtype: Literal["timestamp"]


class MessageColumns(Section):
    """The columns of the messages; null: the table has no such column."""

    key: KeyColumn
    body: TextColumn
    sender: KeyColumn | None
    received_at: TimeColumn | None


class MessageTable(Section):
    """Where messages are."""

    table: Annotated[str, Field(pattern=r"^[^\s;]+$")]
    columns: MessageColumns
    where: str | None


class ReviewColumns(Section):
    """The columns of the reviews; null: the table has no such column."""

    message_key: KeyColumn
    label: TextColumn
    source: KeyColumn | None
    annotator: KeyColumn | None
    reviewed_at: TimeColumn | None


class ReviewTable(Section):
    """Where reviews are."""

    table: Annotated[str, Field(pattern=r"^[^\s;]+$")]
    columns: ReviewColumns
    where: str | None


class Sample(Section):
    """How many messages a night takes, and which ones."""

    fraction: Fraction
    seed: Seed
    max_rows: Annotated[int, Field(ge=1)] | None


class Source(Section):
    """Where messages and reviews are, as a data dictionary."""

    url: str
    identity: str | None = Field(
        default=None,
        description="which database `url` means, without its secrets; "
        "null until a night freezes its configuration, never set by hand",
    )
    messages: MessageTable
    reviews: ReviewTable | None
    sample: Sample
    max_body_bytes: Annotated[int, Field(ge=1, le=1_000_000)]
    shards: Annotated[int, Field(ge=1, le=512)]
