"""The tables that tasks hand over: columns from their schemas, meanings from here."""

from collections.abc import Iterator

from pandera.pandas import Column

from pipeline.data.schemas import SCHEMAS

MEANINGS = {
    "messages": "A sampled message, as the database has it.",
    "messages.key": "The key of the message in the source table, as text.",
    "messages.body": "The text of the message.",
    "messages.sender": "Who sent it.",
    "messages.received_at": "When it was received.",
    "reviews": "The label that a person gave a message, with the message.",
    "reviews.key": "The key of the message.",
    "reviews.body": "The text of the message.",
    "reviews.label": "The label that the person gave.",
    "reviews.source": "Where the review comes from, such as `crowd`.",
    "reviews.annotator": "Who gave the label.",
    "reviews.reviewed_at": "When the label was given.",
    "human_labels": "The label that reviews give a message that trains "
    "(only with `training.reviews`).",
    "human_labels.key": "The key of the message.",
    "human_labels.label": "The label.",
    "human_labels.weight": "How many messages the message counts as.",
    "votes": "The rules that match a message.",
    "votes.key": "The key of the message.",
    "votes.rules": "The ids of the rules.",
    "resolved_labels": "The label that each list of matching rules gives.",
    "resolved_labels.rules": "The ids of the rules.",
    "resolved_labels.messages": "How many messages have this list.",
    "resolved_labels.label": "The label; null where the rules abstain.",
    "resolved_labels.confidence": "The confidence in the label.",
    "cleaned": "A message after the text contract.",
    "cleaned.key": "The key of the message.",
    "cleaned.text": "The tokens, joined by one space.",
    "evaluation_set": "A held-out text: no night trains on it.",
    "evaluation_set.text": "The tokens, joined by one space.",
    "evaluation_set.body": "The text of the message.",
    "evaluation_set.label": "The label of the rules; null where they abstain.",
    "evaluation_set.weight": "How many messages have this text, body and label.",
    "reviewed_messages": "A message that people reviewed and that measures models.",
    "reviewed_messages.key": "The key of the message.",
    "reviewed_messages.body": "The text of the message.",
    "reviewed_messages.text": "The tokens, joined by one space.",
    "reviewed_messages.label": "The label that the reviews agree on; null for a tie.",
    "reviewed_messages.reviews": "How many reviews the message has.",
    "reviewed_messages.sources": "The sources of the reviews.",
}
_TYPES = {
    "datetime64[us, UTC]": "timestamp (UTC)",
    "float64": "float",
    "int64": "integer",
    "object": "list of text",
    "string[pyarrow]": "text",
}
# What is said in another column, or by the type.
_SILENT_CHECKS = ("lists of rule ids", "lists of sources")


def tables_page() -> str:
    """Return every table as Markdown: a heading, a sentence, and the columns."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    for name, schema in SCHEMAS.items():
        yield f"### `{name}`"
        yield ""
        yield MEANINGS[name]
        yield ""
        yield "| column | type | meaning |"
        yield "| --- | --- | --- |"
        for column, properties in schema.columns.items():
            meaning = MEANINGS[f"{name}.{column}"]
            yield f"| `{column}` | {_describe(properties)} | {meaning} |"
        yield ""


def _describe(column: Column) -> str:
    words = [_TYPES[str(column.dtype)]]
    if column.unique:
        words.append("unique")
    if column.nullable:
        words.append("may be null")
    for check in column.checks:
        if check.name == "greater_than":
            words.append(f"above {check.statistics['min_value']}")
        elif check.name == "in_range":
            low = check.statistics["min_value"]
            words.append(f"from {low} to {check.statistics['max_value']}")
        elif check.name not in _SILENT_CHECKS:
            raise NotImplementedError(f"say what {check.name} means")
    return ", ".join(words)
