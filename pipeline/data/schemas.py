"""Columns, dtypes and checks of every handed-over table, checked whenever one is written or read."""

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


def _lists_of_ids(values: pd.Series) -> bool:
    """Told by the type that Arrow finds, since a look at each id of each message takes longer than to read them."""
    try:
        lists = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    if not pa.types.is_list(lists.type):
        return len(lists) == 0
    ids = lists.flatten()
    return lists.null_count + ids.null_count == 0 and (
        len(ids) == 0 or pa.types.is_string(ids.type)
    )


def _rule_ids() -> Column:
    return Column("object", Check(_lists_of_ids, name="lists of rule ids"))


SCHEMAS = {
    schema.name: schema
    for schema in (
        # A sampled message as the database gave it.
        _table(
            "messages",
            key=Column("str", unique=True),
            body=Column("str"),
            sender=Column("str", nullable=True),
            received_at=Column(TIMESTAMP, nullable=True),
        ),
        # A human's label for a message, with the message.
        _table(
            "reviews",
            key=Column("str"),
            body=Column("str"),
            label=Column("str"),
            source=Column("str", nullable=True),
            annotator=Column("str", nullable=True),
            reviewed_at=Column(TIMESTAMP, nullable=True),
        ),
        # The label of a message that trains with a human's, and how many messages it counts as.
        _table(
            "human_labels",
            key=Column("str", unique=True),
            label=Column("str"),
            weight=Column("float64", Check.gt(0)),
        ),
        # What the rules say of a message: the ids of those that matched.
        _table("votes", key=Column("str", unique=True), rules=_rule_ids()),
        # What becomes of each list of ids that occurs: how many messages have it, its label, if it gets one, and how
        # sure that is.
        _table(
            "verdicts",
            rules=_rule_ids(),
            messages=Column("int64", Check.gt(0)),
            label=Column("str", nullable=True),
            confidence=Column("float64", Check.in_range(0, 1)),
        ),
        # A message's tokens, joined by one space.
        _table("cleaned", key=Column("str", unique=True), text=Column("str")),
    )
}


def check(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table itself, when it meets the schema of that name.

    Raises
    ------
    ArtefactError : naming schema, column and check; never a value, which may be somebody's message.
    """
    try:
        return SCHEMAS[name].validate(table)
    except (SchemaError, SchemaErrors) as found:
        failure = found.schema_errors[0] if isinstance(found, SchemaErrors) else found
        column = getattr(failure.schema, "name", None)
        raise ArtefactError(
            f"table {name}: column {column}: fails {failure.check}"
        ) from None
