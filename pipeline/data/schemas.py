"""Columns, dtypes and checks of every table that tasks exchange.

They are checked whenever a table is written or read.
"""

import pandas as pd
import pyarrow as pa
from pandera.errors import SchemaError, SchemaErrors
from pandera.pandas import Check, Column, DataFrameSchema, Index

from pipeline.errors import ArtefactError

TIMESTAMP = pd.DatetimeTZDtype("us", "UTC")


def _table(name: str, **columns: Column) -> DataFrameSchema:
    return DataFrameSchema(
        columns, index=Index("int64"), strict=True, ordered=True, name=name
    )


def _is_lists_of_strings(values: pd.Series) -> bool:
    """Return whether every value is a list of strings.

    Arrow infers the type of all values at once. Checking each string of each message in
    Python would take longer than reading them.
    """
    try:
        lists = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    if not pa.types.is_list(lists.type):
        return len(lists) == 0
    strings = lists.flatten()
    has_nulls = lists.null_count + strings.null_count > 0
    is_of_strings = len(strings) == 0 or pa.types.is_string(strings.type)
    return is_of_strings and not has_nulls


def _rule_ids() -> Column:
    return Column("object", Check(_is_lists_of_strings, name="lists of rule ids"))


SCHEMAS = {
    schema.name: schema
    for schema in (
        # A sampled message as it is in the database.
        _table(
            "messages",
            key=Column("str", unique=True),
            body=Column("str"),
            sender=Column("str", nullable=True),
            received_at=Column(TIMESTAMP, nullable=True),
        ),
        # A person's label for a message, with the message.
        _table(
            "reviews",
            key=Column("str"),
            body=Column("str"),
            label=Column("str"),
            source=Column("str", nullable=True),
            annotator=Column("str", nullable=True),
            reviewed_at=Column(TIMESTAMP, nullable=True),
        ),
        # The label of reviews for a message that trains, and how many messages it
        # counts as.
        _table(
            "human_labels",
            key=Column("str", unique=True),
            label=Column("str"),
            weight=Column("float64", Check.gt(0)),
        ),
        # The ids of the rules that match a message.
        _table("votes", key=Column("str", unique=True), rules=_rule_ids()),
        # Each list of rule ids that occurs: how many messages have it, their label
        # (null: no label), and the confidence in the label.
        _table(
            "resolved_labels",
            rules=_rule_ids(),
            messages=Column("int64", Check.gt(0)),
            label=Column("str", nullable=True),
            confidence=Column("float64", Check.in_range(0, 1)),
        ),
        # A message's tokens, joined by one space.
        _table("cleaned", key=Column("str", unique=True), text=Column("str")),
        # The held-out part of the sample: the cleaned text, the body, the label of the
        # rules (null: no label), and how many messages have all three.
        _table(
            "evaluation_set",
            text=Column("str"),
            body=Column("str"),
            label=Column("str", nullable=True),
            weight=Column("int64", Check.gt(0)),
        ),
        # A message that people reviewed: its cleaned text, the label of its reviews
        # (null: they tie), how many reviews it has, and their sources.
        _table(
            "reviewed_messages",
            key=Column("str", unique=True),
            body=Column("str"),
            text=Column("str"),
            label=Column("str", nullable=True),
            reviews=Column("int64", Check.gt(0)),
            sources=Column(
                "object", Check(_is_lists_of_strings, name="lists of sources")
            ),
        ),
    )
}


def check(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the table itself if it meets the schema of that name.

    Raises
    ------
    ArtefactError
        The table does not meet it. The message names schema, column and check; never a
        value, which may be somebody's message.
    """
    try:
        return SCHEMAS[name].validate(table)
    except (SchemaError, SchemaErrors) as error:
        failure = error.schema_errors[0] if isinstance(error, SchemaErrors) else error
        column = getattr(failure.schema, "name", None)
        raise ArtefactError(
            f"table {name}: column {column}: fails {failure.check}; "
            "run the night again with this version of Nightsieve"
        ) from None
