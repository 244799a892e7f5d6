"""Tables of how two models differ: terms, and messages that change their label."""

from collections.abc import Sequence

from pipeline.records.run import ChurnedText, MovedTerm, TermInfluence
from pipeline.report.content import COUNT, Column, Row, Table, points

INFLUENCE = points(2)


def terms(name: str, label: str, strongest: Sequence[TermInfluence]) -> Table:
    """Return the terms of the largest influence on a label."""
    columns = (Column("term"), Column("influence", INFLUENCE))
    rows = [(influence.term, 100 * influence.share) for influence in strongest]
    return Table(name, label, columns, rows)


def moved(moved_terms: Sequence[MovedTerm]) -> Table:
    """Return the terms whose influence on a label changed most."""
    columns = (
        Column("term"),
        Column("label"),
        Column("published", INFLUENCE),
        Column("tonight", INFLUENCE),
        Column("change", INFLUENCE),
    )
    rows = list(map(_moved_cells, moved_terms))
    return Table("moved", "Terms whose influence changed most", columns, rows)


def churned(texts: Sequence[ChurnedText]) -> Table:
    """Return the masked messages that the published model labels differently."""
    columns = (
        Column("message, masked"),
        Column("published"),
        Column("tonight"),
        Column("messages", COUNT),
    )
    rows = [(text.text, text.before, text.now, text.messages) for text in texts]
    caption = "Messages with another label, the most frequent first"
    return Table("churned", caption, columns, rows)


def _moved_cells(moved_term: MovedTerm) -> Row:
    return (
        moved_term.term,
        moved_term.label,
        100 * moved_term.before,
        100 * moved_term.now,
        100 * (moved_term.now - moved_term.before),
    )
